"""Artifacts that other controllers serve (ExternalArtifact), brought into our store by their digest, once.

In: the artifact of a status. Out: the same with the path and digest under which we have it. What is fetched is bounded,
packed and unpacked, and counts only with the digest that the status says.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import zlib
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from holdfast.base.errors import RetryLater
from holdfast.controller.artifacts import ArtifactStore
from holdfast.kube.refs import ObjectRef
from holdfast.source import http

KIND = "ExternalArtifact"
_PACKED = 100 << 20
_UNPACKED = 512 << 20
_PIECE = 1 << 20
_ALGORITHMS = ("sha256", "sha384", "sha512")


class ForeignArtifactError(RetryLater):
    """An artifact that cannot be had, or is not what its digest says."""


class ForeignArtifacts:
    def __init__(self, store: ArtifactStore) -> None:
        self._store = store
        self._have: dict[ObjectRef, tuple[str, Mapping[str, Any]]] = {}
        self._locks: defaultdict[ObjectRef, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def brought(self, ref: ObjectRef, artifact: Mapping[str, Any]) -> Mapping[str, Any]:
        """Raises ForeignArtifactError."""
        wanted = str(artifact.get("digest") or "")
        async with self._locks[ref]:
            known = self._have.get(ref)
            if known is None or known[0] != wanted or not await self._store.present(known[1]):
                known = (wanted, await self._fetch(ref, artifact, wanted))
                self._have[ref] = known
        return {**artifact, "path": known[1]["path"], "digest": known[1]["digest"]}

    async def _fetch(self, ref: ObjectRef, artifact: Mapping[str, Any], wanted: str) -> Mapping[str, Any]:
        algorithm, _, value = wanted.partition(":")
        if algorithm not in _ALGORITHMS or not value.isalnum():
            raise ForeignArtifactError(f"the digest '{wanted}' of the artifact is none that can be checked")
        url, name = str(artifact.get("url") or ""), f"{algorithm}-{value}.tar.gz"
        kept = {"path": self._store.path_of(ref, name), "digest": wanted}
        if not await self._store.present(kept):
            with self._store.workspace(ref) as work:
                file = work / "artifact"
                await asyncio.to_thread(_download, url, file, algorithm, value)
                kept = await self._store.store_file(ref, name, file, str(artifact.get("revision") or ""))
        await self._store.collect(ref, kept)
        return kept


def _download(url: str, file: Path, algorithm: str, value: str) -> None:
    if not url.startswith(("http://", "https://")):
        raise ForeignArtifactError(f"the address '{url}' of the artifact is none of HTTP")
    with file.open("wb") as into:
        answer = http.request(url, limit=_PACKED, into=into)
    if answer.status != 200:
        raise ForeignArtifactError(f"failed to download archive from {url} (status: {answer.status} {answer.reason})")
    with file.open("rb") as stream:
        found = hashlib.file_digest(stream, algorithm).hexdigest()
    if found != value:
        raise ForeignArtifactError(
            f"failed to verify archive: computed checksum '{algorithm}:{found}' doesn't match provided '{algorithm}:{value}'"
        )
    left = _UNPACKED
    try:
        with gzip.open(file) as stream:
            while piece := stream.read(_PIECE):
                left -= len(piece)
                if left < 0:
                    raise ForeignArtifactError(f"the archive from {url} is longer than {_UNPACKED} bytes unpacked")
    except (OSError, EOFError, zlib.error) as error:
        raise ForeignArtifactError(f"the archive from {url} cannot be unpacked: {error}") from error

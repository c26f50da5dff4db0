"""Buckets: listed when asked, due or changed, fetched when something in them is another, and offered as artifacts.

In: keys of Bucket objects. Out: their status, events and artifacts, as Flux's source-controller gives them. The server is
spoken to by ``source`` in threads; what the status says is decided in ``dialects``.
"""

from __future__ import annotations

import asyncio
import posixpath
from collections.abc import Callable
from typing import TypeVar

from holdfast.base.errors import HoldfastError
from holdfast.base.tree import MemoryTree
from holdfast.cluster.errors import ApiError, NotFound
from holdfast.controller.patch import ObjectWriter
from holdfast.controller.source_run import SourceReconciler, SourceRun, authentication_failed, secret_data
from holdfast.dialects.flux import bucket as flux
from holdfast.dialects.flux.secret_data import CredentialsInvalid, text, trust
from holdfast.dialects.flux.source_status import BUCKET, FETCH_FAILED, STORAGE_FAILED, SourceFailure, Told
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef
from holdfast.model.source import Snapshot
from holdfast.source import ignore
from holdfast.source.http import WayOut
from holdfast.source.s3 import Bucket, InvalidEndpoint, ObjectFailed
from holdfast.source.s3_signature import Keys

T = TypeVar("T")


class Buckets(SourceReconciler):
    """The reconciler of Bucket objects."""

    gvk: GroupVersionKind = flux.GVK

    def run_of(self, ref: ObjectRef, obj: Manifest, writer: ObjectWriter) -> SourceRun:
        return _Run(self, ref, obj, writer)


class _Run(SourceRun):
    conditions = BUCKET

    def __init__(self, owner: SourceReconciler, ref: ObjectRef, obj: Manifest, writer: ObjectWriter) -> None:
        super().__init__(owner, ref, obj, writer)
        self.source = flux.read(obj)

    @property
    def interval(self) -> float:
        return self.source.interval

    async def steps(self) -> Told | None:
        if self.source.not_built:
            raise self.unsupported(self.source.not_built)
        bucket = await self._bucket()
        rules_file = await self._rules_file(bucket)
        index = await self._index(bucket, rules_file)
        if flux.revision(index) != self.status.revision:
            await self._renew(bucket, index, rules_file)
        self.status.conditions.delete(FETCH_FAILED)
        self.status.stored(f"stored artifact: revision '{flux.revision(index)}'")
        return self.stored_told(flux.stored_text(self.source.name, len(index)))

    # -- access -------------------------------------------------------------------------------------------------------

    async def _bucket(self) -> Bucket:
        keys = await self._keys()
        way = await self._way()
        try:
            return Bucket(
                self.source.endpoint,
                self.source.name,
                way,
                keys=keys,
                region=self.source.region,
                insecure=self.source.insecure,
            )
        except InvalidEndpoint as error:
            raise authentication_failed(str(error)) from error

    async def _keys(self) -> Keys | None:
        name = self.source.secret
        if not name:
            return None
        data = await self.secret(name, f"failed to get secret '{self.ref.namespace}/{name}': ")
        if "accesskey" not in data or "secretkey" not in data:
            raise authentication_failed(f"invalid '{name}' secret data: required fields 'accesskey' and 'secretkey'")
        keys = Keys(text(data, "accesskey"), text(data, "secretkey"))
        return keys if keys.access and keys.secret else None

    async def _way(self) -> WayOut:
        proxy = ""
        if self.source.proxy_secret:
            proxy = await self.proxy(self.source.proxy_secret, "failed to get proxy URL: ")
        name, timeout = self.source.cert_secret, self.source.timeout
        if not name:
            return WayOut(proxy=proxy, timeout=timeout)
        place, prefix = f"{self.ref.namespace}/{name}", "failed to get TLS config: "
        try:
            found = trust(await secret_data(self.owner.client, self.ref.namespace, name), place)
        except NotFound as error:
            raise authentication_failed(f"{prefix}secret '{place}' not found") from error
        except (ApiError, CredentialsInvalid) as error:
            raise authentication_failed(f"{prefix}{error.message}") from error
        return WayOut(found.ca, found.certificate, found.key, proxy=proxy, timeout=timeout)

    # -- contents -----------------------------------------------------------------------------------------------------

    async def _rules_file(self, bucket: Bucket) -> bytes | None:
        """The bucket's own ignore rules, where it has some."""
        name = self.source.name
        if not await _in_thread(bucket.exists, f"failed to confirm existence of '{name}' bucket: "):
            raise _failed(f"bucket '{name}' not found")
        found = await _in_thread(
            lambda: bucket.get(ignore.FILE_NAME), f"failed to get Etag for '{ignore.FILE_NAME}' object: "
        )
        return found.data if found is not None else None

    async def _index(self, bucket: Bucket, rules_file: bytes | None) -> dict[str, str]:
        """Keys and ETags of what belongs to the artifact."""
        written = (rules_file or b"").decode("utf-8", "replace")
        rules = ignore.Rules([*ignore.parse(written), *ignore.parse(self.source.ignore or "")])

        def wanted(key: str) -> bool:
            return not key.endswith("/") and key != ignore.FILE_NAME and not rules.excludes(key)

        place = f"from bucket '{self.source.name}' failed: "
        return await _in_thread(
            lambda: {k: etag for k, etag in bucket.objects(self.source.prefix) if wanted(k)},
            f"indexation of objects {place}listing objects {place}",
        )

    async def _renew(self, bucket: Bucket, index: dict[str, str], rules_file: bytes | None) -> None:
        """Fetches what is in the index, which afterwards tells what was got, and stores it."""
        files = await self._fetch(bucket, index)
        if rules_file is not None:
            files[ignore.FILE_NAME] = rules_file
        revision = flux.revision(index)
        text = f"new upstream revision '{revision}'"
        self.status.outdated("NewRevision", text, known=self.status.artifact is not None)
        self.status.conditions.delete(FETCH_FAILED)
        if revision == self.status.revision:
            return
        snapshot = Snapshot(revision, MemoryTree(files), revision)
        try:
            artifact = await self.artifacts.store(self.ref, f"{revision.rpartition(':')[2]}.tar.gz", snapshot)
            url = await self.artifacts.link(self.ref, artifact, "latest.tar.gz")
        except OSError as error:
            text = f"unable to archive artifact to storage: {error}"
            raise SourceFailure(text, reason="ArchiveOperationFailed", condition=STORAGE_FAILED) from error
        self.status.record({"artifact": artifact, "url": url, "observedIgnore": self.source.ignore})

    async def _fetch(self, bucket: Bucket, index: dict[str, str]) -> dict[str, bytes]:
        bucket.restart()
        keys = list(index)
        try:
            found = await asyncio.to_thread(bucket.get_all, keys)
            files: dict[str, bytes] = {}
            for key in keys:
                got = found[key]
                if got is None:
                    # It went between the listing and now.
                    del index[key]
                    continue
                index[key] = got.etag
                files[_path(key)] = got.data
            _check_directories(files)
        except ObjectFailed as error:
            raise _failed(f"fetch from bucket '{self.source.name}' failed: {error.message}") from error
        return files


def _path(key: str) -> str:
    """Where an object is in the artifact: never outside."""
    path = posixpath.normpath("/" + key).lstrip("/")
    if not path:
        raise ObjectFailed(f"failed to get '{key}' object: its name is that of a directory")
    return path


def _check_directories(files: dict[str, bytes]) -> None:
    """A store may have an object ``a`` beside an object ``a/b``; a directory cannot."""
    for path in files:
        parent = path.rpartition("/")[0]
        while parent:
            if parent in files:
                raise ObjectFailed(f"failed to get '{path}' object: '{parent}' is not a directory")
            parent = parent.rpartition("/")[0]


async def _in_thread(work: Callable[[], T], prefix: str) -> T:
    try:
        return await asyncio.to_thread(work)
    except HoldfastError as error:
        raise _failed(f"{prefix}{error.message}") from error


def _failed(text: str) -> SourceFailure:
    return SourceFailure(text, reason="BucketOperationFailed", condition=FETCH_FAILED)

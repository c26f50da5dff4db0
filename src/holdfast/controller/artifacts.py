"""Artifacts of sources: files on disk, served over HTTP, and the trees in them.

In: snapshots and bytes. Out: the ``artifact`` of a status, and for a status' artifact the tree to build from, out of
memory or from the stored file after a restart. Files appear whole or not at all; what is on disk is checked against its
digest once.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import io
import os
import shutil
import tarfile
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from holdfast.base.clock import Clock
from holdfast.base.errors import HoldfastError
from holdfast.base.tree import MemoryTree, changed_directories
from holdfast.kube.refs import ObjectRef
from holdfast.model.source import Snapshot
from holdfast.source.artifact import digest, tarball
from holdfast.source.http import WayOut, request

_NOTE = ".note"
_BRING_SECONDS = 10.0
Listener = Callable[[ObjectRef, str], None]


class ArtifactStore:
    """``base_url`` is where ``root`` is served; it is set once the server listens. ``others`` are stores of controllers that
    ran on this machine before: what a status names is taken over from them where our own has lost it."""

    def __init__(self, root: Path, clock: Clock, *, base_url: str = "", others: Sequence[Path] = ()) -> None:
        self.root = root
        self._others = tuple(others)
        self.base_url = base_url
        self._clock = clock
        self._checked: set[tuple[str, str]] = set()
        self._snapshots: dict[ObjectRef, Snapshot] = {}
        self._changed: dict[ObjectRef, tuple[str, frozenset[str] | None]] = {}
        self._listeners: list[Listener] = []
        self._bringing: defaultdict[ObjectRef, asyncio.Lock] = defaultdict(asyncio.Lock)

    def path_of(self, ref: ObjectRef, name: str) -> str:
        return f"{ref.kind.lower()}/{ref.namespace}/{ref.name}/{name}"

    def url(self, path: str) -> str:
        return f"{self.base_url}/{path}"

    def local(self, path: str) -> Path | None:
        """The file behind a path below the root; None for anything outside or absent."""
        found = (self.root / path).resolve()
        if not found.is_relative_to(self.root.resolve()) or not found.is_file():
            return None
        return found

    async def present(self, artifact: Mapping[str, Any]) -> bool:
        """Whether the file is there and has the digest that the status says; a spoilt file is removed."""
        path, wanted = str(artifact.get("path")), str(artifact.get("digest"))
        file = self.local(path) or await asyncio.to_thread(self._taken_over, path, wanted)
        if file is None:
            return False
        if (path, wanted) in self._checked:
            return True
        if await asyncio.to_thread(_digest_of, file) != wanted:
            file.unlink(missing_ok=True)
            return False
        self._checked.add((path, wanted))
        return True

    def _taken_over(self, path: str, wanted: str) -> Path | None:
        for other in self._others:
            file = (other / path).resolve()
            if file.is_relative_to(other.resolve()) and file.is_file() and _digest_of(file) == wanted:
                _write(self.root / path, file.read_bytes())
                return self.local(path)
        return None

    async def store(
        self, ref: ObjectRef, name: str, snapshot: Snapshot, metadata: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Packs a snapshot; returns the artifact for the status. The snapshot becomes what consumers build from."""
        before = self._snapshots.get(ref)
        data = await asyncio.to_thread(tarball, snapshot.tree)
        changed = await asyncio.to_thread(changed_directories, before.tree, snapshot.tree) if before else None
        self._changed[ref] = (snapshot.revision, changed)
        artifact = await self.store_bytes(ref, name, data, snapshot.revision, metadata)
        self.offer(ref, snapshot)
        return artifact

    def changed(self, ref: ObjectRef, revision: str) -> frozenset[str] | None:
        """The directories in which a revision differs from the one before it; None where that is not known, or too much."""
        known, directories = self._changed.get(ref, ("", None))
        return directories if known == revision else None

    async def store_bytes(
        self, ref: ObjectRef, name: str, data: bytes, revision: str, metadata: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        path = self.path_of(ref, name)
        await asyncio.to_thread(_write, self.root / path, data)
        return self._stored(ref, path, digest(data), len(data), revision, metadata)

    async def store_file(self, ref: ObjectRef, name: str, file: Path, revision: str) -> dict[str, Any]:
        """Takes a file that was written in a ``workspace``: nothing of it is held in memory."""
        path = self.path_of(ref, name)
        content, size = await asyncio.to_thread(_moved, file, self.root / path)
        return self._stored(ref, path, content, size, revision, None)

    @contextlib.contextmanager
    def workspace(self, ref: ObjectRef) -> Iterator[Path]:
        """A directory for files on their way; on the file system of the artifacts, gone afterwards."""
        home = self.root / self.path_of(ref, "")
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=home, prefix=".work-", ignore_cleanup_errors=True) as directory:
            yield Path(directory)

    def note(self, ref: ObjectRef, name: str) -> Path:
        """A file for what is to be known about a source after a restart; it lasts as long as the source."""
        return self.root / self.path_of(ref, name + _NOTE)

    def _stored(
        self, ref: ObjectRef, path: str, content: str, size: int, revision: str, metadata: Mapping[str, str] | None
    ) -> dict[str, Any]:
        self._checked.add((path, content))
        self._snapshots.pop(ref, None)
        artifact = {
            "digest": content,
            "lastUpdateTime": datetime.fromtimestamp(self._clock.time(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "path": path,
            "revision": revision,
            "size": size,
            "url": self.url(path),
        }
        return {**artifact, "metadata": dict(metadata)} if metadata else artifact

    async def link(self, ref: ObjectRef, artifact: Mapping[str, Any], name: str) -> str:
        """Another, lasting name for the newest artifact of a source; returns its URL."""
        path = self.path_of(ref, name)
        await asyncio.to_thread(_link, self.root / path, str(artifact["path"]).rpartition("/")[2])
        return self.url(path)

    def offer(self, ref: ObjectRef, snapshot: Snapshot) -> None:
        """Keeps the snapshot at hand and tells the listeners when it is another one."""
        known = self._snapshots.get(ref)
        self._snapshots[ref] = snapshot
        if known is None or (known.revision, known.identity) != (snapshot.revision, snapshot.identity):
            for listener in self._listeners:
                listener(ref, snapshot.revision)

    def on_change(self, listener: Listener) -> None:
        """Called with a source's reference and the revision when another snapshot of it is at hand."""
        self._listeners.append(listener)

    async def snapshot(self, ref: ObjectRef, artifact: Mapping[str, Any]) -> Snapshot | None:
        """The snapshot behind the artifact of a status; None where the file is not there (yet)."""
        # Many units of one source ask at once: it is brought once, and nobody clears another's half-written file away.
        async with self._bringing[ref]:
            return self._at_hand(ref, artifact) or await self._read(ref, artifact)

    def _at_hand(self, ref: ObjectRef, artifact: Mapping[str, Any]) -> Snapshot | None:
        known = self._snapshots.get(ref)
        return known if known is not None and known.revision == artifact.get("revision") else None

    async def _read(self, ref: ObjectRef, artifact: Mapping[str, Any]) -> Snapshot | None:
        if not await self.present(artifact) and not await self._brought(ref, artifact):
            return None
        file = self.local(str(artifact["path"]))
        if file is None:
            return None
        tree = await asyncio.to_thread(_read_tree, file)
        found = Snapshot(str(artifact["revision"]), tree, str(artifact["digest"]))
        self._snapshots[ref] = found
        return found

    async def _brought(self, ref: ObjectRef, artifact: Mapping[str, Any]) -> bool:
        """Whether another replica that keeps this source gave us the file; its digest has to be what the status says."""
        url, path = str(artifact.get("url") or ""), str(artifact.get("path") or "")
        inside = (self.root / path).resolve().is_relative_to(self.root.resolve())
        if not path or not inside or not url or (self.base_url and url.startswith(self.base_url)):
            return False
        try:
            answer = await asyncio.to_thread(request, url, way=WayOut(timeout=_BRING_SECONDS))
        except HoldfastError:
            return False
        if answer.status != 200 or digest(answer.body) != artifact.get("digest"):
            return False
        await asyncio.to_thread(_write, self.root / path, answer.body)
        self._checked.add((path, str(artifact["digest"])))
        await self.collect(ref, artifact)
        return True

    async def collect(self, ref: ObjectRef, keep: Mapping[str, Any] | None) -> None:
        """Removes older artifacts of one source."""
        kept = str((keep or {}).get("path") or "")
        await asyncio.to_thread(_prune, self.root / self.path_of(ref, ""), self.root / kept if kept else None)

    async def remove_all(self, ref: ObjectRef) -> bool:
        """Forgets a source. False when there was nothing of it."""
        self._snapshots.pop(ref, None)
        self._changed.pop(ref, None)
        directory = self.root / self.path_of(ref, "")
        if not directory.is_dir():
            return False
        await asyncio.to_thread(shutil.rmtree, directory, ignore_errors=True)
        return True


def _digest_of(file: Path) -> str:
    with file.open("rb") as stream:
        return "sha256:" + hashlib.file_digest(stream, "sha256").hexdigest()


def _moved(file: Path, target: Path) -> tuple[str, int]:
    content, size = _digest_of(file), file.stat().st_size
    os.replace(file, target)
    return content, size


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _link(path: Path, target: str) -> None:
    temporary = path.with_name(f".new-{path.name}")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target)
    os.replace(temporary, path)


def _read_tree(file: Path) -> MemoryTree:
    files: dict[str, bytes] = {}
    with tarfile.open(file, mode="r:gz") as archive:
        for member in archive:
            content = archive.extractfile(member) if member.isfile() else None
            if content is not None:
                files[os.path.normpath(member.name).lstrip("/")] = content.read()
    return MemoryTree(files)


def read_tarball(data: bytes) -> MemoryTree:
    """The tree in a tarball that came from elsewhere."""
    files: dict[str, bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
        for member in archive:
            content = archive.extractfile(member) if member.isfile() else None
            name = os.path.normpath(member.name).lstrip("/")
            if content is not None and not name.startswith(".."):
                files[name] = content.read()
    return MemoryTree(files)


def _prune(directory: Path, keep: Path | None) -> None:
    if not directory.is_dir():
        return
    for file in directory.iterdir():
        if file != keep and file.is_file() and not file.is_symlink() and not file.name.endswith(_NOTE):
            file.unlink(missing_ok=True)

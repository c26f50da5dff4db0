"""A snapshot as Flux's artifact: a reproducible .tar.gz of its regular files.

Symbolic links are left out, as source-controller leaves them out; times, owners and order are fixed, so the same files
give the same bytes and the same digest.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile

from holdfast.base.tree import EntryKind, Tree, walk


def tarball(tree: Tree, *, level: int = 1) -> bytes:
    """The artifact's bytes. ``level`` is zlib's: artifacts are read on the same network they are made on."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for path, entry in walk(tree):
            if entry.kind is not EntryKind.FILE:
                continue
            data = tree.read(path)
            info = tarfile.TarInfo(path)
            info.size, info.mode, info.mtime = len(data), 0o644, 0
            archive.addfile(info, io.BytesIO(data))
    return gzip.compress(raw.getvalue(), compresslevel=level, mtime=0)


def digest(data: bytes) -> str:
    """``sha256:<hex>`` as in ``status.artifact.digest``."""
    return "sha256:" + hashlib.sha256(data).hexdigest()

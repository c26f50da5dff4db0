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
    for path, entry in walk(tree):
        if entry.kind is EntryKind.FILE:
            data = tree.read(path)
            raw.write(_header(path, len(data)))
            raw.write(data)
            raw.write(bytes(-len(data) % tarfile.BLOCKSIZE))
    raw.write(bytes(2 * tarfile.BLOCKSIZE))
    raw.write(bytes(-raw.tell() % tarfile.RECORDSIZE))
    return gzip.compress(raw.getvalue(), compresslevel=level, mtime=0)


def _info(path: str, size: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(path)
    info.size, info.mode, info.mtime = size, 0o644, 0
    return info


_EMPTY = _info("", 0).tobuf(tarfile.GNU_FORMAT)
_NAME, _SIZE, _SUM = slice(0, 100), slice(124, 136), slice(148, 156)
_BASE = sum(_EMPTY) - sum(_EMPTY[_SIZE]) - sum(_EMPTY[_SUM]) + sum(b" " * 8)


def _header(path: str, size: int) -> bytes:
    """As the standard library makes it, at a tenth of the price where the name and the size are ordinary."""
    name, octal = path.encode("utf-8", "surrogateescape"), b"%011o\0" % size
    if len(name) > _NAME.stop or len(octal) > 12:
        return _info(path, size).tobuf(tarfile.GNU_FORMAT)
    header = bytearray(_EMPTY)
    header[: len(name)] = name
    header[_SIZE] = octal
    header[_SUM] = b"%06o\0 " % (_BASE + sum(name) + sum(octal))
    return bytes(header)


def digest(data: bytes) -> str:
    """``sha256:<hex>`` as in ``status.artifact.digest``."""
    return "sha256:" + hashlib.sha256(data).hexdigest()

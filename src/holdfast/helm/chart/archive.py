"""Chart archives: a .tgz to its files, within bounds; and files to a .tgz."""

from __future__ import annotations

import io
import re
import tarfile
import zlib
from collections.abc import Mapping

from holdfast.helm.errors import ChartError
from holdfast.helm.go.paths import clean
from holdfast.helm.go.strconv import quote

MAX_CHART = 100 * 1024 * 1024
_MAX_FILES = 50_000
_BOM = b"\xef\xbb\xbf"
_DRIVE = re.compile(r"[a-zA-Z]:/")


def read_archive(data: bytes, limit: int = MAX_CHART) -> dict[str, bytes]:
    """Path in the chart -> content. Refuses what leaves the chart or is, unpacked, bigger than ``limit``."""
    if data[:3] != b"\x1f\x8b\x08":
        raise ChartError("gzip: invalid header")
    try:
        plain = _gunzip(data, limit)
        with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
            files = _members(tar, limit)
    except (tarfile.TarError, zlib.error, EOFError, UnicodeError) as fault:
        raise ChartError(f"unable to load chart archive: {fault}") from None
    if not files:
        raise ChartError("no files in chart archive")
    return files


def _gunzip(data: bytes, limit: int) -> bytes:
    unpacker = zlib.decompressobj(31)
    # The tar has a kilobyte for every file beside its content.
    bound = limit + min(_MAX_FILES * 1024, max(limit, 1 << 20))
    plain = unpacker.decompress(data, bound)
    if unpacker.unconsumed_tail:
        raise ChartError(f"decompressed chart is larger than the maximum size {limit}")
    return plain


def _members(tar: tarfile.TarFile, limit: int) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    left = limit
    for member in tar:
        if member.isdir():
            continue
        name = _safe_name(member.name)
        left -= member.size
        if left <= 0 or len(files) >= _MAX_FILES:
            raise ChartError(f"decompressed chart is larger than the maximum size {limit}")
        # Links are read as the empty files that they are to Helm: nothing outside the archive is ever opened.
        content = tar.extractfile(member) if member.isreg() else None
        files[name] = (content.read() if content is not None else b"").removeprefix(_BOM)
    return files


def _safe_name(member: str) -> str:
    delimiter = "\\" if "\\" in member else "/"
    top, _, rest = member.partition(delimiter)
    name = rest.replace(delimiter, "/")
    if name.startswith("/"):
        raise ChartError("chart illegally contains absolute paths")
    name = clean(name)
    if name == ".":
        raise ChartError(f"chart illegally contains content outside the base directory: {quote(member)}")
    if name.startswith(".."):
        raise ChartError("chart illegally references parent directory")
    if _DRIVE.match(name):
        raise ChartError("chart contains illegally named files")
    if top == "Chart.yaml":
        raise ChartError("chart yaml not in base directory")
    return name


def write_archive(name: str, files: Mapping[str, bytes]) -> bytes:
    """A .tgz whose bytes depend on names and contents only."""
    import gzip

    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(files, key=lambda p: (p != "Chart.yaml", p)):
            info = tarfile.TarInfo(f"{name}/{path}")
            info.size, info.mode = len(files[path]), 0o644
            tar.addfile(info, io.BytesIO(files[path]))
    return gzip.compress(plain.getvalue(), mtime=0)

from __future__ import annotations

import gzip
import io
import tarfile

from hypothesis import given
from hypothesis import strategies as st

from holdfast.base.tree import MemoryTree
from holdfast.source.artifact import tarball

_NAMES = st.text("abcé.-_ 0", min_size=1, max_size=130).filter(lambda n: n not in (".", ".."))
_PATHS = st.lists(_NAMES, min_size=1, max_size=3).map("/".join)


@given(st.dictionaries(_PATHS, st.binary(max_size=1200), max_size=4))
def test_a_tarball_is_byte_for_byte_what_the_standard_library_would_write(files: dict[str, bytes]) -> None:
    leaves = {p: d for p, d in files.items() if not any(q.startswith(p + "/") for q in files)}
    found = tarball(MemoryTree(leaves))
    raw = gzip.decompress(found)
    with tarfile.open(fileobj=io.BytesIO(raw)) as archive:
        members = archive.getmembers()
        contents = {m.name: archive.extractfile(m) for m in members}
        assert {n: f.read() for n, f in contents.items() if f is not None} == leaves
    again = io.BytesIO()
    with tarfile.open(fileobj=again, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for member in members:
            info = tarfile.TarInfo(member.name)
            info.size, info.mode, info.mtime = member.size, 0o644, 0
            archive.addfile(info, io.BytesIO(leaves[member.name]))
    assert raw == again.getvalue()

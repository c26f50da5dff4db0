"""Files of other repositories put into a tree."""

from __future__ import annotations

import pytest

from holdfast.base.tree import MemoryTree
from holdfast.controller.includes import CopyFailed, clean, place

BASE = MemoryTree({"a.yaml": b"a", "taken/b.yaml": b"b"})
LIBRARY = MemoryTree({"lib/x.yaml": b"x"})


def test_a_directory_of_another_tree_is_mounted_at_its_destination() -> None:
    where, tree = place(BASE, "./deep/in", LIBRARY, "lib")
    assert where == "deep/in"
    assert tree.read("x.yaml") == b"x"
    assert [e.name for e in tree.entries("")] == ["x.yaml"]


def test_a_missing_source_path_is_told_with_its_path() -> None:
    with pytest.raises(CopyFailed, match="cannot stat /tmp/flux-include-1/unpack/nope"):
        place(BASE, "in", LIBRARY, "nope")


def test_a_destination_with_files_in_it_is_refused() -> None:
    with pytest.raises(CopyFailed, match="file exists"):
        place(BASE, "taken", LIBRARY, "lib")


@pytest.mark.parametrize("path", ["../../etc", "/etc", "a/../../etc"])
def test_a_path_never_leaves_the_root(path: str) -> None:
    assert clean(path) == "etc"

"""Trees: the same questions get the same answers in memory and on disk."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.base.tree import (
    DiskTree,
    EntryKind,
    MemoryTree,
    OverlayTree,
    RecordingTree,
    Tree,
    blob_id,
    changed_directories,
    walk,
)

FILES = {"a.yaml": b"a: 1\n", "dir/b.yaml": b"b: 2\n", "dir/sub/c.yaml": b""}


@pytest.fixture(params=["memory", "disk"])
def tree(request: pytest.FixtureRequest, tmp_path: Path) -> Tree:
    if request.param == "memory":
        return MemoryTree(FILES, {"link": "dir"})
    for path, data in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    (tmp_path / "link").symlink_to("dir")
    return DiskTree(str(tmp_path))


def test_walk_finds_every_leaf_in_order_and_does_not_follow_links(tree: Tree) -> None:
    assert [(p, e.kind) for p, e in walk(tree)] == [
        ("a.yaml", EntryKind.FILE),
        ("dir/b.yaml", EntryKind.FILE),
        ("dir/sub/c.yaml", EntryKind.FILE),
        ("link", EntryKind.LINK),
    ]


def test_lookup_gives_gits_blob_id(tree: Tree) -> None:
    entry = tree.lookup("dir/sub/c.yaml")
    assert entry is not None and entry.id == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"


def test_a_path_through_a_link_is_nothing(tree: Tree) -> None:
    assert tree.lookup("link/b.yaml") is None
    assert tree.read("link") == b"dir"


def test_missing_paths_are_errors_when_read(tree: Tree) -> None:
    assert tree.lookup("nope") is None
    with pytest.raises(FileNotFoundError):
        tree.read("nope")
    with pytest.raises(IsADirectoryError):
        tree.read("dir")


def test_overlay_adds_and_replaces_files_of_the_tree_below() -> None:
    tree = OverlayTree(MemoryTree(FILES), {"dir/b.yaml": b"new", "dir/k.yaml": b"k", "x/y": b"z"})
    assert tree.read("dir/b.yaml") == b"new"
    assert [e.name for e in tree.entries("dir")] == ["b.yaml", "k.yaml", "sub"]
    assert [e.name for e in tree.entries("")] == ["a.yaml", "dir", "x"]
    assert tree.read("dir/sub/c.yaml") == b""


def test_recording_remembers_reads_misses_and_listings() -> None:
    tree = RecordingTree(MemoryTree(FILES))
    tree.read("a.yaml")
    tree.lookup("missing")
    tree.entries("dir")
    assert tree.reads["a.yaml"] == blob_id(b"a: 1\n")
    assert tree.reads["missing"] == ""
    assert "dir/" in tree.reads


_FILES = st.dictionaries(
    st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=3).map(lambda d: "/".join([*d, "f"])),
    st.sampled_from([b"1", b"2"]),
    max_size=6,
)


@given(_FILES, _FILES)
def test_changed_directories_are_those_with_another_file_and_all_above(
    old: dict[str, bytes], new: dict[str, bytes]
) -> None:
    files = {p for p in old.keys() | new.keys() if old.get(p) != new.get(p)}
    above = {p.rpartition("/")[0] for p in files}
    expected = {d[:i].rstrip("/") for d in above for i in (0, *(m for m in range(len(d)) if d[m] == "/"), len(d))}
    found = changed_directories(MemoryTree(old), MemoryTree(new))
    assert found is not None
    assert found >= expected
    assert all(any(p.startswith(d) for p in files) for d in found)


def test_too_many_changed_directories_are_not_listed() -> None:
    new = MemoryTree({f"d{n}/f": b"" for n in range(10)})
    assert changed_directories(MemoryTree({}), new, limit=5) is None

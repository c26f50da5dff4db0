"""The files of a revision, asked of Git's program and of libgit2: both tell the same."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from holdfast.base.errors import Stop
from holdfast.base.tree import DiskTree, EntryKind, Tree, walk
from holdfast.cli import revision
from holdfast.cli.revision import Earlier

DOORS = [revision._by_program, revision._by_library]


def git(top: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    subprocess.run(["git", "-C", str(top), *identity, *arguments], check=True, capture_output=True)


def write(top: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_text(text)


def content(tree: Tree) -> dict[str, bytes]:
    return {path: tree.read(path) for path, _ in walk(tree)}


@pytest.fixture(params=DOORS, ids=["git", "libgit2"])
def ask(request: pytest.FixtureRequest) -> Callable[[str, str], Earlier]:
    if request.param is revision._by_program and shutil.which("git") is None:
        pytest.skip("git is not installed")
    door: Callable[[str, str], Earlier] = request.param
    return door


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    top = tmp_path / "repository"
    top.mkdir()
    git(top, "init", "-q", "-b", "main")
    write(top, {"same/a.yaml": "a", "edited/b ä.yaml": "b", "gone/c.yaml": "c", "file-then": "f", "dir-then/x": "x"})
    (top / "link").symlink_to("same")
    git(top, "add", "-A")
    git(top, "commit", "-q", "-m", "one")
    return top


def change(top: Path) -> None:
    write(top, {"edited/b ä.yaml": "other", "new/untracked.yaml": "n", "edited/staged.yaml": "s"})
    git(top, "add", "edited/staged.yaml")
    shutil.rmtree(top / "gone")
    shutil.rmtree(top / "dir-then")
    (top / "dir-then").write_text("a file now")
    (top / "file-then").unlink()
    write(top, {"file-then/inside": "a directory now"})
    (top / "link").unlink()
    (top / "link").symlink_to("edited")


def test_the_tree_of_then_is_what_was_committed(repository: Path, ask: Callable[[str, str], Earlier]) -> None:
    committed = content(DiskTree(str(repository / ".")))
    change(repository)
    then = ask(str(repository), "HEAD").tree(DiskTree(str(repository)))
    found = content(then)
    mine = {p for p in {*committed, *found} if not p.startswith(".git/")}
    assert {p: found.get(p) for p in mine} == {p: committed.get(p) for p in mine}
    assert then.lookup("new") is None
    link = then.lookup("link")
    assert link is not None and link.kind is EntryKind.LINK and then.read("link") == b"same"


def test_what_differs_is_named_once(repository: Path, ask: Callable[[str, str], Earlier]) -> None:
    change(repository)
    assert set(ask(str(repository), "HEAD").files) == {
        *("edited/b ä.yaml", "edited/staged.yaml", "new/untracked.yaml", "gone/c.yaml", "link"),
        *("dir-then", "dir-then/x", "file-then", "file-then/inside"),
    }


def test_in_a_directory_of_a_repository_paths_start_there(repository: Path, ask: Callable[[str, str], Earlier]) -> None:
    change(repository)
    below = repository / "edited"
    difference = ask(str(below), "HEAD")
    assert set(difference.files) == {"b ä.yaml", "staged.yaml"}
    assert content(difference.tree(DiskTree(str(below)))) == {"b ä.yaml": b"b"}


def test_nothing_differs_in_a_clean_repository(repository: Path, ask: Callable[[str, str], Earlier]) -> None:
    assert not ask(str(repository), "main").files


def test_a_revision_that_is_none_is_refused(repository: Path, ask: Callable[[str, str], Earlier]) -> None:
    for name in ("nowhere", "--output=x"):
        with pytest.raises(Stop, match="is no revision of this repository"):
            ask(str(repository), name)


def test_a_directory_in_no_repository_is_refused(tmp_path: Path, ask: Callable[[str, str], Earlier]) -> None:
    with pytest.raises(Stop, match="is in no Git repository"):
        ask(str(tmp_path), "HEAD")

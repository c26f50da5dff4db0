"""Revisions of applications: what their names mean, and the trees behind them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from holdfast.source.git import GitStore
from holdfast.source.manifests import Entrance, Found, ManifestsError, ManifestSource, Wanted, choose_reference, highest

A, B, C, T = ("a" * 40, "b" * 40, "c" * 40, "d" * 40)
REFS = {
    "HEAD": A,
    "refs/heads/main": A,
    "refs/heads/1.x": B,
    "refs/tags/v1.0.0": T,
    "refs/tags/v1.0.0^{}": B,
    "refs/tags/v1.2.0": C,
    "refs/tags/web/2.0.0": C,
}


@pytest.mark.parametrize(
    ("revision", "found"),
    [
        ("", Found(A, "HEAD")),
        ("HEAD", Found(A, "HEAD")),
        ("main", Found(A, "refs/heads/main")),
        ("v1.0.0", Found(B, "refs/tags/v1.0.0")),
        ("refs/heads/main", Found(A, "refs/heads/main")),
        ("1.*", Found(C, "refs/tags/v1.2.0")),
        ("~1.0", Found(B, "refs/tags/v1.0.0")),
        ("abcdef0", Found("abcdef0")),
    ],
)
def test_a_revision_is_a_branch_a_tag_a_range_or_the_beginning_of_a_commit(revision: str, found: Found) -> None:
    assert choose_reference(REFS, revision) == found


def test_a_prefix_chooses_the_tags_of_one_part_of_the_repository() -> None:
    assert choose_reference(REFS, "2.*", "web/") == Found(C, "refs/tags/web/2.0.0")


def test_a_revision_that_is_nothing_is_told() -> None:
    with pytest.raises(ManifestsError, match="unable to resolve 'nobranch' to a commit SHA"):
        choose_reference(REFS, "nobranch")


def test_the_highest_version_in_a_range_is_taken_and_other_tags_do_not_count() -> None:
    assert highest(">=1.0.0 <2", ["latest", "1.9.0", "1.10.0", "2.0.0"]) == "1.10.0"
    assert highest("latest", ["latest"]) == "latest"
    with pytest.raises(ManifestsError, match="improper constraint: HEAD"):
        highest("HEAD", ["1.0.0"])
    with pytest.raises(ManifestsError, match="version matching constraint not found in 1 tags"):
        highest("3.x", ["1.0.0"])


def _git(directory: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments]
    return subprocess.run(command, cwd=directory, check=True, capture_output=True, text=True).stdout.strip()


def test_a_commit_is_a_tree_that_is_fetched_once(tmp_path: Path) -> None:
    repository = tmp_path / "r"
    repository.mkdir()
    _git(repository, "init", "-q", "-b", "main")
    (repository / "a.yaml").write_text("a: 1\n")
    _git(repository, "add", "-A")
    _git(repository, "commit", "-q", "-m", "one")
    source, wanted = ManifestSource(GitStore(str(tmp_path / "git"))), Wanted(repository.as_uri(), "main")
    found = source.resolve(wanted, Entrance())
    assert found.revision == _git(repository, "rev-parse", "HEAD")
    first = source.manifests(wanted, found, Entrance())
    assert first.tree.read("a.yaml") == b"a: 1\n"
    assert source.manifests(wanted, found, Entrance()) is first


def test_a_repository_that_is_not_there_is_told(tmp_path: Path) -> None:
    source = ManifestSource(GitStore(str(tmp_path / "git")))
    with pytest.raises(ManifestsError, match="failed to list refs: repository not found"):
        source.resolve(Wanted((tmp_path / "none").as_uri()), Entrance())


def _source_with(tmp_path: Path, *, link: str = "", directory: str = "a") -> tuple[ManifestSource, Wanted]:
    repository = tmp_path / "r"
    (repository / directory).mkdir(parents=True)
    _git(repository, "init", "-q", "-b", "main")
    (repository / directory / "a.yaml").write_text("a: 1\n")
    if link:
        (repository / directory / "link").symlink_to(link)
    _git(repository, "add", "-A")
    _git(repository, "commit", "-q", "-m", "one")
    return ManifestSource(GitStore(str(tmp_path / "git"))), Wanted(repository.as_uri(), "main")


@pytest.mark.parametrize("target", ["/etc/passwd", "../../x", "../../a/a.yaml"])
def test_a_tree_with_a_link_that_leaves_it_is_refused(tmp_path: Path, target: str) -> None:
    source, wanted = _source_with(tmp_path, link=target)
    found = source.resolve(wanted, Entrance())
    with pytest.raises(ManifestsError, match="repository contains out-of-bounds symlinks"):
        source.manifests(wanted, found, Entrance())


@pytest.mark.parametrize("target", ["a.yaml", "../a/a.yaml", "nowhere/at/all"])
def test_a_link_that_stays_inside_is_let_be(tmp_path: Path, target: str) -> None:
    source, wanted = _source_with(tmp_path, link=target)
    found = source.resolve(wanted, Entrance())
    assert source.manifests(wanted, found, Entrance()).tree.read("a/a.yaml") == b"a: 1\n"


@pytest.mark.parametrize(
    ("revision", "fatal"),
    [("0123456", "couldn't find remote ref 0123456"), ("0" * 40, f"remote error: upload-pack: not our ref {'0' * 40}")],
)
def test_a_commit_that_is_not_there_is_told_as_git_tells_it(tmp_path: Path, revision: str, fatal: str) -> None:
    source, wanted = _source_with(tmp_path)
    with pytest.raises(ManifestsError) as caught:
        source.manifests(wanted, Found(revision), Entrance())
    assert (
        f"Failed to checkout revision {revision}: `git fetch origin {revision} --tags --force --prune` failed"
        in str(caught.value)
    )
    assert str(caught.value).endswith(f"fatal: {fatal}")

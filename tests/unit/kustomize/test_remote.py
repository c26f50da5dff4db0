"""URLs told apart from paths."""

from __future__ import annotations

import pytest

from holdfast.kustomize.remote import is_remote_file, parse_repo_url


@pytest.mark.parametrize(
    ("text", "clone", "path", "ref"),
    [
        ("https://github.com/org/repo//base?ref=v1", "https://github.com/org/repo", "base", "v1"),
        ("github.com/org/repo/a/b?ref=x", "https://github.com/org/repo", "a/b", "x"),
        ("git@github.com:org/repo.git", "git@github.com:org/repo.git", "", ""),
        ("ssh://git@host.example/org/repo.git/sub", "ssh://git@host.example/org/repo.git", "sub", ""),
        ("https://dev.azure.com/o/p/_git/r/sub?version=2", "https://dev.azure.com/o/p/_git/r", "sub", "2"),
        ("https://h.example/o/r?ref=release%2F1.2", "https://h.example/o/r", "", "release/1.2"),
        ("https://h.example/o/r?ref=a%zz", "https://h.example/o/r", "", ""),
        ("https://h.example/o/r?ref=a;b", "https://h.example/o/r", "", ""),
        ("file:///srv/repo.git//x", "file:///srv/repo.git", "x", ""),
    ],
)
def test_urls_of_repositories(text: str, clone: str, path: str, ref: str) -> None:
    spec = parse_repo_url(text)
    assert spec is not None
    assert (spec.clone, spec.path, spec.ref) == (clone, path, ref)


@pytest.mark.parametrize("text", ["../base", "base/app.yaml", "/abs/path", "https://host/one", "host.example/a/b"])
def test_paths_are_no_repositories(text: str) -> None:
    assert parse_repo_url(text) is None


def test_a_path_that_leaves_the_repository_is_no_url() -> None:
    assert parse_repo_url("https://github.com/org/repo//../x") is None


def test_timeouts_and_submodules_come_from_the_query() -> None:
    spec = parse_repo_url("https://github.com/o/r?timeout=2m&submodules=false")
    assert spec is not None
    assert (spec.timeout, spec.submodules) == (120.0, False)


def test_only_http_is_a_remote_file() -> None:
    assert is_remote_file("HTTPS://example.com/x.yaml")
    assert not is_remote_file("git@host:x")

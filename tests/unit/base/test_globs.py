"""Patterns mean what they mean in the program they are known from."""

from __future__ import annotations

import fnmatch
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.base.globs import BadPattern, compile_glob, doublestar, glob, path_match, pathspec


@pytest.mark.parametrize(
    ("pattern", "name", "separators", "fits"),
    [
        ("*", "a/b", "", True),
        ("*", "a/b", "/", False),
        ("**", "a/b", "/", True),
        ("a?c", "abc", "/", True),
        ("a?c", "a/c", "/", False),
        ("{dev,prod}-*", "prod-1", "", True),
        ("{dev,prod}-*", "test-1", "", False),
        ("[a-c]x", "bx", "", True),
        ("[!a-c]x", "bx", "", False),
        ("https://git.example/*", "https://git.example/team", "/", True),
        ("https://git.example/*", "https://git.example/team/app", "/", False),
        ("a\\*", "a*", "", True),
        ("[", "[", "", False),
    ],
)
def test_globs_stop_at_separators_only(pattern: str, name: str, separators: str, fits: bool) -> None:
    assert glob(pattern, name, separators) is fits


def test_a_glob_that_is_none_is_told() -> None:
    with pytest.raises(BadPattern, match="unclosed"):
        compile_glob("{a,b")


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("apps/*", "apps/one", True),
        ("apps/*", "apps/one/deep", False),
        ("*", "", True),
        ("[^a]", "b", True),
        ("[^a]", "/", False),
        ("[a-c-]x", "bx", False),
        ("a\\*b", "a*b", True),
        ("*/*/x", "a/b/x", True),
    ],
)
def test_path_patterns_stop_at_slashes(pattern: str, name: str, fits: bool) -> None:
    try:
        assert path_match(pattern, name) is fits
    except BadPattern:
        assert not fits


@pytest.mark.parametrize("pattern", ["[", "[]", "a\\", "[a", "[-]", "[a-]"])
def test_a_path_pattern_that_is_none_is_told(pattern: str) -> None:
    with pytest.raises(BadPattern, match="syntax error in pattern"):
        path_match(pattern, "a")


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("cfg/*", "cfg/a.json", True),
        ("cfg/*", "cfg/deep/a.json", True),
        ("cfg", "cfg/a.json", True),
        ("cfg/", "cfg/a.json", True),
        ("*.json", "cfg/a.json", True),
        ("**/a.json", "cfg/a.json", True),
        ("**/config.json", "config.json", False),
        ("./cfg//a.json", "cfg/a.json", True),
        ("cfg/a.json", "cfg/a.jsonl", False),
        ("", "any", True),
    ],
)
def test_pathspecs_stop_at_nothing(pattern: str, path: str, fits: bool) -> None:
    assert pathspec(pattern, path) is fits


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("cfg/*", "cfg/a.json", True),
        ("cfg/*", "cfg/deep/a.json", False),
        ("cfg/**", "cfg/deep/a.json", True),
        ("**/a.json", "a.json", True),
        ("**/a.json", "x/y/a.json", True),
        ("a/**/b", "a/b", True),
        ("a/{x,y}/b", "a/y/b", True),
    ],
)
def test_two_stars_cross_directories(pattern: str, path: str, fits: bool) -> None:
    assert doublestar(pattern, path) is fits


@given(st.text(string.ascii_lowercase + "*?", max_size=8), st.text(string.ascii_lowercase, max_size=8))
def test_without_separators_stars_and_marks_are_those_of_the_shell(pattern: str, name: str) -> None:
    assert glob(pattern, name) == fnmatch.fnmatchcase(name, pattern)
    assert path_match(pattern, name) == fnmatch.fnmatchcase(name, pattern)

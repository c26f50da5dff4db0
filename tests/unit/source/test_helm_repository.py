"""The index of a chart repository."""

from __future__ import annotations

import pytest

from holdfast.source.helm_index import InvalidIndex
from holdfast.source.helm_repository import (
    Access,
    InvalidReference,
    choose,
    human_size,
    index_json,
    parse_index,
)

INDEX = b"""apiVersion: v1
entries:
  app:
  - {name: app, version: 0.9.0, urls: [a.tgz]}
  - {name: app, version: 0.10.0, description: "a <b>"}
  - {name: app, version: not a version}
  - {name: app, version: 1.0.0-rc.1}
"""


def test_versions_are_sorted_and_invalid_ones_left_out() -> None:
    assert [e["version"] for e in parse_index(INDEX).rows("app") or ()] == ["1.0.0-rc.1", "0.10.0", "0.9.0"]


def test_a_range_means_its_highest_version_and_an_exact_one_itself() -> None:
    index = parse_index(INDEX)
    assert choose(index, "app", "")["version"] == "0.10.0"
    assert choose(index, "app", "<0.10")["version"] == "0.9.0"
    assert choose(index, "app", "1.0.0-rc.1")["version"] == "1.0.0-rc.1"


@pytest.mark.parametrize(
    ("name", "version", "text"),
    [
        ("app", "9", "no 'app' chart with version matching '9' found"),
        ("other", "", "no chart name found"),
        ("App", "", "invalid chart name 'App'"),
    ],
)
def test_what_there_is_not_is_an_invalid_reference(name: str, version: str, text: str) -> None:
    with pytest.raises(InvalidReference, match=text):
        choose(parse_index(INDEX), name, version)


def test_the_stored_json_is_the_same_index_and_escapes_as_go_does() -> None:
    stored = index_json(parse_index(INDEX))
    assert b"a \\u003cb\\u003e" in stored
    assert index_json(parse_index(stored)) == stored


@pytest.mark.parametrize("data", [b"", b"entries: {}", b"- a"])
def test_what_is_no_index_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidIndex):
        parse_index(data)


def test_credentials_stay_with_their_host_unless_told_otherwise() -> None:
    access = Access("u", "p")
    assert access.header("https://a/x.tgz", "https://a/charts")
    assert not access.header("https://b/x.tgz", "https://a/charts")
    assert not access.header("http://a/x.tgz", "https://a/charts")
    assert Access("u", "p", everywhere=True).header("https://b/x.tgz", "https://a/charts")


def test_sizes_have_four_significant_digits() -> None:
    assert [human_size(s) for s in (414, 1234, 12345678)] == ["414B", "1.234kB", "12.35MB"]

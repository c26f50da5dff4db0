"""Indexes of any size, cut into charts."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.base.errors import HoldfastError
from holdfast.kube import yaml
from holdfast.source.helm_index import InvalidIndex, WholeIndex, index_pieces, open_index, valid_rows

ORDINARY = b"""# made by a program
apiVersion: v1
annotations:
  a: "1"
entries:
  # the charts
  app:
  - name: app
    version: 1.0.0
    description: |
      text
        deeper:
    urls: [app-1.0.0.tgz]
  - {name: app, version: 1.10.0}
  "other":
    - name: other
      version: 0.1.0
  none: []
generated: "2026-01-01T00:00:00Z"
"""


def test_charts_are_cut_out_of_an_ordinary_index() -> None:
    index = open_index(ORDINARY)
    assert not isinstance(index, WholeIndex)
    assert list(index.names()) == ["app", "none", "other"]
    assert [r["version"] for r in index.rows("app") or ()] == ["1.10.0", "1.0.0"]
    assert index.rows("none") == []
    assert index.rows("absent") is None
    assert index.head == {"apiVersion": "v1", "annotations": {"a": "1"}, "generated": "2026-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"apiVersion: v1\nentries: {a: [{name: a, version: 1.0.0}]}\n", id="in one line"),
        pytest.param(
            b"apiVersion: v1\nentries:\n  a: &x\n  - {name: a, version: 1.0.0}\n  b: *x\n", id="with an alias"
        ),
        pytest.param(b"apiVersion: v1\nentries:\n  ? a\n  : - {name: a, version: 1.0.0}\n", id="with explicit keys"),
        pytest.param(b"{apiVersion: v1, entries: {a: [{name: a, version: 1.0.0}]}}\n", id="all flow"),
        pytest.param(b'{"apiVersion":"v1","entries":{"a":[{"name":"a","version":"1.0.0"}]}}', id="compact JSON"),
        pytest.param(b"---\napiVersion: v1\nentries:\n    a:\n    - {name: a, version: 1.0.0}\n", id="with a marker"),
        pytest.param(b"apiVersion: v1\r\nentries:\r\n  a:\r\n  - {name: a, version: 1.0.0}\r\n", id="with CRLF"),
    ],
)
def test_an_unusual_layout_means_the_same(data: bytes) -> None:
    assert [r["version"] for r in open_index(data).rows("a") or ()] == ["1.0.0"]


def test_a_text_that_looks_like_a_chart_does_not_become_one() -> None:
    data = b'apiVersion: v1\nentries:\n  a:\n  - {name: a, version: 1.0.0, description: "x\n  b:\n  - y"}\n'
    index = open_index(data)
    assert [r["version"] for r in index.rows("a") or ()] == ["1.0.0"]


def test_a_fault_in_a_chart_names_its_line_in_the_index() -> None:
    data = b"apiVersion: v1\nentries:\n  a:\n  - {name: a, version: 1.0.0}\n  b:\n  - name: [\n"
    with pytest.raises(HoldfastError, match="line 6"):
        open_index(data).rows("b")


@pytest.mark.parametrize("data", [b"", b"entries:\n  a: []\n", b"- a\n", b"apiVersion: v1\nentries: [a]\n"])
def test_what_is_no_index_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidIndex):
        open_index(data)


def test_the_stored_json_is_cut_too_and_is_itself_again() -> None:
    stored = b"".join(index_pieces(open_index(ORDINARY)))
    again = open_index(stored)
    assert not isinstance(again, WholeIndex)
    assert [r["version"] for r in again.rows("app") or ()] == ["1.10.0", "1.0.0"]
    assert b"".join(index_pieces(again)) == stored


_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=12)
_ROW = st.fixed_dictionaries(
    {
        "version": st.sampled_from(["1.0.0", "2.0.0-rc.1", "0.1.0", "x"]),
        "description": _TEXT,
        "keywords": st.lists(_TEXT),
    }
)


@settings(deadline=None, max_examples=50)
@given(st.dictionaries(st.from_regex(r"[a-z][a-z0-9.-]{0,6}", fullmatch=True), st.lists(_ROW, max_size=3), max_size=4))
def test_charts_read_one_by_one_are_what_the_whole_says(entries: dict[str, list[dict[str, object]]]) -> None:
    charts = {n: [{"name": n, **r} for r in rows] for n, rows in entries.items()}
    document = {"apiVersion": "v1", "entries": charts}
    for data in (yaml.dump(document).encode(), json.dumps(document, indent=2, ensure_ascii=False).encode()):
        index = open_index(data)
        assert {n: index.rows(n) for n in index.names()} == {n: valid_rows(rows) for n, rows in sorted(charts.items())}


def test_an_empty_list_of_addresses_stays_one() -> None:
    index = open_index(b"apiVersion: v1\nentries:\n  app:\n  - {name: app, version: 1.0.0, urls: []}\n")
    assert b'"urls": []' in b"".join(index_pieces(index))
    index = open_index(b"apiVersion: v1\nentries:\n  app:\n  - {name: app, version: 1.0.0}\n")
    assert b'"urls": null' in b"".join(index_pieces(index))

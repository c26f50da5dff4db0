"""Paths of single values, in data and on the lines of a document."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from holdfast.kube import yaml
from holdfast.kube.leaves import leaf_lines, leaves, parsed, shown

TEXT = b"""\
kind: A
spec:
  items:
    - name: one
      value: 1
    - name: two
      value: &v
        deep: x
  more: *v
  rows: [1, {a: b}]
"""


def test_every_leaf_of_a_document_has_its_line() -> None:
    lines = leaf_lines(TEXT, 11)
    found = {shown(p): lines[p] for p in leaves(yaml.load(TEXT))}
    assert found == {
        "kind": 11,
        "spec.items[name=one].name": 14,
        "spec.items[name=one].value": 15,
        "spec.items[name=two].name": 16,
        "spec.items[name=two].value.deep": 18,
        "spec.more.deep": 18,
        "spec.rows[0]": 20,
        "spec.rows[1].a": 20,
    }


def test_items_that_share_a_name_are_counted() -> None:
    assert list(leaves({"a": [{"name": "x"}, {"name": "x"}]})) == [("a", "[0]", "name"), ("a", "[1]", "name")]


KEYS = st.text(st.characters(codec="ascii", exclude_characters='"]'), min_size=1)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(), lambda v: st.lists(v) | st.dictionaries(KEYS, v), max_leaves=20
)


@given(VALUES)
def test_no_two_values_share_a_path_and_none_is_lost(value: object) -> None:
    def count(v: object) -> int:
        inner = list(v.values()) if isinstance(v, dict) else v if isinstance(v, list) else []
        return sum(map(count, inner)) if inner else 1

    assert len(leaves(value)) == count(value)


@given(st.lists(st.from_regex(r"[a-z./]+|\[[0-9]\]|\[name=[a-z.]+\]", fullmatch=True)))
def test_a_path_can_be_written_and_read(path: list[str]) -> None:
    assert parsed(shown(tuple(path))) == tuple(path)

"""Folded scalars as kyaml leaves them."""

from __future__ import annotations

import textwrap

import pytest

from holdfast.kube import yaml
from holdfast.kube.yaml import Dialect
from holdfast.kustomize.kyamltext import refold, rewrite

TEXT = b"""\
metadata:
  labels:
    l: >-
      a
       b
  annotations:
    x: >
      a
       b
data:
  x: >
    a
     b
  z: >
    a
    b
"""


def test_lines_around_indented_ones_come_apart_but_not_in_annotations() -> None:
    assert refold(yaml.load(TEXT), TEXT) == {
        "metadata": {"labels": {"l": "a\n\n b"}, "annotations": {"x": "a\n b\n"}},
        "data": {"x": "a\n\n b\n", "z": "a b\n"},
    }


def test_items_of_a_list_are_objects_too() -> None:
    text = b"kind: List\nitems:\n- metadata:\n    annotations:\n      x: >-\n        a\n         b\n  z: >-\n    a\n     b\n"
    assert refold(yaml.load(text), text)["items"] == [{"metadata": {"annotations": {"x": "a\n b"}}, "z": "a\n\n b"}]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a: # one\n    b: 2 # two\n", "a: # one\n  b: 2 # two"),
        ("a: # one\n  - b\n", "a: # one\n- b"),
        ("a: |- # one\n  b\n  c\nd: >\n  e\n  f\n", "a: |- # one\n  b\n  c\nd: >\n  e f"),
        ("a: 2020-01-01\nb: 1.50\n", "a: 2020-01-01\nb: 1.50"),
        ("# top\n\n# head\na: 1\n", "# top\n\n# head\na: 1"),
        ("a: 1\n\n# head\n\nb: 2\n", "a: 1\n# head\n\nb: 2"),
        ("a:\n    b: 1\n    # foot\n# head\nc: 2\n", "a:\n  b: 1\n  # foot\n# head\nc: 2"),
        ("a:\n- b: 1\n  # foot\n- c\n", "a:\n- b: 1\n  # foot\n- c"),
        ("a:\n  b:\n    c: 1\n  # foot\nd: 2\n", "a:\n  b:\n    c: 1\n    # foot\nd: 2"),
        ("a:\n    b: 1\n# end\n", "a:\n  b: 1\n# end"),
    ],
)
def test_comments_and_styles_stay_where_go_yaml_leaves_them(text: str, written: str) -> None:
    assert rewrite(text, yaml.load(text, dialect=Dialect.KYAML)) == written


def test_a_new_field_without_a_value_has_no_quotes() -> None:
    assert rewrite("a: 1\n", {"a": "", "b": ""}) == textwrap.dedent("""\
        a: ""
        b:""")

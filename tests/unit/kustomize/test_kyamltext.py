"""Folded scalars as kyaml leaves them."""

from __future__ import annotations

from holdfast.kube import yaml
from holdfast.kustomize.kyamltext import refold

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

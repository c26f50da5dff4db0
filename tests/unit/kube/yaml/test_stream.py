"""Splitting a stream into documents."""

from __future__ import annotations

import pytest

from holdfast.kube.yaml.errors import Flaw
from holdfast.kube.yaml.scalars import Dialect
from holdfast.kube.yaml.stream import split


@pytest.mark.parametrize(
    ("data", "documents"),
    [
        (b"", []),
        (b"a", [(0, b"a")]),
        (b"a\n---\nb\n", [(0, b"a\n"), (2, b"b\n")]),
        (b"---\na\n---\n", [(0, b"---\na\n")]),
        (b"a\n---\n---\nb", [(0, b"a\n"), (2, b"---\nb")]),
        (b"---\n---\na", [(0, b"---\n"), (2, b"a")]),
        (b"a\n--- # c\nb", [(0, b"a\n"), (2, b"b")]),
        (b"a: |\n  ---\n", [(0, b"a: |\n  ---\n")]),
    ],
)
def test_objects_are_split_as_apimachinery_splits_them(data: bytes, documents: list[tuple[int, bytes]]) -> None:
    assert list(split(data, Dialect.OBJECT)) == documents


@pytest.mark.parametrize(
    ("data", "documents"),
    [
        (b"a\r\n---\r\nb", [(0, b"a\n"), (2, b"b")]),
        (b"---\na\n---\nb\n", [(0, b"---\na\n"), (3, b"b\n")]),
        (b"a\n---", [(0, b"a\n---")]),
    ],
)
def test_kustomize_needs_a_line_break_on_both_sides_of_a_separator(
    data: bytes, documents: list[tuple[int, bytes]]
) -> None:
    assert list(split(data, Dialect.KYAML)) == documents


def test_the_line_of_a_bad_separator_is_known() -> None:
    with pytest.raises(Flaw) as caught:
        list(split(b"a\nb\n---x\n", Dialect.OBJECT))
    assert (caught.value.line, caught.value.message) == (3, "invalid Yaml document separator: x")

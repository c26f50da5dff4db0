"""--set and its kin."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.helm.errors import ValuesError
from holdfast.helm.values import ValueOptions, parse_set


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a=1,b=true,c=null,d=x,e=017,f=1.5", {"a": 1, "b": True, "c": None, "d": "x", "e": "017", "f": "1.5"}),
        ("a.b.c=1", {"a": {"b": {"c": 1}}}),
        ("l[1].x=y", {"l": [None, {"x": "y"}]}),
        ("a={x,2,true}", {"a": ["x", 2, True]}),
        (r"a=b\,c,d\.e=f", {"a": "b,c", "d.e": "f"}),
        ("a={}", {"a": [""]}),
        ("=x", {}),
    ],
)
def test_a_set_text_becomes_typed_values(text: str, wanted: dict[str, Any]) -> None:
    found: dict[str, Any] = {}
    parse_set(text, found)
    assert found == wanted


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a", 'key "a" has no value'),
        ("a[x]=1", "error parsing index"),
        ("a[-1]=1", "negative -1 index"),
        ("a={1,2", "list must terminate with '}'"),
    ],
)
def test_a_bad_set_text_is_told_in_helms_words(text: str, words: str) -> None:
    with pytest.raises(ValuesError) as caught:
        ValueOptions(values=[text]).merged()
    assert words in caught.value.message


def test_the_kinds_of_flags_have_their_own_precedence() -> None:
    options = ValueOptions(
        ["f"], ['a="json"'], ["a=set"], ["a=string"], ["a=file"], ["a=lit,eral"], read=lambda path: b"a: values\nz: 1\n"
    )
    assert options.merged() == {"a": "lit,eral", "z": 1.0}

"""The small language of schemas."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.kube.crdtext import parse


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", {"a": {"type": "string"}}),
        ("a:bool~false", {"a": {"type": "boolean", "default": False}}),
        ("a=x|y", {"a": {"type": "string", "enum": ["x", "y"]}}),
        ("a:str(1,63)", {"a": {"type": "string", "minLength": 1, "maxLength": 63}}),
        ("a:str(,9)", {"a": {"type": "string", "maxLength": 9}}),
        ("a[]", {"a": {"type": "array", "items": {"type": "string"}}}),
        ("a:map", {"a": {"type": "object", "additionalProperties": {"type": "string"}}}),
        ("a:url(http|https)", {"a": {"type": "string", "pattern": "^(http|https)://.*$"}}),
        ("a:url(oci)", {"a": {"type": "string", "pattern": "^oci://.*$"}}),
        ('a:re"^x$"(1,2)', {"a": {"type": "string", "pattern": "^x$", "minLength": 1, "maxLength": 2}}),
        ("a{b; c{d:int}}", {
            "a": {
                "type": "object",
                "properties": {
                    "b": {"type": "string"},
                    "c": {"type": "object", "properties": {"d": {"type": "integer"}}},
                },
            }
        }),
    ],
)  # fmt: skip
def test_a_field_becomes_its_schema(text: str, expected: dict[str, Any]) -> None:
    assert parse(text)["properties"] == expected


def test_required_fields_are_listed_where_they_belong() -> None:
    schema = parse("a!; b{c!; d}; e![]{f!}")
    assert schema["required"] == ["a", "e"]
    assert schema["properties"]["b"]["required"] == ["c"]
    assert schema["properties"]["e"]["items"]["required"] == ["f"]


def test_a_fragment_stands_for_its_fields() -> None:
    assert parse("a@ref", {"ref": "name!"}) == parse("a{name!}")


@pytest.mark.parametrize("text", ["a{b", "a}", "a:wrong", "a;;!"])
def test_a_mistake_in_the_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse(text)

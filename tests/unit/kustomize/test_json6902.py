"""JSON patches with the leniency of the library kustomize uses."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.kustomize import KustomizeError
from holdfast.kustomize.json6902 import apply, decode


@pytest.mark.parametrize(
    ("document", "operation", "expected"),
    [
        pytest.param({"a": 1}, {"op": "add", "path": "/b", "value": 2}, {"a": 1, "b": 2}, id="add sets a key"),
        pytest.param({"a": [1]}, {"op": "add", "path": "/a/-", "value": 2}, {"a": [1, 2]}, id="a dash appends"),
        pytest.param({"a": [1, 2]}, {"op": "remove", "path": "/a/-1"}, {"a": [1]}, id="indices count from the end"),
        pytest.param({"a": 1}, {"op": "replace", "path": "/b", "value": 2}, {"a": 1, "b": 2}, id="replace adds a key"),
        pytest.param({"a/b": 1}, {"op": "remove", "path": "/a~1b"}, {}, id="slashes are escaped"),
        pytest.param({"a": {"b": 1}}, {"op": "move", "from": "/a/b", "path": "/c"}, {"a": {}, "c": 1}, id="move"),
        pytest.param({"a": [1]}, {"op": "copy", "from": "/a", "path": "/b"}, {"a": [1], "b": [1]}, id="copy"),
    ],
)
def test_an_operation_changes_the_document(document: Any, operation: Any, expected: Any) -> None:
    assert apply(document, [operation]) == expected


@pytest.mark.parametrize(
    ("operation", "problem"),
    [
        (
            {"op": "add", "path": "/x/y", "value": 1},
            'add operation does not apply: doc is missing path: "/x/y": missing value',
        ),
        (
            {"op": "remove", "path": "/x"},
            "error in remove for path: '/x': Unable to remove nonexistent key: x: missing value",
        ),
        ({"op": "test", "path": "/a", "value": 2}, "testing value /a failed: test failed"),
        ({"op": "jump", "path": "/a"}, "Unexpected kind: jump"),
        (
            {"op": "replace", "path": "/list/9", "value": 1},
            "replace operation does not apply: doc is missing key: /list/9",
        ),
    ],
)
def test_what_does_not_apply_is_named(operation: Any, problem: str) -> None:
    with pytest.raises(KustomizeError) as caught:
        apply({"a": 1, "list": []}, [operation])
    assert problem in caught.value.message


def test_a_mapping_is_no_patch() -> None:
    with pytest.raises(KustomizeError, match="cannot unmarshal object"):
        decode("a: b")

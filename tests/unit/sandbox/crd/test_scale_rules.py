from __future__ import annotations

from typing import Any

import pytest

from holdfast.sandbox.crd.scale_rules import errors

VERSION = {"subresources": {"scale": {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}}}


@pytest.mark.parametrize(
    ("obj", "texts"),
    [
        ({"spec": {"replicas": 3}}, []),
        ({}, []),
        ({"spec": None}, []),
        ({"spec": {"replicas": -1}}, [".spec.replicas: Invalid value: -1: should be a non-negative integer"]),
        (
            {"spec": {"replicas": 2**31}},
            [".spec.replicas: Invalid value: 2147483648: should be less than or equal to 2147483647"],
        ),
        (
            {"spec": {"replicas": "x"}, "status": 5},
            [
                ".spec.replicas: Invalid value: 0: .spec.replicas accessor error: x is of the type string, expected int64",
                (
                    ".status.replicas: Invalid value: 0: .status.replicas accessor error: 5 is of the type int64, "
                    "expected map[string]interface{}"
                ),
            ],
        ),
    ],
)
def test_replicas_are_integers_where_the_scale_subresource_looks_for_them(
    obj: dict[str, Any], texts: list[str]
) -> None:
    assert [str(error) for error in errors(VERSION, obj)] == texts


def test_without_the_subresource_anything_goes() -> None:
    assert errors({}, {"spec": {"replicas": "x"}}) == []

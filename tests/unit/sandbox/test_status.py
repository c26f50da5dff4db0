"""Refusals word for word."""

from __future__ import annotations

import pytest

from holdfast.sandbox import status
from holdfast.sandbox.status import FieldError


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (status.required("a"), "a: Required value"),
        (status.required("a", "why"), "a: Required value: why"),
        (status.invalid_value("a", 'x"y', "no"), 'a: Invalid value: "x\\"y": no'),
        (status.invalid_value("a", 3), "a: Invalid value: 3"),
        (status.invalid_value("a", {"b": "<"}), 'a: Invalid value: {"b":"\\u003c"}'),
        (status.not_supported("a", "x", ["b", "c"]), 'a: Unsupported value: "x": supported values: "b", "c"'),
        (status.forbidden_field("a", "never"), "a: Forbidden: never"),
        (status.duplicate("a[1]", "x"), 'a[1]: Duplicate value: "x"'),
        (status.too_long("a", 1), "a: Too long: may not be more than 1 byte"),
        (status.too_many("a", 3, 2), "a: Too many: 3: must have at most 2 items"),
    ],
)
def test_a_field_error_reads(error: FieldError, text: str) -> None:
    assert str(error) == text


def test_an_invalid_object_tells_each_thing_once_and_lists_all_causes() -> None:
    one = status.required("metadata.name")
    refused = status.invalid("Deployment", "apps", "d", [one, one, status.required("spec")])
    assert refused.message == 'Deployment.apps "d" is invalid: [metadata.name: Required value, spec: Required value]'
    assert len(refused.status["details"]["causes"]) == 3


def test_details_leave_out_what_is_empty() -> None:
    assert status.not_found("pods", "", "p").status["details"] == {"name": "p", "kind": "pods"}
    assert status.method_not_allowed().status["details"] == {}
    assert "details" not in status.bad_request("x").status


@pytest.mark.parametrize(
    ("refused", "message"),
    [
        (status.forbidden("", "", "", "no"), "forbidden: no"),
        (status.forbidden("pods", "", "", "no"), "pods is forbidden: no"),
        (status.forbidden("roles", "rbac", "r", "no"), 'roles.rbac "r" is forbidden: no'),
    ],
)
def test_what_is_forbidden_is_named_as_far_as_it_is_known(refused: status.StatusError, message: str) -> None:
    assert refused.message == message

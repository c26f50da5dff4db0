from __future__ import annotations

from typing import Any

import pytest

from holdfast.kube.cel import CELError, compile_condition, compile_expression

OBJECT: dict[str, Any] = {"metadata": {"labels": {"v": "1"}}, "status": {"items": [1, 2]}}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("metadata.labels['v'] == '1'", True),
        ("status.items.all(i, i > 0)", True),
        ("has(status.phase)", False),
        ("'a,b'.split(',')[1] == 'b'", True),
        ("size(status.items) == 3", False),
    ],
)
def test_expressions_are_evaluated_on_json(text: str, value: bool) -> None:
    assert compile_expression(text).boolean(OBJECT) is value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("status.phase == 'x'", "failed to evaluate the CEL expression 'status.phase == 'x'': no such key: phase"),
        ("spec.a == 1", "failed to evaluate the CEL expression 'spec.a == 1': no such attribute(s): spec.a"),
        ("'text'", "failed to evaluate CEL expression as boolean: ''text''"),
    ],
)
def test_what_cannot_be_evaluated_is_told_as_cel_go_tells_it(text: str, message: str) -> None:
    with pytest.raises(CELError) as error:
        compile_expression(text).boolean(OBJECT)
    assert error.value.message == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("'text'", "CEL expression output type mismatch: expected bool, got string"),
        ("dep.status", "CEL expression output type mismatch: expected bool, got dyn"),
        ("other.x == 1", "undeclared reference to 'other'"),
        ("dep.x +", "Syntax error: mismatched input '<EOF>'"),
    ],
)
def test_a_condition_is_checked_before_it_is_used(text: str, message: str) -> None:
    with pytest.raises(CELError) as error:
        compile_condition(text, ("dep", "self"))
    assert message in error.value.message

from __future__ import annotations

from typing import Any

import pytest

from holdfast.health.checks import HealthRules, InvalidExpression, told
from holdfast.kube.cel import compile_expression
from holdfast.kube.refs import ObjectRef
from holdfast.model.delivery import HealthExpression
from holdfast.model.health import Health
from holdfast.model.health import HealthStatus as H

RULE = HealthExpression(
    "example.com/v1",
    "Widget",
    "has(status.phase) && status.phase == 'Busy'",
    "status.phase == 'Broken'",
    "status.phase == 'Done'",
)


def widget(**status: Any) -> dict[str, Any]:
    return {
        "apiVersion": "example.com/v2",
        "kind": "Widget",
        "metadata": {"name": "w", "namespace": "n", "generation": 2},
        "status": status,
    }


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({"phase": "Busy"}, H.IN_PROGRESS),
        ({"phase": "Broken"}, H.FAILED),
        ({"phase": "Done"}, H.CURRENT),
        ({"phase": "Else"}, H.IN_PROGRESS),
        ({"phase": "Done", "observedGeneration": 1}, H.IN_PROGRESS),
        ({}, H.UNKNOWN),
    ],
)
def test_expressions_decide_in_their_order_for_every_version_of_the_group(status: dict[str, Any], expected: H) -> None:
    assert HealthRules([RULE], compile_expression).assess(widget(**status), now=0).status is expected


def test_an_expression_that_fails_is_told() -> None:
    found = HealthRules([RULE], compile_expression).assess({**widget(), "status": None} | {"status": {}}, now=0)
    assert found.message == "failed to evaluate the CEL expression 'status.phase == 'Broken'': no such key: phase"


def test_an_expression_that_does_not_compile_is_refused_beforehand() -> None:
    with pytest.raises(InvalidExpression, match=r"healthchecks\[0\]: failed to parse the expression Current"):
        HealthRules([HealthExpression("example.com/v1", "Widget", current="status.phase ==")], compile_expression)


def test_what_is_waited_for_is_listed() -> None:
    ref = ObjectRef("apps", "Deployment", "n", "web")
    assert told([Health(ref, H.IN_PROGRESS), Health(ref, H.UNKNOWN, "why")]) == (
        "[Deployment/n/web status: 'InProgress', Deployment/n/web status: 'Unknown': why]"
    )

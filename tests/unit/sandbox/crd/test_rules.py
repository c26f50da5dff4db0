"""CEL rules of schemas."""

from typing import Any

import pytest

from holdfast.sandbox.crd import rules
from holdfast.sandbox.crd.structural import Node
from holdfast.sandbox.crd.values import MISSING

Body = dict[str, Any]


def judged(schema: Body, value: Any, old: Any = MISSING) -> list[str]:
    return [str(e) for e in rules.run(Node(schema), value, old).errors]


def with_rule(rule: str, schema: Body | None = None, **more: Any) -> Body:
    return {**(schema or {"type": "object", "properties": {}}), "x-kubernetes-validations": [{"rule": rule, **more}]}


def nested(schema: Body) -> Body:
    return {"type": "object", "properties": {"f": schema}}


@pytest.mark.parametrize(
    ("rule", "schema", "value"),
    [
        ("self > 0", {"type": "integer"}, 1),
        ("self.all(k, v, v > 1)", {"type": "object", "additionalProperties": {"type": "integer"}}, {"a": 2}),
        ("quantity(self).isLessThan(quantity('1Gi'))", {"type": "string"}, "512Mi"),
        ("self > timestamp('2020-01-01T00:00:00Z')", {"type": "string", "format": "date-time"}, "2021-01-01T00:00:00Z"),
        ("self < duration('1h')", {"type": "string", "format": "duration"}, "5m"),
        ("self == b'abc'", {"type": "string", "format": "byte"}, "YWJj"),
        ("type(self) == int ? self < 5 : self == '5%'", {"x-kubernetes-int-or-string": True}, "5%"),
        ("ip(self).isLoopback()", {"type": "string"}, "127.0.0.1"),
        ("!format.dns1123Label().validate(self).hasValue()", {"type": "string"}, "abc"),
        ("semver(self).isGreaterThan(semver('1.2.3'))", {"type": "string"}, "1.10.0"),
        ("self.sum() == 6 && self.isSorted()", {"type": "array", "items": {"type": "integer"}}, [1, 2, 3]),
    ],
)
def test_a_rule_holds(rule: str, schema: Body, value: Any) -> None:
    assert judged(nested(with_rule(rule, schema)), {"f": value}) == []


def test_a_time_inside_of_an_object_is_a_time() -> None:
    schema = {"type": "object", "properties": {"t": {"type": "string", "format": "date-time"}}}
    assert judged(with_rule("self.t.getFullYear() > 2000", schema), {"t": "1999-01-01T00:00:00Z"}) == [
        "<nil>: Invalid value: failed rule: self.t.getFullYear() > 2000"
    ]


def test_a_failing_rule_shows_scalars_and_names_the_rule_or_its_message() -> None:
    assert judged(nested(with_rule("self > 1", {"type": "integer"})), {"f": 1}) == [
        "f: Invalid value: 1: failed rule: self > 1"
    ]
    assert judged(nested(with_rule("self > 1", {"type": "integer"}, message="too small")), {"f": 1}) == [
        "f: Invalid value: 1: too small"
    ]


def test_a_message_expression_is_used_unless_it_fails() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    rule = with_rule("false", schema, message="fallback", messageExpression="'a is ' + string(self.a)")
    assert judged(rule, {"a": 1}) == ["<nil>: Invalid value: a is 1"]
    assert judged(rule, {}) == ["<nil>: Invalid value: fallback"]


def test_a_rule_that_fails_while_running_says_why() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    assert judged(nested(with_rule("self.a > 1", schema)), {"f": {}}) == [
        'f: Invalid value: "object": no such key: a evaluating rule: self.a > 1'
    ]


def test_reason_and_field_path_change_the_cause() -> None:
    schema = {"type": "object", "properties": {"m": {"type": "object", "additionalProperties": {"type": "string"}}}}
    assert judged(
        with_rule("false", schema, reason="FieldValueForbidden", fieldPath=".m['k']", message="no"), {"m": {}}
    ) == ["<nil>.m[k]: Forbidden: no"]


def test_a_transition_rule_runs_only_when_there_is_an_old_value() -> None:
    rule = nested(with_rule("self == oldSelf", {"type": "string"}, message="fixed"))
    assert judged(rule, {"f": "a"}) == []
    assert judged(rule, {"f": "b"}, {"f": "a"}) == ['f: Invalid value: "b": fixed']


def test_an_optional_old_value_lets_a_rule_run_on_create() -> None:
    rule = nested(with_rule("!oldSelf.hasValue() || oldSelf.value() == self", {"type": "string"}, optionalOldSelf=True))
    assert judged(rule, {"f": "a"}) == []
    assert len(judged(rule, {"f": "b"}, {"f": "a"})) == 1


def test_an_unchanged_failure_becomes_a_warning() -> None:
    rule = nested(with_rule("self > 1", {"type": "integer"}, message="too small"))
    outcome = rules.run(Node(rule), {"f": 1, "g": 2}, {"f": 1})
    assert outcome.errors == [] and outcome.warnings == ["f: Invalid value: 1: too small"]

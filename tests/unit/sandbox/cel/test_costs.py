"""Rules are typed and priced as a real server does it: the expectations are what kube-apiserver 1.36.3 answered."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.sandbox.crd import schema_rules
from holdfast.sandbox.kinds.field import Errors

TEXT: dict[str, Any] = {"type": "string"}
SHORT: dict[str, Any] = {"type": "string", "maxLength": 20}
TEXTS: dict[str, Any] = {"type": "array", "items": TEXT}
FEW: dict[str, Any] = {"type": "array", "maxItems": 10, "items": {"type": "string", "maxLength": 5}}
PAIR: dict[str, Any] = {
    "type": "object",
    "properties": {"a": TEXT, "p": {"type": "object", "properties": {"q": {"type": "integer"}}}},
}
FIELDS: dict[str, Any] = {
    "s": TEXT, "s2": SHORT, "i": {"type": "integer"}, "b": {"type": "boolean"}, "l": TEXTS, "l2": FEW, "o": PAIR, "namespace": TEXT,
    "m": {"type": "object", "additionalProperties": TEXT}, "ios": {"x-kubernetes-int-or-string": True},
    "dt": {"type": "string", "format": "date-time"},
}  # fmt: skip


def told(rule: str, most: int | None = None, **more: Any) -> list[str]:
    ruled = {"type": "object", "properties": FIELDS, "x-kubernetes-validations": [{"rule": rule, **more}]}
    if most is not None:
        ruled = {"type": "array", "maxItems": most, "items": ruled}
    errs = Errors()
    schema_rules.schema(errs, {"type": "object", "properties": {"spec": ruled}}, "schema")
    return [f"{e.field.removeprefix('schema.properties[spec].')}: {e.detail}" for e in errs]


def complaint(rule: str) -> str:
    (text,) = told(rule)
    where = "compilation failed: ERROR: <input>:"
    return text.partition(where)[2].partition("\n")[0] or text.partition(": ")[2]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("self.o.nope == 1", "1:7: undefined field 'nope'"),
        ("nope(self.s)", "1:5: undeclared reference to 'nope' (in container '')"),
        ("self.i.x == 1", "1:7: type 'int' does not support field selection"),
        ("self.i && self.b", "1:5: expected type 'bool' but found 'int'"),
        ("self.b ? 1 : 'a'", "1:8: found no matching overload for '_?_:_' applied to '(bool, int, string)'"),
        ("self.s == null", "1:8: found no matching overload for '_==_' applied to '(string, null)'"),
        ("self.l in self.l", "1:8: found no matching overload for '@in' applied to '(list(string), list(string))'"),
        ("self.l.all(x, x == 1)", "1:17: found no matching overload for '_==_' applied to '(string, int)'"),
        ("self.m.all(k, v, k == 1)", "1:20: found no matching overload for '_==_' applied to '(string, int)'"),
        ("[1, 'a'].size() == 1", "1:5: expected type 'int' but found 'string'"),
        ("'a'.matches('*')", "1:13: invalid matches argument"),
        ("self.s.all(1, true)", "1:12: argument must be a simple name"),
        ("has(self)", "1:5: invalid argument to has() macro"),
        ("'%d'.format(['a']) == 'a'", "1:14: error during formatting: decimal clause can only be used on integers, was given string"),
        ("'%s'.format([1, 2]) == 'a'", "1:12: too many arguments supplied to string.format (expected 1, got 2)"),
        ("self.s", "cel expression must evaluate to a bool"),
        ("int('x') == 1", "program instantiation failed: type conversion error from 'string' to 'int'"),
    ],
)  # fmt: skip
def test_a_rule_of_wrong_types_is_refused_in_the_checkers_words(rule: str, words: str) -> None:
    assert complaint(rule) == words


def test_all_complaints_stand_in_the_order_of_their_places() -> None:
    (text,) = told("self.nope == 1\n || base64.decode(self.s) == b'a'", message="m")
    assert [line for line in text.split("\n") if "ERROR" in line] == [
        "x-kubernetes-validations[0].rule: compilation failed: ERROR: <input>:1:5: undefined field 'nope'",
        "ERROR: <input>:2:5: undeclared reference to 'base64' (in container '')",
        "ERROR: <input>:2:18: undeclared reference to 'decode' (in container '')",
    ]


@pytest.mark.parametrize(
    "rule",
    [
        "self.namespace == self.s", "type(self.ios) == int ? self.ios < 5 : self.ios.matches('^a')", "self.?o.?p.?q.orValue(1) == 1",
        "self.l2.transformList(i, v, v).size() > 1", "self.l2.map(x, x.size() > 2, x + 'a').size() < 3", "'%s-%d'.format([self.s, self.i]) == 'a-1'",
        "self.?i.optMap(v, v + 1).orValue(0) == 1", "self.dt - self.dt > duration('1h')", "self.l2.slice(1, self.i) == ['a']",
        "!format.dns1123Label().validate(self.s2).hasValue()", "dyn(self.s) == 1", "self.s == r'a\\d' && self.s2 == '''a'''",
    ],
)  # fmt: skip
def test_a_rule_that_is_well_typed_and_cheap_passes(rule: str) -> None:
    assert told(rule) == []


@pytest.mark.parametrize(
    ("rule", "factor"),
    [
        ("self.l.all(x, x.matches('^a+$'))", "more than 100x"),
        ("self.l.all(x, self.l.exists(y, x == y))", "more than 100x"),
        ("sets.contains(self.l, self.l2)", "1.048576x"),
        ("format.dns1123Label().validate(self.s).hasValue() == false", "1.006634x"),
    ],
)
def test_a_rule_that_may_cost_too_much_is_refused(rule: str, factor: str) -> None:
    hint = "(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)"
    exceeds = f"estimated rule cost exceeds budget by factor of {factor} {hint}"
    assert told(rule)[0] == f"x-kubernetes-validations[0].rule: {exceeds}"


def test_the_items_of_the_list_around_a_rule_multiply_its_cost() -> None:
    assert told("self.s2.startsWith('abc')", most=1000) == []
    (text,) = told("self.s.startsWith(self.s)", most=60)
    assert "estimated rule cost exceeds budget by factor of 1.9x" in text


def test_all_rules_together_have_a_limit_of_their_own() -> None:
    rule, dear, total = told("self.s.startsWith(self.s)", most=600)
    assert "estimated rule cost exceeds budget by factor of 18.9x" in rule
    assert dear.endswith("contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema")
    assert "estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of 1.9x" in total


def test_an_old_self_that_cannot_be_told_from_another_is_refused() -> None:
    (text,) = told("oldSelf.s == self.s", most=3)
    assert text.endswith(
        "oldSelf cannot be used on the uncorrelatable portion of the schema within schema.properties[spec]"
    )


def test_a_message_expression_has_to_be_a_text() -> None:
    (text,) = told("true", messageExpression="self.i")
    assert text == "x-kubernetes-validations[0].messageExpression: messageExpression must evaluate to a string"

"""Values from references, and their order."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.cluster.errors import NotFound
from holdfast.model.release import ReleaseValues
from holdfast.reconcile.helm_values import ValuesError, compose

FOUND: dict[tuple[str, str], Any] = {
    ("ConfigMap", "one"): {"values.yaml": b"a: 1\nb: {c: 1, d: 1}\n"},
    ("Secret", "two"): {"values.yaml": b"b: {c: 2}\n", "text": b"p,w=1", "quoted": b"'12'", "broken": b"a: b: c\n"},
    ("ConfigMap", "gone"): NotFound('configmaps "gone" not found'),
}


def values(*references: ReleaseValues, **own: Any) -> dict[str, Any]:
    return compose(own, references, FOUND, "team")


def test_later_references_win_over_earlier_ones_and_what_is_said_inline_over_all() -> None:
    both = (ReleaseValues("ConfigMap", "one"), ReleaseValues("Secret", "two"))
    assert values(*both) == {"a": 1, "b": {"c": 2, "d": 1}}
    assert values(*both, b={"c": 9}) == {"a": 1, "b": {"c": 9, "d": 1}}


def test_one_value_is_put_where_set_would_put_it_and_a_literal_one_as_it_is() -> None:
    at = ReleaseValues("Secret", "two", "text", "x.y")
    assert values(at) == {"x": {"y": "p"}, "w": 1}
    literal = ReleaseValues("Secret", "two", "text", "x.y", literal=True)
    assert values(literal) == {"x": {"y": "p,w=1"}}
    assert values(ReleaseValues("Secret", "two", "quoted", "x")) == {"x": "12"}


def test_numbers_are_those_of_helm() -> None:
    assert isinstance(values(replicas=3)["replicas"], float)


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        (
            ReleaseValues("ConfigMap", "gone"),
            "could not resolve ConfigMap chart values reference 'team/gone' with key 'values.yaml': configmaps \"gone\" not found",
        ),
        (
            ReleaseValues("Secret", "two", "nokey"),
            "could not resolve Secret chart values reference 'team/two' with key 'nokey': key not found",
        ),
        (
            ReleaseValues("Secret", "two", "broken"),
            (
                "could not resolve Secret chart values reference 'team/two' with key 'broken': "
                "error converting YAML to JSON: yaml: mapping values are not allowed in this context"
            ),
        ),
    ],
)
def test_a_reference_that_cannot_be_resolved_is_named(reference: ReleaseValues, message: str) -> None:
    with pytest.raises(ValuesError) as raised:
        values(reference)
    assert raised.value.message == message


def test_an_optional_reference_may_be_missing() -> None:
    missing = ReleaseValues("ConfigMap", "gone", optional=True), ReleaseValues("Secret", "two", "no", optional=True)
    assert values(*missing, a=1) == {"a": 1}

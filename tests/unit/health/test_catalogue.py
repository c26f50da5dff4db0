"""The catalogue of health rules, by the cases that stand beside each rule."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.health import catalogue
from holdfast.health.catalogue import BadRuleError, read_rule, rule_for
from holdfast.kube import yaml
from holdfast.model.sync import AppHealthStatus

RULES = Path(catalogue.__file__).parent / "rules"


def all_cases() -> list[Any]:
    found = []
    for name in sorted(catalogue.kinds()):
        for case in yaml.load((RULES / name / "cases.yaml").read_bytes()):
            found.append(pytest.param(name, case, id=f"{name}: {case['name']}"))
    return found


@pytest.mark.parametrize(("name", "case"), all_cases())
def test_a_rule_says_of_each_of_its_cases_what_the_case_says(name: str, case: dict[str, Any]) -> None:
    health = catalogue.load(name).assess(case["object"])
    assert health is not None
    assert health.status.value == case["health"]
    if "message" in case:
        assert health.message == case["message"]


@pytest.mark.parametrize("name", sorted(catalogue.kinds()))
def test_every_rule_knows_a_good_state_and_one_that_is_not(name: str) -> None:
    found = {case["health"] for case in yaml.load((RULES / name / "cases.yaml").read_bytes())}
    assert "Healthy" in found
    assert len(found) > 1


def test_the_catalogue_covers_the_kinds_most_in_use() -> None:
    assert len(catalogue.kinds()) >= 60


def test_a_kind_is_found_by_its_name_before_a_pattern() -> None:
    assert rule_for("pkg.crossplane.io/Provider") is catalogue.load("pkg.crossplane.io/Provider")
    assert rule_for("s3.aws.upbound.io/Bucket") is catalogue.load("_.upbound.io/_")
    assert rule_for("example.com/Unknown") is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("checks: []\nchecks2: 1\n", ""),
        ("checks: [{health: Fine}]\n", "Fine is no health"),
        ("checks: [{health: Healthy, wen: {}}]\n", "there is no wen in a check"),
        ("checks: [{health: Healthy, when: {path: a, eq: 1}}]\n", "there is no eq in a check"),
        ("[]\n", "a rule is a map with checks"),
    ],
)
def test_a_slip_of_the_pen_in_a_rule_is_told(text: str, message: str) -> None:
    if not message:
        assert read_rule(text.encode(), "r").checks == ()
        return
    with pytest.raises(BadRuleError, match=message):
        read_rule(text.encode(), "r")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
CONDITIONS = st.lists(
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(["Ready", "Synced", "Accepted"]),
            "status": st.sampled_from(["True", "False", "Unknown"]),
        }
    ),
    max_size=3,
)


@given(st.sampled_from(sorted(catalogue.kinds())), JSON, CONDITIONS)
def test_no_rule_breaks_on_an_odd_status(name: str, odd: Any, conditions: list[Any]) -> None:
    obj = {"kind": "X", "metadata": {"generation": 1}, "spec": {}, "status": {"conditions": conditions, "phase": odd}}
    health = catalogue.load(name).assess(obj)
    assert health is None or health.status in AppHealthStatus

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.sandbox.auth.attributes import Attributes
from holdfast.sandbox.auth.rules import Rule, described, uncovered
from holdfast.sandbox.identity import User

AL = User("al")


def asked(verb: str, resource: str = "", **more: Any) -> Attributes:
    return Attributes(AL, verb, resource=resource, **more)


@pytest.mark.parametrize(
    ("source", "question", "allowed"),
    [
        ({"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}, asked("get", "pods"), True),
        ({"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}, asked("list", "pods"), False),
        ({"verbs": ["*"], "apiGroups": [""], "resources": ["pods"]}, asked("frobnicate", "pods"), True),
        ({"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}, asked("get", "pods", subresource="log"), False),
        ({"verbs": ["get"], "apiGroups": [""], "resources": ["*/log"]}, asked("get", "pods", subresource="log"), True),
        ({"verbs": ["get"], "apiGroups": [""], "resources": ["*"]}, asked("get", "pods", subresource="log"), True),
        ({"verbs": ["get"], "apiGroups": ["*"], "resources": ["pods"]}, asked("get", "pods", group="x"), True),
        ({"verbs": ["get"], "nonResourceURLs": ["/a/*"]}, asked("get", path="/a/b"), True),
        ({"verbs": ["get"], "nonResourceURLs": ["/a/*"]}, asked("get", path="/a"), False),
        ({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}, asked("get", path="/a"), False),
    ],
)
def test_a_rule_allows_what_it_names(source: dict[str, Any], question: Attributes, allowed: bool) -> None:
    assert Rule(source).allows(question) is allowed


def test_resource_names_never_allow_what_has_no_name() -> None:
    named = Rule({"verbs": ["*"], "apiGroups": [""], "resources": ["pods"], "resourceNames": ["a"]})
    assert named.allows(asked("get", "pods", name="a"))
    assert not named.allows(asked("create", "pods"))


def test_missing_rules_are_told_a_line_each_with_their_verbs_together() -> None:
    wanted = [{"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods", "pods/log"]}]
    owned = [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}]
    lines = described(uncovered(owned, wanted)).split("\n")
    assert lines == [
        '{APIGroups:[""], Resources:["pods"], Verbs:["list"]}',
        '{APIGroups:[""], Resources:["pods/log"], Verbs:["get" "list"]}',
    ]


words = st.lists(st.sampled_from(["a", "b", "c/d", "*"]), min_size=1, max_size=3, unique=True)
rules = st.fixed_dictionaries({"verbs": words, "apiGroups": words, "resources": words})


@given(st.lists(rules, max_size=3))
def test_everybody_may_grant_what_they_hold(owned: list[dict[str, Any]]) -> None:
    assert uncovered(owned, owned) == []


@given(st.lists(rules, max_size=3), rules, st.sampled_from("abz"), st.sampled_from("abz"), st.sampled_from("abz"))
def test_covered_rules_allow_nothing_more(
    owned: list[dict[str, Any]], wanted: dict[str, Any], verb: str, group: str, resource: str
) -> None:
    question = Attributes(AL, verb, group, resource)
    if not uncovered(owned, [wanted]) and Rule(wanted).allows(question):
        assert any(Rule(own).allows(question) for own in owned)

"""Selectors: anchored expressions and label requirements."""

from __future__ import annotations

import pytest

from holdfast.kustomize import KustomizeError, Resource
from holdfast.kustomize.resource import Previous
from holdfast.kustomize.selectors import CompiledSelector, Selector, parse_requirements


def resource(name: str = "web", labels: dict[str, str] | None = None) -> Resource:
    return Resource({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "labels": labels or {}}})


def selected(selector: Selector, *resources: Resource) -> list[str]:
    return [r.name for r in CompiledSelector(selector).select(resources)]


def test_expressions_match_whole_texts() -> None:
    assert selected(Selector(name="we"), resource("web")) == []
    assert selected(Selector(name="we.*|api"), resource("web"), resource("api"), resource("db")) == ["web", "api"]


def test_a_former_name_still_selects() -> None:
    renamed = resource("dev-web")
    renamed.previous.append(Previous("default", "web", "Deployment"))
    assert selected(Selector(name="web"), renamed) == ["dev-web"]


def test_no_namespace_means_default() -> None:
    assert selected(Selector(namespace="default"), resource()) == ["web"]
    assert selected(Selector(namespace="other"), resource()) == []


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("app=web", True),
        ("app==web,tier!=back", True),
        ("app in (api, web)", True),
        ("app notin (web)", False),
        ("app", True),
        ("!app", False),
        ("weight>5", True),
        ("weight<5", False),
        ("missing notin (a)", True),
        ("", True),
    ],
)
def test_label_requirements(text: str, matches: bool) -> None:
    assert parse_requirements(text).matches({"app": "web", "tier": "front", "weight": "10"}) is matches


@pytest.mark.parametrize("text", ["a=b,", "=b", "a in b", "a b"])
def test_a_wrong_requirement_is_refused(text: str) -> None:
    with pytest.raises(KustomizeError, match=r"found '.*expected"):
        parse_requirements(text)


def test_a_wrong_expression_is_refused() -> None:
    with pytest.raises(KustomizeError, match="error parsing regexp"):
        CompiledSelector(Selector(name="("))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("==", "found '==', expected: !, identifier, or 'end of string'"),
        ("a b", "unable to parse requirement: found 'b', expected: '=', '!=', '==', 'in', notin'"),
        ("n>x", "unable to parse requirement: for 'Gt', 'Lt' operators, the value must be an integer"),
        ("x/y/z=a", 'unable to parse requirement: invalid label key "x/y/z": a qualified name must consist of'),
        ("-a=b", 'unable to parse requirement: invalid label key "-a": name part must consist of'),
        ("a=b-", 'unable to parse requirement: invalid label value: "b-": at key: "a": a valid label must be'),
    ],
)
def test_a_wrong_requirement_is_told_in_the_words_of_the_parser_in_kustomize(text: str, words: str) -> None:
    with pytest.raises(KustomizeError) as caught:
        parse_requirements(text)
    assert caught.value.message.startswith(words)

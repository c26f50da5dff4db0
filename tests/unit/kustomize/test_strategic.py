"""Strategic merge, case by case."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.kube import yaml
from holdfast.kustomize import KustomizeError
from holdfast.kustomize.openapi import Schemas
from holdfast.kustomize.strategic import merge

POD = "apiVersion: v1\nkind: Pod\n"


def merged(target: str, patch: str) -> Any:
    return merge(yaml.load(patch), yaml.load(target), Schemas())


@pytest.mark.parametrize(
    ("target", "patch", "expected"),
    [
        pytest.param("a: 1\nb: 2", "b: 3", {"a": 1, "b": 3}, id="a value replaces a value"),
        pytest.param("a: {b: 1, c: 2}", "a: {b: null}", {"a": {"c": 2}}, id="null removes"),
        pytest.param("a: [1, 2]", "a: [3]", {"a": [3]}, id="a list without keys is replaced"),
        pytest.param(
            "a: {b: 1}", "a: {$patch: replace, c: 2}", {"a": {"c": 2}}, id="replace puts a mapping in the place"
        ),
        pytest.param("a: {b: 1}\nc: 1", "a: {$patch: delete}", {"c": 1}, id="delete removes a mapping"),
        pytest.param("a: 1", "b: {c: null, d: 1}", {"a": 1, "b": {"d": 1}}, id="nulls in what is added go away"),
        pytest.param("a: null", "b: 1", {"a": None, "b": 1}, id="a written null stays"),
    ],
)
def test_mappings_merge(target: str, patch: str, expected: Any) -> None:
    assert merged(target, patch) == expected


@pytest.mark.parametrize(
    ("target", "patch", "expected"),
    [
        pytest.param(
            "[{name: a, image: x}, {name: b}]",
            "[{name: b, image: z}]",
            [{"name": "b", "image": "z"}, {"name": "a", "image": "x"}],
            id="elements merge by name and those of the patch come first",
        ),
        pytest.param(
            "[{name: a}, {name: b}]", "[{name: a, $patch: delete}]", [{"name": "b"}], id="an element is deleted"
        ),
        pytest.param("[{name: a}]", "[{$patch: replace}, {name: c}]", [{"name": "c"}], id="a whole list is replaced"),
        pytest.param("[{name: a}]", "[{name: new}]", [{"name": "new"}, {"name": "a"}], id="a new element comes first"),
    ],
)
def test_containers_merge_by_name(target: str, patch: str, expected: Any) -> None:
    found = merged(f"{POD}spec: {{containers: {target}}}", f"{POD}spec: {{containers: {patch}}}")
    assert found["spec"]["containers"] == expected


def test_ports_merge_by_number_and_protocol() -> None:
    service = "apiVersion: v1\nkind: Service\nspec: {ports: %s}\n"
    old = service % "[{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]"
    found = merged(old, service % "[{port: 53, protocol: TCP, name: dns}]")
    assert found["spec"]["ports"] == [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP", "name": "dns"}]


def test_finalizers_merge_as_plain_values() -> None:
    found = merged(f"{POD}metadata: {{finalizers: [b, c]}}", f"{POD}metadata: {{finalizers: [a, b]}}")
    assert found["metadata"]["finalizers"] == ["a", "b", "c"]


def test_an_unknown_directive_is_refused() -> None:
    with pytest.raises(KustomizeError, match="unknown patch strategy 'explode'"):
        merged("a: {b: 1}", "a: {$patch: explode}")


def test_a_mapping_over_a_text_is_refused_with_both_kinds() -> None:
    with pytest.raises(KustomizeError, match="wrong node kind: expected ScalarNode but got MappingNode"):
        merged("a: text", "a: {b: 1}")


@given(
    st.recursive(
        st.booleans() | st.integers() | st.text(),
        lambda below: st.dictionaries(
            st.text(min_size=1).filter(lambda k: k not in ("$patch", "kind")), below, max_size=4
        ),
        max_leaves=10,
    ).filter(lambda v: isinstance(v, dict))
)
def test_merging_an_object_into_itself_changes_nothing(value: Any) -> None:
    copy = yaml.load(yaml.dump(value)) if value else {}
    assert (merge(copy, yaml.load(yaml.dump(value)) if value else {}, Schemas()) or {}) == copy

"""Differences that do not count."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.kube.refs import GroupVersionKind
from holdfast.kube.schema import builtin
from holdfast.model.sync import DiffRule
from holdfast.plan.sync.ignoring import BadPathError, ignored, owned_paths, program, without_owned

WEB: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "namespace": "ns", "annotations": {"a/b": "1", "c": "2"}},
    "spec": {"replicas": 3, "template": {"spec": {"containers": [{"name": "app", "image": "1"}, {"name": "side"}]}}},
}


def without(**rule: Any) -> dict[str, Any]:
    return ignored(WEB, [DiffRule(group="apps", kind="Deployment", **rule)])


def test_a_pointer_takes_a_field_out() -> None:
    assert "replicas" not in without(json_pointers=("/spec/replicas",))["spec"]
    assert without(json_pointers=("/metadata/annotations/a~1b",))["metadata"]["annotations"] == {"c": "2"}
    containers = without(json_pointers=("/spec/template/spec/containers/0/image",))["spec"]["template"]["spec"][
        "containers"
    ]
    assert containers == [{"name": "app"}, {"name": "side"}]


@pytest.mark.parametrize(
    "pointer", ["/nothing", "/spec/replicas/deeper", "spec", "", "/spec/template/spec/containers/7"]
)
def test_a_pointer_to_nothing_changes_nothing(pointer: str) -> None:
    assert without(json_pointers=(pointer,)) == WEB


def test_a_path_expression_takes_out_what_it_selects() -> None:
    found = without(jq_paths=('.spec.template.spec.containers[] | select(.name == "side")',))
    assert found["spec"]["template"]["spec"]["containers"] == [{"name": "app", "image": "1"}]
    assert without(jq_paths=(".spec.replicas, .metadata.annotations",))["spec"].keys() == {"template"}


@pytest.mark.parametrize("path", [".spec[0].x", ".nothing.at.all", ".spec.replicas | .x"])
def test_a_path_expression_that_does_not_fit_changes_nothing(path: str) -> None:
    assert without(jq_paths=(path,)) == WEB


@pytest.mark.parametrize(
    "path",
    ["def f: f; f", "repeat(.)", "range(1e18)", "while(true; .)", "recurse(.)", "$ENV.HOME", "env.HOME", "input", "[limit(9; repeat(1))]",
     '"\\(repeat(1))"', "until(false; .)", "import \"a\" as a; .", "combinations"],
)  # fmt: skip
def test_an_expression_that_might_not_end_or_looks_outside_is_refused(path: str) -> None:
    with pytest.raises(BadPathError, match="may not use"):
        program(path)


@pytest.mark.parametrize("path", [".spec[", "", "select(.a ==)", "x" * 5000])
def test_an_expression_that_is_none_is_told(path: str) -> None:
    with pytest.raises(BadPathError):
        program(path)


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("nonsense(((", 'unexpected token ")"'),
        (".a bcd", 'unexpected token "bcd"'),
        ("nofunc(1)", "function not defined: nofunc/1"),
    ],
)
def test_an_expression_that_is_none_is_told_in_argo_cds_words(path: str, told: str) -> None:
    with pytest.raises(BadPathError) as caught:
        program(path)
    assert caught.value.message == told


def test_a_field_that_is_called_like_a_refused_word_may_be_used() -> None:
    assert program(".spec.range, .env, .metadata.def") is not None


@pytest.mark.parametrize(
    ("rule", "fits"),
    [
        (DiffRule("apps", "Deployment"), True),
        (DiffRule("*", "*"), True),
        (DiffRule("apps", "Deploy*"), True),
        (DiffRule("", "Deployment"), False),
        (DiffRule("apps", "Deployment", name="other"), False),
        (DiffRule("apps", "Deployment", namespace="ns", name="web"), True),
    ],
)
def test_a_rule_is_for_the_objects_that_it_names(rule: DiffRule, fits: bool) -> None:
    rule = DiffRule(rule.group, rule.kind, rule.name, rule.namespace, json_pointers=("/spec",))
    assert ("spec" not in ignored(WEB, [rule])) is fits


def test_fields_of_a_trusted_manager_are_taken_out_and_items_stay() -> None:
    fields = {
        "f:spec": {
            "f:replicas": {},
            "f:template": {"f:spec": {"f:containers": {'k:{"name":"app"}': {".": {}, "f:image": {}}}}},
        }
    }
    live = {**WEB, "metadata": {**WEB["metadata"], "managedFields": [
        {"manager": "hpa", "operation": "Update", "fieldsType": "FieldsV1", "fieldsV1": fields},
        {"manager": "other", "operation": "Update", "fieldsV1": {"f:spec": {"f:paused": {}}}},
    ]}}  # fmt: skip
    paths = owned_paths(live, ["hpa"])
    schema = builtin().lookup(GroupVersionKind("apps", "v1", "Deployment"))
    found = without_owned(WEB, paths, schema)
    assert found["spec"] == {"template": {"spec": {"containers": [{"name": "app"}, {"name": "side"}]}}}

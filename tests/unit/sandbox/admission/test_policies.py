from __future__ import annotations

from typing import Any

import pytest

from tests.unit.sandbox.auth.cluster import POLICIES, Cluster, rule

MAPS = "/api/v1/namespaces/default/configmaps"
WRITES: dict[str, Any] = {
    "apiGroups": [""],
    "apiVersions": ["v1"],
    "operations": ["CREATE", "UPDATE"],
    "resources": ["configmaps"],
}


def config_map(name: str, **more: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, **more}


def policy(cluster: Cluster, *validations: dict[str, Any], binding: dict[str, Any] | None = None, **spec: Any) -> None:
    rules = {"resourceRules": [spec.pop("rule", WRITES)]}
    body = {"matchConstraints": rules, "validations": list(validations), **spec}
    cluster.made(f"{POLICIES}/validatingadmissionpolicies", {"metadata": {"name": "p"}, "spec": body})
    bound = {"policyName": "p", "validationActions": ["Deny"], **(binding or {})}
    cluster.made(f"{POLICIES}/validatingadmissionpolicybindings", {"metadata": {"name": "b"}, "spec": bound})


def mutation(cluster: Cluster, *mutations: dict[str, Any], **spec: Any) -> None:
    body = {"matchConstraints": {"resourceRules": [WRITES]}, "reinvocationPolicy": "Never", **spec}
    body["mutations"] = list(mutations)
    cluster.made(f"{POLICIES}/mutatingadmissionpolicies", {"metadata": {"name": "m"}, "spec": body})
    cluster.made(
        f"{POLICIES}/mutatingadmissionpolicybindings", {"metadata": {"name": "m"}, "spec": {"policyName": "m"}}
    )


def test_a_denial_has_the_reasons_code_and_the_message() -> None:
    cluster = Cluster()
    policy(cluster, {"expression": "object.metadata.name != 'a'", "reason": "Forbidden", "message": "no a"})
    answer = cluster.send("POST", MAPS, config_map("a"))
    text = "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no a"
    assert (answer.code, answer.body["reason"]) == (403, "Forbidden")
    assert answer.message == f'configmaps "a" is forbidden: {text}'
    assert answer.body["details"]["causes"] == [{"message": text}]
    assert cluster.send("POST", MAPS, config_map("b")).code == 201


def test_a_policy_ends_with_its_binding() -> None:
    cluster = Cluster()
    policy(cluster, {"expression": "false"})
    assert cluster.send("POST", MAPS, config_map("a")).message.endswith("denied request: failed expression: false")
    cluster.send("DELETE", f"{POLICIES}/validatingadmissionpolicybindings/b")
    assert cluster.send("POST", MAPS, config_map("a")).code == 201


def test_warnings_let_through() -> None:
    cluster = Cluster()
    policy(cluster, {"expression": "false", "message": "careful"}, binding={"validationActions": ["Warn", "Audit"]})
    answer = cluster.send("POST", MAPS, config_map("a"))
    assert answer.code == 201
    assert answer.warnings == [
        "299 - \"Validation failed for ValidatingAdmissionPolicy 'p' with binding 'b': careful\""
    ]


@pytest.mark.parametrize(("failure", "code"), [("Fail", 422), ("Ignore", 201)])
def test_an_expression_that_fails_counts_as_the_failure_policy_says(failure: str, code: int) -> None:
    cluster = Cluster()
    policy(cluster, {"expression": "object.data.nope == 'x'"}, failurePolicy=failure)
    assert cluster.send("POST", MAPS, config_map("a", data={"k": "v"})).code == code


def test_deletions_are_judged_by_the_old_object() -> None:
    cluster = Cluster()
    deletions = {**WRITES, "operations": ["DELETE"]}
    policy(cluster, {"expression": "object == null && oldObject.metadata.name != 'keep'"}, rule=deletions)
    cluster.made(MAPS, config_map("keep"))
    cluster.made(MAPS, config_map("go"))
    assert cluster.send("DELETE", f"{MAPS}/go").code == 200
    assert cluster.send("DELETE", f"{MAPS}/keep").code == 422
    assert cluster.send("DELETE", MAPS).message.startswith('configmaps "Unknown" is forbidden')


def test_parameters_are_found_by_name_and_by_selector() -> None:
    cluster = Cluster()
    binding = {"paramRef": {"selector": {"matchLabels": {"p": "y"}}, "parameterNotFoundAction": "Deny"}}
    kind = {"apiVersion": "v1", "kind": "ConfigMap"}
    policy(cluster, {"expression": "object.metadata.name != params.data.bad"}, paramKind=kind, binding=binding)
    missing = cluster.send("POST", MAPS, config_map("a"))
    assert missing.message.endswith(
        "failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction"
    )
    allow = {"spec": {"paramRef": {**binding["paramRef"], "parameterNotFoundAction": "Allow"}}}
    path = f"{POLICIES}/validatingadmissionpolicybindings/b"
    assert cluster.send("PATCH", path, allow, media="application/merge-patch+json").code == 200
    param = config_map("param", data={"bad": "x"})
    cluster.made(MAPS, {**param, "metadata": {"name": "param", "labels": {"p": "y"}}})
    assert cluster.send("POST", MAPS, config_map("x")).code == 422
    assert cluster.send("POST", MAPS, config_map("y")).code == 201


def test_a_changed_policy_is_compiled_anew() -> None:
    cluster = Cluster()
    policy(cluster, {"expression": "false"})
    assert cluster.send("POST", MAPS, config_map("a")).code == 422
    patch = [{"op": "replace", "path": "/spec/validations/0/expression", "value": "true"}]
    path = f"{POLICIES}/validatingadmissionpolicies/p"
    assert cluster.send("PATCH", path, patch, media="application/json-patch+json").code == 200
    assert cluster.send("POST", MAPS, config_map("a")).code == 201


def test_conditions_and_exclusions_skip_a_policy() -> None:
    cluster = Cluster()
    conditions = [{"name": "not-al", "expression": "request.userInfo.username != 'al'"}]
    binding = {
        "matchResources": {
            "excludeResourceRules": [{**WRITES, "resourceNames": ["free"]}],
            "objectSelector": {"matchExpressions": [{"key": "free", "operator": "DoesNotExist"}]},
        }
    }
    policy(cluster, {"expression": "false"}, matchConditions=conditions, binding=binding)
    assert cluster.send("POST", MAPS, config_map("a")).code == 422
    assert cluster.send("POST", MAPS, config_map("free")).code == 201
    labelled = config_map("c") | {"metadata": {"name": "c", "labels": {"free": "1"}}}
    assert cluster.send("POST", MAPS, labelled).code == 201
    assert (
        cluster.send("POST", MAPS, config_map("d"), as_="al", headers={"impersonate-group": "system:masters"}).code
        == 201
    )


def test_applied_configurations_are_merged_and_belong_to_nobody() -> None:
    cluster = Cluster()
    expression = "Object{metadata: Object.metadata{labels: {'a': 'b'}}, data: {'x': object.metadata.name}}"
    mutation(cluster, {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": expression}})
    made = cluster.made(MAPS, config_map("c", data={"y": "1"}))
    assert made["metadata"]["labels"] == {"a": "b"}
    assert made["data"] == {"x": "c", "y": "1"}
    assert [e["fieldsV1"] for e in made["metadata"]["managedFields"]] == [{"f:data": {".": {}, "f:y": {}}}]


def test_a_json_patch_that_cannot_be_carried_out_denies_and_a_failed_test_skips() -> None:
    cluster = Cluster()
    expression = (
        "object.metadata.name == 'a' ? [JSONPatch{op: 'remove', path: '/data/x'}] "
        ": [JSONPatch{op: 'test', path: '/metadata/name', value: 'z'}, JSONPatch{op: 'remove', path: '/metadata/name'}]"
    )
    mutation(cluster, {"patchType": "JSONPatch", "jsonPatch": {"expression": expression}})
    answer = cluster.send("POST", MAPS, config_map("a"))
    assert (answer.code, answer.body["reason"]) == (403, "Invalid")
    assert answer.message == (
        "policy 'm' with binding 'm' denied request: JSON Patch: remove operation does not apply: "
        'doc is missing path: "/data/x": missing value'
    )
    assert cluster.send("POST", MAPS, config_map("b")).code == 201


def test_bindings_and_mutations_are_validated() -> None:
    cluster = Cluster()
    bound = {"metadata": {"name": "b"}, "spec": {"policyName": "p", "validationActions": ["Deny", "Warn", "Deny"]}}
    answer = cluster.send("POST", f"{POLICIES}/validatingadmissionpolicybindings", bound)
    assert {c["field"] for c in answer.body["details"]["causes"]} == {
        "spec.validationActions[2]",
        "spec.validationActions",
    }
    deletions = {**WRITES, "operations": ["DELETE"]}
    body = {
        "matchConstraints": {"resourceRules": [deletions]},
        "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": "1"}}],
    }
    answer = cluster.send("POST", f"{POLICIES}/mutatingadmissionpolicies", {"metadata": {"name": "m"}, "spec": body})
    assert [c["field"] for c in answer.body["details"]["causes"]] == [
        "spec.matchConstraints.resourceRules.operations",
        "spec.mutations[0].jsonPatch.expression",
        "spec.reinvocationPolicy",
    ]


def test_expressions_may_ask_the_authorizer() -> None:
    cluster = Cluster()
    cluster.grant("al", rule("create", "configmaps"), rule("bypass", "configmaps", resourceNames=["free"]))
    by_request = {"expression": "authorizer.requestResource.check('bypass').allowed()", "message": "not you"}
    policy(cluster, by_request)
    assert cluster.send("POST", MAPS, config_map("a"), as_="al").message.endswith("denied request: not you")
    assert cluster.send("POST", MAPS, config_map("free"), as_="al").code == 201
    by_parts = (
        "authorizer.group('').resource('configmaps').namespace('default').name('free').check('bypass').allowed()"
        " && !authorizer.serviceAccount('default', 'x').path('/metrics').check('get').allowed()"
    )
    patch = [{"op": "replace", "path": "/spec/validations/0/expression", "value": by_parts}]
    path = f"{POLICIES}/validatingadmissionpolicies/p"
    assert cluster.send("PATCH", path, patch, media="application/json-patch+json").code == 200
    assert cluster.send("POST", MAPS, config_map("b"), as_="al").code == 201


def test_a_patch_that_does_not_fit_the_kind_is_an_internal_error() -> None:
    cluster = Cluster()
    expression = "[JSONPatch{op: 'add', path: '/data', value: {'n': 1}}]"
    mutation(cluster, {"patchType": "JSONPatch", "jsonPatch": {"expression": expression}})
    answer = cluster.send("POST", MAPS, config_map("a"))
    assert (answer.code, answer.body["reason"]) == (500, "InternalError")
    assert "cannot unmarshal number" in answer.message


def test_configurations_may_not_replace_what_is_atomic() -> None:
    cluster = Cluster()
    pods = {"resourceRules": [{**WRITES, "resources": ["pods"]}]}
    expression = "Object{spec: Object.spec{tolerations: [Object.spec.tolerations{key: 'k'}]}}"
    change = {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": expression}}
    mutation(cluster, change, matchConstraints=pods)
    pod = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    answer = cluster.send("POST", "/api/v1/namespaces/default/pods", pod)
    assert answer.message.endswith(
        "error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: .spec.tolerations"
    )

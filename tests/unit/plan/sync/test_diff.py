"""What differs and what only looks different."""

from __future__ import annotations

import json
from typing import Any

import pytest

from holdfast.kube.refs import GroupVersionKind, ObjectRef
from holdfast.model.sync import DiffRule, Pair, Tracking
from holdfast.plan.sync.diff import LAST_APPLIED, DiffOptions, difference_of, preserved
from holdfast.plan.sync.tracking import TRACKING_ID


def pair(target: dict[str, Any], live: dict[str, Any] | None) -> Pair:
    return Pair(target, live, ObjectRef.of(target), GroupVersionKind.of(target))


def applied(target: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The live object after a client-side apply of the target, with what the server added."""
    note = {LAST_APPLIED: json.dumps(target)}
    annotations = {**((target["metadata"].get("annotations")) or {}), **note}
    return {**target, "metadata": {**target["metadata"], "uid": "1", "annotations": annotations}, **more}


def modified(target: dict[str, Any], live: dict[str, Any] | None, **options: Any) -> bool:
    return difference_of(pair(target, live), DiffOptions(**options)).modified


def cm(data: Any = None, **more: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": data or {"k": "v"}, **more}


def web(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}


def test_what_is_not_there_is_to_be_made_and_what_is_not_wanted_has_no_difference() -> None:
    assert modified(cm(), None)
    extra = Pair(None, cm(), ObjectRef.of(cm()), GroupVersionKind.of(cm()))
    assert not difference_of(extra, DiffOptions()).modified


def test_drift_is_a_difference_and_what_others_added_is_none() -> None:
    assert not modified(cm(), applied(cm()))
    assert modified(cm(), applied(cm(), data={"k": "other"}))
    assert not modified(cm(), applied(cm(), data={"k": "v", "theirs": "x"}))


def test_a_field_that_is_not_wanted_any_more_is_a_difference() -> None:
    live = applied(cm({"k": "v", "old": "x"}))
    assert modified(cm(), live)


def test_without_a_note_of_what_was_applied_only_what_is_wanted_is_compared() -> None:
    live = cm({"k": "v", "theirs": "x"})
    assert not modified(cm(), live)
    assert modified(cm({"k": "w"}), live)


@pytest.mark.parametrize(
    ("target", "live_spec"),
    [
        (web(replicas=1, template={"metadata": {"labels": {}}}), {"replicas": 1, "template": {}, "strategy": {"type": "RollingUpdate"}}),
        (web(paused=False, minReadySeconds=0), {"progressDeadlineSeconds": 600}),
        (web(template={"spec": {"containers": [{"name": "c", "resources": {"limits": {"cpu": "1000m", "memory": "1Gi"}}}]}}),
         {"template": {"spec": {"containers": [{"name": "c", "imagePullPolicy": "Always", "resources": {"limits": {"cpu": "1", "memory": "1024Mi"}}}]}}}),
        (web(template={"spec": {"hostNetwork": False, "tolerations": [{"key": "a"}]}}), {"template": {"spec": {"tolerations": [{"key": "a", "operator": "Equal"}]}}}),
    ],
    ids=["empty maps", "zero values", "quantities", "defaults below a list that is replaced"],
)  # fmt: skip
def test_normal_forms_do_not_differ(target: dict[str, Any], live_spec: dict[str, Any]) -> None:
    assert not modified(target, applied(target, spec=live_spec))


def test_a_value_that_was_there_and_is_gone_differs() -> None:
    target = web(template={"spec": {"tolerations": [{"key": "a", "value": "b"}]}})
    assert modified(target, applied(target, spec={"template": {"spec": {"tolerations": [{"key": "a"}]}}}))


def test_a_secret_is_compared_as_it_is_stored() -> None:
    target = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"a": "b"}}
    live = {k: v for k, v in applied(target, data={"a": "Yg=="}, type="Opaque").items() if k != "stringData"}
    assert not modified(target, live)
    assert modified(target, {**live, "data": {"a": "eA=="}})


def test_custom_resources_are_compared_as_they_are() -> None:
    thing = {
        "apiVersion": "example.com/v1",
        "kind": "Thing",
        "metadata": {"name": "a"},
        "spec": {"cpu": "1000m", "list": [{"a": 1}]},
    }
    assert not modified(thing, applied(thing))
    assert modified(thing, applied(thing, spec={"cpu": "1", "list": [{"a": 1}]}))
    assert modified(thing, applied(thing, spec={"cpu": "1000m", "list": [{"a": 1, "b": 2}]}))
    known = {"example.com/Thing": {"spec.cpu": "core/Quantity"}}
    assert not modified(thing, applied(thing, spec={"cpu": "1", "list": [{"a": 1}]}), known=known)


def test_known_types_of_whole_structs_bring_their_normal_form() -> None:
    thing = {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "a"},
             "spec": {"templates": [{"pod": {"containers": [{"name": "c", "resources": {"limits": {"cpu": "0.5"}}}]}}]}}  # fmt: skip
    live = json.loads(json.dumps(applied(thing)).replace('"0.5"', '"500m"', 1))
    assert modified(thing, live)
    assert not modified(thing, live, known={"example.com/Thing": {"spec.templates.pod": "core/v1/PodSpec"}})


def test_rules_of_aggregated_roles_may_be_left_out() -> None:
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "r"},
            "aggregationRule": {"clusterRoleSelectors": [{}]}, "rules": [{"verbs": ["get"]}]}  # fmt: skip
    live = applied(role, rules=[{"verbs": ["list"]}])
    assert modified(role, live)
    assert not modified(role, live, aggregated=True)


def test_ignored_fields_do_not_differ() -> None:
    rule = DiffRule("apps", "Deployment", json_pointers=("/spec/replicas",))
    assert modified(web(replicas=1), applied(web(replicas=1), spec={"replicas": 4}))
    assert not modified(web(replicas=1), applied(web(replicas=1), spec={"replicas": 4}), rules=(rule,))


def test_server_side_apply_is_compared_by_the_fields_that_we_own() -> None:
    entry = {"manager": "argocd-controller", "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1",
             "fieldsV1": {"f:data": {"f:k": {}, "f:old": {}}}}  # fmt: skip
    live = cm({"k": "v", "old": "x", "theirs": "y"})
    live["metadata"]["managedFields"] = [entry]
    assert modified(cm(), live, by_owner=True)
    del live["data"]["old"]
    assert not modified(cm(), live, by_owner=True)
    assert modified(cm({"k": "w"}), live, by_owner=True)


def test_a_change_of_the_way_of_tracking_is_no_difference_by_itself() -> None:
    tracking = Tracking(app_name="shop")
    target = cm()
    target["metadata"] = {"name": "a", "annotations": {TRACKING_ID: "shop:/ConfigMap:ns/a"}}
    live = cm()
    live["metadata"] = {"name": "a", "labels": {tracking.label_key: "shop"}}
    assert not modified(target, live, tracking=tracking)
    live["metadata"]["annotations"] = {TRACKING_ID: "other:/ConfigMap:ns/a"}
    assert modified(target, live, tracking=tracking)


def test_ignored_fields_are_applied_as_they_are_live() -> None:
    rules = (
        DiffRule("apps", "Deployment", json_pointers=("/spec/replicas", "/metadata/labels/x"), jq_paths=(".status",)),
    )
    live = web(replicas=4, paused=True)
    live["metadata"] = {"name": "web", "labels": {"x": "theirs", "y": "theirs"}}
    live["status"] = {"replicas": 4}
    (found,) = preserved([pair(web(replicas=1), live)], DiffOptions(rules=rules))
    assert found.target == {**web(replicas=4), "metadata": {"name": "web", "labels": {"x": "theirs"}}}


def test_ignored_parts_of_list_items_are_kept_by_their_key() -> None:
    rules = (DiffRule("apps", "Deployment", jq_paths=(".spec.template.spec.containers[].image",)),)

    def of(*images: str) -> dict[str, Any]:
        return web(
            template={"spec": {"containers": [{"name": n, "image": i} for n, i in zip("ab", images, strict=True)]}}
        )

    live = of("a1", "b1")
    live["spec"]["template"]["spec"]["containers"].reverse()
    (found,) = preserved([pair(of("a2", "b2"), live)], DiffOptions(rules=rules))
    assert found.target == of("a1", "b1")


@pytest.mark.parametrize("mode", ["the application", "the object"])
def test_what_the_server_drops_of_a_server_side_apply_does_not_differ(mode: str) -> None:
    target = web(
        minReadySeconds=0,
        strategy={},
        template={"spec": {"hostNetwork": False, "containers": [{"name": "c", "resources": {}}]}},
    )
    if mode == "the object":
        target["metadata"]["annotations"] = {"argocd.argoproj.io/sync-options": "ServerSideApply=true"}
    fields = {
        "f:spec": {
            "f:strategy": {},
            "f:template": {"f:spec": {"f:containers": {'k:{"name":"c"}': {".": {}, "f:name": {}}}}},
        }
    }
    live = web(strategy={"type": "RollingUpdate"}, template={"spec": {"containers": [{"name": "c", "image": "i"}]}})
    live["metadata"] = {
        **target["metadata"],
        "managedFields": [
            {"manager": "argocd-controller", "operation": "Apply", "apiVersion": "apps/v1", "fieldsV1": fields}
        ],
    }
    assert not modified(target, live, by_owner=mode == "the application")
    live["spec"]["template"]["spec"]["containers"][0]["name"] = "other"
    assert modified(target, live, by_owner=mode == "the application")

"""What Argo CD's other programs find in the cache: keys, covered Secrets, trees."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import pytest

from holdfast.dialects.argo import views
from holdfast.dialects.argo.views import Node, Question
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef
from holdfast.model.sync import AppHealth, AppHealthStatus, Pair, ResourceState


def _pair(target: Manifest | None, live: Manifest | None) -> Pair:
    obj = target or live or {}
    return Pair(target, live, ObjectRef.of(obj), GroupVersionKind.of(obj))


def _state(pair: Pair, **facts: Any) -> ResourceState:
    return ResourceState(pair.ref, pair.gvk, **facts)


def _object(kind: str, name: str, group: str = "v1", **more: Any) -> dict[str, Any]:
    return {"apiVersion": group, "kind": kind, "metadata": {"name": name, "namespace": "n", **more}}


@pytest.mark.parametrize(
    ("key", "question"),
    [
        ("app|managed-resources|web|1.8.3.gz", Question(views.MANAGED, "web", True)),
        ("app|resources-tree|team_web|1.8.3", Question(views.TREE, "team_web", False)),
        (
            "cluster|info|https://kubernetes.default.svc|1.8.3.gz",
            Question(views.CLUSTER, "https://kubernetes.default.svc", True),
        ),
        ("repo|https://x|p|connection-state|1.8.3.gz", None),
        ("app|managed-resources|web|1.7.0.gz", None),
    ],
)
def test_keys_ask_for_what_the_controller_writes(key: str, question: Question | None) -> None:
    assert views.asked(key) == question


def test_a_value_is_json_packed_where_the_key_says_so() -> None:
    assert json.loads(gzip.decompress(views.cached([{"a": "ä"}], packed=True))) == [{"a": "ä"}]
    assert views.cached({}, packed=False) == b"{}"


def test_managed_resources_are_sorted_and_what_is_missing_is_null() -> None:
    wanted = _object("Deployment", "a", "apps/v1")
    extra = _object("ConfigMap", "z", resourceVersion="7")
    both = _object("ConfigMap", "b")
    pairs = [_pair(wanted, None), _pair(None, extra), _pair({**both, "data": {"k": "1"}}, both)]
    states = [_state(pairs[0], modified=True), _state(pairs[1], hook=True), _state(pairs[2], modified=True)]
    first, second, third = views.managed(pairs, states)
    assert [(i["kind"], i["name"]) for i in (first, second, third)] == [
        ("ConfigMap", "b"),
        ("ConfigMap", "z"),
        ("Deployment", "a"),
    ]
    assert json.loads(first["predictedLiveState"])["data"] == {"k": "1"} and first["modified"]
    assert second["targetState"] == "null" and second["hook"] and second["resourceVersion"] == "7"
    assert third["liveState"] == third["normalizedLiveState"] == "null" and third["group"] == "apps"


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_values_of_secrets_are_covered_so_that_differences_still_show() -> None:
    before = json.dumps({**_object("Secret", "s"), "stringData": {"same": "x", "other": "old"}})
    live = {
        **_object("Secret", "s", annotations={views.LAST_APPLIED: before}),
        "data": {"same": _encoded("x"), "other": _encoded("by hand")},
    }
    target = {**_object("Secret", "s"), "stringData": {"same": "x", "other": "new"}}
    shown_target, shown_live = views.covered(target, live)
    assert shown_target is not None and shown_live is not None
    assert "stringData" not in shown_target and shown_target["data"] == {"same": "++++++++", "other": "++++++++"}
    assert shown_live["data"] == {"same": "++++++++", "other": "+++++++++"}
    annotation = json.loads(shown_live["metadata"]["annotations"][views.LAST_APPLIED])
    assert annotation["data"]["same"] == "++++++++" and annotation["data"]["other"] == "++++++++++"
    assert "hand" not in json.dumps(shown_live) and live["data"]["same"] == _encoded("x")


def test_an_annotation_that_cannot_be_read_is_covered_whole_and_other_kinds_are_shown() -> None:
    secret = _object("Secret", "s", annotations={views.LAST_APPLIED: "no json: hunter2"})
    _, shown = views.covered(None, secret)
    assert shown is not None and shown["metadata"]["annotations"] == {views.LAST_APPLIED: views.COVER}
    plain = {**_object("ConfigMap", "c"), "data": {"k": "v"}}
    assert views.covered(plain, None) == (plain, None)


def _node(obj: Manifest, status: AppHealthStatus | None = None) -> Node:
    health = AppHealth(status, "why") if status is not None else None
    return Node(ObjectRef.of(obj), GroupVersionKind.of(obj), obj, health)


def test_a_tree_names_parents_among_its_nodes_and_missing_objects_are_missing() -> None:
    web = _object("Deployment", "web", "apps/v1", uid="1", creationTimestamp="2026-01-01T00:00:00Z")
    owner: Any = {"ownerReferences": [{"uid": "1"}, {"uid": "elsewhere"}]}
    pod = {
        **_object("Pod", "web-1", uid="2", **owner),
        "spec": {"nodeName": "n1", "containers": [{"image": "b"}, {"image": "a"}]},
        "status": {"phase": "Running", "containerStatuses": [{"ready": True}, {"ready": False}]},
    }
    lost = _object("ConfigMap", "lost")
    missing = Node(ObjectRef.of(lost), GroupVersionKind.of(lost))
    nodes = [_node(web, AppHealthStatus.HEALTHY), _node(pod), missing]
    found = views.tree(nodes, [_node(_object("ConfigMap", "orphan"))])
    top, below, gone = found["nodes"]
    assert top == {
        "group": "apps",
        "version": "v1",
        "kind": "Deployment",
        "namespace": "n",
        "name": "web",
        "uid": "1",
        "health": {"status": "Healthy", "message": "why"},
        "createdAt": "2026-01-01T00:00:00Z",
    }
    assert [p["uid"] for p in below["parentRefs"]] == ["1"] and below["images"] == ["a", "b"]
    assert {i["name"]: i["value"] for i in below["info"]} == {
        "Status Reason": "Running",
        "Node": "n1",
        "Containers": "1/2",
    }
    assert gone["health"] == {"status": "Missing"} and "uid" not in gone
    assert found["orphanedNodes"][0]["name"] == "orphan" and found["shardsCount"] == 1

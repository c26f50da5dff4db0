"""Targets and live objects, side by side."""

from __future__ import annotations

from typing import Any

from holdfast.kube.refs import ObjectRef
from holdfast.model.sync import Tracking
from holdfast.plan.sync import marks
from holdfast.plan.sync.pairing import normal_targets, pair

MINE = Tracking(app_name="shop", destination="prod")


def scope(group: str, kind: str) -> bool | None:
    return {"ConfigMap": True, "ClusterRole": False}.get(kind)


def obj(
    kind: str, name: str, namespace: str = "", version: str = "v1", uid: str = "", **annotations: str
) -> dict[str, Any]:
    meta: dict[str, Any] = {"name": name}
    if namespace:
        meta["namespace"] = namespace
    if uid:
        meta["uid"] = uid
    if annotations:
        meta["annotations"] = {marks.HOOK: annotations["hook"]}
    return {"apiVersion": version, "kind": kind, "metadata": meta}


def test_targets_get_the_namespace_that_their_kind_needs() -> None:
    rendered = [obj("ConfigMap", "a"), obj("ClusterRole", "r", "prod"), obj("Widget", "w")]
    found = normal_targets(rendered, "prod", scope, MINE)
    assert [ObjectRef.of(o).namespace for o in found.objects] == ["prod", "", "prod"]


def test_of_an_object_that_appears_twice_the_last_counts_and_it_is_told() -> None:
    first, last = obj("ConfigMap", "a", "prod"), {**obj("ConfigMap", "a"), "data": {"x": "1"}}
    found = normal_targets([first, last], "prod", scope, MINE)
    assert [o.get("data") for o in found.objects] == [{"x": "1"}]
    assert [str(r) for r in found.repeated] == [
        "Resource /ConfigMap/prod/a appeared 2 times among application resources."
    ]


def test_generated_names_are_no_repetition() -> None:
    hook = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "a-"}}
    found = normal_targets([hook, hook], "prod", scope, MINE)
    assert len(found.objects) == 2
    assert found.repeated == ()


def test_what_nobody_wants_and_what_is_not_there_are_pairs_with_one_side() -> None:
    targets = [obj("ConfigMap", "new", "prod"), obj("ConfigMap", "both", "prod")]
    lives = [obj("ConfigMap", "both", "prod"), obj("ConfigMap", "old", "prod")]
    found = {p.ref.name: (p.target is not None, p.live is not None) for p in pair(targets, lives, "prod", scope).pairs}
    assert found == {"new": (True, False), "both": (True, True), "old": (False, True)}


def test_an_object_of_a_kind_that_is_not_known_is_looked_for_with_and_without_a_namespace() -> None:
    target = obj("Widget", "w", "prod")
    (found,) = pair([target], [obj("Widget", "w")], "prod", scope).pairs
    assert found.live is not None
    (other,) = pair([target], [obj("Widget", "w", "prod")], "prod", scope).pairs
    assert other.live is not None


def test_hooks_stand_apart_and_live_ones_without_a_target() -> None:
    hook = obj("ConfigMap", "h", "prod", hook="PreSync")
    found = pair([hook], [hook], "prod", scope)
    assert found.hooks == (hook,)
    assert [(p.target, p.ref.name) for p in found.pairs] == [(None, "h")]


def test_hooks_of_deletion_wait_for_it() -> None:
    before, after = obj("ConfigMap", "b", "prod", hook="PreDelete"), obj("ConfigMap", "c", "prod", hook="PostDelete")
    both = obj("ConfigMap", "d", "prod", hook="PostSync,PostDelete")
    found = pair([before, after, both], [], "prod", scope)
    assert found.pairs == ()
    assert found.hooks == (both,)
    assert (found.before_delete, found.after_delete) == ((before,), (after, both))


def test_one_object_that_is_served_twice_counts_once_as_it_is_wanted() -> None:
    target = obj("Ingress", "i", "prod", "networking.k8s.io/v1")
    lives = [obj("Ingress", "i", "prod", v, uid="1") for v in ("networking.k8s.io/v1", "extensions/v1beta1")]
    (found,) = pair([target], lives, "prod", scope).pairs
    assert found.ref.group == "networking.k8s.io"
    assert len(pair([], lives, "prod", scope).pairs) == 1

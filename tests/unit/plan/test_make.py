"""Laws of plans, over ConfigMaps and Deployments that a pure server-side apply made live."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef
from holdfast.kube.schema import builtin
from holdfast.kube.ssa import APPLY, UPDATE, Manager, Updater, decode_entries, encode_entries
from holdfast.kube.ssa_types import type_of
from holdfast.model.delivery import Delivery, IgnoreRule, KustomizeBuild, Ownership, Policy, UnitKey
from holdfast.model.inventory import Inventory
from holdfast.model.live import LiveObject
from holdfast.model.plan import Action, Reason
from holdfast.plan import desired_hash, make_plan, observe, prepare
from holdfast.plan.make import inventory_of

OWNER = Ownership("kustomize-controller", "kustomize.toolkit.fluxcd.io")
KEY = UnitKey("Kustomization", "apps", "web")
NOW = "2026-01-01T00:00:00Z"


def delivery(**policy: Any) -> Delivery:
    return Delivery(
        key=KEY,
        source=UnitKey("GitRepository", "apps", "repo"),
        build=KustomizeBuild(),
        policy=Policy(**{"interval": 60.0, "retry_interval": 60.0, "timeout": 30.0, "prune": True, **policy}),
        owner=OWNER,
    )


def updater(obj: Manifest) -> Updater:
    schema = builtin().lookup(GroupVersionKind.of(obj))
    assert schema is not None
    return Updater(type_of(schema), str(obj["apiVersion"]), ignored={"f:status": {}})


class Cluster:
    """A live view over objects that were applied by the pure rules of server-side apply."""

    def __init__(self) -> None:
        self.objects: dict[ObjectRef, Manifest] = {}
        self.records: dict[ObjectRef, tuple[str, str]] = {}

    def apply(self, obj: Manifest, manager: str = OWNER.manager) -> None:
        ref = ObjectRef.of(obj)
        live = self.objects.get(ref, {})
        managers = decode_entries((live.get("metadata") or {}).get("managedFields") or [])
        merged, managers = updater(obj).apply(live, obj, managers, Manager(manager, APPLY), force=True, now=NOW)
        self._store(ref, merged, managers)

    def edit(self, ref: ObjectRef, manager: str, **data: str) -> None:
        live = self.objects[ref]
        new = copy.deepcopy(live)
        new["data"] = {**new.get("data", {}), **data}
        managers = decode_entries(live["metadata"]["managedFields"])
        found = updater(live).update(live, new, managers, Manager(manager, UPDATE, "v1"), NOW)
        self._store(ref, new, found)

    def _store(self, ref: ObjectRef, obj: Manifest, managers: Any) -> None:
        stored = copy.deepcopy(obj)
        stored["metadata"]["managedFields"] = encode_entries(managers)
        stored["metadata"]["uid"] = f"uid of {ref}"
        self.objects[ref] = stored

    def get(self, ref: ObjectRef) -> LiveObject | None:
        obj = self.objects.get(ref)
        return None if obj is None else observe(obj, OWNER)

    def knows(self, ref: ObjectRef) -> bool:
        return True

    def synced(self, ref: ObjectRef) -> tuple[str, str] | None:
        return self.records.get(ref)

    def record(self, obj: Manifest) -> None:
        live = self.get(ObjectRef.of(obj))
        assert live is not None
        self.records[ObjectRef.of(obj)] = (desired_hash(obj), live.owned)


def config_map(name: str, data: dict[str, str], annotations: dict[str, str] | None = None) -> Manifest:
    meta: Manifest = {"name": name, "namespace": "apps", "labels": OWNER.labels(KEY)}
    if annotations:
        meta["annotations"] = annotations
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data}


def deployment(name: str, image: str) -> Manifest:
    container = {"name": "c", "image": image, "ports": [{"containerPort": 80, "protocol": "TCP"}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "apps", "labels": OWNER.labels(KEY)},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"a": name}},
            "template": {"metadata": {"labels": {"a": name}}, "spec": {"containers": [container]}},
        },
    }


names = st.sampled_from(["a", "b", "c", "d"])
values = st.dictionaries(st.sampled_from("xyz"), st.sampled_from(["1", "2", ""]), min_size=1, max_size=3)
objects = st.builds(
    lambda maps, deployments: (
        [config_map(n, v) for n, v in maps.items()] + [deployment(n, i) for n, i in deployments.items()]
    ),
    st.dictionaries(names, values, max_size=4),
    st.dictionaries(names, st.sampled_from(["i:1", "i:2"]), max_size=2),
)


@given(objects)
@settings(max_examples=60, deadline=None)
def test_the_plan_of_an_applied_state_is_empty(desired: list[Manifest]) -> None:
    cluster = Cluster()
    for obj in desired:
        cluster.apply(obj)
    assert make_plan(delivery(), desired, cluster, inventory_of(desired)).is_empty


@given(objects, objects)
@settings(max_examples=60, deadline=None)
def test_prune_never_includes_what_is_rendered(before: list[Manifest], after: list[Manifest]) -> None:
    plan = make_plan(delivery(), after, Cluster(), inventory_of(before))
    rendered = {ObjectRef.of(o) for o in after}
    assert not rendered & {c.ref for c in plan.prune}
    assert {c.ref for c in plan.prune} == {ObjectRef.of(o) for o in before} - rendered


@given(objects, objects)
@settings(max_examples=40, deadline=None)
def test_nothing_is_pruned_where_pruning_is_off(before: list[Manifest], after: list[Manifest]) -> None:
    assert make_plan(delivery(prune=False), after, Cluster(), inventory_of(before)).prune == ()


@given(objects)
@settings(max_examples=40, deadline=None)
def test_every_object_is_in_exactly_one_stage(desired: list[Manifest]) -> None:
    plan = make_plan(delivery(), desired, Cluster(), Inventory())
    assert sorted(c.ref for s in plan.stages for c in s.changes) == sorted(map(ObjectRef.of, desired))


def test_what_is_missing_is_created() -> None:
    (change,) = make_plan(delivery(), [config_map("a", {"x": "1"})], Cluster(), Inventory()).changes
    assert (change.action, change.reason) == (Action.CREATE, Reason.MISSING)


def test_a_field_that_somebody_else_changed_is_drift() -> None:
    cluster, wanted = Cluster(), config_map("a", {"x": "1"})
    cluster.apply(wanted)
    cluster.record(wanted)
    cluster.edit(ObjectRef.of(wanted), "somebody", x="2")
    (change,) = make_plan(delivery(), [wanted], cluster, Inventory()).changes
    assert (change.action, change.reason) == (Action.UPDATE, Reason.DRIFTED)


def test_a_field_that_somebody_else_added_is_no_drift() -> None:
    cluster, wanted = Cluster(), config_map("a", {"x": "1"})
    cluster.apply(wanted)
    cluster.edit(ObjectRef.of(wanted), "somebody", y="2")
    assert make_plan(delivery(), [wanted], cluster, Inventory()).is_empty


def test_a_field_that_kubectl_added_is_cleaned_up() -> None:
    cluster, wanted = Cluster(), config_map("a", {"x": "1"})
    cluster.apply(wanted)
    cluster.edit(ObjectRef.of(wanted), "kubectl-edit", y="2")
    (change,) = make_plan(delivery(), [wanted], cluster, Inventory()).changes
    assert (change.action, change.reason) == (Action.UPDATE, Reason.FOREIGN_MANAGERS)


def test_with_ssa_merge_what_kubectl_added_stays() -> None:
    wanted = config_map("a", {"x": "1"}, {f"{OWNER.group}/ssa": "Merge"})
    cluster = Cluster()
    cluster.apply(wanted)
    cluster.edit(ObjectRef.of(wanted), "kubectl-edit", y="2")
    assert make_plan(delivery(), [wanted], cluster, Inventory()).is_empty


def test_an_object_of_another_unit_is_taken_over() -> None:
    cluster, wanted = Cluster(), config_map("a", {"x": "1"})
    other = copy.deepcopy(wanted)
    other["metadata"]["labels"][f"{OWNER.group}/name"] = "other"
    cluster.apply(other)
    (change,) = make_plan(delivery(), [wanted], cluster, Inventory()).changes
    assert (change.action, change.reason) == (Action.UPDATE, Reason.TAKE_OVER)


def test_switches_keep_hands_off() -> None:
    cluster = Cluster()
    present = config_map("c", {"x": "1"}, {f"{OWNER.group}/ssa": "IfNotPresent"})
    cluster.apply(present, "somebody")
    desired = [
        config_map("a", {}, {f"{OWNER.group}/reconcile": "Disabled"}),
        config_map("b", {}, {f"{OWNER.group}/ssa": "ignore"}),
        present,
    ]
    changes = make_plan(delivery(), desired, cluster, Inventory()).changes
    assert [(c.action, c.reason) for c in changes] == [
        (Action.SKIP, Reason.RECONCILE_DISABLED),
        (Action.SKIP, Reason.APPLY_IGNORED),
        (Action.SKIP, Reason.IF_NOT_PRESENT),
    ]


def test_other_ignored_fields_are_another_desire() -> None:
    cluster, obj = Cluster(), config_map("a", {"x": "1"})
    ref = ObjectRef.of(obj)
    cluster.apply(config_map("a", {"x": "2"}))
    live = cluster.get(ref)
    assert live is not None
    cluster.records[ref] = (desired_hash(obj, ["/data/x"]), live.owned)
    rules = (IgnoreRule(("/data/x",)),)
    assert make_plan(delivery(ignore=rules), [obj], cluster, inventory_of([obj])).is_empty
    plan = make_plan(delivery(), [obj], cluster, inventory_of([obj]))
    assert [c.action for s in plan.stages for c in s.changes] == [Action.UPDATE]


def test_an_ignored_field_that_somebody_took_over_needs_nothing() -> None:
    cluster, obj = Cluster(), config_map("a", {"x": "1", "y": "1"})
    ref = ObjectRef.of(obj)
    cluster.apply(obj)
    cluster.edit(ref, "somebody", x="2")
    policy = delivery(ignore=(IgnoreRule(("/data/x",)),)).policy
    assert prepare(obj, cluster.objects[ref], policy, OWNER).in_sync
    cluster.edit(ref, "somebody", y="2")
    prepared = prepare(obj, cluster.objects[ref], policy, OWNER)
    assert not prepared.in_sync
    assert prepared.desired["data"] == {"x": "2", "y": "1"}

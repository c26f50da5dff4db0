from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.kube import ssa_values
from holdfast.kube.refs import GroupVersionKind, Manifest
from holdfast.kube.schema import Schema, builtin, custom_resource
from holdfast.kube.ssa import (
    APPLY,
    MISSING,
    UPDATE,
    BadEntryError,
    Change,
    Conflicts,
    Manager,
    Managers,
    Owned,
    Updater,
    decode_entries,
    encode_entries,
    owned_fields_changed,
)
from holdfast.kube.ssa_managed import VersionError, asks_for_reset, capped
from holdfast.kube.ssa_types import type_of

NOW, LATER = "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"


def schema(kind: str = "ConfigMap", group: str = "") -> Schema:
    found = builtin().lookup(GroupVersionKind(group, "v1", kind))
    assert found is not None
    return found


CONFIG_MAP = Updater(type_of(schema()), "v1")


def config_map(**data: str) -> Manifest:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": data}


class Story:
    """One object and those who write it."""

    def __init__(self) -> None:
        self.live: Manifest = {}
        self.managers: Managers = {}

    def apply(self, name: str, *, force: bool = False, now: str = NOW, **data: str) -> None:
        who = Manager(name, APPLY)
        config = config_map(**data) if data else {k: v for k, v in config_map().items() if k != "data"}
        self.live, self.managers = CONFIG_MAP.apply(self.live, config, self.managers, who, force=force, now=now)

    def update(self, name: str, now: str = NOW, **data: str) -> None:
        new = config_map(**data)
        self.managers = CONFIG_MAP.update(self.live, new, self.managers, Manager(name, UPDATE, "v1"), now)
        self.live = new

    @property
    def owners(self) -> dict[str, Any]:
        return {f"{m.name}/{m.operation}": owned.fields.get("f:data") for m, owned in self.managers.items()}


def test_an_applier_loses_what_it_no_longer_applies() -> None:
    story = Story()
    story.apply("a", x="1", y="1")
    story.apply("a", y="1")
    assert story.live["data"] == {"y": "1"}
    assert story.owners == {"a/Apply": {"f:y": {}}}


def test_what_two_appliers_share_stays_until_both_let_go() -> None:
    story = Story()
    story.apply("a", x="1", y="1")
    story.apply("b", x="1")
    story.apply("a", y="1")
    assert story.live["data"] == {"x": "1", "y": "1"}
    story.apply("b")
    assert story.live["data"] == {"y": "1"}


def test_a_conflict_names_the_owner_and_the_field_and_force_takes_it_over() -> None:
    story = Story()
    story.update("ed", k="1")
    with pytest.raises(Conflicts) as caught:
        story.apply("a", k="2")
    assert caught.value.message == 'Apply failed with 1 conflict: conflict with "ed" using v1: .data.k'
    assert caught.value.causes() == [
        {"reason": "FieldManagerConflict", "message": 'conflict with "ed" using v1', "field": ".data.k"}
    ]
    story.apply("a", force=True, k="2")
    assert story.live["data"] == {"k": "2"}
    assert story.owners["a/Apply"] == {"f:k": {}}


def test_several_conflicts_are_grouped_by_manager() -> None:
    story = Story()
    story.apply("b", k="1", l="1")
    story.apply("c", m="1")
    with pytest.raises(Conflicts) as caught:
        story.apply("a", k="2", l="2", m="2")
    assert caught.value.message == (
        'Apply failed with 3 conflicts: conflicts with "b":\n- .data.k\n- .data.l\nconflicts with "c":\n- .data.m'
    )


def test_a_manager_through_a_subresource_is_named_with_it() -> None:
    assert str(Manager("ctl", UPDATE, "apps/v1", "status")) == '"ctl" with subresource "status" using apps/v1'


def test_one_name_that_updates_and_applies_is_two_owners() -> None:
    story = Story()
    story.update("me", k="1")
    with pytest.raises(Conflicts):
        story.apply("me", k="2")


def test_equal_values_are_shared_and_a_co_owner_without_a_change_gets_no_time() -> None:
    story = Story()
    story.apply("a", k="1")
    story.apply("b", now=LATER, k="1")
    assert {m.name: owned.time for m, owned in story.managers.items()} == {"a": NOW, "b": ""}


def test_an_update_takes_what_it_changes_from_everybody() -> None:
    story = Story()
    story.apply("a", k="1", l="1")
    story.update("ed", k="2", l="1")
    assert story.owners == {"a/Apply": {"f:l": {}}, "ed/Update": {"f:k": {}}}


def test_an_update_that_changes_nothing_leaves_no_entry() -> None:
    story = Story()
    story.apply("a", k="1")
    story.update("ed", k="1")
    assert list(story.owners) == ["a/Apply"]


def test_ignored_fields_are_never_owned() -> None:
    updater = Updater(type_of(schema("Pod")), "v1", ignored={"f:status": {}})
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "status": {"phase": "Running"}}
    _, managers = updater.apply({}, {**pod, "spec": {"nodeName": "n"}}, {}, Manager("a", APPLY), force=False, now=NOW)
    assert [owned.fields for owned in managers.values()] == [{"f:spec": {"f:nodeName": {}}}]


def test_a_version_that_is_gone_loses_its_entries() -> None:
    updater = Updater(type_of(schema()), "v1", views=lambda version: None)
    old = {Manager("x", UPDATE, "v9"): Owned({"f:data": {"f:k": {}}}, "v9")}
    _, managers = updater.apply(config_map(k="1"), config_map(k="2"), old, Manager("a", APPLY), force=False, now=NOW)
    assert [manager.name for manager in managers] == ["a"]


def test_a_write_that_another_writers_version_cannot_show_is_told() -> None:
    """A kind whose versions differ: v1 knows no immutable, in which x wrote."""
    narrow = custom_resource(
        {"type": "object", "properties": {"data": {"type": "object", "additionalProperties": {"type": "string"}}}}
    )
    updater = Updater(
        type_of(schema()), "v2", views=lambda version: (type_of(narrow if version == "v1" else schema()), None)
    )
    others = {Manager("x", UPDATE, "v1"): Owned({"f:data": {"f:k": {}}}, "v1")}
    old, new = config_map(k="1"), {**config_map(k="1"), "immutable": True}
    me = Manager("a", UPDATE, "v2")
    with pytest.raises(VersionError, match=r"failed to convert new object: \.immutable: field not declared in schema"):
        updater.update(old, new, others, me, NOW)
    with pytest.raises(VersionError, match="failed to convert old object"):
        updater.update(new, old, others, me, NOW)
    assert len(updater.update(old, config_map(k="2"), others, me, NOW)) == 1


configs = st.dictionaries(st.sampled_from("wxyz"), st.sampled_from("12"), max_size=4)
steps = st.lists(st.tuples(st.sampled_from(["a", "b", "ed"]), configs), max_size=6)


def told(story: Story, writes: list[tuple[str, dict[str, str]]]) -> None:
    for name, data in writes:
        if name == "ed":
            story.update(name, **data)
        else:
            story.apply(name, force=True, **data)


@settings(deadline=None)
@given(steps, configs)
def test_applying_twice_changes_nothing_the_second_time(
    writes: list[tuple[str, dict[str, str]]], data: dict[str, str]
) -> None:
    story = Story()
    told(story, writes)
    story.apply("a", force=True, **data)
    before = copy.deepcopy((story.live, story.managers))
    story.apply("a", now=LATER, **data)
    assert (story.live, story.managers) == before


@settings(deadline=None)
@given(steps, configs)
def test_a_forced_apply_gives_its_values_and_owns_them(
    writes: list[tuple[str, dict[str, str]]], data: dict[str, str]
) -> None:
    story = Story()
    told(story, writes)
    story.apply("b", force=True, **data)
    assert data.items() <= (story.live.get("data") or {}).items()
    assert set(story.owners.get("b/Apply") or {}) == {"f:" + key for key in data}


@settings(deadline=None)
@given(steps)
def test_entries_read_back_as_they_were_written(writes: list[tuple[str, dict[str, str]]]) -> None:
    story = Story()
    told(story, writes)
    assert decode_entries(encode_entries(story.managers)) == story.managers


def test_entries_are_ordered_by_operation_time_and_name() -> None:
    managers = {
        Manager("z", APPLY): Owned({"f:a": {}}, "v1", LATER),
        Manager("y", UPDATE, "v1"): Owned({"f:b": {}}, "v1", NOW),
        Manager("x", UPDATE, "v1", "status"): Owned({"f:c": {}}, "v1", NOW),
    }
    entries = encode_entries(managers)
    assert [e["manager"] for e in entries] == ["z", "x", "y"]
    assert entries[1] == {
        "manager": "x",
        "operation": "Update",
        "apiVersion": "v1",
        "time": NOW,
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:c": {}},
        "subresource": "status",
    }


@pytest.mark.parametrize("change", [{"operation": "X"}, {"apiVersion": ""}, {"fieldsType": ""}, {"fieldsV1": {"x": 1}}])
def test_an_entry_that_cannot_be_read_is_refused(change: dict[str, Any]) -> None:
    entry = {"manager": "m", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": {}}
    with pytest.raises(BadEntryError):
        decode_entries([{**entry, **change}])


@pytest.mark.parametrize(("entries", "reset"), [([], True), ([{}], True), (None, False), ([{"manager": "x"}], False)])
def test_only_an_empty_list_or_entry_gives_up_tracking(entries: Any, reset: bool) -> None:
    assert asks_for_reset(entries) is reset


def test_the_eleventh_updater_folds_the_oldest_into_one_entry_per_version() -> None:
    managers = {
        Manager(f"m{i:02}", UPDATE, "v1"): Owned({"f:data": {f"f:k{i}": {}}}, "v1", f"2026-01-01T00:00:{i:02}Z")
        for i in range(12)
    }
    found = capped(managers)
    assert len(found) == 10
    ancient = found[Manager("ancient-changes", UPDATE, "v1")]
    assert set(ancient.fields["f:data"]) == {"f:k0", "f:k1", "f:k2"}
    assert ancient.time == "2026-01-01T00:00:02Z"


def deployment(image: str = "app:1", **env: str) -> Manifest:
    container = {"name": "app", "image": image, "env": [{"name": k, "value": v} for k, v in env.items()]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "a", "labels": {"app": "a"}},
        "spec": {"selector": {"matchLabels": {"app": "a"}}, "template": {"spec": {"containers": [container]}}},
    }


def cluster_after(applied: Manifest, manager: str = "holdfast") -> Manifest:
    updater = Updater(type_of(schema("Deployment", "apps")), "apps/v1")
    live, managers = updater.apply({}, applied, {}, Manager(manager, APPLY), force=True, now=NOW)
    live = copy.deepcopy(live)
    live["metadata"] |= {"uid": "u", "resourceVersion": "7", "managedFields": encode_entries(managers)}
    live["spec"]["replicas"] = 1
    live["status"] = {"replicas": 1}
    return live


def test_an_object_as_it_was_applied_shows_no_change() -> None:
    assert (
        owned_fields_changed(cluster_after(deployment()), deployment(), "holdfast", schema("Deployment", "apps")) == []
    )


def test_a_change_of_git_and_a_field_dropped_there_are_told_with_both_values() -> None:
    live = cluster_after(deployment(A="1", B="2"))
    found = owned_fields_changed(live, deployment("app:2", B="2"), "holdfast", schema("Deployment", "apps"))
    path = '.spec.template.spec.containers[name="app"]'
    assert found == [
        Change(path + '.env[name="A"]', {"name": "A", "value": "1"}, MISSING),
        Change(path + ".image", "app:1", "app:2"),
    ]


def test_drift_by_somebody_else_is_told_but_their_own_fields_are_not() -> None:
    live = cluster_after(deployment())
    live["spec"]["template"]["spec"]["containers"][0]["image"] = "evil:1"
    live["spec"]["replicas"] = 9
    live["metadata"]["labels"]["extra"] = "theirs"
    del live["metadata"]["labels"]["app"]
    found = owned_fields_changed(live, deployment(), "holdfast", schema("Deployment", "apps"))
    assert found == [
        Change(".metadata.labels.app", MISSING, "a"),
        Change('.spec.template.spec.containers[name="app"].image', "evil:1", "app:1"),
    ]


def test_a_field_that_another_manager_owns_too_is_not_taken_away() -> None:
    live = cluster_after(deployment(A="1"))
    other = copy.deepcopy(live["metadata"]["managedFields"][0]) | {"manager": "other"}
    live["metadata"]["managedFields"].append(other)
    assert owned_fields_changed(live, deployment(), "holdfast", schema("Deployment", "apps")) == []


def test_unreadable_entries_count_as_owning_nothing() -> None:
    live = cluster_after(deployment(A="1"))
    live["metadata"]["managedFields"] = [{"manager": "holdfast"}]
    assert owned_fields_changed(live, deployment(), "holdfast", schema("Deployment", "apps")) == []


def test_asking_changes_neither_object() -> None:
    live, desired = cluster_after(deployment(A="1")), deployment("app:2")
    kept = copy.deepcopy((live, desired))
    owned_fields_changed(live, desired, "holdfast", schema("Deployment", "apps"))
    assert ssa_values.same([live, desired], list(kept))


def test_quantities_in_another_notation_are_no_change() -> None:
    applied = deployment()
    applied["spec"]["template"]["spec"]["containers"][0]["resources"] = {"limits": {"cpu": "1", "memory": "1Gi"}}
    live = cluster_after(applied)
    desired = copy.deepcopy(applied)
    limits = desired["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]
    limits |= {"cpu": "1000m", "memory": "1024Mi"}
    assert owned_fields_changed(live, desired, "holdfast", schema("Deployment", "apps")) == []
    limits["cpu"] = 2
    found = owned_fields_changed(live, desired, "holdfast", schema("Deployment", "apps"))
    assert [(c.before, c.after) for c in found] == [("1", 2)]


def test_string_data_is_compared_as_the_data_it_becomes() -> None:
    live = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"k": "dg=="}}
    desired = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"k": "v"}}
    assert owned_fields_changed(live, desired, "holdfast", schema("Secret")) == []
    desired["stringData"] = {"k": "w"}
    assert [c.path for c in owned_fields_changed(live, desired, "holdfast", schema("Secret"))] == [".data.k"]


def test_an_atomic_part_that_only_says_more_may_hold_defaults() -> None:
    claim = {"metadata": {"name": "d"}, "spec": {"accessModes": ["ReadWriteOnce"]}}
    sets = {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "a"}}
    desired = {**sets, "spec": {"volumeClaimTemplates": [claim]}}
    stored = {**claim, "spec": {**claim["spec"], "volumeMode": "Filesystem"}, "status": {"phase": "Pending"}}
    found = owned_fields_changed(
        {**sets, "spec": {"volumeClaimTemplates": [stored]}}, desired, "m", schema("StatefulSet", "apps")
    )
    assert [(c.path, c.may_be_default) for c in found] == [(".spec.volumeClaimTemplates", True)]
    other = {**stored, "metadata": {"name": "e"}}
    found = owned_fields_changed(
        {**sets, "spec": {"volumeClaimTemplates": [other]}}, desired, "m", schema("StatefulSet", "apps")
    )
    assert [c.may_be_default for c in found] == [False]

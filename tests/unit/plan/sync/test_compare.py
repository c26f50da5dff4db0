"""The entries of status.resources, the word for all of them, and the health of the whole."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.kube.refs import GroupVersionKind, ObjectRef
from holdfast.model.sync import AppHealth, AppHealthStatus, DiffRule, Pair, SyncStatus, Tracking
from holdfast.plan.sync import marks
from holdfast.plan.sync.compare import CompareOptions, compare, health_of, worse
from holdfast.plan.sync.diff import DiffOptions
from holdfast.plan.sync.ignoring import BadPathError
from holdfast.plan.sync.tracking import stamp

MINE = Tracking(app_name="shop", destination="ns")


def cm(name: str, data: str = "v", **annotations: str) -> dict[str, Any]:
    keys = {"hook": marks.HOOK, "wave": marks.WAVE, "options": marks.SYNC_OPTIONS, "compare": marks.COMPARE_OPTIONS}
    meta = {"name": name, "namespace": "ns", "annotations": {keys[k]: v for k, v in annotations.items()}}
    return stamp({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"k": data}}, MINE)


def pair(target: dict[str, Any] | None, live: dict[str, Any] | None) -> Pair:
    obj = target or live or {}
    return Pair(target, live, ObjectRef.of(obj), GroupVersionKind.of(obj))


def options(**more: Any) -> CompareOptions:
    return CompareOptions(diff=DiffOptions(tracking=MINE), **more)


@pytest.mark.parametrize(
    ("one", "sync", "code"),
    [
        (pair(cm("a"), cm("a")), SyncStatus.SYNCED, SyncStatus.SYNCED),
        (pair(cm("a"), cm("a", "w")), SyncStatus.OUT_OF_SYNC, SyncStatus.OUT_OF_SYNC),
        (pair(cm("a"), None), SyncStatus.OUT_OF_SYNC, SyncStatus.OUT_OF_SYNC),
        (pair(None, cm("a")), SyncStatus.OUT_OF_SYNC, SyncStatus.OUT_OF_SYNC),
        (pair(None, cm("a", compare="IgnoreExtraneous")), SyncStatus.OUT_OF_SYNC, SyncStatus.SYNCED),
        (pair(None, cm("a", hook="PostSync")), None, SyncStatus.SYNCED),
        (pair(None, cm("a", hook="PostDelete")), None, SyncStatus.SYNCED),
        (pair(cm("a", hook="Skip"), None), None, SyncStatus.SYNCED),
    ],
    ids=["same", "drifted", "missing", "extra", "extra that does not matter", "hook", "hook of deletion", "skipped"],
)
def test_an_object_is_in_sync_or_not_or_has_no_part_in_it(one: Pair, sync: SyncStatus | None, code: SyncStatus) -> None:
    found = compare([one], [], options())
    assert found.states[0].sync is sync
    assert found.code is code


def test_a_copy_of_somebody_elses_marks_is_listed_and_does_not_count() -> None:
    copy = {**cm("a"), "metadata": {**cm("a")["metadata"], "name": "copy"}}
    found = compare([pair(None, copy)], [], options())
    assert (found.states[0].sync, found.states[0].requires_pruning, found.code) == (None, False, SyncStatus.SYNCED)


def test_what_is_extra_needs_pruning_hooks_too() -> None:
    found = compare(
        [pair(None, cm("a")), pair(None, cm("b", hook="Sync"))], [cm("b", hook="Sync", wave="4")], options()
    )
    assert [(s.requires_pruning, s.hook, s.sync_wave) for s in found.states] == [(True, False, 0), (True, True, 4)]


def test_deletion_is_confirmed_where_the_object_or_the_application_says_so() -> None:
    pairs = [
        pair(cm("a", options="Prune=confirm"), None),
        pair(cm("b"), None),
        pair(cm("c", options="Delete=false"), None),
    ]
    assert [s.requires_deletion_confirmation for s in compare(pairs, [], options()).states] == [True, False, False]
    found = compare(pairs, [], options(options=("Delete=confirm",)))
    assert [s.requires_deletion_confirmation for s in found.states] == [True, True, False]


def test_a_kind_that_the_project_does_not_permit_is_unknown_and_still_counts_as_it_is() -> None:
    refused = options(permitted=lambda ref, gvk: False)
    found = compare([pair(cm("a"), cm("a"))], [], refused)
    assert (found.states[0].sync, found.code) == (SyncStatus.UNKNOWN, SyncStatus.SYNCED)
    assert compare([pair(cm("a"), None)], [], refused).code is SyncStatus.OUT_OF_SYNC


def test_without_targets_nothing_can_be_said() -> None:
    found = compare([pair(None, cm("a"))], [], options(known=False))
    assert (found.states[0].sync, found.code) == (SyncStatus.UNKNOWN, SyncStatus.UNKNOWN)


def test_a_managed_namespace_that_is_not_there_yet_is_no_difference() -> None:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ns"}}
    assert compare([pair(namespace, None)], [], options(managed_namespace="ns")).code is SyncStatus.SYNCED
    assert compare([pair(namespace, None)], [], options()).code is SyncStatus.OUT_OF_SYNC


# --- health


def judged(*found: tuple[Pair, str | None]) -> AppHealthStatus:
    words = {p.ref.name: AppHealth(AppHealthStatus(w)) if w else None for p, w in found}
    return health_of([p for p, _ in found], lambda obj: words[obj["metadata"]["name"]])[0]


def test_an_application_is_as_healthy_as_the_worst_of_its_live_objects() -> None:
    good, bad = pair(cm("a"), cm("a")), pair(cm("b"), cm("b"))
    assert judged((good, "Healthy"), (bad, "Degraded")) is AppHealthStatus.DEGRADED
    assert judged((good, None), (bad, "Suspended")) is AppHealthStatus.SUSPENDED
    assert judged() is AppHealthStatus.HEALTHY


def test_it_is_missing_only_if_none_of_its_objects_is_live() -> None:
    assert judged((pair(cm("a"), None), None)) is AppHealthStatus.MISSING
    assert judged((pair(cm("a"), None), None), (pair(cm("b"), cm("b")), None)) is AppHealthStatus.HEALTHY


def test_hooks_skipped_objects_and_those_that_ask_for_it_do_not_count() -> None:
    ignored = cm("c")
    ignored["metadata"]["annotations"][marks.IGNORE_HEALTH] = "true"
    found = [
        (pair(None, cm("a", hook="Sync")), "Degraded"),
        (pair(cm("b", hook="Skip"), cm("b")), "Degraded"),
        (pair(ignored, ignored), "Degraded"),
    ]
    assert judged(*found) is AppHealthStatus.HEALTHY


def test_worse_is_the_same_from_both_sides() -> None:
    for one in AppHealthStatus:
        for other in AppHealthStatus:
            assert worse(one, other) is worse(other, one)
            assert worse(one, other) in (one, other)


def test_a_slip_in_a_path_expression_is_told_whatever_there_is() -> None:
    rule = DiffRule(group="apps", kind="Deployment", jq_paths=(".spec[",))
    with pytest.raises(BadPathError):
        compare([], [], CompareOptions(diff=DiffOptions(rules=(rule,))))

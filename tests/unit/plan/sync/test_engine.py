"""Passes of a sync, told as stories: a small cluster in memory answers the commands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from holdfast.kube.refs import GroupVersionKind, ObjectRef
from holdfast.model.sync import (
    Answer,
    AppHealth,
    AppHealthStatus,
    Look,
    OperationPhase,
    Pair,
    Remove,
    SelectedResource,
    Send,
    Serves,
    SyncCommand,
    SyncRequest,
    SyncStep,
    SyncStrategy,
    Unhook,
)
from holdfast.plan.sync import marks
from holdfast.plan.sync.engine import Ground, sync_pass
from holdfast.plan.sync.pairing import pair

RUNNING, SUCCEEDED, FAILED = OperationPhase.RUNNING, OperationPhase.SUCCEEDED, OperationPhase.FAILED
KEYS = {"hook": marks.HOOK, "policy": marks.DELETE_POLICY, "wave": marks.WAVE, "options": marks.SYNC_OPTIONS}


def obj(kind: str, name: str, version: str = "v1", **annotations: str) -> dict[str, Any]:
    meta: dict[str, Any] = {"name": name, "namespace": "ns"}
    if annotations:
        meta["annotations"] = {KEYS[k]: v for k, v in annotations.items()}
    return {"apiVersion": version, "kind": kind, "metadata": meta}


def cm(name: str, **annotations: str) -> dict[str, Any]:
    return obj("ConfigMap", name, **annotations)


@dataclass
class World:
    """``refuse`` are objects that are not taken, with the reason; ``health`` is what is said of an object by name;
    ``holds`` are objects that stay for a while after their deletion."""

    live: dict[ObjectRef, dict[str, Any]] = field(default_factory=dict)
    refuse: dict[str, str] = field(default_factory=dict)
    health: dict[str, str] = field(default_factory=dict)
    holds: set[str] = field(default_factory=set)
    unknown: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    sent: list[Send] = field(default_factory=list)

    def answer(self, command: SyncCommand) -> Answer:
        if isinstance(command, Serves):
            text = self.unknown.get(command.gvk.kind, "")
            return Answer(not text, text, missing=bool(text), namespaced=command.gvk.kind != "Namespace")
        if isinstance(command, Look):
            found = self.live.get(self._place(command.ref))
            return Answer(found is not None, missing=found is None, live=found)
        if isinstance(command, Unhook):
            ref = ObjectRef.of(command.live)
            self.said.append(f"free {ref.name}")
            live = self.live.get(ref)
            if live is None:
                return Answer(False, "not found", missing=True)
            live = {**live, "metadata": {**live["metadata"], "finalizers": []}}
            self.live[ref] = live
            return Answer(live=live)
        if isinstance(command, Remove):
            return self._remove(command)
        return self._send(command)

    @staticmethod
    def _place(ref: ObjectRef) -> ObjectRef:
        return ObjectRef(ref.group, ref.kind, "", ref.name) if ref.kind == "Namespace" else ref

    def _remove(self, command: Remove) -> Answer:
        ref = command.ref
        self.said.append(f"delete {ref.name}")
        if ref not in self.live:
            return Answer(False, "not found", missing=True)
        if ref.name in self.holds:
            live = self.live[ref]
            self.live[ref] = {**live, "metadata": {**live["metadata"], "deletionTimestamp": "now"}}
        else:
            del self.live[ref]
        return Answer()

    def _send(self, command: Send) -> Answer:
        ref = self._place(ObjectRef.of(command.target))
        if command.dry_run:
            return Answer(message=f"{ref.name} created (dry run)")
        self.sent.append(command)
        self.said.append(f"apply {ref.name}")
        if ref.name in self.refuse:
            return Answer(False, self.refuse[ref.name])
        self.live[ref] = command.target
        return Answer(message=f"{ref.kind.lower()}/{ref.name} created")

    def judge(self, live: dict[str, Any]) -> AppHealth | None:
        word = self.health.get(live["metadata"]["name"])
        return AppHealth(AppHealthStatus(word), f"it is {word}") if word else None


class Story:
    """An operation from pass to pass."""

    def __init__(self, targets: Sequence[dict[str, Any]], world: World | None = None, **request: Any) -> None:
        self.targets = list(targets)
        self.world = world or World()
        self.request = SyncRequest(**{"revision": "0123456789", "namespace": "ns", **request})
        self.step = SyncStep(RUNNING)

    def go(self, passes: int = 1, **ground: Any) -> SyncStep:
        for _ in range(passes):
            if self.step.phase.completed:
                break
            self.step = self._pass(**ground)
        return self.step

    def end(self, **ground: Any) -> SyncStep:
        return self.go(50, **ground)

    def _pass(self, **ground: Any) -> SyncStep:
        paired = pair(self.targets, list(self.world.live.values()), "ns", lambda group, kind: kind != "Namespace")
        running = sync_pass(
            Ground(
                **{
                    "request": self.request,
                    "pairs": paired.pairs,
                    "hooks": paired.hooks,
                    "results": self.step.results,
                    "phase": self.step.phase,
                    "message": self.step.message,
                    "health": self.world.judge,
                    **ground,
                }
            )
        )
        try:
            commands = next(running)
            while True:
                commands = running.send(tuple(self.world.answer(c) for c in commands))
        except StopIteration as end:
            found: SyncStep = end.value
            return found

    def results(self) -> list[str]:
        return [f"{r.ref.name} {r.status} {r.hook_phase} {r.message}" for r in self.step.results]


# --- objects ----------------------------------------------------------------------------------------------------------


def test_plain_objects_are_applied_in_one_pass_by_kind() -> None:
    story = Story([obj("Service", "web"), cm("b"), cm("a")])
    step = story.go()
    assert (step.phase, step.message) == (SUCCEEDED, "successfully synced (all tasks run)")
    assert story.world.said == ["apply a", "apply b", "apply web"]
    assert story.results()[0] == "a Synced Running configmap/a created"


def test_nothing_to_do_is_a_success() -> None:
    step = Story([]).go()
    assert (step.phase, step.message, step.wake) == (SUCCEEDED, "successfully synced (no more tasks)", None)


def test_waves_follow_each_other_with_a_pause_when_the_earlier_one_is_healthy() -> None:
    story = Story([obj("Deployment", "first", "apps/v1"), cm("second", wave="1")])
    story.world.health["first"] = "Progressing"
    step = story.go()
    assert (step.phase, step.message) == (RUNNING, "waiting for healthy state of apps/Deployment/first")
    assert step.pause == 2.0
    story.go(3)
    assert story.world.said == ["apply first"]
    story.world.health["first"] = "Healthy"
    assert story.end().phase is SUCCEEDED
    assert story.results() == [
        "first Synced Succeeded it is Healthy",
        "second Synced Running configmap/second created",
    ]


def test_an_object_of_an_earlier_wave_that_breaks_fails_the_sync() -> None:
    story = Story([obj("Deployment", "first", "apps/v1"), cm("second", wave="1")])
    story.world.health["first"] = "Degraded"
    step = story.end()
    assert (step.phase, step.message) == (FAILED, "one or more synchronization tasks completed unsuccessfully")


def test_an_object_that_vanishes_is_not_waited_for_without_end() -> None:
    story = Story([cm("first"), cm("second", wave="1")])
    story.go()
    story.world.live.clear()
    story.targets = [cm("first"), cm("second", wave="1")]
    story.world.holds.clear()
    step = story.end()
    assert step.phase is FAILED
    assert "Resource /ConfigMap/first is missing, it might have been deleted" in step.message


def test_a_refused_object_fails_the_sync_and_the_others_of_its_wave_are_applied() -> None:
    story = Story([cm("bad"), cm("good"), cm("later", wave="1")])
    story.world.refuse["bad"] = "no"
    step = story.end()
    assert (step.phase, step.message) == (
        FAILED,
        "one or more synchronization tasks completed unsuccessfully, reason: no",
    )
    assert story.world.said == ["apply bad", "apply good"]


def test_where_nothing_else_runs_a_refusal_ends_the_sync_at_once() -> None:
    story = Story([cm("bad"), cm("later", wave="1")])
    story.world.refuse["bad"] = "no"
    step = story.go()
    assert (step.phase, step.message) == (FAILED, "one or more objects failed to apply, reason: no")


def test_objects_that_cannot_be_applied_at_all_stop_everything_before_it_begins() -> None:
    story = Story([cm("a"), obj("Widget", "w", "example.com/v1")])
    story.world.unknown["Widget"] = "no such kind"
    step = story.go(permitted=lambda o, namespaced: "not permitted" if o["kind"] == "ConfigMap" else "")
    assert step.phase is FAILED
    assert step.message == "one or more synchronization tasks are not valid: no such kind; not permitted"
    assert story.world.said == []
    assert story.results() == ["a SyncFailed None not permitted", "w SyncFailed None no such kind"]


@pytest.mark.parametrize("mark", ["the object", "the operation", "its definition"])
def test_a_kind_that_will_only_exist_later_is_let_through_where_somebody_says_so(mark: str) -> None:
    option = "SkipDryRunOnMissingResource=true"
    widget = obj("Widget", "w", "example.com/v1", **({"options": option} if mark == "the object" else {}))
    crd = obj("CustomResourceDefinition", "d", "apiextensions.k8s.io/v1")
    crd["spec"] = {"group": "example.com", "names": {"kind": "Widget"}}
    targets = [widget, crd] if mark == "its definition" else [widget]
    story = Story(targets, options=(option,) if mark == "the operation" else ())
    story.world.unknown["Widget"] = "the server could not find the requested resource"
    assert story.end().phase is SUCCEEDED
    assert story.world.said[-1] == "apply w"


def test_the_message_for_a_missing_kind_says_what_to_install() -> None:
    story = Story([obj("Widget", "w", "example.com/v1")])
    story.world.unknown["Widget"] = "the server could not find the requested resource"
    step = story.go()
    assert step.results[0].message == (
        "The Kubernetes API could not find example.com/Widget for requested resource ns/w. "
        'Make sure the "Widget" CRD is installed on the destination cluster.'
    )


# --- pruning ----------------------------------------------------------------------------------------------------------


def with_live(*lives: dict[str, Any]) -> World:
    return World(live={ObjectRef.of(o): o for o in lives})


def test_what_is_not_wanted_stays_unless_pruning_is_asked_for() -> None:
    story = Story([], with_live(cm("old")))
    assert story.end().phase is SUCCEEDED
    assert story.results() == ["old PruneSkipped Succeeded ignored (requires pruning)"]


def test_pruning_goes_in_reverse_waves_and_prune_false_stays() -> None:
    world = with_live(cm("a"), cm("b", wave="1"), cm("c", wave="2"), cm("keep", options="Prune=false"))
    story = Story([], world, prune=True)
    assert story.end().phase is SUCCEEDED
    assert world.said == ["delete c", "delete b", "delete a"]
    assert "keep PruneSkipped Succeeded ignored (no prune)" in story.results()


def test_an_option_of_the_operation_counts_for_all() -> None:
    story = Story([], with_live(cm("a")), prune=True, options=("Prune=false",))
    story.end()
    assert story.results() == ["a PruneSkipped Succeeded ignored (no prune)"]


def test_pruning_that_needs_confirmation_holds_everything_up_until_it_comes() -> None:
    story = Story([cm("new")], with_live(cm("old", options="Prune=confirm")), prune=True)
    step = story.go(3)
    assert (step.phase, step.message) == (RUNNING, "waiting for pruning confirmation of /ConfigMap/old")
    assert story.world.said == []
    story.request = SyncRequest(revision="0123456789", namespace="ns", prune=True, confirmed=True)
    assert story.end().phase is SUCCEEDED
    assert story.world.said == ["delete old", "apply new"]


def test_an_object_that_is_slow_to_go_is_waited_for_before_the_next_wave() -> None:
    story = Story([], with_live(cm("slow", wave="1"), cm("last")), prune=True)
    story.world.holds.add("slow")
    step = story.go(4)
    assert step.message == "waiting for deletion of /ConfigMap/slow"
    story.world.live.pop(ObjectRef("", "ConfigMap", "ns", "slow"))
    assert story.end().phase is SUCCEEDED
    assert story.world.said == ["delete slow", "delete last"]


def test_propagation_is_foreground_unless_told() -> None:
    seen: list[str] = []

    class Watching(World):
        def _remove(self, command: Remove) -> Answer:
            seen.append(command.propagation)
            return super()._remove(command)

    for options in ((), ("PrunePropagationPolicy=background",), ("PrunePropagationPolicy=orphan",)):
        Story([], Watching(live={ObjectRef.of(cm("a")): cm("a")}), prune=True, options=options).end()
    assert seen == ["Foreground", "Background", "Orphan"]


# --- hooks ------------------------------------------------------------------------------------------------------------


def test_hooks_run_in_their_phases_and_are_freed_at_the_end() -> None:
    story = Story([cm("main"), cm("post", hook="PostSync"), cm("pre", hook="PreSync"), cm("never", hook="Skip")])
    step = story.end()
    assert (step.phase, step.message) == (SUCCEEDED, "successfully synced (no more tasks)")
    assert [s for s in story.world.said if s.startswith("apply")] == ["apply pre", "apply main", "apply post"]
    assert "pre Synced Succeeded pre created" in story.results()
    assert all(not o["metadata"].get("finalizers") for o in story.world.live.values())
    assert [r.hook_type for r in step.results] == ["PreSync", "", "PostSync"]


def test_the_main_phase_waits_for_a_hook_to_complete() -> None:
    story = Story([cm("main"), obj("Job", "pre", "batch/v1", hook="PreSync")])
    story.world.health["pre"] = "Progressing"
    step = story.go(3)
    assert step.message == "waiting for completion of hook batch/Job/pre"
    assert "apply main" not in story.world.said
    story.world.health["pre"] = "Healthy"
    assert story.end().phase is SUCCEEDED


def test_a_failed_hook_runs_the_hooks_for_failure_and_nothing_else() -> None:
    story = Story(
        [cm("main"), obj("Job", "pre", "batch/v1", hook="PreSync", policy="HookFailed"), cm("sorry", hook="SyncFail")]
    )
    story.world.health["pre"] = "Degraded"
    step = story.end()
    assert (step.phase, step.message) == (FAILED, "one or more synchronization tasks completed unsuccessfully")
    assert [s for s in story.world.said if "free" not in s] == ["apply pre", "delete pre", "apply sorry"]
    assert "pre Synced Failed it is Degraded" in story.results()


def test_hooks_for_failure_do_not_run_when_all_is_well() -> None:
    story = Story([cm("main"), cm("sorry", hook="SyncFail")])
    assert story.end().phase is SUCCEEDED
    assert "apply sorry" not in story.world.said


def test_a_hook_makes_room_for_itself_in_the_next_sync() -> None:
    world = with_live(cm("pre", hook="PreSync"))
    story = Story([cm("pre", hook="PreSync")], world)
    assert story.end().phase is SUCCEEDED
    assert [s for s in world.said if "free" not in s] == ["delete pre", "apply pre"]


def test_a_hook_goes_when_the_sync_has_succeeded_if_it_says_so() -> None:
    story = Story([cm("main"), cm("pre", hook="PreSync", policy="HookSucceeded")])
    story.end()
    assert [o["metadata"]["name"] for o in story.world.live.values()] == ["main"]


def test_a_hook_without_a_name_has_one_name_in_all_passes() -> None:
    hook = obj("Job", "x", "batch/v1", hook="PreSync")
    hook["metadata"] = {"generateName": "job-", "namespace": "ns", "annotations": hook["metadata"]["annotations"]}
    story = Story([cm("main"), hook], started=1700000000.0)
    assert story.end().phase is SUCCEEDED
    assert story.step.results[0].ref.name == "job-0123456-presync-1700000000"


@pytest.mark.parametrize(
    "request_", [{"strategy": SyncStrategy.APPLY}, {"selected": (SelectedResource("", "ConfigMap", "main"),)}]
)
def test_hooks_are_left_out_where_only_objects_are_asked_for(request_: dict[str, Any]) -> None:
    story = Story([cm("main"), cm("pre", hook="PreSync")], **request_)
    story.end()
    assert story.world.said == ["apply main"]


# --- choices ----------------------------------------------------------------------------------------------------------


def test_only_selected_objects_are_synced() -> None:
    chosen = (SelectedResource("", "ConfigMap", "b"), SelectedResource("", "ConfigMap", "c", "other"))
    story = Story([cm("a"), cm("b"), cm("c")], selected=chosen)
    story.end()
    assert story.world.said == ["apply b"]


def test_only_what_differs_is_applied_where_asked_for() -> None:
    story = Story([cm("a"), cm("b"), cm("new")], with_live(cm("a"), cm("b")), options=("ApplyOutOfSyncOnly=true",))
    story.end(modified={ObjectRef.of(cm("a")): False, ObjectRef.of(cm("b")): True})
    assert story.world.said == ["apply b", "apply new"]


def test_a_dry_run_says_what_would_be_done_and_does_nothing() -> None:
    story = Story([cm("a"), cm("pre", hook="PreSync")], with_live(cm("old")), dry_run=True, prune=True)
    step = story.end()
    assert (step.phase, step.message) == (SUCCEEDED, "successfully synced (no more tasks)")
    assert story.world.said == []
    assert sorted(story.results()) == [
        "a Synced Succeeded a created (dry run)",
        "old Pruned Succeeded pruned (dry run)",
        "pre Synced Succeeded pre created (dry run)",
    ]


def test_the_destination_namespace_is_made_first_and_only_where_asked_for() -> None:
    story = Story([cm("a"), cm("pre", hook="PreSync")], options=("CreateNamespace=true",))
    assert story.end().phase is SUCCEEDED
    assert [s for s in story.world.said if "apply" in s] == ["apply ns", "apply pre", "apply a"]
    again = Story([cm("a")], World())
    again.end()
    assert again.world.said == ["apply a"]


def test_the_metadata_of_a_kept_namespace_is_applied_each_time() -> None:
    ns = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ns"}}
    world = World(live={ObjectRef.of(ns): ns})
    story = Story([cm("a")], world, options=("CreateNamespace=true",), namespace_labels={"x": "1"})
    assert story.end().phase is SUCCEEDED
    assert world.sent[0].target["metadata"]["labels"] == {"x": "1"}
    assert world.sent[0].server_side


def test_how_an_object_is_sent_is_told_by_itself_before_the_operation() -> None:
    targets = [
        cm("a"),
        cm("b", options="ServerSideApply=false"),
        cm("c", options="Replace=true,Force=true"),
    ]
    story = Story(targets, options=("ServerSideApply=true", "ClientSideApplyMigration=false"))
    story.end()
    a, b, c = story.world.sent
    assert (a.server_side, a.migrate, a.replace, a.force) == (True, "", False, False)
    assert not b.server_side
    assert (c.replace, c.force) == (True, True)


# --- ending -----------------------------------------------------------------------------------------------------------


def test_termination_ends_the_running_hook_and_keeps_what_was_applied() -> None:
    story = Story([cm("main"), obj("Job", "pre", "batch/v1", hook="PreSync")])
    story.world.health["pre"] = "Progressing"
    story.go(2)
    story.step = SyncStep(OperationPhase.TERMINATING, results=story.step.results)
    step = story.go()
    assert (step.phase, step.message) == (FAILED, "Operation terminated")
    assert story.results() == ["pre Synced Failed Terminated"]
    assert story.world.said == ["apply pre", "free pre", "delete pre"]


def test_a_hook_that_completed_meanwhile_keeps_its_result_when_terminated() -> None:
    story = Story([cm("main"), obj("Job", "pre", "batch/v1", hook="PreSync")])
    story.world.health["pre"] = "Progressing"
    story.go()
    story.world.health["pre"] = "Healthy"
    story.step = SyncStep(OperationPhase.TERMINATING, results=story.step.results)
    story.go()
    assert story.results() == ["pre Synced Succeeded it is Healthy"]


def test_a_pass_after_nothing_happened_changes_nothing() -> None:
    story = Story([obj("Deployment", "first", "apps/v1"), cm("second", wave="1")])
    story.world.health["first"] = "Progressing"
    before = story.go(2)
    after = story.go()
    assert (after.phase, after.message, after.results) == (before.phase, before.message, before.results)
    assert Pair(None, None, ObjectRef("", "", "", ""), GroupVersionKind("", "", "")).obj == {}

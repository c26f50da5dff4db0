"""Kustomizations: bound to ``reconcile``, woken by whatever concerns them.

In: keys of Kustomization objects. Out: their status and events, as Flux's kustomize-controller gives them. What is to be done
is decided and done in ``reconcile``; what the status says in ``dialects``; here the world is observed and the two meet.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from holdfast.base.clock import Clock, Timer
from holdfast.base.duration import format_duration
from holdfast.base.errors import HoldfastError
from holdfast.cluster.client import Selectors
from holdfast.cluster.informer import LightObject, light
from holdfast.controller.artifacts import ArtifactStore
from holdfast.controller.events import NORMAL, WARNING, EventRecorder
from holdfast.controller.foreign_artifacts import KIND as FOREIGN
from holdfast.controller.foreign_artifacts import ForeignArtifacts
from holdfast.controller.handover import Neighbourhood
from holdfast.controller.manager import AT_ONCE, FAILED, WHEN_CHANGED, Manager, Requeue, matters, words
from holdfast.controller.metrics import Sample
from holdfast.controller.patch import ObjectWriter
from holdfast.controller.pins import Past, Pins, nothing_past, pinned
from holdfast.controller.tracing import NoTracing, Tracing
from holdfast.controller.units_index import UnitIndex
from holdfast.dialects.flux import kustomization as flux
from holdfast.dialects.flux.conditions import said
from holdfast.dialects.flux.kustomization_status import (
    REQUESTED,
    drift_status,
    event_annotations,
    event_reason,
    read_status,
    suspended_status,
    write_status,
)
from holdfast.kube.cel import compile_condition, compile_expression
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef
from holdfast.model.delivery import Delivery, Dependency, UnitKey
from holdfast.model.outcome import Event, Outcome, Verdict
from holdfast.model.safety import COMMIT_BUDGET, Budget, DriftMode, Safety
from holdfast.reconcile import (
    ClusterState,
    DependencyState,
    Finalize,
    Finalized,
    Proceed,
    Rest,
    Runner,
    Settle,
    SourceState,
    World,
    decide,
)
from holdfast.reconcile.decide import Settings
from holdfast.reconcile.drift import drift_message
from holdfast.reconcile.targets import Targets
from holdfast.reconcile.waiting import Interruption
from holdfast.render.memo import RenderMemo

log = logging.getLogger(__name__)

SOURCES = "source.toolkit.fluxcd.io"
ORIGIN = "org.opencontainers.image.revision"
JITTER = 0.05
TELL_AFTER = 3.0  # corrections of drift are told together, when nothing more came for a while
HEIR_SECONDS = 10.0  # how long a deleted unit waits for one that builds the same place to take over
WORKERS = 512  # coroutines; how many of them work is limited by the settings, the others wait on watches
SOURCE_SECONDS = 10.0
LATER_EACH, LATER_MOST = 0.0005, 0.2  # seconds by which each unit that did not change makes them all wait
WATCHED = Selectors(labels="reconcile.fluxcd.io/watch=Enabled")


@dataclass(frozen=True, slots=True)
class UnitOptions:
    """What the operator chose for Kustomizations. ``strict``: an unset variable is an error; ``workers`` are the units
    that are built and applied at the same time."""

    settings: Settings = field(default_factory=Settings)
    strict: bool = True
    default_service_account: str = ""
    cross_namespace: bool = True
    external_artifacts: bool = False
    age_secret: tuple[str, str] | None = None
    workers: int = 20
    safety: Safety = field(default_factory=Safety)
    commit_budget: Budget = COMMIT_BUDGET
    home: str = "flux-system"


@dataclass(slots=True)
class _Running:
    interruption: Interruption
    source: UnitKey
    revision: str


class Kustomizations:
    """The reconciler of Kustomization objects. Call ``start`` before the manager runs, ``close`` after."""

    gvk: GroupVersionKind = flux.GVK

    def __init__(
        self,
        manager: Manager,
        artifacts: ArtifactStore,
        events: EventRecorder,
        *,
        options: UnitOptions | None = None,
        past: Past = nothing_past,
        memo: RenderMemo | None = None,
        tracing: Tracing | None = None,
    ) -> None:
        """``past`` brings back what a source was, for units that are pinned to a revision."""
        self._manager = manager
        self._client = manager.client
        self._objects = manager.objects(flux.GVK)
        self._mine = manager.mine(flux.GVK)
        self._artifacts = artifacts
        self._foreign = ForeignArtifacts(artifacts)
        self._events = events
        self._clock: Clock = manager.clock
        self._options = options or UnitOptions()
        self.index = UnitIndex()
        self.state = ClusterState(manager.client, manager.watches, flux.OWNER, self._clock)
        self.state.drifted.append(self._drifted)
        self.targets = Targets(self.state, flux.OWNER, self._clock)
        self.memo = memo or RenderMemo()
        settings = replace(self._options.settings, concurrency=self._options.workers)
        self.around = Neighbourhood(
            manager,
            self.index,
            self._read,
            self._source,
            home=self._options.home,
            commit=self._options.commit_budget,
            age_secret=self._options.age_secret,
        )
        self.runner = self.around.runner = Runner(self.targets, self.memo, settings, self._clock, self.around)
        self.runner.recovered = lambda unit: manager.wake(_ref(unit))
        self._drift: dict[UnitKey, set[ObjectRef]] = defaultdict(set)
        self._due: dict[UnitKey, float] = {}
        self._running: dict[UnitKey, _Running] = {}
        self._tellers: dict[UnitKey, Timer] = {}
        self._met: set[UnitKey] = set()
        self._sources: set[str] = set()
        self._held: set[UnitKey] = set()
        self._left: dict[UnitKey, dict[ObjectRef, str]] = {}
        self._pins = Pins(manager.client, past)
        self._tracing: Tracing = tracing or NoTracing()

    def start(self) -> None:
        self._objects.add_handler(self._unit_changed)
        for kind in ("GitRepository", "OCIRepository", "Bucket"):
            self._follow_source(kind)
        self._artifacts.on_change(self._source_offered)
        for kind in ("ConfigMap", "Secret"):
            informer = self._manager.watches.informer(GroupVersionKind("", "v1", kind), light, selectors=WATCHED)
            informer.add_handler(self._values_changed)
        self._manager.metrics.gauge(
            "holdfast_drifted_objects",
            "Objects that differ from what was applied and are left so.",
            self._drift_samples,
        )
        self._manager.metrics.gauge(
            "holdfast_prunes_held",
            "Units that keep what they do not want any more until somebody agrees.",
            self._held_samples,
        )
        self._manager.add(self, concurrency=WORKERS)

    def _held_samples(self) -> list[Sample]:
        return [((("kind", k.kind), ("name", k.name), ("namespace", k.namespace)), 1.0) for k in sorted(self._held)]

    def _drift_samples(self) -> list[Sample]:
        return [
            ((("kind", k.kind), ("name", k.name), ("namespace", k.namespace)), float(len(left)))
            for k, left in sorted(self._left.items())
            if left
        ]

    async def close(self) -> None:
        for timer in self._tellers.values():
            timer.cancel()
        await self.targets.close()

    # --- who wakes whom

    def _follow_source(self, kind: str) -> None:
        if kind not in self._sources:
            self._sources.add(kind)
            self._manager.objects(GroupVersionKind(SOURCES, "v1", kind)).add_handler(self._source_changed)

    def _unit_changed(self, ref: ObjectRef, old: Manifest | None, new: Manifest | None) -> None:
        key = _key(ref)
        try:
            self.index.put(key, new)
        except (ValueError, KeyError) as error:
            # The definition's validation keeps such objects out; where it is not in force, one must not stop the others.
            log.warning("%s: not a usable Kustomization: %s", ref, error)
        running = self._running.get(key)
        if running is not None and (new is None or (old is not None and matters(old, new))):
            running.interruption.request()
        if old is not None and new is not None and words(old) != words(new):
            self._manager.wake(ref)
        if self._mine is not self._objects and new is not None and (old is None or _labels(old) != _labels(new)):
            # The watch of those that are ours may have told of it before this one knew what it told of.
            self._manager.wake(ref)
        self._reconsider(key, old, new)
        for dependant in self.index.dependants(key):
            waiting = self._objects.get(_ref(dependant))
            if waiting is not None and said(waiting).reason == "DependencyNotReady":
                self._manager.wake(_ref(dependant))

    def _reconsider(self, key: UnitKey, old: Manifest | None, new: Manifest | None) -> None:
        """Who keeps objects that another unit may want looks again when that one appears or has applied."""
        if new is not None and said(new).reason == "PruneHeld":
            self._held.add(key)
            return
        self._held.discard(key)
        if new is None or (old is not None and _inventory(old) == _inventory(new)):
            return
        for held in self._held:
            self._manager.wake(_ref(held))

    def _source_changed(self, ref: ObjectRef, old: Manifest | None, new: Manifest | None) -> None:
        if new is None:
            return
        revision = _revision(new)
        if revision and (old is None or revision != _revision(old)):
            self._wake_users(_key(ref), revision)

    def _source_offered(self, ref: ObjectRef, revision: str) -> None:
        source = self._manager.objects(GroupVersionKind(ref.group, "v1", ref.kind)).get(ref)
        # A newer one is told of by the source's status, once that is written.
        if source is not None and _revision(source) == revision:
            self._wake_users(_key(ref), revision)

    def _wake_users(self, source: UnitKey, revision: str) -> None:
        """Whose directory changed goes first; who has only to say so follows."""
        changed = self._artifacts.changed(ObjectRef(SOURCES, source.kind, source.namespace, source.name), revision)
        for key in self.index.of_source(source):
            running = self._running.get(key)
            if running is not None and running.revision != revision:
                running.interruption.request()
        first, others = self.index.behind(source, revision, changed)
        self._wake_all(first)
        if others:
            self._clock.call_later(min(LATER_MOST, LATER_EACH * len(others)), lambda: self._wake_all(others))

    def _wake_all(self, keys: Iterable[UnitKey]) -> None:
        for key in keys:
            self._manager.wake(_ref(key))

    def _values_changed(self, ref: ObjectRef, old: LightObject | None, new: LightObject | None) -> None:
        """A ConfigMap or Secret that asks to be watched: who uses it looks again."""
        if old is not None and new is not None and old.spec_hash == new.spec_hash:
            return
        for key in self.index.of_values(ref.kind, ref.namespace, ref.name):
            obj = self._objects.get(_ref(key))
            if obj is not None and (obj.get("status") or {}).get("conditions"):
                self._manager.wake(_ref(key))

    def _drifted(self, unit: UnitKey, ref: ObjectRef) -> None:
        self._drift[unit].add(ref)
        self._manager.wake(_ref(unit))

    # --- one turn

    async def reconcile(self, ref: ObjectRef) -> Requeue:
        key, obj = _key(ref), self._objects.get(ref)
        if obj is None or ref not in self._mine:
            self._forget(key)
            return WHEN_CHANGED
        drift = self._drift.pop(key, set())
        if drift and not self._needs_whole_run(key, obj):
            return await self._correct(key, obj, drift)
        writer = ObjectWriter(self._client, obj, flux.STATUS_MANAGER, self._objects)
        finalizers = obj["metadata"].get("finalizers") or ()
        if not obj["metadata"].get("deletionTimestamp") and flux.FINALIZER not in finalizers:
            await writer.add_finalizer(flux.FINALIZER)
            return AT_ONCE
        delivery = self._read(obj)
        world = await self._observe(obj, delivery)
        decision = decide(world, self._options.settings, compile_expression, compile_condition)
        match decision:
            case Finalize():
                return (
                    await self._finalize(obj, world, decision, writer) if flux.FINALIZER in finalizers else WHEN_CHANGED
                )
            case Rest():
                return await self._rest(key, obj, writer)
            case Settle(outcome):
                return await self._conclude(key, obj, writer, self._without_echo(obj, outcome))
            case Proceed():
                if await self._resumes(key, obj, world):
                    return self._next(key, delivery.policy.interval)
                return await self._run(key, obj, world, decision, writer)

    def _read(self, obj: Manifest) -> Delivery:
        options = self._options
        return flux.read(
            obj,
            strict=options.strict,
            default_service_account=options.default_service_account,
            safety=options.safety,
        )

    def _needs_whole_run(self, key: UnitKey, obj: Manifest) -> bool:
        status, meta = obj.get("status") or {}, obj["metadata"]
        due = self._due.get(key)
        asked = (meta.get("annotations") or {}).get(REQUESTED)
        source = self._source_object(flux.read(obj).source)
        return (
            bool(meta.get("deletionTimestamp"))
            or due is None
            or self._clock.monotonic() >= due
            or status.get("observedGeneration") != meta.get("generation")
            or (asked is not None and asked != status.get("lastHandledReconcileAt"))
            or said(obj).ready != "True"
            or (source is not None and _revision(source) != status.get("lastAttemptedRevision"))
        )

    async def _resumes(self, key: UnitKey, obj: Manifest, world: World) -> bool:
        """At its first turn in this process a unit that is as it was left needs nothing said or written."""
        if key in self._met:
            return False
        self._met.add(key)
        status, meta = obj.get("status") or {}, obj["metadata"]
        asked = (meta.get("annotations") or {}).get(REQUESTED)
        as_left = (
            said(obj).ready == "True"
            and status.get("observedGeneration") == meta.get("generation")
            and status.get("lastAppliedRevision") == world.source.revision
            and asked in (None, status.get("lastHandledReconcileAt"))
        )
        return as_left and await self.runner.resume(world)

    def _next(self, key: UnitKey, interval: float) -> Requeue:
        """The next regular run, a little off the beat so that not all units have the same one."""
        after = interval * (1 + JITTER * (2 * random.random() - 1))
        self._due[key] = self._clock.monotonic() + after
        return Requeue(after=after)

    async def _run(self, key: UnitKey, obj: Manifest, world: World, decision: Proceed, writer: ObjectWriter) -> Requeue:
        running = _Running(Interruption(), world.delivery.source, world.source.revision)
        self._running[key] = running

        async def report(outcome: Outcome) -> None:
            await self._write(obj, writer, outcome)
            self._tell(obj, outcome.events)

        started = self._clock.time()
        try:
            outcome = await self.runner.run(world, decision, interruption=running.interruption, report=report)
        finally:
            del self._running[key]
        self._tracing.reconciled(key, running.source, running.revision, outcome, started, self._clock.time())
        # What came in meanwhile was part of this run, or it will be told again.
        return await self._conclude(key, obj, writer, outcome)

    async def _conclude(self, key: UnitKey, obj: Manifest, writer: ObjectWriter, outcome: Outcome) -> Requeue:
        self._tell(obj, outcome.events)
        if outcome.verdict is Verdict.CANCELLED:
            return AT_ONCE
        await self._write(obj, writer, outcome)
        after = outcome.next_run
        if after is None:
            self._due.pop(key, None)
            return WHEN_CHANGED
        if outcome.verdict is Verdict.READY:
            return self._next(key, after)
        self._due[key] = self._clock.monotonic() + after
        return Requeue(after=after)

    async def _write(self, obj: Manifest, writer: ObjectWriter, outcome: Outcome) -> None:
        # The declaration is the one that was acted on, the status the newest that we wrote.
        seen = {**obj, "status": writer.object.get("status") or {}}
        await writer.status(write_status(seen, outcome, now=self._clock.time()))

    def _without_echo(self, obj: Manifest, outcome: Outcome) -> Outcome:
        """Waiting for the same thing still is no news: it is told once, not at every look."""
        if outcome.verdict is Verdict.WAITING and said(obj).message == outcome.message:
            return replace(outcome, events=())
        return outcome

    async def _rest(self, key: UnitKey, obj: Manifest, writer: ObjectWriter) -> Requeue:
        self._due.pop(key, None)
        self.runner.forget(key)
        status = suspended_status(obj, now=self._clock.time())
        if status is not None:
            await writer.status(status)
        return WHEN_CHANGED

    async def _finalize(self, obj: Manifest, world: World, decision: Finalize, writer: ObjectWriter) -> Requeue:
        key = world.delivery.key
        guarded = world.delivery.policy.safety.guarded
        if decision.prune and guarded and self.index.heirs(key) and self._waits_for_heirs(obj):
            return Requeue(after=0.5)
        done = await self.runner.finalize(world, decision)
        self._tell(obj, done.events)
        if done.refused:
            return await self._hold(key, obj, writer, done)
        if not done.released:
            return FAILED
        for entry in world.inventory.entries:
            for heir in self.index.claimants(entry.ref) - {key}:
                await self._manager.summon(_ref(heir))
        await writer.remove_finalizer(flux.FINALIZER)
        return WHEN_CHANGED

    async def _hold(self, key: UnitKey, obj: Manifest, writer: ObjectWriter, done: Finalized) -> Requeue:
        """A deleted unit whose objects are kept until somebody agrees: it stays, and says so."""
        event = Event(done.refused, warning=True, reason="PruneHeld")
        outcome = Outcome(Verdict.WAITING, "PruneHeld", done.refused, events=(event,), next_run=done.after)
        return await self._conclude(key, obj, writer, self._without_echo(obj, replace(outcome, kept=done.refused)))

    def _waits_for_heirs(self, obj: Manifest) -> bool:
        deleted = datetime.fromisoformat(str(obj["metadata"]["deletionTimestamp"])).timestamp()
        return self._clock.time() - deleted < HEIR_SECONDS

    def interrupt(self, ref: ObjectRef) -> None:
        running = self._running.get(_key(ref))
        if running is not None:
            running.interruption.request()

    def release(self, ref: ObjectRef) -> None:
        self._forget(_key(ref))

    def _forget(self, key: UnitKey) -> None:
        self.runner.forget(key)
        self._met.discard(key)
        self._drift.pop(key, None)
        self._left.pop(key, None)
        self._due.pop(key, None)
        timer = self._tellers.pop(key, None)
        if timer is not None:
            timer.cancel()

    # --- drift

    async def _correct(self, key: UnitKey, obj: Manifest, refs: set[ObjectRef]) -> Requeue:
        due = self._due.get(key)
        waits = [] if due is None else [max(0.0, due - self._clock.monotonic())]
        if not (obj.get("spec") or {}).get("suspend"):
            done = await self.runner.correct(key, refs)
            if done is None:
                self._due.pop(key, None)
                return FAILED
            self._tell_later(key)
            self._tell_fights(obj, done.fights)
            await self._tell_drift(key, obj, done.left)
            self._drift[key] |= set(done.held)
            waits += done.held.values()
        return Requeue(after=min(waits)) if waits else WHEN_CHANGED

    def _tell_fights(self, obj: Manifest, fights: Mapping[ObjectRef, tuple[str, ...]]) -> None:
        for ref, rivals in fights.items():
            who = f"; it is also written by {', '.join(rivals)}" if rivals else ""
            text = f"{ref} is changed again and again, {flux.OWNER.manager} holds its corrections back from now on{who}"
            self._tell(obj, (Event(text, warning=True, reason="DriftContested"),))

    async def _tell_drift(self, key: UnitKey, obj: Manifest, left: Mapping[ObjectRef, str]) -> None:
        """Drift that the unit wants told, not put right: an event for each object, and a condition until it is gone."""
        known = self._left.get(key, {})
        now = {r: w for r, w in {**known, **left}.items() if self.runner.is_left(key, r)}
        self._left[key] = now
        if self._read(obj).policy.safety.drift is not DriftMode.WARN:
            return
        for ref in sorted(now.keys() - known.keys()):
            self._tell(obj, (Event(f"{ref} {now[ref]}", warning=True, reason="DriftDetected"),))
        writer = ObjectWriter(self._client, obj, flux.STATUS_MANAGER, self._objects)
        await writer.status(drift_status(obj, drift_message(now), now=self._clock.time()))

    def _tell_later(self, key: UnitKey) -> None:
        timer = self._tellers.pop(key, None)
        if timer is not None:
            timer.cancel()
        self._tellers[key] = self._clock.call_later(TELL_AFTER, lambda: self._tell_corrections(key))

    def _tell_corrections(self, key: UnitKey) -> None:
        self._tellers.pop(key, None)
        obj, (entries, causes) = self._objects.get(_ref(key)), self.runner.untold(key)
        if obj is not None and entries:
            revision = str((obj.get("status") or {}).get("lastAppliedRevision") or "")
            text, metadata = "\n".join(str(e) for e in entries), {"drift": causes} if causes else {}
            self._tell(obj, (Event(text, reason="Progressing", revision=revision, metadata=metadata),))

    # --- observing

    async def _observe(self, obj: Manifest, delivery: Delivery) -> World:
        before = read_status(obj)
        deleted = str(obj["metadata"].get("deletionTimestamp") or "")
        deleting = bool(deleted)
        idle = deleting or delivery.policy.suspend
        return World(
            delivery=delivery,
            source=SourceState() if idle else await self._source(delivery),
            dependencies=() if idle else tuple(self._dependency(d, delivery) for d in delivery.policy.depends_on),
            inventory=before.inventory,
            applied=before.applied,
            attempted=before.attempted,
            was_healthy=before.was_healthy,
            deleting=deleting,
            kept=before.kept,
            deleted_at=datetime.fromisoformat(deleted).timestamp() if deleted else 0.0,
            settled=(obj.get("status") or {}).get("observedGeneration") == obj["metadata"].get("generation"),
        )

    def _source_object(self, source: UnitKey) -> Manifest | None:
        self._follow_source(source.kind)
        gvk = GroupVersionKind(SOURCES, "v1", source.kind)
        return self._manager.objects(gvk).get(ObjectRef(SOURCES, source.kind, source.namespace, source.name))

    async def _source(self, delivery: Delivery) -> SourceState:
        source = delivery.source
        shown = f"{source.kind}/{source.namespace}/{source.name}"
        if source.namespace != delivery.key.namespace and not self._options.cross_namespace:
            return SourceState(
                problem=f"can't access '{shown}', cross-namespace references have been blocked", denied=True
            )
        if source.kind == FOREIGN and not self._options.external_artifacts:
            return SourceState(
                problem=f"can't access '{shown}', ExternalArtifact feature gate is disabled", denied=True
            )
        self._follow_source(source.kind)
        informer = self._manager.objects(GroupVersionKind(SOURCES, "v1", source.kind))
        await asyncio.wait_for(informer.synced.wait(), SOURCE_SECONDS)
        obj = self._source_object(source)
        if obj is None:
            return SourceState(problem=f'{source.kind}.{SOURCES} "{source.name}" not found', missing=True)
        artifact = (obj.get("status") or {}).get("artifact")
        if not artifact:
            return SourceState()
        if source.kind == FOREIGN:
            try:
                artifact = await self._foreign.brought(ObjectRef.of(obj), artifact)
            except HoldfastError as error:
                return SourceState(problem=error.message)
        snapshot = await self._artifacts.snapshot(ObjectRef.of(obj), artifact)
        if snapshot is None:
            wait = format_duration(self._options.settings.requeue)
            return SourceState(problem=f"Source is not ready, artifact not found, retrying in {wait}")
        state = SourceState(snapshot, origin_revision=str((artifact.get("metadata") or {}).get(ORIGIN) or ""))
        return await self._pins.held(self.runner, delivery, ObjectRef.of(obj), state)

    def _dependency(self, dependency: Dependency, delivery: Delivery) -> DependencyState:
        obj = self._objects.get(_ref(dependency.key))
        if obj is None:
            text = f'kustomizations.{flux.GROUP} "{dependency.key.name}" not found'
            return DependencyState(dependency, found=False, problem=text)
        status = obj.get("status") or {}
        current = obj["metadata"].get("generation") == status.get("observedGeneration")
        return DependencyState(
            dependency,
            found=True,
            ready=current and said(obj).ready == "True",
            same_source=flux.read(obj).source == delivery.source and not pinned(flux.read(obj))[0],
            applied=str(status.get("lastAppliedRevision") or ""),
            raw=obj,
        )

    # --- telling

    def _tell(self, obj: Manifest, events: tuple[Event, ...]) -> None:
        ready = said(obj).reason
        for event in events:
            kind = WARNING if event.warning else NORMAL
            self._events.event(obj, kind, event_reason(event, ready), event.message, event_annotations(event))


def _key(ref: ObjectRef) -> UnitKey:
    return UnitKey(ref.kind, ref.namespace, ref.name)


def _ref(key: UnitKey) -> ObjectRef:
    return ObjectRef(flux.GROUP, key.kind, key.namespace, key.name)


def _inventory(obj: Manifest) -> Any:
    return (obj.get("status") or {}).get("inventory")


def _labels(obj: Manifest) -> Any:
    return obj["metadata"].get("labels")


def _revision(source: Mapping[str, Any]) -> str:
    return str(((source.get("status") or {}).get("artifact") or {}).get("revision") or "")

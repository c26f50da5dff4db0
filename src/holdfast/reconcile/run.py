"""Acting on a decision: one run of one unit, its deletion, and putting single objects right again.

The steps of a run are Flux's, in Flux's order, because the status and the events tell of them: fetch, build, compare and
apply, prune, check health.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from holdfast.apply import Executor
from holdfast.base.clock import Clock
from holdfast.base.duration import format_duration
from holdfast.base.errors import HoldfastError
from holdfast.cluster.client import Client
from holdfast.cluster.errors import NotFound, ServerError, Timeout, TooManyRequests, Unreachable
from holdfast.health.checks import HealthRules
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef
from holdfast.kube.shelf import Shelf
from holdfast.model.delivery import Delivery, Substitution, UnitKey
from holdfast.model.inventory import Inventory, InventoryEntry
from holdfast.model.outcome import Event, Outcome, Wellness
from holdfast.model.plan import Action, Applied, Change, Done, Plan, Reason
from holdfast.model.rendered import Rendered, RenderRequest
from holdfast.plan import make_plan
from holdfast.plan.make import change_for, inventory_of
from holdfast.plan.order import sort_key
from holdfast.plan.prune import prune_changes
from holdfast.reconcile.around import Alone, Keys, Promised, Surroundings
from holdfast.reconcile.decide import Finalize, Proceed, Settings
from holdfast.reconcile.drift import cause_of, note_drift, rivals
from holdfast.reconcile.fights import Fights
from holdfast.reconcile.live import ClusterState
from holdfast.reconcile.near import Near
from holdfast.reconcile.outcome import Attempt, StepFailed
from holdfast.reconcile.planning import confirm, next_stage, seen_of
from holdfast.reconcile.prune import Pruner, kept_message
from holdfast.reconcile.rendering import Rendering
from holdfast.reconcile.scope import scoped, served_soon
from holdfast.reconcile.state import World
from holdfast.reconcile.targets import Reach, TargetError, Targets
from holdfast.reconcile.waiting import Interrupted, Interruption, NotReady, Waiter, Wanted, gone, require_namespaces
from holdfast.render.apart import BIG
from holdfast.render.memo import RenderMemo
from holdfast.render.render import PathNotFound

__all__ = ["Alone", "Corrected", "Finalized", "Keys", "Promised", "Runner", "Surroundings"]

Report = Callable[[Outcome], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Finalized:
    """A deleted unit is dealt with. ``released``: its finalizer may go; else it has to be tried again, after ``after``
    seconds where that is known. ``refused``: its objects are kept until somebody agrees; the message is for the condition."""

    events: tuple[Event, ...] = ()
    released: bool = True
    refused: str = ""
    after: float | None = None


@dataclass(slots=True)
class Corrected:
    """What became of drifted objects: ``held`` back for so many seconds, ``fights`` that began, with whom; ``left`` as they
    are because the unit says so, each with what happened to it."""

    held: dict[ObjectRef, float] = field(default_factory=dict)
    fights: dict[ObjectRef, tuple[str, ...]] = field(default_factory=dict)
    left: dict[ObjectRef, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Memory:
    """What a unit applied last, for putting single objects right without rendering again. Small: there is one for each unit."""

    delivery: Delivery
    state: ClusterState
    client: Client
    desired: Shelf
    untold: dict[ObjectRef, Applied] = field(default_factory=dict)
    causes: dict[ObjectRef, str] = field(default_factory=dict)
    stop_watching: Callable[[], None] | None = None


class Runner:
    def __init__(
        self, targets: Targets, memo: RenderMemo, settings: Settings, clock: Clock, surroundings: Surroundings
    ) -> None:
        self.targets = targets
        self.rendering = Rendering(memo)
        self._settings = settings
        self._clock = clock
        self._around = surroundings
        self._memory: dict[UnitKey, _Memory] = {}
        self._busy = asyncio.Semaphore(settings.concurrency)
        self._fights = Fights()
        self._pruner = Pruner(surroundings)
        self.recovered: Callable[[UnitKey], None] = lambda unit: None
        """Called when all objects of a unit whose health check failed have become ready after all."""

    async def run(self, world: World, decision: Proceed, *, interruption: Interruption, report: Report) -> Outcome:
        """One complete run. ``report`` writes an intermediate outcome before a wait."""
        attempt = Attempt(world, self._clock, self._clock.monotonic())
        try:
            await self._steps(attempt, decision.rules, interruption, report)
        except StepFailed as error:
            return attempt.failed(error)
        except Interrupted:
            return attempt.cancelled()
        return attempt.succeeded()

    async def _steps(self, attempt: Attempt, rules: HealthRules, interruption: Interruption, report: Report) -> None:
        async with self._busy:
            reach, objects, changed = await self._deliver(attempt, interruption)
        # A unit that only waits for its objects keeps no other from being delivered.
        await self._check(attempt, rules, reach, objects, interruption, report, changed=changed)

    async def _deliver(self, attempt: Attempt, interruption: Interruption) -> tuple[Reach, Sequence[Manifest], bool]:
        """Builds, applies and prunes. Returns where, what, and whether anything changed."""
        rendered, reach = await self._build(attempt, interruption)
        attempt.digest = rendered.digest
        attempt.step("Detecting drift")
        _refuse_encrypted(rendered.objects)
        try:
            objects = await scoped(rendered.objects, reach.client)
        except HoldfastError as error:
            raise StepFailed("ReconciliationFailed", error.message, recorded=True) from error
        changed = await self._apply(attempt, objects, reach)
        await self._remember(attempt.world.delivery, objects, reach, attempt.world.inventory)
        await self._prune(attempt, objects, reach)
        return reach, objects, changed

    async def resume(self, world: World) -> bool:
        """Takes up a unit that an earlier process left in order, without a write. False where there is something to do."""
        attempt = Attempt(world, self._clock, self._clock.monotonic())
        try:
            async with self._busy:
                rendered, reach = await self._build(attempt)
                objects = await scoped(rendered.objects, reach.client)
                await reach.state.follow({GroupVersionKind.of(o) for o in objects})
        except HoldfastError:
            return False
        plan = self._planned(world, objects, reach)
        if not plan.is_empty:
            return False
        await confirm(world.delivery, reach.state, plan.changes, seen_of(plan.changes, reach.state))
        await self._remember(world.delivery, objects, reach, world.inventory)
        return True

    # --- plan

    async def plan(self, world: World) -> Plan:
        """What a run would do now, with a reason for each object. Raises `StepFailed`."""
        attempt = Attempt(world, self._clock, self._clock.monotonic())
        rendered, reach = await self._build(attempt)
        objects = await scoped(rendered.objects, reach.client)
        await reach.state.follow({GroupVersionKind.of(o) for o in objects})
        return self._planned(world, objects, reach)

    def _planned(self, world: World, objects: Sequence[Manifest], reach: Reach) -> Plan:
        early, settled = self._settings.early_kinds, world.applied_already
        return make_plan(world.delivery, objects, reach.state, world.inventory, early=early, settled=settled)

    async def renders(self, world: World) -> Sequence[Manifest]:
        """What the unit wants, as the cluster will know it. Raises a HoldfastError where it cannot be built."""
        attempt = Attempt(world, self._clock, self._clock.monotonic())
        rendered, reach = await self._build(attempt)
        return await scoped(rendered.objects, reach.client)

    # --- build

    async def _build(self, attempt: Attempt, interruption: Interruption | None = None) -> tuple[Rendered, Reach]:
        delivery, snapshot = attempt.world.delivery, attempt.world.source.snapshot
        if snapshot is None:
            raise StepFailed("ArtifactFailed", "Source artifact not found")
        attempt.step("Fetching manifests")
        self._require_path(delivery, snapshot.tree)
        attempt.attempted = snapshot.revision
        attempt.step("Building manifests")
        try:
            reach = await self.targets.reach(delivery.policy.target, delivery.key.namespace)
        except TargetError as error:
            told = f"failed to build kube client: {error.message}"
            raise StepFailed("ReconciliationFailed", error.message, told=told) from error
        variables = await self._variables(delivery)
        try:
            keys = await self._around.keys(delivery)
        except HoldfastError as error:
            raise StepFailed("BuildFailed", error.message) from error
        request = RenderRequest(
            unit=delivery.key,
            owner=delivery.owner,
            build=delivery.build,
            tree=snapshot.tree,
            tree_identity=snapshot.identity,
            root_name=delivery.key.name,
            keys=f"sops {keys.fingerprint}" if keys else "",
            **variables,
        )
        had = len(attempt.world.inventory.entries)
        return await self.rendering.render(request, keys, had=had, interruption=interruption), reach

    def _require_path(self, delivery: Delivery, tree: Any) -> None:
        from holdfast.render.render import require_directory

        try:
            require_directory(tree, delivery.build.path, delivery.key.name)
        except PathNotFound as error:
            raise StepFailed("ArtifactFailed", error.message) from error

    async def _variables(self, delivery: Delivery) -> dict[str, Any]:
        wanted = delivery.build.substitution
        if wanted is None or not wanted.references:
            return {}
        try:
            return {"variables": await self._referenced(delivery, wanted)}
        except HoldfastError as error:
            return {"variables_error": error.message}

    async def _referenced(self, delivery: Delivery, wanted: Substitution) -> dict[str, str]:
        out: dict[str, str] = {}
        for reference in wanted.references:
            ref = ObjectRef("", reference.kind, delivery.key.namespace, reference.name)
            try:
                found = await self.targets.home.client.get(ref, version="v1")
            except NotFound as error:
                if reference.optional:
                    continue
                error.message = f"substitute from '{reference.kind}/{reference.name}' error: {error.message}"
                raise
            data: Mapping[str, Any] = found.get("data") or {}
            for key, value in data.items():
                text = base64.b64decode(value).decode(errors="replace") if reference.kind == "Secret" else str(value)
                out[key] = text.replace("\n", "")
        return out

    # --- apply

    async def _apply(self, attempt: Attempt, objects: Sequence[Manifest], reach: Reach) -> bool:
        """Executes the stages; a new plan for each, since one stage may define the kinds of the next."""
        delivery, state = attempt.world.delivery, reach.state
        near = Near(delivery, state)
        executor = self._executor(delivery, reach, near)
        done: set[str] = set()
        settled, attempt.drifted = attempt.world.applied_already, ""
        while True:
            await state.follow({GroupVersionKind.of(o) for o in objects})
            early = self._settings.early_kinds
            found = await next_stage(delivery, objects, state, early=early, settled=settled, done=done)
            if found is None:
                break
            stage, seen = found
            report = await executor.execute(Plan((stage,)), attempt.entries)
            attempt.entries += report.entries
            if report.error is not None:
                message = report.error.message if isinstance(report.error, HoldfastError) else str(report.error)
                after = min(_SOON, delivery.policy.retry_interval) if _passes(report.error) else None
                raise StepFailed("ReconciliationFailed", message, recorded=True, after=after)
            await confirm(delivery, state, stage.changes, seen)
            note_drift(attempt, state, stage.changes)
            done.add(stage.name)
            if stage.name == "definitions":
                await served_soon(reach.client, objects, self._clock)
        attempt.inventory = Inventory(tuple(InventoryEntry(e.ref, e.version) for e in attempt.entries))
        return self._tell_changes(attempt)

    def _executor(self, delivery: Delivery, reach: Reach, near: Near) -> Executor:
        return Executor(
            reach.client,
            delivery.owner,
            near,
            needs_live=near.needs_live,
            careful=delivery.policy.target.impersonates,
        )

    def _tell_changes(self, attempt: Attempt) -> bool:
        """One event for everything that changed, drift that was put right since the last run included."""
        memory = self._memory.get(attempt.world.delivery.key)
        changed = {e.ref: e for e in attempt.entries if e.done in (Done.CREATED, Done.CONFIGURED)}
        lines = {**(memory.untold if memory else {}), **changed}
        causes = self._causes(memory) if memory else ""
        if lines:
            order = {e.ref: i for i, e in enumerate(attempt.entries)}
            ordered = sorted(lines.values(), key=lambda e: (order.get(e.ref, -1), sort_key(e.ref)))
            attempt.tell("\n".join(str(e) for e in ordered), drift=causes)
        return bool(changed)

    def _causes(self, memory: _Memory) -> str:
        """Who made the corrections necessary that are told now."""
        text = "; ".join(f"{r} {c}" for r, c in sorted(memory.causes.items()))
        memory.untold, memory.causes = {}, {}
        return text

    async def _remember(self, delivery: Delivery, objects: Sequence[Manifest], reach: Reach, before: Inventory) -> None:
        # Packing thousands of objects takes long enough to be noticed by those who wait for the event loop.
        shelf = Shelf(objects) if len(objects) < BIG else await asyncio.to_thread(Shelf, objects)
        desired = {ObjectRef.of(o) for o in objects}
        self._end_recovery(self._memory.get(delivery.key))
        for entry in before.entries:
            if entry.ref not in desired:
                reach.state.released(delivery.key, entry.ref)
        self._memory[delivery.key] = _Memory(replace(delivery, raw={}), reach.state, reach.client, shelf)

    # --- prune

    async def _prune(self, attempt: Attempt, objects: Sequence[Manifest], reach: Reach) -> None:
        world = attempt.world
        attempt.kept = ""
        if not world.delivery.policy.prune:
            return
        applied = attempt.inventory or inventory_of(objects)
        stale = world.inventory.missing_from(applied)
        if not stale:
            return
        done = await self._pruner.prune(world, prune_changes(stale), reach, objects)
        attempt.inventory = applied.plus(done.survivors)
        attempt.kept = done.refused or kept_message(done.stays, world.source.revision)
        if done.refused:
            after = self._settings.requeue if done.soon else None
            raise StepFailed("PruneHeld", done.refused, recorded=True, after=after)
        if done.error is not None:
            raise StepFailed("PruneFailed", done.error.message, recorded=True) from done.error
        if done.entries:
            attempt.tell("\n".join(str(e) for e in done.entries))
        if done.stays and attempt.kept != world.kept:
            attempt.tell(attempt.kept, warning=True, reason="PruneHeld")

    # --- health

    async def _check(
        self,
        attempt: Attempt,
        rules: HealthRules,
        reach: Reach,
        objects: Sequence[Manifest],
        interruption: Interruption,
        report: Report,
        *,
        changed: bool,
    ) -> None:
        wanted = _to_check(attempt, objects)
        if wanted is None:
            attempt.wellness = Wellness.NOT_ASKED
            return
        policy, started = attempt.world.delivery.policy, self._clock.monotonic()
        attempt.step("Running health checks")
        waiter = Waiter(reach.state, rules)
        if not waiter.now_ready(wanted):
            attempt.wellness_message = attempt.progress
            await report(attempt.running())
        try:
            await require_namespaces(wanted, reach.client)
            await waiter.ready(wanted, policy.timeout, interruption)
        except NotReady as error:
            elapsed = format_duration(self._clock.monotonic() - started)
            attempt.wellness, attempt.wellness_message = Wellness.UNHEALTHY, error.message
            self._watch_recovery(attempt.world.delivery.key, waiter, wanted)
            message = f"health check failed after {elapsed}: {error.message}"
            raise StepFailed("HealthCheckFailed", message, recorded=True) from error
        passed = f"Health check passed in {format_duration(self._clock.monotonic() - started)}"
        new_revision = attempt.world.source.revision != attempt.world.applied
        if not attempt.world.was_healthy or (new_revision and changed):
            attempt.tell(passed)
        attempt.wellness, attempt.wellness_message = Wellness.HEALTHY, passed

    def _watch_recovery(self, unit: UnitKey, waiter: Waiter, wanted: Sequence[Wanted]) -> None:
        memory = self._memory.get(unit)
        if memory is None:
            return
        refs = {w.ref for w in wanted}

        def changed(ref: ObjectRef) -> None:
            if ref in refs and waiter.now_ready(wanted):
                self._end_recovery(memory)
                self.recovered(unit)

        memory.stop_watching = memory.state.listen(changed)

    def _end_recovery(self, memory: _Memory | None) -> None:
        if memory is not None and memory.stop_watching is not None:
            memory.stop_watching()
            memory.stop_watching = None

    # --- drift

    async def correct(self, unit: UnitKey, refs: Iterable[ObjectRef]) -> Corrected | None:
        """Applies single objects again that drifted. None where only a complete run can help."""
        memory = self._memory.get(unit)
        if memory is None:
            return None
        done = Corrected()
        near = Near(memory.delivery, memory.state)
        executor = self._executor(memory.delivery, Reach(memory.state, memory.client), near)
        for ref in sorted(refs, key=sort_key):
            desired = memory.desired.get(ref)
            if desired is None:
                continue
            change = change_for(memory.delivery, desired, memory.state, settled=True)
            cause = cause_of(memory.state, ref)
            if change.reason is Reason.DRIFT_LEFT:
                done.left[ref] = cause
            if change.action in (Action.KEEP, Action.SKIP):
                continue
            hold = self._fights.hold(ref, self._clock.monotonic())
            if hold:
                done.held[ref] = hold
                continue
            try:
                if self._fights.begins(ref):
                    done.fights[ref] = await rivals(memory.client, change, memory.delivery.owner.manager)
                entry = await executor.apply_one(change)
            except HoldfastError:
                return None
            if entry.done in (Done.CREATED, Done.CONFIGURED):
                memory.untold[ref], memory.causes[ref] = entry, cause
                self._fights.corrected(ref, self._clock.monotonic())
        return done

    def is_left(self, unit: UnitKey, ref: ObjectRef) -> bool:
        """Whether an object differs from what was applied and stays so."""
        memory = self._memory.get(unit)
        desired = memory.desired.get(ref) if memory else None
        if memory is None or desired is None:
            return False
        return change_for(memory.delivery, desired, memory.state, settled=True).reason is Reason.DRIFT_LEFT

    def holds(self, unit: UnitKey) -> bool:
        """Whether this process has taken the unit up: its drift is put right from now on."""
        return unit in self._memory

    def untold(self, unit: UnitKey) -> tuple[tuple[Applied, ...], str]:
        """Corrections nobody has heard of yet, in apply order, and who made them necessary; they count as told now."""
        memory = self._memory.get(unit)
        if memory is None:
            return (), ""
        entries = tuple(sorted(memory.untold.values(), key=lambda e: sort_key(e.ref)))
        return entries, self._causes(memory)

    def forget(self, unit: UnitKey) -> None:
        memory = self._memory.pop(unit, None)
        self._end_recovery(memory)
        if memory is not None:
            for obj in memory.desired:
                memory.state.released(unit, ObjectRef.of(obj))

    # --- deletion

    async def finalize(self, world: World, decision: Finalize) -> Finalized:
        delivery = world.delivery
        self.forget(delivery.key)
        if not decision.prune:
            return Finalized()
        target, namespace = delivery.policy.target, delivery.key.namespace
        if not await self.targets.can_impersonate(target, namespace):
            lines = "\n".join(str(e.ref) for e in world.inventory.entries)
            return Finalized((_farewell(world, f"unable to prune objects: \n{lines}", warning=True),))
        left = world.deleted_at + delivery.policy.safety.keep_for - self._clock.time()
        if delivery.policy.safety.keep_for and left > 0:
            text = f"the objects of {delivery.key.kind}/{delivery.key.name} are kept for {format_duration(round(left))} more"
            return Finalized(released=False, refused=text, after=left)
        reach = await self.targets.reach(target, namespace)
        changes = prune_changes(world.inventory.entries, Reason.UNIT_DELETED)
        done = await self._pruner.prune(world, changes, reach, None)
        if done.refused:
            after = self._settings.requeue if done.soon else delivery.policy.retry_interval
            return Finalized(released=False, refused=done.refused, after=after)
        if done.error is not None:
            event = _farewell(world, "pruning for deleted resource failed", warning=True)
            return Finalized((event,), released=False)
        events = [_farewell(world, "\n".join(str(e) for e in done.entries))]
        if done.stays:
            events.append(_farewell(world, kept_message(done.stays, ""), warning=True))
        if decision.wait and not await self._all_gone(reach, changes, done.entries, delivery.policy.timeout):
            events.append(_farewell(world, "failed to wait for resources termination", warning=True))
        return Finalized(tuple(events))

    async def _all_gone(
        self, reach: Reach, changes: Sequence[Change], entries: Sequence[Applied], seconds: float
    ) -> bool:
        deleted = {e.ref for e in entries if e.done is Done.DELETED}
        waits = [gone(reach.state, c.gvk, c.ref) for c in changes if c.ref in deleted]
        try:
            await asyncio.wait_for(asyncio.gather(*waits), seconds)
        except TimeoutError:
            return False
        return True


_SOON = 10.0  # seconds after which an API server that was busy or away is tried again


def _passes(error: BaseException | None) -> bool:
    """Whether it was the API server's fault, or that of the way to it."""
    return isinstance(getattr(error, "__cause__", None), ServerError | Timeout | TooManyRequests | Unreachable)


def _farewell(world: World, message: str, *, warning: bool = False) -> Event:
    return Event(message, warning=warning, revision=world.applied)


def _refuse_encrypted(objects: Sequence[Manifest]) -> None:
    for obj in objects:
        annotations = (obj.get("metadata") or {}).get("annotations") or {}
        disabled = str(annotations.get("kustomize.toolkit.fluxcd.io/decrypt") or "").lower() == "disabled"
        if obj.get("kind") == "Secret" and "sops" in obj and not disabled:
            raise StepFailed(
                "ReconciliationFailed",
                f"{ObjectRef.of(obj)} is SOPS encrypted, configuring decryption is required for this secret to be reconciled",
                recorded=True,
            )


def _to_check(attempt: Attempt, objects: Sequence[Manifest]) -> list[Wanted] | None:
    """What the health check waits for; None where there is nothing to check."""
    delivery = attempt.world.delivery
    if delivery.policy.wait:
        passing = {ObjectRef.of(o) for o in objects if _removes_itself(o)}
        wanted = [
            Wanted(GroupVersionKind(e.ref.group, e.version, e.ref.kind), e.ref, e.ref in passing)
            for e in attempt.entries
            if e.done is not Done.SKIPPED
        ]
    else:
        wanted = [
            Wanted(GroupVersionKind.parse(version, ref.kind), ref) for version, ref in delivery.policy.health_checks
        ]
    if not wanted:
        return None
    key = delivery.key
    # A unit that is among its own objects would wait for itself.
    return [w for w in wanted if (w.ref.kind, w.ref.namespace, w.ref.name) != (key.kind, key.namespace, key.name)]


def _removes_itself(obj: Manifest) -> bool:
    spec = obj.get("spec")
    return obj.get("kind") == "Job" and isinstance(spec, dict) and spec.get("ttlSecondsAfterFinished") is not None

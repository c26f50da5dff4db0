"""Executing the stages of a plan.

Within a stage, everything that could be refused is tried with a dry run before anything is changed: updates, kinds whose
rules only the server knows, and all of it where somebody else's rights count. Two things are spared. The last of those is sent
for real, before anything else: if it is refused, nothing has happened either. And plain data that is valid as far as can be
seen is created without a rehearsal, the first of each namespace ahead of the others. So a stage with an error changes nothing,
and a first installation costs little more than one request per object.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from holdfast.apply.errors import ApplyError, is_immutable, refused
from holdfast.apply.valid import is_plainly_valid
from holdfast.base.errors import HoldfastError, Stop
from holdfast.cluster.client import Client, PatchType
from holdfast.cluster.errors import NotFound
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef
from holdfast.model.delivery import Ownership
from holdfast.model.plan import Action, Applied, Change, Done, Plan, Report, Stage

T = TypeVar("T")

CONCURRENCY = 8
STAGE_SECONDS = 60.0


class Preparation(Protocol):
    """What a live object means for the one that is to be applied."""

    @property
    def desired(self) -> Manifest: ...
    @property
    def cleanup(self) -> Sequence[Mapping[str, Any]]: ...
    @property
    def in_sync(self) -> bool: ...
    @property
    def skip(self) -> bool: ...


class Neighbours(Protocol):
    """What the executor asks of those it does not know."""

    def prepare(self, desired: Manifest, live: Manifest) -> Preparation:
        """Judges a live object (all of it) against a desired one."""
        ...

    def owned(self, ref: ObjectRef) -> str | None:
        """What the live view says we own of the object (a hash); None where it has no such object."""
        ...

    def owned_of(self, live: Manifest) -> str:
        """The same of a whole object."""
        ...

    def had(self, live: Manifest) -> bool:
        """Whether this very object was applied before (it only fell out of the live view)."""
        ...

    def forces(self, desired: Manifest, live: Manifest) -> bool:
        """Whether the object may be recreated for an immutable field."""
        ...

    def applied(self, desired: Manifest, live: Manifest) -> None:
        """The server now has ``live``, which is what ``desired`` wants."""
        ...

    async def gone(self, gvk: GroupVersionKind, ref: ObjectRef) -> None:
        """Returns when there is no such object any more."""
        ...

    async def ready(self, objects: Sequence[tuple[GroupVersionKind, ObjectRef]], seconds: float) -> None:
        """Returns when all are ready; raises a HoldfastError that names those which are not."""
        ...


@dataclass(slots=True)
class _Task:
    """A change on its way: what will be sent, and what came of it."""

    change: Change
    desired: Manifest
    live: Manifest | None = None
    cleanup: Sequence[Mapping[str, Any]] = ()
    done: Done | None = None
    answer: Manifest | None = None


class Executor:
    """One unit's hands. ``careful``: dry-run everything first (another account's rights decide)."""

    def __init__(
        self,
        client: Client,
        owner: Ownership,
        neighbours: Neighbours,
        *,
        needs_live: Callable[[Change], bool],
        careful: bool = False,
        concurrency: int = CONCURRENCY,
    ) -> None:
        self._client = client
        self._owner = owner
        self._near = neighbours
        self._needs_live = needs_live
        self._careful = careful
        self._slots = asyncio.Semaphore(concurrency)

    async def execute(self, plan: Plan, earlier: Sequence[Applied] = ()) -> Report:
        """All stages in order. An error ends it: the report then has the finished stages and the error.

        ``earlier`` are entries of stages that were executed before; an error tells of them too.
        """
        entries: list[Applied] = []
        for stage in plan.stages:
            try:
                entries += await self._stage(stage)
            except ApplyError as error:
                return Report(tuple(entries), _with_log(error, [*earlier, *entries]))
            if stage.wait:
                try:
                    await self._near.ready([(c.gvk, c.ref) for c in stage.changes], STAGE_SECONDS)
                except HoldfastError as error:
                    return Report(tuple(entries), _with_log(ApplyError(error.message), [*earlier, *entries]))
        return Report(tuple(entries))

    async def apply_one(self, change: Change) -> Applied:
        """A single object, without a dry run: how drift is put right. Raises `ApplyError`."""
        return (await self._stage(Stage("drift", (change,))))[0]

    async def _stage(self, stage: Stage) -> list[Applied]:
        tasks = [_Task(c, c.desired if c.desired is not None else {}) for c in stage.changes]
        todo = [t for t in tasks if not self._settled(t)]
        await self._each(todo, self._look)
        todo = [t for t in todo if t.done is None]
        risky = [t for t in todo if self._is_risky(t)]
        leap = [] if self._careful else risky[-1:]
        tried = risky if self._careful else risky[:-1]
        await self._each(tried, self._try)
        plain = [t for t in todo if not self._is_risky(t)]
        first, others = _first_of_namespaces(plain, {t.change.ref.namespace for t in risky})
        rest = [*tried, *others]
        for task in [*leap, *first]:
            await self._send(task)
        await self._each(rest, self._send)
        return [_entry(t) for t in tasks]

    def _settled(self, task: _Task) -> bool:
        if task.change.action is Action.KEEP:
            task.done = Done.UNCHANGED
        elif task.change.action is Action.SKIP:
            task.done = Done.SKIPPED
        return task.done is not None

    async def _each(self, tasks: Sequence[_Task], step: Callable[[_Task], Awaitable[None]]) -> None:
        """All at once, at most ``concurrency`` at a time; the error of the first in order is the one raised."""
        failures = await asyncio.gather(*(self._guarded(step, t) for t in tasks), return_exceptions=True)
        for failure in failures:
            if failure is not None:
                raise failure

    async def _guarded(self, step: Callable[[_Task], Awaitable[None]], task: _Task) -> None:
        async with self._slots:
            await step(task)

    async def _look(self, task: _Task) -> None:
        """Checks that the kind is served and, where facts do not suffice, reads the live object."""
        change = task.change
        try:
            resource = await self._client.resource(change.gvk)
        except HoldfastError as error:
            raise refused(change.ref, error) from error
        if resource.namespaced and not change.ref.namespace:
            raise ApplyError(
                f"{change.ref} namespace not specified: the server could not find the requested resource",
                ref=change.ref,
            )
        if not self._needs_live(change):
            return
        try:
            task.live = await self._client.get(change.ref, version=change.gvk.version)
        except NotFound:
            return
        except HoldfastError as error:
            raise refused(change.ref, error) from error
        try:
            prepared = self._near.prepare(task.desired, task.live)
        except Stop as error:
            raise ApplyError(error.message, ref=change.ref) from error
        task.desired, task.cleanup = prepared.desired, prepared.cleanup
        if prepared.skip:
            task.done = Done.SKIPPED
        elif prepared.in_sync:
            task.done, task.answer = Done.UNCHANGED, task.live
            self._near.applied(change.desired or task.desired, task.live)

    def _is_risky(self, task: _Task) -> bool:
        change = task.change
        if self._careful or change.action is not Action.CREATE or task.live is not None:
            return True
        return not is_plainly_valid(task.desired)

    async def _try(self, task: _Task) -> None:
        """A dry run. With force, an object with an immutable change is deleted here, so that the real one can follow."""
        try:
            await self._client.apply(task.desired, manager=self._owner.manager, force=True, dry_run=True)
        except HoldfastError as error:
            if not await self._made_way(task, error):
                raise refused(task.change.ref, error) from error

    async def _made_way(self, task: _Task, error: HoldfastError) -> bool:
        """Whether the live object was deleted because force allows it."""
        change = task.change
        if not is_immutable(error) or (change.action is Action.CREATE and task.live is None):
            return False
        try:
            live = task.live or await self._client.get(change.ref, version=change.gvk.version)
        except NotFound:
            return True
        if not self._near.forces(task.desired, live):
            return False
        try:
            await self._client.delete(
                change.ref, version=change.gvk.version, propagation="Background", uid=live["metadata"]["uid"]
            )
        except NotFound:
            pass
        except HoldfastError as failure:
            raise ApplyError(
                f"{change.ref} immutable field detected, failed to delete object: {failure.message}", ref=change.ref
            ) from failure
        await self._near.gone(change.gvk, change.ref)
        task.cleanup, task.live, task.done = (), None, Done.CREATED
        return True

    async def _send(self, task: _Task) -> None:
        change = task.change
        before = self._before(task)
        try:
            if task.cleanup:
                await self._client.patch(
                    change.ref,
                    list(task.cleanup),
                    PatchType.JSON,
                    version=change.gvk.version,
                    manager=self._owner.manager,
                )
            task.answer = await self._apply(task)
            cleaned = await self._clean_up(task)
        except HoldfastError as error:
            raise refused(change.ref, error) from error
        if task.done is None:
            task.done = self._what_happened(task, before, touched=cleaned or bool(task.cleanup))
        self._near.applied(change.desired or task.desired, task.answer)

    def _before(self, task: _Task) -> str | None:
        """What we owned of the object before; None where there was none."""
        if task.done is not None:
            return None
        return self._near.owned(task.change.ref) if task.live is None else self._near.owned_of(task.live)

    async def _clean_up(self, task: _Task) -> bool:
        """An object that nobody had looked at before may turn out to be kubectl's: its managers are folded now."""
        answer = task.answer or {}
        if task.live is not None or not _had_managers(_managers(answer), self._owner.manager):
            return False
        prepared = self._near.prepare(task.desired, answer)
        if not prepared.cleanup:
            return False
        change = task.change
        await self._client.patch(
            change.ref,
            list(prepared.cleanup),
            PatchType.JSON,
            version=change.gvk.version,
            manager=self._owner.manager,
        )
        task.answer = await self._apply(task)
        return True

    def _what_happened(self, task: _Task, before: str | None, *, touched: bool) -> Done:
        if before is None:
            answer = task.answer or {}
            others = _had_managers(_managers(answer), self._owner.manager)
            existed = task.live is not None or others or self._near.had(answer)
            return Done.CONFIGURED if existed or touched else Done.CREATED
        if not touched and before == self._near.owned_of(task.answer or {}):
            return Done.UNCHANGED
        return Done.CONFIGURED

    async def _apply(self, task: _Task) -> Manifest:
        try:
            return await self._client.apply(task.desired, manager=self._owner.manager, force=True)
        except HoldfastError as error:
            if await self._made_way(task, error):
                return await self._client.apply(task.desired, manager=self._owner.manager, force=True)
            raise


def _first_of_namespaces(tasks: Sequence[_Task], known: set[str]) -> tuple[list[_Task], list[_Task]]:
    """Those which are the first of a namespace that is not known to be there, and all others."""
    first: list[_Task] = []
    others: list[_Task] = []
    seen = set(known)
    for task in tasks:
        (others if task.change.ref.namespace in seen else first).append(task)
        seen.add(task.change.ref.namespace)
    return first, others


def _managers(obj: Manifest) -> Sequence[Mapping[str, Any]]:
    return (obj.get("metadata") or {}).get("managedFields") or ()


def _had_managers(entries: Iterable[Mapping[str, Any]], manager: str) -> bool:
    """Whether somebody else wrote the object before; a view limited to our labels would not have shown it."""
    return any(e.get("manager") != manager for e in entries)


def _entry(task: _Task) -> Applied:
    return Applied(task.change.ref, task.change.gvk.version, task.done or Done.UNCHANGED, task.answer)


def _with_log(error: ApplyError, entries: Sequence[Applied]) -> ApplyError:
    """The error with the lines of what had been changed before it, as Flux prints a partial apply."""
    log = "".join(f"{e}\n" for e in entries if e.done not in (Done.UNCHANGED, Done.SKIPPED))
    told = ApplyError(f"{error.message}\n{log}", ref=error.ref)
    told.__cause__ = error.__cause__
    return told

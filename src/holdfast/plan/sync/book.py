"""What a pass of a sync decides from, and what it writes down."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from holdfast.kube.refs import Manifest, ObjectRef
from holdfast.model.sync import (
    AppHealth,
    OperationPhase,
    Pair,
    ResourceResult,
    ResultCode,
    SelectedResource,
    SyncRequest,
    SyncStep,
    SyncStrategy,
    Tracking,
)
from holdfast.plan.sync import marks
from holdfast.plan.sync import tasks as T
from holdfast.plan.sync.tasks import Key, Task
from holdfast.plan.sync.tracking import is_self_referenced

WAVE_PAUSE: Final = 2.0
_SOON: Final = 1.0
_LATER: Final = 10.0
_NOT_SERVED: Final = "the server could not find the requested resource"
_TOO_LONG: Final = "metadata.annotations: Too long: must have at most 262144 bytes"
_TOO_LONG_HELP: Final = (
    "\n -Additional Info: This error usually means that you are trying to add a large resource on client side. Consider using "
    "Server-side apply or syncing with replace enabled. Note: Syncing with Replace enabled is potentially destructive as it "
    "may cause resource deletion and re-creation."
)
_PROPAGATION: Final = {"background": "Background", "foreground": "Foreground", "orphan": "Orphan"}
MIGRATED_MANAGER: Final = "kubectl-client-side-apply"


@dataclass(frozen=True, slots=True)
class Ground:
    """Everything a pass decides from. ``results``, ``phase`` and ``message`` are the step's before; ``health`` judges a live
    object; ``permitted`` gives the reason why a project refuses an object (and whether its kind is namespaced is told), or
    nothing; ``modified`` tells which live objects differ from their targets."""

    request: SyncRequest
    pairs: Sequence[Pair]
    hooks: Sequence[Manifest] = ()
    results: Sequence[ResourceResult] = ()
    phase: OperationPhase = OperationPhase.RUNNING
    message: str = ""
    tracking: Tracking = field(default_factory=Tracking)
    health: Callable[[Manifest], AppHealth | None] = field(default=lambda obj: None, repr=False)
    permitted: Callable[[Manifest, bool], str] = field(default=lambda obj, namespaced: "", repr=False)
    modified: Mapping[ObjectRef, bool] = field(default_factory=dict)
    migrate_manager: str = MIGRATED_MANAGER
    wave_pause: float = WAVE_PAUSE


class Book:
    """The state of one pass: settings, results so far, and what is to be said."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.request = ground.request
        self.results: dict[Key, ResourceResult] = {(r.ref, r.sync_phase): r for r in ground.results}
        self.started = bool(self.results)
        self.phase = ground.phase
        self.message = ground.message
        self.installed: dict[tuple[str, str], str] = {}
        self.pause = 0.0
        self.changed = False

    def has(self, option: str) -> bool:
        return option in self.request.options

    def allows_pruning(self, live: Manifest | None) -> str:
        """Why an object is not pruned, or nothing."""
        if not self.request.prune:
            return "ignored (requires pruning)"
        return "ignored (no prune)" if self.prune_option(live) == "false" else ""

    def prune_option(self, live: Manifest | None) -> str | None:
        return marks.option(live, "Prune", marks.option_of(self.request.options, "Prune"))

    def unconfirmed(self, task: Task) -> bool:
        return not self.request.confirmed and task.is_prune and self.prune_option(task.live) == "confirm"

    @property
    def propagation(self) -> str:
        found = (o.removeprefix("PrunePropagationPolicy=") for o in self.request.options if "PropagationPolicy=" in o)
        return next((_PROPAGATION[name] for name in found if name in _PROPAGATION), "Foreground")

    @property
    def skips_hooks(self) -> bool:
        return self.request.strategy is SyncStrategy.APPLY or bool(self.request.selected)

    def selects(self, pair: Pair) -> bool:
        key = ObjectRef.of(pair.live if pair.live is not None else pair.obj)
        chosen = not self.request.selected or any(_names(s, key) for s in self.request.selected)
        return chosen and is_self_referenced(pair.live, pair.target, self.ground.tracking)

    def note(self, task: Task, status: ResultCode | None, state: OperationPhase | None, message: str) -> None:
        """Keeps the latest of a task; its place in the list is that of its first note."""
        task.status, task.state = status, state
        if message:
            task.message = message
        known = self.results.get(task.key)
        new = T.result_of(task)
        if known is not None:
            new = replace(known, status=new.status, hook_phase=new.hook_phase, message=new.message)
        self.changed = self.changed or new != known
        self.results[task.key] = new

    def say(self, phase: OperationPhase, message: str) -> None:
        self.phase, self.message = phase, message

    def say_running(self, tasks: Sequence[Task], *, deleting: bool = False) -> None:
        """What the operation waits for."""
        if not tasks:
            self.say(OperationPhase.RUNNING, "")
            return
        hooks = [t for t in tasks if t.is_hook]
        others = [t for t in tasks if not t.is_hook]
        reason = "completion of hook" if hooks else "healthy state of"
        if deleting:
            reason = "deletion of hook" if hooks else "deletion of"
        first, more = (hooks or others)[0], len(tasks) - 1
        unconfirmed = [t for t in tasks if self.unconfirmed(t)]
        if unconfirmed:
            reason, first, more = "pruning confirmation of", unconfirmed[0], len(unconfirmed) - 1
        ref = first.ref
        message = f"waiting for {reason} {ref.group}/{ref.kind}/{ref.name}"
        if more > 0:
            message += f" and {more} more {'resources' if others else 'hooks'}"
        self.say(OperationPhase.RUNNING, message)

    def step(self) -> SyncStep:
        wake = None
        if not self.phase.completed:
            wake = self.pause or (_SOON if self.changed else _LATER)
        results = tuple(self._explained(r) for r in self.results.values())
        return SyncStep(self.phase, self.message, results, wake, self.pause)

    def _explained(self, result: ResourceResult) -> ResourceResult:
        """With what a person can do about it, where the message alone does not tell."""
        if _NOT_SERVED in result.message:
            return replace(result, message=self._not_served(result))
        if _TOO_LONG in result.message and _TOO_LONG_HELP not in result.message:
            return replace(result, message=f"{result.message} {_TOO_LONG_HELP}")
        return result

    def _not_served(self, result: ResourceResult) -> str:
        ref = result.ref
        kind, where = f"{ref.group}/{ref.kind}", f"{ref.namespace}/{ref.name}"
        installed = self.installed.get((ref.group, ref.kind), "")
        if not installed:
            return (
                f"The Kubernetes API could not find {kind} for requested resource {where}. "
                f'Make sure the "{ref.kind}" CRD is installed on the destination cluster.'
            )
        return (
            f'The Kubernetes API could not find version "{result.version}" of {kind} for requested resource {where}. '
            f'Version "{installed}" of {kind} is installed on the destination cluster.'
        )


def _names(selected: SelectedResource, ref: ObjectRef) -> bool:
    same = (selected.group, selected.kind, selected.name) == (ref.group, ref.kind, ref.name)
    return same and selected.namespace in ("", ref.namespace)

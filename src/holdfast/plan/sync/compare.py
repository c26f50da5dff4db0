"""Which objects of an application are as wanted: pairs in, the entries of ``status.resources`` and one word for all out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef
from holdfast.model.sync import AppHealth, AppHealthStatus, Pair, ResourceState, SyncStatus, Tracking
from holdfast.plan.sync import marks
from holdfast.plan.sync.diff import Difference, DiffOptions, difference_of
from holdfast.plan.sync.ignoring import check_rules
from holdfast.plan.sync.tracking import is_self_referenced

Health = Callable[[Manifest], AppHealth | None]


@dataclass(frozen=True, slots=True)
class CompareOptions:
    """``permitted`` tells whether the project allows a kind and name; ``managed_namespace`` is the namespace whose metadata
    the application keeps; ``options`` are the sync options of the application; ``known`` False: the targets could not be had,
    so nothing can be said."""

    diff: DiffOptions = field(default_factory=DiffOptions)
    permitted: Callable[[ObjectRef, GroupVersionKind], bool] = field(default=lambda ref, gvk: True, repr=False)
    managed_namespace: str = ""
    options: tuple[str, ...] = ()
    known: bool = True


@dataclass(frozen=True, slots=True)
class Comparison:
    """``states`` and ``differences`` stand in the order of the pairs."""

    code: SyncStatus
    states: tuple[ResourceState, ...]
    differences: tuple[Difference, ...] = field(default=(), repr=False)


def compare(pairs: Sequence[Pair], hooks: Sequence[Manifest], options: CompareOptions) -> Comparison:
    """Raises ignoring.BadPathError."""
    check_rules(options.diff.rules)
    differences = tuple(difference_of(p, options.diff) for p in pairs)
    found = [_sync(p, d, options) for p, d in zip(pairs, differences, strict=True)]
    states = tuple(_state(p, d, s, hooks, options) for p, d, s in zip(pairs, differences, found, strict=True))
    code = SyncStatus.SYNCED
    if not options.known:
        code = SyncStatus.UNKNOWN
    elif any(s is SyncStatus.OUT_OF_SYNC and not _is_extraneous(p) for p, s in zip(pairs, found, strict=True)):
        code = SyncStatus.OUT_OF_SYNC
    return Comparison(code, states, differences)


def _state(
    pair: Pair, difference: Difference, sync: SyncStatus | None, hooks: Sequence[Manifest], options: CompareOptions
) -> ResourceState:
    target, live = pair.target, pair.live
    obj = live if live is not None else pair.obj
    ref, gvk = ObjectRef.of(obj), GroupVersionKind.of(obj)
    if not options.permitted(ref, gvk) or not options.known:
        sync = SyncStatus.UNKNOWN
    extra = target is None and live is not None
    return ResourceState(
        ref,
        gvk,
        sync,
        hook=_is_hook(obj),
        requires_pruning=extra and is_self_referenced(live, target, options.diff.tracking),
        requires_deletion_confirmation=_confirms(target, options.options) or _confirms(live, options.options),
        sync_wave=_wave(pair, _is_hook(obj), hooks),
        modified=difference.modified,
    )


def _is_hook(obj: Manifest) -> bool:
    return marks.is_hook(obj) or bool(marks.deletion_hooks(obj))


def _sync(pair: Pair, difference: Difference, options: CompareOptions) -> SyncStatus | None:
    """None for what has no part in it: hooks, what is skipped, copies of somebody else's marks."""
    target, live = pair.target, pair.live
    obj = live if live is not None else pair.obj
    if _is_hook(obj) or marks.is_ignored(obj) or (target is not None and marks.is_skipped(target)):
        return None
    if not is_self_referenced(live, target, options.diff.tracking):
        return None
    if is_managed_namespace(target, options.managed_namespace) and live is None:
        return SyncStatus.SYNCED
    if difference.modified or target is None or live is None:
        return SyncStatus.OUT_OF_SYNC
    return SyncStatus.SYNCED


def _is_extraneous(pair: Pair) -> bool:
    """Something that nobody wants and that says that it does not matter."""
    return pair.target is None and marks.has_option(pair.live, "IgnoreExtraneous", marks.COMPARE_OPTIONS)


def is_managed_namespace(obj: Manifest | None, name: str) -> bool:
    return bool(name) and obj is not None and obj.get("kind") == "Namespace" and ObjectRef.of(obj).name == name


def _wave(pair: Pair, hook: bool, hooks: Sequence[Manifest]) -> int:
    if pair.target is not None:
        return marks.wave(pair.target)
    if not hook or pair.live is None:
        return 0
    ref = ObjectRef.of(pair.live)
    same = (h for h in hooks if (h.get("kind"), ObjectRef.of(h).namespace, ObjectRef.of(h).name) == ref_key(ref))
    return next((marks.wave(h) for h in same), 0)


def ref_key(ref: ObjectRef) -> tuple[str, str, str]:
    return ref.kind, ref.namespace, ref.name


def _confirms(obj: Manifest | None, options: tuple[str, ...]) -> bool:
    if obj is None:
        return False
    return any(marks.option(obj, name, marks.option_of(options, name)) == "confirm" for name in ("Delete", "Prune"))


_WORST = (
    AppHealthStatus.HEALTHY,
    AppHealthStatus.SUSPENDED,
    AppHealthStatus.PROGRESSING,
    AppHealthStatus.MISSING,
    AppHealthStatus.DEGRADED,
    AppHealthStatus.UNKNOWN,
)


def health_of(
    pairs: Sequence[Pair], health: Health, *, itself: Callable[[Manifest], bool] = lambda obj: False
) -> tuple[AppHealthStatus, tuple[AppHealth | None, ...]]:
    """The health of an application, and of each pair. ``itself`` tells the application's own object, which does not count."""
    worst = AppHealthStatus.HEALTHY
    found: list[AppHealth | None] = []
    counted = alive = False
    for pair in pairs:
        one, counts = _health(pair, health, itself)
        found.append(one)
        counted = counted or counts
        alive = alive or (counts and pair.live is not None)
        if one is not None and pair.live is not None and not _is_lost_child(pair, one):
            worst = worse(worst, one.status)
    if counted and not alive:
        worst = worse(worst, AppHealthStatus.MISSING)
    return worst, tuple(found)


def _health(pair: Pair, health: Health, itself: Callable[[Manifest], bool]) -> tuple[AppHealth | None, bool]:
    """(its health, whether it counts as an object of the application)."""
    live = pair.live
    if pair.target is not None and marks.is_skipped(pair.target):
        return None, False
    if live is not None and (marks.is_hook(live) or marks.is_ignored(live)):
        return None, False
    if live is None:
        return AppHealth(AppHealthStatus.MISSING), True
    if marks.annotations_of(live).get(marks.IGNORE_HEALTH) == "true" or itself(live):
        return None, True
    return health(live), True


def _is_lost_child(pair: Pair, one: AppHealth) -> bool:
    child = (pair.gvk.group, pair.gvk.kind) == ("argoproj.io", "Application")
    return child and one.status in (AppHealthStatus.MISSING, AppHealthStatus.UNKNOWN)


def worse(one: AppHealthStatus, other: AppHealthStatus) -> AppHealthStatus:
    return max(one, other, key=_WORST.index)


def shared(
    lives: Iterable[Manifest], name_of: Callable[[Mapping[str, object]], str], tracking: Tracking, own: str
) -> list[str]:
    """What is told of live objects that another application has synced; ``own`` is this application's qualified name."""
    found = []
    for live in lives:
        name = name_of(live)
        if name and name != tracking.app_name:
            ref = ObjectRef.of(live)
            found.append(f"{ref.kind}/{ref.name} is part of applications {own} and {name.replace('_', '/')}")
    return found

"""What is wanted beside what is there: targets in their normal form, and each with its live object.

In: rendered objects, live objects, and which kinds are namespaced. Out: `Targets` and `Paired`. A kind that is not known to
be namespaced or not is looked for in both ways, so that its object is never taken for one that nobody wants.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef
from holdfast.model.sync import Pair, Tracking
from holdfast.plan.sync import marks
from holdfast.plan.sync.tracking import stamp

Scope = Callable[[str, str], bool | None]
"""(group, kind) to whether it is namespaced; None where that is not known."""


@dataclass(frozen=True, slots=True)
class Repeated:
    """An object that was rendered several times; the last one counts."""

    ref: ObjectRef
    times: int

    def __str__(self) -> str:
        r = self.ref
        return f"Resource {r.group}/{r.kind}/{r.namespace}/{r.name} appeared {self.times} times among application resources."


@dataclass(frozen=True, slots=True)
class Targets:
    objects: tuple[Manifest, ...]
    repeated: tuple[Repeated, ...] = ()


def normal_targets(rendered: Iterable[Manifest], namespace: str, scope: Scope, tracking: Tracking) -> Targets:
    """Rendered objects with the right namespace and the application's marks, each once.

    An object of a cluster-scoped kind loses its namespace, any other without one gets the destination's.
    """
    found: dict[ObjectRef, list[Manifest]] = {}
    for number, obj in enumerate(rendered):
        placed = stamp(_placed(obj, namespace, scope), tracking)
        ref = ObjectRef.of(placed)
        prefix = (placed.get("metadata") or {}).get("generateName")
        if not ref.name and prefix:
            ref = ObjectRef(ref.group, ref.kind, ref.namespace, f"{prefix}{number}")
        found.setdefault(ref, []).append(placed)
    repeated = tuple(Repeated(ref, len(objs)) for ref, objs in found.items() if len(objs) > 1)
    return Targets(tuple(objs[-1] for objs in found.values()), repeated)


def _placed(obj: Manifest, namespace: str, scope: Scope) -> Manifest:
    ref = ObjectRef.of(obj)
    namespaced = scope(ref.group, ref.kind) is not False
    if namespaced == bool(ref.namespace):
        return obj
    meta = dict(obj.get("metadata") or {})
    if not namespaced:
        meta.pop("namespace", None)
    elif namespace:
        meta["namespace"] = namespace
    return {**obj, "metadata": meta}


@dataclass(frozen=True, slots=True)
class Paired:
    """``hooks`` are the targets that are hooks of a sync; ``before_delete`` and ``after_delete`` those that wait for the
    application's deletion. A live hook stands in ``pairs`` without a target."""

    pairs: tuple[Pair, ...]
    hooks: tuple[Manifest, ...] = ()
    before_delete: tuple[Manifest, ...] = ()
    after_delete: tuple[Manifest, ...] = ()


def pair(targets: Sequence[Manifest], lives: Iterable[Manifest], namespace: str, scope: Scope) -> Paired:
    """``lives`` are the objects that are marked as the application's, without those another object owns, and the live
    objects of the targets, however they are marked."""
    syncing = [t for t in targets if marks.syncs(t)]
    wanted = [t for t in syncing if not marks.is_hook(t)]
    left = _without_doubles({ObjectRef.of(live): live for live in lives}, {ObjectRef.of(t) for t in wanted})
    pairs = [_with_live(t, left, namespace, scope) for t in wanted]
    pairs += [Pair(None, live, ref, GroupVersionKind.of(live)) for ref, live in sorted(left.items())]
    return Paired(
        tuple(pairs),
        tuple(t for t in syncing if marks.is_hook(t)),
        tuple(t for t in targets if marks.PRE_DELETE in marks.deletion_hooks(t)),
        tuple(t for t in targets if marks.POST_DELETE in marks.deletion_hooks(t)),
    )


def _with_live(target: Manifest, left: dict[ObjectRef, Manifest], namespace: str, scope: Scope) -> Pair:
    """Takes the live object out of ``left``."""
    ref = ObjectRef.of(target)
    gvk = GroupVersionKind.of(target)
    for key in keys(ref, namespace, scope):
        if key in left:
            return Pair(target, left.pop(key), key, gvk)
    return Pair(target, None, ref, gvk)


def keys(ref: ObjectRef, namespace: str, scope: Scope) -> list[ObjectRef]:
    """Where the live object of a target may be."""
    namespaced = scope(ref.group, ref.kind)
    spaces = []
    if namespaced is not False:
        spaces.append(ref.namespace or namespace)
    if not namespaced:
        spaces.append("")
    return [ObjectRef(ref.group, ref.kind, space, ref.name) for space in spaces]


def _without_doubles(lives: dict[ObjectRef, Manifest], wanted: set[ObjectRef]) -> dict[ObjectRef, Manifest]:
    """One object may be served by two API groups: of those with the same uid, the ones that are wanted stay, at least one."""
    by_uid: dict[str, list[ObjectRef]] = {}
    for ref, live in lives.items():
        uid = str((live.get("metadata") or {}).get("uid") or "")
        if uid:
            by_uid.setdefault(uid, []).append(ref)
    dropped: set[ObjectRef] = set()
    for refs in by_uid.values():
        spare = [r for r in refs if r not in wanted]
        dropped.update(spare[: len(refs) - 1])
    return {ref: live for ref, live in lives.items() if ref not in dropped}

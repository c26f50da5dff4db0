"""Who owns the replicas of an object after its Scale was written.

In: the object, the replicas that are asked for, who asks. Out: the object's managedFields. A conflict of an apply is a
``StatusError``. Never writes the replicas themselves.
"""

from __future__ import annotations

from typing import Any, Final

from holdfast.kube import ssa_managed, ssa_scale
from holdfast.kube.refs import GroupVersionKind, Manifest
from holdfast.kube.schema import builtin
from holdfast.kube.ssa_scale import SCALE_VERSION, ReplicasPaths
from holdfast.sandbox import apply

_KIND: Final = GroupVersionKind("autoscaling", "v1", "Scale")


def after_write(
    obj: Manifest, before: Any, after: Any, *, manager: str, api_version: str, paths: ReplicasPaths, now: str
) -> list[dict[str, Any]]:
    """``obj`` is the object as it is; ``before`` and ``after`` are its replicas."""
    entries = ssa_managed.entries_of(obj)
    found = apply.track_update(
        _scale(obj, before, ssa_scale.scale_entries(entries, paths)),
        _scale(obj, after),
        manager=manager,
        schema=builtin().lookup(_KIND),
        api_version=SCALE_VERSION,
        subresource="scale",
        now=now,
        has_status=False,
    )
    return ssa_scale.parent_entries(entries, ssa_managed.entries_of(found), api_version, paths)


def after_apply(
    obj: Manifest,
    before: Any,
    applied: Manifest,
    *,
    manager: str,
    force: bool,
    api_version: str,
    paths: ReplicasPaths,
    now: str,
) -> tuple[Manifest, list[dict[str, Any]]]:
    """The Scale and the managedFields after ``applied``, a Scale, was applied."""
    entries = ssa_managed.entries_of(obj)
    found = apply.apply_patch(
        _scale(obj, before, ssa_scale.scale_entries(entries, paths)),
        applied,
        manager=manager,
        force=force,
        schema=builtin().lookup(_KIND),
        api_version=SCALE_VERSION,
        subresource="scale",
        now=now,
        kind="Scale",
        has_status=False,
    )
    left = ssa_scale.parent_entries(entries, ssa_managed.entries_of(found), api_version, paths)
    return found, left


def _scale(obj: Manifest, replicas: Any, entries: list[dict[str, Any]] | None = None) -> Manifest:
    metadata = {k: v for k, v in obj["metadata"].items() if k in ("name", "namespace", "uid", "resourceVersion")}
    if entries:
        metadata["managedFields"] = entries
    spec = {"replicas": replicas} if replicas else {}
    return {"apiVersion": SCALE_VERSION, "kind": "Scale", "metadata": metadata, "spec": spec}

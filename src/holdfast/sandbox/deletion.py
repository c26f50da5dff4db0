"""Deleting: preconditions, grace, finalizers, and what the answer is.

In: a key and DeleteOptions; out: the object as it is now, and whether it is gone.
"""

from __future__ import annotations

import datetime
from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.sandbox import crds, seams, status, strategy
from holdfast.sandbox.context import Call, timestamp
from holdfast.sandbox.conversion import to_storage
from holdfast.sandbox.options import DeleteOptions
from holdfast.sandbox.registry import Registry
from holdfast.sandbox.resources import Resource
from holdfast.sandbox.store import Key, Record

ORPHAN = "orphan"
_PODS_STAY = (
    "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set "
    "propagationPolicy=Orphan to suppress this warning"
)
FOREGROUND = "foregroundDeletion"


def delete(
    registry: Registry, call: Call, resource: Resource, key: Key, options: DeleteOptions
) -> tuple[Manifest, bool]:
    if resource.kind == "Job" and not resource.crd and options.policy is None and options.orphan is None:
        call.warn(_PODS_STAY)
    record = registry.find(resource, key)
    if record is None:
        raise status.not_found(resource.plural, resource.group, key[1])
    obj = registry.show(resource, record)
    registry.hooks.admit(call, resource, "DELETE", None, obj)
    _check_preconditions(resource, key, record, options)
    if resource.kind == "Namespace" and not resource.group:
        return _delete_namespace(registry, call, resource, key, record, obj)
    before = registry.show(resource, record)
    if crds.is_definition(resource) and not obj["metadata"].get("deletionTimestamp"):
        crds.mark_deleted(call, obj)
        return _write(registry, call, resource, key, record, obj, before), False
    finalizers = _finalizers(resource, obj["metadata"].get("finalizers") or [], options)
    if resource.kind == "Pod" and not resource.group:
        outcome = _delete_pod(call, obj, options)
        if outcome == "pending" and finalizers == (obj["metadata"].get("finalizers") or []):
            return obj, False
    else:
        outcome = "now"
    _set(obj["metadata"], "finalizers", finalizers)
    if outcome == "now" and not finalizers:
        return _remove(registry, call, resource, key, obj), True
    if outcome != "graceful" and outcome != "pending":
        _mark(call, obj["metadata"])
    return _write(registry, call, resource, key, record, obj, before), False


def _check_preconditions(resource: Resource, key: Key, record: Record, options: DeleteOptions) -> None:
    if resource.kind == "Namespace" and not resource.crd:
        _check_namespace_preconditions(key[1], record, options)
    if options.uid is not None and options.uid != record.uid:
        why = (
            f"the UID in the precondition ({options.uid}) does not match the UID in record ({record.uid}). "
            "The object might have been deleted and then recreated"
        )
        raise status.conflict(resource.kind, "" if resource.kind == "Event" else resource.group, key[1], why)
    if options.resource_version is not None and options.resource_version != str(record.revision):
        why = (
            f"the ResourceVersion in the precondition ({options.resource_version}) does not match the ResourceVersion in record "
            f"({record.revision}). The object might have been modified"
        )
        raise status.conflict(resource.kind, "" if resource.kind == "Event" else resource.group, key[1], why)


def _check_namespace_preconditions(name: str, record: Record, options: DeleteOptions) -> None:
    checked = (("UID", options.uid, record.uid), ("ResourceVersion", options.resource_version, str(record.revision)))
    for what, wanted, present in checked:
        if wanted is not None and wanted != present:
            why = f"Precondition failed: {what} in precondition: {wanted}, {what} in object meta: {present}"
            raise status.conflict("namespaces", "", name, why)


def _finalizers(resource: Resource, present: list[str], options: DeleteOptions) -> list[str]:
    """The finalizers that the propagation policy asks for; the order of the others stays."""
    orphan = foreground = False
    if options.orphan is not None:
        orphan = options.orphan
    elif options.policy is not None:
        orphan, foreground = options.policy == "Orphan", options.policy == "Foreground"
    else:
        orphan = ORPHAN in present or strategy.orphans_by_default(resource)
        foreground = FOREGROUND in present
        if ORPHAN not in present and foreground:
            orphan = False
    kept = [f for f in present if f not in (ORPHAN, FOREGROUND)]
    if orphan == (ORPHAN in present) and foreground == (FOREGROUND in present):
        return present
    return kept + ([ORPHAN] if orphan else []) + ([FOREGROUND] if foreground else [])


def _delete_pod(call: Call, pod: Manifest, options: DeleteOptions) -> str:
    """``now``, ``graceful`` (marked; a kubelet has to finish it) or ``pending`` (marked before, nothing changes)."""
    meta = pod["metadata"]
    if meta.get("deletionTimestamp"):
        return _shorten(pod["metadata"], options)
    period = _grace(pod, options)
    meta["deletionTimestamp"] = timestamp(call.now + datetime.timedelta(seconds=period))
    meta["deletionGracePeriodSeconds"] = period
    if meta.get("generation"):
        meta["generation"] += 1
    return "graceful" if period else "now"


def _shorten(meta: Manifest, options: DeleteOptions) -> str:
    present = meta.get("deletionGracePeriodSeconds")
    if present is None:
        return "now"
    if options.grace is None:
        return "pending" if present else "now"
    if options.grace >= present:
        return "pending" if present else "now"
    grace = max(options.grace, 0)
    moment = datetime.datetime.strptime(meta["deletionTimestamp"], "%Y-%m-%dT%H:%M:%SZ")
    meta["deletionTimestamp"] = timestamp(moment - datetime.timedelta(seconds=present - grace))
    meta["deletionGracePeriodSeconds"] = grace
    return "graceful" if grace else "now"


def _grace(pod: Manifest, options: DeleteOptions) -> int:
    spec: dict[str, Any] = pod.get("spec") or {}
    if not spec.get("nodeName") or (pod.get("status") or {}).get("phase") in ("Failed", "Succeeded"):
        return 0
    period = options.grace if options.grace is not None else int(spec.get("terminationGracePeriodSeconds") or 0)
    return 1 if period < 0 else period


def _mark(call: Call, meta: Manifest) -> None:
    if meta.get("deletionTimestamp"):
        meta.setdefault("deletionGracePeriodSeconds", 0)
        return
    meta["deletionTimestamp"] = call.stamp
    meta["deletionGracePeriodSeconds"] = 0
    if meta.get("generation"):
        meta["generation"] += 1


def _delete_namespace(
    registry: Registry, call: Call, resource: Resource, key: Key, record: Record, obj: Manifest
) -> tuple[Manifest, bool]:
    if key[1] in strategy.PROTECTED_NAMESPACES:
        raise status.forbidden(resource.plural, "", key[1], "this namespace may not be deleted")
    before = registry.show(resource, record)
    spec: dict[str, Any] = obj.get("spec") or {}
    meta = obj["metadata"]
    if not spec.get("finalizers") and not meta.get("finalizers"):
        return _remove(registry, call, resource, key, obj), True
    if not meta.get("deletionTimestamp"):
        meta["deletionTimestamp"] = call.stamp
        obj.setdefault("status", {})["phase"] = "Terminating"
    return _write(registry, call, resource, key, record, obj, before), False


def _set(meta: Manifest, field: str, value: list[str]) -> None:
    if value:
        meta[field] = value
    else:
        meta.pop(field, None)


def _remove(registry: Registry, call: Call, resource: Resource, key: Key, obj: Manifest) -> Manifest:
    if call.dry_run:
        return obj
    gone = registry.store.delete(resource.storage, key)
    registry.hooks.written(resource, gone)
    return {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(gone.revision)}}


def _write(
    registry: Registry, call: Call, resource: Resource, key: Key, record: Record, obj: Manifest, before: Manifest
) -> Manifest:
    if obj == before or call.dry_run:
        return obj
    seams.write_zeros(resource, obj)
    fresh = registry.store.update(resource.storage, key, to_storage(resource, obj), record.version)
    registry.hooks.written(resource, fresh)
    return registry.show(resource, fresh)

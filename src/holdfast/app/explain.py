"""Why something is as it is, in a sentence or two: of a unit, a source, or any object.

In: live objects. Out: sentences, the cause last and what to do where there is something. Reads only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from holdfast.app import argo_units
from holdfast.app.units import KINDS, Kind, condition, revision, source_of
from holdfast.cluster.client import Client, Selectors
from holdfast.cluster.errors import ApiError, NotFound
from holdfast.health.kstatus import compute
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef
from holdfast.model.health import HealthStatus
from holdfast.model.safety import PIN
from holdfast.plan.switches import NAMES

_EVENTS = GroupVersionKind("", "v1", "Event")
_OWNERS = ("kustomize.toolkit.fluxcd.io", "helm.toolkit.fluxcd.io")


async def explain(client: Client, obj: Manifest, *, now: float) -> list[str]:
    """Sentences, most important first."""
    kind = _known(obj)
    if kind is None:
        return await _object(client, obj, now)
    return await _unit(client, obj) if kind.unit else _source(obj)


def _known(obj: Mapping[str, Any]) -> Kind | None:
    gvk = GroupVersionKind.of(obj)
    return next((k for k in KINDS if (k.gvk.group, k.gvk.kind) == (gvk.group, gvk.kind)), None)


async def _unit(client: Client, obj: Manifest) -> list[str]:
    if argo_units.is_argo(obj):
        return argo_units.explain(obj)
    name = str(ObjectRef.of(obj))
    ready, spec = condition(obj), obj.get("spec") or {}
    if obj["metadata"].get("deletionTimestamp") and ready.get("reason") == "PruneHeld":
        return [f"{name} is deleted, but its objects are kept: {ready.get('message')}."]
    if obj["metadata"].get("deletionTimestamp"):
        return [f"{name} is being deleted: its objects are pruned first, as its deletion policy says."]
    if spec.get("suspend"):
        return [f"{name} is suspended: nothing is applied until it is resumed (holdfast resume)."]
    sentences = [_standing(name, obj, ready)]
    if ready.get("reason") != "PruneHeld" and condition(obj, "PruneHeld").get("message"):
        sentences.append(f"It keeps what it does not want any more: {condition(obj, 'PruneHeld')['message']}.")
    if condition(obj, "Drifted").get("status") == "True":
        sentences.append(f"Drift is told, not put right: {condition(obj, 'Drifted')['message']}.")
    pin = (obj["metadata"].get("annotations") or {}).get(PIN)
    if pin:
        sentences.append(
            f"It is held at {pin} (holdfast rollback) until a commit changes what it renders; holdfast resume ends that."
        )
    else:
        sentences += await _about_source(client, obj)
    sentences += [s for d in spec.get("dependsOn") or () for s in await _about_dependency(client, obj, d)]
    if ready.get("status") == "False" and condition(obj, "Stalled").get("status") != "True":
        sentences.append(
            f"It is tried again every {spec.get('retryInterval') or spec.get('interval')}, and at a change."
        )
    return sentences


def _standing(name: str, obj: Manifest, ready: Mapping[str, Any]) -> str:
    status = obj.get("status") or {}
    count = len((status.get("inventory") or {}).get("entries") or ())
    applied = f"{count} objects of revision {revision(obj)} are applied" if count else "nothing of it is applied"
    match ready.get("status"):
        case "True":
            return f"{name} is ready: {applied}."
        case "False":
            return f"{name} is not ready ({ready.get('reason')}): {str(ready.get('message')).strip()} ({applied})"
        case "Unknown":
            step = condition(obj, "Reconciling").get("message") or ready.get("message")
            return f"{name} is on its way: {step} ({applied})"
    return f"{name} has not been looked at yet: is a controller running (holdfast run)?"


async def _about_source(client: Client, obj: Manifest) -> list[str]:
    found = source_of(obj)
    if found is None:
        return []
    kind, namespace, name = found
    ref = ObjectRef(kind.gvk.group, kind.gvk.kind, namespace, name)
    try:
        source = await client.get(ref, version=kind.gvk.version)
    except NotFound:
        return [f"Its source {ref} does not exist: create it, or correct sourceRef."]
    ready = condition(source)
    if ready.get("status") == "False":
        return [f"Its source {ref} is not ready: {str(ready.get('message')).strip()}"]
    newest = ((source.get("status") or {}).get("artifact") or {}).get("revision")
    if newest and not _has_taken_up(obj, str(newest)):
        return [f"Its source {ref} is at {newest}, which is not applied yet."]
    return []


def _has_taken_up(obj: Manifest, newest: str) -> bool:
    """A release says only what it tried last; whether that went well its conditions tell."""
    status = obj.get("status") or {}
    if obj.get("kind") != "HelmRelease":
        return bool(status.get("lastAppliedRevision") == newest)
    tried = (status.get("lastAttemptedRevision"), status.get("lastAttemptedRevisionDigest"))
    return newest in tried or (newest.partition("@")[2] or newest) in tried


async def _about_dependency(client: Client, obj: Manifest, dependency: Mapping[str, Any]) -> list[str]:
    gvk = GroupVersionKind.of(obj)
    namespace = str(dependency.get("namespace") or obj["metadata"]["namespace"])
    ref = ObjectRef(gvk.group, gvk.kind, namespace, str(dependency["name"]))
    try:
        found = await client.get(ref, version=gvk.version)
    except NotFound:
        return [f"It waits for {ref}, which does not exist."]
    ready = condition(found)
    if ready.get("status") == "True":
        return []
    return [f"It waits for {ref}: {str(ready.get('message') or 'not looked at yet').strip()}"]


def _source(obj: Manifest) -> list[str]:
    name, ready = str(ObjectRef.of(obj)), condition(obj)
    if (obj.get("spec") or {}).get("suspend"):
        return [f"{name} is suspended: it is not fetched until it is resumed."]
    artifact = (obj.get("status") or {}).get("artifact") or {}
    have = f"the artifact is of revision {artifact['revision']}" if artifact else "there is no artifact"
    if ready.get("status") == "False":
        return [f"{name} is not ready ({ready.get('reason')}): {str(ready.get('message')).strip()} ({have})"]
    if ready.get("status") == "True":
        return [f"{name} is ready: {have}."]
    return [f"{name} has not been looked at yet: is a controller running (holdfast run)?"]


async def _object(client: Client, obj: Manifest, now: float) -> list[str]:
    result, name = compute(obj, now=now), str(ObjectRef.of(obj))
    words = {
        HealthStatus.CURRENT: "is ready",
        HealthStatus.FAILED: "has failed",
        HealthStatus.TERMINATING: "is being deleted",
    }
    sentences = [f"{name} {words.get(result.status, 'is not ready yet')}: {result.message}"]
    sentences += await _about_owner(client, obj)
    others = sorted({m["manager"] for m in obj["metadata"].get("managedFields") or () if not m.get("subresource")})
    if others:
        sentences.append(f"Its fields are written by {', '.join(others)}.")
    return sentences


async def _about_owner(client: Client, obj: Manifest) -> list[str]:
    labels = obj["metadata"].get("labels") or {}
    for kind in KINDS:
        group = kind.gvk.group
        if not kind.unit or group not in _OWNERS or f"{group}/name" not in labels:
            continue
        ref = ObjectRef(group, kind.gvk.kind, labels.get(f"{group}/namespace", ""), labels[f"{group}/name"])
        switched = [
            f"{group}/{n}" for n in NAMES if f"{group}/{n}" in {**labels, **(obj["metadata"].get("annotations") or {})}
        ]
        note = f" It carries {', '.join(switched)}." if switched else ""
        try:
            unit = await client.get(ref, version=kind.gvk.version)
        except ApiError:
            return [f"Its labels name {ref}, which does not exist: nobody keeps it.{note}"]
        belongs = f"It belongs to {ref}, which keeps it as it is in {revision(unit) or 'its source'}.{note}"
        return [belongs, *await _about_drift(client, unit, ObjectRef.of(obj))]
    return _controlled(obj)


async def _about_drift(client: Client, unit: Manifest, ref: ObjectRef) -> list[str]:
    """Who changed the object last although its unit keeps it, as the unit's events and conditions tell."""
    told = [p for p in str(condition(unit, "Drifted").get("message") or "").split("; ") if p.startswith(f"{ref} ")]
    if told:
        return [f"It {told[0].removeprefix(f'{ref} ')}, and is left so."]
    meta = unit["metadata"]
    fields = f"involvedObject.uid={meta.get('uid')}" if meta.get("uid") else f"involvedObject.name={meta['name']}"
    events = (await client.list(_EVENTS, meta.get("namespace") or "", Selectors(fields=fields))).items
    for event in sorted(events, key=lambda e: str(e.get("lastTimestamp") or ""), reverse=True):
        notes = (event["metadata"].get("annotations") or {}).items()
        parts = [p for k, v in notes if k.endswith("/drift") for p in str(v).split("; ")]
        found = next((p for p in parts if p.startswith(f"{ref} ")), "")
        if found:
            return [f"It {found.removeprefix(f'{ref} ')}, which was put right."]
    return []


def _controlled(obj: Manifest) -> list[str]:
    owners: Sequence[Mapping[str, Any]] = obj["metadata"].get("ownerReferences") or ()
    if owners:
        return [f"It was made by {owners[0].get('kind')}/{owners[0].get('name')} and goes with it."]
    return ["No unit owns it."]

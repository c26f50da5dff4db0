"""Day-two work on Argo CD's Applications, and on sets of them: their state in a line, requests, suspension, what they own, taking them back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from holdfast.app import argo_set_units as sets
from holdfast.base.errors import Stop
from holdfast.cluster.client import Client, PatchType
from holdfast.dialects.argo import application as dialect
from holdfast.dialects.argo.status import write_history
from holdfast.kube.refs import Manifest, ObjectRef
from holdfast.model.app import Application, HistoryRecord
from holdfast.model.sync import OperationPhase

APPLICATION, APPLICATION_SET = dialect.GVK, sets.APPLICATION_SET
MANAGER = "argocd-server"


def is_application(obj: Mapping[str, Any]) -> bool:
    return obj.get("kind") == dialect.KIND and str(obj.get("apiVersion")).startswith(dialect.GROUP)


def is_argo(obj: Mapping[str, Any]) -> bool:
    return is_application(obj) or sets.is_set(obj)


def readiness(obj: Mapping[str, Any]) -> dict[str, Any]:
    """Sync, health and what stands in the way, in the form of a condition."""
    if sets.is_set(obj):
        return sets.readiness(obj)
    app = dialect.read(obj)
    errors = [c for c in app.status.conditions if c.type.endswith("Error")]
    code, health = app.status.sync.code, app.status.health
    told = f"{code or 'not looked at yet'}, {health or 'health unknown'}"
    if errors:
        told = f"{told}; {errors[0].type}: {errors[0].message}"
    elif app.state is not None and app.state.phase is not OperationPhase.SUCCEEDED:
        told = f"{told}; {app.state.phase}: {app.state.message}"
    if code is None:
        return {"type": "Ready", "status": "Unknown", "reason": "Unknown", "message": told}
    good = code == "Synced" and health in ("Healthy", "Suspended") and not errors
    return {"type": "Ready", "status": "True" if good else "False", "reason": str(code), "message": told}


def revision(obj: Mapping[str, Any]) -> str:
    if sets.is_set(obj):
        return ""
    sync = dialect.read(obj).status.sync
    return ", ".join(r[:8] if len(r) == 40 else r for r in (sync.revisions or (sync.revision,)))


def suspended(obj: Mapping[str, Any]) -> bool:
    return not sets.is_set(obj) and dialect.read(obj).paused


def suspension(obj: Mapping[str, Any], value: bool) -> dict[str, Any]:
    """Raises Stop for what cannot be suspended."""
    if sets.is_set(obj):
        return sets.suspension(value)
    return {"metadata": {"annotations": {dialect.SKIP_RECONCILE: "true" if value else None}}}


def refresh(obj: Mapping[str, Any]) -> dict[str, Any]:
    if sets.is_set(obj):
        return sets.refresh()
    return {"metadata": {"annotations": {dialect.REFRESH: "normal"}}}


def refreshed(obj: Mapping[str, Any]) -> bool:
    if sets.is_set(obj):
        return sets.refreshed(obj)
    return not dialect.read(obj).refresh


def owned(obj: Mapping[str, Any]) -> list[tuple[ObjectRef, str]]:
    """What it delivers, each with its state."""
    if sets.is_set(obj):
        return sets.owned(obj)
    return [(r.ref, "hook" if r.hook else str(r.sync or "")) for r in dialect.read(obj).status.resources]


def explain(obj: Mapping[str, Any]) -> list[str]:
    """Sentences, the most important first."""
    if sets.is_set(obj):
        return sets.explain(obj)
    app = dialect.read(obj)
    name = str(app.ref)
    if app.paused:
        return [f"{name} is suspended: nothing is looked at until it is resumed (holdfast resume)."]
    if app.deleted is not None:
        return [f"{name} is being deleted{_held(app)}.", *(f"{c.message}." for c in app.status.conditions)]
    ready = readiness(obj)
    sentences = [
        f"{name} is {'as it should be' if ready['status'] == 'True' else 'not as it should be'}: {ready['message']}."
    ]
    differing = [r for r in app.status.resources if r.sync not in (None, "Synced")]
    if differing:
        shown = ", ".join(str(r.ref) for r in differing[:5]) + (" and more" if len(differing) > 5 else "")
        sentences.append(
            f"{len(differing)} of {len(app.status.resources)} objects differ from {revision(obj)}: {shown}."
        )
    sentences += [f"{c.type}: {c.message}." for c in app.status.conditions[1:]]
    if app.spec.automated is None and differing:
        sentences.append(
            "It does not sync by itself: holdfast reconcile application only looks; sync it, or set syncPolicy.automated."
        )
    return sentences


def _held(app: Application) -> str:
    return f", held by {', '.join(app.finalizers)}" if app.finalizers else ""


# --- taking back


def choose(obj: Mapping[str, Any], wanted: str = "") -> HistoryRecord:
    """The entry of the history that is meant: by its number, the beginning of its revision, or the one before."""
    history = dialect.read(obj).history
    if not wanted:
        if len(history) < 2:
            raise Stop("its history has no sync before the last one")
        return history[-2]
    for entry in reversed(history):
        revisions = entry.revisions or (entry.revision,)
        if str(entry.id) == wanted or any(r.startswith(wanted) for r in revisions if len(wanted) >= 4):
            return entry
    raise Stop(f"its history has no sync {wanted}", hint="see: holdfast history application NAME")


async def roll_back(client: Client, obj: Manifest, entry: HistoryRecord) -> Manifest:
    """Orders a sync to what was delivered then. Raises Stop where the application would sync itself forward again."""
    app = dialect.read(obj)
    if app.spec.automated is not None:
        raise Stop(
            "it syncs by itself, so it would go forward again at once",
            hint="switch it off first: spec.syncPolicy.automated.enabled: false",
        )
    if app.operation is not None:
        raise Stop("another operation is in progress")
    written = write_history(entry)
    sync = {k: written[k] for k in ("revision", "revisions", "source", "sources") if k in written}
    if sync.get("sources"):
        sync.pop("source", None)
    body: dict[str, Any] = {
        "operation": {
            "initiatedBy": {"username": "holdfast"},
            "sync": {**sync, "syncOptions": list(app.spec.sync_options)},
        },
        "status": {"operationState": None},
    }
    return await client.patch(ObjectRef.of(obj), body, PatchType.MERGE, version=APPLICATION.version, manager=MANAGER)


def finished(obj: Mapping[str, Any]) -> bool:
    app = dialect.read(obj)
    return app.operation is None and app.state is not None and app.state.phase.completed

"""Day-two work on Argo CD's ApplicationSets: their state in a line, requests, what they own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from holdfast.base.errors import Stop
from holdfast.dialects.argo.appset import spec, status
from holdfast.kube.refs import ObjectRef

APPLICATION_SET = spec.GVK
_READY = {"Healthy": "True", "Degraded": "False", "Progressing": "Unknown"}


def is_set(obj: Mapping[str, Any]) -> bool:
    return obj.get("kind") == spec.KIND and str(obj.get("apiVersion")).startswith(f"{spec.GROUP}/")


def readiness(obj: Mapping[str, Any]) -> dict[str, Any]:
    """Its health and how many applications it made, in the form of a condition."""
    found = obj.get("status") or {}
    health = status.health(found.get("conditions") or ())
    if not found.get("conditions"):
        return {"type": "Ready", "status": "Unknown", "reason": "Unknown", "message": "not looked at yet"}
    count = int(found.get("resourcesCount") or 0)
    message = f"{health['message']} ({count} application{'' if count == 1 else 's'})"
    return {
        "type": "Ready",
        "status": _READY.get(health["status"], "Unknown"),
        "reason": health["status"],
        "message": message,
    }


def suspension(value: bool) -> dict[str, Any]:
    del value
    raise Stop(
        "a set of applications cannot be suspended",
        hint="spec.syncPolicy.applicationsSync: create-only leaves its applications as they are",
    )


def refresh() -> dict[str, Any]:
    return {"metadata": {"annotations": {spec.REFRESH: "true"}}}


def refreshed(obj: Mapping[str, Any]) -> bool:
    """A request stays where generating fails: the failure is the answer then."""
    return spec.REFRESH not in (obj["metadata"].get("annotations") or {}) or readiness(obj)["status"] == "False"


def owned(obj: Mapping[str, Any]) -> list[tuple[ObjectRef, str]]:
    entries = (obj.get("status") or {}).get("resources") or ()
    return [
        (ObjectRef(str(e.get("group") or ""), str(e["kind"]), str(e.get("namespace") or ""), str(e["name"])), str(e.get("status") or ""))
        for e in entries
    ]  # fmt: skip


def explain(obj: Mapping[str, Any]) -> list[str]:
    """Sentences, the most important first."""
    name, found = str(ObjectRef.of(obj)), obj.get("status") or {}
    ready = readiness(obj)
    good = "as it should be" if ready["status"] == "True" else "not as it should be"
    sentences = [f"{name} is {good}: {ready['message']}."]
    if ready["status"] == "False":
        generated = {c["type"]: c["status"] for c in found.get("conditions") or ()}.get(status.PARAMETERS_GENERATED)
        sentences.append(
            "What is valid was made; the rest is left out."
            if generated == "True"
            else "Its generators failed: nothing is created, changed or deleted until they work."
        )
    waiting = [s for s in found.get("applicationStatus") or () if s.get("status") != "Healthy"]
    if waiting:
        shown = ", ".join(f"{s['application']} ({s['status']}, step {s['step']})" for s in waiting[:5])
        sentences.append(f"Its rollout waits for {shown}{' and more' if len(waiting) > 5 else ''}.")
    apart = [ref for ref, state in owned(obj) if state not in ("", "Synced")]
    if apart:
        shown = ", ".join(str(r) for r in apart[:5]) + (" and more" if len(apart) > 5 else "")
        sentences.append(f"{len(apart)} of {len(owned(obj))} applications are not in sync: {shown}.")
    return sentences

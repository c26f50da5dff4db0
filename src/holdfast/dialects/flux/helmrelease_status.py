"""The status of a HelmRelease: read into what is remembered, and written back, exactly as Flux's controller does.

In: the object, or a `Remembered` with conditions. Out: the other. Digests are taken over, never made; times are texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from holdfast.base.duration import format_duration, parse_duration
from holdfast.dialects.flux.conditions import Conditions
from holdfast.dialects.flux.helmrelease import GROUP
from holdfast.model.inventory import Inventory, InventoryEntry
from holdfast.model.outcome import Event
from holdfast.model.release import HookRun, Remembered, Snapshot

REQUESTED = "reconcile.fluxcd.io/requestedAt"
_SNAPSHOT_VERSION = "v2"
_NOT_OBSERVED = -1
# Fields of the status by the name of what is remembered; empty ones are not written.
_TEXTS = {
    "lastAttemptedReleaseAction": "last_action",
    "storageNamespace": "storage_namespace",
    "helmChart": "chart_object",
    "observedPostRenderersDigest": "rendering_digest",
    "observedCommonMetadataDigest": "metadata_digest",
    "lastAttemptedRevision": "attempted_revision",
    "lastAttemptedRevisionDigest": "attempted_digest",
    "lastAttemptedConfigDigest": "attempted_config",
    "lastHandledReconcileAt": "handled_reconcile",
    "lastHandledForceAt": "handled_force",
    "lastHandledResetAt": "handled_reset",
}
_NUMBERS = {
    "failures": "failures",
    "installFailures": "install_failures",
    "upgradeFailures": "upgrade_failures",
    "lastAttemptedGeneration": "attempted_generation",
}
# Written by older versions of the API; gone with the first run.
_OBSOLETE = ("lastAttemptedValuesChecksum", "lastReleaseRevision", "lastAppliedRevision")


def conditions_of(obj: Mapping[str, Any], now: str) -> Conditions:
    status = obj.get("status") or {}
    return Conditions(status.get("conditions") or (), int(obj["metadata"].get("generation") or 1), now)


def remember(obj: Mapping[str, Any]) -> Remembered:
    """What the status says."""
    status = obj.get("status") or {}
    texts: dict[str, Any] = {name: str(status.get(field) or "") for field, name in _TEXTS.items()}
    numbers: dict[str, Any] = {name: int(status.get(field) or 0) for field, name in _NUMBERS.items()}
    duration = status.get("lastAttemptedReleaseActionDuration")
    checksum = status.get("lastAttemptedValuesChecksum")
    if checksum and not texts["attempted_config"]:
        texts["attempted_config"] = f"sha1:{checksum}"
    snapshots = [_snapshot(s) for s in status.get("history") or ()]
    return Remembered(
        history=tuple(sorted(snapshots, key=lambda s: -s.version)),
        last_duration=parse_duration(str(duration)) if duration else None,
        inventory=_inventory(status.get("inventory")),
        observed_generation=int(status.get("observedGeneration") or 0),
        **texts,
        **numbers,
    )


def _inventory(found: Mapping[str, Any] | None) -> Inventory | None:
    if found is None:
        return None
    parsed = (InventoryEntry.parse(str(e.get("id")), str(e.get("v"))) for e in found.get("entries") or ())
    return Inventory(tuple(p for p in parsed if p is not None))


def _snapshot(found: Mapping[str, Any]) -> Snapshot:
    tests = found.get("testHooks")
    return Snapshot(
        digest=str(found.get("digest") or ""),
        name=str(found.get("name") or ""),
        namespace=str(found.get("namespace") or ""),
        version=int(found.get("version") or 0),
        status=str(found.get("status") or ""),
        chart_name=str(found.get("chartName") or ""),
        chart_version=str(found.get("chartVersion") or ""),
        config_digest=str(found.get("configDigest") or ""),
        app_version=str(found.get("appVersion") or ""),
        action=str(found.get("action") or ""),
        first_deployed=str(found.get("firstDeployed") or ""),
        last_deployed=str(found.get("lastDeployed") or ""),
        deleted=str(found.get("deleted") or ""),
        oci_digest=str(found.get("ociDigest") or ""),
        tests=None if tests is None else {str(k): _test(v) for k, v in tests.items()},
        # Snapshots of the first kind cannot be compared with the storage: their digest is of something else.
        verifiable=found.get("apiVersion") == _SNAPSHOT_VERSION,
    )


def _test(found: Mapping[str, Any] | None) -> HookRun | None:
    if found is None:
        return None
    return HookRun(*(str(found.get(k) or "") for k in ("lastStarted", "lastCompleted", "phase")))


def status_of(obj: Mapping[str, Any], remembered: Remembered, conditions: Conditions) -> dict[str, Any]:
    """The whole status to be written; what is in none of the fields we know stays as it is."""
    known = {*_TEXTS, *_NUMBERS, *_OBSOLETE, "history", "inventory", "conditions", "lastAttemptedReleaseActionDuration"}
    status = {k: v for k, v in (obj.get("status") or {}).items() if k not in known}
    for fields in (_TEXTS, _NUMBERS):
        status.update({field: value for field, name in fields.items() if (value := getattr(remembered, name))})
    status["observedGeneration"] = remembered.observed_generation or _NOT_OBSERVED
    if remembered.last_duration is not None:
        status["lastAttemptedReleaseActionDuration"] = format_duration(remembered.last_duration)
    if remembered.inventory is not None:
        status["inventory"] = {"entries": [{"id": e.id, "v": e.version} for e in remembered.inventory.entries]}
    if remembered.history:
        status["history"] = [_snapshot_json(s) for s in remembered.history]
    if conditions.as_list():
        status["conditions"] = conditions.as_list()
    return status


def _snapshot_json(snapshot: Snapshot) -> dict[str, Any]:
    found: dict[str, Any] = {
        "apiVersion": _SNAPSHOT_VERSION if snapshot.verifiable else "",
        "digest": snapshot.digest,
        "name": snapshot.name,
        "namespace": snapshot.namespace,
        "version": snapshot.version,
        "status": snapshot.status,
        "action": snapshot.action,
        "chartName": snapshot.chart_name,
        "chartVersion": snapshot.chart_version,
        "appVersion": snapshot.app_version,
        "configDigest": snapshot.config_digest,
        "firstDeployed": snapshot.first_deployed,
        "lastDeployed": snapshot.last_deployed,
        "deleted": snapshot.deleted,
        "ociDigest": snapshot.oci_digest,
    }
    found = {k: v for k, v in found.items() if v != ""}
    if snapshot.tests is not None:
        found["testHooks"] = {k: _test_json(v) for k, v in sorted(snapshot.tests.items())}
    return found


def _test_json(test: HookRun | None) -> dict[str, str]:
    if test is None:
        return {}
    found = {"lastStarted": test.started, "lastCompleted": test.completed, "phase": test.phase}
    return {k: v for k, v in found.items() if v}


def event_annotations(event: Event) -> dict[str, str]:
    """The metadata that notifiers read."""
    out = {f"{GROUP}/{k}": v for k, v in event.metadata.items()}
    if event.revision:
        out[f"{GROUP}/revision"] = event.revision
    return out


def request(obj: Mapping[str, Any]) -> str:
    return str((obj["metadata"].get("annotations") or {}).get(REQUESTED) or "")


def handle_request(obj: Mapping[str, Any], kind: str, handled: str) -> tuple[bool, str]:
    """Whether a force or reset request is to be obeyed, and what is handled now.

    It counts only together with a request to reconcile of the same moment which has not been handled yet.
    """
    annotations = obj["metadata"].get("annotations") or {}
    asked, whole = annotations.get(kind), annotations.get(REQUESTED)
    if not asked:
        return False, handled
    done = str((obj.get("status") or {}).get("lastHandledReconcileAt") or "")
    return asked == whole and asked not in (handled, done), str(asked)

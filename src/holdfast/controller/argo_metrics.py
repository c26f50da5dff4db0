"""Metrics of applications and sets, under the names and labels that Argo CD's dashboards and alerts know.

In: the objects as the watches show them. Out: samples when somebody reads them, and a count of syncs that ended.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from holdfast.controller.manager import Manager
from holdfast.controller.metrics import Labels, Sample
from holdfast.dialects.argo import application
from holdfast.dialects.argo.appset import spec, status
from holdfast.kube.refs import Manifest, ObjectRef

_ENDED = ("Succeeded", "Failed", "Error")


class ArgoMetrics:
    def __init__(self, manager: Manager) -> None:
        self._apps = manager.objects(application.GVK)
        self._sets = manager.objects(spec.GVK)
        self._syncs: Counter[Labels] = Counter()
        metrics = manager.metrics
        metrics.gauge("argocd_app_info", "Information about an application.", self._app_info)
        metrics.gauge("argocd_app_sync_total", "Number of syncs of applications.", self._sync_total, type="counter")
        metrics.gauge("argocd_appset_info", "Information about an application set.", self._set_info)
        metrics.gauge("argocd_appset_owned_applications", "Number of applications that a set made.", self._owned)
        self._apps.add_handler(self._changed)

    def _changed(self, ref: ObjectRef, old: Manifest | None, new: Manifest | None) -> None:
        if old is None or new is None:
            return
        was, now = _operation(old), _operation(new)
        ended = now.get("phase") in _ENDED and now.get("finishedAt")
        if ended and (was.get("finishedAt"), was.get("phase")) != (now.get("finishedAt"), now.get("phase")):
            sync = _table(_table(now.get("operation")).get("sync"))
            destination = _table(_table(new.get("spec")).get("destination"))
            labels = (
                *_names(ref, new),
                ("dest_server", str(destination.get("server") or "")),
                ("phase", str(now["phase"])),
                ("dry_run", "true" if sync.get("dryRun") else "false"),
            )
            self._syncs[labels] += 1

    def _sync_total(self) -> Iterator[Sample]:
        for labels, count in sorted(self._syncs.items()):
            yield labels, float(count)

    def _app_info(self) -> Iterator[Sample]:
        for ref, obj in sorted(self._apps.items(), key=lambda item: item[0]):
            yield _app_labels(ref, obj), 1.0

    def _set_info(self) -> Iterator[Sample]:
        for ref, obj in sorted(self._sets.items(), key=lambda item: item[0]):
            conditions = _table(obj.get("status")).get("conditions") or ()
            reasons = [c.get("reason") for c in conditions if c.get("type") == status.RESOURCES_UP_TO_DATE]
            told = str(reasons[-1]) if reasons else "Unknown"
            yield (("namespace", ref.namespace), ("name", ref.name), ("resource_update_status", told)), 1.0

    def _owned(self) -> Iterator[Sample]:
        for ref, obj in sorted(self._sets.items(), key=lambda item: item[0]):
            count = len(_table(obj.get("status")).get("resources") or ())
            yield (("namespace", ref.namespace), ("name", ref.name)), float(count)


def _app_labels(ref: ObjectRef, obj: Manifest) -> Labels:
    declared, found = _table(obj.get("spec")), _table(obj.get("status"))
    sources = declared.get("sources") or [declared.get("source")]
    destination, policy = _table(declared.get("destination")), _table(declared.get("syncPolicy"))
    automated = policy.get("automated") is not None and _table(policy.get("automated")).get("enabled") is not False
    running = "delete" if obj["metadata"].get("deletionTimestamp") else "sync" if obj.get("operation") else ""
    return (
        *_names(ref, obj),
        ("autosync_enabled", "true" if automated else "false"),
        ("repo", str(_table(sources[0]).get("repoURL") or "").strip().lower().removesuffix(".git")),
        ("dest_server", str(destination.get("server") or "")),
        ("dest_namespace", str(destination.get("namespace") or "")),
        ("sync_status", str(_table(found.get("sync")).get("status") or "Unknown")),
        ("health_status", str(_table(found.get("health")).get("status") or "Unknown")),
        ("operation", running),
    )


def _names(ref: ObjectRef, obj: Manifest) -> Labels:
    project = str(_table(obj.get("spec")).get("project") or "default")
    return (("namespace", ref.namespace), ("name", ref.name), ("project", project))


def _operation(obj: Manifest) -> Mapping[str, Any]:
    return _table(_table(obj.get("status")).get("operationState"))


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}

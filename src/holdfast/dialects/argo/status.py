"""What is known of an application, as Argo CD writes it into the object.

Out: the parts of a status as JSON data, without what Go's omitempty leaves out. Who writes them turns them into merge patches.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from holdfast.dialects.argo.application import time_text
from holdfast.dialects.argo.sources import normal
from holdfast.model.app import (
    AppCondition,
    AppDestination,
    AppSource,
    AppStatus,
    AppSummary,
    Compared,
    HistoryRecord,
    NamespaceMetadata,
    OperationState,
    SyncOrder,
    SyncRecord,
    SyncState,
)
from holdfast.model.sync import DiffRule, ResourceResult, ResourceState

Data = dict[str, Any]
NO_SOURCE = {"repoURL": ""}


def _kept(values: Mapping[str, Any]) -> Data:
    return {k: v for k, v in values.items() if v not in (None, "", False, 0, [], {}, ())}


def write_status(status: AppStatus) -> Data:
    """All but the operation's state and the history, which are written on their own. Absent parts have no key."""
    health = _kept({"status": status.health, "lastTransitionTime": _time(status.health_since)})
    return {
        **_kept(
            {
                "conditions": [_condition(c) for c in status.conditions],
                "resources": [_resource(r) for r in status.resources],
                "reconciledAt": _time(status.reconciled),
                "sourceType": status.source_type,
                "sourceTypes": list(status.source_types),
                "controllerNamespace": status.home,
                "resourceHealthSource": "appTree" if status.health_in_tree else "",
            }
        ),
        **_kept({"health": health, "summary": _summary(status.summary)}),
        "sync": _sync(status.sync),
    }


def _time(moment: float | None) -> str:
    return time_text(moment) if moment is not None else ""


def _condition(condition: AppCondition) -> Data:
    return {
        "type": condition.type,
        "message": condition.message,
        **_kept({"lastTransitionTime": _time(condition.since)}),
    }


def _resource(state: ResourceState) -> Data:
    health = _kept({"status": state.health.status, "message": state.health.message}) if state.health else None
    return _kept(
        {
            "group": state.ref.group,
            "version": state.gvk.version,
            "kind": state.ref.kind,
            "namespace": state.ref.namespace,
            "name": state.ref.name,
            "status": state.sync,
            "health": health,
            "hook": state.hook,
            "requiresPruning": state.requires_pruning,
            "syncWave": state.sync_wave,
            "requiresDeletionConfirmation": state.requires_deletion_confirmation,
        }
    )


def _summary(summary: AppSummary) -> Data:
    return _kept(
        {"images": list(summary.images), "externalURLs": list(summary.urls), "isAppOfApps": summary.has_applications}
    )


def _sync(sync: SyncState) -> Data:
    compared = _compared(sync.compared) if sync.compared is not None else {}
    return {
        "status": sync.code or "",
        **_kept({"comparedTo": compared, "revision": sync.revision, "revisions": list(sync.revisions)}),
    }


def _compared(compared: Compared) -> Data:
    return {
        "destination": write_destination(compared.destination),
        **_sources(compared.source, compared.sources, always=False),
        **_kept({"ignoreDifferences": [_rule(r) for r in compared.ignore]}),
    }


def _sources(source: AppSource | None, sources: tuple[AppSource, ...], *, always: bool) -> Data:
    """A single source is written even where there are several, as one without a repository."""
    one = dict(source.raw) if source is not None else NO_SOURCE if always else None
    return _kept({"source": one, "sources": [dict(s.raw) for s in sources]})


def write_destination(destination: AppDestination) -> Data:
    return _kept({"server": destination.server, "name": destination.name, "namespace": destination.namespace})


def _rule(rule: DiffRule) -> Data:
    return {
        "kind": rule.kind,
        **_kept(
            {
                "group": rule.group,
                "name": rule.name,
                "namespace": rule.namespace,
                "jsonPointers": list(rule.json_pointers),
                "jqPathExpressions": list(rule.jq_paths),
                "managedFieldsManagers": list(rule.managers),
            }
        ),
    }


def write_state(state: OperationState) -> Data:
    """The state of an operation; ``finishedAt`` is absent while it runs."""
    return {
        "operation": dict(state.operation.raw),
        "phase": state.phase,
        "startedAt": time_text(state.started),
        **_kept(
            {
                "message": state.message,
                "finishedAt": _time(state.finished),
                "retryCount": state.retries,
                "syncResult": _record(state.record) if state.record is not None else None,
            }
        ),
    }


def _record(record: SyncRecord) -> Data:
    return {
        "revision": record.revision,
        **_sources(record.source, record.sources, always=True),
        **_kept({"revisions": list(record.revisions), "resources": [_result(r) for r in record.results]}),
        **(
            {"managedNamespaceMetadata": _namespace_metadata(record.namespace_metadata)}
            if record.namespace_metadata is not None
            else {}
        ),
    }


def state_patch(before: OperationState | None, after: OperationState) -> Data:
    """The merge patch that writes the state of an operation; one that has ended takes the order away."""
    written = write_state(after)
    if before is not None and before.finished is not None and after.finished is None:
        written["finishedAt"] = None
    body: Data = {"status": {"operationState": written}}
    return {**body, "operation": None} if after.phase.completed else body


def history_patch(entries: Sequence[HistoryRecord]) -> Data:
    return {"status": {"history": [write_history(e) for e in entries]}}


def order_patch(obj: Mapping[str, Any], order: SyncOrder) -> Data:
    """Gives an order; what is known of the one before goes. Guarded by the object's resourceVersion."""
    retry = ((obj.get("spec") or {}).get("syncPolicy") or {}).get("retry")
    return {
        "metadata": {"resourceVersion": obj["metadata"].get("resourceVersion")},
        "operation": write_automated(order, retry),
        "status": {"operationState": None},
    }


def write_automated(order: SyncOrder, retry: Mapping[str, Any] | None) -> Data:
    """The order that a controller gives itself; ``retry`` is the declared one."""
    sync = _kept(
        {
            "revision": order.revision,
            "revisions": list(order.revisions),
            "prune": order.prune,
            "source": dict(order.source.raw) if order.source is not None else None,
            "sources": [dict(s.raw) for s in order.sources],
            "syncOptions": list(order.options),
            "autoHealAttemptsCount": order.heal_attempts,
            "resources": [
                _kept({"group": r.group, "kind": r.kind, "name": r.name, "namespace": r.namespace})
                for r in order.selected
            ],
        }
    )
    return {"sync": sync, "initiatedBy": {"automated": True}, "retry": normal(retry) if retry else {"limit": 5}}


def _namespace_metadata(metadata: NamespaceMetadata) -> Data:
    return _kept({"labels": dict(metadata.labels), "annotations": dict(metadata.annotations)})


def _result(result: ResourceResult) -> Data:
    return {
        "group": result.ref.group,
        "version": result.version,
        "kind": result.ref.kind,
        "namespace": result.ref.namespace,
        "name": result.ref.name,
        **_kept(
            {
                "status": result.status,
                "message": result.message,
                "hookType": result.hook_type,
                "hookPhase": result.hook_phase,
                "syncPhase": result.sync_phase,
                "images": list(result.images),
            }
        ),
    }


def write_history(record: HistoryRecord) -> Data:
    return {
        "id": record.id,
        "deployStartedAt": time_text(record.started),
        "deployedAt": time_text(record.deployed),
        "initiatedBy": _kept({"username": record.username, "automated": record.automated}),
        **_sources(record.source, record.sources, always=True),
        **_kept({"revision": record.revision, "revisions": list(record.revisions)}),
    }

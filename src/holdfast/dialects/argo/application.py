"""``Application`` (argoproj.io/v1alpha1): what is declared, ordered and known of it, to `model.app`.

Pure translation; a status is read back as it was written. What is invalid is not judged here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from holdfast.dialects.argo.sources import normal, read_source
from holdfast.kube.refs import GroupVersionKind, ObjectRef
from holdfast.model.app import (
    AppCondition,
    AppDestination,
    Application,
    AppSource,
    AppSpec,
    AppStatus,
    AppSummary,
    Automated,
    Compared,
    HistoryRecord,
    NamespaceMetadata,
    Operation,
    OperationState,
    Retry,
    SyncOrder,
    SyncRecord,
    SyncState,
)
from holdfast.model.sync import (
    AppHealth,
    AppHealthStatus,
    DiffRule,
    OperationPhase,
    ResourceResult,
    ResourceState,
    ResultCode,
    SelectedResource,
    SyncPhase,
    SyncStatus,
)

GROUP = "argoproj.io"
KIND = "Application"
GVK = GroupVersionKind(GROUP, "v1alpha1", KIND)
MANAGER = "argocd-application-controller"

REFRESH = "argocd.argoproj.io/refresh"
SKIP_RECONCILE = "argocd.argoproj.io/skip-reconcile"
COMPARE_OPTIONS = "argocd.argoproj.io/compare-options"
DELETION_APPROVED = "argocd.argoproj.io/deletion-approved"
MIGRATION_MANAGER = "argocd.argoproj.io/client-side-apply-migration-manager"
FINALIZER = "resources-finalizer.argocd.argoproj.io"
CASCADING = {FINALIZER: "Foreground", f"{FINALIZER}/foreground": "Foreground", f"{FINALIZER}/background": "Background"}
"""Finalizers under which the objects go with the application, and how they are deleted."""
PRE_DELETE = "pre-delete-finalizer.argocd.argoproj.io"
POST_DELETE = "post-delete-finalizer.argocd.argoproj.io"
DEFAULT_PROJECT = "default"
IN_CLUSTER = "https://kubernetes.default.svc"


def instance_name(ref: ObjectRef, home: str) -> str:
    """The name that an application's objects carry: with its namespace where that is not the home."""
    return ref.name if ref.namespace in ("", home) else f"{ref.namespace}_{ref.name}"


def read(obj: Mapping[str, Any]) -> Application:
    meta = obj.get("metadata") or {}
    annotations = meta.get("annotations") or {}
    status = obj.get("status") or {}
    operation = obj.get("operation")
    return Application(
        ref=ObjectRef.of(obj),
        spec=read_spec(obj.get("spec") or {}),
        uid=str(meta.get("uid") or ""),
        labels=meta.get("labels") or {},
        annotations=annotations,
        finalizers=tuple(meta.get("finalizers") or ()),
        deleted=seconds(meta.get("deletionTimestamp")),
        refresh=_refresh(annotations),
        paused=annotations.get(SKIP_RECONCILE) == "true",
        server_side_diff=_server_side_diff(annotations),
        migrate_manager=annotations.get(MIGRATION_MANAGER) or "",
        confirmed_at=seconds(annotations.get(DELETION_APPROVED)),
        operation=read_operation(operation) if operation is not None else None,
        status=_status(status),
        state=_state(status.get("operationState")),
        history=tuple(_history(h) for h in status.get("history") or ()),
    )


def enables_automation(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether a change switched automatic syncing or self-healing on."""
    before, after = (((o.get("spec") or {}).get("syncPolicy") or {}).get("automated") for o in (old, new))
    if after is None or after.get("enabled") is False:
        return False
    if before is None or before.get("enabled") is False:
        return True
    return bool(after.get("selfHeal")) and not before.get("selfHeal")


def _refresh(annotations: Mapping[str, str]) -> str:
    asked = annotations.get(REFRESH)
    return "" if asked is None else "hard" if asked == "hard" else "normal"


def _server_side_diff(annotations: Mapping[str, str]) -> bool | None:
    options = [o.strip() for o in str(annotations.get(COMPARE_OPTIONS) or "").split(",")]
    if "ServerSideDiff=false" in options:
        return False
    return True if "ServerSideDiff=true" in options else None


def read_spec(spec: Mapping[str, Any]) -> AppSpec:
    several = bool(spec.get("sources"))
    declared = spec["sources"] if several else [spec.get("source") or {}]
    hydrator = spec.get("sourceHydrator")
    if hydrator:
        declared, several = [_sync_source(hydrator)], False
    policy = spec.get("syncPolicy") or {}
    limit = spec.get("revisionHistoryLimit")
    return AppSpec(
        project=str(spec.get("project") or DEFAULT_PROJECT),
        destination=read_destination(spec.get("destination") or {}),
        sources=tuple(read_source(s) for s in declared),
        several=several,
        automated=_automated(policy.get("automated")),
        sync_options=tuple(policy.get("syncOptions") or ()),
        retry=_retry(policy["retry"]) if policy.get("retry") else None,
        namespace_metadata=_namespace_metadata(policy.get("managedNamespaceMetadata")),
        ignore=tuple(_rule(r) for r in spec.get("ignoreDifferences") or ()),
        history_limit=10 if limit is None else int(limit),
    )


def _sync_source(hydrator: Mapping[str, Any]) -> dict[str, Any]:
    dry, sync = hydrator.get("drySource") or {}, hydrator.get("syncSource") or {}
    return {
        "repoURL": sync.get("repoURL") or dry.get("repoURL"),
        "path": sync.get("path"),
        "targetRevision": sync.get("targetBranch"),
    }


def read_destination(destination: Mapping[str, Any]) -> AppDestination:
    server, name, namespace = (str(destination.get(k) or "") for k in ("server", "name", "namespace"))
    return AppDestination(server, name, namespace)


def _automated(declared: Mapping[str, Any] | None) -> Automated | None:
    if declared is None or declared.get("enabled") is False:
        return None
    return Automated(bool(declared.get("prune")), bool(declared.get("selfHeal")), bool(declared.get("allowEmpty")))


def _retry(declared: Mapping[str, Any]) -> Retry:
    backoff = declared.get("backoff") or {}
    factor = backoff.get("factor")
    return Retry(
        limit=int(declared.get("limit") or 0),
        duration=str(backoff.get("duration") or ""),
        factor=None if factor is None else int(factor),
        max_duration=str(backoff.get("maxDuration") or ""),
        refresh=bool(declared.get("refresh")),
    )


def _namespace_metadata(declared: Mapping[str, Any] | None) -> NamespaceMetadata | None:
    if declared is None:
        return None
    return NamespaceMetadata(declared.get("labels") or {}, declared.get("annotations") or {})


def _rule(declared: Mapping[str, Any]) -> DiffRule:
    return DiffRule(
        group=str(declared.get("group") or ""),
        kind=str(declared.get("kind") or ""),
        name=str(declared.get("name") or ""),
        namespace=str(declared.get("namespace") or ""),
        json_pointers=tuple(declared.get("jsonPointers") or ()),
        jq_paths=tuple(declared.get("jqPathExpressions") or ()),
        managers=tuple(declared.get("managedFieldsManagers") or ()),
    )


# --- orders


def read_operation(declared: Mapping[str, Any]) -> Operation:
    initiator = declared.get("initiatedBy") or {}
    sync = declared.get("sync")
    return Operation(
        raw=_operation_raw(declared),
        sync=_order(sync) if sync is not None else None,
        retry=_retry(declared.get("retry") or {}),
        automated=bool(initiator.get("automated")),
        username=str(initiator.get("username") or ""),
    )


def _operation_raw(declared: Mapping[str, Any]) -> dict[str, Any]:
    """In the form in which it stands in a status: ``initiatedBy`` and ``retry`` are always there."""
    raw: dict[str, Any] = normal({k: v for k, v in declared.items() if k not in ("sync", "retry", "initiatedBy")})
    raw["initiatedBy"] = normal(declared.get("initiatedBy") or {})
    raw["retry"] = normal(declared.get("retry") or {})
    if declared.get("sync") is not None:
        raw["sync"] = _order_raw(declared["sync"])
    return raw


def _order_raw(sync: Mapping[str, Any]) -> dict[str, Any]:
    raw: dict[str, Any] = normal({k: v for k, v in sync.items() if k not in ("source", "sources", "syncStrategy")})
    if sync.get("syncStrategy") is not None:
        raw["syncStrategy"] = {k: normal(v or {}) for k, v in sync["syncStrategy"].items()}
    if sync.get("source") is not None:
        raw["source"] = dict(read_source(sync["source"]).raw)
    if sync.get("sources"):
        raw["sources"] = [dict(read_source(s).raw) for s in sync["sources"]]
    return raw


def _order(sync: Mapping[str, Any]) -> SyncOrder:
    strategy = sync.get("syncStrategy") or {}
    apply, hook = strategy.get("apply"), strategy.get("hook")
    return SyncOrder(
        revision=str(sync.get("revision") or ""),
        revisions=tuple(sync.get("revisions") or ()),
        prune=bool(sync.get("prune")),
        dry_run=bool(sync.get("dryRun")),
        hooks=apply is None,
        force=bool((apply or {}).get("force") or (hook or {}).get("force")),
        selected=tuple(
            SelectedResource(
                str(r.get("group") or ""),
                str(r.get("kind") or ""),
                str(r.get("name") or ""),
                str(r.get("namespace") or ""),
            )
            for r in sync.get("resources") or ()
        ),
        source=read_source(sync["source"]) if sync.get("source") is not None else None,
        sources=tuple(read_source(s) for s in sync.get("sources") or ()),
        manifests=tuple(sync.get("manifests") or ()),
        options=tuple(sync.get("syncOptions") or ()),
        heal_attempts=int(sync.get("autoHealAttemptsCount") or 0),
    )


# --- what is known


def seconds(text: Any) -> float | None:
    """RFC 3339 to seconds since the epoch; None for what is none."""
    try:
        return datetime.fromisoformat(str(text)).timestamp() if text else None
    except ValueError:
        return None


def time_text(moment: float) -> str:
    return datetime.fromtimestamp(int(moment), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _status(status: Mapping[str, Any]) -> AppStatus:
    sync, health, summary = (status.get(k) or {} for k in ("sync", "health", "summary"))
    word = str(health.get("status") or "")
    return AppStatus(
        sync=SyncState(
            code=SyncStatus(sync["status"]) if sync.get("status") else None,
            revision=str(sync.get("revision") or ""),
            revisions=tuple(sync.get("revisions") or ()),
            compared=_compared(sync.get("comparedTo")),
        ),
        health=AppHealthStatus(word) if word else None,
        health_since=seconds(health.get("lastTransitionTime")),
        conditions=tuple(
            AppCondition(str(c.get("type")), str(c.get("message")), seconds(c.get("lastTransitionTime")))
            for c in status.get("conditions") or ()
        ),
        resources=tuple(_resource(r) for r in status.get("resources") or ()),
        summary=AppSummary(
            tuple(summary.get("images") or ()),
            tuple(summary.get("externalURLs") or ()),
            bool(summary.get("isAppOfApps")),
        ),
        source_type=str(status.get("sourceType") or ""),
        source_types=tuple(status.get("sourceTypes") or ()),
        reconciled=seconds(status.get("reconciledAt")),
        home=str(status.get("controllerNamespace") or ""),
        health_in_tree=status.get("resourceHealthSource") == "appTree",
    )


def _compared(declared: Mapping[str, Any] | None) -> Compared | None:
    if not declared or "destination" not in declared:
        return None
    source = declared.get("source")
    return Compared(
        destination=read_destination(declared["destination"]),
        source=read_source(source) if source and source.get("repoURL") else None,
        sources=tuple(read_source(s) for s in declared.get("sources") or ()),
        ignore=tuple(_rule(r) for r in declared.get("ignoreDifferences") or ()),
    )


def _resource(declared: Mapping[str, Any]) -> ResourceState:
    group, kind = str(declared.get("group") or ""), str(declared.get("kind") or "")
    health = declared.get("health")
    return ResourceState(
        ref=ObjectRef(group, kind, str(declared.get("namespace") or ""), str(declared.get("name") or "")),
        gvk=GroupVersionKind(group, str(declared.get("version") or ""), kind),
        sync=SyncStatus(declared["status"]) if declared.get("status") else None,
        hook=bool(declared.get("hook")),
        requires_pruning=bool(declared.get("requiresPruning")),
        sync_wave=int(declared.get("syncWave") or 0),
        requires_deletion_confirmation=bool(declared.get("requiresDeletionConfirmation")),
        health=AppHealth(AppHealthStatus(health["status"]), str(health.get("message") or ""))
        if health and health.get("status")
        else None,
    )


def _state(declared: Mapping[str, Any] | None) -> OperationState | None:
    if not declared or not declared.get("phase"):
        return None
    return OperationState(
        operation=read_operation(declared.get("operation") or {}),
        phase=OperationPhase(declared["phase"]),
        message=str(declared.get("message") or ""),
        started=seconds(declared.get("startedAt")) or 0.0,
        finished=seconds(declared.get("finishedAt")),
        retries=int(declared.get("retryCount") or 0),
        record=_record(declared.get("syncResult")),
    )


def _one(declared: Mapping[str, Any] | None) -> AppSource | None:
    return read_source(declared) if declared and declared.get("repoURL") else None


def _record(declared: Mapping[str, Any] | None) -> SyncRecord | None:
    if declared is None:
        return None
    return SyncRecord(
        revision=str(declared.get("revision") or ""),
        revisions=tuple(declared.get("revisions") or ()),
        source=_one(declared.get("source")),
        sources=tuple(read_source(s) for s in declared.get("sources") or ()),
        results=tuple(read_results(declared.get("resources") or ())),
        namespace_metadata=_namespace_metadata(declared.get("managedNamespaceMetadata")),
    )


def read_results(declared: Iterable[Mapping[str, Any]]) -> Iterable[ResourceResult]:
    for entry in declared:
        where = (str(entry.get(k) or "") for k in ("group", "kind", "namespace", "name"))
        yield ResourceResult(
            ref=ObjectRef(*where),
            version=str(entry.get("version") or ""),
            status=ResultCode(entry["status"]) if entry.get("status") else None,
            message=str(entry.get("message") or ""),
            hook_type=str(entry.get("hookType") or ""),
            hook_phase=OperationPhase(entry["hookPhase"]) if entry.get("hookPhase") else None,
            sync_phase=SyncPhase(entry["syncPhase"]) if entry.get("syncPhase") else SyncPhase.SYNC,
            images=tuple(entry.get("images") or ()),
        )


def _history(declared: Mapping[str, Any]) -> HistoryRecord:
    initiator = declared.get("initiatedBy") or {}
    return HistoryRecord(
        id=int(declared.get("id") or 0),
        revision=str(declared.get("revision") or ""),
        revisions=tuple(declared.get("revisions") or ()),
        source=_one(declared.get("source")),
        sources=tuple(read_source(s) for s in declared.get("sources") or ()),
        started=seconds(declared.get("deployStartedAt")) or 0.0,
        deployed=seconds(declared.get("deployedAt")) or 0.0,
        automated=bool(initiator.get("automated")),
        username=str(initiator.get("username") or ""),
    )

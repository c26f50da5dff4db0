"""The vocabulary of keeping an application in sync: what is compared, what a sync is asked to do, what it did.

Words in the enums are those that Argo CD writes into the status of an Application, so that they can be written as they
are. ``None`` where a word could stand means: the field is not written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef


class TrackingMethod(StrEnum):
    """Where an object says which application it belongs to."""

    ANNOTATION = "annotation"
    LABEL = "label"
    ANNOTATION_AND_LABEL = "annotation+label"


@dataclass(frozen=True, slots=True)
class Tracking:
    """How one application marks its objects.

    ``app_name`` is the instance name: the name of the application, with ``<namespace>_`` before it where it is not in
    the home namespace. ``destination`` is the namespace that is written into ids of objects which name none.
    """

    method: TrackingMethod = TrackingMethod.ANNOTATION
    app_name: str = ""
    label_key: str = "app.kubernetes.io/instance"
    installation_id: str = ""
    destination: str = ""


class AppHealthStatus(StrEnum):
    """Argo CD's words for the health of an object or an application."""

    HEALTHY = "Healthy"
    SUSPENDED = "Suspended"
    PROGRESSING = "Progressing"
    MISSING = "Missing"
    DEGRADED = "Degraded"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class AppHealth:
    status: AppHealthStatus
    message: str = ""


@dataclass(frozen=True, slots=True)
class DiffRule:
    """Differences that do not count. ``group`` and ``kind`` are globs; an empty ``name`` or ``namespace`` means any."""

    group: str = ""
    kind: str = ""
    name: str = ""
    namespace: str = ""
    json_pointers: tuple[str, ...] = ()
    jq_paths: tuple[str, ...] = ()
    managers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pair:
    """What is wanted and what is there, of one object; at least one of both. ``ref`` has no namespace where the kind is
    cluster-scoped."""

    target: Manifest | None = field(repr=False)
    live: Manifest | None = field(repr=False)
    ref: ObjectRef
    gvk: GroupVersionKind

    @property
    def obj(self) -> Manifest:
        """The target, or the live object where nothing is wanted."""
        found = self.target if self.target is not None else self.live
        return found if found is not None else {}


class SyncStatus(StrEnum):
    """Whether the live state is as wanted."""

    SYNCED = "Synced"
    OUT_OF_SYNC = "OutOfSync"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class ResourceState:
    """One entry of ``status.resources``. ``sync`` and ``health`` None are not written; ``requires_pruning`` may stand on
    a hook too. ``modified`` tells that target and live differ whatever ``sync`` says of it."""

    ref: ObjectRef
    gvk: GroupVersionKind
    sync: SyncStatus | None = None
    health: AppHealth | None = None
    hook: bool = False
    requires_pruning: bool = False
    requires_deletion_confirmation: bool = False
    sync_wave: int = 0
    modified: bool = False


class SyncStrategy(StrEnum):
    """``hook`` (the default) runs hooks, ``apply`` leaves them out."""

    HOOK = "hook"
    APPLY = "apply"


@dataclass(frozen=True, slots=True)
class SelectedResource:
    """An object that a partial sync is limited to. An empty ``namespace`` means any; ``exclude`` takes it out instead."""

    group: str
    kind: str
    name: str
    namespace: str = ""
    exclude: bool = False


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """``limit`` below 0 is without end; seconds. ``refresh`` takes a newer revision on a retry."""

    limit: int = 0
    duration: float = 5.0
    factor: float = 2.0
    max_duration: float = 180.0
    refresh: bool = False


@dataclass(frozen=True, slots=True)
class SyncRequest:
    """What one sync is asked to do. ``options`` are as they are written, such as ``PruneLast=true``; ``selected`` None is
    everything; ``confirmed`` tells that deletions were approved since the operation started; ``namespace`` is the
    destination's; ``started`` is the operation's start in seconds since the epoch."""

    revision: str = ""
    prune: bool = False
    dry_run: bool = False
    selected: tuple[SelectedResource, ...] = ()
    strategy: SyncStrategy = SyncStrategy.HOOK
    force: bool = False
    options: tuple[str, ...] = ()
    manifests: tuple[str, ...] = ()
    retry: RetryPolicy | None = None
    namespace: str = ""
    namespace_labels: Mapping[str, str] | None = None
    namespace_annotations: Mapping[str, str] | None = None
    confirmed: bool = False
    started: float = 0.0


class ResultCode(StrEnum):
    """What became of one object in a sync."""

    SYNCED = "Synced"
    SYNC_FAILED = "SyncFailed"
    PRUNED = "Pruned"
    PRUNE_SKIPPED = "PruneSkipped"


class SyncPhase(StrEnum):
    PRE_SYNC = "PreSync"
    SYNC = "Sync"
    POST_SYNC = "PostSync"
    SYNC_FAIL = "SyncFail"


class OperationPhase(StrEnum):
    RUNNING = "Running"
    TERMINATING = "Terminating"
    FAILED = "Failed"
    ERROR = "Error"
    SUCCEEDED = "Succeeded"

    @property
    def completed(self) -> bool:
        return self in (OperationPhase.FAILED, OperationPhase.ERROR, OperationPhase.SUCCEEDED)


@dataclass(frozen=True, slots=True)
class ResourceResult:
    """One entry of ``operationState.syncResult.resources``. Entries stand in the order in which they were first made."""

    ref: ObjectRef
    version: str
    status: ResultCode | None = None
    message: str = ""
    hook_type: str = ""
    hook_phase: OperationPhase | None = None
    sync_phase: SyncPhase = SyncPhase.SYNC
    images: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SyncStep:
    """Where an operation is after one pass. ``wake`` is when to come back, in seconds; None waits for an event. ``pause`` is
    how long no other pass may follow, whatever happens: between two waves others get a chance to notice the first."""

    phase: OperationPhase
    message: str = ""
    results: tuple[ResourceResult, ...] = ()
    wake: float | None = None
    pause: float = 0.0


@dataclass(frozen=True, slots=True)
class Send:
    """Write one object as kubectl would. ``migrate`` is the manager whose fields are taken over before a server-side apply."""

    target: Manifest = field(repr=False)
    live: Manifest | None = field(default=None, repr=False)
    dry_run: bool = False
    replace: bool = False
    force: bool = False
    server_side: bool = False
    migrate: str = ""


@dataclass(frozen=True, slots=True)
class Remove:
    """Delete one object. ``propagation`` is Foreground, Background or Orphan."""

    gvk: GroupVersionKind
    ref: ObjectRef
    propagation: str = "Foreground"


@dataclass(frozen=True, slots=True)
class Unhook:
    """Take the finalizer of hooks off a live object."""

    live: Manifest = field(repr=False)


@dataclass(frozen=True, slots=True)
class Look:
    """Read one object. A cluster-scoped kind is read without its namespace."""

    gvk: GroupVersionKind
    ref: ObjectRef


@dataclass(frozen=True, slots=True)
class Serves:
    """Ask whether a kind is served; the answer tells whether it is namespaced."""

    gvk: GroupVersionKind


SyncCommand = Send | Remove | Unhook | Look | Serves


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a command. ``missing``: there is no such object, or kind. ``message`` is the error, or what was done;
    ``installed`` the version in which a kind is served instead of the one that was asked for."""

    ok: bool = True
    message: str = ""
    missing: bool = False
    live: Manifest | None = field(default=None, repr=False)
    namespaced: bool = True
    installed: str = ""

"""An application: sources, a destination, a way to keep the two in step, and what is known about it.

The shared vocabulary of applications: what a dialect reads, what rendering and comparing need, and what is written back.
Times are seconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from holdfast.kube.refs import ObjectRef
from holdfast.model.sync import (
    AppHealthStatus,
    DiffRule,
    OperationPhase,
    ResourceResult,
    ResourceState,
    SelectedResource,
    SyncStatus,
)

Raw = Mapping[str, Any]
"""A part of a declaration in its normal form: nothing empty, keys as they were written. Equal parts mean the same."""


class SourceType(StrEnum):
    HELM = "Helm"
    KUSTOMIZE = "Kustomize"
    DIRECTORY = "Directory"
    PLUGIN = "Plugin"


@dataclass(frozen=True, slots=True)
class HelmParameter:
    name: str
    value: str = ""
    force_string: bool = False


@dataclass(frozen=True, slots=True)
class HelmChoices:
    """How a chart is rendered. ``values`` is YAML text; ``values_object`` wins over it."""

    release_name: str = ""
    namespace: str = ""
    value_files: tuple[str, ...] = ()
    values: str = ""
    values_object: Mapping[str, Any] | None = None
    parameters: tuple[HelmParameter, ...] = ()
    file_parameters: tuple[tuple[str, str], ...] = ()
    ignore_missing_value_files: bool = False
    skip_crds: bool = False
    skip_schema_validation: bool = False
    skip_tests: bool = False
    pass_credentials: bool = False
    kube_version: str = ""
    api_versions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KustomizeChoices:
    """What is changed in a kustomization before it is built. ``patches`` are entries as kustomize takes them."""

    name_prefix: str = ""
    name_suffix: str = ""
    namespace: str = ""
    version: str = ""
    images: tuple[str, ...] = ()
    replicas: tuple[tuple[str, str], ...] = ()
    common_labels: Mapping[str, str] = field(default_factory=dict)
    common_annotations: Mapping[str, str] = field(default_factory=dict)
    annotations_envsubst: bool = False
    force_labels: bool = False
    force_annotations: bool = False
    label_without_selector: bool = False
    label_include_templates: bool = False
    patches: tuple[Mapping[str, Any], ...] = ()
    components: tuple[str, ...] = ()
    ignore_missing_components: bool = False
    kube_version: str = ""
    api_versions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class JsonnetVariable:
    name: str
    value: str
    code: bool = False


@dataclass(frozen=True, slots=True)
class DirectoryChoices:
    """Which files of a directory count. ``include`` and ``exclude`` are globs, ``{a,b}`` for several."""

    recurse: bool = False
    include: str = ""
    exclude: str = ""
    ext_vars: tuple[JsonnetVariable, ...] = ()
    tlas: tuple[JsonnetVariable, ...] = ()
    libs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AppSource:
    """One source. ``types`` are the kinds of source for which choices are given; ``raw`` is the whole declaration."""

    raw: Raw
    url: str = ""
    path: str = ""
    chart: str = ""
    revision: str = ""
    ref: str = ""
    name: str = ""
    tag_prefix: str = ""
    types: tuple[SourceType, ...] = ()
    helm: HelmChoices = HelmChoices()
    kustomize: KustomizeChoices = KustomizeChoices()
    directory: DirectoryChoices = DirectoryChoices()
    plugin: str = ""

    @property
    def only_ref(self) -> bool:
        """Nothing is rendered of it: others take files from it."""
        return bool(self.ref) and not self.path and not self.chart

    @property
    def is_oci(self) -> bool:
        return self.url.startswith("oci://")


@dataclass(frozen=True, slots=True)
class AppDestination:
    server: str = ""
    name: str = ""
    namespace: str = ""


@dataclass(frozen=True, slots=True)
class Automated:
    prune: bool = False
    self_heal: bool = False
    allow_empty: bool = False


@dataclass(frozen=True, slots=True)
class Retry:
    """``limit`` below 0 is without end. Texts are Go durations, "" for the default."""

    limit: int = 0
    duration: str = ""
    factor: int | None = None
    max_duration: str = ""
    refresh: bool = False


@dataclass(frozen=True, slots=True)
class NamespaceMetadata:
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AppSpec:
    """``several`` tells that the sources stand in a list, even if it has one entry only."""

    project: str
    destination: AppDestination
    sources: tuple[AppSource, ...]
    several: bool = False
    automated: Automated | None = None
    sync_options: tuple[str, ...] = ()
    retry: Retry | None = None
    namespace_metadata: NamespaceMetadata | None = None
    ignore: tuple[DiffRule, ...] = ()
    history_limit: int = 10


@dataclass(frozen=True, slots=True)
class SyncOrder:
    """What a sync is told to do. ``hooks`` False: apply only; ``sources`` replace those of the application for once."""

    revision: str = ""
    revisions: tuple[str, ...] = ()
    prune: bool = False
    dry_run: bool = False
    hooks: bool = True
    force: bool = False
    selected: tuple[SelectedResource, ...] = ()
    source: AppSource | None = None
    sources: tuple[AppSource, ...] = ()
    manifests: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    heal_attempts: int = 0

    def has_option(self, text: str) -> bool:
        return text in self.options


@dataclass(frozen=True, slots=True)
class Operation:
    """``sync`` None: an order without content. ``raw`` is the whole of it."""

    raw: Raw
    sync: SyncOrder | None = None
    retry: Retry = Retry()
    automated: bool = False
    username: str = ""


@dataclass(frozen=True, slots=True)
class SyncRecord:
    """What a sync was about, and what became of each object."""

    revision: str = ""
    revisions: tuple[str, ...] = ()
    source: AppSource | None = None
    sources: tuple[AppSource, ...] = ()
    results: tuple[ResourceResult, ...] = ()
    namespace_metadata: NamespaceMetadata | None = None


@dataclass(frozen=True, slots=True)
class OperationState:
    operation: Operation
    phase: OperationPhase
    message: str = ""
    started: float = 0.0
    finished: float | None = None
    retries: int = 0
    record: SyncRecord | None = None


@dataclass(frozen=True, slots=True)
class HistoryRecord:
    id: int
    revision: str
    revisions: tuple[str, ...]
    source: AppSource | None
    sources: tuple[AppSource, ...]
    started: float
    deployed: float
    automated: bool = False
    username: str = ""


@dataclass(frozen=True, slots=True)
class AppCondition:
    type: str
    message: str
    since: float | None = None


@dataclass(frozen=True, slots=True)
class AppSummary:
    images: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    has_applications: bool = False


@dataclass(frozen=True, slots=True)
class Compared:
    """What desired and live state were compared by."""

    destination: AppDestination
    source: AppSource | None = None
    sources: tuple[AppSource, ...] = ()
    ignore: tuple[DiffRule, ...] = ()


@dataclass(frozen=True, slots=True)
class SyncState:
    code: SyncStatus | None = None
    revision: str = ""
    revisions: tuple[str, ...] = ()
    compared: Compared | None = None


@dataclass(frozen=True, slots=True)
class AppStatus:
    """Everything known about an application but its operation and history, which are written on their own."""

    sync: SyncState = SyncState()
    health: AppHealthStatus | None = None
    health_since: float | None = None
    conditions: tuple[AppCondition, ...] = ()
    resources: tuple[ResourceState, ...] = ()
    summary: AppSummary = AppSummary()
    source_type: str = ""
    source_types: tuple[str, ...] = ()
    reconciled: float | None = None
    home: str = ""
    health_in_tree: bool = False


@dataclass(frozen=True, slots=True)
class Application:
    """One application as it was observed. ``refresh`` is the kind of refresh that somebody asks for, or empty."""

    ref: ObjectRef
    spec: AppSpec
    uid: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    finalizers: tuple[str, ...] = ()
    deleted: float | None = None
    refresh: str = ""
    paused: bool = False
    server_side_diff: bool | None = None
    migrate_manager: str = ""
    confirmed_at: float | None = None
    operation: Operation | None = None
    status: AppStatus = AppStatus()
    state: OperationState | None = None
    history: tuple[HistoryRecord, ...] = ()
    read_problem: str = ""

    @property
    def shown(self) -> str:
        return f"{self.ref.namespace}/{self.ref.name}"

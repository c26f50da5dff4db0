"""A Helm release as it is declared, and what is remembered of the ones that were made.

Durations are seconds. Names are resolved: what the declaration leaves out is filled in by the dialect that read it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from holdfast.model.delivery import (
    Dependency,
    HealthExpression,
    IgnoreRule,
    Image,
    Patch,
    Target,
    UnitKey,
)
from holdfast.model.inventory import Inventory

ROLLBACK, UNINSTALL = "rollback", "uninstall"


@dataclass(frozen=True, slots=True)
class Remedy:
    """What follows a failed action. ``retries`` below zero means for ever; ``strategy`` is ROLLBACK or UNINSTALL."""

    retries: int = 0
    ignore_test_failures: bool = False
    remediate_last: bool = False
    strategy: str = UNINSTALL
    after_upgrade: bool = False

    def exhausted(self, failures: int) -> bool:
        return 0 <= self.retries < failures

    @property
    def uninstalls_upgrades(self) -> bool:
        return self.after_upgrade and self.strategy == UNINSTALL


@dataclass(frozen=True, slots=True)
class Steps:
    """What an action does besides applying: hooks, and waiting until everything (``jobs``: Jobs, too) is ready."""

    timeout: float = 300.0
    hooks: bool = True
    wait: bool = True
    jobs: bool = True


@dataclass(frozen=True, slots=True)
class Change:
    """An install or an upgrade. ``server_side`` is "true", "false" or "auto" (as the release before);
    ``retry_interval`` None: failures are remedied, not simply tried again."""

    steps: Steps = Steps()
    crds: str = "Create"
    take_ownership: bool = True
    check_schema: bool = True
    server_side: str = "auto"
    remedy: Remedy = Remedy()
    retry_interval: float | None = None
    replace: bool = False
    create_namespace: bool = False
    force: bool = False
    keep_values: bool = False
    cleanup: bool = False


@dataclass(frozen=True, slots=True)
class Return:
    """A rollback."""

    steps: Steps = Steps()
    force: bool = False
    cleanup: bool = False
    server_side: str = "auto"


@dataclass(frozen=True, slots=True)
class Removal:
    """An uninstall. ``propagation`` is Background, Foreground or Orphan."""

    steps: Steps = Steps()
    keep_history: bool = False
    propagation: str = "Background"


@dataclass(frozen=True, slots=True)
class Testing:
    """Which test hooks run (all, those in ``only``, never those in ``never``), and whether their failures count."""

    enabled: bool = False
    timeout: float = 300.0
    ignore_failures: bool = False
    only: tuple[str, ...] = ()
    never: tuple[str, ...] = ()

    def selects(self, name: str) -> bool:
        return name not in self.never and (not self.only or name in self.only)


@dataclass(frozen=True, slots=True)
class ReleaseValues:
    """A ConfigMap or Secret with values, or (``path`` set) with one value; ``literal`` takes it as it is."""

    kind: str
    name: str
    key: str = "values.yaml"
    path: str = ""
    literal: bool = False
    optional: bool = False


@dataclass(frozen=True, slots=True)
class PostRenderer:
    patches: tuple[Patch, ...] = ()
    images: tuple[Image, ...] = ()


@dataclass(frozen=True, slots=True)
class PostRendering:
    """What is done to the rendered manifests: the renderers in order, common metadata, the owner's labels.

    ``strategy`` is combined, separate (hooks on their own) or nohooks.
    """

    renderers: tuple[PostRenderer, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    owner_labels: Mapping[str, str] = field(default_factory=dict)
    strategy: str = "combined"


@dataclass(frozen=True, slots=True)
class Release:
    """One HelmRelease. ``source`` is where its chart comes from; ``name`` and ``namespace`` are Helm's own.

    ``rendering_digest`` and ``metadata_digest`` tell what is done after rendering from what was done before.
    """

    key: UnitKey
    source: UnitKey
    name: str
    namespace: str
    storage_namespace: str
    interval: float
    timeout: float = 300.0
    max_history: int = 5
    suspend: bool = False
    generation: int = 1
    values: Mapping[str, Any] = field(default_factory=dict)
    values_from: tuple[ReleaseValues, ...] = ()
    install: Change = Change()
    upgrade: Change = Change()
    rollback: Return = Return()
    uninstall: Removal = Removal()
    test: Testing = Testing()
    reinstall_on_rename: bool = True
    drift: str = "disabled"
    ignore: tuple[IgnoreRule, ...] = ()
    post: PostRendering = field(default_factory=PostRendering)
    rendering_digest: str = ""
    metadata_digest: str = ""
    depends_on: tuple[Dependency, ...] = ()
    health_expressions: tuple[HealthExpression, ...] = ()
    waits_as_helm3: bool = False
    target: Target = field(default_factory=Target)
    raw: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def watches_drift(self) -> bool:
        return self.drift in ("enabled", "warn")


@dataclass(frozen=True, slots=True)
class HookRun:
    """One test's last run; times are RFC 3339 texts."""

    started: str = ""
    completed: str = ""
    phase: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One revision of a release as it was written to the storage. ``tests`` None: not tested."""

    digest: str
    name: str
    namespace: str
    version: int
    status: str
    chart_name: str
    chart_version: str
    config_digest: str
    app_version: str = ""
    action: str = ""
    first_deployed: str = ""
    last_deployed: str = ""
    deleted: str = ""
    oci_digest: str = ""
    tests: Mapping[str, HookRun | None] | None = None
    verifiable: bool = True

    @property
    def full_name(self) -> str:
        return f"{self.namespace}/{self.name}.v{self.version}"

    @property
    def chart(self) -> str:
        return f"{self.chart_name}@{self.chart_version}"

    def targets(self, name: str, namespace: str, version: int) -> bool:
        return (self.name, self.namespace, self.version) == (name, namespace, version)

    @property
    def has_failed_test(self) -> bool:
        return any(t is not None and t.phase == "Failed" for t in (self.tests or {}).values())

    @property
    def tested(self) -> bool:
        if self.tests is None:
            return False
        return self.has_failed_test or all(t is not None and t.phase == "Succeeded" for t in self.tests.values())


@dataclass(frozen=True, slots=True)
class Remembered:
    """What earlier runs left behind, and what this one will: everything in a status but its conditions.

    ``attempted_*`` are of the last run that got as far as a chart and values; ``rendering_digest`` and
    ``metadata_digest`` of the last that released something. ``handled_*`` echo requests.
    """

    history: tuple[Snapshot, ...] = ()
    failures: int = 0
    install_failures: int = 0
    upgrade_failures: int = 0
    last_action: str = ""
    last_duration: float | None = None
    storage_namespace: str = ""
    chart_object: str = ""
    inventory: Inventory | None = None
    rendering_digest: str = ""
    metadata_digest: str = ""
    attempted_generation: int = 0
    attempted_revision: str = ""
    attempted_digest: str = ""
    attempted_config: str = ""
    observed_generation: int = 0
    handled_reconcile: str = ""
    handled_force: str = ""
    handled_reset: str = ""

    @property
    def latest(self) -> Snapshot | None:
        return self.history[0] if self.history else None

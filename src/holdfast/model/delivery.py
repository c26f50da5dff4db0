"""What is to be delivered: one unit of desired state, whatever dialect declared it.

A Flux Kustomization becomes one `Delivery`. Durations are seconds. References to other units and sources carry their
namespace in full: a dialect has resolved what was left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from holdfast.kube.refs import ObjectRef
from holdfast.model.safety import Safety


@dataclass(frozen=True, slots=True, order=True)
class UnitKey:
    """The identity of a unit or a source in the management cluster."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Dependency:
    """A unit that has to be ready first; ``ready_expr`` (CEL over ``self`` and ``dep``) replaces the built-in judgement."""

    key: UnitKey
    ready_expr: str = ""


@dataclass(frozen=True, slots=True)
class HealthExpression:
    """CEL judgements for one kind (``kind`` empty: every kind of the group), tried in the order of the fields below."""

    api_version: str
    kind: str
    in_progress: str = ""
    failed: str = ""
    current: str = ""


@dataclass(frozen=True, slots=True)
class Selector:
    """Which objects a patch or a rule means; empty fields match everything, the others are anchored regular expressions."""

    group: str = ""
    version: str = ""
    kind: str = ""
    name: str = ""
    namespace: str = ""
    label_selector: str = ""
    annotation_selector: str = ""


@dataclass(frozen=True, slots=True)
class IgnoreRule:
    """Fields (JSON pointers) whose live value is left alone."""

    paths: tuple[str, ...]
    target: Selector | None = None


@dataclass(frozen=True, slots=True)
class Patch:
    patch: str
    target: Selector | None = None


@dataclass(frozen=True, slots=True)
class Image:
    name: str
    new_name: str = ""
    new_tag: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True)
class ValuesRef:
    """A ConfigMap or Secret in the unit's namespace whose keys become variables."""

    kind: str
    name: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Substitution:
    """Post-build substitution. Later references win over earlier ones, ``inline`` over all; ``always`` even without variables."""

    inline: Mapping[str, str] = field(default_factory=dict)
    references: tuple[ValuesRef, ...] = ()
    always: bool = False
    strict: bool = True


@dataclass(frozen=True, slots=True)
class KustomizeBuild:
    """What a unit adds to the kustomization that stands at (or is generated for) its path."""

    path: str = ""
    target_namespace: str = ""
    name_prefix: str = ""
    name_suffix: str = ""
    patches: tuple[Patch, ...] = ()
    images: tuple[Image, ...] = ()
    components: tuple[str, ...] = ()
    ignore_missing_components: bool = False
    build_metadata: tuple[str, ...] = ()
    common_labels: Mapping[str, str] = field(default_factory=dict)
    common_annotations: Mapping[str, str] = field(default_factory=dict)
    substitution: Substitution | None = None


@dataclass(frozen=True, slots=True)
class Decryption:
    provider: str
    secret_name: str = ""
    service_account: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """Which cluster and whose rights: empty fields mean our own cluster and our own account."""

    service_account: str = ""
    kubeconfig_secret: str = ""
    kubeconfig_key: str = ""
    kubeconfig_config_map: str = ""

    @property
    def impersonates(self) -> bool:
        return bool(self.service_account or self.kubeconfig_secret or self.kubeconfig_config_map)


class DeletionPolicy(Enum):
    """What happens to the objects when the unit goes. MIRROR_PRUNE does as ``Policy.prune`` says."""

    MIRROR_PRUNE = "MirrorPrune"
    DELETE = "Delete"
    WAIT_FOR_TERMINATION = "WaitForTermination"
    ORPHAN = "Orphan"


@dataclass(frozen=True, slots=True)
class Policy:
    """How a unit is applied and when it counts as done."""

    interval: float
    retry_interval: float
    timeout: float
    prune: bool = False
    force: bool = False
    wait: bool = False
    suspend: bool = False
    deletion: DeletionPolicy = DeletionPolicy.MIRROR_PRUNE
    depends_on: tuple[Dependency, ...] = ()
    health_checks: tuple[tuple[str, ObjectRef], ...] = ()  # (apiVersion, object)
    health_expressions: tuple[HealthExpression, ...] = ()
    ignore: tuple[IgnoreRule, ...] = ()
    target: Target = Target()
    decryption: Decryption | None = None
    safety: Safety = field(default_factory=Safety)


@dataclass(frozen=True, slots=True)
class Ownership:
    """How applied objects say who owns them: the field manager, and labels ``<group>/name`` and ``<group>/namespace``."""

    manager: str
    group: str

    def labels(self, key: UnitKey) -> dict[str, str]:
        return {f"{self.group}/name": key.name, f"{self.group}/namespace": key.namespace}


@dataclass(frozen=True, slots=True)
class Delivery:
    """One unit of desired state. ``raw`` is the declaring object, for expressions that may look at all of it."""

    key: UnitKey
    source: UnitKey
    build: KustomizeBuild
    policy: Policy
    owner: Ownership
    generation: int = 1
    raw: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

"""In which order objects are applied (and, reversed, deleted).

Stages: definitions (CustomResourceDefinition, Namespace, ClusterRole), then kinds whose name ends in Class, then kinds the
operator asked to have early, then the rest. A stage starts when the definitions and classes before it are ready. Within a
stage: the kinds of the table in its order, other kinds by group and kind, admission webhooks last; then namespace and name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from holdfast.kube.refs import Manifest, ObjectRef

_FIRST = (
    "CustomResourceDefinition",
    "Namespace",
    "ClusterRole",
    "ClusterClass",
    "RuntimeClass",
    "PriorityClass",
    "StorageClass",
    "VolumeSnapshotClass",
    "IngressClass",
    "GatewayClass",
    "ClusterRoleBinding",
    "ResourceQuota",
    "ServiceAccount",
    "Role",
    "RoleBinding",
    "ConfigMap",
    "Secret",
    "Service",
    "LimitRange",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
)
_LAST = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
_RANKS = {k: i - len(_FIRST) for i, k in enumerate(_FIRST)} | {k: i + 1 for i, k in enumerate(_LAST)}
_DEFINITIONS = {
    ("apiextensions.k8s.io", "CustomResourceDefinition"),
    ("", "Namespace"),
    ("rbac.authorization.k8s.io", "ClusterRole"),
}
STAGES = ("definitions", "classes", "early", "rest")
WAITED = frozenset({"definitions", "classes"})


def sort_key(ref: ObjectRef) -> tuple[int, str, str, str, str]:
    return (_RANKS.get(ref.kind, 0), ref.group, ref.kind, ref.namespace, ref.name)


def stage_of(ref: ObjectRef, early: frozenset[tuple[str, str]] = frozenset()) -> str:
    """``early`` are (group, kind) pairs that go before the rest."""
    if (ref.group, ref.kind) in _DEFINITIONS:
        return "definitions"
    if ref.kind.endswith("Class"):
        return "classes"
    return "early" if (ref.group, ref.kind) in early else "rest"


def staged(
    objects: Iterable[Manifest], early: frozenset[tuple[str, str]] = frozenset()
) -> list[tuple[str, list[Manifest]]]:
    """The stages that have objects, each in apply order."""
    stages: dict[str, list[Manifest]] = {s: [] for s in STAGES}
    for obj in objects:
        stages[stage_of(ObjectRef.of(obj), early)].append(obj)
    return [(s, sorted(found, key=lambda o: sort_key(ObjectRef.of(o)))) for s, found in stages.items() if found]


def deletion_order(refs: Sequence[ObjectRef]) -> list[ObjectRef]:
    return sorted(refs, key=sort_key, reverse=True)

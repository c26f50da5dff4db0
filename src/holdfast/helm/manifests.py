"""Rendered files to manifests and hooks: split, sorted by kind as Helm installs, hooks recognised by their annotation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from holdfast.helm.chart.reading import Struct, read
from holdfast.helm.errors import RenderError
from holdfast.helm.go.errors import GoError
from holdfast.helm.go.strconv import atoi

INSTALL_ORDER = (
    "PriorityClass", "Namespace", "NetworkPolicy", "ResourceQuota", "LimitRange", "PodSecurityPolicy", "PodDisruptionBudget",
    "ServiceAccount", "Secret", "SecretList", "ConfigMap", "StorageClass", "PersistentVolume", "PersistentVolumeClaim",
    "CustomResourceDefinition", "ClusterRole", "ClusterRoleList", "ClusterRoleBinding", "ClusterRoleBindingList", "Role", "RoleList",
    "RoleBinding", "RoleBindingList", "Service", "DaemonSet", "Pod", "ReplicationController", "ReplicaSet", "Deployment",
    "HorizontalPodAutoscaler", "StatefulSet", "Job", "CronJob", "IngressClass", "Ingress", "APIService",
    "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration",
)  # fmt: skip
_RANK = {kind: i for i, kind in enumerate(INSTALL_ORDER)}
EVENTS = {
    e: e for e in (
        "pre-install", "post-install", "pre-delete", "post-delete", "pre-upgrade", "post-upgrade", "pre-rollback", "post-rollback", "test",
    )
} | {"test-success": "test"}  # fmt: skip
_SEPARATOR = re.compile(r"(?m)^---[ \t]*")
_SPACE = " \t\n\v\f\r\x85\xa0"
HOOK, WEIGHT = "helm.sh/hook", "helm.sh/hook-weight"
DELETE_POLICY, LOG_POLICY = "helm.sh/hook-delete-policy", "helm.sh/hook-output-log-policy"


@dataclass(frozen=True, slots=True)
class RenderedManifest:
    """One document: where it came from, its text, and what it says it is."""

    source: str
    text: str
    kind: str = ""
    api_version: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Hook(RenderedManifest):
    events: tuple[str, ...] = ()
    weight: int = 0
    delete_policies: tuple[str, ...] = ()
    log_policies: tuple[str, ...] = ()


@dataclass(slots=True)
class Sorted:
    manifests: list[RenderedManifest] = field(default_factory=list)
    hooks: list[Hook] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)


def split_manifests(text: str) -> list[str]:
    """The documents of a file, without blanks before them."""
    return [d.lstrip(_SPACE) for d in _SEPARATOR.split(text.lstrip(_SPACE)) if d.strip(_SPACE)]


def sort_manifests(files: Mapping[str, str]) -> Sorted:
    """Raises RenderError for a document that is no YAML."""
    found = Sorted()
    for path in sorted(files):
        text = files[path]
        if path.rpartition("/")[2].startswith("_") or not text.strip(_SPACE):
            continue
        for document in split_manifests(text):
            _sort_document(path, document, found)
    found.manifests.sort(key=_order)
    found.hooks.sort(key=_order)
    return found


def _order(manifest: RenderedManifest) -> tuple[int, str]:
    rank = _RANK.get(manifest.kind)
    return (rank, "") if rank is not None else (len(_RANK), manifest.kind)


def _sort_document(path: str, text: str, found: Sorted) -> None:
    head = _head(path, text)
    annotations = head["annotations"]
    hook = annotations.get(HOOK)
    if hook is None:
        found.manifests.append(RenderedManifest(path, text, head["kind"], head["version"], head["name"]))
        return
    events = [EVENTS.get(e.strip(_SPACE).lower()) for e in hook.split(",")]
    if None in events:
        found.notices.append(f'level=INFO msg="skipping unknown hooks" hookTypes={hook}')
        return
    found.hooks.append(
        Hook(
            path, text, head["kind"], head["version"], head["name"], tuple(e for e in events if e), _weight(annotations),
            _listed(annotations, DELETE_POLICY), _listed(annotations, LOG_POLICY),
        )
    )  # fmt: skip


def _weight(annotations: Mapping[str, str]) -> int:
    try:
        return atoi(annotations.get(WEIGHT, ""))
    except GoError:
        return 0


def _listed(annotations: Mapping[str, str], key: str) -> tuple[str, ...]:
    if key not in annotations:
        return ()
    return tuple(p.strip(_SPACE).lower() for p in annotations[key].split(","))


def _head(path: str, text: str) -> dict[str, Any]:
    try:
        top = Struct(read(text), "SimpleHead", package="util")
        meta = Struct(top.values.get("metadata"), "SimpleHead", "metadata.", package="util")
        version, kind = top.text("apiVersion"), top.text("kind")
        return {
            "version": version,
            "kind": kind,
            "name": meta.text("name"),
            "annotations": meta.text_map("annotations") or {},
        }
    except GoError as fault:
        raise RenderError(f"YAML parse error on {path}: {fault.text}") from None

"""``ApplicationSet`` (argoproj.io/v1alpha1) as a frozen value; its template and generators stay JSON data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from holdfast.kube.refs import GroupVersionKind

GROUP = "argoproj.io"
KIND = "ApplicationSet"
GVK = GroupVersionKind(GROUP, "v1alpha1", KIND)
MANAGER = "argocd-applicationset-controller"
REFRESH = "argocd.argoproj.io/application-set-refresh"
FINALIZER = "resources-finalizer.argocd.argoproj.io"

SYNC, CREATE_ONLY, CREATE_UPDATE, CREATE_DELETE = "sync", "create-only", "create-update", "create-delete"


@dataclass(frozen=True, slots=True)
class Step:
    """Applications whose labels fit all expressions; ``max_update`` a number, a percentage or None for all at once."""

    expressions: tuple[Mapping[str, Any], ...]
    max_update: int | str | None = None


@dataclass(frozen=True, slots=True)
class IgnoredDifference:
    """What of an application is not the set's to decide; without a name for all of them."""

    name: str
    pointers: tuple[str, ...]
    expressions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ApplicationSet:
    name: str
    namespace: str
    uid: str
    generators: tuple[Mapping[str, Any], ...]
    template: Mapping[str, Any]
    template_patch: str | None = None
    go_template: bool = False
    go_options: tuple[str, ...] = ()
    policy: str = SYNC
    preserve_resources: bool = False
    preserved_annotations: tuple[str, ...] = ()
    preserved_labels: tuple[str, ...] = ()
    ignored: tuple[IgnoredDifference, ...] = ()
    rolling: bool = False
    steps: tuple[Step, ...] = ()
    reverse_deletion: bool = False
    refresh: bool = False

    @property
    def project(self) -> str:
        """The template's project; empty where only the parameters tell it."""
        found = str((self.template.get("spec") or {}).get("project") or "")
        return "" if "{{" in found else found

    @property
    def may_update(self) -> bool:
        return self.policy in (SYNC, CREATE_UPDATE)

    @property
    def may_delete(self) -> bool:
        return self.policy in (SYNC, CREATE_DELETE)


def read(obj: Mapping[str, Any]) -> ApplicationSet:
    meta, spec = obj.get("metadata") or {}, obj.get("spec") or {}
    policy, preserved = spec.get("syncPolicy") or {}, spec.get("preservedFields") or {}
    strategy = spec.get("strategy") or {}
    rolling = strategy.get("type") == "RollingSync" and strategy.get("rollingSync") is not None
    steps = tuple(_step(s) for s in (strategy.get("rollingSync") or {}).get("steps") or ()) if rolling else ()
    return ApplicationSet(
        name=str(meta.get("name") or ""),
        namespace=str(meta.get("namespace") or ""),
        uid=str(meta.get("uid") or ""),
        generators=tuple(spec.get("generators") or ()),
        template=spec.get("template") or {},
        template_patch=spec.get("templatePatch"),
        go_template=bool(spec.get("goTemplate")),
        go_options=tuple(spec.get("goTemplateOptions") or ()),
        policy=str(policy.get("applicationsSync") or SYNC),
        preserve_resources=bool(policy.get("preserveResourcesOnDeletion")),
        preserved_annotations=tuple(preserved.get("annotations") or ()),
        preserved_labels=tuple(preserved.get("labels") or ()),
        ignored=tuple(_ignored(i) for i in spec.get("ignoreApplicationDifferences") or ()),
        rolling=rolling,
        steps=steps,
        reverse_deletion=bool(steps) and str(strategy.get("deletionOrder") or "").lower() == "reverse",
        refresh=REFRESH in (meta.get("annotations") or {}),
    )


def _step(spec: Mapping[str, Any]) -> Step:
    return Step(tuple(spec.get("matchExpressions") or ()), spec.get("maxUpdate"))


def _ignored(spec: Mapping[str, Any]) -> IgnoredDifference:
    return IgnoredDifference(
        str(spec.get("name") or ""), tuple(spec.get("jsonPointers") or ()), tuple(spec.get("jqPathExpressions") or ())
    )

"""What a comparison of desired and live state says of a whole application. Pure.

In: rendered objects, live objects. Out: the objects as they are to be compared, conditions, the summary. The comparison of
one object with another is not done here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef
from holdfast.model.app import AppCondition, AppSummary
from holdfast.model.sync import Pair

_LINK = "link.argocd.argoproj.io/"
_NO_DEFAULT_LINKS = "argocd.argoproj.io/ignore-default-links"
_TRUE = ("1", "t", "T", "true", "TRUE", "True")
Excluded = Callable[[str, str], bool]


def without_excluded(
    targets: Iterable[Manifest], excluded: Excluded
) -> tuple[tuple[Manifest, ...], tuple[AppCondition, ...]]:
    """The objects of kinds that are looked at, and a warning for each of the others."""
    kept, conditions = [], []
    for obj in targets:
        gvk = GroupVersionKind.of(obj)
        if not excluded(gvk.group, gvk.kind):
            kept.append(obj)
            continue
        name = ObjectRef.of(obj).name
        text = f"Resource {gvk.group}/{gvk.kind} {name} is excluded in the settings"
        conditions.append(AppCondition("ExcludedResourceWarning", text))
    return tuple(kept), tuple(conditions)


def homeless(pairs: Iterable[Pair], namespaced: Callable[[str, str], bool | None]) -> list[AppCondition]:
    """A complaint about each object that has to be in a namespace and is told none, neither by itself nor by the
    application's destination."""
    return [
        AppCondition("InvalidSpecError", f"Namespace for {pair.ref.name} {_shown(pair.gvk)} is missing.")
        for pair in pairs
        if not pair.ref.namespace and namespaced(pair.gvk.group, pair.gvk.kind)
    ]


def _shown(gvk: GroupVersionKind) -> str:
    return f"{gvk.group}/{gvk.version}, Kind={gvk.kind}"


def summary(lives: Iterable[Manifest], images: Iterable[str], app_group: str) -> AppSummary:
    urls: set[str] = set()
    has_applications = False
    for live in lives:
        ref = ObjectRef.of(live)
        urls.update(_links(live))
        if ref.kind == "Ingress" and _annotations(live).get(_NO_DEFAULT_LINKS) not in _TRUE:
            urls.update(_urls(live))
        has_applications = has_applications or (ref.group, ref.kind) == (app_group, "Application")
    return AppSummary(tuple(sorted(set(images))), tuple(sorted(urls)), has_applications)


def _annotations(live: Manifest) -> Mapping[str, Any]:
    return (live.get("metadata") or {}).get("annotations") or {}


def _links(live: Manifest) -> Iterable[str]:
    """Addresses that are written on an object, as such or behind ``title|``."""
    for key, value in _annotations(live).items():
        if key.startswith(_LINK) and (str(value).partition("|")[2] or str(value)).startswith(("http://", "https://")):
            yield str(value)


def _urls(ingress: Mapping[str, Any]) -> Iterable[str]:
    """Under which addresses an Ingress can be reached, as far as it says."""
    spec = ingress.get("spec") or {}
    balancer = ((ingress.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    fallback = next((str(b.get("hostname") or b.get("ip")) for b in balancer if b.get("hostname") or b.get("ip")), "")
    secure = any(t.get("secretName") for t in spec.get("tls") or ())
    for rule in spec.get("rules") or ():
        host = rule.get("host") or fallback
        for path in (rule.get("http") or {}).get("paths") or ():
            if host:
                yield f"{'https' if secure else 'http'}://{host}{str(path.get('path') or '').removesuffix('*')}"


def orphan_warning(count: int) -> tuple[AppCondition, ...]:
    if not count:
        return ()
    return (AppCondition("OrphanedResourceWarning", f"Application has {count} orphaned resources"),)

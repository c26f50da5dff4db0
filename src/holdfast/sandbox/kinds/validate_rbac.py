"""Validation of RBAC kinds.

In: a defaulted object, for updates the stored one. Out: field errors. Never: authorization or escalation checks (see `auth`).
"""

from __future__ import annotations

from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.sandbox import gotext
from holdfast.sandbox.kinds import names, selectors
from holdfast.sandbox.kinds.field import Errors, raw

_GROUP = "rbac.authorization.k8s.io"


def role(errs: Errors, obj: Manifest) -> None:
    for index, rule in enumerate(obj.get("rules") or ()):
        _rule(errs, rule, True, f"rules[{index}]")


def cluster_role(errs: Errors, obj: Manifest) -> None:
    for index, rule in enumerate(obj.get("rules") or ()):
        _rule(errs, rule, False, f"rules[{index}]")
    aggregation = obj.get("aggregationRule")
    if aggregation is None:
        return
    chosen = aggregation.get("clusterRoleSelectors") or []
    if not chosen:
        errs.required(
            "aggregationRule.clusterRoleSelectors",
            "at least one clusterRoleSelector required if aggregationRule is non-nil",
        )
    for index, selector in enumerate(chosen):
        path = f"aggregationRule.clusterRoleSelectors[{index}]"
        selectors.label_selector(errs, selector, path)
        if not selectors.usable(selector):
            errs.invalid(path, None, "invalid label selector.")


def _rule(errs: Errors, rule: Manifest, namespaced: bool, path: str) -> None:
    if not rule.get("verbs"):
        errs.required(f"{path}.verbs", "verbs must contain at least one value")
    urls = rule.get("nonResourceURLs") or []
    if urls:
        if namespaced:
            errs.invalid(f"{path}.nonResourceURLs", urls, "namespaced rules cannot apply to non-resource URLs")
        if rule.get("apiGroups") or rule.get("resources") or rule.get("resourceNames"):
            errs.invalid(
                f"{path}.nonResourceURLs", urls, "rules cannot apply to both regular resources and non-resource URLs"
            )
        return
    if not rule.get("apiGroups"):
        errs.required(f"{path}.apiGroups", "resource rules must supply at least one api group")
    if not rule.get("resources"):
        errs.required(f"{path}.resources", "resource rules must supply at least one resource")


def role_binding(errs: Errors, obj: Manifest) -> None:
    _binding(errs, obj, ("Role", "ClusterRole"))


def cluster_role_binding(errs: Errors, obj: Manifest) -> None:
    _binding(errs, obj, ("ClusterRole",))


def _binding(errs: Errors, obj: Manifest, kinds: tuple[str, ...]) -> None:
    reference = obj.get("roleRef") or {}
    if reference.get("apiGroup") != _GROUP:
        errs.unsupported("roleRef.apiGroup", reference.get("apiGroup") or "", (_GROUP,))
    if reference.get("kind") not in kinds:
        errs.unsupported("roleRef.kind", reference.get("kind") or "", kinds, ordered=True)
    if not reference.get("name"):
        errs.required("roleRef.name")
    else:
        errs.name("roleRef.name", reference["name"], names.path_segment)
    for index, subject in enumerate(obj.get("subjects") or ()):
        _subject(errs, subject, len(kinds) == 2, f"subjects[{index}]")


def _subject(errs: Errors, subject: Manifest, namespaced: bool, path: str) -> None:
    kind, name, group = subject.get("kind") or "", subject.get("name") or "", subject.get("apiGroup") or ""
    if not name:
        errs.required(f"{path}.name")
    if kind == "ServiceAccount":
        if name:
            errs.name(f"{path}.name", name, names.dns_subdomain)
        if group:
            errs.unsupported(f"{path}.apiGroup", group, ("",))
        if not namespaced and not subject.get("namespace"):
            errs.required(f"{path}.namespace")
    elif kind in ("User", "Group"):
        if group != _GROUP:
            errs.unsupported(f"{path}.apiGroup", group, (_GROUP,))
    else:
        errs.unsupported(f"{path}.kind", kind, ("ServiceAccount", "User", "Group"), ordered=True)


def binding_update(errs: Errors, obj: Manifest, old: Manifest) -> None:
    new, before = obj.get("roleRef") or {}, old.get("roleRef") or {}
    if new != before:
        shown: Any = ",".join(
            f'"{go}":{gotext.dumps(new.get(key) or "")}'
            for go, key in (("APIGroup", "apiGroup"), ("Kind", "kind"), ("Name", "name"))
        )
        errs.invalid("roleRef", raw("{" + shown + "}"), "cannot change roleRef")

"""Rules about roles and who is bound to them."""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.offline.findings import Finding
from holdfast.offline.rules.index import Index, mapping, mappings, namespace_of, near
from holdfast.offline.unit import Survey

_BUILT_IN = {"cluster-admin", "admin", "edit", "view"}


def missing_roles(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit, obj in index.each("RoleBinding", "ClusterRoleBinding"):
        ref = mapping(obj.get("roleRef"))
        kind, name = str(ref.get("kind")), str(ref.get("name") or "")
        if kind == "Role" and obj["kind"] == "ClusterRoleBinding":
            text = "binds a Role, and a ClusterRoleBinding takes only ClusterRoles"
            yield index.finding("role-missing", unit, obj, text, "roleRef", "kind")
            continue
        namespace = namespace_of(obj) if kind == "Role" else ""
        built_in = kind == "ClusterRole" and (name in _BUILT_IN or name.startswith("system:"))
        if not name or built_in or "${" in name or index.exists(kind, namespace, name):
            continue
        if index.unknown(namespace) or (kind == "ClusterRole" and index.incomplete):
            continue
        text = f"binds {kind} {name}, which no unit of this repository makes"
        hint = near(name, [*index.names(kind, namespace), *_BUILT_IN])
        yield index.finding("role-missing", unit, obj, text, "roleRef", hint=hint)


def missing_subjects(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit, obj in index.each("RoleBinding", "ClusterRoleBinding"):
        for number, subject in mappings(obj.get("subjects")):
            if subject.get("kind") != "ServiceAccount":
                continue
            name, namespace = str(subject.get("name") or ""), str(subject.get("namespace") or "")
            if not namespace:
                text = f"binds ServiceAccount {name} without its namespace"
                yield index.finding("subject-missing", unit, obj, text, "subjects", number)
            elif not _known(index, namespace, name):
                text = f"binds ServiceAccount {namespace}/{name}, which no unit of this repository makes"
                hint = near(name, index.names("ServiceAccount", namespace))
                yield index.finding("subject-missing", unit, obj, text, "subjects", number, hint=hint)


def _known(index: Index, namespace: str, name: str) -> bool:
    if name == "default" or "${" in name or namespace in ("kube-system", "flux-system"):
        return True
    return (
        index.exists("ServiceAccount", namespace, name) or index.unknown(namespace) or index.operated(namespace, name)
    )

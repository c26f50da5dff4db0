"""What ``kubectl auth reconcile`` does before roles and bindings are applied: it makes them, and makes bindings anew whose
role is another one (which no update may change)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from holdfast.cluster.client import Client
from holdfast.cluster.errors import ApiError, NotFound
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef

_LISTS: Final = {"Role": "rules", "ClusterRole": "rules", "RoleBinding": "subjects", "ClusterRoleBinding": "subjects"}
_RULE: Final = ("verbs", "apiGroups", "resources", "resourceNames", "nonResourceURLs")
_SUBJECT: Final = ("kind", "apiGroup", "name", "namespace")


async def reconciled(client: Client, body: Manifest, manager: str) -> str:
    """What is said about it, before what the apply says. Raises ApiError."""
    field = _LISTS.get(str(body.get("kind")))
    try:
        return await _reconciled(client, body, manager, field) if field is not None else ""
    except ApiError as error:
        text = f"error running kubectl auth reconcile: {error.message}"
        raise type(error)(text, code=error.code, reason=error.reason, status=error.status) from error


def rehearsed(body: Manifest, live: Manifest | None) -> str:
    """What a dry run says."""
    field = _LISTS.get(str(body.get("kind")))
    if field is None:
        return ""
    missing = _missing(body.get(field), (live or {}).get(field))
    operation = "create" if live is None else ("update" if missing else "")
    return _said(body, operation, field, missing, " (dry run)")


async def _reconciled(client: Client, body: Manifest, manager: str, field: str) -> str:
    ref, version = ObjectRef.of(body), GroupVersionKind.of(body).version
    if ref.namespace:
        try:
            await client.get(ObjectRef("", "Namespace", "", ref.namespace))
        except NotFound as error:
            raise NotFound(f"error getting namespace {ref.namespace}: {error.message}") from error
    try:
        live: Manifest | None = await client.get(ref, version=version)
    except NotFound:
        live = None
    operation, missing = "", _missing(body.get(field), (live or {}).get(field))
    if live is None:
        operation = "create"
    elif field == "subjects" and live.get("roleRef") != _role_ref(body):
        operation, missing = "recreate", list(body.get(field) or ())
        await client.delete(ref, version=version)
    elif missing:
        operation = "update"
    if operation in ("create", "recreate"):
        await client.create(body, manager=manager)
    elif operation:
        await client.update({**(live or {}), field: [*((live or {}).get(field) or ()), *missing]}, manager=manager)
    return _said(body, operation, field, missing)


def _role_ref(body: Mapping[str, Any]) -> Any:
    return {"apiGroup": "rbac.authorization.k8s.io", **(body.get("roleRef") or {})}


def _missing(wanted: Any, live: Any) -> list[Any]:
    known = [_filled(item) for item in live or ()]
    return [item for item in wanted or () if _filled(item) not in known]


def _filled(item: Any) -> Any:
    """A subject's group is told by its kind where it is not written."""
    if not isinstance(item, Mapping) or "kind" not in item:
        return item
    group = "" if item["kind"] == "ServiceAccount" else "rbac.authorization.k8s.io"
    return {"apiGroup": group, **item}


def _said(body: Manifest, operation: str, field: str, missing: Iterable[Any], mark: str = "") -> str:
    kind = f"{body['kind']}.rbac.authorization.k8s.io".lower()
    said = f"{kind}/{body['metadata']['name']} reconciled{mark}"
    if not operation:
        return said
    lines = [f"reconciliation required {operation}"]
    found = [_go(item, _RULE if field == "rules" else _SUBJECT) for item in missing]
    if found:
        lines += [f"\tmissing {field} added:", *(f"\t\t{text}" for text in found)]
    return f"{said}. " + "\n".join(lines)


def _go(item: Any, names: Iterable[str]) -> str:
    """As Go prints a struct."""
    shown = []
    for name in names:
        value = item.get(name) if isinstance(item, Mapping) else None
        title = {"apiGroups": "APIGroups", "apiGroup": "APIGroup"}.get(name, name[:1].upper() + name[1:])
        if names is _RULE:
            shown.append(f"{title}:[{' '.join(map(str, value or ()))}]")
        else:
            shown.append(f"{title}:{value or ''}")
    return "{" + " ".join(shown) + "}"

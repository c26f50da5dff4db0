"""What ``kubectl auth reconcile`` does before roles and bindings are applied: it makes them, and makes bindings anew whose
role is another one (which no update may change)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from holdfast.apply.sync_rules import missing_rules
from holdfast.cluster.client import Client
from holdfast.cluster.errors import ApiError, NotFound
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef

_LISTS: Final = {"Role": "rules", "ClusterRole": "rules", "RoleBinding": "subjects", "ClusterRoleBinding": "subjects"}
_MAPS: Final = ("annotations", "labels")
_UPDATES: Final = "rbac.authorization.kubernetes.io/autoupdate"
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
    return _said(body, _change(body, live, field), field, " (dry run)") if field is not None else ""


@dataclass(frozen=True, slots=True)
class _Change:
    """``operation`` is empty where nothing is to be done; ``kept`` tells that the live object does not want to be changed."""

    operation: str
    missing: Sequence[Any] = ()
    kept: bool = False


def _change(body: Manifest, live: Manifest | None, field: str) -> _Change:
    if live is None:
        return _Change("create", list(body.get(field) or ()))
    kept = _texts(live, "annotations").get(_UPDATES) == "false"
    if field == "subjects" and live.get("roleRef") != _role_ref(body):
        return _Change("recreate", kept=kept)
    if field == "rules":
        missing: Sequence[Any] = missing_rules(body.get(field) or (), live.get(field) or ())
    else:
        missing = _missing(body.get(field), live.get(field))
    plain = all(set(_texts(body, name)) <= set(_texts(live, name)) for name in _MAPS)
    aggregated = field == "rules" and "aggregationRule" in live and "aggregationRule" not in body
    return _Change("update" if missing or not plain or aggregated else "", missing, kept)


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
    change = _change(body, live, field)
    if change.kept:
        return _said(body, change, field)
    if change.operation == "recreate":
        await client.delete(ref, version=version)
    if change.operation in ("create", "recreate"):
        await client.create(body, manager=manager)
    elif change.operation:
        await client.update(_added(body, live or {}, field, change.missing), manager=manager)
    return _said(body, change, field)


def _added(body: Manifest, live: Manifest, field: str, missing: Sequence[Any]) -> Manifest:
    """The live object with what it lacks; what it has beyond that is left to the apply."""
    meta = dict(live.get("metadata") or {})
    for name in _MAPS:
        if (merged := {**_texts(body, name), **_texts(live, name)}) != {}:
            meta[name] = merged
    out = {**live, "metadata": meta, field: [*(live.get(field) or ()), *missing]}
    if "aggregationRule" not in body:
        out.pop("aggregationRule", None)
    return out


def _texts(obj: Manifest, name: str) -> Mapping[str, str]:
    return (obj.get("metadata") or {}).get(name) or {}


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


def _said(body: Manifest, change: _Change, field: str, mark: str = "") -> str:
    kind = f"{body['kind']}.rbac.authorization.k8s.io".lower()
    said = f"{kind}/{body['metadata']['name']} reconciled{mark}"
    if not change.operation:
        return said
    caveat = f", but object opted out ({_UPDATES}: false)" if change.kept else ""
    lines = [f"reconciliation required {change.operation}{caveat}"]
    found = [_go(item, _RULE if field == "rules" else _SUBJECT) for item in change.missing]
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

"""Normal forms: two ways to write the same object become one before they are compared.

In: an object and its kind's schema. Out: a copy. What the API server would do to a built-in kind is done here to both sides:
quantities in their canonical form, a Secret's stringData as data, no nulls and nothing empty. Custom resources are left as
they are, but for what ``knownTypeFields`` says about their fields.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Final

from holdfast.base.duration import parse_duration
from holdfast.kube import quantity
from holdfast.kube.refs import GroupVersionKind, Manifest
from holdfast.kube.schema import Schema, builtin

_ROLES: Final = frozenset({"Role", "ClusterRole"})
_RBAC: Final = "rbac.authorization.k8s.io"
_GROUP_PACKAGES: Final = {"meta": "io.k8s.apimachinery.pkg.apis.meta"}
KnownTypes = Mapping[str, Mapping[str, str]]
"""``group/Kind`` to field path to the name of a built-in type, such as ``core/v1/PodSpec``."""


def normal(
    obj: Manifest, *, aggregated: bool = False, known: KnownTypes | None = None, whole: bool = False
) -> Manifest:
    """``aggregated``: the rules of aggregated roles do not count; ``whole``: what is empty stays, for it may be owned."""
    gvk = GroupVersionKind.of(obj)
    found = {**obj, "metadata": _metadata(obj.get("metadata"))}
    if (gvk.group, gvk.kind) == ("", "Secret"):
        found = with_data(found)
    if gvk.group == _RBAC and gvk.kind in _ROLES:
        found = _role(found, aggregated)
    schema = builtin().lookup(gvk)
    if schema is not None and not whole:
        found = compact(found, schema)
    fields = (known or {}).get(f"{gvk.group}/{gvk.kind}" if gvk.group else gvk.kind)
    return _known(found, fields) if fields else found


def _metadata(meta: Any) -> dict[str, Any]:
    return {k: v for k, v in (meta or {}).items() if k not in ("creationTimestamp", "managedFields")}


def with_data(secret: Manifest) -> Manifest:
    """A Secret as it is stored: texts in base64 beside the data."""
    texts = secret.get("stringData")
    if not isinstance(texts, Mapping):
        return secret
    coded = {k: base64.b64encode(v.encode()).decode() if isinstance(v, str) else v for k, v in texts.items()}
    found = {**secret, "data": {**(secret.get("data") or {}), **coded}}
    del found["stringData"]
    return found


def _role(role: Manifest, aggregated: bool) -> Manifest:
    if aggregated and isinstance(role.get("aggregationRule"), Mapping):
        return {k: v for k, v in role.items() if k != "rules"}
    return {**role, "rules": None} if role.get("rules") == [] else role


def compact(value: Any, schema: Schema | None) -> Any:
    """Without what is empty, quantities canonical. Nulls stay: they mean that a field is to go."""
    if schema is None:
        return value
    if schema.format == "quantity":
        return _quantity(value)
    if isinstance(value, dict):
        below = {k: compact(v, schema.properties.get(k) or schema.additional) for k, v in value.items()}
        return {k: v for k, v in below.items() if v not in ({}, []) or k in _MEANINGFUL}
    if isinstance(value, list):
        return [compact(v, schema.items) for v in value]
    return value


_MEANINGFUL: Final = frozenset(
    {"emptyDir", "podSelector", "namespaceSelector", "selector", "ingress", "egress", "rules"}
)
"""Empty is not the same as absent here."""


def _quantity(value: Any) -> Any:
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        try:
            return str(quantity.parse(str(value)))
        except quantity.QuantityError:
            return value
    return value


def _known(obj: Manifest, fields: Mapping[str, str]) -> Manifest:
    found: Any = obj
    for path, type_name in fields.items():
        found = _changed(found, path.split("."), type_name)
    return found if isinstance(found, dict) else obj


def _changed(value: Any, path: list[str], type_name: str) -> Any:
    if isinstance(value, list):
        return [_changed(v, path, type_name) for v in value]
    if not path:
        return _typed(value, type_name)
    if isinstance(value, dict) and path[0] in value:
        return {**value, path[0]: _changed(value[path[0]], path[1:], type_name)}
    return value


def _typed(value: Any, type_name: str) -> Any:
    if type_name in ("core/Quantity", "core/v1/Quantity"):
        return _quantity(value)
    if type_name == "meta/v1/Duration":
        return _seconds(value)
    group, _, rest = type_name.partition("/")
    version, _, kind = rest.partition("/")
    package = _GROUP_PACKAGES.get(group, f"io.k8s.api.{group.partition('.')[0]}")
    name = f"{package}.{version}.{kind}"
    schemas = builtin()
    return compact(_without_nulls(value), schemas.named(name)) if name in schemas.names() else value


def _seconds(value: Any) -> Any:
    try:
        return parse_duration(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_nulls(v) for k, v in value.items() if v is not None}
    return [_without_nulls(v) for v in value] if isinstance(value, list) else value

"""Objects as Flux sends them: without status, with the defaults that server-side apply needs to find its list items again.

The rules are those of fluxcd/pkg ``ssa/normalize``: ports get their default protocol (it is part of the merge key), a Secret's
``stringData`` becomes ``data`` (write-only fields would drift for ever).
"""

from __future__ import annotations

import base64
from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.render.typed import as_typed, is_base64

_POD_SPECS: dict[tuple[str, str], tuple[str, ...]] = {
    ("v1", "Pod"): ("spec",),
    ("apps/v1", "Deployment"): ("spec", "template", "spec"),
    ("apps/v1", "StatefulSet"): ("spec", "template", "spec"),
    ("apps/v1", "DaemonSet"): ("spec", "template", "spec"),
    ("apps/v1", "ReplicaSet"): ("spec", "template", "spec"),
    ("batch/v1", "Job"): ("spec", "template", "spec"),
    ("batch/v1", "CronJob"): ("spec", "jobTemplate", "spec", "template", "spec"),
}

_UNTOUCHED = frozenset(
    {
        # Flux leaves these alone since a serialisation defect of their types once emptied their rules.
        ("rbac.authorization.k8s.io/v1", "Role"),
        ("rbac.authorization.k8s.io/v1", "ClusterRole"),
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
    }
)


def normalise(obj: Manifest) -> Manifest:
    """A changed copy; the argument is left alone."""
    kind = (str(obj.get("apiVersion")), str(obj.get("kind")))
    if kind not in _UNTOUCHED:
        obj = as_typed(obj)
    if kind in _POD_SPECS:
        obj = _with(obj, _POD_SPECS[kind], _pod_spec)
    elif kind == ("v1", "Service"):
        obj = _with(obj, ("spec",), lambda spec: _ports(spec))
    elif kind == ("v1", "Secret"):
        obj = _secret(obj)
    if kind[1] != "CustomResourceDefinition" and "status" in obj:
        obj = {k: v for k, v in obj.items() if k != "status"}
    meta = obj.get("metadata")
    if isinstance(meta, dict) and "creationTimestamp" in meta:
        obj = {**obj, "metadata": {k: v for k, v in meta.items() if k != "creationTimestamp"}}
    return obj


def _with(obj: Any, path: tuple[str, ...], change: Any) -> Any:
    """A copy of ``obj`` in which the mapping at ``path`` went through ``change``; as it is where there is none."""
    if not isinstance(obj, dict):
        return obj
    if not path:
        return change(obj)
    if path[0] not in obj:
        return obj
    return {**obj, path[0]: _with(obj[path[0]], path[1:], change)}


def _pod_spec(spec: dict[str, Any]) -> dict[str, Any]:
    containers = spec.get("containers")
    if not isinstance(containers, list):
        return spec
    return {**spec, "containers": [_ports(c) if isinstance(c, dict) else c for c in containers]}


def _ports(holder: dict[str, Any]) -> dict[str, Any]:
    ports = holder.get("ports")
    if not isinstance(ports, list):
        return holder
    return {**holder, "ports": [_with_protocol(p) for p in ports]}


def _with_protocol(port: Any) -> Any:
    return {**port, "protocol": "TCP"} if isinstance(port, dict) and not port.get("protocol") else port


_SECRET_FIELDS = frozenset({"apiVersion", "kind", "metadata", "data", "stringData", "type", "immutable"})


def _secret(obj: Manifest) -> Manifest:
    """Left as it is where it does not fit the type: the API server then says why."""
    data, strings = obj.get("data") or {}, obj.get("stringData") or {}
    if not (isinstance(data, dict) and isinstance(strings, dict)):
        return obj
    if not all(isinstance(v, str) for v in strings.values()) or not all(_is_data(v) for v in data.values()):
        return obj
    out = {k: v for k, v in obj.items() if k in _SECRET_FIELDS and k != "stringData"}
    encoded = {k: base64.b64encode(v.encode()).decode() for k, v in strings.items()}
    if data or encoded:
        out["data"] = {**data, **encoded}
    return out


def _is_data(value: Any) -> bool:
    return value is None or (isinstance(value, str) and is_base64(value))

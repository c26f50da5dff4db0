"""Field selectors: which fields each kind can be selected by, and the refusals for the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from holdfast.kube.refs import Manifest
from holdfast.sandbox import gotext, selectors, status
from holdfast.sandbox.resources import Resource
from holdfast.sandbox.store import Record

FieldMatch = Callable[[Record], bool]

_META: Final = ("metadata.name", "metadata.namespace")

_CORE_EVENT: Final = (
    "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid", "involvedObject.apiVersion",
    "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason", "reportingComponent", "source", "type",
)  # fmt: skip

# Kinds that register fields of their own refuse unknown ones in other words than the rest.
_OWN: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("", "Pod"): ("spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork",
                  "status.phase", "status.podIP", "status.podIPs", "status.nominatedNodeName"),
    ("", "Event"): _CORE_EVENT,
    ("events.k8s.io", "Event"): (
        "regarding.kind", "regarding.namespace", "regarding.name", "regarding.uid", "regarding.apiVersion", "regarding.resourceVersion",
        "regarding.fieldPath", "reason", "type", "reportingController",
    ),
    ("", "Namespace"): ("status.phase",),
    ("", "Secret"): ("type",),
    ("", "Node"): ("spec.unschedulable",),
    ("", "ReplicationController"): ("status.replicas",),
    ("", "Service"): ("spec.clusterIP", "spec.type"),
    ("batch", "Job"): ("status.successful",),
    ("certificates.k8s.io", "CertificateSigningRequest"): ("spec.signerName",),
    ("resource.k8s.io", "ResourceSlice"): ("spec.nodeName", "spec.driver"),
}  # fmt: skip


def matcher(resource: Resource, text: str, show: Callable[[Record], Manifest]) -> tuple[FieldMatch | None, str]:
    """A matcher (None takes everything) and, when the selector asks for one exact name, that name."""
    terms = selectors.fields(text)
    # Cluster-scoped kinds with fields of their own do not know the namespace.
    alone = (resource.group, resource.kind) in _OWN and not resource.namespaced
    known = (_META[:1] if alone else _META) + _OWN.get((resource.group, resource.kind), ()) + _selectable(resource)
    for field, _, _ in terms:
        if field not in known:
            raise _unknown(resource, field, known)
    name = next((value for field, equal, value in terms if field == "metadata.name" and equal), "")
    rest = [t for t in terms if t != ("metadata.name", True, name)]
    if not rest:
        return None, name

    def match(record: Record) -> bool:
        obj: Manifest | None = None
        for field, equal, wanted in rest:
            if field == "metadata.name":
                value: str = record.key[1]
            elif field == "metadata.namespace":
                value = record.key[0]
            else:
                obj = obj or show(record)
                value = _text(resource, obj, field)
            if (value == wanted) != equal:
                return False
        return True

    return match, name


def _selectable(resource: Resource) -> tuple[str, ...]:
    return tuple(str(f.get("jsonPath", "")).lstrip(".") for f in resource.spec.get("selectableFields") or ())


def _unknown(resource: Resource, field: str, known: tuple[str, ...]) -> status.StatusError:
    if (resource.group, resource.kind) == ("batch", "Job"):
        return status.bad_request(f"field label {gotext.quote(field)} not supported for Job")
    if (resource.group, resource.kind) == ("resource.k8s.io", "ResourceSlice"):
        return status.bad_request(f"field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: {field}")
    if resource.crd or (resource.group, resource.kind) in _OWN:
        return status.bad_request(f"field label not supported: {field}")
    names = ", ".join(f'"{k}"' for k in sorted(known))
    return status.bad_request(f"{gotext.quote(field)} is not a known field selector: only {names}")


_DEFAULTS: Final = {
    "spec.unschedulable": "false",
    "spec.hostNetwork": "false",
    "status.successful": "0",
    "status.replicas": "0",
}
_PATHS: Final = {"status.successful": "status.succeeded"}


def _text(resource: Resource, obj: Manifest, field: str) -> str:
    value: Any
    if field == "source" and resource.kind == "Event":
        value = selectors.dig(obj, "source.component") or obj.get("reportingComponent")
    elif field == "reportingComponent":
        value = obj.get("reportingComponent")
    else:
        value = selectors.dig(obj, _PATHS.get(field, field))
    if value is None:
        return _DEFAULTS.get(field, "") if not resource.crd else ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)

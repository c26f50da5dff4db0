"""What a CustomResourceDefinition says: its conditions, its defaults, the resources it serves. Plain functions on its data."""

from __future__ import annotations

import re
from typing import Any, Final

from holdfast.kube.refs import Manifest
from holdfast.sandbox import gotext
from holdfast.sandbox.builtin import CRD_VERBS
from holdfast.sandbox.context import Call
from holdfast.sandbox.resources import Resource, Subresource, version_order

GROUP: Final = "apiextensions.k8s.io"
STORAGE: Final = "__storage"
"""Where the part of a version that is not stored keeps the one that is."""
NEWER: Final = "__newer"
"""Where a deprecated version keeps the name of the one to use instead."""
FINALIZER: Final = "customresourcecleanup.apiextensions.k8s.io"
_EDIT: Final = ("get", "patch", "update")


def is_definition(resource: Resource) -> bool:
    return resource.group == GROUP and resource.plural == "customresourcedefinitions"


def condition(crd: Manifest, type_: str) -> Manifest | None:
    conditions = (crd.get("status") or {}).get("conditions") or ()
    return next((c for c in conditions if c.get("type") == type_), None)


def is_true(crd: Manifest, type_: str) -> bool:
    found = condition(crd, type_)
    return found is not None and found.get("status") == "True"


def set_condition(crd: Manifest, stamp: str, type_: str, truth: str, reason: str, message: str) -> None:
    state = crd.setdefault("status", {})
    conditions = state["conditions"] = list(state.get("conditions") or ())
    found = next((c for c in conditions if c["type"] == type_), None)
    fresh = {"type": type_, "status": truth, "lastTransitionTime": stamp, "reason": reason, "message": message}
    if found is None:
        conditions.append(fresh)
        return
    if found["status"] == truth:
        fresh["lastTransitionTime"] = found["lastTransitionTime"]
    conditions[conditions.index(found)] = fresh


APPROVED: Final = "api-approved.kubernetes.io"
_RULE: Final = f'protected groups must have approval annotation "{APPROVED}"'
_SEE: Final = ", see https://github.com/kubernetes/enhancements/pull/1111"


def approve(crd: Manifest, stamp: str) -> None:
    """Groups of the community itself say whether somebody there agreed."""
    group = f".{crd['spec']['group']}"
    if not group.endswith((".k8s.io", ".kubernetes.io")):
        return
    note = (crd["metadata"].get("annotations") or {}).get(APPROVED)
    truth, reason = "False", "UnapprovedAnnotation"
    if note is None:
        reason, text = "MissingAnnotation", _RULE + _SEE
    elif note.startswith("unapproved"):
        text = f"not approved: {gotext.quote(note)}"
    elif re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*://[^/\s]+", note):
        truth, reason, text = "True", "ApprovedAnnotation", f"approved in {note}"
    else:
        reason, text = "InvalidAnnotation", f'{_RULE} with either a URL or a reason starting with "unapproved"{_SEE}'
    set_condition(crd, stamp, "KubernetesAPIApprovalPolicyConformant", truth, reason, text)


def mark_deleted(call: Call, crd: Manifest) -> None:
    """What the first DELETE does to a definition."""
    meta = crd["metadata"]
    meta["deletionTimestamp"] = call.stamp
    if FINALIZER not in (meta.get("finalizers") or ()):
        meta["finalizers"] = [*(meta.get("finalizers") or ()), FINALIZER]
    text = "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon"
    set_condition(crd, call.stamp, "Terminating", "True", "InstanceDeletionPending", text)


def resources_of(crd: Manifest) -> list[Resource]:
    """What an established definition serves."""
    spec, names = crd["spec"], (crd.get("status") or {}).get("acceptedNames") or {}
    storage = next((v["name"] for v in spec["versions"] if v.get("storage")), "")
    return [_resource(crd, spec, names, v, storage) for v in spec["versions"] if v.get("served")]


def _shown(spec: Manifest, version: Manifest, storage: str) -> Manifest:
    """A version with what it has to know about the others."""
    more: Manifest = {}
    if version["name"] != storage:
        more[STORAGE] = _version(spec, storage)
    if version.get("deprecated"):
        served = [v["name"] for v in spec["versions"] if v.get("served") and not v.get("deprecated")]
        newer = [
            name for name in sorted(served, key=version_order) if version_order(name) < version_order(version["name"])
        ]
        if newer:
            more[NEWER] = newer[0]
    return {**version, **more} if more else version


def _version(spec: Manifest, name: str) -> Manifest:
    return next((v for v in spec["versions"] if v["name"] == name), {})


def _resource(crd: Manifest, spec: Manifest, names: Manifest, version: Manifest, storage: str) -> Resource:
    kind = str(names.get("kind") or spec["names"]["kind"])
    subs: list[Subresource] = []
    found: dict[str, Any] = version.get("subresources") or {}
    if "status" in found:
        subs.append(Subresource("status", _EDIT, kind))
    if found.get("scale"):
        subs.append(Subresource("scale", _EDIT, "Scale", "autoscaling", "v1"))
    return Resource(
        group=spec["group"],
        version=version["name"],
        plural=spec["names"]["plural"],
        singular=str(names.get("singular") or kind.lower()),
        kind=kind,
        namespaced=spec.get("scope") == "Namespaced",
        verbs=CRD_VERBS,
        short_names=tuple(names.get("shortNames") or ()),
        categories=tuple(names.get("categories") or ()),
        subresources=tuple(subs),
        list_kind=str(names.get("listKind") or f"{kind}List"),
        storage_group=spec["group"],
        storage_version=storage,
        crd=crd["metadata"]["name"],
        spec=_shown(spec, version, storage),
    )


def _default_stored(crd: Manifest) -> None:
    """A status that names no stored version names the one that is stored."""
    state, spec = crd.get("status"), crd.get("spec")
    if isinstance(state, dict) and isinstance(spec, dict) and not state.get("storedVersions"):
        storage = [v["name"] for v in spec.get("versions") or () if isinstance(v, dict) and v.get("storage")]
        state["storedVersions"] = storage[:1]


def prepare(call: Call, crd: Manifest, old: Manifest | None) -> None:
    """What a write of a definition sets by itself."""
    del call
    if old is None:
        stored = [
            v["name"] for v in (crd.get("spec") or {}).get("versions") or () if isinstance(v, dict) and v.get("storage")
        ]
        crd["status"] = {"conditions": None, "acceptedNames": {"plural": "", "kind": ""}, "storedVersions": stored[:1]}
        return
    state = crd.setdefault("status", {})
    for version in crd["spec"].get("versions") or ():
        if version.get("storage") and version["name"] not in (state.get("storedVersions") or ()):
            state["storedVersions"] = [*(state.get("storedVersions") or ()), version["name"]]


def default(crd: Manifest) -> None:
    """The defaults of a definition."""
    spec = crd.get("spec")
    _default_stored(crd)
    names = spec.get("names") if isinstance(spec, dict) else None
    if not isinstance(spec, dict) or not isinstance(names, dict):
        return
    if names.get("kind"):
        if not names.get("singular"):
            names["singular"] = str(names["kind"]).lower()
        if not names.get("listKind"):
            names["listKind"] = f"{names['kind']}List"
    if not spec.get("conversion"):
        spec["conversion"] = {"strategy": "None"}
    webhook = spec["conversion"].get("webhook") or {}
    service = (webhook.get("clientConfig") or {}).get("service")
    if isinstance(service, dict):
        service.setdefault("port", 443)

"""Validation of what a pod's status says, and of how it may change.

In: a pod with its new status and the stored one. Out: field errors. Never: running anything.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.sandbox.kinds import names
from holdfast.sandbox.kinds.dump import internal
from holdfast.sandbox.kinds.field import IMMUTABLE, Errors
from holdfast.sandbox.kinds.validate_pod_annotations import changed

_SYSTEM_CONDITIONS = ("PodScheduled", "Ready", "Initialized")
_STATUSES = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")
_NEGATIVE = "must be a non-negative integer"


def pod_status(errs: Errors, pod: Manifest, old: Manifest) -> None:
    changed(errs, pod, old, "metadata.annotations")
    status, before, spec = pod.get("status") or {}, old.get("status") or {}, old.get("spec") or {}
    _conditions(errs, status.get("conditions") or [])
    _nominated(errs, status, before, spec)
    if (status.get("observedGeneration") or 0) < 0:
        errs.invalid("status.observedGeneration", status["observedGeneration"], _NEGATIVE)
    if (status.get("qosClass") or "") != (before.get("qosClass") or ""):
        errs.invalid("status.qosClass", status.get("qosClass") or "", IMMUTABLE)
    _transitions(errs, status, before, spec)
    _claims(errs, status.get("resourceClaimStatuses") or [], spec)
    for key, own in (("podIPs", False), ("hostIPs", True)):
        _addresses(errs, status, before, key, own=own)
    for key in _STATUSES:
        _users(errs, status.get(key) or [], f"status.{key}", (spec.get("os") or {}).get("name") or "linux")


def _conditions(errs: Errors, found: list[Any]) -> None:
    for index, condition in enumerate(found):
        path = f"status.conditions[{index}]"
        if (condition.get("observedGeneration") or 0) < 0:
            errs.invalid(f"{path}.observedGeneration", condition["observedGeneration"], _NEGATIVE)
        if condition.get("type") not in _SYSTEM_CONDITIONS:
            errs.name(f"{path}.Type", condition.get("type") or "", names.qualified)


def _nominated(errs: Errors, status: Manifest, before: Manifest, spec: Manifest) -> None:
    name, path = status.get("nominatedNodeName") or "", "status.nominatedNodeName"
    if not name or name == before.get("nominatedNodeName"):
        return
    errs.name(path, name, names.dns_subdomain)
    if spec.get("nodeName"):
        errs.forbidden(path, "may not be set on pods that are already bound to a node")


# --- containers that have ended ---


def _transitions(errs: Errors, status: Manifest, before: Manifest, spec: Manifest) -> None:
    if _all_may_restart(spec):
        return
    for key, kind in zip(_STATUSES, ("containers", "initContainers", ""), strict=True):
        items = {item.get("name"): item for item in spec.get(kind) or ()} if kind else {}
        new = {item.get("name"): item for item in reversed(status.get(key) or ())}
        for index, item in enumerate(before.get(key) or ()):
            ended, name = (item.get("state") or {}).get("terminated"), item.get("name")
            if ended is None or name not in new or "terminated" in (new[name].get("state") or {}):
                continue
            if name not in items or not _restarts(items[name], spec, ended.get("exitCode") or 0):
                errs.forbidden(f"status.{key}[{index}].state", "may not be transitioned to non-terminated state")


def _all_may_restart(spec: Manifest) -> bool:
    """One container can ask for all of them to be started anew."""
    return any(
        rule.get("action") == "RestartAllContainers"
        for kind in ("containers", "initContainers")
        for item in spec.get(kind) or ()
        for rule in item.get("restartPolicyRules") or ()
    )


def _restarts(item: Manifest, spec: Manifest, code: int) -> bool:
    """Whether a container that ended with ``code`` is started again: by its rules, its own policy, or the pod's."""
    for rule in item.get("restartPolicyRules") or ():
        wanted = rule.get("exitCodes") or {}
        listed = code in (wanted.get("values") or ())
        if rule.get("action") == "Restart" and listed == (wanted.get("operator") == "In"):
            return True
    policy = item.get("restartPolicy") or spec.get("restartPolicy")
    return policy == "Always" or (policy == "OnFailure" and code != 0)


# --- claims, addresses, users ---


def _claims(errs: Errors, found: list[Any], spec: Manifest) -> None:
    known = {claim.get("name") or "" for claim in spec.get("resourceClaims") or ()}
    seen: set[str] = set()
    for index, item in enumerate(found):
        name, path = item.get("name") or "", f"status.resourceClaimStatuses[{index}]"
        if name not in known:
            errs.invalid(f"{path}.name", name, "must match the name of an entry in `spec.resourceClaims`")
        if name in seen:
            errs.duplicate(f"{path}.name", name)
        seen.add(name)
        if item.get("resourceClaimName") is not None:
            errs.name(f"{path}.resourceClaimName", item["resourceClaimName"], names.dns_subdomain)


def _addresses(errs: Errors, status: Manifest, before: Manifest, key: str, *, own: bool) -> None:
    """``own``: the host's, of which the first has to be the one that is told alone."""
    path = f"status.{key}"
    found = [item.get("ip") or "" for item in status.get(key) or ()]
    if own and found and found[0] != (status.get("hostIP") or ""):
        errs.invalid(f"{path}[0].ip", found[0], "must be equal to `hostIP`")
    kept = {item.get("ip") for item in before.get(key) or ()}
    for index, address in enumerate(found):
        if address not in kept:
            errs.name(f"{path}[{index}]", address, names.ip_address)
    if len(found) < 2:
        return
    try:
        families = {ipaddress.ip_address(address).version for address in found}
    except ValueError:
        return
    if len(found) > 2 or len(families) < 2:
        shown = internal("[]PodIP", status.get(key))
        errs.invalid(path, shown, "may specify no more than one IP for each IP family")


def _users(errs: Errors, statuses: list[Any], path: str, system: str) -> None:
    for index, item in enumerate(statuses):
        user, place = (item.get("user") or {}).get("linux"), f"{path}[{index}].user.linux"
        if user is None:
            continue
        if system == "windows":
            errs.forbidden(place, "cannot be set for a windows pod")
            continue
        for key in ("uid", "gid"):
            errs.each(f"{place}.{key}", user.get(key) or 0, names.user_id(user.get(key) or 0))
        for number, group in enumerate(user.get("supplementalGroups") or ()):
            errs.each(f"{place}.supplementalGroups[{number}]", group or 0, names.user_id(group or 0))

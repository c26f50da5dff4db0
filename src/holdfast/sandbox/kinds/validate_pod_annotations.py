"""Validation of annotations that the server reads meaning into: mirror pods, deletion costs, old security profiles.

In: a pod's or template's annotations and its spec. Out: field errors. Never: other annotations.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from holdfast.kube.refs import Manifest
from holdfast.sandbox import gotext
from holdfast.sandbox.kinds.field import Errors
from holdfast.sandbox.kinds.validate_pod_os import every_container
from holdfast.sandbox.kinds.validate_sources import descending

MIRROR = "kubernetes.io/config.mirror"
_COST = "controller.kubernetes.io/pod-deletion-cost"
_SECCOMP_POD = "seccomp.security.alpha.kubernetes.io/pod"
_SECCOMP = "container.seccomp.security.alpha.kubernetes.io/"
_APP_ARMOR = "container.apparmor.security.beta.kubernetes.io/"
_COST_FORM = re.compile(r"(0|-?[1-9][0-9]*)")


def is_mirror(pod: Manifest) -> bool:
    """Whether the pod stands for one that a node runs from a file."""
    return MIRROR in _annotations(pod)


def _annotations(holder: Manifest) -> Mapping[str, str]:
    found: Mapping[str, str] = (holder.get("metadata") or {}).get("annotations") or {}
    return found


def pod_annotations(errs: Errors, holder: Manifest, spec: Manifest, path: str) -> None:
    """``holder``: the pod or template that has the annotations and the spec."""
    found = _annotations(holder)
    if MIRROR in found and not spec.get("nodeName"):
        text = "must set spec.nodeName if mirror pod annotation is set"
        errs.invalid(f"{path}[{MIRROR}]", found[MIRROR], text)
    cost = found.get(_COST)
    if cost is not None and not (_COST_FORM.fullmatch(cost) and -(2**31) <= int(cost) < 2**31):
        errs.invalid(f"{path}[{_COST}]", cost, "must be a 32bit integer")
    if _SECCOMP_POD in found:
        _seccomp(errs, found[_SECCOMP_POD], f"{path}.{_SECCOMP_POD}")
    for key, profile in found.items():
        if key.startswith(_SECCOMP):
            _seccomp(errs, profile, f"{path}.{key}")
    _app_armor(errs, found, spec, path)


def _seccomp(errs: Errors, profile: str, path: str) -> None:
    if profile in ("runtime/default", "docker/default", "unconfined"):
        return
    if profile.startswith("localhost/"):
        descending(errs, profile.removeprefix("localhost/"), path)
    else:
        errs.invalid(path, profile, "must be a valid seccomp profile")


def _app_armor(errs: Errors, found: Mapping[str, str], spec: Manifest, path: str) -> None:
    known = {item.get("name") or "" for item, _ in every_container(spec, "spec")}
    for key, profile in found.items():
        if not key.startswith(_APP_ARMOR):
            continue
        name = key.removeprefix(_APP_ARMOR)
        if name not in known:
            errs.invalid(f"{path}[{key}]", name, "container not found")
        if profile not in ("", "runtime/default", "unconfined") and not profile.startswith("localhost/"):
            errs.invalid(f"{path}[{key}]", profile, f"invalid AppArmor profile name: {gotext.quote(profile)}")


def changed(errs: Errors, pod: Manifest, old: Manifest, path: str) -> None:
    """Some annotations stay what they were at the creation."""
    new, before = _annotations(pod), _annotations(old)
    for key, value in before.items():
        if new.get(key) != value:
            _frozen(errs, key, "remove or update", path)
    for key in new:
        if key not in before:
            _frozen(errs, key, "add", path)
    pod_annotations(errs, pod, pod.get("spec") or {}, path)


def _frozen(errs: Errors, key: str, verb: str, path: str) -> None:
    if key.startswith(_APP_ARMOR):
        errs.forbidden(f"{path}[{key}]", f"may not {verb} AppArmor annotations")
    if key == MIRROR:
        errs.forbidden(f"{path}[{key}]", f"may not {verb} mirror pod annotation")


def agreeing(errs: Errors, pod: Manifest, path: str) -> None:
    """A profile that is given as annotation and as field has to be the same one."""
    found, spec = _annotations(pod), pod.get("spec") or {}
    context = spec.get("securityContext") or {}
    if context.get("seccompProfile") and _SECCOMP_POD in found:
        _agree(errs, "seccomp", found[_SECCOMP_POD], context["seccompProfile"], f"{path}.securityContext")
    for item, place in every_container(spec, path):
        own = (item.get("securityContext") or {}).get("seccompProfile")
        key = _SECCOMP + (item.get("name") or "")
        if own and key in found:
            _agree(errs, "seccomp", found[key], own, f"{place}.securityContext")
    if (spec.get("os") or {}).get("name") == "windows":
        return
    for item, place in every_container(spec, path):
        own = (item.get("securityContext") or {}).get("appArmorProfile") or context.get("appArmorProfile")
        key = _APP_ARMOR + (item.get("name") or "")
        if own and key in found:
            _agree(errs, "apparmor", found[key], own, f"{place}.securityContext")


_FIELDS = {"seccomp": "seccompProfile", "apparmor": "appArmorProfile"}
_ANNOTATED = {
    ("seccomp", "Unconfined"): ("unconfined",),
    ("seccomp", "RuntimeDefault"): ("runtime/default", "docker/default"),
    ("apparmor", "Unconfined"): ("unconfined",),
    ("apparmor", "RuntimeDefault"): ("runtime/default",),
}


def _agree(errs: Errors, what: str, annotation: str, profile: Manifest, path: str) -> None:
    place, kind = f"{path}.{_FIELDS[what]}", profile.get("type")
    different = f"{what} type in annotation and field must match"
    if (what, kind) in _ANNOTATED and annotation not in _ANNOTATED[(what, str(kind))]:
        errs.forbidden(f"{place}.type", different)
    elif kind == "Localhost":
        if not annotation.startswith("localhost/"):
            errs.forbidden(f"{place}.type", different)
        elif annotation.removeprefix("localhost/") != profile.get("localhostProfile"):
            errs.forbidden(f"{place}.localhostProfile", f"{what} profile in annotation and field must match")

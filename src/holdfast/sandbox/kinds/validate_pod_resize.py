"""What a resize may change in a pod: cpu and memory, of its containers and of the whole.

In: a pod with new resources and the stored one. Out: field errors. Never: whether a node has room.
"""

from __future__ import annotations

from holdfast.kube.refs import Manifest
from holdfast.sandbox.kinds.field import Errors
from holdfast.sandbox.kinds.prepare import qos_class
from holdfast.sandbox.kinds.validate_pod import whole_pod
from holdfast.sandbox.kinds.validate_pod_annotations import is_mirror

_RESIZABLE = ("cpu", "memory")
_ONLY = "only cpu and memory resources are mutable"


def resize(errs: Errors, pod: Manifest, old: Manifest) -> None:
    spec, before = pod["spec"], old["spec"]
    for refused, text in (
        (is_mirror(old), "static pods cannot be resized"),
        ((before.get("os") or {}).get("name") == "windows", "windows pods cannot be resized"),
    ):
        if refused:
            errs[:] = []
            errs.forbidden("[]", text)
            return
    whole_pod(errs, pod)
    given = (old.get("status") or {}).get("qosClass") or qos_class(before)
    if qos_class(spec) != given:
        errs.invalid("spec", given, "Pod QOS Class may not change as a result of resizing")
    if not _supported(old):
        errs.forbidden("spec", "Pod running on node without support for resize")
    _pod_level(errs, spec, before)
    if _reordered(errs, spec, before):
        return
    for kind in ("initContainers", "containers"):
        for index, (new, was) in enumerate(zip(spec.get(kind) or (), before.get(kind) or (), strict=True)):
            path = f"spec.{kind}[{index}].resources"
            _removed(
                errs, new.get("resources") or {}, was.get("resources") or {}, path, "resource {} cannot be removed"
            )
    _others(errs, spec, before)


def _supported(old: Manifest) -> bool:
    for item in (old.get("status") or {}).get("containerStatuses") or ():
        if (item.get("state") or {}).get("running") is not None:
            return item.get("resources") is not None
    return True


def _pod_level(errs: Errors, spec: Manifest, before: Manifest) -> None:
    new, old = spec.get("resources"), before.get("resources")
    if not any((found or {}).get(key) for found in (new, old) for key in ("requests", "limits")):
        return
    if old is not None and new is None:
        errs.forbidden("spec.resources", "pod-level resources cannot be removed")
        return
    if old is not None:
        _removed(errs, new or {}, old, "spec.resources", "pod-level resource {} cannot be removed")
    if _munged(new or {}, old or {}) != _munged(old or {}, old or {}):
        errs.forbidden("spec", f"{_ONLY} at pod-level")


def _removed(errs: Errors, new: Manifest, old: Manifest, path: str, text: str) -> None:
    for key in ("requests", "limits"):
        if any(name not in (new.get(key) or {}) for name in old.get(key) or ()):
            errs.forbidden(f"{path}.{key}", text.format(key))


def _reordered(errs: Errors, spec: Manifest, before: Manifest) -> bool:
    count = len(errs)
    for kind in ("containers", "initContainers"):
        new = [item.get("name") for item in spec.get(kind) or ()]
        old = [item.get("name") for item in before.get(kind) or ()]
        if len(new) != len(old):
            errs.forbidden(f"spec.{kind}", f"{kind} may not be added or removed on resize")
            continue
        for index, (left, right) in enumerate(zip(new, old, strict=True)):
            if left != right:
                text = f"{kind} may not be renamed or reordered on resize"
                errs.forbidden(f"spec.{kind}[{index}].name", text)
    return len(errs) > count


def _munged(new: Manifest, old: Manifest) -> Manifest:
    """New resources with the stored amounts of cpu and memory."""
    out: Manifest = {}
    for key in ("requests", "limits"):
        rest = {name: value for name, value in (new.get(key) or {}).items() if name not in _RESIZABLE}
        kept = {name: value for name, value in (old.get(key) or {}).items() if name in _RESIZABLE}
        out[key] = {**rest, **kept}
    return out


def _like(item: Manifest, old: Manifest) -> Manifest:
    return {**item, "resources": _munged(item.get("resources") or {}, old.get("resources") or {})}


def _others(errs: Errors, spec: Manifest, before: Manifest) -> None:
    """Whatever else was changed, container by container; then in the pod."""
    start = len(errs)
    for new, old in zip(spec.get("containers") or (), before.get("containers") or (), strict=True):
        if _like(new, old) != _like(old, old):
            errs.forbidden("spec", _ONLY)
    pairs = zip(spec.get("initContainers") or (), before.get("initContainers") or (), strict=True)
    for index, (new, old) in enumerate(pairs):
        _init_container(errs, new, old, index)
    if len(errs) == start and _rest(spec) != _rest(before):
        errs.forbidden("spec", _ONLY)


def _init_container(errs: Errors, new: Manifest, old: Manifest, index: int) -> None:
    path = f"spec.initContainers[{index}]"
    if _like(new, old) != _like(old, old):
        errs.forbidden(path, "only cpu and memory resources for init or sidecar containers are mutable")
    if new == old or new.get("restartPolicy") == "Always":
        return
    for policy in new.get("resizePolicy") or ():
        if policy.get("restartPolicy") == "RestartContainer":
            text = "non-sidecar init containers with a resize policy of RestartContainer cannot be resized"
            errs.forbidden(path, text)


def _rest(spec: Manifest) -> Manifest:
    return {key: value for key, value in spec.items() if key not in ("containers", "initContainers", "resources")}

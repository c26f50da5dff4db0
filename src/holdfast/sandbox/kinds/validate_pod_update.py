"""What may change in a pod after its creation.

In: a defaulted pod and the stored one. Out: field errors. Never: admission, status.
"""

from __future__ import annotations

from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.sandbox import gotext
from holdfast.sandbox.kinds import dump
from holdfast.sandbox.kinds.field import Errors
from holdfast.sandbox.kinds.validate_containers import trimmed_image
from holdfast.sandbox.kinds.validate_pod import whole_pod
from holdfast.sandbox.kinds.validate_pod_annotations import changed, is_mirror
from holdfast.sandbox.kinds.validate_scheduling import tolerations

_SENTENCE = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
    "`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


def update(errs: Errors, pod: Manifest, old: Manifest) -> None:
    spec, before = pod["spec"], old["spec"]
    whole_pod(errs, pod)
    changed(errs, pod, old, "metadata.annotations")
    if not (_images(errs, spec, before) and _deadline(errs, spec, before)):
        return
    _tolerations(errs, spec, before)
    gated = bool(before.get("schedulingGates"))
    _gates(errs, spec, before)
    if spec == before:
        return
    munged = dict(spec)
    for key in ("containers", "initContainers"):
        if munged.get(key):
            munged[key] = [
                {**item, "image": other.get("image")} for item, other in zip(munged[key], before[key], strict=True)
            ]
    for key in ("activeDeadlineSeconds", "tolerations", "schedulingGates"):
        _restore(munged, before, key)
    if (before.get("terminationGracePeriodSeconds") or 0) < 0 and spec.get("terminationGracePeriodSeconds") == 1:
        _restore(munged, before, "terminationGracePeriodSeconds")
    if gated:
        _gated_selectors(errs, spec, before)
        _restore(munged, before, "nodeSelector")
        _restore_node_affinity(munged, before)
    if munged != before:
        errs.forbidden("spec", f"{_SENTENCE}\n{dump.diff('PodSpec', before, munged)}")


def _restore(munged: Manifest, before: Manifest, key: str) -> None:
    if key in before:
        munged[key] = before[key]
    else:
        munged.pop(key, None)


def _restore_node_affinity(munged: Manifest, before: Manifest) -> None:
    """Takes the change of node affinity back; what pods are near each other stays told."""
    found, old = munged.get("affinity"), (before.get("affinity") or {}).get("nodeAffinity")
    if (found or {}).get("nodeAffinity") == old:
        return
    others = {key: value for key, value in (found or {}).items() if key != "nodeAffinity"}
    if old is None and "affinity" not in before and not others:
        del munged["affinity"]
    else:
        munged["affinity"] = {**others, **({} if old is None else {"nodeAffinity": old})}


def _images(errs: Errors, spec: Manifest, before: Manifest) -> bool:
    """Images may change, containers may not come or go; False when they do, which ends the judgement."""
    for kind in ("containers", "initContainers"):
        if len(spec.get(kind) or ()) != len(before.get(kind) or ()):
            errs.forbidden(f"spec.{kind}", "pod updates may not add or remove containers")
            return False
        for index, item in enumerate(spec.get(kind) or ()):
            if not item.get("image"):
                errs.required(f"spec.{kind}[{index}].image")
            trimmed_image(errs, item, f"spec.{kind}[{index}]")
    return True


def _deadline(errs: Errors, spec: Manifest, before: Manifest) -> bool:
    """Whether the judgement goes on."""
    new, old, path = (
        spec.get("activeDeadlineSeconds"),
        before.get("activeDeadlineSeconds"),
        "spec.activeDeadlineSeconds",
    )
    if new is None:
        if old is not None:
            errs.invalid(path, None, "must not update from a positive integer to nil value")
        return True
    if not 0 <= new <= 2**31 - 1:
        errs.invalid(path, new, "must be between 0 and 2147483647, inclusive")
        return False
    if old is not None and old < new:
        errs.invalid(path, new, "must be less than or equal to previous value")
        return False
    return True


def _tolerations(errs: Errors, spec: Manifest, before: Manifest) -> None:
    new: list[Any] = spec.get("tolerations") or []
    kept = [{**item, "tolerationSeconds": None} for item in new]
    for item in before.get("tolerations") or ():
        if {**item, "tolerationSeconds": None} not in kept:
            errs.forbidden("spec.tolerations", "existing toleration can not be modified except its tolerationSeconds")
            return
    tolerations(errs, new, "spec.tolerations")


def _gates(errs: Errors, spec: Manifest, before: Manifest) -> None:
    held = {gate.get("name") for gate in before.get("schedulingGates") or ()}
    for index, gate in enumerate(spec.get("schedulingGates") or ()):
        if gate.get("name") not in held:
            errs.forbidden(
                f"spec.schedulingGates[{index}].name",
                f"only deletion is allowed, but found new scheduling gate '{gate.get('name')}'",
            )


def _gated_selectors(errs: Errors, spec: Manifest, before: Manifest) -> None:
    new, old = spec.get("nodeSelector") or {}, before.get("nodeSelector") or {}
    if any(new.get(key) != value for key, value in old.items()):
        errs.invalid(
            "spec.nodeSelector",
            new or None,
            "only additions to spec.nodeSelector are allowed (no mutations or deletions)",
        )
    _gated_affinity(errs, spec, before)


def _gated_affinity(errs: Errors, spec: Manifest, before: Manifest) -> None:
    path = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"
    new, old = _terms(spec) or [], _terms(before) or []
    if old and len(new) != len(old):
        shown = dump.internal("[]NodeSelectorTerm", new or None)
        errs.invalid(path, shown, "no additions/deletions to non-empty NodeSelectorTerms list are allowed")
        return
    for index, (left, right) in enumerate(zip(old, new, strict=False)):
        if not _grown(left, right):
            shown = dump.internal("NodeSelectorTerm", right)
            errs.invalid(f"{path}[{index}]", shown, "only additions are allowed (no mutations or deletions)")


def _grown(old: Manifest, new: Manifest) -> bool:
    """Whether a term has all that it had, in the same place."""
    keys = ("matchExpressions", "matchFields")
    if not any(old.get(key) for key in keys):
        return not any(new.get(key) for key in keys)
    return all((new.get(key) or [])[: len(old.get(key) or ())] == (old.get(key) or []) for key in keys)


def _terms(spec: Manifest) -> list[Any] | None:
    node = ((spec.get("affinity") or {}).get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    )
    return None if node is None else node.get("nodeSelectorTerms") or []


def ephemeral(errs: Errors, pod: Manifest, old: Manifest) -> None:
    """An update through /ephemeralcontainers: existing ones stay as they are."""
    if is_mirror(old):
        errs[:] = []
        errs.forbidden("[]", "static pods do not support ephemeral containers")
        return
    whole_pod(errs, pod)
    changed(errs, pod, old, "metadata.annotations")
    new = {item.get("name"): item for item in pod["spec"].get("ephemeralContainers") or ()}
    for item in old["spec"].get("ephemeralContainers") or ():
        name = item.get("name")
        if name not in new:
            errs.forbidden(
                "spec.ephemeralContainers", f"existing ephemeral containers {gotext.quote(name)} may not be removed\n"
            )
        elif new[name] != item:
            text = dump.diff("EphemeralContainer", item, new[name])
            errs.forbidden(
                "spec.ephemeralContainers",
                f"existing ephemeral containers {gotext.quote(name)} may not be changed\n{text}",
            )

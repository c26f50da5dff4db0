"""What may change in a pod after its creation.

In: a defaulted pod and the stored one. Out: field errors. Never: admission, status.
"""

from __future__ import annotations

from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.sandbox import gotext
from holdfast.sandbox.kinds import dump
from holdfast.sandbox.kinds.field import Errors
from holdfast.sandbox.kinds.prepare import qos_class
from holdfast.sandbox.kinds.validate_pod import pod_spec

_SENTENCE = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
    "`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


def update(errs: Errors, pod: Manifest, old: Manifest) -> None:
    spec, before = pod["spec"], old["spec"]
    if spec == before:
        return
    pod_spec(errs, spec, "spec")
    if _counts(errs, spec, before):
        return
    _images(errs, spec)
    _deadline(errs, spec, before)
    _tolerations(errs, spec, before)
    gated = bool(before.get("schedulingGates"))
    _gates(errs, spec, before)
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
        _restore(munged, before, "affinity")
    if munged != before:
        errs.forbidden("spec", f"{_SENTENCE}\n{dump.diff('PodSpec', before, munged)}")


def _restore(munged: Manifest, before: Manifest, key: str) -> None:
    if key in before:
        munged[key] = before[key]
    else:
        munged.pop(key, None)


def _counts(errs: Errors, spec: Manifest, before: Manifest) -> bool:
    changed = [
        key for key in ("containers", "initContainers") if len(spec.get(key) or ()) != len(before.get(key) or ())
    ]
    for key in changed:
        errs.forbidden(f"spec.{key}", "pod updates may not add or remove containers")
    return bool(changed)


def _images(errs: Errors, spec: Manifest) -> None:
    for key in ("containers", "initContainers"):
        for index, item in enumerate(spec.get(key) or ()):
            image = item.get("image") or ""
            if not image:
                errs.required(f"spec.{key}[{index}].image")
            elif image != image.strip():
                errs.invalid(f"spec.{key}[{index}].image", image, "must not have leading or trailing whitespace")


def _deadline(errs: Errors, spec: Manifest, before: Manifest) -> None:
    new, old = spec.get("activeDeadlineSeconds"), before.get("activeDeadlineSeconds")
    if new is not None:
        if not 0 <= new <= 2**31 - 1:
            errs.invalid("spec.activeDeadlineSeconds", new, "must be between 0 and 2147483647, inclusive")
        elif old is not None and old < new:
            errs.invalid("spec.activeDeadlineSeconds", new, "must be less than or equal to previous value")
    elif old is not None:
        errs.invalid("spec.activeDeadlineSeconds", None, "must not update from a positive integer to nil value")


def _tolerations(errs: Errors, spec: Manifest, before: Manifest) -> None:
    from holdfast.sandbox.kinds.validate_scheduling import tolerations

    new: list[Any] = spec.get("tolerations") or []
    for item in before.get("tolerations") or ():
        kept = any(_same_toleration(item, other) for other in new)
        if not kept:
            errs.forbidden("spec.tolerations", "existing toleration can not be modified except its tolerationSeconds")
            break
    tolerations(errs, new, "spec.tolerations")


def _same_toleration(left: Manifest, right: Manifest) -> bool:
    if left.get("effect") == "NoExecute":
        return {**left, "tolerationSeconds": None} == {**right, "tolerationSeconds": None}
    return left == right


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
    new, old = _terms(spec), _terms(before)
    if old is None or new == old:
        return
    if new is None or len(new) != len(old):
        errs.invalid(path, new, "no additions/deletions to non-empty NodeSelectorTerms list are allowed")
        return
    for index, (left, right) in enumerate(zip(old, new, strict=True)):
        for key in ("matchExpressions", "matchFields"):
            if (right.get(key) or [])[: len(left.get(key) or [])] != (left.get(key) or []):
                errs.invalid(
                    f"{path}[{index}].{key}",
                    gotext.dumps(right.get(key)),
                    "only additions are allowed (no mutations or deletions)",
                )


def _terms(spec: Manifest) -> list[Any] | None:
    node = ((spec.get("affinity") or {}).get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    )
    return None if node is None else node.get("nodeSelectorTerms") or []


def resize(errs: Errors, pod: Manifest, old: Manifest) -> None:
    """An update through /resize: cpu and memory of containers, within the class of service the pod has."""
    given = (old.get("status") or {}).get("qosClass") or qos_class(old["spec"])
    if qos_class(pod["spec"]) != given:
        errs.invalid("spec", given, "Pod QOS Class may not change as a result of resizing")
    elif _bare(pod["spec"]) != _bare(old["spec"]):
        errs.forbidden("spec", "only cpu and memory resources are mutable")


def _bare(spec: Manifest) -> Manifest:
    """The spec without what a resize may change."""
    out = dict(spec)
    for field in ("containers", "initContainers"):
        out[field] = [
            {key: value for key, value in item.items() if key not in ("resources", "resizePolicy")}
            for item in spec.get(field) or ()
        ]
    return out


def ephemeral(errs: Errors, pod: Manifest, old: Manifest) -> None:
    """An update through /ephemeralcontainers: existing ones stay as they are."""
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

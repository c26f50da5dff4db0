"""Validation of Nodes: their taints, ranges of pod addresses, amounts and what they declare.

In: a defaulted Node, for updates the stored one. Out: field errors. Never: what a kubelet would report.
"""

from __future__ import annotations

import json
import re
from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.sandbox import gotext, status
from holdfast.sandbox.kinds import dump, names
from holdfast.sandbox.kinds.field import NEGATIVE, Errors, raw
from holdfast.sandbox.kinds.quantities import parse
from holdfast.sandbox.kinds.validate_core import cidr, go_json_error
from holdfast.sandbox.kinds.validate_resources import INTEGER, is_extended
from holdfast.sandbox.kinds.validate_scheduling import taint_effect
from holdfast.sandbox.status import FieldError

_AVOID = "scheduler.alpha.kubernetes.io/preferAvoidPods"
_FEATURE = re.compile(r"[A-Z][a-zA-Z0-9]*(/[a-zA-Z][a-zA-Z0-9]*)*")


def node(errs: Errors, obj: Manifest) -> None:
    spec, state = obj.get("spec") or {}, obj.get("status") or {}
    _annotations(errs, obj)
    _taints(errs, spec.get("taints") or [])
    _amounts(errs, state)
    _features(errs, state.get("declaredFeatures") or [])
    _pod_ranges(errs, spec.get("podCIDRs") or [])


def node_update(errs: Errors, obj: Manifest, old: Manifest) -> None:
    node(errs, obj)
    _changes(errs, obj, old)


def node_status(errs: Errors, obj: Manifest, old: Manifest) -> None:
    _changes(errs, obj, old)


def _changes(errs: Errors, obj: Manifest, old: Manifest) -> None:
    new, before, state = obj.get("spec") or {}, old.get("spec") or {}, obj.get("status") or {}
    _annotations(errs, obj)
    _amounts(errs, state)
    _features(errs, state.get("declaredFeatures") or [])
    _addresses(errs, state.get("addresses") or [])
    for was, now in _pairs(before.get("podCIDRs") or [], new.get("podCIDRs") or []):
        if was != now:
            errs.forbidden("spec.podCIDRs", 'node updates may not change podCIDR except from "" to valid')
    if before.get("providerID") and new.get("providerID") != before["providerID"]:
        errs.forbidden("spec.providerID", 'node updates may not change providerID except from "" to valid')
    _taints(errs, new.get("taints") or [])
    if (new.get("externalID") or "") != (before.get("externalID") or ""):
        errs.forbidden("spec.externalID", "may not be updated")


def _pairs(before: list[str], now: list[str]) -> list[tuple[Any, Any]]:
    """What is compared: one by one when there are as many, else as a whole."""
    if not before:
        return []
    return list(zip(before, now, strict=True)) if len(before) == len(now) else [(before, now)]


def _annotations(errs: Errors, obj: Manifest) -> None:
    text = (obj["metadata"].get("annotations") or {}).get(_AVOID)
    if not text:
        return
    try:
        json.loads(text)
    except ValueError as error:
        errs.invalid("metadata.annotations.AvoidPods", _AVOID, go_json_error(text.encode(), error))


def _amounts(errs: Errors, state: Manifest) -> None:
    for key in ("capacity", "allocatable"):
        for name, quantity in (state.get(key) or {}).items():
            value, path = parse(quantity), f"status.{key}.{name}"
            if value.value < 0:
                errs.invalid(path, value.text, NEGATIVE)
            if (name in INTEGER or is_extended(name)) and value.value != value.value.to_integral_value():
                errs.invalid(path, value.text, "must be an integer")


def _features(errs: Errors, found: list[str]) -> None:
    path = "status.declaredFeatures"
    for index, name in enumerate(found):
        quoted = f"invalid feature name {gotext.quote(name)}: "
        if len(name) > 253:
            errs.invalid(f"{path}[{index}]", name, quoted + "must be no more than 253 characters")
        elif not _FEATURE.fullmatch(name):
            form = (
                "must start with an UpperCamelCase segment, with subsequent segments separated by '/' "
                "(e.g., MyFeature or MyFeature/mySubFeature), and contain only alphanumeric characters and slashes"
            )
            errs.invalid(f"{path}[{index}]", name, quoted + form)
        following = found[index + 1] if index + 1 < len(found) else None
        if following == name:
            errs.duplicate(f"{path}[{index + 1}]", following)
        elif following is not None and name > following:
            errs.invalid(f"{path}[{index + 1}]", following, "list must be sorted alphabetically")


def _addresses(errs: Errors, found: list[Any]) -> None:
    seen: set[tuple[str, str]] = set()
    for index, address in enumerate(found):
        key = (address.get("type") or "", address.get("address") or "")
        if key in seen:
            errs.duplicate(f"status.addresses[{index}]", dump.internal("NodeAddress", address))
        seen.add(key)


def _pod_ranges(errs: Errors, ranges: list[str]) -> None:
    path = "spec.podCIDRs"
    scratch = [cidr(errs, text, f"{path}[{index}]") for index, text in enumerate(ranges)]
    if len(ranges) < 2:
        return
    bad = next((index for index, found in enumerate(scratch) if found is None), None)
    if bad is not None:
        why = f"invalid CIDR[{bad}]: <nil> (invalid CIDR address: {ranges[bad]})"
        text = f"invalid PodCIDRs. failed to check with dual stack with error:{why}"
        errs.append(FieldError(status.INTERNAL, path, "", text))
    versions = {found.version for found in scratch if found is not None}
    if bad is not None or len(ranges) > 2 or len(versions) < 2:
        errs.invalid(path, ranges, "may specify no more than one CIDR for each IP family")


def _taints(errs: Errors, taints: list[Any]) -> None:
    seen: set[tuple[str, str]] = set()
    for index, taint in enumerate(taints):
        path = f"metadata.taints[{index}]"
        key, value, effect = taint.get("key") or "", taint.get("value") or "", taint.get("effect") or ""
        errs.name(f"{path}.key", key, names.qualified)
        for problem in names.label_value(value):
            errs.invalid(f"{path}.value", value, problem)
        if not effect:
            errs.required(f"{path}.effect")
        else:
            taint_effect(errs, effect, f"{path}.effect")
        if (key, effect) in seen:
            shown = (
                gotext.dumps({"Key": key})[:-1]
                + f',"Value":{gotext.dumps(value)},"Effect":{gotext.dumps(effect)},"TimeAdded":null'
                + "}"
            )
            errs.duplicate(path, raw(shown), "taints must be unique by key and effect pair")
        seen.add((key, effect))

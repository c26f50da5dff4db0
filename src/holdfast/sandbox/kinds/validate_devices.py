"""Validation of device classes, claims, templates and slices (resource.k8s.io).

In: defaulted objects, for updates the stored ones. Out: field errors in the API's words. Never: allocation; what selectors cost.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final

from holdfast.kube.refs import Manifest
from holdfast.sandbox.kinds import dump, metadata, names, selectors
from holdfast.sandbox.kinds.field import IMMUTABLE, Errors
from holdfast.sandbox.kinds.validate_volumes import csi_driver_name

_EFFECTS: Final = ("NoExecute", "NoSchedule", "None")
_TEN_KIB: Final = 10 * 1024
_NOT_NAMED: Final = (
    "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"
)
_IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SEMVER: Final = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?"
    r"(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?"
)
_Check = Callable[[Errors, Any, str], None]


# --- claims ---------------------------------------------------------------------


def claim(errs: Errors, obj: Manifest) -> None:
    _devices(errs, (obj.get("spec") or {}).get("devices") or {}, "spec.devices")


def template(errs: Errors, obj: Manifest) -> None:
    spec = obj.get("spec") or {}
    meta = spec.get("metadata") or {}
    metadata.check_labels(errs, meta.get("labels") or {}, "spec.metadata.labels")
    metadata.check_annotations(errs, meta.get("annotations") or {}, "spec.metadata.annotations")
    _devices(errs, (spec.get("spec") or {}).get("devices") or {}, "spec.spec.devices")


def claim_update(errs: Errors, obj: Manifest, old: Manifest) -> None:
    if obj.get("spec") != old.get("spec"):
        errs.invalid("spec", dump.internal("ResourceClaimSpec", obj.get("spec") or {}), IMMUTABLE)


def template_update(errs: Errors, obj: Manifest, old: Manifest) -> None:
    if obj.get("spec") != old.get("spec"):
        errs.invalid("spec", dump.claim_template(obj.get("spec") or {}), IMMUTABLE)


def _devices(errs: Errors, found: Manifest, path: str) -> None:
    requests = found.get("requests") or []
    known = {r.get("name") or "": [s.get("name") for s in r.get("firstAvailable") or ()] for r in requests}
    _set(errs, requests, f"{path}.requests", 32, _request, lambda r: r.get("name") or "")

    def named(errs_: Errors, name: str, place: str) -> None:
        _reference(errs_, name, place, known)

    def constraint(errs_: Errors, one: Manifest, place: str) -> None:
        _set(errs_, one.get("requests") or [], f"{place}.requests", 32, named, lambda name: name)
        _constraint(errs_, one, place)

    def config(errs_: Errors, one: Manifest, place: str) -> None:
        _set(errs_, one.get("requests") or [], f"{place}.requests", 32, named, lambda name: name)
        _config(errs_, one, place)

    _list(errs, found.get("constraints") or [], f"{path}.constraints", 32, constraint)
    _list(errs, found.get("config") or [], f"{path}.config", 32, config)


def _list(errs: Errors, items: list[Any], path: str, most: int, check: _Check) -> bool:
    if 0 <= most < len(items):
        errs.too_many(path, len(items), most)
        return False
    for index, item in enumerate(items):
        check(errs, item, f"{path}[{index}]")
    return True


def _set(errs: Errors, items: list[Any], path: str, most: int, check: _Check, key: Callable[[Any], Any]) -> None:
    if not _list(errs, items, path, most, check):
        return
    seen: set[Any] = set()
    for index, item in enumerate(items):
        if key(item) in seen:
            errs.duplicate(f"{path}[{index}]", key(item))
        seen.add(key(item))


def _request(errs: Errors, request: Manifest, path: str) -> None:
    errs.each(f"{path}.name", request.get("name") or "", names.dns_label(request.get("name") or ""))
    exactly, first = request.get("exactly"), request.get("firstAvailable") or []
    text = "exactly one of `exactly` or `firstAvailable` is required"
    if exactly is None and not first:
        errs.required(path, text)
    elif exactly is not None and first:
        errs.invalid(path, None, f"{text}, but multiple fields are set")
    elif first:
        _set(errs, first, f"{path}.firstAvailable", 8, _alternative, lambda r: r.get("name") or "")
    else:
        _wanted(errs, exactly or {}, f"{path}.exactly")


def _alternative(errs: Errors, request: Manifest, path: str) -> None:
    errs.each(f"{path}.name", request.get("name") or "", names.dns_label(request.get("name") or ""))
    _wanted(errs, request, path)


def _wanted(errs: Errors, request: Manifest, path: str) -> None:
    class_name = request.get("deviceClassName") or ""
    if not class_name:
        errs.required(f"{path}.deviceClassName")
    else:
        errs.name(f"{path}.deviceClassName", class_name, names.dns_subdomain)
    _list(errs, request.get("selectors") or [], f"{path}.selectors", 32, _selector)
    mode, count = request.get("allocationMode") or "", request.get("count") or 0
    if mode == "All" and count:
        errs.invalid(f"{path}.count", count, "must not be specified when allocationMode is 'All'")
    elif mode == "ExactCount" and count <= 0:
        errs.invalid(f"{path}.count", count, "must be greater than zero")
    elif mode not in ("All", "ExactCount"):
        errs.unsupported(f"{path}.allocationMode", mode, ("All", "ExactCount"))
    for index, item in enumerate(request.get("tolerations") or ()):
        _toleration(errs, item, f"{path}.tolerations[{index}]")


def _toleration(errs: Errors, item: Manifest, path: str) -> None:
    operator, value = item.get("operator") or "", item.get("value") or ""
    if item.get("key"):
        errs.name(f"{path}.key", item["key"], names.qualified)
    if operator == "Exists" and value:
        errs.invalid(f"{path}.value", value, "must be empty for operator `Exists`")
    elif operator == "Equal":
        errs.each(f"{path}.value", value, names.label_value(value))
    elif operator != "Exists":
        errs.one_of(f"{path}.operator", operator, ("Equal", "Exists"))
    if item.get("effect"):
        errs.one_of(f"{path}.effect", item["effect"], _EFFECTS)


def _reference(errs: Errors, name: str, path: str, known: dict[str, list[Any]]) -> None:
    segments = name.split("/")
    if len(segments) > 2:
        errs.invalid(path, name, _NOT_NAMED)
        return
    for segment in segments:
        errs.each(path, segment, names.dns_label(segment))
    if segments[0] not in known or (len(segments) == 2 and segments[1] not in known[segments[0]]):
        errs.invalid(path, name, _NOT_NAMED)


def _constraint(errs: Errors, found: Manifest, path: str) -> None:
    for key in ("matchAttribute", "distinctAttribute"):
        if found.get(key) is not None:
            _qualified(errs, found[key], f"{path}.{key}")
            if "/" not in found[key]:
                text = "a fully qualified name must be a domain and a name separated by a slash"
                errs.invalid(f"{path}.{key}", found[key], text)
            return
    text = 'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set'
    errs.required(path, text)


def _qualified(errs: Errors, name: str, path: str) -> None:
    domain, slash, own = name.partition("/")
    if not slash:
        _identifier(errs, name, path)
        return
    if "/" in own:
        return
    if domain:
        csi_driver_name(errs, domain, path)
    else:
        errs.invalid(path, "", "the domain must not be empty")
    if own:
        _identifier(errs, own, path)
    else:
        errs.invalid(path, "", "the name must not be empty")


def _identifier(errs: Errors, name: str, path: str) -> None:
    if len(name) > 32:
        errs.too_long(path, 32)
    if not _IDENTIFIER.fullmatch(name):
        errs.invalid(path, name, _C_IDENTIFIER)


_C_IDENTIFIER: Final = (
    "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_' "
    "(e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is '[A-Za-z_][A-Za-z0-9_]*')"
)


def _config(errs: Errors, found: Manifest, path: str) -> None:
    opaque = found.get("opaque")
    if opaque is None:
        errs.required(f"{path}.opaque")
        return
    csi_driver_name(errs, opaque.get("driver") or "", f"{path}.opaque.driver")
    place, given = f"{path}.opaque.parameters", opaque.get("parameters")
    if given is None:
        errs.required(place)
    elif len(json.dumps(given, separators=(",", ":"), ensure_ascii=False).encode()) > _TEN_KIB:
        errs.too_long(place, _TEN_KIB)
    elif not isinstance(given, dict):
        errs.invalid(place, "<value omitted>", "must be a valid JSON object")


# --- selectors ------------------------------------------------------------------


def _selector(errs: Errors, found: Manifest, path: str) -> None:
    cel = found.get("cel")
    if cel is None:
        errs.required(f"{path}.cel")
        return
    source = str(cel.get("expression") or "")
    place = f"{path}.cel.expression"
    if len(source.encode()) > _TEN_KIB:
        errs.too_long(place, _TEN_KIB)
        return
    problem = _expression_problem(source)
    if problem:
        errs.invalid(place, source, problem)


_NOTHING: Final = (
    "Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', "
    "NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}"
)


def _expression_problem(source: str) -> str:
    # Read with the first selector: most clusters have none.
    from holdfast.sandbox.cel import literals
    from holdfast.sandbox.cel.checker import check, report
    from holdfast.sandbox.cel.syntax import parse
    from holdfast.sandbox.cel.tree import Unreadable
    from holdfast.sandbox.cel.types import BOOL, DYN, STRING, map_of, shown

    amounts = map_of(STRING, map_of(STRING, ("struct", "kubernetes.Quantity")))
    device = {
        "driver": STRING,
        "attributes": map_of(STRING, map_of(STRING, DYN)),
        "capacity": amounts,
        "allowMultipleAllocations": BOOL,
    }
    name = "kubernetes.DRADevice"
    try:
        tree = parse(source)
    except Unreadable as error:
        if not source:
            return f"compilation failed: ERROR: <input>:1:0: {_NOTHING}"
        return f"compilation failed: {report(source, [error.problem])}" if error.problem else ""
    found = check(tree, {"device": ("struct", name)}, {name: device})
    problems = found.problems or literals.problems(found)
    if problems:
        return f"compilation failed: {report(source, problems)}"
    return "" if found.kind in (BOOL, DYN) else f"must evaluate to bool or the unknown type, not {shown(found.kind)}"


# --- classes --------------------------------------------------------------------


def device_class(errs: Errors, obj: Manifest) -> None:
    spec = obj.get("spec") or {}
    _list(errs, spec.get("selectors") or [], "spec.selectors", 32, _selector)
    _list(errs, spec.get("config") or [], "spec.config", 32, _config)
    extended = spec.get("extendedResourceName")
    if extended is not None and not _is_extended(extended):
        errs.invalid("spec.extendedResourceName", extended, "must be a valid extended resource name")


def _is_extended(name: str) -> bool:
    own = "/" not in name or "kubernetes.io/" in name or name.startswith("requests.")
    return not own and not names.qualified(f"requests.{name}")


# --- slices ---------------------------------------------------------------------


def resource_slice(errs: Errors, obj: Manifest) -> None:
    spec = obj.get("spec") or {}
    csi_driver_name(errs, spec.get("driver") or "", "spec.driver")
    _pool(errs, spec.get("pool") or {})
    _where(errs, spec, "spec", ("nodeName", "nodeSelector", "allNodes", "perDeviceNodeSelection"))
    if spec.get("sharedCounters") is not None and spec.get("devices") is not None:
        errs.invalid("spec", "", "only one of `sharedCounters` or `devices` is allowed")
    devices = spec.get("devices") or []
    advanced = any(d.get("taints") or d.get("consumesCounters") for d in devices)
    each = bool(spec.get("perDeviceNodeSelection"))
    _set(
        errs,
        devices,
        "spec.devices",
        64 if advanced else 128,
        lambda e, d, p: _device(e, d, p, each),
        lambda d: d.get("name") or "",
    )
    _set(errs, spec.get("sharedCounters") or [], "spec.sharedCounters", 8, _counter_set, lambda c: c.get("name") or "")


def resource_slice_update(errs: Errors, obj: Manifest, old: Manifest) -> None:
    spec, before = obj.get("spec") or {}, old.get("spec") or {}
    errs.immutable("spec.pool.name", (spec.get("pool") or {}).get("name"), (before.get("pool") or {}).get("name"))
    errs.immutable("spec.driver", spec.get("driver"), before.get("driver"))
    errs.immutable("spec.nodeName", spec.get("nodeName"), before.get("nodeName"))


def _pool(errs: Errors, pool: Manifest) -> None:
    name = pool.get("name") or ""
    if not name:
        errs.required("spec.pool.name")
    else:
        if len(name) > 253:
            errs.too_long("spec.pool.name", 253)
        for part in name.split("/"):
            errs.each("spec.pool.name", part, names.dns_subdomain(part))
    count, generation = pool.get("resourceSliceCount") or 0, pool.get("generation") or 0
    if count <= 0:
        errs.invalid("spec.pool.resourceSliceCount", count, "must be greater than zero")
    if generation < 0:
        errs.invalid("spec.pool.generation", generation, "must be greater than or equal to zero")


def _where(errs: Errors, found: Manifest, path: str, keys: tuple[str, ...]) -> None:
    """Exactly one of the ways to say on which nodes."""
    told = [f"`{key}`" for key in keys if _says_where(errs, found, key, path)]
    if path == "spec":
        text = f"exactly one of {', '.join(f'`{key}`' for key in keys)} is required"
        several = f"{text}, but multiple fields are set"
    else:
        text = "exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec"
        several = text
    if not told:
        errs.required(path, text)
    elif len(told) > 1:
        errs.invalid(path, "{" + ", ".join(told) + "}", several)


def _says_where(errs: Errors, found: Manifest, key: str, path: str) -> bool:
    value, place = found.get(key), f"{path}.{key}"
    if value is None:
        return False
    if key == "nodeName":
        if not value:
            errs.invalid(
                place,
                value,
                "must be either unset or set to a non-empty string" if path == "spec" else "must not be empty",
            )
            return False
        errs.each(place, value, names.dns_subdomain(value))
    elif key == "nodeSelector":
        selectors.node_selector(errs, value, place)
        terms = value.get("nodeSelectorTerms") or []
        if path == "spec" and len(terms) != 1:
            errs.invalid(f"{place}.nodeSelectorTerms", terms or None, "must have exactly one node selector term")
    elif not value:
        errs.invalid(place, value, "must be either unset or set to true")
        return False
    return True


def _device(errs: Errors, device: Manifest, path: str, each: bool) -> None:
    name = device.get("name") or ""
    errs.each(f"{path}.name", name, names.dns_label(name))
    attributes, capacity = device.get("attributes") or {}, device.get("capacity") or {}
    if len(attributes) + len(capacity) > 32:
        errs.invalid(
            path, len(attributes) + len(capacity), "the total number of attributes and capacities must not exceed 32"
        )
    for key, value in attributes.items():
        _qualified(errs, key, f"{path}.attributes")
        _attribute(errs, value, f"{path}.attributes[{key}]")
    for key, value in capacity.items():
        _qualified(errs, key, f"{path}.capacity")
        if value.get("requestPolicy") is not None and not device.get("allowMultipleAllocations"):
            errs.forbidden(f"{path}.capacity[{key}].requestPolicy", "allowMultipleAllocations must be true")
    _list(errs, device.get("taints") or [], f"{path}.taints", 16, _taint)
    _set(
        errs,
        device.get("consumesCounters") or [],
        f"{path}.consumesCounters",
        2,
        _consumption,
        lambda c: c.get("counterSet") or "",
    )
    keys = ("nodeName", "nodeSelector", "allNodes")
    if each:
        _where(errs, device, path, keys)
    elif any(device.get(key) is not None for key in keys):
        text = "`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec"
        errs.invalid(path, None, text)


def _attribute(errs: Errors, found: Manifest, path: str) -> None:
    given = [key for key in ("bool", "int", "string", "version") if found.get(key) is not None]
    if "string" in given and len(found["string"]) > 64:
        errs.too_long(f"{path}.string", 64)
    if "version" in given:
        if not _SEMVER.fullmatch(found["version"]):
            errs.invalid(f"{path}.version", found["version"], "must be a string compatible with semver.org spec 2.0.0")
        if len(found["version"]) > 64:
            errs.too_long(f"{path}.version", 64)
    if len(given) != 1:
        errs.invalid(path, "" if not given else found, "exactly one value must be specified")


def _taint(errs: Errors, taint: Manifest, path: str) -> None:
    errs.name(f"{path}.key", taint.get("key") or "", names.qualified)
    errs.each(f"{path}.value", taint.get("value") or "", names.label_value(taint.get("value") or ""))
    errs.one_of(f"{path}.effect", taint.get("effect") or "", _EFFECTS)


def _counter_set(errs: Errors, found: Manifest, path: str) -> None:
    _named_counters(errs, found, path, "name")


def _consumption(errs: Errors, found: Manifest, path: str) -> None:
    _named_counters(errs, found, path, "counterSet")


def _named_counters(errs: Errors, found: Manifest, path: str, key: str) -> None:
    name, counters = found.get(key) or "", found.get("counters") or {}
    if not name:
        errs.required(f"{path}.{key}")
    else:
        errs.each(f"{path}.{key}", name, names.dns_label(name))
    if not counters:
        errs.required(f"{path}.counters")
    elif len(counters) > 32:
        errs.too_many(f"{path}.counters", len(counters), 32)
    else:
        for counter in counters:
            errs.each(f"{path}.counters", counter, names.dns_label(counter))

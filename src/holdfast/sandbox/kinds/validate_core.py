"""Validation of core kinds other than pods, services and storage.

In: a defaulted object, for updates the stored one. Out: field errors. Never: admission.
"""

from __future__ import annotations

import ipaddress
import json
from base64 import b64decode
from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.sandbox.kinds import dump, names
from holdfast.sandbox.kinds.addresses import with_zeros
from holdfast.sandbox.kinds.field import IMMUTABLE, NEGATIVE, Errors
from holdfast.sandbox.kinds.metadata import standard_finalizer
from holdfast.sandbox.kinds.quantities import parse
from holdfast.sandbox.kinds.validate_pod import ip, is_ip
from holdfast.sandbox.kinds.validate_resources import (
    INTEGER,
    STANDARD_QUOTA,
    container_resource_name,
    is_standard,
    overcommittable,
    resource_name,
)

_MEBIBYTE = 1024 * 1024
_SCOPES = (
    "Terminating",
    "NotTerminating",
    "BestEffort",
    "NotBestEffort",
    "PriorityClass",
    "CrossNamespacePodAffinity",
    "VolumeAttributesClass",
)
_POD_RESOURCES = ("pods", *(f"{part}{name}" for part in ("", "limits.", "requests.") for name in ("cpu", "memory")))


def config_map(errs: Errors, obj: Manifest) -> None:
    data, binary = obj.get("data") or {}, obj.get("binaryData") or {}
    total = 0
    for key, value in data.items():
        errs.name(f"data[{key}]", key, names.config_key)
        if key in binary:
            errs.invalid(f"data[{key}]", key, "duplicate of key present in binaryData")
        total += len(value.encode())
    for key, value in binary.items():
        errs.name(f"binaryData[{key}]", key, names.config_key)
        total += len(value) * 3 // 4 - value.count("=")
    if total > _MEBIBYTE:
        errs.too_long("[]", _MEBIBYTE)


def config_map_update(errs: Errors, obj: Manifest, old: Manifest) -> None:
    if not old.get("immutable"):
        return
    if not obj.get("immutable"):
        errs.forbidden("immutable", "field is immutable when `immutable` is set")
    for key in ("data", "binaryData"):
        if obj.get(key) != (old.get(key) or None):
            errs.forbidden(key, "field is immutable when `immutable` is set")


def secret(errs: Errors, obj: Manifest) -> None:
    data, total = obj.get("data") or {}, 0
    for key, value in data.items():
        errs.name(f"data[{key}]", key, names.config_key)
        total += len(value) * 3 // 4 - value.count("=")
    if total > _MEBIBYTE:
        errs.too_long("data", _MEBIBYTE)
    kind = obj.get("type")
    if kind == "kubernetes.io/service-account-token":
        if not ((obj.get("metadata") or {}).get("annotations") or {}).get("kubernetes.io/service-account.name"):
            errs.required("metadata.annotations[kubernetes.io/service-account.name]")
    elif kind in ("kubernetes.io/dockercfg", "kubernetes.io/dockerconfigjson"):
        _docker(errs, data, ".dockercfg" if kind.endswith("dockercfg") else ".dockerconfigjson")
    elif kind == "kubernetes.io/basic-auth":
        if "username" not in data and "password" not in data:
            errs.required("data[username]")
            errs.required("data[password]")
    elif kind == "kubernetes.io/ssh-auth":
        if not data.get("ssh-privatekey"):
            errs.required("data[ssh-privatekey]")
    elif kind == "kubernetes.io/tls":
        for key in ("tls.crt", "tls.key"):
            if key not in data:
                errs.required(f"data[{key}]")


def _docker(errs: Errors, data: Manifest, key: str) -> None:
    if key not in data:
        errs.required(f"data[{key}]")
        return
    try:
        json.loads(b64decode(data[key]))
    except ValueError as error:
        errs.invalid(f"data[{key}]", "<secret contents redacted>", go_json_error(b64decode(data[key]), error))


def go_json_error(data: bytes, error: ValueError) -> str:
    text = data.decode(errors="replace").strip()
    if not text:
        return "unexpected end of JSON input"
    place = getattr(error, "pos", 0)
    if place >= len(text):
        return "unexpected end of JSON input"
    return f"invalid character '{text[place]}' looking for beginning of value"


def secret_update(errs: Errors, obj: Manifest, old: Manifest) -> None:
    if obj.get("type") != old.get("type"):
        errs.invalid("type", obj.get("type"), IMMUTABLE)
    if not old.get("immutable"):
        return
    if not obj.get("immutable"):
        errs.forbidden("immutable", "field is immutable when `immutable` is set")
    if obj.get("data") != (old.get("data") or None):
        errs.forbidden("data", "field is immutable when `immutable` is set")


def namespace(errs: Errors, obj: Manifest) -> None:
    for name in (obj.get("spec") or {}).get("finalizers") or ():
        errs.name("spec.finalizers", name, names.qualified)
        standard_finalizer(errs, name, "spec.finalizers")


def namespace_finalizers(errs: Errors, obj: Manifest) -> None:
    for index, name in enumerate((obj.get("spec") or {}).get("finalizers") or ()):
        errs.name(f"spec.finalizers[{index}]", name, names.qualified)
        standard_finalizer(errs, name, f"spec.finalizers[{index}]")


def cidr(errs: Errors, text: str, path: str) -> Any:
    """The network, of one in an unusual form too, which is told."""
    address, _, bits = text.partition("/")
    plain = f"{with_zeros(address) or address}/{bits.lstrip('0') or bits[:1]}"
    try:
        found = ipaddress.ip_interface(plain if bits.isdigit() else "")
    except ValueError:
        errs.invalid(path, text, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)")
        return None
    if text != plain:
        errs.invalid(path, text, "must not have leading 0s in IP or prefix length")
    elif isinstance(found, ipaddress.IPv6Interface) and found.ip.ipv4_mapped is not None:
        errs.invalid(path, text, "must not have an IPv4-mapped IPv6 address")
    elif found.ip != found.network.network_address:
        errs.invalid(path, text, "must not have bits set beyond the prefix length")
    return found.network


# --- quotas and ranges -------------------------------------------------------------------


def quota(errs: Errors, obj: Manifest) -> None:
    spec = obj.get("spec") or {}
    _quota_amounts(errs, spec.get("hard") or {}, "spec.hard")
    _quota_scopes(errs, spec)
    _scope_selector(errs, spec)


def quota_status(errs: Errors, obj: Manifest, old: Manifest) -> None:
    for key in ("hard", "used"):
        _quota_amounts(errs, (obj.get("status") or {}).get(key) or {}, f"status.{key}")


def _quota_amounts(errs: Errors, amounts: Manifest, path: str) -> None:
    for name, quantity in amounts.items():
        place = f"{path}[{name}]"
        _quota_name(errs, name, place)
        value = parse(quantity)
        if value.value < 0:
            errs.invalid(place, value.text, NEGATIVE)
        if (name in INTEGER or name.startswith("count/")) and value.value != value.value.to_integral_value():
            errs.invalid(place, value.text, "must be an integer")


def quota_update(errs: Errors, obj: Manifest, old: Manifest) -> None:
    scopes, before = ((spec.get("spec") or {}).get("scopes") for spec in (obj, old))
    if set(scopes or ()) != set(before or ()):
        errs.invalid("spec.scopes", scopes, IMMUTABLE)


def _quota_name(errs: Errors, name: str, path: str) -> None:
    resource_name(errs, name, path)
    if "/" not in name and name not in STANDARD_QUOTA and not is_standard(name):
        errs.invalid(path, name, "must be a standard resource for quota")


def _quota_scopes(errs: Errors, spec: Manifest) -> None:
    scopes = spec.get("scopes") or []
    seen = set(scopes)
    for scope in scopes:
        if scope not in _SCOPES:
            errs.invalid("spec.scopes", scopes, "unsupported scope")
    hard = sorted(spec.get("hard") or {})
    for scope in scopes:
        for name in hard:
            if is_standard(name) and not _scope_fits(scope, name):
                errs.invalid("spec.scopes", scopes, "unsupported scope applied to resource")
    for left, right in (("Terminating", "NotTerminating"), ("BestEffort", "NotBestEffort")):
        if {left, right} <= seen:
            errs.invalid("spec.scopes", scopes, "conflicting scopes")


def _scope_fits(scope: str, name: str) -> bool:
    if scope == "BestEffort":
        return name == "pods"
    if scope == "VolumeAttributesClass":
        return name in ("persistentvolumeclaims", "requests.storage")
    return scope not in _SCOPES or name in _POD_RESOURCES


def _scope_selector(errs: Errors, spec: Manifest) -> None:
    for item in (spec.get("scopeSelector") or {}).get("matchExpressions") or ():
        path = "spec.scopeSelector.matchExpressions"
        scope, operator, values = item.get("scopeName"), item.get("operator"), item.get("values") or []
        if scope not in _SCOPES:
            errs.invalid(f"{path}.scopeName", scope or "", "unsupported scope")
        for name in sorted(spec.get("hard") or {}):
            if is_standard(name) and not _scope_fits(scope or "", name):
                shown = dump.internal("ScopeSelector", spec["scopeSelector"])
                errs.invalid(path, shown, "unsupported scope applied to resource")
        if scope in _EXISTING and operator != "Exists":
            listed = "ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"
            errs.invalid(f"{path}.operator", operator or "", f"must be 'Exists' when scope is any of {listed}")
        if operator in ("In", "NotIn"):
            if not values:
                errs.required(
                    f"{path}.values", "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"
                )
        elif operator in ("Exists", "DoesNotExist"):
            if values:
                errs.invalid(
                    f"{path}.values",
                    values,
                    "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector",
                )
        else:
            errs.invalid(f"{path}.operator", operator or "", "not a valid selector operator")


_EXISTING = ("BestEffort", "NotBestEffort", "Terminating", "NotTerminating", "CrossNamespacePodAffinity")
"""Scopes that a selector can only ask to exist."""


def limit_range(errs: Errors, obj: Manifest) -> None:
    seen: set[str] = set()
    for index, item in enumerate((obj.get("spec") or {}).get("limits") or ()):
        path = f"spec.limits[{index}]"
        kind = item.get("type") or ""
        problems = names.qualified(kind)
        errs.each(f"{path}.type", kind, problems)
        if not problems and "/" not in kind and kind not in ("Pod", "Container", "PersistentVolumeClaim"):
            errs.invalid(f"{path}.type", kind, "must be a standard limit type or fully qualified")
        if kind in seen:
            errs.duplicate(f"{path}.type", kind)
        seen.add(kind)
        _limit_item(errs, item, kind, path)


def _limit_item(errs: Errors, item: Manifest, kind: str, path: str) -> None:
    keys = ("max", "min", "default", "defaultRequest", "maxLimitRequestRatio")
    bounds = {
        key: {name: parse("0" if value is None else str(value)) for name, value in (item.get(key) or {}).items()}
        for key in keys
    }
    check = container_resource_name if kind in ("Pod", "Container") else resource_name
    for key in ("max", "min", "maxLimitRequestRatio") if kind == "Pod" else keys:
        for name in bounds[key]:
            check(errs, name, f"{path}.{key}[{name}]")
    if kind == "Pod":
        for key in ("default", "defaultRequest"):
            if bounds[key]:
                errs.forbidden(f"{path}.{key}", "may not be specified when `type` is 'Pod'")
    if kind == "PersistentVolumeClaim" and "storage" not in bounds["min"] and "storage" not in bounds["max"]:
        errs.required(f"{path}.limits", "either minimum or maximum storage value is required, but neither was provided")
    for name in sorted({name for found in bounds.values() for name in found}):
        _limit_order(errs, {key: found.get(name) for key, found in bounds.items()}, name, path)


def _limit_order(errs: Errors, found: Manifest, name: str, path: str) -> None:
    def above(low: str, high: str, key: str, text: str) -> None:
        if found[low] is not None and found[high] is not None and found[low].value > found[high].value:
            # The real server shows the bound that a default breaks, and the field's own value of everything else.
            shown = found[low if high == "default" else high] if key == "default" else found[key]
            errs.invalid(f"{path}.{key}[{name}]", shown.text, text.format(low=found[low].text, high=found[high].text))

    above("min", "max", "min", "min value {low} is greater than max value {high}")
    above("min", "defaultRequest", "defaultRequest", "min value {low} is greater than default request value {high}")
    above("defaultRequest", "max", "defaultRequest", "default request value {low} is greater than max value {high}")
    above(
        "defaultRequest",
        "default",
        "defaultRequest",
        "default request value {low} is greater than default limit value {high}",
    )
    above("min", "default", "default", "min value {low} is greater than default value {high}")
    above("default", "max", "default", "default value {low} is greater than max value {high}")
    ratio = found["maxLimitRequestRatio"]
    if ratio is not None and ratio.value < 1:
        errs.invalid(f"{path}.maxLimitRequestRatio[{name}]", ratio.text, f"ratio {ratio.text} is less than 1")
    if ratio is not None and found["max"] is not None and found["min"] is not None and found["min"].value:
        widest = found["max"].value / found["min"].value
        if ratio.value > widest:
            text = f"ratio {ratio.text} is greater than max/min = {float(widest):f}"
            errs.invalid(f"{path}.maxLimitRequestRatio[{name}]", ratio.text, text)
    limit, asked = found["default"], found["defaultRequest"]
    if not overcommittable(name) and limit is not None and asked is not None and limit.value != asked.value:
        text = f"default value {limit.text} must equal to defaultRequest value {asked.text} in {name}"
        errs.invalid(f"{path}.defaultRequest[{name}]", asked.text, text)


# --- endpoints, events ---------------------------------------------------------------------


def endpoints(errs: Errors, obj: Manifest) -> None:
    for index, subset in enumerate(obj.get("subsets") or ()):
        path = f"subsets[{index}]"
        if not subset.get("addresses") and not subset.get("notReadyAddresses"):
            errs.required(path, "must specify `addresses` or `notReadyAddresses`")
        for key in ("addresses", "notReadyAddresses"):
            for number, address in enumerate(subset.get(key) or ()):
                place = f"{path}.{key}[{number}]"
                _endpoint_address(errs, address, place)
        ports = subset.get("ports") or []
        for number, port in enumerate(ports):
            place = f"{path}.ports[{number}]"
            if len(ports) > 1 and not port.get("name"):
                errs.required(f"{place}.name")
            elif port.get("name"):
                errs.name(f"{place}.name", port["name"], names.dns_label)
            errs.each(f"{place}.port", port.get("port") or 0, names.port_number(port.get("port") or 0))
            errs.one_of(f"{place}.protocol", port.get("protocol"), ("TCP", "UDP", "SCTP"))
            if port.get("appProtocol") is not None:
                errs.name(f"{place}.appProtocol", port["appProtocol"], names.qualified)


def _endpoint_address(errs: Errors, address: Manifest, path: str) -> None:
    found = address.get("ip") or ""
    ip(errs, found, f"{path}.ip")
    if address.get("hostname"):
        errs.name(f"{path}.hostname", address["hostname"], names.dns_label)
    if address.get("nodeName") is not None:
        errs.name(f"{path}.nodeName", address["nodeName"], names.dns_subdomain)
    # An address that cannot be read is told twice, the second time by the check of special ones.
    if is_ip(found):
        not_special(errs, found, f"{path}.ip")
    else:
        errs.invalid(f"{path}.ip", found, "must be a valid IP address")


def not_special(errs: Errors, text: str, path: str) -> None:
    address = ipaddress.ip_address(text)
    if address.is_unspecified:
        errs.invalid(path, text, f"may not be unspecified ({text})")
    if address.is_loopback:
        errs.invalid(path, text, "may not be in the loopback range (127.0.0.0/8, ::1/128)")
    if address.is_link_local:
        errs.invalid(path, text, "may not be in the link-local range (169.254.0.0/16, fe80::/10)")
    if address.is_multicast:
        errs.invalid(path, text, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)")

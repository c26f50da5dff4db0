"""Validation of ingresses, network policies and endpoint slices.

In: a defaulted object, for updates the stored one. Out: field errors. Never: routing.
"""

from __future__ import annotations

from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.sandbox import gotext
from holdfast.sandbox.kinds import dump, names, selectors
from holdfast.sandbox.kinds.field import IMMUTABLE, Errors, raw
from holdfast.sandbox.kinds.validate_core import cidr, not_special
from holdfast.sandbox.kinds.validate_pod import ip, is_ip

_BAD_PARTS = ("//", "/./", "/../", "%2f", "%2F")
_BAD_ENDS = ("/..", "/.")
_CLASS_ANNOTATION = "kubernetes.io/ingress.class"


def ingress(errs: Errors, obj: Manifest, creating: bool = True) -> None:
    spec = obj.get("spec") or {}
    if not spec.get("rules") and spec.get("defaultBackend") is None:
        errs.invalid("spec", None, "either `defaultBackend` or `rules` must be specified")
    for index, item in enumerate(spec.get("tls") or ()):
        for number, host in enumerate(item.get("hosts") or ()):
            rule = names.wildcard_subdomain if "*" in host else names.dns_subdomain
            errs.name(f"spec.tls[{index}].hosts[{number}]", host, rule)
        if item.get("secretName"):
            errs.name(f"spec.tls[{index}].secretName", item["secretName"], names.dns_subdomain)
    for index, rule_item in enumerate(spec.get("rules") or ()):
        _rule(errs, rule_item, f"spec.rules[{index}]")
    if spec.get("defaultBackend") is not None:
        _backend(errs, spec["defaultBackend"], "spec.defaultBackend")
    if spec.get("ingressClassName") is not None:
        errs.name("spec.ingressClassName", spec["ingressClassName"], names.dns_subdomain)
    if creating:
        _class_annotation(errs, obj, spec)


def _class_annotation(errs: Errors, obj: Manifest, spec: Manifest) -> None:
    name = ((obj.get("metadata") or {}).get("annotations") or {}).get(_CLASS_ANNOTATION)
    if name is not None and spec.get("ingressClassName") is not None and name != spec["ingressClassName"]:
        errs.invalid(f"annotations.{_CLASS_ANNOTATION}", name, "must match `ingressClassName` when both are specified")


def _rule(errs: Errors, rule: Manifest, path: str) -> None:
    host = rule.get("host")
    if host:
        if is_ip(host):
            errs.invalid(f"{path}.host", host, "must be a DNS name, not an IP address")
        errs.name(f"{path}.host", host, names.wildcard_subdomain if "*" in host else names.dns_subdomain)
    http = rule.get("http")
    if http is None:
        return
    paths = http.get("paths") or []
    if not paths:
        errs.required(f"{path}.http.paths")
    for index, item in enumerate(paths):
        _path(errs, item, f"{path}.http.paths[{index}]")


def _path(errs: Errors, item: Manifest, path: str) -> None:
    kind, where = item.get("pathType"), item.get("path") or ""
    if kind is None:
        errs.required(f"{path}.pathType", "pathType must be specified")
        return
    if kind in ("Exact", "Prefix"):
        if not where.startswith("/"):
            errs.invalid(f"{path}.path", where, "must be an absolute path")
        for part in _BAD_PARTS:
            if part in where:
                errs.invalid(f"{path}.path", where, f"must not contain '{part}'")
        for end in _BAD_ENDS:
            if where.endswith(end):
                errs.invalid(f"{path}.path", where, f"cannot end with '{end}'")
    elif kind == "ImplementationSpecific":
        if where and not where.startswith("/"):
            errs.invalid(f"{path}.path", where, "must be an absolute path")
    else:
        errs.unsupported(f"{path}.pathType", kind, ("Exact", "Prefix", "ImplementationSpecific"))
    _backend(errs, item.get("backend") or {}, f"{path}.backend")


def _backend(errs: Errors, backend: Manifest, path: str) -> None:
    resource, service = backend.get("resource"), backend.get("service")
    if resource is not None and service is not None:
        errs.invalid(path, "", "cannot set both resource and service backends")
    elif resource is not None:
        _object_reference(errs, resource, f"{path}.resource")
    elif service is not None:
        if not service.get("name"):
            errs.required(f"{path}.service.name")
        else:
            errs.name(f"{path}.service.name", service["name"], names.dns_label)
        _service_port(errs, service.get("port") or {}, path)
    else:
        errs.invalid(path, "", "resource or service backend is required")


def _object_reference(errs: Errors, found: Manifest, path: str) -> None:
    if found.get("apiGroup") is not None:
        errs.name(f"{path}.apiGroup", found["apiGroup"], names.dns_subdomain)
    _segments(errs, found, path, "kind", "name")


def _segments(errs: Errors, found: Manifest, path: str, *keys: str) -> None:
    """Fields that are needed and that a path of a URL can hold."""
    for key in keys:
        if not found.get(key):
            errs.required(f"{path}.{key}")
        else:
            errs.name(f"{path}.{key}", found[key], names.path_segment)


def _service_port(errs: Errors, port: Manifest, path: str) -> None:
    name, number = port.get("name"), port.get("number") or 0
    if name and number:
        errs.invalid(path, "", "cannot set both port name & port number")
    elif name:
        errs.name(f"{path}.service.port.name", name, names.port_name)
    elif number:
        errs.each(f"{path}.service.port.number", number, names.port_number(number))
    else:
        errs.required(path, "port name or number is required")


def ingress_update(errs: Errors, obj: Manifest, old: Manifest) -> None:
    ingress(errs, obj, creating=False)


def ingress_status(errs: Errors, obj: Manifest, old: Manifest) -> None:
    from holdfast.sandbox.kinds.validate_service import balancer_status

    balancer_status(errs, obj.get("status") or {}, "status.loadBalancer")


def ingress_class(errs: Errors, obj: Manifest) -> None:
    spec = obj.get("spec") or {}
    controller = spec.get("controller") or ""
    if len(controller) > 250:
        errs.too_long("spec.controller", 250)
    domain_prefixed(errs, controller, "spec.controller")
    parameters = spec.get("parameters")
    if parameters is None:
        return
    _object_reference(errs, parameters, "spec.parameters")
    scope, namespace = parameters.get("scope"), parameters.get("namespace")
    if scope not in ("Cluster", "Namespace"):
        errs.unsupported("spec.parameters.scope", scope, ("Cluster", "Namespace"))
    if scope == "Namespace":
        if namespace is None:
            errs.required("spec.parameters.namespace", "`parameters.scope` is set to 'Namespace'")
        else:
            errs.name("spec.parameters.namespace", namespace, names.dns_label)
    if scope == "Cluster" and namespace is not None:
        errs.forbidden("spec.parameters.namespace", "`parameters.scope` is set to 'Cluster'")


def domain_prefixed(errs: Errors, text: str, path: str) -> None:
    from holdfast.sandbox.kinds.validate_batch import domain_path

    domain_path(errs, text, path)


def ingress_class_update(errs: Errors, obj: Manifest, old: Manifest) -> None:
    new, before = ((o.get("spec") or {}).get("controller") or "" for o in (obj, old))
    errs.immutable("spec.controller", new, before)
    ingress_class(errs, obj)


# --- service ranges and addresses --------------------------------------------------------


def service_ranges(errs: Errors, obj: Manifest) -> None:
    path = "spec.cidrs"
    ranges = (obj.get("spec") or {}).get("cidrs") or []
    if not ranges:
        errs.required(path, "at least one CIDR required")
        return
    if len(ranges) > 2:
        errs.invalid(path, raw('{"CIDRs":' + gotext.dumps(ranges) + "}"), "may only hold up to 2 values")
        return
    found = [cidr(errs, text, f"{path}[{index}]") for index, text in enumerate(ranges)]
    if len(found) == 2 and all(found) and found[0].version == found[1].version:
        family = "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64"
        errs.invalid(path, ranges, family)


def service_ranges_update(errs: Errors, obj: Manifest, old: Manifest) -> None:
    new, before = ((o.get("spec") or {}).get("cidrs") for o in (obj, old))
    new, before = new or [], before or []
    if len(new) != len(before) and (len(before), len(new)) != (1, 2):
        errs.invalid("spec.cidrs", new, IMMUTABLE)
        return
    for index, text in enumerate(before):
        errs.immutable(f"spec.cidrs[{index}]", new[index], text)
    if len(new) > len(before):
        service_ranges(errs, obj)


def ip_address(errs: Errors, obj: Manifest) -> None:
    parent, path = (obj.get("spec") or {}).get("parentRef"), "spec.parentRef"
    if parent is None:
        errs.required(path)
        return
    if parent.get("group"):
        errs.name(f"{path}.group", parent["group"], names.dns_subdomain)
    _segments(errs, parent, path, "resource", "name")
    if parent.get("namespace"):
        errs.name(f"{path}.namespace", parent["namespace"], names.path_segment)


def ip_address_update(errs: Errors, obj: Manifest, old: Manifest) -> None:
    new, before = ((spec.get("spec") or {}).get("parentRef") for spec in (obj, old))
    if new != before:
        errs.invalid("spec.parentRef", dump.internal("ParentReference", new), IMMUTABLE)


# --- network policies ------------------------------------------------------------------


def network_policy(errs: Errors, obj: Manifest) -> None:
    spec = obj.get("spec") or {}
    selectors.label_selector(errs, spec.get("podSelector"), "spec.podSelector")
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        for index, rule in enumerate(spec.get(direction) or ()):
            path = f"spec.{direction}[{index}]"
            for number, port in enumerate(rule.get("ports") or ()):
                _policy_port(errs, port, f"{path}.ports[{number}]")
            for number, peer in enumerate(rule.get(peers) or ()):
                _peer(errs, peer, f"{path}.{peers}[{number}]")
    kinds = spec.get("policyTypes") or []
    if len(kinds) > 2:
        errs.invalid("spec.policyTypes", kinds, "may not specify more than two policyTypes")
        return
    for index, kind in enumerate(kinds):
        if kind not in ("Ingress", "Egress"):
            errs.unsupported(f"spec.policyTypes[{index}]", kind, ("Ingress", "Egress"), ordered=True)


def _policy_port(errs: Errors, item: Manifest, path: str) -> None:
    protocol, port, end = item.get("protocol"), item.get("port"), item.get("endPort")
    if protocol is not None and protocol not in ("TCP", "UDP", "SCTP"):
        errs.unsupported(f"{path}.protocol", protocol, ("TCP", "UDP", "SCTP"), ordered=True)
    if port is None:
        if end is not None:
            errs.invalid(f"{path}.endPort", end, "may not be specified when `port` is not specified")
    elif isinstance(port, str):
        if end is not None:
            errs.invalid(f"{path}.endPort", end, "may not be specified when `port` is non-numeric")
        errs.name(f"{path}.port", port, names.port_name)
    else:
        errs.each(f"{path}.port", port, names.port_number(port))
        if end is not None:
            if end < port:
                errs.invalid(f"{path}.endPort", port, "must be greater than or equal to `port`")
            if not 1 <= end <= 65535:
                errs.invalid(f"{path}.endPort", end, names.between(1, 65535))


def _peer(errs: Errors, peer: Manifest, path: str) -> None:
    count = 0
    for key in ("podSelector", "namespaceSelector"):
        if peer.get(key) is not None:
            count += 1
            selectors.label_selector(errs, peer[key], f"{path}.{key}")
    block = peer.get("ipBlock")
    if block is not None:
        count += 1
        _ip_block(errs, block, f"{path}.ipBlock")
    if not count:
        errs.required(path, "must specify a peer")
    elif count > 1 and block is not None:
        errs.forbidden(path, "may not specify both ipBlock and another peer")


def _ip_block(errs: Errors, block: Manifest, path: str) -> None:
    text = block.get("cidr")
    if not text:
        errs.required(f"{path}.cidr")
        return
    outer = cidr(errs, text, f"{path}.cidr")
    if outer is None:
        return
    for index, inner_text in enumerate(block.get("except") or ()):
        inner = cidr(errs, inner_text, f"{path}.except[{index}]")
        if inner is not None and (
            inner.version != outer.version or not inner.subnet_of(outer) or inner.prefixlen <= outer.prefixlen
        ):
            errs.invalid(f"{path}.except[{index}]", inner_text, "must be a strict subset of `cidr`")


# --- endpoint slices -------------------------------------------------------------------


def endpoint_slice(errs: Errors, obj: Manifest) -> None:
    kind = obj.get("addressType")
    errs.one_of("addressType", kind, ("FQDN", "IPv4", "IPv6"))
    _slice_endpoints(errs, obj.get("endpoints") or [], kind or "")
    seen: set[str] = set()
    for index, port in enumerate(obj.get("ports") or ()):
        path = f"ports[{index}]"
        name = port.get("name") or ""
        if name:
            errs.name(f"{path}.name", name, names.dns_label)
        if name in seen:
            errs.duplicate(f"{path}.name", name)
        seen.add(name)
        protocol = port.get("protocol")
        if protocol is None:
            errs.required(f"{path}.protocol")
        else:
            errs.known(f"{path}.protocol", protocol, ("TCP", "UDP", "SCTP"))
        if port.get("appProtocol") is not None:
            errs.name(f"{path}.appProtocol", port["appProtocol"], names.qualified)


def _slice_endpoints(errs: Errors, found: list[Any], kind: str) -> None:
    if len(found) > 1000:
        errs.too_many("endpoints", len(found), 1000)
    for index, item in enumerate(found):
        path = f"endpoints[{index}]"
        addresses = item.get("addresses") or []
        if not addresses:
            errs.required(f"{path}.addresses", "must contain at least 1 address")
        if len(addresses) > 100:
            errs.too_many(f"{path}.addresses", len(addresses), 100)
        for number, address in enumerate(addresses):
            _slice_address(errs, address, kind, f"{path}.addresses", number)
        if item.get("nodeName") is not None:
            errs.name(f"{path}.nodeName", item["nodeName"], names.dns_subdomain)
        if item.get("hostname") is not None:
            errs.name(f"{path}.hostname", item["hostname"], names.dns_label)
        _hints(errs, (item.get("hints") or {}).get("forZones") or [], f"{path}.hints.forZones", names.label_value)
        _hints(errs, (item.get("hints") or {}).get("forNodes") or [], f"{path}.hints.forNodes", names.dns_subdomain)


_MOST_HINTS = 8


def _hints(errs: Errors, found: list[Any], path: str, rule: names.NameRule) -> None:
    if len(found) > _MOST_HINTS:
        errs.too_many(path, len(found), _MOST_HINTS)
        return
    seen: set[str] = set()
    for index, hint in enumerate(found):
        name = hint.get("name") or ""
        if name in seen:
            errs.duplicate(f"{path}[{index}].name", name)
        else:
            errs.name(f"{path}[{index}].name", name, rule)
        seen.add(name)


def _slice_address(errs: Errors, address: str, kind: str, path: str, number: int) -> None:
    place = f"{path}[{number}]"
    if kind == "FQDN":
        errs.name(place, address, names.dns_subdomain)
    elif kind in ("IPv4", "IPv6") and ip(errs, address, place):
        if (":" in address) != (kind == "IPv6"):
            errs.invalid(path, address, f"must be an {kind} address")
        not_special(errs, address, place)


def endpoint_slice_update(errs: Errors, obj: Manifest, old: Manifest) -> None:
    errs.immutable("addressType", obj.get("addressType"), old.get("addressType"))
    endpoint_slice(errs, obj)

"""Validation of Services.

In: a defaulted Service, for updates the stored one. Out: field errors. Never: allocation (see `service`).
"""

from __future__ import annotations

from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.sandbox import gotext
from holdfast.sandbox.kinds import names, service_families
from holdfast.sandbox.kinds.field import IMMUTABLE, Errors, raw
from holdfast.sandbox.kinds.metadata import check_labels
from holdfast.sandbox.kinds.service import exposed, needs_health_port, needs_ip
from holdfast.sandbox.kinds.validate_containers import port_or_name
from holdfast.sandbox.kinds.validate_core import cidr, not_special
from holdfast.sandbox.kinds.validate_pod import ip, is_ip

_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_UNCHANGED = "may not change once set"


def service(errs: Errors, obj: Manifest, old: Manifest | None = None) -> None:
    spec = obj["spec"]
    _topology_mode(errs, obj["metadata"].get("annotations") or {})
    kind, ports = spec.get("type"), spec.get("ports") or []
    if not ports and spec.get("clusterIP") != "None" and kind != "ExternalName":
        errs.required("spec.ports")
    _by_type(errs, spec, ports)
    _ports(errs, spec, ports)
    check_labels(errs, spec.get("selector") or {}, "spec.selector")
    _affinity(errs, spec)
    service_families.check(errs, spec, (old or {}).get("spec"))
    for index, address in enumerate(spec.get("externalIPs") or ()):
        if ip(errs, address, f"spec.externalIPs[{index}]"):
            not_special(errs, address, f"spec.externalIPs[{index}]")
    errs.one_of("spec.type", kind, _TYPES)
    _node_ports(errs, spec, ports)
    _unique_ports(errs, ports)
    _source_ranges(errs, obj, old)
    _load_balancer(errs, spec)
    _traffic(errs, spec)


_MODE, _HINTS = "service.kubernetes.io/topology-mode", "service.kubernetes.io/topology-aware-hints"


def _topology_mode(errs: Errors, found: Manifest) -> None:
    if _MODE in found and _HINTS in found and found[_MODE] != found[_HINTS]:
        text = f"must match annotations[{_HINTS}] when both are specified"
        errs.invalid(f"metadata.annotations[{_MODE}]", found[_MODE], text)


def _by_type(errs: Errors, spec: Manifest, ports: list[Any]) -> None:
    kind = spec.get("type")
    if kind == "LoadBalancer":
        if spec.get("clusterIP") == "None":
            errs.invalid("spec.clusterIPs[0]", "None", "may not be set to 'None' for LoadBalancer services")
    elif kind == "NodePort":
        if spec.get("clusterIP") == "None":
            errs.invalid("spec.clusterIPs[0]", "None", "may not be set to 'None' for NodePort services")
    elif kind == "ExternalName":
        for key in ("clusterIPs", "ipFamilies", "ipFamilyPolicy"):
            if spec.get(key):
                errs.forbidden(f"spec.{key}", "may not be set for ExternalName services")
        name = spec.get("externalName") or ""
        if name:
            errs.name(
                "spec.externalName",
                name.removesuffix("."),
                names.dns_subdomain_underscore if "_" in name and name == name.lower() else names.dns_subdomain,
            )
        else:
            errs.required("spec.externalName")


def _ports(errs: Errors, spec: Manifest, ports: list[Any]) -> None:
    seen: set[str] = set()
    for index, port in enumerate(ports):
        path = f"spec.ports[{index}]"
        name = port.get("name") or ""
        if len(ports) > 1 and not name:
            errs.required(f"{path}.name")
        elif name:
            errs.name(f"{path}.name", name, names.dns_label)
            if name in seen:
                errs.duplicate(f"{path}.name", name)
            seen.add(name)
        number = port.get("port") or 0
        errs.each(f"{path}.port", number, names.port_number(number))
        errs.one_of(f"{path}.protocol", port.get("protocol"), ("TCP", "UDP", "SCTP"))
        port_or_name(errs, port.get("targetPort", 0), f"{path}.targetPort")
        if port.get("appProtocol") is not None:
            errs.name(f"{path}.appProtocol", port["appProtocol"], names.qualified)


def _affinity(errs: Errors, spec: Manifest) -> None:
    errs.one_of("spec.sessionAffinity", spec.get("sessionAffinity"), ("ClientIP", "None"))
    config = spec.get("sessionAffinityConfig")
    if spec.get("sessionAffinity") == "ClientIP":
        seconds = ((config or {}).get("clientIP") or {}).get("timeoutSeconds")
        path = "spec.sessionAffinityConfig.clientIP.timeoutSeconds"
        if seconds is None:
            errs.required("spec.sessionAffinityConfig", f"when session affinity type is {spec['sessionAffinity']}")
        elif not 0 < seconds <= 86400:
            errs.invalid(path, seconds, "must be greater than 0 and less than 86400")
    elif spec.get("sessionAffinity") == "None" and config is not None:
        errs.forbidden("spec.sessionAffinityConfig", "must not be set when session affinity is None")


def _node_ports(errs: Errors, spec: Manifest, ports: list[Any]) -> None:
    if spec.get("type") == "ClusterIP":
        for index, port in enumerate(ports):
            if port.get("nodePort"):
                errs.forbidden(f"spec.ports[{index}].nodePort", "may not be used when `type` is 'ClusterIP'")
    seen: set[tuple[Any, Any]] = set()
    for index, port in enumerate(ports):
        number = port.get("nodePort")
        if number and (port.get("protocol"), number) in seen:
            errs.duplicate(f"spec.ports[{index}].nodePort", number)
        seen.add((port.get("protocol"), number))


def _port_dump(port: Manifest) -> str:
    return (
        "{"
        f'"Name":"","Protocol":{gotext.dumps(port.get("protocol") or "")},"AppProtocol":null,"Port":{port.get("port") or 0},'
        f'"TargetPort":0,"NodePort":{port.get("nodePort") or 0}' + "}"
    )


def _unique_ports(errs: Errors, ports: list[Any]) -> None:
    seen: set[tuple[Any, Any]] = set()
    for index, port in enumerate(ports):
        key = (port.get("protocol"), port.get("port"))
        if key in seen:
            errs.duplicate(f"spec.ports[{index}]", raw(_port_dump({"protocol": key[0], "port": key[1]})))
        seen.add(key)


_RANGES = "service.beta.kubernetes.io/load-balancer-source-ranges"
_BALANCER_ONLY = "may only be used when `type` is 'LoadBalancer'"


def _source_ranges(errs: Errors, obj: Manifest, old: Manifest | None) -> None:
    """Who may reach a load balancer: a field, and an older annotation."""
    spec, before = obj["spec"], (old or {}).get("spec") or {}
    balancer, ranges = spec.get("type") == "LoadBalancer", spec.get("loadBalancerSourceRanges") or []
    told = (obj["metadata"].get("annotations") or {}).get(_RANGES)
    if ranges:
        if not balancer:
            errs.forbidden("spec.LoadBalancerSourceRanges", _BALANCER_ONLY)
        known = {text.strip() for text in before.get("loadBalancerSourceRanges") or ()}
        for index, text in enumerate(ranges):
            if text.strip() not in known:
                cidr(errs, text.strip(), f"spec.LoadBalancerSourceRanges[{index}]")
    elif told is not None:
        path = f"metadata.annotations[{_RANGES}]"
        if not balancer:
            errs.forbidden(path, _BALANCER_ONLY)
        same = old is not None and (old["metadata"].get("annotations") or {}).get(_RANGES) == told
        for text in told.split(",") if told.strip() and not same else ():
            cidr(errs, text.strip(), path)


def _load_balancer(errs: Errors, spec: Manifest) -> None:
    balancer = spec.get("type") == "LoadBalancer"
    if spec.get("allocateLoadBalancerNodePorts") is not None and not balancer:
        errs.forbidden("spec.allocateLoadBalancerNodePorts", _BALANCER_ONLY)
    if spec.get("allocateLoadBalancerNodePorts") is None and balancer:
        errs.required("allocateLoadBalancerNodePorts")
    name = spec.get("loadBalancerClass")
    if name is not None and balancer:
        errs.name("spec.loadBalancerClass", name, names.qualified)
    elif name is not None:
        errs.forbidden("spec.loadBalancerClass", _BALANCER_ONLY)


def _traffic(errs: Errors, spec: Manifest) -> None:
    policy = spec.get("externalTrafficPolicy")
    if not exposed(spec):
        if policy:
            errs.invalid("spec.externalTrafficPolicy", policy, "may only be set for externally-accessible services")
    else:
        errs.one_of("spec.externalTrafficPolicy", policy, ("Cluster", "Local"), ordered=True)
    port = spec.get("healthCheckNodePort")
    if needs_health_port(spec):
        if not port:
            errs.required("spec.healthCheckNodePort")
        elif not 1 <= port <= 65535:
            errs.invalid("spec.healthCheckNodePort", port, names.between(1, 65535))
    elif port:
        errs.invalid(
            "spec.healthCheckNodePort",
            port,
            "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
        )
    inside = spec.get("internalTrafficPolicy")
    if inside is None and needs_ip(spec):
        errs.required("spec.internalTrafficPolicy")
    errs.known("spec.internalTrafficPolicy", inside, ("Cluster", "Local"))
    wanted = spec.get("trafficDistribution")
    if wanted is not None and wanted not in ("PreferClose", "PreferSameZone", "PreferSameNode"):
        known = ("PreferClose", "PreferSameZone", "PreferSameNode")
        errs.unsupported("spec.trafficDistribution", wanted, known, ordered=True)


def service_update(errs: Errors, obj: Manifest, old: Manifest) -> None:
    spec, before = obj["spec"], old["spec"]
    if "ExternalName" not in (spec.get("type"), before.get("type")):
        _fixed_addresses(errs, spec, before)
        _fixed_families(errs, spec, before)
    _fixed_class(errs, spec, before)
    service(errs, obj, old)


def _headless(spec: Manifest) -> bool:
    return spec.get("clusterIPs") == ["None"]


def _fixed_addresses(errs: Errors, spec: Manifest, before: Manifest) -> None:
    new, old, path = spec.get("clusterIPs") or [], before.get("clusterIPs") or [], "spec.clusterIPs"
    if len(new) == len(old):
        for index, address in enumerate(old):
            if address != new[index]:
                errs.invalid(f"{path}[{index}]", new, _UNCHANGED)
        return
    if old and not new:
        errs.invalid(f"{path}[0]", spec.get("clusterIPs"), "primary clusterIP can not be unset")
    elif old and new[0] != old[0]:
        errs.invalid(f"{path}[0]", new, _UNCHANGED)
    policy = spec.get("ipFamilyPolicy")
    if len(old) > len(new) == 1 and policy != "SingleStack":
        text = "must be set to 'SingleStack' when releasing the secondary clusterIP"
        errs.invalid("spec.ipFamilyPolicy", policy, text)


def _fixed_families(errs: Errors, spec: Manifest, before: Manifest) -> None:
    if _headless(spec) or _headless(before):
        return
    new, old, path = spec.get("ipFamilies") or [], before.get("ipFamilies") or [], "spec.ipFamilies[0]"
    if len(new) == len(old):
        for index, family in enumerate(old):
            if family != new[index]:
                errs.invalid(path, new, _UNCHANGED)
    elif new and old and new[0] != old[0]:
        errs.invalid(path, spec.get("clusterIPs"), _UNCHANGED)


def _fixed_class(errs: Errors, spec: Manifest, before: Manifest) -> None:
    if before.get("type") != "LoadBalancer" or spec.get("type") != "LoadBalancer":
        return
    if spec.get("loadBalancerClass") != before.get("loadBalancerClass"):
        errs.invalid("spec.loadBalancerClass", spec.get("loadBalancerClass"), _UNCHANGED)
    if (
        needs_health_port(spec)
        and needs_health_port(before)
        and spec.get("healthCheckNodePort") != before.get("healthCheckNodePort")
    ):
        errs.forbidden("spec.healthCheckNodePort", IMMUTABLE)


def service_status(errs: Errors, obj: Manifest, old: Manifest) -> None:
    balancer_status(errs, obj.get("status") or {}, "status.loadBalancer", (obj.get("spec") or {}).get("type"), old)


def balancer_status(
    errs: Errors, status: Manifest, path: str, kind: str | None = "LoadBalancer", old: Manifest | None = None
) -> None:
    found = (status.get("loadBalancer") or {}).get("ingress") or []
    if found and kind != "LoadBalancer":
        errs.forbidden(f"{path}.ingress", "may only be used when `spec.type` is 'LoadBalancer'")
        return
    before = (((old or {}).get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
    known = {item.get("ip") for item in before}
    for index, ingress in enumerate(found):
        place = f"{path}.ingress[{index}]"
        if ingress.get("ip") and ingress["ip"] not in known:
            ip(errs, ingress["ip"], f"{place}.ip")
        if old is not None:
            _ip_mode(errs, ingress, f"{place}.ipMode")
        if ingress.get("hostname"):
            errs.name(f"{place}.hostname", ingress["hostname"], names.dns_subdomain)
            if is_ip(ingress["hostname"]):
                errs.invalid(f"{place}.hostname", ingress["hostname"], "must be a DNS name, not an IP address")


def _ip_mode(errs: Errors, ingress: Manifest, path: str) -> None:
    mode, address = ingress.get("ipMode"), ingress.get("ip")
    if mode is None:
        if address:
            errs.required(path, "must be specified when `ip` is set")
    elif not address:
        errs.forbidden(path, "may not be specified when `ip` is not set")
    else:
        errs.known(path, mode, ("Proxy", "VIP"))

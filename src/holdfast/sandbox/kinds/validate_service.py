"""Validation of Services.

In: a defaulted Service, for updates the stored one. Out: field errors. Never: allocation (see `service`).
"""

from __future__ import annotations

from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.sandbox import gotext
from holdfast.sandbox.kinds import names
from holdfast.sandbox.kinds.field import IMMUTABLE, Errors, raw
from holdfast.sandbox.kinds.metadata import check_labels
from holdfast.sandbox.kinds.service import needs_health_port, needs_ip
from holdfast.sandbox.kinds.validate_containers import port_or_name
from holdfast.sandbox.kinds.validate_core import cidr, not_special
from holdfast.sandbox.kinds.validate_pod import ip, is_ip

_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_STACKS = ("SingleStack", "PreferDualStack", "RequireDualStack")
_UNCHANGED = "may not change once set"


def service(errs: Errors, obj: Manifest) -> None:
    spec = obj["spec"]
    kind, ports = spec.get("type"), spec.get("ports") or []
    if not ports and spec.get("clusterIP") != "None" and kind != "ExternalName":
        errs.required("spec.ports")
    _by_type(errs, spec, ports)
    _ports(errs, spec, ports)
    check_labels(errs, spec.get("selector") or {}, "spec.selector")
    _affinity(errs, spec)
    _cluster_ips(errs, spec)
    for index, address in enumerate(spec.get("externalIPs") or ()):
        if ip(errs, address, f"spec.externalIPs[{index}]"):
            not_special(errs, address, f"spec.externalIPs[{index}]")
    errs.one_of("spec.type", kind, _TYPES)
    _node_ports(errs, spec, ports)
    _unique_ports(errs, ports)
    _load_balancer(errs, spec)
    _traffic(errs, spec)


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


def _cluster_ips(errs: Errors, spec: Manifest) -> None:
    if not needs_ip(spec):
        return
    single, several = spec.get("clusterIP") or "", spec.get("clusterIPs") or []
    if single and not several:
        errs.required("spec.clusterIPs")
    if several and not single:
        errs.invalid("spec.clusterIPs", several, "must be empty when `clusterIP` is not specified")
    elif several and several[0] != single:
        errs.invalid("spec.clusterIPs", several, "first value must match `clusterIP`")
    families = spec.get("ipFamilies") or []
    for index, family in enumerate(families):
        if family not in ("IPv4", "IPv6"):
            errs.unsupported(f"spec.ipFamilies[{index}]", family, ("IPv4", "IPv6"))
        if family in families[:index]:
            errs.duplicate(f"spec.ipFamilies[{index}]", family)
    policy = spec.get("ipFamilyPolicy")
    if policy is not None and policy not in _STACKS:
        errs.unsupported("spec.ipFamilyPolicy", policy, _STACKS)
    for index, address in enumerate(several):
        if address == "None":
            if len(several) > 1:
                errs.invalid(f"spec.clusterIPs[{index}]", address, "'None' must be the first and only value")
        elif not ip(errs, address, f"spec.clusterIPs[{index}]"):
            return
    if len(several) > 2:
        errs.invalid("spec.clusterIPs", several, "may only hold up to 2 values")
    elif len(several) == 2 and (":" in several[0]) == (":" in several[1]):
        errs.invalid("spec.clusterIPs", several, "may specify no more than one IP for each IP family")
    if "IPv6" in families and not errs:
        errs.invalid(f"spec.ipFamilies[{families.index('IPv6')}]", "IPv6", "not configured on this cluster")
    if spec.get("ipFamilyPolicy") == "RequireDualStack" and spec.get("clusterIP") != "None":
        errs.invalid(
            "spec.ipFamilyPolicy", "RequireDualStack", "this cluster is not configured for dual-stack services"
        )


def _node_ports(errs: Errors, spec: Manifest, ports: list[Any]) -> None:
    kind = spec.get("type")
    seen: set[tuple[Any, Any]] = set()
    for index, port in enumerate(ports):
        number = port.get("nodePort")
        if not number:
            continue
        if kind == "ClusterIP" or kind == "ExternalName":
            errs.forbidden(f"spec.ports[{index}].nodePort", f"may not be used when `type` is '{kind}'")
            continue
        key = (port.get("protocol"), number)
        if key in seen:
            errs.duplicate(f"spec.ports[{index}].nodePort", raw(_port_dump({"protocol": key[0], "nodePort": number})))
        seen.add(key)


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


def _load_balancer(errs: Errors, spec: Manifest) -> None:
    balancer = spec.get("type") == "LoadBalancer"
    ranges = spec.get("loadBalancerSourceRanges") or []
    if ranges:
        if not balancer:
            errs.forbidden("spec.LoadBalancerSourceRanges", "may only be used when `type` is 'LoadBalancer'")
        for index, text in enumerate(ranges):
            cidr(errs, text.strip(), f"spec.LoadBalancerSourceRanges[{index}]")
    if spec.get("allocateLoadBalancerNodePorts") is not None and not balancer:
        errs.forbidden("spec.allocateLoadBalancerNodePorts", "may only be used when `type` is 'LoadBalancer'")
    if spec.get("allocateLoadBalancerNodePorts") is None and balancer:
        errs.required("spec.allocateLoadBalancerNodePorts")
    name = spec.get("loadBalancerClass")
    if name is not None:
        if not balancer:
            errs.forbidden("spec.loadBalancerClass", "may only be used when `type` is 'LoadBalancer'")
        errs.name("spec.loadBalancerClass", name, names.qualified)


def _traffic(errs: Errors, spec: Manifest) -> None:
    policy, kind = spec.get("externalTrafficPolicy"), spec.get("type")
    external = kind in ("NodePort", "LoadBalancer") or (kind == "ClusterIP" and spec.get("externalIPs"))
    if not external:
        if policy:
            errs.invalid("spec.externalTrafficPolicy", policy, "may only be set for externally-accessible services")
    else:
        errs.one_of("spec.externalTrafficPolicy", policy, ("Cluster", "Local"), ordered=True)
    port = spec.get("healthCheckNodePort")
    if needs_health_port(spec):
        if port and not 1 <= port <= 65535:
            errs.invalid("spec.healthCheckNodePort", port, names.between(1, 65535))
    elif port:
        errs.invalid(
            "spec.healthCheckNodePort",
            port,
            "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
        )
    if needs_ip(spec):
        inside = spec.get("internalTrafficPolicy")
        if inside is None:
            errs.required("spec.internalTrafficPolicy")
        elif inside not in ("Cluster", "Local"):
            errs.unsupported("spec.internalTrafficPolicy", inside, ("Cluster", "Local"))
    wanted = spec.get("trafficDistribution")
    if wanted is not None and wanted not in ("PreferClose", "PreferSameZone", "PreferSameNode"):
        known = ("PreferClose", "PreferSameZone", "PreferSameNode")
        errs.unsupported("spec.trafficDistribution", wanted, known, ordered=True)


def service_update(errs: Errors, obj: Manifest, old: Manifest) -> None:
    spec, before = obj["spec"], old["spec"]
    if needs_ip(before) and needs_ip(spec) and before.get("clusterIP"):
        found = spec.get("clusterIPs") or []
        if not found:
            errs.invalid("spec.clusterIPs[0]", spec.get("clusterIPs"), "primary clusterIP can not be unset")
        elif found[0] != (before.get("clusterIPs") or [None])[0]:
            errs.invalid("spec.clusterIPs[0]", found, _UNCHANGED)
        if spec.get("ipFamilies") and before.get("ipFamilies") and spec["ipFamilies"][0] != before["ipFamilies"][0]:
            errs.invalid("spec.ipFamilies[0]", spec["ipFamilies"][0], "may not change once set")
    _fixed_class(errs, spec, before)
    service(errs, obj)


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


def balancer_status(errs: Errors, status: Manifest, path: str) -> None:
    for index, ingress in enumerate((status.get("loadBalancer") or {}).get("ingress") or ()):
        place = f"{path}.ingress[{index}]"
        if ingress.get("ip"):
            ip(errs, ingress["ip"], f"{place}.ip")
        if ingress.get("hostname"):
            errs.name(f"{place}.hostname", ingress["hostname"], names.dns_subdomain)
            if is_ip(ingress["hostname"]):
                errs.invalid(f"{place}.hostname", ingress["hostname"], "must be a DNS name, not an IP address")

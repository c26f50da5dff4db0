"""Rules about the way to pods: Services, Ingresses, routes, policies, webhooks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from holdfast.kube.refs import Manifest, ObjectRef
from holdfast.offline.findings import Finding
from holdfast.offline.rules.index import (
    Index,
    Key,
    annotations_of,
    containers,
    labels_of_pods,
    mapping,
    mappings,
    name_of,
    namespace_of,
    near,
    selects,
    spec_of,
    values_in,
)
from holdfast.offline.unit import Survey, Unit


def _pods(index: Index, namespace: str) -> list[tuple[Manifest, Mapping[str, Any]]]:
    """Workloads of a namespace and the labels of their pods."""
    found = ((o, labels_of_pods(o)) for _, o in index.objects if namespace_of(o) == namespace)
    return [(o, labels) for o, labels in found if labels is not None]


def idle_services(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit, obj in index.each("Service"):
        selector, namespace = spec_of(obj).get("selector"), namespace_of(obj)
        if not isinstance(selector, dict) or not selector or index.unknown(namespace):
            continue
        if index.operated(namespace, *values_in(selector)):
            continue
        if not any(selector.items() <= labels.items() for _, labels in _pods(index, namespace)):
            wanted = ", ".join(f"{k}={v}" for k, v in selector.items())
            text = f"selects {wanted}, which no pod of this repository has"
            yield index.finding("service-without-pods", unit, obj, text, "spec", "selector")


def service_ports(survey: Survey) -> Iterator[Finding]:
    """Names of target ports that the selected pods do not have."""
    return (f for f in _target_ports(survey) if f.rule == "service-port-mismatch")


def undeclared_ports(survey: Survey) -> Iterator[Finding]:
    """Numbers of target ports that the selected pods do not declare, though a container may listen all the same."""
    return (f for f in _target_ports(survey) if f.rule == "service-port-undeclared")


def _target_ports(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit, obj in index.each("Service"):
        selector = spec_of(obj).get("selector")
        if not isinstance(selector, dict) or not selector:
            continue
        mine = [o for o, labels in _pods(index, namespace_of(obj)) if selector.items() <= labels.items()]
        ports = [p for o in mine for _, c in containers(o) for _, p in mappings(c.get("ports"))]
        for number, port in mappings(spec_of(obj).get("ports")):
            target = port.get("targetPort", port.get("port"))
            problem = _port_problem(target, ports) if mine else ""
            if problem:
                where = ("spec", "ports", number, *(("targetPort",) if "targetPort" in port else ()))
                names = [str(p.get("name")) for p in ports if p.get("name")]
                rule = "service-port-undeclared" if isinstance(target, int) else "service-port-mismatch"
                yield index.finding(rule, unit, obj, problem, *where, hint=near(str(target), names))


def _port_problem(target: Any, ports: list[dict[str, Any]]) -> str:
    if isinstance(target, str) and not target.isdigit() and "${" not in target:
        if target not in {str(p.get("name")) for p in ports}:
            return f"sends to port {target}, which no container of its pods has"
    elif isinstance(target, int) and ports and target not in {p.get("containerPort") for p in ports}:
        have = ", ".join(sorted({str(p.get("containerPort")) for p in ports}))
        return f"sends to port {target}, while its pods' containers name {have}"
    return ""


# -- Ingresses ---------------------------------------------------------------------------------------------------------

Backend = tuple[tuple[Key, ...], str, str, Any]
"""Where, namespace, Service, port."""


def missing_backends(survey: Survey) -> Iterator[Finding]:
    return (f for f in _backends(survey) if f.rule == "backend-missing")


def wrong_backend_ports(survey: Survey) -> Iterator[Finding]:
    return (f for f in _backends(survey) if f.rule == "backend-port-mismatch")


def _backends(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit, obj in index.objects:
        found = _ingress(obj) if obj["kind"] == "Ingress" else _route(obj) if obj["kind"] in _ROUTES else ()
        for path, namespace, service, port in found:
            yield from _backend(index, unit, obj, (path, namespace, service, port))


def _backend(index: Index, unit: Unit, obj: Manifest, backend: Backend) -> Iterator[Finding]:
    path, namespace, name, port = backend
    if not name or "${" in name:
        return
    service = index.get("Service", namespace, name)
    if service is None:
        if (
            not index.exists("Service", namespace, name)
            and not index.unknown(namespace)
            and not index.operated(namespace, name)
        ):
            text = f"sends to Service {name}, which no unit of this repository makes"
            hint = near(name, index.names("Service", namespace))
            yield index.finding("backend-missing", unit, obj, text, *path, hint=hint)
        return
    ports = [p for _, p in mappings(spec_of(service).get("ports"))]
    known = {p.get("port") for p in ports} | {p.get("name") for p in ports if isinstance(port, str)}
    if port is not None and port not in known and not (isinstance(port, str) and "${" in port):
        have = ", ".join(str(p.get("name") or p.get("port")) for p in ports)
        text = f"sends to port {port} of Service {name}, which has {have}"
        yield index.finding("backend-port-mismatch", unit, obj, text, *path)


def _ingress(obj: Manifest) -> Iterator[Backend]:
    spec, namespace = spec_of(obj), namespace_of(obj)
    if spec.get("defaultBackend"):
        yield from _ingress_backend(("spec", "defaultBackend"), namespace, mapping(spec["defaultBackend"]))
    for number, rule in mappings(spec.get("rules")):
        for at, item in mappings(mapping(rule.get("http")).get("paths")):
            path: tuple[Key, ...] = ("spec", "rules", number, "http", "paths", at, "backend")
            yield from _ingress_backend(path, namespace, mapping(item.get("backend")))


def _ingress_backend(path: tuple[Key, ...], namespace: str, backend: Mapping[str, Any]) -> Iterator[Backend]:
    service = mapping(backend.get("service"))
    port = mapping(service.get("port"))
    if service.get("name"):
        yield (*path, "service"), namespace, str(service["name"]), port.get("number", port.get("name"))


_ROUTES = ("HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute", "UDPRoute")


def _route(obj: Manifest) -> Iterator[Backend]:
    for number, rule in mappings(spec_of(obj).get("rules")):
        for at, ref in mappings(rule.get("backendRefs")):
            if ref.get("kind", "Service") == "Service" and not ref.get("group"):
                namespace = str(ref.get("namespace") or namespace_of(obj))
                yield (
                    ("spec", "rules", number, "backendRefs", at),
                    namespace,
                    str(ref.get("name") or ""),
                    ref.get("port"),
                )


def gateways(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit, obj in index.each(*_ROUTES):
        for number, ref in mappings(spec_of(obj).get("parentRefs")):
            namespace, name = str(ref.get("namespace") or namespace_of(obj)), str(ref.get("name") or "")
            if ref.get("kind", "Gateway") != "Gateway" or not name or "${" in name or index.unknown(namespace):
                continue
            gateway = index.get("Gateway", namespace, name)
            path = ("spec", "parentRefs", number)
            if gateway is None and not index.exists("Gateway", namespace, name):
                text = f"names Gateway {namespace}/{name}, which no unit of this repository makes"
                yield index.finding("gateway-missing", unit, obj, text, *path, hint=near(name, index.names("Gateway")))
            elif gateway is not None and ref.get("sectionName"):
                names = {str(x.get("name")) for _, x in mappings(spec_of(gateway).get("listeners"))}
                if str(ref["sectionName"]) not in names:
                    text = (
                        f"names listener {ref['sectionName']} of Gateway {name}, which has {', '.join(sorted(names))}"
                    )
                    yield index.finding("gateway-missing", unit, obj, text, *path, "sectionName")


def host_clashes(survey: Survey) -> Iterator[Finding]:
    """Two Ingresses that claim one path of one host: which one gets it is chance."""
    index = Index.of(survey)
    seen: dict[tuple[str, str, str], ObjectRef] = {}
    for unit, obj in index.each("Ingress"):
        if any("canary" in key for key in annotations_of(obj)):
            continue
        name = str(spec_of(obj).get("ingressClassName") or annotations_of(obj).get("kubernetes.io/ingress.class") or "")
        for number, rule in mappings(spec_of(obj).get("rules")):
            for at, item in mappings(mapping(rule.get("http")).get("paths")):
                route = (name, str(rule.get("host") or "*"), str(item.get("path") or "/"))
                other = seen.setdefault(route, ObjectRef.of(obj))
                if other != ObjectRef.of(obj):
                    text = f"claims {route[1]}{route[2]}, and so does {other}"
                    path = ("spec", "rules", number, "http", "paths", at)
                    yield index.finding("ingress-clash", unit, obj, text, *path)


def ingress_secrets(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit, obj in index.each("Ingress"):
        made = any("cert-manager.io" in a or "acme" in a for a in annotations_of(obj))
        for number, entry in mappings(spec_of(obj).get("tls")):
            name, namespace = str(entry.get("secretName") or ""), namespace_of(obj)
            if name and "${" not in name and not made and not index.secret(namespace, name):
                text = f"serves TLS with Secret {name}, which no unit of this repository makes"
                yield index.finding("ingress-tls-missing", unit, obj, text, "spec", "tls", number)


# -- selectors that match nothing --------------------------------------------------------------------------------------


def idle_policies(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit, obj in index.each("NetworkPolicy"):
        namespace, selector = namespace_of(obj), mapping(spec_of(obj).get("podSelector"))
        if not selector or index.unknown(namespace) or index.operated(namespace, *values_in(selector)):
            continue
        if not any(selects(selector, labels) for _, labels in _pods(index, namespace)):
            text = "selects no pods: nothing in its namespace has the labels it selects"
            yield index.finding("policy-without-pods", unit, obj, text, "spec", "podSelector")


def idle_monitors(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit, obj in index.each("ServiceMonitor"):
        namespace, selector = namespace_of(obj), mapping(spec_of(obj).get("selector"))
        if (
            spec_of(obj).get("namespaceSelector")
            or not selector
            or index.unknown(namespace)
            or index.operated(namespace, *values_in(selector))
        ):
            continue
        services = [o for _, o in index.each("Service") if namespace_of(o) == namespace]
        matching = [o for o in services if selects(selector, mapping(mapping(o.get("metadata")).get("labels")))]
        if not matching:
            text = "selects no Service: none in its namespace has the labels it selects"
            yield index.finding("monitor-without-service", unit, obj, text, "spec", "selector")
            continue
        ports = {str(p.get("name")) for o in matching for _, p in mappings(spec_of(o).get("ports"))}
        for number, endpoint in mappings(spec_of(obj).get("endpoints")):
            if endpoint.get("port") and str(endpoint["port"]) not in ports:
                text = f"scrapes port {endpoint['port']}, which {name_of(matching[0])} does not name"
                yield index.finding("monitor-without-service", unit, obj, text, "spec", "endpoints", number)


def webhook_services(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit, obj in index.each("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "APIService"):
        if obj["kind"] == "APIService":
            found = [(("spec", "service"), mapping(spec_of(obj).get("service")))]
        else:
            hooks = mappings(obj.get("webhooks"))
            found = [(("webhooks", n), mapping(mapping(h.get("clientConfig")).get("service"))) for n, h in hooks]  # type: ignore[misc]
        for path, service in found:
            namespace, name = str(service.get("namespace") or ""), str(service.get("name") or "")
            if name and not index.exists("Service", namespace, name) and not index.unknown(namespace):
                text = f"calls Service {namespace}/{name}, which no unit of this repository makes"
                hint = near(name, index.names("Service", namespace))
                yield index.finding("webhook-service-missing", unit, obj, text, *path, hint=hint)


def headless(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit, obj in index.each("StatefulSet"):
        name, namespace = str(spec_of(obj).get("serviceName") or ""), namespace_of(obj)
        if name and not index.exists("Service", namespace, name) and not index.unknown(namespace):
            text = f"names Service {name} (serviceName), which no unit of this repository makes"
            hint = near(name, index.names("Service", namespace))
            yield index.finding("stateful-service-missing", unit, obj, text, "spec", "serviceName", hint=hint)

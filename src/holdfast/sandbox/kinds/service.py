"""A Service's addresses and ports: what is normalised, kept over an update, allocated and given back.

In: a defaulted Service, the stored one, a pool. Out: the same dict with its addresses, or field errors. Never: validation of what was given.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.sandbox.kinds.addresses import AddressError, AddressPool
from holdfast.sandbox.kinds.field import Errors

_IP_FIELDS = ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy")


def needs_ip(spec: Manifest) -> bool:
    return spec.get("type") in ("ClusterIP", "NodePort", "LoadBalancer")


def needs_ports(spec: Manifest) -> bool:
    kind = spec.get("type")
    return kind == "NodePort" or (
        kind == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts", True) is not False
    )


def needs_health_port(spec: Manifest) -> bool:
    return spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"


def normalise(spec: Manifest, old: Manifest | None) -> None:
    """Make clusterIP and clusterIPs agree, as far as the request allows."""
    ip, ips = spec.get("clusterIP"), spec.get("clusterIPs")
    if old is None:
        if ip and not ips:
            spec["clusterIPs"] = [ip]
        return
    if ip != old.get("clusterIP") and ips == old.get("clusterIPs"):
        if ip:
            spec["clusterIPs"] = [ip]
        else:
            spec.pop("clusterIPs", None)


def carry_over(spec: Manifest, old: Manifest) -> None:
    """Allocated values that an update does not mention stay."""
    if needs_ip(spec) and needs_ip(old):
        for key in ("clusterIP", "clusterIPs"):
            if not spec.get(key) and old.get(key):
                spec[key] = old[key]
        for key in ("ipFamilies", "ipFamilyPolicy"):
            if not spec.get(key) and old.get(key):
                spec[key] = old[key]
    if needs_ports(spec) and needs_ports(old):
        kept = {(p.get("protocol"), p.get("port")): p.get("nodePort") for p in old.get("ports") or ()}
        used = {p.get("nodePort") for p in spec.get("ports") or ()}
        for port in spec.get("ports") or ():
            number = kept.get((port.get("protocol"), port.get("port")))
            if number and not port.get("nodePort") and number not in used:
                port["nodePort"] = number
    if (
        needs_health_port(spec)
        and needs_health_port(old)
        and not spec.get("healthCheckNodePort")
        and old.get("healthCheckNodePort")
    ):
        spec["healthCheckNodePort"] = old["healthCheckNodePort"]


def drop_dependent(spec: Manifest, old: Manifest) -> None:
    """Values that only the old type needed go, when the request left them as they were."""
    if (
        needs_ip(old)
        and not needs_ip(spec)
        and all(spec.get(key) == old.get(key) for key in ("clusterIP", "clusterIPs"))
    ):
        for key in _IP_FIELDS:
            spec.pop(key, None)
    if needs_ports(old) and not needs_ports(spec) and _port_numbers(spec) == _port_numbers(old):
        for port in spec.get("ports") or ():
            port.pop("nodePort", None)
    if (
        needs_health_port(old)
        and not needs_health_port(spec)
        and spec.get("healthCheckNodePort") == old.get("healthCheckNodePort")
    ):
        spec.pop("healthCheckNodePort", None)
    if old.get("type") == "LoadBalancer" and spec.get("type") != "LoadBalancer":
        for key in ("allocateLoadBalancerNodePorts", "loadBalancerClass"):
            if spec.get(key) == old.get(key):
                spec.pop(key, None)
    external = spec.get("type") in ("NodePort", "LoadBalancer") or (
        spec.get("type") == "ClusterIP" and spec.get("externalIPs")
    )
    if not external and spec.get("externalTrafficPolicy") == old.get("externalTrafficPolicy"):
        spec.pop("externalTrafficPolicy", None)
    if not needs_ip(spec):
        spec.pop("internalTrafficPolicy", None)


def _port_numbers(spec: Manifest) -> list[Any]:
    return [port.get("nodePort") for port in spec.get("ports") or ()]


def default_families(spec: Manifest) -> None:
    """On a single-stack IPv4 cluster."""
    if not needs_ip(spec):
        return
    if spec.get("clusterIP") == "None" and not spec.get("selector") and not spec.get("ipFamilyPolicy"):
        spec["ipFamilyPolicy"] = "RequireDualStack"
        if not spec.get("ipFamilies"):
            spec["ipFamilies"] = ["IPv4", "IPv6"]
        return
    if not spec.get("ipFamilyPolicy"):
        spec["ipFamilyPolicy"] = "SingleStack"
    if not spec.get("ipFamilies"):
        spec["ipFamilies"] = ["IPv4"]


class Allocation:
    """Addresses taken for one write; `undo` gives them back when the write fails."""

    def __init__(self, pool: AddressPool) -> None:
        self._pool = pool
        self._undo: list[Callable[[], None]] = []
        self._release: list[Callable[[], None]] = []

    def run(self, spec: Manifest, old: Manifest | None) -> Errors:
        errs = Errors()
        default_families(spec)
        old = old or {}
        self._addresses(errs, spec, old)
        if not errs:
            self._node_ports(errs, spec, old)
        if errs:
            self.undo()
        return errs

    def undo(self) -> None:
        for step in self._undo:
            step()
        self._undo.clear()

    def commit(self) -> None:
        """The write succeeded: what the old object held and the new one does not is free again."""
        for step in self._release:
            step()

    def _addresses(self, errs: Errors, spec: Manifest, old: Manifest) -> None:
        had, has = old.get("clusterIP"), spec.get("clusterIP")
        pool = self._pool
        if needs_ip(spec) and has != "None" and (not has or has != had):
            try:
                ip = pool.take_ip(has or "")
            except AddressError as error:
                errs.invalid("spec.clusterIPs", [has] if has else None, str(error))
                return
            self._undo.append(lambda: pool.free_ip(ip))
            spec["clusterIP"], spec["clusterIPs"] = ip, [ip]
        if had and had != "None" and spec.get("clusterIP") != had:
            self._release.append(lambda: pool.free_ip(had))

    def _node_ports(self, errs: Errors, spec: Manifest, old: Manifest) -> None:
        held = {port for port in (*_port_numbers(old), old.get("healthCheckNodePort")) if port}
        taken = dict.fromkeys(held, None)
        if needs_ports(spec):
            by_port: dict[tuple[Any, Any], int] = {}
            for index, port in enumerate(spec.get("ports") or ()):
                self._one_port(errs, port, f"spec.ports[{index}].nodePort", by_port, held)
        elif spec.get("type") == "LoadBalancer":
            for index, port in enumerate(spec.get("ports") or ()):
                if port.get("nodePort"):
                    self._one_port(errs, port, f"spec.ports[{index}].nodePort", {}, held)
        if needs_health_port(spec) and spec.get("healthCheckNodePort") not in held:
            number = self._take(errs, spec.get("healthCheckNodePort") or 0, "spec.healthCheckNodePort")
            if number:
                spec["healthCheckNodePort"] = number
        now = {port for port in (*_port_numbers(spec), spec.get("healthCheckNodePort")) if port}
        pool = self._pool
        for number in taken:
            if number not in now:
                self._release.append(lambda number=number: pool.free_port(number))  # type: ignore[misc]

    def _one_port(
        self, errs: Errors, port: Manifest, path: str, by_port: dict[tuple[Any, Any], int], held: set[Any]
    ) -> None:
        """One number serves the same port over several protocols."""
        wanted = port.get("nodePort") or 0
        key = (port.get("port"), wanted)
        shared = by_port.get(key)
        if shared is not None:
            port["nodePort"] = shared
        elif wanted in held:
            by_port[key] = wanted
        else:
            number = self._take(errs, wanted, path)
            if number:
                port["nodePort"] = number
                by_port[key] = number

    def _take(self, errs: Errors, wanted: int, path: str) -> int:
        pool = self._pool
        try:
            number = pool.take_port(wanted)
        except AddressError as error:
            errs.invalid(path, wanted, str(error))
            return 0
        self._undo.append(lambda: pool.free_port(number))
        return number


def hold(pool: AddressPool, service: Manifest) -> None:
    """Note the addresses of a stored Service (after a restart)."""
    spec = service.get("spec") or {}
    for take, value in ((pool.take_ip, spec.get("clusterIP")),):
        if value and value != "None":
            _quietly(take, value)
    for number in (*_port_numbers(spec), spec.get("healthCheckNodePort")):
        if number:
            _quietly(pool.take_port, number)


def _quietly(take: Callable[[Any], Any], value: Any) -> None:
    try:
        take(value)
    except AddressError:
        return


def release(pool: AddressPool, service: Manifest) -> None:
    """Give back what a deleted Service held."""
    spec = service.get("spec") or {}
    if spec.get("clusterIP") and spec["clusterIP"] != "None":
        pool.free_ip(spec["clusterIP"])
    for number in (*_port_numbers(spec), spec.get("healthCheckNodePort")):
        if number:
            pool.free_port(number)

"""A Service's addresses and ports: what is normalised, kept over an update, allocated and given back.

In: a defaulted Service, the stored one, a pool. Out: the same dict with its addresses, or field errors. Never: validation of what was given.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.sandbox.kinds import service_families
from holdfast.sandbox.kinds.addresses import AddressError, AddressPool
from holdfast.sandbox.kinds.field import Errors

_WITH_NODE_PORTS = ("NodePort", "LoadBalancer")


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
    ip, ips = spec.get("clusterIP") or "", spec.get("clusterIPs") or []
    if old is None:
        if ip and not ips:
            spec["clusterIPs"] = [ip]
        return
    if ip == (old.get("clusterIP") or ""):
        if not ips and old.get("clusterIPs"):
            spec["clusterIPs"] = old["clusterIPs"]
    elif ips == (old.get("clusterIPs") or []):
        if ip:
            spec["clusterIPs"] = [ip]
        else:
            spec.pop("clusterIPs", None)


def carry_over(spec: Manifest, old: Manifest) -> None:
    """Allocated values that an update does not mention stay; node ports are known by the names of their ports."""
    if "ExternalName" not in (spec.get("type"), old.get("type")):
        for key in ("clusterIP", "clusterIPs"):
            if not spec.get(key) and old.get(key):
                spec[key] = old[key]
    if needs_ports(spec) and needs_ports(old):
        kept = {p.get("name") or "": p.get("nodePort") for p in old.get("ports") or ()}
        used = set(_port_numbers(spec)) & set(_port_numbers(old))
        for port in spec.get("ports") or ():
            number = kept.get(port.get("name") or "")
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
    if old.get("type") != "ExternalName" and spec.get("type") == "ExternalName":
        for keys in (("clusterIP", "clusterIPs"), ("ipFamilies",), ("ipFamilyPolicy",)):
            if all(spec.get(key) == old.get(key) for key in keys):
                for key in keys:
                    spec.pop(key, None)
    had_ports, has_ports = (found.get("type") in _WITH_NODE_PORTS for found in (old, spec))
    if had_ports and not has_ports and set(_port_numbers(spec)) <= {*_port_numbers(old), None, 0}:
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
    if not exposed(spec) and spec.get("externalTrafficPolicy") == old.get("externalTrafficPolicy"):
        spec.pop("externalTrafficPolicy", None)
    if not needs_ip(spec):
        spec.pop("internalTrafficPolicy", None)


def exposed(spec: Manifest) -> bool:
    """Whether it can be reached from outside of the cluster."""
    return spec.get("type") in _WITH_NODE_PORTS or bool(spec.get("type") == "ClusterIP" and spec.get("externalIPs"))


def _port_numbers(spec: Manifest) -> list[Any]:
    return [port.get("nodePort") for port in spec.get("ports") or ()]


class Refused(Exception):
    """An allocation that failed for no fault of a field: the server's words, and whether they are an internal error."""

    def __init__(self, text: str, internal: bool = True) -> None:
        super().__init__(text)
        self.internal = internal


class Allocation:
    """Addresses taken for one write; `undo` gives them back when the write fails."""

    def __init__(self, pool: AddressPool) -> None:
        self._pool = pool
        self._undo: list[Callable[[], None]] = []
        self._release: list[Callable[[], None]] = []

    def run(self, spec: Manifest, old: Manifest | None) -> Errors:
        """Everything happens before the Service is judged, as on the real server; the first thing that fails ends it."""
        if old is not None:
            carry_over(spec, old)
        normalise(spec, old)
        errs = service_families.initialise(spec, old)
        try:
            if not errs:
                self._addresses(errs, spec, old)
            if not errs:
                self._node_ports(errs, spec, old or {})
            if not errs:
                self._health_port(spec, old or {})
        except Refused:
            self.undo()
            raise
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

    def _addresses(self, errs: Errors, spec: Manifest, old: Manifest | None) -> None:
        """An address is taken by a new Service and by one that was an ExternalName; it is never changed."""
        pool, several = self._pool, spec.get("clusterIPs") or []
        if spec.get("type") == "ExternalName":
            had = (old or {}).get("clusterIP")
            if had and had != "None":
                self._release.append(lambda: pool.free_ip(had))
            return
        if several[:1] == ["None"] or (old is not None and old.get("type") != "ExternalName"):
            return
        try:
            ip = pool.take_ip(several[0] if several else "")
        except AddressError as error:
            errs.invalid("spec.clusterIPs", several, str(error))
            return
        self._undo.append(lambda: pool.free_ip(ip))
        spec["clusterIP"], spec["clusterIPs"] = ip, [ip]

    def _node_ports(self, errs: Errors, spec: Manifest, old: Manifest) -> None:
        held = {number for number in _port_numbers(old) if number}
        if spec.get("type") in _WITH_NODE_PORTS:
            ports = spec.get("ports") or []
            if old:
                self._changed_ports(errs, ports, held, needs_ports(spec))
            else:
                self._new_ports(errs, ports, needs_ports(spec))
        elif old.get("type") not in _WITH_NODE_PORTS:
            return
        now = set(_port_numbers(spec)) if spec.get("type") in _WITH_NODE_PORTS else set()
        for number in held - now:
            self._release.append(partial(self._pool.free_port, number))

    def _new_ports(self, errs: Errors, ports: list[Any], allocate: bool) -> None:
        """One number serves the same port over several protocols."""
        by_port: dict[Any, int] = {}
        for index, port in enumerate(ports):
            wanted, path = port.get("nodePort") or 0, f"spec.ports[{index}].nodePort"
            if not wanted and not allocate:
                continue
            shared = by_port.get(port.get("port"), 0)
            if not shared:
                asked = next(
                    (p["nodePort"] for p in ports if p.get("port") == port.get("port") and p.get("nodePort")), 0
                )
                port["nodePort"] = by_port[port.get("port")] = self._take(errs, asked, path)
            elif not wanted:
                port["nodePort"] = shared
            elif wanted != shared:
                self._take(errs, wanted, path)
            if errs:
                return

    def _changed_ports(self, errs: Errors, ports: list[Any], held: set[Any], allocate: bool) -> None:
        taken: set[int] = set()
        seen: set[tuple[Any, int]] = set()
        for index, port in enumerate(ports):
            wanted = port.get("nodePort") or 0
            if not wanted and not allocate:
                continue
            if not wanted or (wanted not in held and wanted not in taken):
                port["nodePort"] = self._take(errs, wanted, f"spec.ports[{index}].nodePort")
                taken.add(port["nodePort"])
            if errs:
                return
            key = (port.get("protocol"), port["nodePort"])
            if key in seen:
                raise Refused(f"duplicate nodePort: {{{key[0]} {key[1]}}}", internal=False)
            seen.add(key)

    def _health_port(self, spec: Manifest, old: Manifest) -> None:
        needed, needs, pool = needs_health_port(old), needs_health_port(spec), self._pool
        had, wanted = old.get("healthCheckNodePort"), spec.get("healthCheckNodePort") or 0
        if needed and not needs and had:
            self._release.append(lambda: pool.free_port(had))
        if needed or not needs:
            return
        try:
            number = pool.take_port(wanted)
        except AddressError as error:
            which = f"requested HealthCheck NodePort {wanted}" if wanted else "a HealthCheck NodePort 0"
            raise Refused(f"failed to allocate {which}: {error}") from None
        self._undo.append(lambda: pool.free_port(number))
        spec["healthCheckNodePort"] = number

    def _take(self, errs: Errors, wanted: int, path: str) -> int:
        pool = self._pool
        try:
            number = pool.take_port(wanted)
        except AddressError as error:
            if not wanted:
                raise Refused(f"failed to allocate a nodePort: {error}") from None
            errs.invalid(path, wanted, str(error))
            return wanted
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

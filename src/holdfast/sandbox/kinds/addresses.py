"""Cluster addresses and node ports: who holds which.

In: requests for an address or a port, or for a particular one. Out: the one taken, or AddressError with the allocator's words.
Never: the Service object (see `service`), persistence (the owner notes existing holders again after a restart).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from itertools import chain


class AddressError(Exception):
    """The allocator's words."""


class AddressPool:
    """One range of IPv4 cluster addresses and one of node ports.

    The lower part of each range is left to explicit requests, as the real allocators do.
    """

    def __init__(self, network: str = "10.0.0.0/16", first_port: int = 30000, last_port: int = 32767) -> None:
        self._network = ipaddress.IPv4Network(network)
        self._ports = range(first_port, last_port + 1)
        self._used_ips: set[int] = set()
        self._used_ports: set[int] = set()
        self._next_ip = int(self._network.network_address) + 257
        self._next_port = first_port + 87

    def take_ip(self, wanted: str = "") -> str:
        if wanted:
            return self._take_this_ip(wanted)
        first, last = int(self._network.network_address) + 1, int(self._network.broadcast_address) - 1
        for number in chain(range(self._next_ip, last + 1), range(first, self._next_ip)):
            if number not in self._used_ips:
                self._used_ips.add(number)
                self._next_ip = number + 1
                return str(ipaddress.IPv4Address(number))
        raise AddressError("range is full")

    def _take_this_ip(self, wanted: str) -> str:
        try:
            address = ipaddress.ip_address(wanted)
        except ValueError:
            raise AddressError("failed to allocate IP " + wanted + ": not an IP address") from None
        if address not in self._network:
            raise AddressError(f"failed to allocate IP {wanted}: the provided network does not match the current range")
        if int(address) in self._used_ips:
            raise AddressError(f"failed to allocate IP {wanted}: provided IP is already allocated")
        self._used_ips.add(int(address))
        return wanted

    def free_ip(self, ip: str) -> None:
        try:
            self._used_ips.discard(int(ipaddress.ip_address(ip)))
        except ValueError:
            return

    def take_port(self, wanted: int = 0) -> int:
        if wanted:
            if wanted not in self._ports:
                span = f"{self._ports.start}-{self._ports.stop - 1}"
                raise AddressError(f"provided port is not in the valid range. The range of valid ports is {span}")
            if wanted in self._used_ports:
                raise AddressError("provided port is already allocated")
            self._used_ports.add(wanted)
            return wanted
        for port in chain(range(self._next_port, self._ports.stop), range(self._ports.start, self._next_port)):
            if port not in self._used_ports:
                self._used_ports.add(port)
                self._next_port = port + 1
                return port
        raise AddressError("range is full")

    def free_port(self, port: int) -> None:
        self._used_ports.discard(port)


def address_warnings(text: str, path: str) -> Iterator[str]:
    """What is odd about an address that is accepted all the same."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        found = with_zeros(text)
        if found is not None:
            yield f'{path}: non-standard IP address "{text}" is invalid: use "{found}"'
        return
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            yield f'{path}: non-standard IP address "{text}" is invalid: use "{address.ipv4_mapped}"'
        elif str(address) != text:
            yield f'{path}: IPv6 address "{text}" should be in RFC 5952 canonical format ("{address}")'


def with_zeros(text: str) -> str | None:
    """An IPv4 address whose numbers have leading zeros, without them."""
    parts = text.split(".")
    if len(parts) != 4 or not all(part.isdigit() and int(part) < 256 for part in parts):
        return None
    return ".".join(str(int(part)) for part in parts)


def range_warnings(text: str, path: str) -> Iterator[str]:
    """The same of a range."""
    address, slash, bits = text.partition("/")
    try:
        found = ipaddress.ip_interface(f"{with_zeros(address) or address}/{bits}")
    except ValueError:
        return
    odd = False
    if slash and found.ip != found.network.network_address:
        odd = True
        single = f"{found.ip}/{found.max_prefixlen}"
        yield f'{path}: CIDR value "{text}" is ambiguous in this context (should be "{found.network}" or "{single}"?)'
    if found.version == 4 and str(found.ip) != address:
        yield f'{path}: non-standard CIDR value "{text}" is invalid: use "{found.network}"'
    elif found.version == 6 and not odd and str(found) != text:
        yield f'{path}: IPv6 CIDR value "{text}" should be in RFC 5952 canonical format ("{found}")'

"""The Kubernetes functions of CEL: lists, sets, regular expressions, URLs, addresses, quantities, semantic versions, formats.

In: plain values. Out: plain values; opaque types are maps with one key that says what they are. A function that fails leaves its words in
`failure`, because the CEL library keeps no message of a Python function. Never: access to anything but its arguments.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs, urlsplit

from holdfast.sandbox.crd import formats
from holdfast.sandbox.kinds.quantities import QuantityError
from holdfast.sandbox.kinds.quantities import parse as parse_quantity

failure: list[str] = []
Opaque = dict[str, Any]
_SEMVER = re.compile(
    r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?"
    r"(?:\+([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?$"
)


def plain(value: Any) -> Any:
    """The Python value behind what the CEL library hands over."""
    if hasattr(value, "plain_value"):
        return value.plain_value()
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


# --- quantities -------------------------------------------------------------------


def _quantity(text: str) -> Opaque:
    try:
        return {"quantity": str(parse_quantity(text).value.normalize())}
    except QuantityError as error:
        raise ValueError(str(error)) from None


def _is_quantity(text: str) -> bool:
    try:
        parse_quantity(text)
    except QuantityError:
        return False
    return True


def _amount(value: Any) -> Decimal:
    return Decimal(value["quantity"])


def _as_quantity(value: Decimal) -> Opaque:
    return {"quantity": str(value.normalize())}


def _operand(value: Any) -> Decimal:
    return Decimal(value) if isinstance(value, int) else _amount(value)


# --- addresses --------------------------------------------------------------------


def _ip(text: str) -> Opaque:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise ValueError(
            f'IP Address {text!r} parse error during conversion from string: ParseAddr("{text}"): unable to parse IP'.replace(
                "'", '"'
            )
        ) from None
    if getattr(address, "ipv4_mapped", None) is not None:
        raise ValueError(f'IPv4-mapped IPv6 address "{text}" is not allowed')
    return {"ip": str(address)}


def _cidr(text: str) -> Opaque:
    try:
        found = ipaddress.ip_interface(text) if "/" in text else None
    except ValueError:
        found = None
    if found is None:
        why = "no '/'" if "/" not in text else "unable to parse IP"
        stage = "network address parse error during conversion from string: "
        raise ValueError(f'{stage}{stage}netip.ParsePrefix("{text}"): {why}')
    return {"cidr": f"{found.ip}/{found.network.prefixlen}"}


def _succeeds(function: Callable[[str], Any]) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        try:
            function(text)
        except ValueError:
            return False
        return True

    return check


def _address(value: Any) -> Any:
    return ipaddress.ip_address(value["ip"])


def _network(value: Any) -> Any:
    return ipaddress.ip_interface(value["cidr"]).network


def _contains_ip(network: Any, address: Any) -> bool:
    text = address if isinstance(address, str) else address["ip"]
    found = ipaddress.ip_address(text)
    return found.version == _network(network).version and found in _network(network)


def _contains_cidr(outer: Any, inner: Any) -> bool:
    found = ipaddress.ip_interface(inner if isinstance(inner, str) else inner["cidr"]).network
    return found.version == _network(outer).version and bool(found.subnet_of(_network(outer)))


# --- URLs --------------------------------------------------------------------------


def _url(text: str) -> Opaque:
    parts = urlsplit(text)
    if not (parts.scheme and (parts.netloc or parts.path)) and not text.startswith("/"):
        raise ValueError(f'URL parse error during conversion from string: parse "{text}": invalid URI for request')
    return {"url": text}


def _query(value: Any) -> dict[str, list[str]]:
    return parse_qs(urlsplit(value["url"]).query, keep_blank_values=True)


def _host(value: Any) -> str:
    return str(urlsplit(value["url"]).netloc).rpartition("@")[2]


# --- semantic versions ---------------------------------------------------------------


def _semver(text: str, normalize: bool = False) -> Opaque:
    if normalize:
        text = _normalized(text)
    if not _SEMVER.match(text):
        raise ValueError("No Major.Minor.Patch elements found")
    return {"semver": text}


def _normalized(text: str) -> str:
    text = text.removeprefix("v")
    core, mark, rest = re.match(r"^([0-9.]*)([-+]?)(.*)$", text).groups()  # type: ignore[union-attr]
    numbers = [str(int(part)) if part.isdigit() else part for part in core.split(".")]
    while len(numbers) < 3:
        numbers.append("0")
    return ".".join(numbers) + mark + rest


@lru_cache(maxsize=512)
def _precedence(text: str) -> tuple[Any, ...]:
    match = _SEMVER.match(text)
    assert match is not None
    major, minor, patch, pre, _ = match.groups()
    ids = tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in pre.split(".")) if pre else ()
    return int(major), int(minor), int(patch), 0 if pre else 1, ids


def _compare_semver(left: Any, right: Any) -> int:
    a, b = _precedence(left["semver"]), _precedence(right["semver"])
    return (a > b) - (a < b)


# --- lists and sets --------------------------------------------------------------------


def _sum(values: list[Any]) -> Any:
    return sum(values) if values else 0


def _extreme(pick: Callable[[list[Any]], Any], name: str) -> Callable[[list[Any]], Any]:
    def find(values: list[Any]) -> Any:
        if not values:
            raise ValueError(f"{name} called on empty list")
        return pick(values)

    return find


def _is_sorted(values: list[Any]) -> bool:
    return all(left <= right for left, right in pairwise(values))


def _entries(found: Any) -> list[Any]:
    pairs = found.items() if isinstance(found, dict) else enumerate(found)
    return [{"k": key, "v": value} for key, value in pairs]


def _from_entries(found: list[Any]) -> dict[Any, Any]:
    return {item["k"]: item["v"] for item in found}


def _find_all(text: str, pattern: str, limit: int = -1) -> list[str]:
    found = [match[0] for match in re.finditer(pattern, text)]
    return found if limit < 0 else found[:limit]


def _find(text: str, pattern: str) -> str:
    match = re.search(pattern, text)
    return match[0] if match else ""


def _escape_key(text: str) -> str:
    return text.replace("~", "~0").replace("/", "~1")


# --- lists made anew ---------------------------------------------------------------------


def _slice(values: list[Any], start: int, end: int) -> list[Any]:
    call = f"cannot slice({start}, {end})"
    if start < 0 or end < 0:
        raise ValueError(f"{call}, negative indexes not supported")
    if start > end:
        raise ValueError(f"{call}, start index must be less than or equal to end index")
    if end > len(values):
        raise ValueError(f"{call}, list is length {len(values)}")
    return values[start:end]


def _flatten(values: list[Any], depth: int = 1) -> list[Any]:
    if depth < 0:
        raise ValueError("level must be non-negative")
    flat: list[Any] = []
    for item in values:
        flat += _flatten(item, depth - 1) if isinstance(item, list) and depth else [item]
    return flat


def _distinct(values: list[Any]) -> list[Any]:
    return [item for index, item in enumerate(values) if item not in values[:index]]


def _sort_by(pairs: list[Any]) -> list[Any]:
    return [pair["v"] for pair in sorted(pairs, key=lambda pair: pair["k"])]


def _index(found: Any, wanted: Any) -> int:
    if isinstance(found, str):
        return found.find(wanted)
    return next((index for index, item in enumerate(found) if item == wanted), -1)


def _last_index(found: Any, wanted: Any) -> int:
    if isinstance(found, str):
        return found.rfind(wanted)
    return max((index for index, item in enumerate(found) if item == wanted), default=-1)


def _text_index(text: str, wanted: str, start: int) -> int:
    _in_text(text, start)
    return text.find(wanted, start)


def _last_text_index(text: str, wanted: str, start: int) -> int:
    _in_text(text, start)
    return text.rfind(wanted, 0, start + len(wanted))


def _in_text(text: str, index: int) -> None:
    if index < 0 or index > len(text):
        raise ValueError(f"index out of range: {index}")


def _merged(maps: list[Any]) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for one in maps:
        doubles = [key for key in one if key in found]
        if doubles:
            raise ValueError(f"insert failed: key {doubles[0]} already exists")
        found |= one
    return found


def _substring(text: str, start: int, end: int | None = None) -> str:
    stop = len(text) if end is None else end
    for index in (start, stop):
        _in_text(text, index)
    if start > stop:
        raise ValueError(f"invalid substring range. start: {start}, end: {stop}")
    return text[start:stop]


# --- declarations ------------------------------------------------------------------------

_Row = tuple[str, str, tuple[str, ...], Callable[..., Any], str]


def _wrapped(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*values: Any) -> Any:
        try:
            return function(*[plain(value) for value in values])
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            failure.append(str(error) or "no such overload")
            raise

    return call


def _rows() -> list[_Row]:
    """Name, result, parameters (the first is the target of a ``.name``), function, and an id."""
    o, dyn = "O", "D"
    rows: list[tuple[str, str, tuple[str, ...], Callable[..., Any]]] = [
        ("quantity", o, ("S",), _quantity), ("isQuantity", "B", ("S",), _is_quantity),
        ("sign", "I", (o,), lambda q: int(_amount(q) > 0) - int(_amount(q) < 0)),
        (".isGreaterThan", "B", (o, o), lambda a, b: _compare_semver(a, b) > 0 if "semver" in a else _amount(a) > _amount(b)),
        (".isLessThan", "B", (o, o), lambda a, b: _compare_semver(a, b) < 0 if "semver" in a else _amount(a) < _amount(b)),
        (".compareTo", "I", (o, o), lambda a, b: _compare_semver(a, b) if "semver" in a else (_amount(a) > _amount(b)) - (_amount(a) < _amount(b))),
        (".asInteger", "I", (o,), lambda q: _whole(q)), (".isInteger", "B", (o,), lambda q: _amount(q) == _amount(q).to_integral_value()),
        (".asApproximateFloat", "F", (o,), lambda q: float(_amount(q))),
        *[(".add", o, (o, p), lambda a, b: _as_quantity(_amount(a) + _operand(b))) for p in (o, "I")],
        *[(".sub", o, (o, p), lambda a, b: _as_quantity(_amount(a) - _operand(b))) for p in (o, "I")],
        ("ip", o, ("S",), _ip), ("isIP", "B", ("S",), _succeeds(_ip)), ("ip.isCanonical", "B", ("S",), lambda t: _ip(t)["ip"] == t),
        (".family", "I", (o,), lambda a: _address(a).version), (".isUnspecified", "B", (o,), lambda a: _address(a).is_unspecified),
        (".isLoopback", "B", (o,), lambda a: _address(a).is_loopback), (".isLinkLocalMulticast", "B", (o,), _link_local_multicast),
        (".isLinkLocalUnicast", "B", (o,), lambda a: _address(a).is_link_local),
        (".isGlobalUnicast", "B", (o,), lambda a: not (_address(a).is_multicast or _address(a).is_unspecified or _address(a).is_loopback or _address(a).is_link_local)),
        ("cidr", o, ("S",), _cidr), ("isCIDR", "B", ("S",), _succeeds(_cidr)), (".prefixLength", "I", (o,), lambda c: _network(c).prefixlen),
        (".ip", o, (o,), lambda c: {"ip": c["cidr"].partition("/")[0]}), (".masked", o, (o,), lambda c: {"cidr": str(_network(c))}),
        *[(".containsIP", "B", (o, p), _contains_ip) for p in (o, "S")], *[(".containsCIDR", "B", (o, p), _contains_cidr) for p in (o, "S")],
        ("url", o, ("S",), _url), ("isURL", "B", ("S",), _succeeds(_url)), (".getScheme", "S", (o,), lambda u: urlsplit(u["url"]).scheme),
        (".getHost", "S", (o,), _host), (".getHostname", "S", (o,), lambda u: _host(u).rpartition(":")[0].strip("[]") if re.search(r":\d+$", _host(u)) else _host(u).strip("[]")),
        (".getPort", "S", (o,), lambda u: match[1] if (match := re.search(r":(\d+)$", _host(u))) else ""),
        (".getEscapedPath", "S", (o,), lambda u: urlsplit(u["url"]).path), (".getQuery", "M", (o,), _query),
        ("semver", o, ("S",), _semver), ("semver", o, ("S", "B"), _semver), ("isSemver", "B", ("S",), _succeeds(_semver)),
        ("isSemver", "B", ("S", "B"), lambda t, n: _succeeds(lambda x: _semver(x, n))(t)), (".major", "I", (o,), lambda v: _precedence(v["semver"])[0]),
        (".minor", "I", (o,), lambda v: _precedence(v["semver"])[1]), (".patch", "I", (o,), lambda v: _precedence(v["semver"])[2]),
        (".sum", dyn, ("L",), _sum), (".min", dyn, ("L",), _extreme(min, "min")), (".max", dyn, ("L",), _extreme(max, "max")), (".isSorted", "B", ("L",), _is_sorted),
        *[(".entries__", "L", (p,), _entries) for p in ("L", "A")], (".mergeMaps__", dyn, ("L",), _merged), (".sortBy__", "L", ("L",), _sort_by),
        (".slice", "L", ("L", "I", "I"), _slice), (".flatten", "L", ("L",), _flatten), (".flatten", "L", ("L", "I"), _flatten),
        (".distinct", "L", ("L",), _distinct), (".sort", "L", ("L",), sorted), (".reverse__", "L", ("L",), lambda values: values[::-1]),
        ("lists.range", "L", ("I",), lambda count: list(range(count))), ("string__", "S", (o,), _spelled),
        *[(name, "I", ("L", kind), function) for kind in "SIFBAL" for name, function in ((".indexOf__", _index), (".lastIndexOf__", _last_index))],
        (".indexOf__", "I", ("S", "S"), _index), (".indexOf__", "I", ("S", "S", "I"), _text_index),
        (".lastIndexOf__", "I", ("S", "S"), _last_index), (".lastIndexOf__", "I", ("S", "S", "I"), _last_text_index),
        (".substring__", "S", ("S", "I"), _substring), (".substring__", "S", ("S", "I", "I"), _substring),
        (".fromEntries__", dyn, ("L",), _from_entries), ("sets.contains", "B", ("L", "L"), lambda a, b: all(x in a for x in b)),
        ("sets.equivalent", "B", ("L", "L"), lambda a, b: all(x in a for x in b) and all(x in b for x in a)),
        ("sets.intersects", "B", ("L", "L"), lambda a, b: any(x in a for x in b)),
        (".find", "S", ("S", "S"), _find), (".findAll", "L", ("S", "S"), _find_all), (".findAll", "L", ("S", "S", "I"), _find_all),
        ("jsonpatch.escapeKey", "S", ("S",), _escape_key), ("format__", "L", ("S", "S"), formats.named_problems),
    ]  # fmt: skip
    return [(*row, f"k8s_{index}") for index, row in enumerate(rows)]


def _spelled(value: Any) -> str:
    if "ip" in value or "cidr" in value:
        return str(next(iter(value.values())))
    raise ValueError("no such overload")


def _link_local_multicast(value: Any) -> bool:
    address = _address(value)
    return bool(
        address in ipaddress.ip_network("224.0.0.0/24") if address.version == 4 else str(address).startswith("ff02:")
    )


def _whole(value: Any) -> int:
    amount = _amount(value)
    if amount != amount.to_integral_value():
        raise ValueError("cannot convert value to integer")
    return int(amount)


def declarations(cel: Any) -> list[Any]:
    kinds = {
        "S": cel.Type.STRING, "B": cel.Type.BOOL, "I": cel.Type.INT, "F": cel.Type.DOUBLE, "D": cel.Type.DYN, "L": cel.Type.List(cel.Type.DYN), "A": cel.Type.Map(cel.Type.DYN, cel.Type.DYN),
        "O": cel.Type.Map(cel.Type.STRING, cel.Type.DYN), "M": cel.Type.Map(cel.Type.STRING, cel.Type.List(cel.Type.STRING)),
    }  # fmt: skip
    by_name: dict[str, list[Any]] = {}
    for name, result, parameters, function, key in _rows():
        member = name.startswith(".")
        overload = cel.Overload(key, kinds[result], [kinds[p] for p in parameters], member, _wrapped(function))
        by_name.setdefault(name.removeprefix("."), []).append(overload)
    return [cel.FunctionDecl(name, overloads) for name, overloads in by_name.items()]

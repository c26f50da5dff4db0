"""The functions that expressions may call, with the types of their arguments.

The table has one line a function: its name, then its overloads as ``id(arguments)result``; a dot before the id says that the first argument
is what it is called on. Single capitals are type parameters, the other names are written out below. Out: `Overload`s by name.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from pathlib import Path

from holdfast.sandbox.cel.types import Type, list_of, map_of, optional

_STRUCTS = {
    "quantity": "kubernetes.Quantity", "url": "kubernetes.URL", "semver": "kubernetes.Semver", "format": "kubernetes.NamedFormat",
    "authorizer": "kubernetes.authorization.Authorizer", "pathcheck": "kubernetes.authorization.PathCheck",
    "groupcheck": "kubernetes.authorization.GroupCheck", "resourcecheck": "kubernetes.authorization.ResourceCheck",
    "decision": "kubernetes.authorization.Decision",
}  # fmt: skip
_OPAQUE = {"ip": "net.IP", "cidr": "net.CIDR"}
_COMPARABLE = ("int", "uint", "double", "bool", "duration", "timestamp", "string", "bytes")


@dataclass(frozen=True, slots=True)
class Overload:
    key: str
    member: bool
    arguments: tuple[Type, ...]
    result: Type
    variables: tuple[Type, ...]


@functools.cache
def table(mutating: bool = False) -> dict[str, tuple[Overload, ...]]:
    found: dict[str, tuple[Overload, ...]] = {}
    for line in Path(__file__).with_name("functions.txt").read_text("utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        name, *overloads = line.split(" ")
        if name.startswith("jsonpatch.") and not mutating:
            continue
        found[name] = tuple(one for text in overloads for one in _overloads(text))
    return found


def _overloads(text: str) -> list[Overload]:
    """A ``*`` stands for each of the types that can be compared."""
    if "*" in text:
        return [one for kind in _COMPARABLE for one in _overloads(text.replace("*", kind))]
    match = re.fullmatch(r"(\.?)(\w+)(\(.*)", text)
    assert match is not None, text
    arguments, rest = _arguments(match[3][1:])
    result, _ = _type(rest)
    variables = tuple(sorted({v for kind in (*arguments, result) for v in _variables(kind)}))
    return [Overload(match[2], bool(match[1]), tuple(arguments), result, variables)]


def _arguments(text: str) -> tuple[list[Type], str]:
    found: list[Type] = []
    while not text.startswith(")"):
        kind, text = _type(text.removeprefix(","))
        found.append(kind)
    return found, text[1:]


def _type(text: str) -> tuple[Type, str]:
    match = re.match(r"\w+", text)
    assert match is not None, text
    name, rest = match[0], text[match.end() :]
    if rest.startswith("("):
        inner, rest = _arguments(rest[1:])
        if name == "list":
            return list_of(inner[0]), rest
        if name == "map":
            return map_of(inner[0], inner[1]), rest
        return (optional(inner[0]) if name == "optional" else ("type", inner[0])), rest
    if len(name) == 1:
        return ("var", name), rest
    if name in _STRUCTS:
        return ("struct", _STRUCTS[name]), rest
    return (("opaque", _OPAQUE[name]) if name in _OPAQUE else (name,)), rest


def _variables(kind: Type) -> list[Type]:
    if kind[0] == "var":
        return [kind]
    return [found for part in kind[1:] if isinstance(part, tuple) for found in _variables(part)]

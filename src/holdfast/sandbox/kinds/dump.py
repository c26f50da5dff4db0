"""Internal structs as the server prints them inside messages: Go field names, every field, null where nothing is set.

In: a type name of `layouts.txt` and JSON data. Out: JSON text, compact or indented. Never: decisions.
"""

from __future__ import annotations

import difflib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from holdfast.sandbox.status import Literal


class _Member(NamedTuple):
    go: str
    key: str
    kind: str


@lru_cache(maxsize=1)
def _layouts() -> dict[str, list[_Member]]:
    """``Type field field:Kind GoName=field:Kind ...`` a line; see the head of the file for the kinds."""
    table: dict[str, list[_Member]] = {}
    for line in Path(__file__).with_name("layouts.txt").read_text("utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        name, *members = line.split()
        table[name] = [_member(text) for text in members]
    return table


def _member(text: str) -> _Member:
    left, _, kind = text.partition(":")
    go, equals, key = left.partition("=")
    if not equals:
        key, go = go, go[0].upper() + go[1:]
    return _Member(go, key, kind or "s")


_ZERO: dict[str, Any] = {"s": "", "i": 0, "b": False, "n": None, "q": "0"}


def convert(kind: str, value: Any) -> Any:
    """JSON data in the shape of the internal struct."""
    if kind.startswith("[]"):
        return None if value is None else [convert(kind[2:], item) for item in value]
    if kind.startswith("*"):
        return None if value is None else convert(kind[1:], value)
    if kind in _ZERO:
        return _ZERO[kind] if value is None else value
    layout = _layouts().get(kind)
    if layout is None:
        return value
    source = _internal_pod(value or {}) if kind == "PodSpec" else value or {}
    return {member.go: convert(member.kind, source.get(member.key)) for member in layout}


_HOST = ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "hostUsers")


def _internal_pod(spec: dict[str, Any]) -> dict[str, Any]:
    """Internally the host's namespaces belong to the security context."""
    return {**spec, "securityContext": {**(spec.get("securityContext") or {}), **{key: spec.get(key) for key in _HOST}}}


def internal(kind: str, value: Any) -> Literal:
    """Compact, for "Invalid value"."""
    if value is None:
        return Literal("null")
    return Literal(json.dumps(convert(kind, value), ensure_ascii=False, separators=(",", ":")))


def diff(kind: str, old: Any, new: Any) -> str:
    """A unified diff of two indented dumps, hunks only; each line ends in a newline."""
    before, after = (
        json.dumps(convert(kind, value), ensure_ascii=False, indent=1).splitlines() for value in (old, new)
    )
    lines = [
        line for line in difflib.unified_diff(before, after, lineterm="", n=3) if not line.startswith(("---", "+++"))
    ]
    return "".join(f"{line}\n" for line in lines)


def template(found: Any) -> Literal:
    """A pod template: its metadata as it is served, then the internal spec."""
    meta = (found or {}).get("metadata") or {}
    return Literal(
        json.dumps(
            {**meta, "Spec": convert("PodSpec", (found or {}).get("spec"))}, ensure_ascii=False, separators=(",", ":")
        )
    )


def claim_template(spec: Any) -> Literal:
    """What a claim template holds: its metadata as they are served, then the internal spec."""
    found = {**(spec.get("metadata") or {}), "Spec": convert("ResourceClaimSpec", spec.get("spec"))}
    return Literal(json.dumps(found, ensure_ascii=False, separators=(",", ":")))

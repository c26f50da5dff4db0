"""A small language for object schemas, and its translation to structural OpenAPI v3 schemas.

::

    url!:url(http|https); suspend:bool; ref{branch; tag}; include[]{fromPath; repository!{name!}}; mode=A|B~"A"; target@selector

Fields are separated by ``;``. After a name: ``!`` required; ``:type``; ``[]`` a list; ``=a|b`` the allowed values;
``~JSON`` the default; ``{...}`` the fields of an object; ``@name`` a fragment that the caller defines. Types: ``str``
(with ``str(min,max)``), ``bool``, ``int``, ``long``, ``time``, ``duration``, ``short`` (a duration without hours),
``map`` (strings to strings), ``maps`` (strings to lists of strings), ``any``, ``object`` (any object), ``intstr`` (a number or a string),
``url(scheme|scheme)``, ``re"pattern"``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]
DURATION = r"^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$"
SHORT_DURATION = r"^([0-9]+(\.[0-9]+)?(ms|s|m))+$"

_TOKEN = re.compile(
    r"""\s*(?:(?P<name>[A-Za-z][A-Za-z0-9]*)(?P<required>!)?
        (?::(?P<type>[a-z]+)(?:"(?P<pattern>(?:[^"\\]|\\.)*)")?(?:\((?P<args>[^)]*)\))?)?
        (?P<list>\[\])?
        (?:@(?P<fragment>[A-Za-z]+))?
        (?:=(?P<enum>[A-Za-z0-9.|-]+))?
        (?:~(?P<default>"[^"]*"|[^;{}]+))?
        (?P<open>\s*\{)?
        |(?P<close>\})|(?P<separator>;))""",
    re.VERBOSE,
)


def parse(text: str, fragments: Mapping[str, str] | None = None) -> Schema:
    """The schema of an object with these fields. Raises ValueError on a mistake in the text."""
    schema, rest = _fields(text, 0, fragments or {}, top=True)
    if text[rest:].strip():
        raise ValueError(f"schema text left over: {text[rest:][:40]!r}")
    return schema


def _fields(text: str, at: int, fragments: Mapping[str, str], *, top: bool = False) -> tuple[Schema, int]:
    properties: dict[str, Schema] = {}
    required: list[str] = []
    while at < len(text) and text[at:].strip():
        token = _TOKEN.match(text, at)
        if token is None or token.end() == at:
            raise ValueError(f"schema text not understood at: {text[at:][:40]!r}")
        at = token.end()
        if token["close"]:
            if top:
                raise ValueError("schema text closes an object that was not opened")
            return _object(properties, required), at
        if token["separator"]:
            continue
        inner: Schema | None = None
        if token["open"]:
            inner, at = _fields(text, at, fragments)
        properties[token["name"]] = _field(token, inner, fragments)
        if token["required"]:
            required.append(token["name"])
    if not top:
        raise ValueError("schema text ends inside an object")
    return _object(properties, required), at


def _object(properties: dict[str, Schema], required: list[str]) -> Schema:
    schema: Schema = {"type": "object", "properties": properties}
    if required:
        schema["required"] = sorted(required)
    return schema


def _field(token: re.Match[str], inner: Schema | None, fragments: Mapping[str, str]) -> Schema:
    if token["fragment"]:
        inner = parse(fragments[token["fragment"]], fragments)
    schema = inner if inner is not None else _scalar(token["type"] or "str", token["args"], token["pattern"])
    if token["enum"]:
        schema["enum"] = token["enum"].split("|")
    if token["list"]:
        schema = {"type": "array", "items": schema}
    if token["default"] is not None:
        schema["default"] = json.loads(token["default"])
    return schema


def _scalar(kind: str, args: str | None, pattern: str | None) -> Schema:
    if kind == "str":
        return {"type": "string", **_lengths(args)}
    if kind == "url":
        return {"type": "string", "pattern": f"^({args})://.*$" if "|" in str(args) else f"^{args}://.*$"}
    if kind == "re":
        return {"type": "string", "pattern": pattern, **_lengths(args)}
    simple: dict[str, Schema] = {
        "bool": {"type": "boolean"},
        "int": {"type": "integer"},
        "long": {"type": "integer", "format": "int64"},
        "time": {"type": "string", "format": "date-time"},
        "span": {"type": "string"},
        "duration": {"type": "string", "pattern": DURATION},
        "short": {"type": "string", "pattern": SHORT_DURATION},
        "map": {"type": "object", "additionalProperties": {"type": "string"}},
        "maps": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
        "intstr": {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]},
        "any": {"x-kubernetes-preserve-unknown-fields": True},
        "object": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    }
    if kind not in simple:
        raise ValueError(f"unknown type in schema text: {kind}")
    return simple[kind]


def _lengths(args: str | None) -> Schema:
    if not args:
        return {}
    low, _, high = args.partition(",")
    return {k: int(v) for k, v in (("minLength", low), ("maxLength", high)) if v}

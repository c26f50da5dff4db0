"""What the types of a schema mean for the expressions of its rules.

In: a compiled node and a rule's text. Out: types for its variables, the text with conversions that the schema's formats ask for, and complaints
of a checker that knows the fields. Never: evaluation.
"""

from __future__ import annotations

import re

from holdfast.kube.refs import Manifest
from holdfast.sandbox.crd.expressions import CompileError, Variables, compile_expression
from holdfast.sandbox.crd.values import pattern_of

_FORMATS = {"date-time": "TIMESTAMP", "date": "TIMESTAMP", "duration": "DURATION", "byte": "BYTES"}
_SCALARS = {"integer": "INT", "number": "DOUBLE", "boolean": "BOOL"}
_CHAIN = re.compile(r"\b(self|oldSelf)((?:\.[A-Za-z_]\w*)+)(\s*\()?")
_HAS = re.compile(r"\bhas\(\s*[\w.]+\s*\)")
_STRINGS = re.compile(r"""r?"(?:\\.|[^"\\])*"|r?'(?:\\.|[^'\\])*'""")
_MATCHES = re.compile(r"""\.matches\(\s*(r?'(?:\\.|[^'\\])*'|r?"(?:\\.|[^"\\])*")""")


def kind_of(schema: Manifest) -> str:
    """The CEL type of values of a schema; DYN where it is not known."""
    kind = schema.get("type") or ""
    if schema.get("nullable") or schema.get("x-kubernetes-int-or-string"):
        return "DYN"
    if kind == "string":
        return _FORMATS.get(schema.get("format") or "", "STRING")
    if kind in _SCALARS:
        return _SCALARS[kind]
    if kind == "array":
        return f"LIST<{kind_of(schema.get('items') or {})}>"
    if kind == "object" and not schema.get("x-kubernetes-preserve-unknown-fields"):
        additional = schema.get("additionalProperties")
        return f"MAP<STRING, {kind_of(additional)}>" if isinstance(additional, dict) else "MAP<STRING, DYN>"
    return "DYN"


def variables(schema: Manifest) -> Variables:
    """For evaluation: only what cannot be told from the value needs a type."""
    kind = kind_of(schema)
    kind = kind if kind in ("TIMESTAMP", "DURATION") else "DYN"
    return ("self", kind), ("oldSelf", kind)


def converted(schema: Manifest, source: str) -> str:
    """Fields with a time's format are read as times: ``self.t`` becomes ``timestamp(self.t)``."""
    if "format" not in str(schema.get("properties") or ""):
        return source
    spans = [match.span() for match in (*_HAS.finditer(source), *_STRINGS.finditer(source))]

    def convert(match: re.Match[str]) -> str:
        if any(start <= match.start() < end for start, end in spans):
            return match[0]
        steps = match[2].split(".")[1:]
        node: Manifest | None = schema
        for index, step in enumerate(steps):
            node = ((node or {}).get("properties") or {}).get(step)
            if node is None:
                break
            kind = kind_of(node)
            if kind in ("TIMESTAMP", "DURATION"):
                head = f"{match[1]}.{'.'.join(steps[: index + 1])}"
                rest = "".join(f".{name}" for name in steps[index + 1 :])
                return f"{kind.lower()}({head}){rest}{match[3] or ''}"
        return match[0]

    return _CHAIN.sub(convert, source)


_CROSS_TYPE = re.compile(r"'_[<>]=?_' applied to '\((int|double|uint), (int|double|uint)\)'")

# --- checking ------------------------------------------------------------------------


def check(schema: Manifest, source: str, optional_old: bool) -> tuple[str, str]:
    """What a checker that knows the schema's fields says (empty when it is content), and the result's type."""
    problem = _unknown_field(schema, source) or _bad_pattern(source)
    if problem is not None:
        return problem, "DYN"
    typed = [("self", kind_of(schema)), ("oldSelf", "DYN" if optional_old else kind_of(schema))]
    typed += [(f"self.{path}", kind) for path, kind in _fields(schema, "")]
    if not optional_old:
        typed += [(f"oldSelf.{path}", kind) for path, kind in _fields(schema, "")]
    checked = _HAS.sub(lambda match: "true".ljust(len(match[0])), source)
    try:
        program = compile_expression(checked, tuple(typed))
    except CompileError as error:
        text = str(error)
        if "?" in source or "__" in source or "operand of a select" in text or _CROSS_TYPE.search(text):
            return "", "DYN"
        return text.replace(checked, source), "DYN"
    return "", program.kind


def _fields(schema: Manifest, prefix: str) -> list[tuple[str, str]]:
    """Paths and types of the scalar and list fields below objects, as far as they are certain."""
    found: list[tuple[str, str]] = []
    for name, sub in (schema.get("properties") or {}).items():
        if not re.fullmatch(r"[A-Za-z_]\w*", name) or "__" in name:
            continue
        kind = kind_of(sub)
        if kind == "MAP<STRING, DYN>" and sub.get("properties"):
            found += _fields(sub, f"{prefix}{name}.")
        elif kind != "DYN" and "DYN" not in kind:
            found.append((f"{prefix}{name}", kind))
    return found


def _unknown_field(schema: Manifest, source: str) -> str | None:
    if schema.get("type") != "object" or not schema.get("properties"):
        return None
    clean = _STRINGS.sub(lambda match: " " * len(match[0]), source)
    for match in _CHAIN.finditer(clean):
        steps = match[2].split(".")[1:]
        if match[3]:
            steps = steps[:-1]
        node: Manifest = schema
        place = match.start(2)
        for step in steps:
            properties = node.get("properties")
            if (
                not properties
                or node.get("x-kubernetes-preserve-unknown-fields")
                or node.get("x-kubernetes-embedded-resource")
            ):
                break
            if step not in properties:
                if "__" in step or step in ("metadata", "apiVersion", "kind"):
                    break
                return _located(source, place, f"undefined field '{step}'")
            node = properties[step]
            place += len(step) + 1
    return None


def _bad_pattern(source: str) -> str | None:
    for match in _MATCHES.finditer(source):
        text = match[1].removeprefix("r")[1:-1]
        try:
            pattern_of(text)
        except Exception:  # noqa: BLE001 re2.error is no stable name
            return _located(source, match.start(1), "invalid matches argument")
    return None


def _located(source: str, place: int, words: str) -> str:
    return f"ERROR: <input>:1:{place + 1}: {words}\n | {source}\n | {'.' * place}^"

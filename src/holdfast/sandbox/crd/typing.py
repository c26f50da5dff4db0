"""What the types of a schema mean for the expressions of its rules.

In: a compiled node and a rule's text. Out: types for its variables, and the text with conversions that the schema's formats ask for.
Never: evaluation, judging a rule.
"""

from __future__ import annotations

import re

from holdfast.kube.refs import Manifest
from holdfast.sandbox.crd.expressions import Variables

_FORMATS = {"date-time": "TIMESTAMP", "date": "TIMESTAMP", "duration": "DURATION", "byte": "BYTES"}
_SCALARS = {"integer": "INT", "number": "DOUBLE", "boolean": "BOOL"}
_CHAIN = re.compile(r"\b(self|oldSelf)((?:\.[A-Za-z_]\w*)+)(\s*\()?")
_HAS = re.compile(r"\bhas\(\s*[\w.]+\s*\)")
_STRINGS = re.compile(r"""r?"(?:\\.|[^"\\])*"|r?'(?:\\.|[^'\\])*'""")


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

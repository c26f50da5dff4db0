"""Columns of custom resources: ``additionalPrinterColumns`` with their JSONPaths."""

from __future__ import annotations

import datetime
import functools
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from holdfast.sandbox import gotext
from holdfast.sandbox.resources import Resource
from holdfast.sandbox.tables import text
from holdfast.sandbox.tables.columns import Column

_STEP: Final = re.compile(
    r"\.?(?P<name>(?:\\.|[^.\[\]\\])+)|\[\*\]|\[(?P<index>-?\d+)\]|\['(?P<quoted>[^']*)'\]"
    r"|\[(?P<start>-?\d*):(?P<end>-?\d*)\]"
    r"|\[\?\(\s*@\.(?P<field>[\w.\\/-]+)\s*(?:(?P<compare>==|!=|<=|>=|<|>)\s*(?P<value>'[^']*'|\"[^\"]*\"|[^\s)]+)\s*)?\)\]"
)


def definitions(resource: Resource) -> list[Column]:
    """The definitions behind ``Name``."""
    return [
        {
            "name": c["name"],
            "type": c["type"],
            "format": c.get("format") or "",
            "description": c.get("description")
            or f"Custom resource definition column (in JSONPath format): {c['jsonPath']}",
            "priority": int(c.get("priority") or 0),
        }
        for c in resource.spec.get("additionalPrinterColumns") or ()
    ]


def cells(resource: Resource, obj: Mapping[str, Any], now: datetime.datetime) -> list[Any]:
    return [_cell(c, obj, now) for c in resource.spec.get("additionalPrinterColumns") or ()]


def _cell(column: Mapping[str, Any], obj: Mapping[str, Any], now: datetime.datetime) -> Any:
    found = find(obj, str(column["jsonPath"]))
    if not found or found[0] is None:
        return None
    return _shown(str(column["type"]), found[0], now)


def _shown(type_: str, value: Any, now: datetime.datetime) -> Any:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if type_ == "integer":
        return int(value) if is_number else None
    if type_ == "number":
        return value if is_number else None
    if type_ == "boolean":
        return value if isinstance(value, bool) else None
    if type_ == "date":
        return _date(value, now)
    if isinstance(value, dict | list):
        return gotext.dumps(value)
    return value if isinstance(value, str) else gotext.scalar(value)


def _date(value: Any, now: datetime.datetime) -> str | None:
    if not isinstance(value, str):
        return None
    then = text.moment(value)
    if then is None or then.tzinfo is None:
        return "<invalid>"
    return text.human((now - then).total_seconds())


def find(obj: Any, path: str) -> list[Any]:
    """The values at a JSONPath of the kind that definitions may use: fields, indexes, ``[*]`` and equality filters."""
    values = [obj]
    for step in _steps(path):
        values = [v for value in values for v in _follow(value, step)]
    return values


@functools.lru_cache(maxsize=512)
def _steps(path: str) -> tuple[tuple[str, Any], ...]:
    steps: list[tuple[str, Any]] = []
    path = path.strip().removeprefix("$")
    at = 0
    while at < len(path):
        match = _STEP.match(path, at)
        if match is None:
            return (("nothing", None),)
        steps.append(_step(match))
        at = match.end()
    return tuple(steps)


def _step(match: re.Match[str]) -> tuple[str, Any]:
    if match["name"] is not None:
        return ("name", re.sub(r"\\(.)", r"\1", match["name"]))
    if match["quoted"] is not None:
        # Inside brackets a backslash only escapes the dot.
        return ("name", match["quoted"].replace("\\.", "."))
    if match["index"] is not None:
        return ("index", int(match["index"]))
    if match["start"] is not None:
        return ("slice", tuple(int(match[key]) if match[key] else None for key in ("start", "end")))
    if match["field"] is not None:
        return ("filter", (match["field"], match["compare"], _literal(match["value"] or "")))
    return ("all", None)


def _follow(value: Any, step: tuple[str, Any]) -> list[Any]:
    kind, argument = step
    if kind == "name":
        return [value[argument]] if isinstance(value, dict) and argument in value else []
    if kind == "all":
        return list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    if kind == "nothing" or not isinstance(value, list):
        return []
    if kind == "index":
        return [value[argument]] if -len(value) <= argument < len(value) else []
    if kind == "slice":
        return value[slice(*argument)]
    return [item for item in value if _passes(item, *argument)]


def _literal(text: str) -> Any:
    if text[:1] in ("'", '"'):
        return text[1:-1]
    if text in ("true", "false"):
        return text == "true"
    try:
        return int(text) if re.fullmatch(r"-?\d+", text) else float(text)
    except ValueError:
        return None


_COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def _passes(item: Any, field: str, compare: str | None, wanted: Any) -> bool:
    """Only values of one kind are compared; without a comparison the field has to be there."""
    found = find(item, "." + field)
    if compare is None or not found:
        return bool(found)
    return type(found[0]) is type(wanted) and _COMPARE[compare](found[0], wanted)

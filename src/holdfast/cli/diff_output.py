"""Differences as text, as Markdown fit for a pull request comment, and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from holdfast.offline.changes import Change, Field
    from holdfast.offline.diff import UnitDiff

_SIGNS = {"added": "+", "changed": "~", "removed": "-"}
_LONGEST = 120


def text(found: Sequence[UnitDiff]) -> str:
    lines = []
    for unit in found:
        lines.append(f"{unit.key}{f' ({unit.cluster})' if unit.cluster else ''}: {_count(unit)}, {unit.risk} risk")
        lines += [f"  ! {note}" for note in _words(unit)]
        for change in unit.changes:
            lines.append(f"  {_SIGNS[change.kind.value]} {change.ref}")
            lines += [f"      ! {note}" for note in change.notes]
            lines += [f"      {_line(field)}" for field in change.fields]
    return "\n".join(lines) if lines else "no differences"


def _words(unit: UnitDiff) -> list[str]:
    return [*unit.notes, *([unit.problem.strip()] if unit.problem else [])]


def _count(unit: UnitDiff) -> str:
    numbers = {k: sum(c.kind.value == k for c in unit.changes) for k in _SIGNS}
    return ", ".join(f"{n} {k}" for k, n in numbers.items() if n) or "cannot be rendered"


def _line(field: Field) -> str:
    from holdfast.offline.changes import MISSING

    if field.before is MISSING:
        return f"{field.path.lstrip('.')}: + {_value(field.after)}"
    if field.after is MISSING:
        return f"{field.path.lstrip('.')}: - {_value(field.before)}"
    return f"{field.path.lstrip('.')}: {_value(field.before)} → {_value(field.after)}"


def _value(value: Any) -> str:
    import json as library

    shown = value if isinstance(value, str) and "\n" not in value else library.dumps(value, ensure_ascii=False)
    return shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"


def markdown(found: Sequence[UnitDiff]) -> str:
    if not found:
        return "No differences in what is delivered."
    lines = ["| unit | changes | risk |", "|---|---|---|"]
    lines += [f"| `{u.key}`{f' ({u.cluster})' if u.cluster else ''} | {_count(u)} | {u.risk} |" for u in found]
    for unit in found:
        lines += ["", f"<details><summary><code>{unit.key}</code></summary>", ""]
        lines += [f"> **{note}**" for note in _words(unit)]
        lines += ["", "```diff", *(line for change in unit.changes for line in _block(change)), "```", "", "</details>"]
    return "\n".join(lines)


def _block(change: Change) -> list[str]:
    from holdfast.offline.changes import MISSING

    sign = {"added": "+", "changed": " ", "removed": "-"}[change.kind.value]
    lines = [f"{sign} {change.ref}", *(f"! {note}" for note in change.notes)]
    for field in change.fields:
        path = field.path.lstrip(".")
        lines += [f"-   {path}: {_value(field.before)}"] if field.before is not MISSING else []
        lines += [f"+   {path}: {_value(field.after)}"] if field.after is not MISSING else []
    return lines


def json(found: Sequence[UnitDiff]) -> str:
    import json as library

    return library.dumps([_plain(u) for u in found], indent=2)


def _plain(unit: UnitDiff) -> dict[str, Any]:
    return {
        "unit": str(unit.key),
        "cluster": unit.cluster,
        "risk": unit.risk,
        "notes": list(unit.notes),
        "problem": unit.problem,
        "changes": [
            {
                "kind": c.kind.value,
                "object": {"group": c.ref.group, "kind": c.ref.kind, "namespace": c.ref.namespace, "name": c.ref.name},
                "notes": list(c.notes),
                "fields": [_plain_field(f) for f in c.fields],
            }
            for c in unit.changes
        ],
    }


def _plain_field(field: Field) -> dict[str, Any]:
    from holdfast.offline.changes import MISSING

    found: dict[str, Any] = {"path": field.path.lstrip(".")}
    if field.before is not MISSING:
        found["before"] = field.before
    if field.after is not MISSING:
        found["after"] = field.after
    return found

"""Differences as text, as Markdown fit for a pull request comment, and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from holdfast.offline.changes import Change, Field
    from holdfast.offline.diff import UnitDiff

_SIGNS = {"added": "+", "changed": "~", "removed": "-", "moved": ">"}
_LONGEST = 120


def text(found: Sequence[UnitDiff]) -> str:
    lines = []
    for unit in found:
        risk, why = unit.verdict
        lines.append(f"{unit.key}{f' ({unit.cluster})' if unit.cluster else ''}: {_count(unit)}")
        lines.append(f"  risk: {risk}: {why}")
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
    lines = [f"**{headline(found)}**", "", "| unit | changes | risk |", "|---|---|---|"]
    for unit in found:
        risk, why = unit.verdict
        cluster = f" ({unit.cluster})" if unit.cluster else ""
        lines.append(f"| `{unit.key}`{cluster} | {_count(unit)} | {_MARKS[risk]} {risk}: {_cell(why)} |")
    for unit in found:
        lines += ["", f"<details><summary><code>{unit.key}</code>: {_count(unit)}</summary>", ""]
        lines += [f"> **{note}**" for note in _words(unit)]
        lines += ["", "```diff", *(line for change in unit.changes for line in _block(change)), "```", "", "</details>"]
    return "\n".join(lines)


_MARKS = {"high": "🔴", "medium": "🟡", "low": "🟢"}


def headline(found: Sequence[UnitDiff]) -> str:
    """What all of it comes to, in one line."""
    totals = {k: sum(c.kind.value == k for u in found for c in u.changes) for k in _SIGNS}
    words = ", ".join(f"{n} {k}" for k, n in totals.items() if n) or "nothing rendered"
    worst = next((r for r in ("high", "medium") if any(u.risk == r for u in found)), "low")
    return f"{len(found)} units differ: {words}; {worst} risk"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def html(found: Sequence[UnitDiff]) -> str:
    """One page, without anything from elsewhere."""
    body = "".join(_section(u) for u in found) or "<p>No differences in what is delivered.</p>"
    head = f"<h1>{escape(headline(found) if found else 'No differences')}</h1>"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>holdfast diff</title>'
        f"<style>{_STYLE}</style></head><body>\n{head}\n{body}</body></html>"
    )


_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1f2328;background:#fff}"
    "h1{font-size:1.3rem}summary{cursor:pointer;padding:.4rem 0}pre{overflow-x:auto;background:#f6f8fa;padding:.8rem;"
    "border-radius:6px}ins{background:#dafbe1;text-decoration:none}del{background:#ffebe9;text-decoration:none}"
    ".high{color:#b3261e;font-weight:600}.medium{color:#8a5a00;font-weight:600}.low{color:#1a7f37}"
    "@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}pre{background:#161b22}"
    "ins{background:#12381f}del{background:#4d1519}.high{color:#ff8a80}.medium{color:#e3b341}.low{color:#56d364}}"
)


def _section(unit: UnitDiff) -> str:
    risk, why = unit.verdict
    words = "".join(f"<p><strong>{escape(w)}</strong></p>" for w in _words(unit))
    lines = "\n".join(_html_line(line) for change in unit.changes for line in _block(change))
    cluster = f" ({escape(unit.cluster)})" if unit.cluster else ""
    return (
        f"<details open><summary><code>{escape(str(unit.key))}</code>{cluster}: {escape(_count(unit))}, "
        f'<span class="{risk}">{risk} risk</span>: {escape(why)}</summary>{words}<pre>{lines}</pre></details>\n'
    )


def _html_line(line: str) -> str:
    tag = {"+": "ins", "-": "del"}.get(line[:1])
    return f"<{tag}>{escape(line)}</{tag}>" if tag else escape(line)


def _block(change: Change) -> list[str]:
    from holdfast.offline.changes import MISSING

    sign = {"added": "+", "changed": " ", "removed": "-", "moved": "!"}[change.kind.value]
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
        "why": unit.verdict[1],
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

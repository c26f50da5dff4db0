"""Errors of templates in the three forms in which Helm shows them."""

from __future__ import annotations

import re

from holdfast.base.errors import Place
from holdfast.helm.go.errors import GoError
from holdfast.helm.gotemplate.errors import ExecError

_WARNING = re.compile(r"HELM_ERR_START(.*)HELM_ERR_END", re.DOTALL)
_PREFIX = "template: "


def parse_message(path: str, fault: GoError) -> tuple[str, Place]:
    """Helm keeps the place and what follows the last colon."""
    parts = fault.text.split(": ")
    if len(parts) == 1:
        return f"parse error in ({path}): {fault.text}", Place(path)
    line = parts[1].rpartition(":")[2]
    return f"parse error at ({parts[1]}): {parts[-1]}", Place(path, int(line) if line.isdigit() else 0)


def exec_message(fault: ExecError) -> str:
    """The message of required or fail with its place; else a trace of all levels; else Go's own line."""
    parts = fault.text.split(": ", 2)
    if len(parts) == 3:
        warning = _WARNING.search(parts[2])
        if warning:
            return f"execution error at ({parts[1]}): {warning[1]}"
    trace: list[str] = []
    current: GoError | None = fault
    while current is not None:
        entry = _entry(current.text)
        if entry is None:
            return fault.text
        if not trace or trace[-1] != entry:
            trace.append(entry)
        current = current.inner
    return "".join(trace).strip()


def _entry(text: str) -> str | None:
    """One level of the trace; None for a text that is not of text/template's form."""
    if not text.startswith(_PREFIX):
        return None
    rest = text[len(_PREFIX) :]
    if rest.startswith("no template "):
        return f"{text}\n"
    place, executing, after = rest.partition(": executing ")
    if executing and after.startswith('"'):
        return _executing(place, after) or _simple(rest)
    return _simple(rest)


def _executing(place: str, after: str) -> str | None:
    end = after.find('"', 1)
    name, rest = after[1:end], after[end + 1 :]
    if end < 0 or not rest.startswith(" at <"):
        return None
    context, found, message = rest[len(" at <") :].partition(">: ")
    if not found:
        return None
    return f'{place}\n  executing "{name}" at <{context}>:\n    {_cut(message)}\n'


def _simple(rest: str) -> str | None:
    place, found, message = rest.rpartition(": ")
    return f"{place}\n  {_cut(message)}\n" if found else None


def _cut(message: str) -> str:
    at = message.find(" template:")
    return message[:at] if at >= 0 else message

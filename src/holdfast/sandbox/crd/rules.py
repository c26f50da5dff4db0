"""The CEL rules of a schema, run over an object.

In: a compiled node, the object, the stored one. Out: field errors, and warnings for failures that were there before. Never: schema checks.
"""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.sandbox import gotext, status
from holdfast.sandbox.crd.expressions import CompileError, EvalError, Program, compile_expression
from holdfast.sandbox.crd.outcome import Outcome
from holdfast.sandbox.crd.structural import Node
from holdfast.sandbox.crd.typing import converted, variables
from holdfast.sandbox.crd.values import MISSING, item_key, join, type_word
from holdfast.sandbox.status import FieldError

_RESERVED = frozenset(
    [
        "true",
        "false",
        "null",
        "in",
        "as",
        "break",
        "const",
        "continue",
        "else",
        "for",
        "function",
        "if",
        "import",
        "let",
        "loop",
        "package",
        "namespace",
        "return",
        "var",
        "void",
        "while",
    ]
)
_REASONS = {"FieldValueForbidden": status.FORBIDDEN, "FieldValueInvalid": status.INVALID, "FieldValueRequired": status.REQUIRED,
            "FieldValueDuplicate": status.DUPLICATE}  # fmt: skip
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}


def run(node: Node, value: Any, old: Any = MISSING) -> Outcome:
    outcome = Outcome()
    _walk(outcome, node, value, "", old, True)
    return outcome


def _walk(outcome: Outcome, node: Node, value: Any, path: str, old: Any, correlated: bool) -> None:
    if not node.has_rules or value is None:
        return
    for rule in node.rules:
        _rule(outcome, node, rule, value, path, old if correlated else MISSING)
    if isinstance(value, dict):
        before = old if isinstance(old, dict) else {}
        for key, item in value.items():
            sub = node.properties.get(key)
            if sub is not None:
                _walk(outcome, sub, item, join(path, key), before.get(key, MISSING), correlated)
            elif node.additional is not None:
                _walk(outcome, node.additional, item, f"{path}[{key}]", before.get(key, MISSING), correlated)
    elif isinstance(value, list) and node.items is not None:
        table = (
            {item_key(node, i): i for i in old if isinstance(i, dict)}
            if node.list_type == "map" and isinstance(old, list)
            else {}
        )
        for index, item in enumerate(value):
            before_item = table.get(item_key(node, item), MISSING) if isinstance(item, dict) else MISSING
            _walk(outcome, node.items, item, f"{path}[{index}]", before_item, correlated)


def _rule(outcome: Outcome, node: Node, rule: Manifest, value: Any, path: str, old: Any) -> None:
    try:
        program = _compiled(node, rule.get("rule") or "")
    except CompileError:
        return
    optional = bool(rule.get("optionalOldSelf"))
    if program.uses_old and old is MISSING and not optional:
        return
    values = {"self": to_cel(node, value), "oldSelf": None}
    if program.uses_old:
        values["oldSelf"] = None if old is MISSING else to_cel(node, old)
        if optional:
            program = _optional(node, rule["rule"], old is not MISSING)
    error = _judge(node, rule, program, values, value, path)
    if error is None:
        return
    if old is not MISSING and not program.uses_old and old == value:
        outcome.warnings.append(str(error))
    else:
        outcome.errors.append(error)


def _compiled(node: Node, source: str) -> Program:
    return compile_expression(converted(node.raw, source), variables(node.raw))


def _optional(node: Node, source: str, present: bool) -> Program:
    """With optionalOldSelf the old value is an optional."""
    wrapped = "optional.of(oldSelf)" if present else "optional.none()"
    return _compiled(node, re.sub(r"\boldSelf\b", wrapped, source))


def _judge(node: Node, rule: Manifest, program: Program, values: Manifest, value: Any, path: str) -> FieldError | None:
    where = path or "<nil>"
    scalar = not isinstance(value, (dict, list))
    try:
        if program.run(values) is True:
            return None
    except EvalError as error:
        text = f"{error} evaluating rule: {rule.get('message') or rule['rule'].strip()}"
        return FieldError(status.INVALID, where, type_word(value) if path else "object", text)
    where += _field_path(node, rule.get("fieldPath") or "")
    reason = _REASONS.get(rule.get("reason") or "", status.INVALID)
    message = _message(node, rule, values)
    if reason == status.DUPLICATE:
        return FieldError(reason, where, value if scalar else status.OMIT, "")
    return FieldError(reason, where, value if scalar else status.OMIT, message)


_STEP = re.compile(r"\.([A-Za-z_][A-Za-z0-9_-]*)|\['((?:[^'\\]|\\.)+)'\]")


def _field_path(node: Node, text: str) -> str:
    """A rule's fieldPath as it stands in errors: keys of maps in brackets, fields after a dot."""
    out = ""
    current: Node | None = node
    for match in _STEP.finditer(text):
        name = match[1] or match[2]
        if current is not None and name in current.properties:
            out, current = f"{out}.{name}", current.properties[name]
        else:
            out, current = f"{out}[{name}]", current.additional if current is not None else None
    return out


def _message(node: Node, rule: Manifest, values: Manifest) -> str:
    fallback = (rule.get("message") or "").strip() or f"failed rule: {(rule.get('rule') or '').strip()}"
    expression = rule.get("messageExpression")
    if not expression:
        return fallback
    try:
        found = _compiled(node, expression).run(values)
    except (CompileError, EvalError):
        return fallback
    if not isinstance(found, str) or not found.strip() or "\n" in found.strip():
        return fallback
    return found.strip()


# --- values ---------------------------------------------------------------------------


def escaped(name: str) -> str:
    """A property's name as an identifier of CEL."""
    if name in _RESERVED:
        return f"__{name}__"
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) and "__" not in name:
        return name
    text = (
        name.replace("__", "__underscores__").replace(".", "__dot__").replace("-", "__dash__").replace("/", "__slash__")
    )
    return text if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", text) else name


def to_cel(node: Node, value: Any, top: bool = True) -> Any:
    """JSON data with the types that the schema gives it. Times are converted here only where they are the whole value."""
    if value is None:
        return None
    if isinstance(value, dict):
        found = {}
        for key, item in value.items():
            sub = node.properties.get(key)
            if sub is not None:
                found[escaped(key)] = to_cel(sub, item, False)
                if key in _RESERVED:
                    found[key] = found[escaped(key)]
            else:
                found[key] = to_cel(node.additional, item, False) if node.additional is not None else item
        return found
    if isinstance(value, list):
        return [to_cel(node.items, item, False) for item in value] if node.items is not None else value
    if isinstance(value, str):
        return _text(node.raw.get("format"), value, top)
    if node.type == "number" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if node.type == "integer" and isinstance(value, float):
        return int(value)
    return value


def _text(form: str | None, value: str, top: bool) -> Any:
    try:
        if form == "byte":
            return base64.b64decode(value)
        if not top:
            return _instant(value) if form == "date" else value
        if form in ("date-time", "date"):
            moment = datetime.fromisoformat(value.replace("Z", "+00:00"))
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        if form == "duration":
            return _duration(value)
    except ValueError:
        return value
    return value


def _instant(date: str) -> str:
    """A date as the text of its first moment."""
    return f"{date}T00:00:00Z" if len(date) == 10 else date


def _duration(text: str) -> timedelta:
    parts = re.findall(r"([\d.]+)(ns|us|µs|ms|s|m|h)", text)
    seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    return timedelta(seconds=-seconds if text.startswith("-") else seconds)


def rule_dump(rule: Manifest) -> str:
    """A rule as the server prints the internal struct."""
    fields = (("Rule", "rule", ""), ("Message", "message", ""), ("MessageExpression", "messageExpression", ""), ("Reason", "reason", None),
              ("FieldPath", "fieldPath", ""), ("OptionalOldSelf", "optionalOldSelf", None))  # fmt: skip
    return "{" + ",".join(f'"{go}":{gotext.dumps(rule.get(key, zero))}' for go, key, zero in fields) + "}"

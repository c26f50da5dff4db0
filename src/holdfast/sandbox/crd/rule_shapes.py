"""The shape of a schema's rules: messages, reasons and field paths, before any expression is read.

In: a schema and its path. Out: field errors.
"""

from __future__ import annotations

import re

from holdfast.kube.refs import Manifest
from holdfast.sandbox.crd.field_paths import BadPath, follow
from holdfast.sandbox.kinds.field import Errors

_REASONS = ("FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired")
_BREAK = re.compile(r"[\n\r]")
_EMPTY, _BROKEN = "must be non-empty if specified", "must not contain line breaks"


def check(errs: Errors, found: Manifest, path: str) -> None:
    for index, rule in enumerate(found.get("x-kubernetes-validations") or ()):
        place = f"{path}.x-kubernetes-validations[{index}]"
        _texts(errs, rule, place)
        if rule.get("reason") is not None and rule["reason"] not in _REASONS:
            errs.unsupported(f"{place}.reason", rule["reason"], _REASONS)
        if rule.get("fieldPath"):
            _field_path(errs, rule["fieldPath"], found, f"{place}.fieldPath")


def _texts(errs: Errors, rule: Manifest, path: str) -> None:
    text, message, expression = (rule.get(key) or "" for key in ("rule", "message", "messageExpression"))
    if not text.strip():
        errs.required(f"{path}.rule", "rule is not specified")
    elif message and not message.strip():
        errs.invalid(f"{path}.message", message, _EMPTY)
    elif _BREAK.search(message.strip()):
        errs.invalid(f"{path}.message", message, _BROKEN)
    elif _BREAK.search(text.strip()) and not message.strip():
        errs.required(f"{path}.message", "message must be specified if rule contains line breaks")
    if expression and not expression.strip():
        errs.required(f"{path}.messageExpression", "messageExpression must be non-empty if specified")


def _field_path(errs: Errors, text: str, found: Manifest, path: str) -> None:
    if not text.strip():
        errs.invalid(path, text, _EMPTY)
    if _BREAK.search(text):
        errs.invalid(path, text, _BROKEN)
    if not _valid(text, found):
        errs.invalid(path, text, "must be a valid path")


def _valid(text: str, found: Manifest) -> bool:
    try:
        follow(text, found)
    except BadPath:
        return False
    return True

"""Rules about texts in other languages inside of objects: CEL, and validation rules that definitions bring along."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from holdfast.base.errors import HoldfastError
from holdfast.kube.refs import GroupVersionKind
from holdfast.kube.schema import Schema
from holdfast.offline.findings import Finding
from holdfast.offline.rules.index import Index, Key, mappings, spec_of
from holdfast.offline.unit import Survey


def invalid(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit in survey.units.values():
        for path, text in _of_unit(dict(unit.spec)):
            problem = _fault(text)
            if problem:
                yield index.about("cel-invalid", unit, problem, "spec", *path)
    for unit, obj in index.each("ValidatingAdmissionPolicy", "MutatingAdmissionPolicy"):
        for path, text in _of_policy(spec_of(obj)):
            problem = _fault(text)
            if problem:
                yield index.finding("cel-invalid", unit, obj, problem, "spec", *path)


def _of_unit(spec: dict[str, Any]) -> Iterator[tuple[tuple[Key, ...], str]]:
    for number, entry in mappings(spec.get("healthCheckExprs")):
        for field in ("current", "inProgress", "failed"):
            if entry.get(field):
                yield ("healthCheckExprs", number, field), str(entry[field])
    for number, entry in mappings(spec.get("dependsOn")):
        if entry.get("readyExpr"):
            yield ("dependsOn", number, "readyExpr"), str(entry["readyExpr"])


def _of_policy(spec: dict[str, Any]) -> Iterator[tuple[tuple[Key, ...], str]]:
    for field in ("validations", "matchConditions", "variables", "auditAnnotations"):
        for number, entry in mappings(spec.get(field)):
            for key in ("expression", "messageExpression", "valueExpression"):
                if entry.get(key):
                    yield (field, number, key), str(entry[key])


def _fault(text: str) -> str:
    """Only what cannot be parsed: functions of Kubernetes' own are not all known here."""
    from holdfast.kube.cel import compile_expression

    if "${" in text:
        return ""
    try:
        compile_expression(text)
    except HoldfastError as error:
        if "undeclared reference" in error.message or "overload" in error.message:
            return ""
        return error.message
    return ""


# -- rules of definitions ----------------------------------------------------------------------------------------------


def violated(survey: Survey) -> Iterator[Finding]:
    """x-kubernetes-validations of custom resources that say no to an object."""
    index = Index.of(survey)
    for unit, obj in index.objects:
        gvk = GroupVersionKind.of(obj)
        shape = index.schema(gvk) if "." in gvk.group and index.builtin.lookup(gvk) is None else None
        for path, message in _judged(obj, shape, ()) if shape is not None else ():
            yield index.finding("cel-violated", unit, obj, message, *path)


def _judged(value: Any, shape: Schema, path: tuple[Key, ...]) -> Iterator[tuple[tuple[Key, ...], str]]:
    for rule in shape.raw.get("x-kubernetes-validations") or ():
        if isinstance(rule, dict) and _says_no(value, str(rule.get("rule") or "")):
            where = ".".join(map(str, path)) or "it"
            yield path, f"breaks a rule of its definition at {where}: {rule.get('message') or rule.get('rule')}"
    if isinstance(value, dict):
        for name, item in value.items():
            inner = shape.properties.get(name) or shape.additional
            if inner is not None and name not in ("metadata", "status"):
                yield from _judged(item, inner, (*path, name))
    elif isinstance(value, list) and shape.items is not None:
        for number, item in enumerate(value):
            yield from _judged(item, shape.items, (*path, number))


def _says_no(value: Any, text: str) -> bool:
    """True only for a plain no: what cannot be evaluated here is left to the API server."""
    from holdfast.kube.cel import compile_expression

    if not text or "oldSelf" in text or "${" in str(value):
        return False
    try:
        return compile_expression(text).value({"self": value}) is False
    except (HoldfastError, ValueError, TypeError, RuntimeError):
        return False

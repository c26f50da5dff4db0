"""Rules about texts in other languages inside of objects: CEL, and validation rules that definitions bring along."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from holdfast.base.errors import HoldfastError
from holdfast.kube.refs import GroupVersionKind, Manifest
from holdfast.kube.schema import Schema
from holdfast.offline.findings import Finding
from holdfast.offline.rules.index import Index, Key, mapping, mappings, name_of, spec_of
from holdfast.offline.unit import Survey, key_of


def invalid(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit in survey.units.values():
        for path, text in _of_unit(dict(unit.spec)):
            problem = _fault(text, whole=True)
            if problem:
                yield index.about("cel-invalid", unit, problem, "spec", *path)
    for unit, obj in index.each("CustomResourceDefinition"):
        for path, text in _of_definition(obj) if unit.key.kind != "HelmRelease" else ():
            problem = _fault(text)
            if problem:
                yield index.finding("cel-invalid", unit, obj, problem, *path)
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


def _of_definition(obj: dict[str, Any]) -> Iterator[tuple[tuple[Key, ...], str]]:
    for number, version in mappings(spec_of(obj).get("versions")):
        schema = mapping(mapping(version.get("schema")).get("openAPIV3Schema"))
        yield from _of_schema(schema, ("spec", "versions", number, "schema", "openAPIV3Schema"))


def _of_schema(schema: dict[str, Any], path: tuple[Key, ...]) -> Iterator[tuple[tuple[Key, ...], str]]:
    for number, rule in mappings(schema.get("x-kubernetes-validations")):
        yield (*path, "x-kubernetes-validations", number, "rule"), str(rule.get("rule") or "")
    for name, inner in mapping(schema.get("properties")).items():
        yield from _of_schema(mapping(inner), (*path, "properties", name))
    for field in ("items", "additionalProperties"):
        if isinstance(schema.get(field), dict):
            yield from _of_schema(schema[field], (*path, field))


# -- Lua ---------------------------------------------------------------------------------------------------------------


def invalid_lua(survey: Survey) -> Iterator[Finding]:
    """Health checks and actions in Argo CD's settings, also where those are applied by hand."""
    index = Index.of(survey)
    rendered = {key_of(obj) for _, obj in index.each("ConfigMap")}
    for unit, obj in index.each("ConfigMap"):
        for key, problem in _wrong_lua(obj):
            yield index.finding("lua-invalid", unit, obj, problem, "data", key)
    for document in survey.documents:
        obj = document.object
        if obj["kind"] == "ConfigMap" and name_of(obj) == "argocd-cm" and key_of(obj) not in rendered:
            for key, problem in _wrong_lua(obj):
                place = index.lines.at(document.place, ("data", key))
                yield Finding.at("lua-invalid", place, f"ConfigMap {name_of(obj)} {problem}")


def _wrong_lua(obj: Manifest) -> Iterator[tuple[str, str]]:
    for key, value in mapping(obj.get("data")).items():
        if str(key).startswith("resource.customizations") and isinstance(value, str):
            faults = (_lua_fault(script) for script in _scripts(str(key), value))
            yield from ((str(key), f"has no Lua in {key}: {fault}") for fault in faults if fault)


def _scripts(key: str, value: str) -> Iterator[str]:
    from holdfast.kube import yaml

    if key.startswith("resource.customizations.health."):
        yield value
        return
    try:
        content = yaml.load(value)
    except HoldfastError:
        return
    yield from _lua_in(content)


def _lua_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, item in value.items():
            if isinstance(item, str) and str(name) in ("health.lua", "action.lua", "discovery.lua"):
                yield item
            else:
                yield from _lua_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from _lua_in(item)


def _lua_fault(script: str) -> str:
    """Only what cannot be parsed: on an empty object any script may stumble."""
    from holdfast.health.lua import run

    try:
        run(script, {})
    except HoldfastError as error:
        return error.message if " near " in error.message or "expected" in error.message else ""
    return ""


def _of_policy(spec: dict[str, Any]) -> Iterator[tuple[tuple[Key, ...], str]]:
    for field in ("validations", "matchConditions", "variables", "auditAnnotations"):
        for number, entry in mappings(spec.get(field)):
            for key in ("expression", "messageExpression", "valueExpression"):
                if entry.get(key):
                    yield (field, number, key), str(entry[key])


def _fault(text: str, *, whole: bool = False) -> str:
    """Only what cannot be parsed, for functions of Kubernetes' own are not all known here; with ``whole`` what is not declared
    too, as Flux judges the expressions of its units."""
    from holdfast.kube.cel import compile_expression

    if "${" in text:
        return ""
    try:
        compile_expression(text)
    except HoldfastError as error:
        if not whole and ("undeclared reference" in error.message or "overload" in error.message):
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

"""What makes a schema structural: types on every level, nothing but conditions inside of junctors, metadata left alone.

In: an openAPIV3Schema and the path it is reported under. Out: field errors in the API's words. Never: objects, CEL rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from holdfast.kube.refs import Manifest
from holdfast.sandbox.crd.values import pattern_of
from holdfast.sandbox.kinds.field import Errors

JUNCTORS = ("anyOf", "allOf", "oneOf")
_INT_OR_STRING = [{"type": "integer"}, {"type": "string"}]
_EMBEDDED = "x-kubernetes-embedded-resource"
_PRESERVE = "x-kubernetes-preserve-unknown-fields"
_EITHER = "x-kubernetes-int-or-string"
_NOWHERE = (
    ("id", "id"), ("schema", "$schema"), ("$ref", "$ref"), ("patternProperties", "patternProperties"), ("dependencies", "dependencies"),
    ("definitions", "definitions"),
)  # fmt: skip
_ROOT, _ITEM, _FIELD = "at the root", "for specified array items", "for specified object fields"
_IN_JUNCTORS = (
    ("type", "empty"), ("additionalProperties", "undefined"), ("default", "undefined"), ("title", "empty"), ("description", "empty"),
    ("nullable", "false"), (_PRESERVE, "false"), (_EMBEDDED, "false"), (_EITHER, "false"), ("x-kubernetes-list-map-keys", "empty"),
    ("x-kubernetes-list-type", "undefined"), ("x-kubernetes-map-type", "undefined"), ("x-kubernetes-validations", "empty"),
)  # fmt: skip


def check(found: Manifest, path: str) -> Errors:
    """A version's whole schema; the errors in alphabetical order."""
    errs = Errors()
    _schema(errs, found, path, _ROOT)
    _covered(errs, found, found, path, path)
    return Errors(sorted(errs, key=str))


def unconvertible(found: Manifest) -> str:
    """Why nothing structural can be made of a schema; empty where something can."""
    problem = next((f"OpenAPIV3Schema '{name}' is not supported" for name, key in _NOWHERE if found.get(key)), "")
    if not problem and found.get("additionalItems") is not None:
        problem = "OpenAPIV3Schema 'additionalItems' is not supported"
    if not problem and found.get(_PRESERVE) is False:
        problem = "internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined"
    if not problem and isinstance(found.get("items"), list):
        problem = "OpenAPIV3Schema 'items' must be a schema, but is an array"
    return problem or next((below for sub in schemas_below(found) if (below := unconvertible(sub))), "")


def schemas_below(found: Manifest) -> Iterator[Manifest]:
    """All schemas one level below, those in conditions included."""
    yield from (found.get("properties") or {}).values()
    for key in ("items", "additionalProperties", "not"):
        if isinstance(found.get(key), dict):
            yield found[key]
    for key in JUNCTORS:
        yield from found.get(key) or ()


def _schema(errs: Errors, found: Manifest, path: str, level: str) -> None:
    items, additional = found.get("items"), found.get("additionalProperties")
    if found.get("type") == "array" and items is None:
        errs.required(f"{path}.items", "must be specified")
    if isinstance(items, dict):
        _schema(errs, items, f"{path}.items", _ITEM)
    for name, sub in (found.get("properties") or {}).items():
        _schema(errs, sub, f"{path}.properties[{name}]", _FIELD)
    if additional is not None and level == _ROOT:
        errs.forbidden(f"{path}.additionalProperties", "must not be used at the root")
    if isinstance(additional, dict):
        _schema(errs, additional, f"{path}.additionalProperties", _FIELD)
    _extensions(errs, found, path)
    _conditions(errs, found, path, _skipped(found))
    _type(errs, found, path, level)
    _resource(errs, found, path, level)


def _type(errs: Errors, found: Manifest, path: str, level: str) -> None:
    kind = found.get("type") or ""
    if found.get(_EMBEDDED) and kind != "object":
        text = "must be object if x-kubernetes-embedded-resource is true"
        errs.invalid(f"{path}.type", kind, text) if kind else errs.required(f"{path}.type", text)
    elif not kind and not found.get(_EITHER) and not found.get(_PRESERVE):
        errs.required(f"{path}.type", f"must not be empty {level}")
    if level == _ROOT and kind and kind != "object":
        errs.invalid(f"{path}.type", kind, "must be object at the root")


def _extensions(errs: Errors, found: Manifest, path: str) -> None:
    for key in (_PRESERVE, _EMBEDDED):
        if found.get(_EITHER) and found.get(key):
            errs.invalid(f"{path}.{key}", True, "must be false if x-kubernetes-int-or-string is true")


def _resource(errs: Errors, found: Manifest, path: str, level: str) -> None:
    """What the root and embedded resources may say of an object's own fields."""
    properties, embedded = found.get("properties") or {}, found.get(_EMBEDDED)
    if embedded and found.get("additionalProperties") is not None:
        errs.forbidden(f"{path}.additionalProperties", "must not be used if x-kubernetes-embedded-resource is set")
    if level == _ROOT or embedded:
        for key, kind in (("kind", "string"), ("apiVersion", "string"), ("metadata", "object")):
            if key in properties and properties[key].get("type") != kind:
                errs.invalid(f"{path}.properties[{key}].type", properties[key].get("type") or "", f"must be {kind}")
    if level == _ROOT and "metadata" in properties and not _plain_metadata(properties["metadata"]):
        text = "must not specify anything other than name and generateName, but metadata is implicitly specified"
        errs.forbidden(f"{path}.properties[metadata]", text)
    if embedded and not found.get(_PRESERVE) and not properties:
        text = (
            "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields"
        )
        errs.required(f"{path}.properties", text)


def _plain_metadata(found: Manifest) -> bool:
    names = set(found.get("properties") or {})
    rest = {
        key for key, value in found.items() if value is not None and value is not False and value not in ("", [], {})
    }
    return names <= {"name", "generateName"} and rest <= {"type", "default", "properties"}


# --- conditions -----------------------------------------------------------------


def _skipped(found: Manifest) -> tuple[bool, bool]:
    """Whether anyOf, and the anyOf of the first allOf, say nothing but that integers and strings are meant."""
    all_of = found.get("allOf") or []
    return found.get("anyOf") == _INT_OR_STRING, bool(all_of) and all_of[0].get("anyOf") == _INT_OR_STRING


def _conditions(errs: Errors, found: Manifest, path: str, skip: tuple[bool, bool] = (False, False)) -> None:
    for key in JUNCTORS:
        for index, sub in enumerate(found.get(key) or ()):
            if key == "anyOf" and skip[0]:
                continue
            _nested(errs, sub, f"{path}.{key}[{index}]", key == "allOf" and index == 0 and skip[1])
    if isinstance(found.get("not"), dict):
        _nested(errs, found["not"], f"{path}.not")
    problem = _pattern_problem(found["pattern"]) if found.get("pattern") else ""
    if problem:
        errs.invalid(f"{path}.pattern", found["pattern"], f"must be a valid regular expression, but isn't: {problem}")


def _nested(errs: Errors, found: Manifest, path: str, skip_any: bool = False) -> None:
    """Inside of junctors there are only conditions on values."""
    _conditions(errs, found, path, (skip_any, False))
    if isinstance(found.get("items"), dict):
        _nested(errs, found["items"], f"{path}.items")
    for name, sub in (found.get("properties") or {}).items():
        _nested(errs, sub, f"{path}.properties[{name}]")
    for key, words in _IN_JUNCTORS:
        if _said(found, key):
            errs.forbidden(f"{path}.{key}", f"must be {words} to be structural")
    if "metadata" in (found.get("properties") or {}):
        errs.forbidden(f"{path}.properties[metadata]", "must not be specified in a nested context")


def _said(found: Manifest, key: str) -> bool:
    value = found.get(key)
    if key == "additionalProperties":
        return value is True or isinstance(value, dict)
    return value is not None if key in ("default", "x-kubernetes-list-type", "x-kubernetes-map-type") else bool(value)


# --- completeness ---------------------------------------------------------------


def _covered(errs: Errors, found: Manifest, outer: Manifest, path: str, outer_path: str) -> None:
    """What the conditions of the root name has to be specified by the schema itself. (The real server looks at the root's only.)"""
    for key in JUNCTORS:
        for index, sub in enumerate(found.get(key) or ()):
            _inside(errs, sub, outer, f"{path}.{key}[{index}]", outer_path)
    if isinstance(found.get("not"), dict):
        _inside(errs, found["not"], outer, f"{path}.not", outer_path)


def _inside(errs: Errors, found: Manifest, outer: Manifest | None, path: str, outer_path: str) -> None:
    _covered(errs, found, outer or {}, path, outer_path)
    items = found.get("items")
    if isinstance(items, dict):
        match = (outer or {}).get("items")
        if not isinstance(match, dict):
            errs.required(f"{outer_path}.items", f"because it is defined in {path}.items")
        else:
            _inside(errs, items, match, f"{path}.items", f"{outer_path}.items")
    for name, sub in (found.get("properties") or {}).items():
        match = ((outer or {}).get("properties") or {}).get(name)
        place, outer_place = f"{path}.properties[{name}]", f"{outer_path}.properties[{name}]"
        if match is None:
            errs.required(outer_place, f"because it is defined in {place}")
        else:
            _inside(errs, sub, match, place, outer_place)


# --- patterns -------------------------------------------------------------------


_GO_REGEX = (
    (re.compile(r"missing closing \)|missing \)"), "missing closing )"),
    (re.compile(r"missing \]|missing closing \]"), "missing closing ]"),
    (re.compile(r"unexpected \)"), "unexpected )"),
    (re.compile(r"no argument for repetition|no-argument"), "missing argument to repetition operator"),
    (re.compile(r"invalid perl operator"), "invalid or unsupported Perl syntax"),
    (re.compile(r"invalid escape"), "invalid escape sequence"),
    (re.compile(r"invalid repetition size"), "invalid repeat count"),
)


def _pattern_problem(text: str) -> str:
    try:
        pattern_of(text)
    except Exception as error:  # noqa: BLE001 re2.error is no stable name
        message = error.args[0].decode() if error.args and isinstance(error.args[0], bytes) else str(error)
        words, _, shown = message.partition(": ")
        for pattern, go in _GO_REGEX:
            if pattern.search(words):
                return f"error parsing regexp: {go}: `{shown or text}`"
        return f"error parsing regexp: {message}"
    return ""

"""What a schema of a definition may contain: the rules of structural schemas and of their CEL rules.

In: an openAPIV3Schema and the path it is reported under. Out: field errors in the API's words. Never: objects.
"""

from __future__ import annotations

import re
from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.sandbox.crd import formats
from holdfast.sandbox.crd.expressions import CompileError, compile_expression, type_name
from holdfast.sandbox.crd.rules import rule_dump
from holdfast.sandbox.crd.typing import check, converted, variables
from holdfast.sandbox.crd.values import pattern_of
from holdfast.sandbox.kinds.field import Errors, raw

_TYPES = ("array", "boolean", "integer", "number", "object", "string")
_REASONS = ("FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired")
_JUNCTORS = ("allOf", "anyOf", "oneOf")
_INT_OR_STRING = [{"type": "integer"}, {"type": "string"}]
_IN_JUNCTORS = ("type", "default", "nullable", "description", "title", "additionalProperties", "x-kubernetes-preserve-unknown-fields",
                "x-kubernetes-embedded-resource", "x-kubernetes-int-or-string", "x-kubernetes-list-type", "x-kubernetes-validations")  # fmt: skip


def schema(errs: Errors, found: Manifest, path: str, warnings: list[str]) -> None:
    """A version's whole schema."""
    if not found.get("type"):
        errs.required(f"{path}.type", "must not be empty at the root")
    elif found["type"] != "object":
        errs.invalid(f"{path}.type", found["type"], "must be object at the root")
    if found.get("additionalProperties") is not None and found.get("additionalProperties") is not False:
        errs.forbidden(f"{path}.additionalProperties", "must not be used at the root")
    _node(errs, found, path, warnings, Place(root=True))


class Place:
    """Where a schema stands."""

    __slots__ = ("correlated", "root", "where")

    def __init__(self, where: str = "object fields", root: bool = False, correlated: bool = True) -> None:
        self.where, self.root, self.correlated = where, root, correlated


def _node(errs: Errors, found: Manifest, path: str, warnings: list[str], place: Place) -> None:
    _type(errs, found, path, place)
    _values(errs, found, path, warnings)
    _extensions(errs, found, path)
    _list_rules(errs, found, path)
    properties = found.get("properties") or {}
    additional, items = found.get("additionalProperties"), found.get("items")
    if properties and additional is not None:
        errs.forbidden(f"{path}.additionalProperties", "additionalProperties and properties are mutual exclusive")
    if found.get("type") == "array" and items is None:
        errs.required(f"{path}.items", "must be specified")
    for name, sub in properties.items():
        if place.root and name == "metadata":
            _metadata(errs, sub, f"{path}.properties[{name}]")
        _node(errs, sub, f"{path}.properties[{name}]", warnings, Place(correlated=place.correlated))
    if isinstance(additional, dict):
        _node(errs, additional, f"{path}.additionalProperties", warnings, Place(correlated=place.correlated))
    if isinstance(items, dict):
        below = place.correlated and found.get("x-kubernetes-list-type") == "map"
        _node(errs, items, f"{path}.items", warnings, Place("array items", correlated=below))
    _junctors(errs, found, path)
    _cel(errs, found, path, place)


def _type(errs: Errors, found: Manifest, path: str, place: Place) -> None:
    kind = found.get("type")
    either = found.get("x-kubernetes-int-or-string")
    if not kind:
        if not place.root and not either and not found.get("x-kubernetes-preserve-unknown-fields"):
            errs.required(f"{path}.type", f"must not be empty for specified {place.where}")
    elif kind not in _TYPES:
        errs.unsupported(f"{path}.type", kind, _TYPES)


def _metadata(errs: Errors, found: Manifest, path: str) -> None:
    extra = [key for key in found.get("properties") or {} if key not in ("name", "generateName")]
    for key in extra:
        errs.forbidden(
            f"{path}.properties[{key}]",
            "must not specify anything other than name and generateName, but metadata is implicitly specified",
        )


def _values(errs: Errors, found: Manifest, path: str, warnings: list[str]) -> None:
    if found.get("pattern"):
        problem = _pattern_problem(found["pattern"])
        if problem:
            errs.invalid(
                f"{path}.pattern", found["pattern"], f"must be a valid regular expression, but isn't: {problem}"
            )
    if found.get("uniqueItems"):
        errs.forbidden(
            f"{path}.uniqueItems", "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
        )
    if found.get("format") and found["format"] not in formats.KNOWN:
        warnings.append(f'unrecognized format "{found["format"]}"')
    for key in (
        "$ref",
        "id",
        "definitions",
        "dependencies",
        "patternProperties",
        "additionalItems",
        "discriminator",
        "readOnly",
        "xml",
        "deprecated",
    ):
        if found.get(key):
            errs.forbidden(f"{path}.{key}", f"{key} is not supported" if key != "$ref" else "$ref is not supported")


_GO_REGEX = (
    (re.compile(r"missing closing \)|missing \)"), "missing closing )"),
    (re.compile(r"missing \]|missing closing \]"), "missing closing ]"),
    (re.compile(r"unexpected \)"), "unexpected )"),
    (re.compile(r"no argument for repetition|no-argument"), "missing argument to repetition operator"),
    (re.compile(r"invalid perl operator"), "invalid or unsupported Perl syntax"),
    (re.compile(r"invalid escape"), "invalid escape sequence"),
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


def _extensions(errs: Errors, found: Manifest, path: str) -> None:
    if found.get("x-kubernetes-embedded-resource"):
        if not found.get("properties") and not found.get("x-kubernetes-preserve-unknown-fields"):
            errs.required(
                f"{path}.properties",
                "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields",
            )
        if found.get("type") != "object":
            errs.invalid(
                f"{path}.type", found.get("type") or "", "must be object if x-kubernetes-embedded-resource is true"
            )
    if found.get("x-kubernetes-preserve-unknown-fields") is False:
        errs.invalid(f"{path}.x-kubernetes-preserve-unknown-fields", False, "must be true or undefined")
    kind = found.get("x-kubernetes-map-type")
    if kind is not None:
        if found.get("type") != "object":
            errs.invalid(
                f"{path}.type", found.get("type") or "", "must be object if x-kubernetes-map-type is specified"
            )
        if kind not in ("atomic", "granular"):
            errs.unsupported(f"{path}.x-kubernetes-map-type", kind, ("atomic", "granular"), ordered=True)


def _list_rules(errs: Errors, found: Manifest, path: str) -> None:
    kind, keys = found.get("x-kubernetes-list-type"), found.get("x-kubernetes-list-map-keys") or []
    items = found.get("items") if isinstance(found.get("items"), dict) else {}
    if kind is None:
        if keys:
            errs.required(f"{path}.x-kubernetes-list-type", "must be map if x-kubernetes-list-map-keys is non-empty")
        return
    if found.get("type") != "array":
        errs.invalid(f"{path}.type", found.get("type") or "", "must be array if x-kubernetes-list-type is specified")
    if kind not in ("atomic", "set", "map"):
        errs.unsupported(f"{path}.x-kubernetes-list-type", kind, ("atomic", "set", "map"), ordered=True)
    if keys and kind != "map":
        errs.invalid(f"{path}.x-kubernetes-list-type", kind, "must be map if x-kubernetes-list-map-keys is non-empty")
    if kind == "set":
        _set_items(errs, items or {}, f"{path}.items")
    elif kind == "map":
        _map_items(errs, items or {}, keys, path)


def _set_items(errs: Errors, items: Manifest, path: str) -> None:
    if items.get("nullable"):
        errs.forbidden(f"{path}.nullable", "cannot be nullable when x-kubernetes-list-type is set")
    if items.get("type") == "object" and items.get("x-kubernetes-map-type") != "atomic":
        errs.invalid(
            f"{path}.x-kubernetes-map-type",
            items.get("x-kubernetes-map-type"),
            "must be atomic as item of a list with x-kubernetes-list-type=set",
        )
    elif items.get("type") == "array" and items.get("x-kubernetes-list-type") not in (None, "atomic"):
        errs.invalid(
            f"{path}.x-kubernetes-list-type",
            items["x-kubernetes-list-type"],
            "must be atomic as item of a list with x-kubernetes-list-type=set",
        )


def _map_items(errs: Errors, items: Manifest, keys: list[str], path: str) -> None:
    if not keys:
        errs.required(f"{path}.x-kubernetes-list-map-keys", "must not be empty if x-kubernetes-list-type is map")
    if items.get("nullable"):
        errs.forbidden(f"{path}.items.nullable", "cannot be nullable when x-kubernetes-list-type is map")
    if items.get("type") != "object":
        errs.invalid(
            f"{path}.items.type",
            items.get("type") or "",
            "must be object if parent array's x-kubernetes-list-type is map",
        )
        return
    properties = items.get("properties") or {}
    if any(key not in properties for key in keys):
        errs.invalid(f"{path}.x-kubernetes-list-map-keys", keys, "entries must all be names of item properties")
    if len(set(keys)) != len(keys):
        errs.invalid(f"{path}.x-kubernetes-list-map-keys", keys, "must not contain duplicate entries")
    for key in dict.fromkeys(keys):
        sub = properties.get(key)
        if sub is None:
            continue
        place = f"{path}.items.properties[{key}]"
        if sub.get("nullable"):
            errs.forbidden(
                f"{place}.nullable", "this property is in x-kubernetes-list-map-keys, so it cannot be nullable"
            )
        if sub.get("type") in ("array", "object"):
            errs.invalid(
                f"{place}.type", sub["type"], "must be a scalar type if parent array's x-kubernetes-list-type is map"
            )
        if sub.get("default") is None and key not in (items.get("required") or ()):
            errs.required(
                f"{place}.default",
                "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property",
            )


def _junctors(errs: Errors, found: Manifest, path: str) -> None:
    either = bool(found.get("x-kubernetes-int-or-string"))
    for key in _JUNCTORS:
        subs = found.get(key) or []
        allowed = either and _plain_types(subs) and key == "anyOf"
        for index, sub in enumerate(subs):
            place = f"{path}.{key}[{index}]"
            nested = either and key == "allOf" and list(sub) == ["anyOf"] and _plain_types(sub["anyOf"])
            if not allowed and not nested:
                _inside(errs, sub, place)
                _covered(errs, sub, found, place, path)
    if isinstance(found.get("not"), dict):
        _inside(errs, found["not"], f"{path}.not")
        _covered(errs, found["not"], found, f"{path}.not", path)


def _plain_types(subs: list[Any]) -> bool:
    return subs == _INT_OR_STRING


def _inside(errs: Errors, sub: Manifest, path: str) -> None:
    """Inside of junctors there are only conditions on values."""
    for key in _IN_JUNCTORS:
        if sub.get(key):
            words = (
                "must be empty to be structural"
                if key in ("type", "description", "title", "x-kubernetes-validations")
                else "must be undefined to be structural"
            )
            words = (
                "must be false to be structural"
                if key
                in (
                    "nullable",
                    "x-kubernetes-preserve-unknown-fields",
                    "x-kubernetes-embedded-resource",
                    "x-kubernetes-int-or-string",
                )
                else words
            )
            errs.forbidden(f"{path}.{key}", words)
    for name, inner in (sub.get("properties") or {}).items():
        _inside(errs, inner, f"{path}.properties[{name}]")
    if isinstance(sub.get("items"), dict):
        _inside(errs, sub["items"], f"{path}.items")
    for key in _JUNCTORS:
        for index, inner in enumerate(sub.get(key) or ()):
            _inside(errs, inner, f"{path}.{key}[{index}]")


def _covered(errs: Errors, sub: Manifest, outer: Manifest, path: str, outer_path: str) -> None:
    """Every property named inside has to be specified outside."""
    for name, inner in (sub.get("properties") or {}).items():
        match = (outer.get("properties") or {}).get(name)
        if match is None:
            errs.required(f"{outer_path}.properties[{name}]", f"because it is defined in {path}.properties[{name}]")
        else:
            _covered(errs, inner, match, f"{path}.properties[{name}]", f"{outer_path}.properties[{name}]")
    if isinstance(sub.get("items"), dict) and not isinstance(outer.get("items"), dict):
        errs.required(f"{outer_path}.items", f"because it is defined in {path}.items")


# --- rules ------------------------------------------------------------------------------


def _cel(errs: Errors, found: Manifest, path: str, place: Place) -> None:
    for index, rule in enumerate(found.get("x-kubernetes-validations") or ()):
        _rule(errs, rule, found, f"{path}.x-kubernetes-validations[{index}]", path, place)


def _rule(errs: Errors, rule: Manifest, found: Manifest, path: str, schema_path: str, place: Place) -> None:
    text = rule.get("rule") or ""
    if not text.strip():
        errs.required(f"{path}.rule", "rule is not specified")
        return
    uses_old = re.search(r"\boldSelf\b", text) is not None
    _message_rules(errs, rule, path)
    if rule.get("reason") is not None and rule["reason"] not in _REASONS:
        errs.unsupported(f"{path}.reason", rule["reason"], _REASONS)
    if rule.get("fieldPath") and not _valid_path(rule["fieldPath"], found):
        errs.invalid(f"{path}.fieldPath", rule["fieldPath"], "must be a valid path")
    try:
        program = compile_expression(converted(found, text), variables(found))
    except CompileError as error:
        errs.invalid(f"{path}.rule", raw(rule_dump(rule)), f"compilation failed: {error}")
        return
    problem, kind = check(found, text, bool(rule.get("optionalOldSelf")))
    if problem:
        errs.invalid(f"{path}.rule", raw(rule_dump(rule)), f"compilation failed: {problem}")
        return
    if program.kind not in ("BOOL", "DYN") or kind not in ("BOOL", "DYN"):
        errs.invalid(f"{path}.rule", raw(rule_dump(rule)), "cel expression must evaluate to a bool")
    if uses_old and not place.correlated:
        errs.invalid(
            f"{path}.rule",
            text,
            f"oldSelf cannot be used on the uncorrelatable portion of the schema within {schema_path.removesuffix('.items')}",
        )
    if rule.get("optionalOldSelf") and not uses_old:
        errs.invalid(f"{path}.optionalOldSelf", True, "may not be set if oldSelf is not used in rule")
    _message_expression(errs, rule, found, path)


def _message_rules(errs: Errors, rule: Manifest, path: str) -> None:
    message = rule.get("message") or ""
    if message and not message.strip():
        errs.invalid(f"{path}.message", message, "message must be non-empty if specified")
    elif "\n" in message.strip():
        errs.invalid(f"{path}.message", message, "message must not contain line breaks")
    elif "\n" in (rule.get("rule") or "").strip() and not message and not rule.get("messageExpression"):
        errs.required(f"{path}.message", "message must be specified if rule contains line breaks")


def _message_expression(errs: Errors, rule: Manifest, found: Manifest, path: str) -> None:
    text = rule.get("messageExpression") or ""
    if not text:
        return
    if not text.strip():
        errs.required(f"{path}.messageExpression", "messageExpression must be non-empty if specified")
        return
    try:
        program = compile_expression(converted(found, text), variables(found))
    except CompileError as error:
        errs.invalid(
            f"{path}.messageExpression", raw(rule_dump(rule)), f"messageExpression compilation failed: {error}"
        )
        return
    if program.kind not in ("STRING", "DYN"):
        errs.invalid(
            f"{path}.messageExpression",
            raw(rule_dump(rule)),
            f"messageExpression must evaluate to a string, got {type_name(program.kind)}",
        )


_STEP = re.compile(r"\.([A-Za-z_][A-Za-z0-9_-]*)|\['((?:[^'\\]|\\.)+)'\]")


def _valid_path(text: str, found: Manifest) -> bool:
    place, node = 0, found
    while place < len(text):
        match = _STEP.match(text, place)
        if match is None:
            return False
        name = match[1] or match[2]
        if name in (node.get("properties") or {}):
            node = node["properties"][name]
        elif isinstance(node.get("additionalProperties"), dict):
            node = node["additionalProperties"]
        else:
            return False
        place = match.end()
    return bool(text)

"""What a schema of a definition may contain.

In: an openAPIV3Schema and the path it is reported under. Out: field errors in the API's words, warnings. What is no sound structure keeps
defaults and rules from being looked at. Never: objects.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.sandbox.cel.sizes import times
from holdfast.sandbox.crd import default_rules, formats, rule_shapes, rule_texts, schema_dump, structural_rules
from holdfast.sandbox.kinds.field import Errors, raw

_TYPES = ("array", "boolean", "integer", "number", "object", "string")
_UNSUPPORTED = ("id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref")
_EVEN_EMPTY = ("additionalItems", "dependencies", "$ref")
_NUMBER_FORMATS = {"integer": ("int32", "int64"), "number": ("float", "double")}
_META = ("metadata", "kind", "apiVersion")
_RULES = "x-kubernetes-validations"


def schema(errs: Errors, found: Manifest, path: str, has_status: bool = False) -> None:
    """A version's whole schema."""
    mine = Errors()
    if has_status:
        _root_with_status(mine, found, path)
    if found.get("nullable"):
        mine.forbidden(f"{path}.nullable", "nullable cannot be true at the root")
    unconvertible = structural_rules.unconvertible(found)
    unsound = Errors() if unconvertible else structural_rules.check(found, path) or default_rules.check(found, path)
    mine += unsound
    walk = _Walk()
    walk.schema(found, path, Place(root=True))
    mine += walk.errs
    if unconvertible and not mine:
        mine.invalid(path, "", unconvertible)
    if not unsound and not unconvertible:
        rule_texts.check(mine, walk.ruled, path)
    errs += mine


def _root_with_status(errs: Errors, found: Manifest, path: str) -> None:
    kind = found.get("type") or ""
    if kind and kind != "object":
        text = 'only "object" is allowed as the type at the root of the schema if the status subresource is enabled'
        errs.invalid(f"{path}.type", kind, text)
    elif schema_dump.others_at_root(found):
        allowed = " ".join(schema_dump.AT_ROOT)
        text = f"only [{allowed}] fields are allowed at the root of the schema if the status subresource is enabled"
        errs.invalid(path, raw(schema_dump.dump(found)), text)


def unknown_formats(found: Manifest) -> list[str]:
    """Formats that mean nothing for the type they stand at, in the order of a walk."""
    form, kind = found.get("format") or "", found.get("type") or ""
    if kind in _NUMBER_FORMATS:
        known = form in _NUMBER_FORMATS[kind]
    else:
        known = kind in ("", "string") and form in formats.KNOWN and form not in ("int32", "int64", "float", "double")
    told = [form] if form and not known else []
    return told + [text for sub in structural_rules.schemas_below(found) for text in unknown_formats(sub)]


@dataclass(slots=True)
class Place:
    """Where a schema stands."""

    root: bool = False
    uncorrelated: str = ""
    """The list above whose items cannot be told from one version of an object to the next."""
    most: int | None = 1
    """How many such values an object can hold; None where nothing bounds it."""
    within: bool = False
    """Inside of a junctor."""
    meta: bool = False
    """Inside of an object's metadata, kind or apiVersion."""
    defaults: str = ""
    """Why defaults are forbidden."""


class _Walk:
    """All schemas below one, gathering errors and the schemas whose rules are in order."""

    def __init__(self) -> None:
        self.errs = Errors()
        self.ruled: list[rule_texts.Ruled] = []

    def schema(self, found: Manifest, path: str, place: Place) -> None:
        before = len(self.errs)
        self._values(found, path, place)
        self._below(found, path, place)
        _kinds(self.errs, found, path)
        _list_kind(self.errs, found, path)
        _map_list(self.errs, found, path)
        _keys_and_nulls(self.errs, found, path)
        rule_shapes.check(self.errs, found, path)
        if found.get(_RULES) and len(self.errs) == before and not place.within:
            self.ruled.append(rule_texts.Ruled(found, path, place.root, place.uncorrelated, place.most))

    def _values(self, found: Manifest, path: str, place: Place) -> None:
        kind = found.get("type") or ""
        if kind and kind not in _TYPES:
            self.errs.unsupported(f"{path}.type", kind, _TYPES)
        if found.get("default") is not None and place.defaults:
            self.errs.forbidden(f"{path}.default", f"must not be set {place.defaults}")
        for key in _UNSUPPORTED:
            if found.get(key) or (key in _EVEN_EMPTY and found.get(key) is not None):
                self.errs.forbidden(f"{path}.{key}", f"{key} is not supported")
        if kind == "null":
            self.errs.forbidden(f"{path}.type", "type cannot be set to null, use nullable as an alternative")
        if isinstance(found.get("items"), list):
            self.errs.forbidden(f"{path}.items", "items must be a schema object and not an array")
        if place.meta and found.get("x-kubernetes-embedded-resource"):
            self.errs.forbidden(f"{path}.x-kubernetes-embedded-resource", "must not be used inside of resource meta")
        if found.get("uniqueItems"):
            text = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
            self.errs.forbidden(f"{path}.uniqueItems", text)

    def _below(self, found: Manifest, path: str, place: Place) -> None:
        most = _times(place.most, found)
        additional, items = found.get("additionalProperties"), found.get("items")
        properties = found.get("properties") or {}
        if properties and additional is not None and additional is not True:
            text = "additionalProperties and properties are mutual exclusive"
            self.errs.forbidden(f"{path}.additionalProperties", text)
        if isinstance(additional, dict):
            why = "inside additionalProperties applying to object metadata" if place.meta else place.defaults
            inner = Place(False, place.uncorrelated, most, place.within, place.meta, why)
            self.schema(additional, f"{path}.additionalProperties", inner)
        resource = place.root or found.get("x-kubernetes-embedded-resource")
        for name, sub in properties.items():
            meta = bool(resource and name in _META)
            why = f"in top-level {name}" if meta and place.root else place.defaults
            inner = Place(False, place.uncorrelated, most, place.within, place.meta or meta, why)
            self.schema(sub, f"{path}.properties[{name}]", inner)
        self._junctors(found, path, place)
        if isinstance(items, dict):
            uncorrelated = place.uncorrelated or ("" if found.get("x-kubernetes-list-type") == "map" else path)
            inner = Place(False, uncorrelated, most, place.within, place.meta, place.defaults)
            self.schema(items, f"{path}.items", inner)

    def _junctors(self, found: Manifest, path: str, place: Place) -> None:
        inner = Place(False, place.uncorrelated, None, True, place.meta, place.defaults)
        if isinstance(found.get("not"), dict):
            self.schema(found["not"], f"{path}.not", inner)
        for key in ("allOf", "oneOf", "anyOf"):
            for index, sub in enumerate(found.get(key) or ()):
                self.schema(sub, f"{path}.{key}[{index}]", inner)


def _times(most: int | None, found: Manifest) -> int | None:
    """How many values an object can hold on the next level."""
    kind = found.get("type")
    if kind == "array":
        factor = found.get("maxItems")
    elif kind == "object" and found.get("additionalProperties") is not None:
        factor = found.get("maxProperties")
    else:
        return most
    return None if most is None or factor is None else times(most, max(0, factor))


# --- the kinds of maps and lists ------------------------------------------------------


def _kinds(errs: Errors, found: Manifest, path: str) -> None:
    if found.get("x-kubernetes-preserve-unknown-fields") is False:
        errs.invalid(f"{path}.x-kubernetes-preserve-unknown-fields", False, "must be true or undefined")
    kind = found.get("x-kubernetes-map-type")
    if kind is None:
        return
    _has_type(errs, found, path, "object", "x-kubernetes-map-type")
    if kind not in ("atomic", "granular"):
        errs.unsupported(f"{path}.x-kubernetes-map-type", kind, ("atomic", "granular"), ordered=True)


def _has_type(errs: Errors, found: Manifest, path: str, wanted: str, because: str) -> bool:
    kind = found.get("type") or ""
    text = f"must be {wanted} if {because} is specified"
    if kind != wanted:
        errs.invalid(f"{path}.type", kind, text) if kind else errs.required(f"{path}.type", text)
    return bool(kind == wanted)


def _list_kind(errs: Errors, found: Manifest, path: str) -> None:
    kind, keys = found.get("x-kubernetes-list-type"), found.get("x-kubernetes-list-map-keys") or []
    place = f"{path}.x-kubernetes-list-type"
    if kind is None:
        if keys:
            errs.required(place, "must be map if x-kubernetes-list-map-keys is non-empty")
        return
    if _has_type(errs, found, path, "array", "x-kubernetes-list-type") and kind == "set":
        _set_items(errs, found.get("items"), f"{path}.items")
    if kind not in ("atomic", "set", "map"):
        errs.unsupported(place, kind, ("atomic", "set", "map"), ordered=True)
    if keys and kind != "map":
        errs.invalid(place, kind, "must be map if x-kubernetes-list-map-keys is non-empty")


def _set_items(errs: Errors, items: Any, path: str) -> None:
    if not isinstance(items, dict):
        return
    text = "must be atomic as item of a list with x-kubernetes-list-type=set"
    listed = items.get("x-kubernetes-list-type")
    if items.get("type") == "array" and listed not in (None, "atomic"):
        errs.invalid(f"{path}.x-kubernetes-list-type", listed, text)
    if items.get("type") == "object" and items.get("x-kubernetes-map-type") != "atomic":
        # The real server shows the list's kind here, not the map's.
        errs.invalid(f"{path}.x-kubernetes-map-type", listed, text)


def _map_list(errs: Errors, found: Manifest, path: str) -> None:
    if found.get("x-kubernetes-list-type") != "map":
        return
    keys, items = found.get("x-kubernetes-list-map-keys") or [], found.get("items")
    place = f"{path}.x-kubernetes-list-map-keys"
    if not keys:
        errs.required(place, "must not be empty if x-kubernetes-list-type is map")
    if items is None:
        errs.required(f"{path}.items", "must have a schema if x-kubernetes-list-type is map")
    if not isinstance(items, dict):
        return
    if items.get("type") != "object":
        text = "must be object if parent array's x-kubernetes-list-type is map"
        errs.invalid(f"{path}.items.type", items.get("type") or "", text)
        return
    for index, key in enumerate(keys):
        sub = (items.get("properties") or {}).get(key)
        if sub is None:
            errs.invalid(place, keys, "entries must all be names of item properties")
        elif sub.get("type") in ("array", "object"):
            text = "must be a scalar type if parent array's x-kubernetes-list-type is map"
            errs.invalid(f"{path}.items.properties[{key}].type", items["type"], text)
        if key in keys[:index]:
            errs.invalid(place, keys, "must not contain duplicate entries")


def _keys_and_nulls(errs: Errors, found: Manifest, path: str) -> None:
    kind, items = found.get("x-kubernetes-list-type"), found.get("items")
    if kind not in ("set", "map") or not isinstance(items, dict):
        return
    if items.get("nullable"):
        errs.forbidden(f"{path}.items.nullable", f"cannot be nullable when x-kubernetes-list-type is {kind}")
    for key in (found.get("x-kubernetes-list-map-keys") or ()) if kind == "map" else ():
        sub = (items.get("properties") or {}).get(key)
        if sub is None:
            continue
        place = f"{path}.items.properties[{key}]"
        because = "this property is in x-kubernetes-list-map-keys, so it"
        if key not in (items.get("required") or ()) and sub.get("default") is None:
            errs.required(f"{place}.default", f"{because} must have a default or be a required property")
        if sub.get("nullable"):
            errs.forbidden(f"{place}.nullable", f"{because} cannot be nullable")

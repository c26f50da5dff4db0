"""Validation of custom objects against their schema, without the rules.

In: a compiled node, a value, the stored value it replaces (for ratcheting). Out: field errors with the validator's texts. Never: changes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import re2

from holdfast.kube.refs import Manifest
from holdfast.sandbox import gotext, status
from holdfast.sandbox.crd import formats
from holdfast.sandbox.crd.structural import Node
from holdfast.sandbox.kinds.field import Errors
from holdfast.sandbox.status import FieldError

_NIL = "<nil>"
MISSING: Any = object()
_RANGES = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}
_FLOAT_MAX = 3.4028234663852886e38
_LARGEST_COUNTED = 2**53 - 1
"""Beyond it no floating quotient counts as whole."""
_NEARLY = 1e-9


@lru_cache(maxsize=1024)
def pattern_of(text: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    return re2.compile(text, options)


def validate(node: Node, value: Any, old: Any = MISSING) -> Errors:
    errs = Errors()
    _node(errs, node, node.raw, value, "", old)
    return errs


def type_word(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer" if -(2**63) <= value < 2**63 else "number"
    if isinstance(value, float):
        return "number"
    return {str: "string", list: "array", dict: "object"}.get(type(value), "object")  # type: ignore[call-overload,no-any-return]


def _plain(errs: Errors, path: str, value: Any, text: str) -> None:
    errs.invalid(path or _NIL, value, f"{path} in body {text}" if path else f"in body {text}")


def _type_error(errs: Errors, path: str, shown: Any, wanted: str) -> None:
    place = f"{path} in body" if path else "in body"
    errs.append(
        FieldError(
            status.TYPE_INVALID, path or _NIL, shown, f"{place} must be of type {wanted}: {gotext.scalar(shown)}"
        )
    )


def join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _node(errs: Errors, node: Node | None, schema: Manifest, value: Any, path: str, old: Any) -> None:
    """`node` is absent inside of junctors, where there is no structure to follow.

    A wrong type does not end it: what applies to the kind of value that is there is checked, too.
    """
    if old is not MISSING and _same(old, value):
        return
    _type(errs, schema, value, path)
    if value is not None:
        _junctors(errs, schema, value, path)
        if isinstance(value, str):
            _string(errs, schema, value, path)
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            _number(errs, schema, value, path)
        elif isinstance(value, list):
            _list(errs, node, schema, value, path, old)
    elif schema.get("nullable") and not schema.get("enum"):
        return
    _enum(errs, schema, value, path)
    if isinstance(value, dict):
        _object(errs, node, schema, value, path, old)


def _same(old: Any, new: Any) -> bool:
    """Equal, and of the same types all the way down: true is not 1."""
    if type(old) is not type(new) or old != new:
        return False
    if isinstance(old, dict):
        return all(_same(old[key], new[key]) for key in old)
    return not isinstance(old, list) or all(map(_same, old, new))


_NUMBERS = {"int32": "int64", "int64": "int64", "float": "float64", "double": "float64"}


def _type(errs: Errors, schema: Manifest, value: Any, path: str) -> None:
    """A format takes the place of a type for what is neither text nor list; lists pass where a text of some format is wanted."""
    wanted, word = schema.get("type") or "", type_word(value)
    types = ("integer", "string") if schema.get("x-kubernetes-int-or-string") else (wanted,) if wanted else ()
    if value is None:
        if types and not schema.get("nullable"):
            _type_error(errs, path, word, ",".join(types))
        return
    whole = word == "number" and "integer" in types and _whole(value)
    fits = word in types or whole or (word == "integer" and "number" in types)
    form = _format_of(schema, wanted)
    if form and word not in ("string", "array"):
        given = _GO_FORMATS.get(word, "")
        if not fits and given != form:
            _type_error(errs, path, given, form)
            return
    elif form and wanted not in ("number", "integer"):
        return
    if types and not fits:
        _type_error(errs, path, word, ",".join(types))


_GO_FORMATS = {"integer": "int64", "number": "float64"}


def _format_of(schema: Manifest, wanted: str) -> str:
    """The format, as far as it means something for the type."""
    form = str(schema.get("format") or "")
    if wanted in ("integer", "number"):
        return form if form in _NUMBERS else ""
    return form if wanted in ("", "string") and form in formats.KNOWN and form not in _NUMBERS else ""


def _whole(value: float) -> bool:
    return abs(value) < 2**63 and value == math.floor(value)


def _string(errs: Errors, schema: Manifest, text: str, path: str) -> None:
    if "maxLength" in schema and len(text) > schema["maxLength"]:
        errs.append(status.too_long(path or _NIL, schema["maxLength"]))
    elif "minLength" in schema and len(text) < schema["minLength"]:
        _plain(errs, path, text, f"should be at least {schema['minLength']} chars long")
    elif schema.get("pattern") and not pattern_of(schema["pattern"]).search(text):
        _plain(errs, path, text, f"should match '{schema['pattern']}'")
    form = schema.get("format")
    if form and not formats.fits(form, text):
        _type_error(errs, path, text, form)


def _number(errs: Errors, schema: Manifest, value: float, path: str) -> None:
    """Bounds are cut to whole numbers where the value is one, as the real server compares them."""
    _in_range(errs, schema, value, path, "Checked")
    multiple, low, high = schema.get("multipleOf"), schema.get("minimum"), schema.get("maximum")
    if multiple is not None:
        data, factor = _comparable(errs, schema, value, multiple, path, "MultipleOf")
        if factor <= 0:
            name = path or "body"
            errs.invalid(path or _NIL, factor, f"factor MultipleOf declared for {name} must be positive: {factor}")
        elif not _is_multiple(data, factor):
            _plain(errs, path, data, f"should be a multiple of {gotext.scalar(factor)}")
    if low is not None:
        data, bound = _comparable(errs, schema, value, low, path, "Minimum boundary")
        if data < bound or (schema.get("exclusiveMinimum") and data == bound):
            word = "greater than" if schema.get("exclusiveMinimum") else "greater than or equal to"
            _plain(errs, path, data, f"should be {word} {gotext.scalar(bound)}")
    if high is not None:
        data, bound = _comparable(errs, schema, value, high, path, "Maximum boundary")
        if data > bound or (schema.get("exclusiveMaximum") and data == bound):
            word = "less than" if schema.get("exclusiveMaximum") else "less than or equal to"
            _plain(errs, path, data, f"should be {word} {gotext.scalar(bound)}")


def _comparable(
    errs: Errors, schema: Manifest, value: float, bound: float, path: str, what: str
) -> tuple[float, float]:
    """The value and the bound as they are compared: both whole, or both floating."""
    if _in_range(errs, schema, float(bound), path, what) and isinstance(value, int) and _fits_int64(value):
        return value, _cut(float(bound))
    return float(value), float(bound)


def _fits_int64(value: float) -> bool:
    return _RANGES["int64"][0] <= value <= _RANGES["int64"][1]


def _cut(bound: float) -> int:
    """As an x86 processor converts it: what is too large becomes the least number."""
    cut = math.trunc(bound)
    return cut if _fits_int64(cut) else _RANGES["int64"][0]


def _is_multiple(value: float, multiple: float) -> bool:
    if isinstance(value, int) and isinstance(multiple, int):
        return value % multiple == 0
    quotient = value * (1 / multiple) if multiple < 1 else value / multiple
    whole = math.trunc(quotient) if abs(quotient) <= _LARGEST_COUNTED else 0
    if quotient == whole:
        return True
    return whole > 0 and quotient - whole < _NEARLY * (quotient + whole)


def _in_range(errs: Errors, schema: Manifest, value: float, path: str, what: str) -> bool:
    """Whether the number fits the type and format that the schema names."""
    kind, form = schema.get("type"), schema.get("format")
    fits = True
    if kind == "integer":
        low, high = _RANGES.get(form or "", _RANGES["int64"])
        fits = low <= value <= high and value == math.floor(value)
    elif kind == "number" and form in _RANGES:
        fits = _RANGES[form][0] <= value <= _RANGES[form][1]
    elif kind == "number" and form == "float":
        fits = abs(value) <= _FLOAT_MAX
    if not fits:
        errs.invalid(_NIL, "", f"{what} value must be of type {kind} {_format_words(schema)} in {path}")
    return fits


def _format_words(schema: Manifest) -> str:
    return f"with format {schema['format']}" if schema.get("format") else "(default format)"


def _list(errs: Errors, node: Node | None, schema: Manifest, value: list[Any], path: str, old: Any) -> None:
    items = schema.get("items")
    if isinstance(items, dict):
        pairs = old_items(node, value, old)
        for index, item in enumerate(value):
            before = pairs[index] if pairs is not None else MISSING
            _node(errs, node.items if node else None, items, item, f"{path}[{index}]", before)
    if "minItems" in schema and len(value) < schema["minItems"]:
        _plain(errs, path, len(value), f"should have at least {schema['minItems']} items")
    if "maxItems" in schema and len(value) > schema["maxItems"]:
        errs.too_many(path or _NIL, len(value), schema["maxItems"])
    if schema.get("uniqueItems") and any(item in value[:index] for index, item in enumerate(value)):
        _plain(errs, path, value, "shouldn't contain duplicates")


def old_items(node: Node | None, value: list[Any], old: Any) -> list[Any] | None:
    """Per item of a map list, the stored item with the same keys."""
    if node is None or node.list_type != "map" or not isinstance(old, list):
        return None
    table = {item_key(node, item): item for item in old if isinstance(item, dict)}
    return [table.get(item_key(node, item), MISSING) if isinstance(item, dict) else MISSING for item in value]


def item_key(node: Node, item: Manifest) -> tuple[Any, ...]:
    defaults = node.items.properties if node.items is not None else {}
    return tuple(repr(item.get(key, defaults[key].default if key in defaults else None)) for key in node.keys)


def _object(errs: Errors, node: Node | None, schema: Manifest, value: Manifest, path: str, old: Any) -> None:
    properties, additional = schema.get("properties") or {}, schema.get("additionalProperties")
    before = old if isinstance(old, dict) else {}
    if "minProperties" in schema and len(value) < schema["minProperties"]:
        _plain(errs, path, len(value), f"should have at least {schema['minProperties']} properties")
    if "maxProperties" in schema and len(value) > schema["maxProperties"]:
        errs.too_many(path or _NIL, len(value), schema["maxProperties"])
    for key, item in value.items():
        sub = properties.get(key)
        if sub is not None:
            _node(
                errs, node.properties.get(key) if node else None, sub, item, join(path, key), before.get(key, MISSING)
            )
        elif isinstance(additional, dict):
            _node(errs, node.additional if node else None, additional, item, join(path, key), before.get(key, MISSING))
    for key in schema.get("required") or ():
        if key not in value:
            errs.required(join(path, key))


def _enum(errs: Errors, schema: Manifest, value: Any, path: str) -> None:
    allowed = schema.get("enum")
    if allowed is None or any(value == item and isinstance(value, bool) == isinstance(item, bool) for item in allowed):
        return
    listed: Sequence[str] = [item if isinstance(item, str) else gotext.dumps(item) for item in allowed]
    errs.unsupported(path or _NIL, value, listed, ordered=True)


def _fits(schema: Manifest, value: Any, path: str) -> Errors:
    errs = Errors()
    _node(errs, None, schema, value, path, MISSING)
    return errs


def _junctors(errs: Errors, schema: Manifest, value: Any, path: str) -> None:
    name = gotext.quote(path)
    if schema.get("anyOf"):
        found = [_fits(sub, value, path) for sub in schema["anyOf"]]
        if all(found):
            errs.invalid(_NIL, "", f"{name} must validate at least one schema (anyOf)")
            errs += _best(found)
    if schema.get("oneOf"):
        found = [_fits(sub, value, path) for sub in schema["oneOf"]]
        good = sum(not errors for errors in found)
        if good != 1:
            detail = "Found none valid" if not good else f"Found {good} valid alternatives"
            errs.invalid(_NIL, "", f"{name} must validate one and only one schema (oneOf). {detail}")
            if not good:
                errs += _best(found)
    if schema.get("allOf"):
        found = [_fits(sub, value, path) for sub in schema["allOf"]]
        bad = [errors for errors in found if errors]
        for errors in bad:
            errs += errors
        if bad:
            none = ". None validated" if len(bad) == len(found) else ""
            errs.invalid(_NIL, "", f"{name} must validate all the schemas (allOf){none}")
    if schema.get("not") and not _fits(schema["not"], value, path):
        errs.invalid(_NIL, "", f"{name} must not validate the schema (not)")


def _best(found: list[Errors]) -> Errors:
    """The errors of the alternative that came closest: the first with the fewest."""
    return sorted(found, key=len)[0]


# --- list types --------------------------------------------------------------------


def validate_lists(errs: Errors, node: Node, value: Any, path: str = "", old: Any = MISSING) -> None:
    """No doubles in sets and map lists, unless there were some before."""
    found = Errors()
    _lists(found, node, value, path)
    if found and old is not MISSING:
        before = Errors()
        _lists(before, node, old, path)
        if before:
            return
    errs += found


def _lists(errs: Errors, node: Node, value: Any, path: str) -> None:
    if not node.uniquely_listed:
        return
    if isinstance(value, dict):
        for key, item in value.items():
            sub = node.properties.get(key)
            if sub is not None:
                _lists(errs, sub, item, join(path, key))
            elif node.additional is not None:
                _lists(errs, node.additional, item, f"{path}[{key}]")
    elif isinstance(value, list):
        if node.list_type in ("set", "map"):
            _unique(errs, node, value, path)
        if node.items is not None:
            for index, item in enumerate(value):
                _lists(errs, node.items, item, f"{path}[{index}]")


def _unique(errs: Errors, node: Node, value: list[Any], path: str) -> None:
    """Each double is told once."""
    if node.list_type == "map":
        for index, item in enumerate(value):
            if item is not None and not isinstance(item, dict):
                errs.invalid(f"{path}[{index}]", item, "must be an object for an array of list-type map")
                return
    seen: dict[str, int] = {}
    for index, item in enumerate(value):
        shown = item if node.list_type == "set" else _keys_of(node, item)
        mark = gotext.dumps(shown)
        seen[mark] = seen.get(mark, 0) + 1
        if seen[mark] == 2:
            errs.duplicate(f"{path}[{index}]", shown)


def _keys_of(node: Node, item: Any) -> Any:
    if not isinstance(item, dict):
        return item
    defaults = node.items.properties if node.items is not None else {}
    found = {key: item.get(key, defaults[key].default if key in defaults else None) for key in node.keys}
    return {key: value for key, value in found.items() if value is not None}

"""values.schema.json: values checked against the schemas of a chart family, with the words Helm's library uses."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from typing import Any

from holdfast.helm.chart.model import Chart
from holdfast.helm.errors import ValuesError
from holdfast.helm.go import json as gojson
from holdfast.helm.go.errors import GoError
from holdfast.helm.go.types import type_name

_INTRO = "values don't meet the specifications of the schema(s) in the following chart(s):\n"


def check_schemas(chart: Chart, values: dict[str, Any]) -> None:
    """Raises ValuesError with the faults of all levels together."""
    text = _family(chart, values)
    if text:
        raise ValuesError(_INTRO + text)


def _family(chart: Chart, values: dict[str, Any]) -> str:
    found = ""
    if chart.schema is not None:
        fault = schema_fault(values, chart.schema)
        if fault:
            found = f"{chart.name}:\n{fault}"
    for child in chart.dependencies:
        below = values.get(child.name)
        if below is None:
            continue
        if type(below) is not dict:
            found += f"{child.name}:\ninvalid type for values: expected object (map), got {type_name(below)}\n"
            continue
        found += _family(child, below)
    return found


def schema_fault(values: dict[str, Any], schema: bytes) -> str:
    """What is wrong, one line for each fault; "" when nothing is."""
    text = schema.decode("utf-8", "replace")
    try:
        gojson.decode(text)
    except GoError as fault:
        return fault.text.replace("unexpected end of JSON input", "unexpected EOF")
    validator = _validator(json.loads(text))
    if isinstance(validator, str):
        return validator
    errors = _in_gos_order(validator.iter_errors(values), validator.schema)
    if len(errors) == 1 and errors[0].validator == "group":
        errors = errors[0].context
    return "".join(f"{line}\n" for line in _flat(errors, 0))


def _validator(schema: Any) -> Any:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError
    from jsonschema.validators import extend, validator_for
    from referencing import Registry, Resource
    from referencing.exceptions import NoSuchResource
    from referencing.jsonschema import DRAFT202012

    def refuse(uri: str) -> Resource[Any]:
        # A reference to the network is never followed; one that cannot be resolved permits everything, as a URN does in Helm.
        if uri.startswith("urn:"):
            return Resource.from_contents(True, default_specification=DRAFT202012)
        raise NoSuchResource(uri)

    base = validator_for(schema, default=Draft202012Validator)
    try:
        base.check_schema(schema)
    except SchemaError as fault:
        lines = _flat([fault], 0)
        return (
            f"'file:///values.schema.json#' is not valid against metaschema: jsonschema validation failed with '{base.META_SCHEMA.get('$id', '')}#'\n"
            + "\n".join(lines)
        )
    checker = base.TYPE_CHECKER.redefine("integer", _is_integer)
    rules: dict[str, Any] = {"allOf": _all_of_rule, "properties": _properties_rule}
    if "prefixItems" in base.VALIDATORS:
        rules["items"] = _items_rule
    made: Any = extend(base, rules, type_checker=checker)
    made.descend = _grouping(made.descend)
    return made(schema, registry=Registry(retrieve=refuse))  # type: ignore[call-arg]


def _grouping(descend: Callable[..., Any]) -> Callable[..., Any]:
    """Several faults that one schema finds in one place are one fault with these inside."""
    from jsonschema.exceptions import ValidationError

    def grouped(
        self: Any, instance: Any, schema: Any, path: Any = None, schema_path: Any = None, resolver: Any = None
    ) -> Any:
        errors = _in_gos_order(descend(self, instance, schema, resolver=resolver), schema)
        if len(errors) > 1:
            errors = [
                ValidationError(
                    "", validator="group", context=errors, validator_value="", instance=instance, schema=schema
                )
            ]
        for error in errors:
            if path is not None:
                error.relative_path.appendleft(path)
            if schema_path is not None:
                error.relative_schema_path.appendleft(schema_path)
            yield error

    return grouped


# After one of these nothing more is said about a value.
_FIRST = ("type", "const", "enum", "format")
_ORDER = [
    "$ref",
    "minProperties",
    "maxProperties",
    "required",
    "dependencies",
    "properties",
    "patternProperties",
    "additionalProperties",
    "propertyNames",
    "dependentSchemas",
    "dependentRequired",
    "minItems",
    "maxItems",
    "uniqueItems",
    "prefixItems",
    "items",
    "additionalItems",
    "contains",
    "minLength",
    "maxLength",
    "pattern",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "not",
    "allOf",
    "anyOf",
    "oneOf",
    "if",
    "then",
    "else",
]
_RANKS = {
    word: 4 if word.endswith("roperties") and word[:3] not in ("min", "max") else i for i, word in enumerate(_ORDER)
}


def _in_gos_order(errors: Iterable[Any], schema: Any) -> list[Any]:
    """What one schema finds, as the library of Helm goes through its keywords."""
    found = _grouped(errors)
    for word in _FIRST:
        own = [e for e in found if e.validator == word and e.schema is schema]
        if own:
            return own[:1]
    return sorted(found, key=_rank)


def _rank(error: Any) -> int:
    path = error.relative_schema_path
    return _RANKS.get(str(path[0]), len(_ORDER)) if path else 0


def _all_of_rule(validator: Any, schemas: Any, instance: Any, _schema: Any) -> Any:
    """One fault with all of its members inside."""
    from jsonschema.exceptions import ValidationError

    inside = [e for i, s in enumerate(schemas) for e in validator.descend(instance, s, schema_path=i)]
    if inside:
        yield ValidationError("allOf", context=inside)


def _items_rule(validator: Any, items: Any, instance: Any, schema: Any) -> Any:
    """Every item beyond prefixItems on its own, also for a schema of false."""
    if validator.is_type(instance, "array"):
        for i in range(len(schema.get("prefixItems", ())), len(instance)):
            yield from _descend(validator, instance[i], items, i)


def _properties_rule(validator: Any, properties: Any, instance: Any, _schema: Any) -> Any:
    if validator.is_type(instance, "object"):
        for name, schema in properties.items():
            if name in instance:
                yield from _descend(validator, instance[name], schema, name)


def _descend(validator: Any, instance: Any, schema: Any, place: Any) -> Any:
    """As the library descends, with the place also where the schema is just false."""
    for error in validator.descend(instance, schema, path=place, schema_path=place):
        if schema is False and not error.path:
            error.path.appendleft(place)
        yield error


def _is_integer(_checker: Any, value: Any) -> bool:
    if isinstance(value, bool):
        return False
    return isinstance(value, int) or (isinstance(value, float) and value.is_integer())


def _pointer(path: Iterable[Any]) -> str:
    parts = (str(p).replace("~", "~0").replace("/", "~1") for p in path)
    return "".join(f"/{p}" for p in parts).replace("'", "\\'")


def _flat(errors: Iterable[Any], depth: int) -> list[str]:
    lines: list[str] = []
    groups = _grouped(errors)
    for error in groups:
        lines += _lines(error, depth)
    return lines


def _grouped(errors: Iterable[Any]) -> list[Any]:
    """Errors in the order found; the missing properties of one object are one fault."""
    found: list[Any] = []
    missing: dict[str, Any] = {}
    for error in errors:
        key = _pointer(error.absolute_path) + "|" + _pointer(error.absolute_schema_path)
        if error.validator in ("required", "additionalProperties") and key in missing:
            continue
        missing[key] = error
        found.append(error)
    return found


def _lines(error: Any, depth: int) -> list[str]:
    path = list(error.absolute_path)
    if error.validator in ("if", "$ref", "$dynamicRef") and error.context:
        return _flat(error.context, depth)
    pad = "  " * depth
    words = _words(error)
    own = f"{pad}- at '{_pointer(path)}': {words}"
    if error.validator in ("anyOf", "oneOf", "allOf", "group") and error.context:
        return [own, *_flat(error.context, depth + 1)]
    if error.validator == "contains" and isinstance(error.instance, list):
        return [own, *_contains(error, depth + 1)]
    return [own]


def _contains(error: Any, depth: int) -> list[str]:
    lines: list[str] = []
    validator = _validator(error.validator_value)
    for i, item in enumerate(error.instance):
        for inner in validator.iter_errors(item):
            inner.path.appendleft(i)
            inner.parent = None
            inner.path.extendleft(reversed(list(error.absolute_path)))
            lines += _lines(inner, depth)
    return lines


_KINDS: tuple[tuple[type, str], ...] = (
    (bool, "boolean"), (dict, "object"), (list, "array"), (str, "string"), (int, "number"), (float, "number"), (type(None), "null"),
)  # fmt: skip


def _kind(value: Any) -> str:
    return next((name for cls, name in _KINDS if isinstance(value, cls)), "")


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    if isinstance(value, (list, dict)):
        return json.dumps(value, separators=(",", ":"))
    return gojson.encode(float(value) if isinstance(value, int) and not isinstance(value, bool) else value)


def _number(value: Any) -> str:
    if isinstance(value, float) and not value.is_integer():
        return str(value)
    return str(int(value)) if not math.isinf(value) else str(value)


def _joined(names: Iterable[str]) -> str:
    return ", ".join(_shown(n) for n in names)


_SIZES = frozenset(("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"))


def _words(error: Any) -> str:
    kind, value, instance = error.validator, error.validator_value, error.instance
    if kind == "group":
        return "validation failed"
    if kind is None:
        return "false schema"
    if kind in _SIZES:
        return f"{kind}: got {len(instance)}, want {value}"
    if kind in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"):
        return f"{kind}: got {_number(instance)}, want {_number(value)}"
    writer: Callable[[Any, Any, Any], str] | None = _WRITERS.get(kind)
    return writer(value, instance, error) if writer else f"'{kind}' failed"


_TYPES = ("null", "boolean", "number", "integer", "string", "array", "object")


def _type_words(value: Any, instance: Any, error: Any) -> str:
    wanted = sorted(value, key=_TYPES.index) if isinstance(value, list) else [value]
    return f"got {_kind(instance)}, want {' or '.join(wanted)}"


def _required_words(value: Any, instance: Any, error: Any) -> str:
    missing = [n for n in value if n not in instance]
    return f"missing propert{'y' if len(missing) == 1 else 'ies'} {_joined(missing)}"


def _extra_words(value: Any, instance: Any, error: Any) -> str:
    import re

    known = error.schema.get("properties", {})
    patterns = error.schema.get("patternProperties", {})
    extra = [n for n in instance if n not in known and not any(re.search(p, n) for p in patterns)]
    return f"additional properties {_joined(extra)} not allowed"


def _unique_words(value: Any, instance: Any, error: Any) -> str:
    for j in range(len(instance)):
        for i in range(j):
            if instance[i] == instance[j] and type(instance[i]) is type(instance[j]):
                return f"items at {i} and {j} are equal"
    return "items are equal"


def _one_of_words(value: Any, instance: Any, error: Any) -> str:
    if error.context:
        return "'oneOf' failed, none matched"
    valid = [
        str(i) for i, s in enumerate(value) if not isinstance(_validator(s), str) and _validator(s).is_valid(instance)
    ]
    return f"'oneOf' failed, subschemas {', '.join(valid)} matched"


def _multiple_words(value: Any, instance: Any, error: Any) -> str:
    return f"multipleOf: got {_number(instance)}, want {_number(value)}"


def _dependent_words(value: Any, instance: Any, error: Any) -> str:
    for name, wanted in value.items():
        if name in instance and isinstance(wanted, list):
            missing = [w for w in wanted if w not in instance]
            if missing:
                return f"properties {_joined(missing)} required, if {_shown(name)} exists"
    return "dependentRequired failed"


_WRITERS: dict[str, Callable[[Any, Any, Any], str]] = {
    "type": _type_words,
    "required": _required_words,
    "additionalProperties": _extra_words,
    "uniqueItems": _unique_words,
    "oneOf": _one_of_words,
    "multipleOf": _multiple_words,
    "dependentRequired": _dependent_words,
    "dependencies": _dependent_words,
    "enum": lambda value, instance, error: (
        f"value must be one of {', '.join(map(_shown, value))}"
        if all(not isinstance(v, (list, dict)) for v in value)
        else "enum failed"
    ),
    "const": lambda value, instance, error: (
        f"value must be {_shown(value)}" if not isinstance(value, (list, dict)) else "const failed"
    ),
    "pattern": lambda value, instance, error: f"{_shown(instance)} does not match pattern {_shown(value)}",
    "contains": lambda value, instance, error: "no items match contains schema",
    "propertyNames": lambda value, instance, error: f"invalid propertyName {_shown(instance)}",
}

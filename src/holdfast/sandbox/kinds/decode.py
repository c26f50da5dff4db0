"""Typed decoding: a JSON body read as a Go struct would read it.

In: a kind, its schema, the parsed body and its raw bytes. Out: the same dict in canonical form (nulls and empty optional fields gone, quantities and
times canonical, unknown fields dropped) and the warnings. Raises DecodeError with the decoder's own words. Never: meaning (defaults, validation).
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from datetime import UTC, datetime
from typing import Any, cast

from holdfast.base.errors import Stop
from holdfast.kube.refs import GroupVersionKind, Manifest
from holdfast.kube.schema import Schema
from holdfast.sandbox import gotext
from holdfast.sandbox.kinds.gotypes import Type, struct_of
from holdfast.sandbox.kinds.quantities import QuantityError, canonical
from holdfast.sandbox.kinds.quantities import parse as parse_quantity

_LIMITS = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}
_MAX_STRICT = 100
_RFC3339 = re.compile(r"^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)$")
_BASE64 = re.compile(r"^[A-Za-z0-9+/]*={0,2}$")

Path = tuple[Any, ...]


class DecodeError(Stop):
    """The decoder's words, without the "cannot be handled as" around them."""


class Mismatch(Exception):
    """Collects the JSON path while it unwinds; the innermost struct names the field."""

    def __init__(self, got: str, go: str, plain: str = "") -> None:
        super().__init__(plain or got)
        self.got, self.go, self.plain = got, go, plain
        self.struct, self.path = "", ""

    def within(self, struct: str, field: str) -> None:
        self.struct = self.struct or struct
        self.path = f"{field}.{self.path}" if self.path else field

    def text(self) -> str:
        if self.plain:
            return self.plain
        if not self.path:
            return f"json: cannot unmarshal {self.got} into Go value of type {self.go}"
        return f"json: cannot unmarshal {self.got} into Go struct field {self.struct}.{self.path} of type {self.go}"


class _Literal(float):
    """A float that remembers how it was written; integers it would lose are kept the same way."""

    text: str


def _literal(text: str) -> _Literal:
    number = _Literal(text)
    number.text = text
    return number


def check(gvk: GroupVersionKind, obj: Manifest, schema: Schema | None, mode: str, raw: bytes | None) -> list[str]:
    """Bring `obj` into canonical form in place; answer the warnings of mode Warn.

    Raises DecodeError: a wrong type in any mode, unknown and duplicate fields in mode Strict.
    """
    struct = struct_of(gvk, schema)
    problems = duplicates(raw) if raw and mode != "Ignore" else []
    if struct is not None:
        unknown: list[Path] = []
        try:
            _struct(struct, obj, (), unknown)
        except Mismatch as error:
            raise DecodeError(_exact(struct, raw) or error.text()) from None
        _check_converted(gvk, obj)
        if mode != "Ignore":
            problems += [f'unknown field "{dotted(path)}"' for path in unknown]
    if problems and mode == "Strict":
        raise DecodeError("strict decoding error: " + ", ".join(problems[:_MAX_STRICT]))
    return problems


TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"
_INT64 = re.compile(r"[-+]?[0-9]+")


def _check_converted(gvk: GroupVersionKind, obj: Manifest) -> None:
    """An annotation that the server reads into a field of its own has to fit that field."""
    if (gvk.group, gvk.kind) != ("apps", "DaemonSet"):
        return
    text = ((obj.get("metadata") or {}).get("annotations") or {}).get(TEMPLATE_GENERATION)
    if text is not None and not _INT64.fullmatch(text):
        raise DecodeError(f"strconv.ParseInt: parsing {gotext.quote(text)}: invalid syntax")


def read_struct(kind: Type, value: Any, path: Path, unknown: list[Path]) -> None:
    """Bring one struct's value into canonical form. Raises Mismatch; notes unknown fields."""
    _struct(kind, value, path, unknown)


def _exact(struct: Type, raw: bytes | None) -> str:
    """The same failure with numbers as they were written, which only the raw text knows."""
    if not raw:
        return ""
    try:
        again = json.loads(raw, parse_float=_literal)
        _struct(struct, again, (), [])
    except Mismatch as error:
        return error.text()
    except (ValueError, TypeError, AttributeError):
        return ""
    return ""


def dotted(path: Path) -> str:
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text


# --- duplicate fields -------------------------------------------------------------


def duplicates(raw: bytes) -> list[str]:
    """Texts for keys written twice in one JSON object, in document order."""
    found = False

    def note(pairs: list[tuple[str, Any]]) -> Any:
        nonlocal found
        result = dict(pairs)
        found = found or len(result) != len(pairs)
        return result

    try:
        json.loads(raw, object_pairs_hook=note)
    except (ValueError, RecursionError):
        return []
    return _duplicate_paths(json.loads(raw, object_pairs_hook=_Pairs), ()) if found else []


class _Pairs(list[tuple[str, Any]]):
    """An object as the list of its pairs, told apart from arrays by type."""


def _duplicate_paths(value: Any, path: Path) -> list[str]:
    texts: list[str] = []
    if isinstance(value, _Pairs):
        seen: set[str] = set()
        for key, item in value:
            text = f'duplicate field "{dotted((*path, key))}"'
            if key in seen and text not in texts:
                texts.append(text)
            seen.add(key)
            texts += _duplicate_paths(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            texts += _duplicate_paths(item, (*path, index))
    return texts


# --- values -----------------------------------------------------------------------


def _got(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)):
        return "number"
    names: dict[type, str] = {str: "string", list: "array", dict: "object"}
    return names.get(type(value), "object")


def _number_text(value: Any) -> str:
    if isinstance(value, _Literal):
        return f"number {value.text}"
    return f"number {value!r}"


def _struct(kind: Type, value: Any, path: Path, unknown: list[Path]) -> None:
    if not isinstance(value, dict):
        raise Mismatch(_got(value), kind.go)
    fields = kind.fields
    drop: list[str] = []
    for key, item in value.items():
        field = fields.get(key)
        if field is None:
            unknown.append((*path, key))
            drop.append(key)
            continue
        if item is None:
            drop.append(key)
            continue
        inner = field.type
        if inner.kind == "string" and type(item) is str:
            if not item and not field.keep_zero:
                drop.append(key)
            continue
        try:
            new = _value(inner, item, (*path, key), unknown)
        except Mismatch as error:
            error.within(kind.name, field.path)
            raise
        if new is not item:
            value[key] = new
        # An empty list in a field that is always written was set, and somebody owns it (see zeros.as_stored).
        if _is_zero(inner.kind, new, field.keep_zero) and not (
            new == [] and any(key == name for name, _ in kind.always)
        ):
            drop.append(key)
    for key in drop:
        del value[key]


def _is_zero(kind: str, value: Any, keep: bool) -> bool:
    if kind in ("map", "bytes") or (kind == "array" and not keep):
        return not value
    if keep or kind in ("struct", "any") or kind.startswith("schema-or"):
        return False
    return not value or (kind == "quantity" and value == "0")


def _value(kind: Type, value: Any, path: Path, unknown: list[Path]) -> Any:
    name = kind.kind
    if name == "struct":
        _struct(kind, value, path, unknown)
        return value
    if name == "array":
        return _array(kind, value, path, unknown)
    if name == "map":
        return _map(kind, value, path, unknown)
    if name == "any":
        return value
    return _READERS[name](kind, value, path, unknown)


def _array(kind: Type, value: Any, path: Path, unknown: list[Path]) -> Any:
    if not isinstance(value, list):
        raise Mismatch(_got(value), kind.go)
    element = cast(Type, kind.element)
    if element.kind == "string":
        for index, item in enumerate(value):
            if type(item) is not str:
                value[index] = "" if item is None else _string(element, item, path, unknown)
        return value
    for index, item in enumerate(value):
        if item is None:
            item = {} if element.kind == "struct" else item
            value[index] = item
            continue
        value[index] = _value(element, item, (*path, index), unknown)
    return value


def _map(kind: Type, value: Any, path: Path, unknown: list[Path]) -> Any:
    if not isinstance(value, dict):
        raise Mismatch(_got(value), kind.go)
    element = cast(Type, kind.element)
    if element.kind == "string":
        for key, item in value.items():
            if type(item) is not str:
                value[key] = "" if item is None else _string(element, item, path, unknown)
        return value
    for key, item in value.items():
        if item is not None:
            value[key] = _value(element, item, (*path, key), unknown)
        elif element.kind == "quantity":
            value[key] = "0"
        elif element.kind == "struct":
            value[key] = {}
        elif element.kind == "bytes":
            value[key] = ""
    return value


def _string(kind: Type, value: Any, path: Path, unknown: list[Path]) -> Any:
    if not isinstance(value, str):
        raise Mismatch(_got(value), kind.go)
    return value


def _int(kind: Type, value: Any, path: Path, unknown: list[Path]) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Mismatch(_got(value), kind.go)
    low, high = _LIMITS[kind.go]
    if isinstance(value, float) or not low <= value <= high:
        raise Mismatch(_number_text(value), kind.go)
    return value


def _int_or_string(kind: Type, value: Any, path: Path, unknown: list[Path]) -> Any:
    return value if isinstance(value, str) else _int(kind, value, path, unknown)


def _float(kind: Type, value: Any, path: Path, unknown: list[Path]) -> Any:
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, float))
        or (isinstance(value, float) and math.isinf(value))
    ):
        raise Mismatch(_got(value), kind.go)
    return value


def _bool(kind: Type, value: Any, path: Path, unknown: list[Path]) -> Any:
    if not isinstance(value, bool):
        raise Mismatch(_got(value), kind.go)
    return value


def _quantity(kind: Type, value: Any, path: Path, unknown: list[Path]) -> Any:
    text = value if isinstance(value, str) else value.text if isinstance(value, _Literal) else json.dumps(value)
    try:
        parse_quantity(text)
        return canonical(text)
    except QuantityError as error:
        raise Mismatch("", "", str(error)) from None


def _bytes(kind: Type, value: Any, path: Path, unknown: list[Path]) -> Any:
    if not isinstance(value, str):
        raise Mismatch(_got(value), kind.go)
    clean = value.replace("\n", "").replace("\r", "")
    try:
        data = base64.b64decode(clean, validate=True)
    except binascii.Error:
        raise Mismatch("", "", f"illegal base64 data at input byte {bad_base64_at(value)}") from None
    return value if clean is value else base64.b64encode(data).decode()


def bad_base64_at(text: str) -> int:
    """The offset that Go's decoder reports."""
    kept = 0
    for index, char in enumerate(text):
        if char in "\r\n":
            continue
        if char == "=":
            return _bad_padding(text, index, kept % 4)
        if not _BASE64.match(char):
            return index
        kept += 1
    return len(text) - kept % 4 if kept % 4 else len(text)


def _bad_padding(text: str, index: int, place: int) -> int:
    if place < 2:
        return index
    rest = [i for i in range(index + 1, len(text)) if text[i] not in "\r\n"]
    if place == 2:
        if not rest:
            return len(text)
        if text[rest[0]] != "=":
            return rest[0]
        rest = rest[1:]
    return rest[0] if rest else len(text)


def _time(kind: Type, value: Any, path: Path, unknown: list[Path]) -> Any:
    if not isinstance(value, str):
        raise Mismatch(_got(value), kind.go)
    if len(value) == 20 and value[-1] == "Z" and value[10] == "T" and value[:4].isdigit() and _moment(value):
        return value
    moment = _moment(value)
    if moment is None:
        raise Mismatch("", "", time_error(value, "2006-01-02T15:04:05Z07:00"))
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _micro_time(kind: Type, value: Any, path: Path, unknown: list[Path]) -> Any:
    if not isinstance(value, str):
        raise Mismatch(_got(value), kind.go)
    moment = _moment(value)
    match = _RFC3339.match(value)
    if moment is None or match is None or len(match[7] or "") != 7:
        raise Mismatch("", "", time_error(value, "2006-01-02T15:04:05.000000Z07:00"))
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _moment(text: str) -> datetime | None:
    match = _RFC3339.match(text)
    if match is None:
        return None
    fraction = (match[7] or ".0")[:7]
    try:
        return datetime.fromisoformat(f"{text[:19]}{fraction:0<7}{'+00:00' if match[8] == 'Z' else match[8]}")
    except ValueError:
        return None


_LAYOUT = (
    ("2006", r"\d{4}"), ("-", "-"), ("01", r"\d\d"), ("-", "-"), ("02", r"\d\d"), ("T", "T"), ("15", r"\d\d"), (":", ":"), ("04", r"\d\d"),
    (":", ":"), ("05", r"\d\d"),
)  # fmt: skip


def time_error(text: str, layout: str) -> str:
    """Go's words for a text that does not follow the layout: the first element that fails and the rest of the text there."""
    rest = text
    for element, pattern in _LAYOUT:
        match = re.match(pattern, rest)
        if match is None:
            return f'parsing time "{text}" as "{layout}": cannot parse "{rest}" as "{element}"'
        rest = rest[match.end() :]
    element = ".000000" if "." in layout else "Z07:00"
    rest = rest if "." in layout else re.sub(r"^\.\d+", "", rest)
    if re.match(r"^(Z|[+-]\d\d:\d\d)$", rest) and element == "Z07:00":
        return f'parsing time "{text}": {_range_error(text)} out of range'
    return f'parsing time "{text}" as "{layout}": cannot parse "{rest}" as "{element}"'


def _range_error(text: str) -> str:
    for name, start, low, high in (
        ("month", 5, 1, 12),
        ("hour", 11, 0, 23),
        ("minute", 14, 0, 59),
        ("second", 17, 0, 59),
    ):
        if not low <= int(text[start : start + 2]) <= high:
            return name
    return "day"


def _schema_or_array(kind: Type, value: Any, path: Path, unknown: list[Path]) -> Any:
    if isinstance(value, list):
        for index, item in enumerate(value):
            _struct(cast(Type, kind.element), item, (*path, index), unknown)
    elif isinstance(value, dict):
        _struct(cast(Type, kind.element), value, path, unknown)
    else:
        return {}
    return value


def _schema_or_bool(kind: Type, value: Any, path: Path, unknown: list[Path]) -> Any:
    if isinstance(value, dict):
        _struct(cast(Type, kind.element), value, path, unknown)
    elif not isinstance(value, bool):
        raise Mismatch("", "", "boolean or JSON schema expected")
    return value


_READERS = {
    "string": _string,
    "int": _int,
    "int-or-string": _int_or_string,
    "float": _float,
    "bool": _bool,
    "quantity": _quantity,
    "bytes": _bytes,
    "time": _time,
    "microtime": _micro_time,
    "schema-or-array": _schema_or_array,
    "schema-or-bool": _schema_or_bool,
}

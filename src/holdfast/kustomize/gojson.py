"""Strict decoding of JSON data into known fields, with the words of Go's encoding/json.

A schema is a small table: a type is "string", "bool", "int" or "any", a list ``[type]``, a mapping of texts ``{"*": type}`` or
a ``Struct``. Unknown fields and wrong types are errors; names match without regard to case, as in Go; written are left out.
"""

from __future__ import annotations

from typing import Any

from holdfast.base.record import Record
from holdfast.kustomize.errors import KustomizeError
from holdfast.kustomize.scalars import quoted, text_of

Type = Any
Trail = tuple[str | int, ...]


class WrongField(KustomizeError):
    """A field that is not known or has the wrong type; ``trail`` is the way to it: keys as written, and indices."""

    trail: Trail = ()


class Struct(Record):
    """``name`` is the Go type's name, which messages mention; ``via`` the embedded types that fields belong to."""

    name: str
    fields: dict[str, Type]
    via: dict[str, str] = {}  # noqa: RUF012


def decode(data: Any, struct: Struct, *, strict: bool = True, coerce: bool = False) -> dict[str, Any]:
    """The known fields of ``data``. Raises KustomizeError for the first thing that is wrong, in order of field names.

    With ``coerce``, numbers and booleans become texts where a text is wanted, as sigs.k8s.io/yaml does when it knows the type.
    """
    decoder = _Decoder(strict, coerce)
    if data is None:
        return {}
    if type(data) is not dict:
        raise KustomizeError(f"json: cannot unmarshal {_kind(data)} into Go value of type types.{struct.name}")
    out = decoder.struct(data, struct, ())
    if decoder.error is not None:
        raise decoder.error
    return out


class _Decoder:
    def __init__(self, strict: bool, coerce: bool) -> None:
        self._strict = strict
        self._coerce = coerce
        self._trail: list[str | int] = []
        self.error: WrongField | None = None

    def _fail(self, message: str) -> None:
        if self.error is None:
            self.error = WrongField(message)
            self.error.trail = tuple(self._trail)

    def struct(self, data: dict[str, Any], struct: Struct, path: tuple[str, ...]) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for key in sorted(data):
            name = key if key in struct.fields else _folded(key, struct)
            if name is None:
                if self._strict:
                    self._trail.append(key)
                    self._fail(f"json: unknown field {quoted(key)}")
                    self._trail.pop()
                continue
            place = (*path, struct.via[name], name) if name in struct.via else (*path, name)
            coerce = self._coerce
            # sigs.k8s.io/yaml looks for the type of a field in the embedded type itself, where it does not find one.
            self._coerce = coerce and name not in struct.via
            value = self._within(key, data[key], struct.fields[name], struct, place)
            self._coerce = coerce
            if value is not None:
                out[name] = value
        return out

    def _value(self, data: Any, kind: Type, struct: Struct, path: tuple[str, ...]) -> Any:
        if data is None or kind == "any":
            return data
        if isinstance(kind, Struct):
            return self.struct(data, kind, path) if type(data) is dict else self._wrong(data, kind, struct, path)
        if isinstance(kind, list):
            if type(data) is not list:
                return self._wrong(data, kind, struct, path)
            items = [self._within(index, item, kind[0], struct, path) for index, item in enumerate(data)]
            return [_zero(kind[0]) if item is None else item for item in items]
        if isinstance(kind, dict):
            return self._mapping(data, kind["*"], struct, path)
        if _fits(data, kind):
            return data
        if self._coerce and kind == "string" and type(data) in (int, float, bool):
            return text_of(data)
        return self._wrong(data, kind, struct, path)

    def _within(self, step: str | int, data: Any, kind: Type, struct: Struct, path: tuple[str, ...]) -> Any:
        self._trail.append(step)
        value = self._value(data, kind, struct, path)
        self._trail.pop()
        return value

    def _mapping(self, data: Any, kind: Type, struct: Struct, path: tuple[str, ...]) -> Any:
        if type(data) is not dict:
            return self._wrong(data, {"*": kind}, struct, path)
        out = {}
        for key in sorted(data):
            value = self._within(key, data[key], kind, struct, path)
            out[key] = _zero(kind) if value is None and kind != "any" else value
        return out

    def _wrong(self, data: Any, kind: Type, struct: Struct, path: tuple[str, ...]) -> None:
        what = _kind(data)
        if kind == "int" and type(data) is float:
            what = f"number {data}"
        self._fail(
            f"json: cannot unmarshal {what} into Go struct field {struct.name}.{'.'.join(path)} of type {_go_type(kind)}"
        )


def _folded(key: str, struct: Struct) -> str | None:
    lowered = key.lower()
    return next((n for n in struct.fields if n.lower() == lowered), None)


def _fits(data: Any, kind: str) -> bool:
    if kind == "string":
        return type(data) is str
    if kind == "bool":
        return type(data) is bool
    return type(data) is int


def _zero(kind: Type) -> Any:
    if isinstance(kind, (Struct, dict)):
        return {}
    if isinstance(kind, list):
        return []
    return {"string": "", "bool": False, "int": 0}.get(kind)


def _kind(value: Any) -> str:
    if type(value) is dict:
        return "object"
    if type(value) is list:
        return "array"
    if type(value) is bool:
        return "bool"
    return "string" if type(value) is str else "number"


def _go_type(kind: Type) -> str:
    if isinstance(kind, Struct):
        return f"types.{kind.name}"
    if isinstance(kind, list):
        return "[]" + _go_type(kind[0])
    if isinstance(kind, dict):
        return "map[string]" + _go_type(kind["*"])
    return {"int": "int64", "any": "interface {}"}.get(kind, str(kind))

"""Protocol buffers without generated code: messages by tables of their fields, to and from plain dictionaries.

A table is written ``name:number``, then ``=kind`` (another message, ``bool``, ``int`` or ``bytes``; text where nothing is said),
then ``*`` for a list or ``%`` for a map from text. Fields that the table does not name are passed over, as the format wants it.
Maps with values other than text are maps to ``kind``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from holdfast.base.errors import Stop

_VARINT, _LONG, _BYTES, _SHORT = 0, 1, 2, 5
_TEXT: Final = "text"
MAX_DEPTH: Final = 32


class WireError(Stop):
    """These bytes are no such message."""


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    number: int
    kind: str = _TEXT
    repeated: bool = False
    mapped: bool = False


Table = Mapping[str, Field]
"""The fields of a message by name."""


def table(text: str) -> Table:
    fields = map(_field, text.split())
    return {f.name: f for f in fields}


def _field(text: str) -> Field:
    repeated, mapped = text.endswith("*"), text.endswith("%")
    name, _, rest = text.rstrip("*%").partition(":")
    number, _, kind = rest.partition("=")
    return Field(name, int(number), kind or _TEXT, repeated, mapped)


class Messages:
    """The messages of one protocol. ``tables`` maps their names to what `table` reads."""

    def __init__(self, tables: Mapping[str, str]) -> None:
        self._tables = {name: table(text) for name, text in tables.items()}
        self._numbers = {name: {f.number: f for f in t.values()} for name, t in self._tables.items()}

    # --- reading

    def decode(self, name: str, data: bytes, depth: int = 0) -> dict[str, Any]:
        """Raises WireError."""
        if depth > MAX_DEPTH:
            raise WireError("a message is nested too deeply")
        found: dict[str, Any] = {}
        known = self._numbers[name]
        for number, value in fields(data):
            field = known.get(number)
            if field is None:
                continue
            if field.mapped:
                entry = self._entry(field, value, depth)
                found.setdefault(field.name, {})[entry[0]] = entry[1]
            elif field.repeated:
                found.setdefault(field.name, []).append(self._value(field, value, depth))
            else:
                found[field.name] = self._value(field, value, depth)
        return found

    def _entry(self, field: Field, value: int | bytes, depth: int) -> tuple[str, Any]:
        key, held = "", self._value(field, b"" if field.kind not in ("bool", "int") else 0, depth)
        for number, part in fields(_bytes(value)):
            if number == 1:
                key = _text(part)
            elif number == 2:
                held = self._value(field, part, depth)
        return key, held

    def _value(self, field: Field, value: int | bytes, depth: int) -> Any:
        if field.kind == "bool":
            return bool(value)
        if field.kind == "int":
            return _signed(value)
        if field.kind == "bytes":
            return _bytes(value)
        return _text(value) if field.kind == _TEXT else self.decode(field.kind, _bytes(value), depth + 1)

    # --- writing

    def encode(self, name: str, values: Mapping[str, Any]) -> bytes:
        """Names that are not in the table are a mistake of the caller's: KeyError."""
        out = bytearray()
        for key, value in values.items():
            field = self._tables[name][key]
            if field.mapped:
                for part, held in value.items():
                    entry = tagged(1, part.encode()) + self._encoded(field, 2, held)
                    out += tagged(field.number, entry)
            else:
                for one in value if field.repeated else (value,):
                    out += self._encoded(field, field.number, one)
        return bytes(out)

    def _encoded(self, field: Field, number: int, value: Any) -> bytes:
        if field.kind in ("bool", "int"):
            return varint(number << 3 | _VARINT) + varint(int(value))
        if field.kind == "bytes":
            return tagged(number, value)
        if field.kind == _TEXT:
            return tagged(number, str(value).encode())
        return tagged(number, self.encode(field.kind, value))


def fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The numbers and raw values of a message. Raises WireError."""
    place = 0
    while place < len(data):
        tag, place = _read_varint(data, place)
        number, kind = tag >> 3, tag & 7
        value: int | bytes
        if kind == _VARINT:
            value, place = _read_varint(data, place)
        elif kind == _BYTES:
            size, place = _read_varint(data, place)
            value, place = _cut(data, place, size)
        elif kind in (_LONG, _SHORT):
            value, place = _cut(data, place, 8 if kind == _LONG else 4)
        else:
            raise WireError(f"field {number} has the unknown form {kind}")
        yield number, value


def _cut(data: bytes, place: int, size: int) -> tuple[bytes, int]:
    if place + size > len(data):
        raise WireError("a message is cut off")
    return data[place : place + size], place + size


def _read_varint(data: bytes, place: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(data):
            raise WireError("a message is cut off")
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & (1 << 64) - 1, place
    raise WireError("a number is too long")


def varint(value: int) -> bytes:
    """A number of 64 bits; negative ones as their complement."""
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def tagged(number: int, data: bytes) -> bytes:
    """A field that holds text, bytes or a message."""
    return varint(number << 3 | _BYTES) + varint(len(data)) + data


def _bytes(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise WireError("a number where bytes should be")
    return value


def _text(value: int | bytes) -> str:
    return _bytes(value).decode("utf-8", "replace")


def _signed(value: int | bytes) -> int:
    number = value if isinstance(value, int) else int.from_bytes(value, "little")
    return number - (1 << 64) if number >> 63 else number

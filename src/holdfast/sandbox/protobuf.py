"""Bodies in Kubernetes' protobuf encoding, as JSON data.

In: ``application/vnd.kubernetes.protobuf`` bytes of a built-in kind; out: the object as its JSON would read. Writing is
`protowrite`'s: most clients that send protobuf take JSON back.

``protofields.txt`` holds the field numbers: a package in brackets, then one message a line with ``number:name:type``
(``*`` repeated, ``%`` a map from strings). Go's embedded structs are messages of their own there and lie flat in JSON.
"""

from __future__ import annotations

import base64
import datetime
import functools
import json
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from holdfast.base.errors import Stop
from holdfast.kube.refs import GroupVersionKind

MAGIC: Final = b"k8s\x00"
_GROUPS: Final = {"": "core", "rbac.authorization.k8s.io": "rbac", "meta.k8s.io": "meta"}
_DEEPEST: Final = 64


class ProtobufError(Stop):
    """Bytes that are not what they say."""


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    type: str
    many: str = ""
    """``*`` repeated, ``%`` map, empty for one."""


Message = dict[int, Field]


@functools.cache
def messages() -> dict[str, Message]:
    found: dict[str, Message] = {}
    package = ""
    for line in Path(__file__).with_name("protofields.txt").read_text("utf-8").splitlines():
        if line.startswith("["):
            package = line[1:-1]
            continue
        name, *fields = line.split()
        found[f"{package}.{name}"] = dict(_field(package, f) for f in fields)
    return found


_PLAIN: Final = frozenset({"string", "int32", "int64", "bool", "bytes", "double"})


def _field(package: str, text: str) -> tuple[int, Field]:
    number, name, type_ = text.split(":")
    many = type_[0] if type_[0] in "*%" else ""
    type_ = type_.removeprefix(many)
    if type_ not in _PLAIN and "." not in type_:
        type_ = f"{package}.{type_}"
    return int(number), Field(name, type_, many)


def decode(data: bytes) -> dict[str, Any]:
    """The object in an envelope (``runtime.Unknown``)."""
    if not data.startswith(MAGIC):
        raise ProtobufError("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")
    envelope = dict(_pairs(data[4:]))
    identity = dict(_pairs(_bytes(envelope.get(1, b""))))
    version, kind = (_bytes(identity.get(n, b"")).decode() for n in (1, 2))
    return {
        "apiVersion": version,
        "kind": kind,
        **body(GroupVersionKind.parse(version, kind), _bytes(envelope.get(2, b""))),
    }


def message_name(kind: GroupVersionKind) -> str:
    group = _GROUPS.get(kind.group, kind.group.partition(".")[0])
    return f"{group}.{kind.version}.{kind.kind}"


def body(kind: GroupVersionKind, data: bytes) -> dict[str, Any]:
    name = "meta.v1.DeleteOptions" if kind.kind == "DeleteOptions" else message_name(kind)
    if name not in messages():
        raise ProtobufError(f'no kind "{kind.kind}" is registered for version "{kind.api_version}"')
    found: dict[str, Any] = _message(name, data, 0)
    return found


def _bytes(value: Any) -> bytes:
    if not isinstance(value, bytes):
        raise ProtobufError("proto: wrong wireType")
    return value


def _pairs(data: bytes) -> Iterator[tuple[int, Any]]:
    """Field numbers and raw values: int, bytes, or 8 and 4 raw bytes."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            value, at = _varint(data, at)
            yield number, value
            continue
        if wire == 2:
            size, at = _varint(data, at)
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
        else:
            raise ProtobufError(f"proto: illegal wireType {wire}")
        if at + size > len(data):
            raise ProtobufError("unexpected EOF")
        yield number, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data):
            raise ProtobufError("unexpected EOF")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ProtobufError("proto: integer overflow")


def _message(name: str, data: bytes, depth: int) -> Any:
    special = _SPECIAL.get(name)
    if special is not None:
        return special(data)
    if depth > _DEEPEST:
        raise ProtobufError("exceeded maximum recursion depth")
    fields = messages()[name]
    if len(fields) == 1 and fields.get(1) == Field("items", "string", "*"):
        # A named list type, such as the values of a user's extra.
        return [_bytes(v).decode() for n, v in _pairs(data) if n == 1]
    found: dict[str, Any] = {}
    for number, raw in _pairs(data):
        field = fields.get(number)
        if field is not None:
            _add(found, name, field, raw, depth)
    return found


def _add(found: dict[str, Any], parent: str, field: Field, raw: Any, depth: int) -> None:
    if field.many == "%":
        entry = dict(_pairs(_bytes(raw)))
        key = _bytes(entry.get(1, b"")).decode()
        found.setdefault(field.name, {})[key] = _value(field.type, entry.get(2, _empty(field.type)), depth)
        return
    value = _value(field.type, raw, depth)
    if field.many:
        found.setdefault(field.name, []).append(value)
    elif (parent, field.name) in embedded():
        found.update(value)
    else:
        found[field.name] = value


def _empty(type_: str) -> Any:
    return 0 if type_ in ("int32", "int64", "bool") else b""


def _value(type_: str, raw: Any, depth: int) -> Any:
    if type_ in ("int32", "int64"):
        if not isinstance(raw, int):
            raise ProtobufError("proto: wrong wireType")
        return raw - (1 << 64) if raw >= 1 << 63 else raw
    if type_ == "bool":
        return bool(raw)
    data = _bytes(raw)
    if type_ == "string":
        return data.decode("utf-8", "replace")
    if type_ == "bytes":
        return base64.b64encode(data).decode()
    if type_ == "double":
        number: float = struct.unpack("<d", data)[0]
        return number
    return _message(type_, data, depth + 1)


# --- types that JSON writes in their own way ---


def _time(data: bytes) -> str | None:
    found = dict(_pairs(data))
    if not data:
        return None
    moment = datetime.datetime.fromtimestamp(_signed(found.get(1, 0)), datetime.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _micro_time(data: bytes) -> str | None:
    found = dict(_pairs(data))
    if not data:
        return None
    moment = datetime.datetime.fromtimestamp(_signed(found.get(1, 0)), datetime.UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{int(found.get(2, 0)) // 1000:06d}Z"


def _signed(value: Any) -> int:
    return int(value) - (1 << 64) if int(value) >= 1 << 63 else int(value)


def _quantity(data: bytes) -> str:
    return _bytes(dict(_pairs(data)).get(1, b"")).decode()


def _int_or_string(data: bytes) -> int | str:
    found = dict(_pairs(data))
    if found.get(1, 0):
        return _bytes(found.get(3, b"")).decode()
    value: int = _value("int32", found.get(2, 0), 0)
    return value


def _json(data: bytes) -> Any:
    text = _bytes(dict(_pairs(data)).get(1, b""))
    return json.loads(text) if text else None


_SPECIAL: Final[dict[str, Callable[[bytes], Any]]] = {
    "meta.v1.Time": _time,
    "meta.v1.MicroTime": _micro_time,
    "meta.v1.FieldsV1": _json,
    "resource.Quantity": _quantity,
    "intstr.IntOrString": _int_or_string,
    "runtime.RawExtension": _json,
}


@functools.cache
def embedded() -> frozenset[tuple[str, str]]:
    """Message fields that are no properties in JSON: what they hold lies flat in their parent."""
    names = (
        "volumeSource", "persistentVolumeSource", "handler", "ephemeralContainerCommon", "localObjectReference", "ingressRuleValue",
        "rule", "ruleWithOperations",
    )  # fmt: skip
    return frozenset(
        (message, field.name)
        for message, fields in messages().items()
        for field in fields.values()
        if field.name in names and field.type not in _PLAIN and not field.many
    )

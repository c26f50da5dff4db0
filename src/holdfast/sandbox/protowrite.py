"""Built-in kinds in Kubernetes' protobuf encoding, for clients that take nothing else.

In: an object, a list or a status as JSON data. Out: bytes of ``application/vnd.kubernetes.protobuf``, and frames of a watch. The inverse of
`protobuf`, on the same table of fields. Never: custom resources, Tables.
"""

from __future__ import annotations

import base64
import datetime
import functools
import json
import struct
from collections.abc import Callable
from typing import Any, Final

from holdfast.base.protowire import tagged, varint
from holdfast.kube.refs import GroupVersionKind, Manifest
from holdfast.sandbox.protobuf import MAGIC, Field, embedded, message_name, messages

_NANOS: Final = 1_000_000_000
_META: Final = frozenset({"Status", "PartialObjectMetadata", "PartialObjectMetadataList"})


def can_write(kind: GroupVersionKind) -> bool:
    return message_name(kind) in messages()


def encode(obj: Manifest) -> bytes:
    """An object, a list of one kind or a Status, in its envelope."""
    version, kind = str(obj.get("apiVersion") or "v1"), str(obj.get("kind") or "")
    body = _list(obj, version, kind) if "items" in obj else _message(_name(version, kind), obj)
    identity = tagged(1, version.encode()) + tagged(2, kind.encode())
    return MAGIC + tagged(1, identity) + tagged(2, body)


def frame(type_: str, obj: Manifest) -> bytes:
    """One event of a watch: its length in four bytes, then the event with the object's envelope."""
    event = tagged(1, type_.encode()) + tagged(2, tagged(1, encode(obj)))
    return struct.pack(">I", len(event)) + event


def _name(version: str, kind: str) -> str:
    return f"meta.v1.{kind}" if kind in _META else message_name(GroupVersionKind.parse(version, kind))


def _list(obj: Manifest, version: str, kind: str) -> bytes:
    item = _name("meta.k8s.io/v1" if kind in _META else version, kind.removesuffix("List"))
    meta = tagged(1, _message("meta.v1.ListMeta", obj.get("metadata") or {}))
    return meta + b"".join(tagged(2, _message(item, one)) for one in obj["items"] or ())


# --- messages ------------------------------------------------------------------------


@functools.cache
def _fields(name: str) -> tuple[tuple[int, Field, bool], ...]:
    """Number, field, and whether what it holds lies flat in its parent."""
    found = messages()[name]
    return tuple((number, field, (name, field.name) in embedded()) for number, field in sorted(found.items()))


@functools.cache
def _flat(name: str) -> frozenset[str]:
    """The members of JSON that a message and what lies flat in it can hold."""
    names: set[str] = set()
    for _, field, flat in _fields(name):
        names |= _flat(field.type) if flat else {field.name}
    return frozenset(names)


def _message(name: str, value: Any) -> bytes:
    special = _SPECIAL.get(name)
    if special is not None:
        return special(value)
    if isinstance(value, list):
        # A named list type, such as the values of a user's extra.
        return b"".join(tagged(1, str(item).encode()) for item in value)
    found = []
    for number, field, flat in _fields(name):
        if flat:
            part = {key: item for key, item in value.items() if key in _flat(field.type)}
            if part:
                found.append(tagged(number, _message(field.type, part)))
        elif value.get(field.name) is not None:
            found.append(_field(number, field, value[field.name]))
    return b"".join(found)


def _field(number: int, field: Field, value: Any) -> bytes:
    if field.many == "*":
        return b"".join(_one(number, field.type, item) for item in value)
    if field.many == "%":
        entries = (_one(1, "string", key) + _one(2, field.type, item) for key, item in value.items())
        return b"".join(tagged(number, entry) for entry in entries)
    return _one(number, field.type, value)


def _one(number: int, type_: str, value: Any) -> bytes:
    if type_ in ("int32", "int64", "bool"):
        return varint(number << 3) + varint(int(value))
    if type_ == "double":
        return varint(number << 3 | 1) + struct.pack("<d", float(value))
    if type_ == "string":
        return tagged(number, str(value).encode())
    if type_ == "bytes":
        return tagged(number, base64.b64decode(value))
    return tagged(number, _message(type_, value))


# --- types that JSON writes in their own way ---


def _time(value: str) -> bytes:
    moment = datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))
    whole = moment.replace(microsecond=0)
    return _one(1, "int64", int(whole.timestamp())) + _one(2, "int32", moment.microsecond * 1000 % _NANOS)


def _quantity(value: Any) -> bytes:
    return tagged(1, str(value).encode())


def _int_or_string(value: Any) -> bytes:
    if isinstance(value, str):
        return _one(1, "int64", 1) + _one(2, "int32", 0) + tagged(3, value.encode())
    return _one(1, "int64", 0) + _one(2, "int32", value) + tagged(3, b"")


def _json(value: Any) -> bytes:
    return tagged(1, json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode())


_SPECIAL: Final[dict[str, Callable[[Any], bytes]]] = {
    "meta.v1.Time": _time,
    "meta.v1.MicroTime": _time,
    "meta.v1.FieldsV1": _json,
    "resource.Quantity": _quantity,
    "intstr.IntOrString": _int_or_string,
    "runtime.RawExtension": _json,
}

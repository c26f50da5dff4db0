"""Request bodies: bytes to one JSON object, in JSON or YAML, with the API server's refusals for what is neither."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import orjson

from holdfast.kube.refs import Manifest
from holdfast.sandbox import gotext, status
from holdfast.sandbox.httpd import MAX_BODY, Request
from holdfast.sandbox.negotiate import PROTOBUF, YAML, body_media


def check_size(request: Request) -> None:
    if request.oversized:
        raise status.too_large(f"Request entity too large: limit is {MAX_BODY}")


@dataclass(frozen=True, slots=True)
class Body:
    """What a request carries. ``raw`` is JSON text as it was sent (None for YAML); ``repeated`` are a YAML body's keys set twice."""

    value: Any
    raw: bytes | None
    repeated: tuple[str, ...] = ()


def read_object(request: Request, kind: str = "") -> Body:
    """``kind`` is what the body should be, for the refusal."""
    check_size(request)
    media = body_media(request.header("content-type"))
    if media == YAML:
        return _yaml(request.body)
    if media == PROTOBUF:
        return _protobuf(request.body)
    return Body(parse_json(request.body, kind), request.body)


def parse_json(text: bytes, kind: str = "") -> Any:
    """``kind`` is what the body should have been, for the refusal."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        pass
    try:
        # What orjson refuses and Go accepts: numbers beyond 64 bits, lone surrogates, bytes that are no UTF-8.
        return _clean(json.loads(text.decode("utf-8", "replace"), parse_int=_integer, parse_constant=_no_constant))
    except (ValueError, RecursionError) as error:
        raise unreadable(kind, _broken(text, error), text) from None


def _integer(text: str) -> int | float:
    value = int(text)
    return value if -(1 << 63) <= value < 1 << 63 else float(text)


def with_floats(value: Any) -> Any:
    """Whole numbers beyond 64 bits as floats, which is what they are where no type says otherwise."""
    if isinstance(value, dict):
        return {k: with_floats(v) for k, v in value.items()}
    if isinstance(value, list):
        return [with_floats(v) for v in value]
    return float(value) if value.__class__ is int and not -(1 << 63) <= value < 1 << 63 else value


def _no_constant(text: str) -> Any:
    raise json.JSONDecodeError("Expecting value", text, 0)


def _clean(value: Any) -> Any:
    """Lone surrogates become the replacement character, as Go's decoder does it."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_clean(v) for v in value]
    if isinstance(value, dict):
        return {_clean(k): _clean(v) for k, v in value.items()}
    return value


def unreadable(kind: str, why: str, text: bytes) -> status.StatusError:
    """A body of which nobody can tell what it is. Where no kind is expected, the body is not shown."""
    if not kind:
        return status.bad_request(why)
    return status.bad_request(f"the object provided is unrecognized (must be of type {kind}): {why} ({_shown(text)})")


def _broken(text: bytes, error: Exception) -> str:
    why = go_syntax_error(text, error)
    return f"couldn't get version/kind; json parse error: {why}"


def _shown(text: bytes) -> str:
    """The beginning of a body, as messages show it."""
    if not text:
        return "<empty>"
    if text[:1] == b"{":
        return text[:30].decode("utf-8", "replace") + (" ..." if len(text) > 30 else "")
    return text[:30].hex() + (" ..." if len(text) > 30 else "")


def go_syntax_error(text: bytes, error: Exception) -> str:
    """What encoding/json says about the first thing that is wrong."""
    if not text.strip():
        return "unexpected end of JSON input"
    at = getattr(error, "pos", 0)
    decoded = text.decode("utf-8", "replace")
    if at >= len(decoded.rstrip()):
        return "unexpected end of JSON input"
    char = gotext.quote(decoded[at])[1:-1]
    if "control character" in str(error):
        return f"invalid character '{char}' in string literal"
    if at == len(decoded) - len(decoded.lstrip()):
        return f"invalid character '{char}' looking for beginning of value"
    return f"invalid character '{char}' {_expected(str(error))}"


def _expected(error: str) -> str:
    if "property name" in error:
        return "looking for beginning of object key string"
    if "':' delimiter" in error:
        return "after object key"
    if "',' delimiter" in error:
        return "after object key:value pair"
    if "Extra data" in error:
        return "after top-level value"
    return "looking for beginning of value"


def _protobuf(data: bytes) -> Body:
    # Few clients send it, so that its tables are read only for those.
    from holdfast.sandbox import protobuf

    try:
        return Body(protobuf.decode(data), None)
    except protobuf.ProtobufError as error:
        raise status.bad_request(error.message) from None
    except (UnicodeDecodeError, ValueError, OverflowError) as error:
        raise status.bad_request(f"proto: {error}") from None


_REPEATED = "already set in map"


def _yaml(text: bytes) -> Body:
    from holdfast.base.errors import HoldfastError
    from holdfast.kube.yaml import load_all

    repeated: tuple[str, ...] = ()
    try:
        try:
            documents = load_all(text, strict=True)
        except HoldfastError as error:
            if _REPEATED not in str(error):
                raise
            repeated = tuple(line.strip() for line in str(error).splitlines() if _REPEATED in line)
            documents = load_all(text)
    except HoldfastError as error:
        raise status.bad_request(f"error converting YAML to JSON: {error}") from None
    return Body(documents[0].value if documents else None, None, repeated)


_HEAD = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }'
_NO_IDENTITY = "couldn't get version/kind; json parse error: "
_WORDS: dict[type, str] = {list: "array", str: "string", bool: "bool", int: "number", float: "number"}


def as_object(body: Body, text: bytes, kind: str = "") -> Manifest:
    """A body that is no object at all is refused, and so is one that does not say what it is in texts; ``null`` counts as an
    empty one. ``text`` is the body as it came.
    """
    if body.value is None:
        return {}
    why = ""
    if not isinstance(body.value, dict):
        why = f"{_NO_IDENTITY}json: cannot unmarshal {_word(body.value)} into Go value of type {_HEAD}"
    else:
        why = misidentified(body.value)
    if why:
        raise unreadable(kind, why, text)
    found: Manifest = body.value
    return found


def misidentified(obj: Manifest) -> str:
    """What is wrong with an object's ``apiVersion`` and ``kind`` before anybody looks for them; the first of them counts."""
    for field in obj:
        if field in ("apiVersion", "kind") and obj[field] is not None and not isinstance(obj[field], str):
            word = _word(obj[field])
            return f"{_NO_IDENTITY}json: cannot unmarshal {word} into Go struct field .{field} of type string"
    version = obj.get("apiVersion") or ""
    return f"unexpected GroupVersion string: {version}" if version.count("/") > 1 else ""


def _word(value: Any) -> str:
    return _WORDS.get(type(value), "object")

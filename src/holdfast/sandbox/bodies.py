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


def read_object(request: Request) -> Body:
    check_size(request)
    media = body_media(request.header("content-type"))
    if media == YAML:
        return _yaml(request.body)
    if media == PROTOBUF:
        return _protobuf(request.body)
    return Body(parse_json(request.body), request.body)


def parse_json(text: bytes) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        pass
    try:
        # What orjson refuses and Go accepts: big numbers, lone surrogates.
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise status.bad_request(_broken(text, error)) from None


def _broken(text: bytes, error: Exception) -> str:
    why = go_syntax_error(text, error)
    return f"couldn't get version/kind; json parse error: {why} ({_shown(text)})"


def shown(text: bytes) -> str:
    """The beginning of a body, as messages show it."""
    return text[:30].decode("utf-8", "replace") + (" ..." if len(text) > 30 else "")


def _shown(text: bytes) -> str:
    if not text:
        return "<empty>"
    if text[:1] == b"{":
        return shown(text)
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


def as_object(value: Any) -> Manifest:
    """A body that is no object at all is refused; ``null`` counts as an empty one."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        word = {list: "array", str: "string", bool: "bool", int: "number", float: "number"}.get(type(value), "value")
        why = f'json: cannot unmarshal {word} into Go value of type struct {{ APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }}'
        raise status.bad_request(f"couldn't get version/kind; json parse error: {why}")
    return value

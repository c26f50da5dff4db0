"""Refusals: every error of the API server is a ``StatusError`` that carries an exact ``Status`` object.

Field errors (what validation found) become causes of one ``Invalid`` status. In: what is wrong; out: JSON data.
Never decides whether something is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from holdfast.base.errors import Stop
from holdfast.sandbox import gotext

Json = dict[str, Any]

REQUIRED: Final = "FieldValueRequired"
INVALID: Final = "FieldValueInvalid"
NOT_SUPPORTED: Final = "FieldValueNotSupported"
FORBIDDEN: Final = "FieldValueForbidden"
DUPLICATE: Final = "FieldValueDuplicate"
NOT_FOUND: Final = "FieldValueNotFound"
TOO_LONG: Final = "FieldValueTooLong"
TOO_SHORT: Final = "FieldValueTooShort"
TOO_MANY: Final = "FieldValueTooMany"
TOO_FEW: Final = "FieldValueTooFew"
TYPE_INVALID: Final = "FieldValueTypeInvalid"
INTERNAL: Final = "InternalError"

_WORDS: Final = {
    REQUIRED: "Required value",
    INVALID: "Invalid value",
    NOT_SUPPORTED: "Unsupported value",
    FORBIDDEN: "Forbidden",
    DUPLICATE: "Duplicate value",
    NOT_FOUND: "Not found",
    TOO_LONG: "Too long",
    TOO_SHORT: "Too short",
    TOO_MANY: "Too many",
    TOO_FEW: "Too few",
    TYPE_INVALID: "Invalid value",
    INTERNAL: "Internal error",
}
_WITHOUT_VALUE: Final = frozenset({REQUIRED, FORBIDDEN, TOO_LONG, TOO_SHORT, INTERNAL})


class _Omit:
    """Marks a bad value that the text must not show."""


OMIT: Final = _Omit()


class Literal(str):
    """A bad value that is printed as it stands (a dump made elsewhere), without quotes."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with one field. ``type`` is the cause's reason; ``field`` a path such as ``spec.ports[0].name``."""

    type: str
    field: str
    value: Any = None
    detail: str = ""

    @property
    def body(self) -> str:
        """The text without the field, as it stands in ``details.causes``."""
        word = _WORDS.get(self.type, self.type)
        if self.type not in _WITHOUT_VALUE and self.value is not OMIT:
            word += ": " + (str(self.value) if isinstance(self.value, Literal) else gotext.scalar(self.value))
        return f"{word}: {self.detail}" if self.detail else word

    def __str__(self) -> str:
        return f"{self.field}: {self.body}"


def required(field: str, detail: str = "") -> FieldError:
    return FieldError(REQUIRED, field, "", detail)


def invalid_value(field: str, value: Any, detail: str = "") -> FieldError:
    return FieldError(INVALID, field, value, detail)


def not_supported(field: str, value: Any, supported: Iterable[str]) -> FieldError:
    """``supported`` in the order in which the message lists them."""
    values = [gotext.quote(v) for v in supported]
    return FieldError(NOT_SUPPORTED, field, value, "supported values: " + ", ".join(values) if values else "")


def forbidden_field(field: str, detail: str) -> FieldError:
    return FieldError(FORBIDDEN, field, "", detail)


def duplicate(field: str, value: Any) -> FieldError:
    return FieldError(DUPLICATE, field, value)


def too_long(field: str, limit: int, unit: str = "byte") -> FieldError:
    detail = "value is too long" if limit < 0 else f"may not be more than {limit} {unit}{'' if limit == 1 else 's'}"
    return FieldError(TOO_LONG, field, OMIT, detail)


def too_many(field: str, actual: int, limit: int) -> FieldError:
    detail = "has too many items" if limit < 0 else f"must have at most {limit} item{'' if limit == 1 else 's'}"
    return FieldError(TOO_MANY, field, actual, detail)


def aggregate(errors: Iterable[FieldError]) -> str:
    """Several errors as one text: duplicates once, brackets around more than one."""
    texts = list(dict.fromkeys(str(e) for e in errors))
    return texts[0] if len(texts) == 1 else "[" + ", ".join(texts) + "]"


def qualified(name: str, group: str) -> str:
    """``deployments.apps``, ``pods``."""
    return f"{name}.{group}" if group else name


class StatusError(Stop):
    """A request refused. ``status`` is the whole answer; ``headers`` go with it."""

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        details: Mapping[str, Any] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """``details=None`` leaves the key out; an empty mapping is written as ``{}``."""
        super().__init__(message, reason=reason)
        self.code = code
        self.details = details
        self.headers = dict(headers or {})

    @property
    def status(self) -> Json:
        body: Json = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
        }
        if self.reason:
            body["reason"] = self.reason
        if self.details is not None:
            body["details"] = dict(self.details)
        body["code"] = self.code
        return body


def _details(name: str = "", group: str = "", kind: str = "", **more: Any) -> Json:
    details = {"name": name, "group": group, "kind": kind, **more}
    return {k: v for k, v in details.items() if v not in ("", None)}


def not_found(resource: str, group: str, name: str) -> StatusError:
    """``resource`` is the plural."""
    message = f"{qualified(resource, group)} {gotext.quote(name)} not found"
    return StatusError(404, "NotFound", message, _details(name, group, resource))


def already_exists(resource: str, group: str, name: str, prefix: str = "") -> StatusError:
    message = f"{prefix}{qualified(resource, group)} {gotext.quote(name)} already exists"
    return StatusError(409, "AlreadyExists", message, _details(name, group, resource))


CHANGED: Final = "the object has been modified; please apply your changes to the latest version and try again"


def conflict(resource: str, group: str, name: str, why: str = CHANGED) -> StatusError:
    message = f"Operation cannot be fulfilled on {qualified(resource, group)} {gotext.quote(name)}: {why}"
    return StatusError(409, "Conflict", message, _details(name, group, resource))


def apply_conflict(message: str, causes: Sequence[Mapping[str, Any]]) -> StatusError:
    """A server-side apply met other managers' fields; ``causes`` are ``{reason, message, field}``."""
    return StatusError(409, "Conflict", message, {"causes": list(causes)})


def invalid(kind: str, group: str, name: str, errors: Sequence[FieldError]) -> StatusError:
    """``kind`` is the Kind, not the plural."""
    message = f"{qualified(kind, group)} {gotext.quote(name)} is invalid"
    if errors:
        message += f": {aggregate(errors)}"
    causes = [{"reason": e.type, "message": e.body, "field": e.field} for e in errors]
    return StatusError(422, "Invalid", message, _details(name, group, kind, causes=causes or None))


def forbidden(resource: str, group: str, name: str, why: str, causes: Sequence[Json] | None = None) -> StatusError:
    if not resource:
        message = f"forbidden: {why}"
    elif name:
        message = f"{qualified(resource, group)} {gotext.quote(name)} is forbidden: {why}"
    else:
        message = f"{qualified(resource, group)} is forbidden: {why}"
    return StatusError(403, "Forbidden", message, _details(name, group, resource, causes=causes or None))


def bad_request(message: str) -> StatusError:
    return StatusError(400, "BadRequest", message)


def unauthorized(message: str = "Unauthorized") -> StatusError:
    return StatusError(401, "Unauthorized", message)


def gone(message: str) -> StatusError:
    """A resourceVersion or continue token that was compacted away."""
    return StatusError(410, "Expired", message)


def method_not_allowed() -> StatusError:
    return StatusError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {})


def method_not_supported(resource: str, group: str, action: str) -> StatusError:
    message = f'{action} is not supported on resources of kind "{qualified(resource, group)}"'
    return StatusError(405, "MethodNotAllowed", message, _details(group=group, kind=resource))


def no_resource() -> StatusError:
    """An unknown resource or version of a known group."""
    return StatusError(404, "NotFound", "the server could not find the requested resource", {})


def not_acceptable(accepted: Iterable[str]) -> StatusError:
    message = "only the following media types are accepted: " + ", ".join(accepted)
    return StatusError(406, "NotAcceptable", message)


def unsupported_media_type(accepted: Iterable[str]) -> StatusError:
    message = "the body of the request was in an unknown format - accepted media types include: " + ", ".join(accepted)
    return StatusError(415, "UnsupportedMediaType", message)


def unprocessable() -> StatusError:
    """A patch that cannot be carried out (a failed test, a missing path)."""
    return StatusError(422, "Invalid", "the server rejected our request due to an error in our request", {})


def too_large(message: str) -> StatusError:
    return StatusError(413, "RequestEntityTooLarge", message)


def too_many_requests(message: str, retry_after: int = 0, causes: Sequence[Json] | None = None) -> StatusError:
    details: Json = {"causes": list(causes)} if causes else {}
    if retry_after:
        details["retryAfterSeconds"] = retry_after
    headers = {"Retry-After": str(retry_after)} if retry_after else None
    return StatusError(429, "TooManyRequests", message, details, headers=headers)


def timeout(message: str, causes: Sequence[Json] | None = None, retry_after: int = 0) -> StatusError:
    details: Json = {}
    if causes:
        details["causes"] = list(causes)
    if retry_after:
        details["retryAfterSeconds"] = retry_after
    return StatusError(
        504, "Timeout", message, details, headers={"Retry-After": str(retry_after)} if retry_after else None
    )


def internal_error(why: str) -> StatusError:
    """``Internal error occurred: ...``, reason InternalError."""
    return StatusError(500, "InternalError", f"Internal error occurred: {why}", {"causes": [{"message": why}]})


def untyped(message: str, code: int = 500) -> StatusError:
    """A plain error of the real server that nobody gave a reason: only a message and a code."""
    return StatusError(code, "", message)

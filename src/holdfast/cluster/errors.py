"""What an API server, or the way to it, may answer instead of an object.

::

    ApiError
    ├── NotFound, Forbidden, Unauthorized, NoMatch                            (WaitForOther)
    ├── Conflict, Gone, TooManyRequests, ServerError, Unreachable, Timeout    (RetryLater)
    └── Invalid, BadRequest, AlreadyExists, MethodNotAllowed, Rejected        (Stop)

``message`` is the server's own text, as client-go prints it; ``status`` the whole Status object where there was one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from holdfast.base.errors import HoldfastError, RetryLater, Stop, WaitForOther
from holdfast.kube.refs import GroupVersionKind


class ApiError(HoldfastError):
    def __init__(
        self,
        message: str,
        *,
        code: int = 0,
        reason: str = "",
        status: Mapping[str, Any] | None = None,
        after: float | None = None,
    ) -> None:
        super().__init__(message, reason=reason)
        self.code = code
        self.status: Mapping[str, Any] = status or {}
        self.after = after

    @property
    def causes(self) -> list[Mapping[str, Any]]:
        return list((self.status.get("details") or {}).get("causes") or [])


class NotFound(ApiError, WaitForOther):
    """No such object, or no such path (then the Status names no object)."""

    @property
    def names_object(self) -> bool:
        return bool((self.status.get("details") or {}).get("name"))


class Forbidden(ApiError, WaitForOther):
    pass


class Unauthorized(ApiError, WaitForOther):
    pass


class NoMatch(ApiError, WaitForOther):
    """The cluster serves no such kind (yet)."""

    @classmethod
    def of(cls, gvk: GroupVersionKind) -> NoMatch:
        if gvk.version:
            return cls(f'no matches for kind "{gvk.kind}" in version "{gvk.api_version}"', reason="NoMatch")
        return cls(f'no matches for kind "{gvk.kind}" in group "{gvk.group}"', reason="NoMatch")


class Conflict(ApiError, RetryLater):
    """The object changed meanwhile, or fields of an apply belong to others (``causes`` names them)."""


class Gone(ApiError, RetryLater):
    """The resource version is too old for the server's memory: list again."""


class TooManyRequests(ApiError, RetryLater):
    pass


class ServerError(ApiError, RetryLater):
    pass


class Timeout(ApiError, RetryLater):
    pass


class Unreachable(ApiError, RetryLater):
    """No answer at all."""


class Invalid(ApiError, Stop):
    """The object is refused by validation."""


class BadRequest(ApiError, Stop):
    pass


class AlreadyExists(ApiError, Stop):
    pass


class MethodNotAllowed(ApiError, Stop):
    pass


class Rejected(ApiError, Stop):
    """Any other 4xx."""


_BY_REASON: dict[str, type[ApiError]] = {
    "NotFound": NotFound,
    "Forbidden": Forbidden,
    "Unauthorized": Unauthorized,
    "Conflict": Conflict,
    "AlreadyExists": AlreadyExists,
    "Gone": Gone,
    "Expired": Gone,
    "Invalid": Invalid,
    "BadRequest": BadRequest,
    "MethodNotAllowed": MethodNotAllowed,
    "TooManyRequests": TooManyRequests,
    "Timeout": Timeout,
    "ServerTimeout": Timeout,
    "InternalError": ServerError,
    "ServiceUnavailable": ServerError,
}
_BY_CODE: dict[int, type[ApiError]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    405: MethodNotAllowed,
    409: Conflict,
    410: Gone,
    422: Invalid,
    429: TooManyRequests,
    504: Timeout,
}


def from_status(code: int, status: Mapping[str, Any], *, after: float | None = None) -> ApiError:
    """The error for a failed answer; ``status`` is its body where that was a Status object, else empty."""
    reason = str(status.get("reason") or "")
    code = int(status.get("code") or code)
    kind = _BY_REASON.get(reason) or _BY_CODE.get(code) or (ServerError if code >= 500 else Rejected)
    message = str(status.get("message") or _fallback(code))
    return kind(message, code=code, reason=reason, status=status, after=after)


def _fallback(code: int) -> str:
    """client-go's words for an answer without a Status."""
    return {
        401: "the server has asked for the client to provide credentials",
        404: "the server could not find the requested resource",
        405: "the server does not allow this method on the requested resource",
        415: "the body of the request was in an unknown format - accepted media types include: ",
        429: "the server has received too many requests and has asked us to try again later",
        503: "the server is currently unable to handle the request",
        504: "the server was unable to return a response in the time allotted, but may still be processing the request",
    }.get(code, f"the server responded with the status code {code} but did not return more information")

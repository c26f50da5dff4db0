"""Who is asking: client certificates, bearer tokens, anonymous; impersonation comes on top (``auth``)."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from holdfast.sandbox.httpd import Request

AUTHENTICATED = "system:authenticated"


@dataclass(frozen=True, slots=True)
class User:
    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: Mapping[str, list[str]] = field(default_factory=dict)

    def is_admin(self) -> bool:
        return "system:masters" in self.groups


ANONYMOUS = User("system:anonymous", ("system:unauthenticated",))
LOOPBACK = User("system:apiserver", ("system:masters", AUTHENTICATED))
"""The server's own controllers."""


Resolve = Callable[[str, datetime.datetime], User | None]


class Authenticator:
    """Static tokens, and those that ``resolve`` knows (of service accounts)."""

    def __init__(self, tokens: Mapping[str, User]) -> None:
        self._tokens = dict(tokens)
        self._resolve: Resolve | None = None

    def resolve_with(self, resolve: Resolve) -> None:
        self._resolve = resolve

    def identify(self, request: Request, now: datetime.datetime) -> User | None:
        """None: credentials were given and are wrong."""
        if request.peer:
            return _from_certificate(request.peer)
        kind, _, token = request.header("authorization").partition(" ")
        if kind.lower() == "bearer" and token.strip():
            return self.of_token(token.strip(), now)
        return ANONYMOUS

    def of_token(self, token: str, now: datetime.datetime) -> User | None:
        if token in self._tokens:
            return self._tokens[token]
        return self._resolve(token, now) if self._resolve and token else None


def _from_certificate(peer: Mapping[str, Any]) -> User:
    name, groups = "", []
    for part in peer.get("subject", ()):
        for key, value in part:
            if key == "commonName":
                name = value
            elif key == "organizationName":
                groups.append(value)
    return User(name, (*groups, AUTHENTICATED))

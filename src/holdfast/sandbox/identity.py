"""Who is asking: client certificates, bearer tokens, anonymous; impersonation comes on top (``auth``)."""

from __future__ import annotations

from collections.abc import Mapping
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


class Authenticator:
    """Static tokens from the start; service account tokens are added by whoever issues them."""

    def __init__(self, tokens: Mapping[str, User]) -> None:
        self.tokens = dict(tokens)

    def identify(self, request: Request) -> User | None:
        """None: credentials were given and are wrong."""
        if request.peer:
            return _from_certificate(request.peer)
        kind, _, token = request.header("authorization").partition(" ")
        if kind.lower() == "bearer" and token.strip():
            return self.tokens.get(token.strip())
        return ANONYMOUS


def _from_certificate(peer: Mapping[str, Any]) -> User:
    name, groups = "", []
    for part in peer.get("subject", ()):
        for key, value in part:
            if key == "commonName":
                name = value
            elif key == "organizationName":
                groups.append(value)
    return User(name, (*groups, AUTHENTICATED))

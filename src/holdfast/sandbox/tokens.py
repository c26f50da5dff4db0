"""Service account tokens: issued for TokenRequests, told apart from nonsense by TokenReviews.

A token is a signed JWT as a real server issues it, so that clients may look inside; the key is made anew with every server.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import hmac
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from holdfast.kube.refs import Manifest
from holdfast.sandbox.identity import AUTHENTICATED, User

ISSUER = "https://kubernetes.default.svc"


def account_user(namespace: str, name: str, uid: str = "") -> User:
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", AUTHENTICATED)
    return User(f"system:serviceaccount:{namespace}:{name}", groups, uid)


@dataclass(frozen=True, slots=True)
class Claims:
    namespace: str
    account: str
    uid: str
    audiences: tuple[str, ...]
    expires: int
    identity: str
    bound: tuple[tuple[str, str, str], ...] = ()
    """Kind (in lower case), name and uid of what the token lives and dies with."""


class TokenIssuer:
    """Signs with HMAC: whoever holds a token asks this server about it, nobody else."""

    def __init__(self, key: bytes | None = None) -> None:
        self._key = key or secrets.token_bytes(32)

    def issue(
        self,
        account: Manifest,
        audiences: Sequence[str],
        seconds: int,
        now: datetime.datetime,
        bound: Sequence[Manifest] = (),
    ) -> str:
        meta = account["metadata"]
        start = int(now.timestamp())
        kubernetes = {"namespace": meta["namespace"], "serviceaccount": {"name": meta["name"], "uid": meta["uid"]}}
        for item in bound:
            kubernetes[str(item["kind"]).lower()] = {k: item[k] for k in ("name", "uid") if item.get(k)}
        payload = {
            "aud": list(audiences),
            "exp": start + seconds,
            "iat": start,
            "nbf": start,
            "iss": ISSUER,
            "jti": secrets.token_hex(16),
            "kubernetes.io": kubernetes,
            "sub": f"system:serviceaccount:{meta['namespace']}:{meta['name']}",
        }
        head = _encoded(json.dumps({"alg": "HS256", "kid": "sandbox"}).encode())
        body = _encoded(json.dumps(payload, separators=(",", ":")).encode())
        return f"{head}.{body}.{self._signature(f'{head}.{body}')}"

    def read(self, token: str, now: datetime.datetime) -> Claims | None:
        """None: not ours, tampered with, or expired."""
        head, _, signature = token.rpartition(".")
        if not head or not hmac.compare_digest(signature.encode(), self._signature(head).encode()):
            return None
        payload = json.loads(_decoded(head.rpartition(".")[2]))
        if payload["exp"] <= now.timestamp():
            return None
        inside = payload["kubernetes.io"]
        account = inside["serviceaccount"]
        bound = tuple(
            (kind, inside[kind]["name"], inside[kind].get("uid") or "")
            for kind in ("pod", "secret", "node")
            if kind in inside
        )
        audiences = tuple(payload["aud"])
        return Claims(
            inside["namespace"], account["name"], account["uid"], audiences, payload["exp"], payload["jti"], bound
        )

    def _signature(self, text: str) -> str:
        return _encoded(hmac.new(self._key, text.encode(), hashlib.sha256).digest())


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

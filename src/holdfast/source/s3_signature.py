"""AWS Signature Version 4 for requests without a body.

In: a method, an address, headers, keys. Out: the value of the Authorization header. No clock is asked: the moment is the
``x-amz-date`` among the headers.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, urlsplit

ALGORITHM = "AWS4-HMAC-SHA256"
NO_BODY = hashlib.sha256(b"").hexdigest()
DATE_FORMAT = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class Keys:
    access: str
    secret: str = field(repr=False)


def authorization(method: str, url: str, headers: Mapping[str, str], keys: Keys, region: str) -> str:
    """``headers`` are those to sign beside ``Host``; ``x-amz-date`` and ``x-amz-content-sha256`` are among them."""
    signed = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
    signed["host"] = urlsplit(url).netloc
    moment = signed["x-amz-date"]
    scope = f"{moment[:8]}/{region}/s3/aws4_request"
    text = "\n".join((ALGORITHM, moment, scope, _sha256(_canonical(method, url, signed))))
    signature = hmac.new(_key(keys.secret, scope), text.encode(), hashlib.sha256).hexdigest()
    return f"{ALGORITHM} Credential={keys.access}/{scope}, SignedHeaders={_names(signed)}, Signature={signature}"


def _canonical(method: str, url: str, signed: Mapping[str, str]) -> str:
    parts = urlsplit(url)
    query = sorted((quote(k, safe=""), quote(v, safe="")) for k, v in parse_qsl(parts.query, keep_blank_values=True))
    return "\n".join(
        (
            method,
            parts.path or "/",
            "&".join(f"{k}={v}" for k, v in query),
            *(f"{name}:{signed[name]}" for name in sorted(signed)),
            "",
            _names(signed),
            signed["x-amz-content-sha256"],
        )
    )


def _names(signed: Mapping[str, str]) -> str:
    return ";".join(sorted(signed))


def _key(secret: str, scope: str) -> bytes:
    """The key of one day, region and service."""
    found = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        found = hmac.new(found, part.encode(), hashlib.sha256).digest()
    return found


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()

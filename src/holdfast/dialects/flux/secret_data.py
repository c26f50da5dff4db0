"""What Flux reads out of Secrets: how to reach a host through a proxy and whom to trust there, and its words for mistakes."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from holdfast.base.errors import Stop

PROXY_SCHEMES = ("http", "https", "socks5")
_PEM = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----\s*(.*?)-----END \1-----", re.DOTALL)


class CredentialsInvalid(Stop):
    """The Secret lacks something, or contradicts itself."""


@dataclass(frozen=True, slots=True)
class Trust:
    """PEM texts: whom to trust, and as whom to come."""

    ca: str = ""
    certificate: str = ""
    key: str = field(default="", repr=False)


def text(data: Mapping[str, bytes], *keys: str) -> str:
    """The first of ``keys`` that is there and not empty."""
    return next((data[k].decode("utf-8", "replace") for k in keys if data.get(k)), "")


def proxy_url(data: Mapping[str, bytes], name: str) -> str:
    """From a proxy Secret's data: its address with user and password. ``name`` is ``namespace/name``."""
    if "address" not in data:
        raise CredentialsInvalid(f"secret '{name}': key 'address' not found")
    address = text(data, "address")
    if not address:
        raise CredentialsInvalid(f"secret '{name}': proxy address is empty")
    scheme = urlsplit(address).scheme
    if scheme not in PROXY_SCHEMES:
        known = ", ".join(PROXY_SCHEMES)
        problem = f"proxy URL must use one of the supported schemes ({known}), got '{scheme}'"
        raise CredentialsInvalid(f"secret '{name}': {problem}")
    if "username" not in data:
        return address
    user = quote(text(data, "username"), safe="")
    if "password" in data:
        user += ":" + quote(text(data, "password"), safe="")
    return address.replace("://", f"://{user}@", 1)


def trust(data: Mapping[str, bytes], name: str) -> Trust:
    """From a certificate Secret's data, with today's or yesterday's keys. ``name`` is ``namespace/name``."""
    found = Trust(text(data, "ca.crt", "caFile"), text(data, "tls.crt", "certFile"), text(data, "tls.key", "keyFile"))
    if found.certificate and not found.key:
        raise CredentialsInvalid(f"secret '{name}' contains 'tls.crt' but missing 'tls.key'")
    if found.key and not found.certificate:
        raise CredentialsInvalid(f"secret '{name}' contains 'tls.key' but missing 'tls.crt'")
    if not found.certificate and not found.ca:
        raise CredentialsInvalid(f"secret '{name}' must contain either 'ca.crt' or both 'tls.crt' and 'tls.key'")
    for what, content in (("certificate", found.certificate), ("key", found.key)):
        if content and not _PEM.search(content):
            problem = f"tls: failed to find any PEM data in {what} input"
            raise CredentialsInvalid(f"failed to parse TLS certificate and key: {problem}")
    if found.ca and not _has_certificate(found.ca):
        raise CredentialsInvalid("failed to parse CA certificate")
    return found


def basic_auth(data: Mapping[str, bytes], name: str) -> tuple[str, str]:
    """User and password, both empty where there is neither; one without the other is a mistake."""
    present = [k for k in ("username", "password") if k in data]
    if len(present) == 1:
        missing = "password" if present[0] == "username" else "username"
        raise CredentialsInvalid(f"secret '{name}': malformed basic auth - has '{present[0]}' but missing '{missing}'")
    return text(data, "username"), text(data, "password")


def _has_certificate(pem: str) -> bool:
    return any(kind == "CERTIFICATE" and _is_der(body) for kind, body in _PEM.findall(pem))


def _is_der(body: str) -> bool:
    try:
        return base64.b64decode("".join(body.split()), validate=True)[:1] == b"\x30"
    except (binascii.Error, ValueError):
        return False

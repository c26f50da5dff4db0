"""Who we are at a registry: logins out of docker configs, and what a registry's challenge asks for.

In: the JSON of a docker config, a WWW-Authenticate header. Out: the login of a repository, a challenge. Never asks anybody.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from holdfast.base.errors import Stop
from holdfast.source.http import basic

_PARAMETER = re.compile(r'(\w+)="([^"]*)"')
_HUB = "index.docker.io"
_HUBS = (_HUB, "docker.io", "registry-1.docker.io")


@dataclass(frozen=True, slots=True)
class Login:
    """``token`` is sent as it is; ``refresh`` is exchanged for tokens (an identity token)."""

    username: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    refresh: str = field(default="", repr=False)

    @property
    def header(self) -> str:
        if self.token:
            return f"Bearer {self.token}"
        return basic(self.username, self.password) if self.username or self.password else ""


class Logins(dict[str, Login]):
    """Host, or host and the beginning of a path -> login."""

    def of(self, host: str, repository: str = "") -> Login | None:
        """The login of the longest beginning of ``host/repository``."""
        place = f"{_HUB if host in _HUBS else host}/{repository}".rstrip("/")
        while place:
            if place in self:
                return self[place]
            place = place.rpartition("/")[0]
        return None


def logins(docker_config: bytes) -> Logins:
    """The logins in the JSON of a docker config. Raises Stop."""
    try:
        found = json.loads(docker_config or b"{}").get("auths") or {}
        return Logins({_place_of(str(key)): _login(entry or {}) for key, entry in found.items()})
    except (ValueError, AttributeError) as error:
        raise Stop(f"unable to parse docker config: {error}") from error


def _place_of(key: str) -> str:
    parts = urlsplit(key if "://" in key else f"//{key}")
    host = parts.netloc.rpartition("@")[2]
    if host in _HUBS:
        return _HUB
    # The address of an API version is not a part of a repository's name.
    path = parts.path.strip("/")
    return f"{host}/{path}" if path and path not in ("v1", "v2") else host


def _login(entry: Mapping[str, Any]) -> Login:
    if entry.get("registrytoken"):
        return Login(token=str(entry["registrytoken"]))
    username, password = str(entry.get("username") or ""), str(entry.get("password") or "")
    if not username and entry.get("auth"):
        username, _, password = base64.b64decode(str(entry["auth"])).decode("utf-8", "replace").partition(":")
    return Login(username, password.rstrip("\0"), refresh=str(entry.get("identitytoken") or ""))


@dataclass(frozen=True, slots=True)
class Challenge:
    """``scheme`` is "bearer", "basic" or empty for none that we know."""

    scheme: str = ""
    realm: str = ""
    service: str = ""
    scope: str = ""

    @classmethod
    def parse(cls, header: str) -> Challenge:
        scheme, _, rest = header.strip().partition(" ")
        if scheme.lower() not in ("bearer", "basic"):
            return cls()
        told = dict(_PARAMETER.findall(rest))
        return cls(scheme.lower(), told.get("realm", ""), told.get("service", ""), told.get("scope", ""))

"""Who we are, per request: tokens, token files that are rotated, exec plugins, client certificates.

In: a ``ClusterConfig``. Out: headers and TLS settings for the next request. Never logs or keeps a credential longer than
its life.
"""

from __future__ import annotations

import asyncio
import base64
import os
import ssl
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from holdfast.base.clock import Clock
from holdfast.base.errors import Stop
from holdfast.cluster.config import ClusterConfig, ExecPlugin

TOKEN_FILE_SECONDS = 60.0


class CredentialError(Stop):
    """The exec plugin or token file does not give credentials."""


class Authenticator:
    def __init__(self, config: ClusterConfig, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._headers: dict[str, str] = {}
        self._expires: float | None = 0.0
        self._tls = config.ssl_context()
        self._lock = asyncio.Lock()
        if config.impersonate_user:
            self._impersonation = impersonation(config.impersonate_user, config.impersonate_groups)
        else:
            self._impersonation = []

    @property
    def impersonation(self) -> list[tuple[str, str]]:
        return self._impersonation

    @property
    def tls(self) -> ssl.SSLContext | None:
        return self._tls

    async def headers(self) -> Mapping[str, str]:
        if self._expires is not None and self._clock.time() >= self._expires:
            async with self._lock:
                if self._expires is not None and self._clock.time() >= self._expires:
                    await self._refresh()
        return self._headers

    def forget(self) -> bool:
        """After a 401: True when asking again may give other credentials."""
        renewable = bool(self._config.exec_plugin or self._config.token_file or self._config.token_source)
        if renewable:
            self._expires = 0.0
        return renewable

    async def _refresh(self) -> None:
        config = self._config
        if config.exec_plugin:
            await self._run_plugin(config.exec_plugin)
        elif config.token_source:
            token, expires = await config.token_source()
            self._headers = {"Authorization": f"Bearer {token}"}
            self._expires = expires - TOKEN_FILE_SECONDS
        elif config.token_file:
            self._headers = {"Authorization": f"Bearer {_read_token(config.token_file)}"}
            self._expires = self._clock.time() + TOKEN_FILE_SECONDS
        else:
            self._headers = _static_headers(config)
            self._expires = None

    async def _run_plugin(self, plugin: ExecPlugin) -> None:
        answer = await _call(plugin, self._config)
        status = answer.get("status") or {}
        token, cert = status.get("token"), status.get("clientCertificateData")
        if not token and not cert:
            raise CredentialError(f"exec plugin {plugin.command} didn't return a token or cert/key pair")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        if cert:
            self._tls = self._config.ssl_context(cert.encode(), str(status.get("clientKeyData") or "").encode())
        expiry = status.get("expirationTimestamp")
        self._expires = datetime.fromisoformat(expiry).timestamp() if expiry else None


def impersonation(user: str, groups: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    return [("Impersonate-User", user), *(("Impersonate-Group", g) for g in groups)]


def _static_headers(config: ClusterConfig) -> dict[str, str]:
    if config.token:
        return {"Authorization": f"Bearer {config.token}"}
    if config.username:
        pair = base64.b64encode(f"{config.username}:{config.password}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}
    return {}


def _read_token(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().strip()
    except OSError as error:
        raise CredentialError(f"failed to read token file {path}: {error.strerror}") from error


async def _call(plugin: ExecPlugin, config: ClusterConfig) -> Mapping[str, Any]:
    spec: dict[str, Any] = {"interactive": False}
    if plugin.provide_cluster_info:
        spec["cluster"] = {
            "server": config.server,
            "certificate-authority-data": base64.b64encode(config.ca).decode(),
            "insecure-skip-tls-verify": config.insecure,
        }
    info = {"apiVersion": plugin.api_version, "kind": "ExecCredential", "spec": spec}
    environment = {**os.environ, **dict(plugin.env), "KUBERNETES_EXEC_INFO": orjson.dumps(info).decode()}
    try:
        process = await asyncio.create_subprocess_exec(
            plugin.command,
            *plugin.args,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        raise CredentialError(f"exec: executable {plugin.command} not found", hint=plugin.install_hint) from error
    out, err = await process.communicate()
    if process.returncode:
        words = err.decode("utf-8", "replace").strip()[-500:]
        raise CredentialError(f"exec: executable {plugin.command} failed with exit code {process.returncode}: {words}")
    try:
        answer = orjson.loads(out)
    except orjson.JSONDecodeError as error:
        raise CredentialError(f"exec: executable {plugin.command} did not print an ExecCredential") from error
    return answer if isinstance(answer, Mapping) else {}

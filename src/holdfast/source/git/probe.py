"""Why a remote did not answer, in the words that Flux's users know.

libgit2 says little about an HTTP failure. On that path only, the same first request of Git's smart protocol is made
again and its status and body told, as go-git tells them.
"""

from __future__ import annotations

import base64
import http.client
import os
import socket
import ssl
from urllib.parse import SplitResult, urlsplit

from holdfast.base.tls import client_context
from holdfast.model.source import Credentials

_SERVICE = "info/refs?service=git-upload-pack"


def explain(url: str, credentials: Credentials, fallback: str) -> str:
    """The cause of a failure at ``url``; ``fallback`` is libgit2's own text, which is used where nothing better is known."""
    parts = urlsplit(url)
    if parts.scheme in ("http", "https"):
        return _explain_http(parts, credentials, fallback)
    if parts.scheme in ("", "file") and not os.path.isdir(parts.path):
        return "repository not found"
    return fallback


def _explain_http(parts: SplitResult, credentials: Credentials, fallback: str) -> str:
    target = f"{parts.path.rstrip('/')}/{_SERVICE}"
    shown = f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{target}"
    try:
        status, body = _get(parts, target, credentials)
    except TimeoutError:
        return f'Get "{shown}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
    except ConnectionRefusedError:
        return f'Get "{shown}": dial tcp {_address(parts)}: connect: connection refused'
    except socket.gaierror:
        return f'Get "{shown}": dial tcp: lookup {parts.hostname}: no such host'
    except ssl.SSLCertVerificationError as error:
        return f'Get "{shown}": tls: failed to verify certificate: x509: {error.verify_message}'
    except (OSError, http.client.HTTPException) as error:
        return f'Get "{shown}": {error}'
    if status == 401:
        return f"authentication required: {body}"
    if status == 403:
        return f"authorization failed: {body}"
    if status == 404:
        return f"repository not found: {body}"
    if status >= 400:
        return f'unexpected client error: unexpected requesting "{shown}" status code: {status}'
    return fallback


def _address(parts: SplitResult) -> str:
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        host = socket.gethostbyname(parts.hostname or "")
    except OSError:
        host = parts.hostname or ""
    return f"{host}:{port}"


def _get(parts: SplitResult, target: str, credentials: Credentials) -> tuple[int, str]:
    connection = _connection(parts, credentials)
    headers = {"User-Agent": "git/2.0 (holdfast)"}
    if credentials.username or credentials.password:
        pair = f"{credentials.username}:{credentials.password}".encode()
        headers["Authorization"] = "Basic " + base64.b64encode(pair).decode()
    elif credentials.bearer_token:
        headers["Authorization"] = "Bearer " + credentials.bearer_token
    try:
        connection.request("GET", target, headers=headers)
        response = connection.getresponse()
        return response.status, response.read(2048).decode("utf-8", "replace")
    finally:
        connection.close()


def _connection(parts: SplitResult, credentials: Credentials) -> http.client.HTTPConnection:
    host = parts.hostname or ""
    if parts.scheme == "http":
        return http.client.HTTPConnection(host, parts.port, timeout=10)
    context = client_context(credentials.ca)
    return http.client.HTTPSConnection(host, parts.port, timeout=10, context=context)

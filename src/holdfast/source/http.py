"""Plain HTTP for sources: one request in, status, headers and body out, in the calling thread.

In: an address, headers, a way out (certificates, proxy, time limit). Out: the whole answer, whatever its status. Failures
of the network are told in the words of Go's client, which is what people search for. Credentials never follow a redirect
to another host, and bodies are bounded.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import http.client
import os
import socket
import ssl
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from email.message import Message
from typing import Any, Protocol
from urllib.parse import urlsplit

from holdfast.base.errors import RetryLater
from holdfast.base.tls import client_context

MAX_BODY = 512 << 20
USER_AGENT = "holdfast"
_PIECE = 1 << 18
# OpenSSL's codes for a chain that ends nowhere.
_UNTRUSTED = (2, 18, 19, 20, 21)


class RequestFailed(RetryLater):
    """No answer at all."""


class TooLong(Exception):
    """More bytes than were asked for."""


class Sink(Protocol):
    """Where a body goes that is not to be held in memory."""

    def write(self, data: bytes, /) -> object: ...


@dataclass(frozen=True, slots=True)
class WayOut:
    """PEM texts for trust and for our own certificate; ``timeout`` in seconds; ``insecure`` trusts any certificate."""

    ca: str = ""
    certificate: str = ""
    key: str = field(default="", repr=False)
    proxy: str = field(default="", repr=False)
    timeout: float = 60.0
    insecure: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """``reason`` is the text beside the status, in the server's own words."""

    status: int
    headers: Message
    body: bytes
    reason: str = ""


StandIn = Callable[[str, str], Answer | None]
"""Answers a method and an address; None for what the network is to answer. May raise RequestFailed."""

STAND_IN: ContextVar[StandIn | None] = ContextVar("STAND_IN", default=None)
"""Who is asked before the network, in this context and the tasks and threads that come of it: a trial serves sources so."""


class _KeepStatus(urllib.request.HTTPErrorProcessor):
    """Every status but a redirect is an answer."""

    def http_response(self, request: urllib.request.Request, response: Any) -> Any:
        if response.status in (301, 302, 303, 307, 308):
            return super().http_response(request, response)
        return response

    https_response = http_response


def request(
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    authorization: str = "",
    way: WayOut | None = None,
    method: str = "GET",
    limit: int = MAX_BODY,
    data: bytes | None = None,
    into: Sink | None = None,
) -> Answer:
    """``into`` takes the body of a 200 piece by piece, which is then not in the answer. Raises RequestFailed."""
    instead = STAND_IN.get()
    given = instead(method, url) if instead is not None else None
    if given is not None:
        return _handed(given, into)
    way = way or WayOut()
    wanted = urllib.request.Request(url, data, headers={"User-Agent": USER_AGENT, **(headers or {})}, method=method)
    if authorization:
        wanted.add_unredirected_header("Authorization", authorization)
    try:
        with _opener(way).open(wanted, timeout=way.timeout) as found:
            body = b"" if method == "HEAD" else _read(found, limit, into if found.status == 200 else None)
            return Answer(int(found.status), found.headers, body, str(found.reason or ""))
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.headers, error.read(limit), str(error.reason or ""))
    except TooLong as error:
        raise RequestFailed(f'{method.title()} "{url}": {error}') from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise RequestFailed(f'{method.title()} "{url}": {_told(error, url)}') from error


def _handed(answer: Answer, into: Sink | None) -> Answer:
    if into is None or answer.status != 200:
        return answer
    into.write(answer.body)
    return replace(answer, body=b"")


def _read(found: Any, limit: int, into: Sink | None) -> bytes:
    told = found.headers.get("Content-Length") or ""
    if told.isdigit() and int(told) > limit:
        raise TooLong(f"the answer is longer than {limit} bytes")
    if into is None:
        body: bytes = found.read(limit + 1)
        if len(body) > limit:
            raise TooLong(f"the answer is longer than {limit} bytes")
        return body
    left = limit
    while piece := found.read(_PIECE):
        left -= len(piece)
        if left < 0:
            raise TooLong(f"the answer is longer than {limit} bytes")
        into.write(piece)
    return b""


def basic(username: str, password: str) -> str:
    """The value of an Authorization header."""
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


def _opener(way: WayOut) -> urllib.request.OpenerDirector:
    proxies = {"http": way.proxy, "https": way.proxy} if way.proxy else None
    opener = urllib.request.OpenerDirector()
    # Not the default set: an index or a registry must not lead us to file: or ftp: addresses.
    for handler in (
        urllib.request.ProxyHandler(proxies),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(context=_context(way.ca, way.certificate, way.key, way.insecure)),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.UnknownHandler(),
        _KeepStatus(),
    ):
        opener.add_handler(handler)
    return opener


@functools.lru_cache(maxsize=32)
def _context(ca: str, certificate: str, key: str, insecure: bool) -> ssl.SSLContext:
    """Kept: to read the system's certificates takes longer than most requests."""
    context = client_context(ca)
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if certificate:
        # The standard library takes a certificate chain from files only.
        handle, path = tempfile.mkstemp(suffix=".pem")
        try:
            with os.fdopen(handle, "w") as file:
                file.write(f"{certificate}\n{key}\n")
            context.load_cert_chain(path)
        finally:
            os.unlink(path)
    return context


def _told(error: BaseException, url: str) -> str:
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    parts = urlsplit(url)
    place = f"{parts.hostname}:{_port(url)}"
    if isinstance(reason, TimeoutError):
        return "context deadline exceeded"
    if isinstance(reason, ConnectionRefusedError):
        return f"dial tcp {place}: connect: connection refused"
    if isinstance(reason, socket.gaierror):
        return f"dial tcp: lookup {parts.hostname}: no such host"
    if isinstance(reason, ssl.SSLCertVerificationError):
        if reason.verify_code in _UNTRUSTED:
            return "tls: failed to verify certificate: x509: certificate signed by unknown authority"
        return f"tls: failed to verify certificate: {reason.verify_message}"
    if isinstance(reason, ssl.SSLError) and reason.reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE"):
        return "http: server gave HTTP response to HTTPS client"
    return str(reason) or type(reason).__name__


def _port(url: str) -> int:
    parts = urlsplit(url)
    with contextlib.suppress(ValueError):
        if parts.port:
            return parts.port
    return 443 if parts.scheme == "https" else 80

"""HTTP to one API server: two connection pools, credentials, one error for every failure.

In: method, path, query, body. Out: the answer's JSON, or a stream of lines. Never knows what the objects mean.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import aiohttp
import orjson
from yarl import URL

from holdfast.base.clock import Clock
from holdfast.cluster.auth import Authenticator
from holdfast.cluster.config import ClusterConfig, ConfigError
from holdfast.cluster.errors import TooManyRequests, Unreachable, from_status

CONNECTIONS = 32
REQUEST_SECONDS = 60.0
MAX_THROTTLED = 10

Query = Mapping[str, str]
Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Request:
    """``verb`` is what it is counted under; ``patient`` ones may be sent again after a broken connection."""

    verb: str
    method: str
    path: str
    query: Query
    body: bytes | None = None
    content_type: str = "application/json"
    accept: str = "application/json"
    compressed: bool = False
    headers: Headers = ()
    timeout: float = REQUEST_SECONDS

    @property
    def dry_run(self) -> bool:
        return "dryRun" in self.query


class Transport:
    """Requests share at most ``CONNECTIONS`` connections; watches, which hold one each, have a pool without a limit."""

    def __init__(self, config: ClusterConfig, clock: Clock) -> None:
        if config.proxy_url and not config.proxy_url.startswith(("http://", "https://")):
            raise ConfigError(f"proxy-url {config.proxy_url}: only http and https proxies are supported")
        self.config = config
        self.requests: Counter[str] = Counter()
        self.codes: Counter[tuple[str, str]] = Counter()
        self._clock = clock
        self._auth = Authenticator(config, clock)
        self._short: aiohttp.ClientSession | None = None
        self._long: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        for session in (self._short, self._long):
            if session is not None:
                await session.close()
        self._short = self._long = None

    async def call(self, request: Request) -> Any:
        """The decoded JSON. Throttling is obeyed, an expired credential renewed, a dead kept-alive connection replaced."""
        renewed = reconnected = False
        for _ in range(MAX_THROTTLED):
            try:
                return await self._once(request)
            except TooManyRequests as error:
                if error.after is None:
                    raise
                await self._clock.sleep(error.after)
            except _Refused as error:
                if renewed or not self._auth.forget():
                    raise error.cause from None
                renewed = True
            except aiohttp.ServerDisconnectedError as error:
                # The server may close an idle connection in the very moment we use it. Creating twice would be wrong.
                if reconnected or request.method == "POST":
                    raise _unreachable(request, self.config, error) from error
                reconnected = True
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                raise _unreachable(request, self.config, error) from error
        return await self._once(request)

    async def _once(self, request: Request) -> Any:
        self.requests[request.verb] += 1
        async with self._send(self._session(), request, aiohttp.ClientTimeout(total=request.timeout)) as answer:
            raw = await answer.read()
            self.codes[request.method, str(answer.status)] += 1
            if answer.status < 300:
                return orjson.loads(raw) if raw[:1] in (b"{", b"[") else raw.decode("utf-8", "replace")
            raise _failure(answer, raw)

    @asynccontextmanager
    async def stream(self, request: Request) -> AsyncIterator[AsyncIterator[bytes]]:
        """The answer as lines, for as long as the server sends them."""
        self.requests[request.verb] += 1
        limits = aiohttp.ClientTimeout(total=request.timeout, sock_connect=30)
        try:
            async with self._send(self._session(long=True), request, limits) as answer:
                self.codes[request.method, str(answer.status)] += 1
                if answer.status >= 300:
                    raise _failure(answer, await answer.read())
                yield _lines(answer.content)
        except _Refused as error:
            self._auth.forget()
            raise error.cause from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _unreachable(request, self.config, error) from error

    @asynccontextmanager
    async def _send(
        self, session: aiohttp.ClientSession, request: Request, limits: aiohttp.ClientTimeout
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        headers: list[tuple[str, str]] = [("Accept", request.accept), *(await self._auth.headers()).items()]
        # A user who is impersonated by a caller replaces the one of the kubeconfig.
        headers += request.headers or self._auth.impersonation
        headers.append(("Accept-Encoding", "gzip" if request.compressed else "identity"))
        if request.body is not None:
            headers.append(("Content-Type", request.content_type))
        config = self.config
        url = config.server + request.path + ("?" + urlencode(request.query) if request.query else "")
        async with session.request(
            request.method,
            URL(url, encoded=True),
            data=request.body,
            headers=headers,
            timeout=limits,
            ssl=self._auth.tls or True,
            proxy=config.proxy_url or None,
            server_hostname=config.tls_server_name or None,
            allow_redirects=False,
        ) as answer:
            yield answer

    def _session(self, *, long: bool = False) -> aiohttp.ClientSession:
        if long:
            self._long = self._long or _new_session(0)
            return self._long
        self._short = self._short or _new_session(CONNECTIONS)
        return self._short


class _Refused(Exception):
    """A 401: perhaps the credentials have only expired."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


def _new_session(limit: int) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=limit, keepalive_timeout=15, ttl_dns_cache=30),
        headers={"User-Agent": "holdfast"},
        cookie_jar=aiohttp.DummyCookieJar(),
        read_bufsize=2**18,
    )


def _failure(answer: aiohttp.ClientResponse, raw: bytes) -> Exception:
    status: Mapping[str, Any] = {}
    try:
        body = orjson.loads(raw)
        if isinstance(body, dict) and body.get("kind") == "Status":
            status = body
    except orjson.JSONDecodeError:
        pass
    after = answer.headers.get("Retry-After", "")
    error = from_status(answer.status, status, after=float(after) if after.isdigit() else None)
    return _Refused(error) if answer.status == 401 else error


async def _lines(content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    # StreamReader.readline refuses lines over its buffer limit, and one object may have megabytes.
    rest = b""
    async for chunk in content.iter_any():
        *lines, rest = (rest + chunk).split(b"\n") if rest else chunk.split(b"\n")
        for line in lines:
            if line:
                yield line
    if rest.strip():
        yield rest


def _unreachable(request: Request, config: ClusterConfig, error: BaseException) -> Unreachable:
    """In Go's words: ``Get "https://host:port/path": dial tcp host:port: connect: connection refused``."""
    method = request.method.capitalize()
    url = config.server + request.path + ("?" + urlencode(request.query) if request.query else "")
    return Unreachable(f'{method} "{url}": {_cause(error)}', reason="Unreachable")


def _cause(error: BaseException) -> str:
    if isinstance(error, asyncio.TimeoutError):
        return "context deadline exceeded"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "EOF"
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
        return f"tls: failed to verify certificate: {error}"
    if isinstance(error, aiohttp.ClientConnectorError):
        target = f"{error.host}:{error.port}"
        if isinstance(error.os_error, ConnectionRefusedError):
            return f"dial tcp {target}: connect: connection refused"
        if isinstance(error, aiohttp.ClientConnectorDNSError):
            return f"dial tcp: lookup {error.host}: no such host"
        return f"dial tcp {target}: {error.os_error.strerror or error.os_error}"
    return str(error) or type(error).__name__

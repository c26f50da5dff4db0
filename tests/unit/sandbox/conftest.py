"""A whole API server without sockets: requests go into its handler, answers come out."""

from __future__ import annotations

import asyncio
import datetime
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from holdfast.sandbox.httpd import Request
from holdfast.sandbox.identity import AUTHENTICATED, Authenticator, User
from holdfast.sandbox.machine import Machine, build

START = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
ADMIN = "admin-token"
TURNS = 50
"""Turns of the event loop that the longest hand-over inside the server stays well below."""


@dataclass
class Answer:
    code: int
    body: Any
    headers: dict[str, str]
    warnings: list[str]
    content_type: str

    @property
    def reason(self) -> str:
        return str(self.body.get("reason", ""))

    @property
    def message(self) -> str:
        return str(self.body.get("message", ""))


class Api:
    """One server whose clock moves only when a test says so."""

    def __init__(self) -> None:
        self.now = START
        admin = User("admin", ("system:masters", AUTHENTICATED))
        self.machine: Machine = build(
            clock=lambda: self.now, authenticator=Authenticator({ADMIN: admin}), data=None, authorization="RBAC"
        )

    async def call(self, method: str, path: str, body: Any = None, *, token: str = ADMIN, **headers: str) -> Answer:
        """Header names are given with underscores: ``content_type="application/merge-patch+json"``."""
        target, _, query = path.partition("?")
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        given = {"content-type": "application/json", "accept": "application/json", "user-agent": "tests/1"}
        given |= {k.replace("_", "-"): v for k, v in headers.items()}
        if token:
            given["authorization"] = f"Bearer {token}"
        response = await self.machine.server.handle(Request(method, target, query, given, list(given.items()), raw))
        text = response.body
        if response.stream is not None:
            text = b"".join([chunk async for chunk in response.stream])
        is_json = "json" in response.content_type and response.stream is None
        return Answer(
            response.code,
            json.loads(text) if is_json else text if "protobuf" in response.content_type else text.decode(),
            dict(response.headers),
            [v for n, v in response.headers if n == "Warning"],
            response.content_type,
        )

    async def watch(self, path: str) -> list[dict[str, Any]]:
        """The events that a watch sends at once."""
        target, _, query = path.partition("?")
        given = {"accept": "application/json", "authorization": f"Bearer {ADMIN}"}
        request = Request("GET", target, f"watch=1&{query}", given, list(given.items()))
        response = await self.machine.server.handle(request)
        assert response.stream is not None, response.body
        lines: list[bytes] = []
        stream = aiter(response.stream)
        while (line := await _at_once(stream)) is not None:
            lines.append(line)
        return [json.loads(line) for line in lines]


async def _at_once(stream: AsyncIterator[bytes]) -> bytes | None:
    """The next line if it comes without anything else happening: turns of the loop are counted, not time."""
    following = asyncio.ensure_future(anext(stream, None))
    for _ in range(TURNS):
        if following.done():
            return following.result()
        await asyncio.sleep(0)
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    return None


@pytest.fixture
async def api() -> Api:
    return Api()


CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"


def config_map(name: str, **more: Any) -> dict[str, Any]:
    metadata = {"name": name, **more.pop("metadata", {})}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"k": "v"}, **more}


@pytest.fixture
def maps() -> str:
    return CONFIG_MAPS


@pytest.fixture
def make_map() -> Any:
    return config_map

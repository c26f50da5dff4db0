"""Finding out what the generators of ApplicationSets ask.

In: questions of ``dialects.argo.appset.facts``. Out: an answer to each, a Problem where there is none. Trees come from the
mirrors that applications use too; source hosts and plugins are asked over HTTP, at most a few at a time.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Protocol

from holdfast.base.errors import HoldfastError
from holdfast.base.tree import Tree
from holdfast.cluster.client import Client, Selectors
from holdfast.cluster.errors import ApiError, NoMatch, NotFound
from holdfast.dialects.argo.appset.facts import ConfigMap, GitTree, Http, Objects, Problem, Question, Reply, Secret
from holdfast.kube.refs import ObjectRef
from holdfast.source.http import Answer, WayOut, request

MAX_BODY = 32 << 20
_AT_ONCE = 8
_RPC = "rpc error: code = Internal desc = unable to resolve git revision : "


class Trees(Protocol):
    """``tree`` raises a HoldfastError in Argo CD's words; ``fresh`` asks the remote what the revision means now."""

    async def tree(self, url: str, revision: str, project: str, *, fresh: bool = False) -> Tree: ...


class Finder:
    """``fetch`` sends one HTTP request, blocking; it is called in a thread."""

    def __init__(self, client: Client, trees: Trees, fetch: Callable[..., Answer] = request) -> None:
        self._client = client
        self._trees = trees
        self._fetch = fetch
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def answers(self, questions: Iterable[Question], *, fresh: bool = False) -> dict[Question, Any]:
        asked = list(questions)
        found = await asyncio.gather(*(self._answer(q, fresh) for q in asked))
        return dict(zip(asked, found, strict=True))

    async def _answer(self, question: Question, fresh: bool) -> Any:
        async with self._slots:
            match question:
                case GitTree(url, revision, project):
                    return await _or_problem(self._trees.tree(url, revision, project, fresh=fresh), _RPC)
                case ConfigMap(namespace, name):
                    return await _or_problem(self._config(namespace, name))
                case Secret(namespace, name):
                    return await _or_problem(self._secret(namespace, name))
                case Objects():
                    return await _or_problem(self._objects(question))
                case Http():
                    return await _or_problem(self._http(question))

    async def _config(self, namespace: str, name: str) -> dict[str, str]:
        found = await self._client.get(ObjectRef("", "ConfigMap", namespace, name), version="v1")
        return dict(found.get("data") or {})

    async def _secret(self, namespace: str, name: str) -> dict[str, bytes]:
        found = await self._client.get(ObjectRef("", "Secret", namespace, name), version="v1")
        return {k: base64.b64decode(v) for k, v in (found.get("data") or {}).items()}

    async def _objects(self, wanted: Objects) -> list[Any]:
        served = await self._client.discovery.all()
        resource = next((r for r in served if (r.group, r.version, r.plural) == _path(wanted)), None)
        if resource is None:
            raise NoMatch("the server could not find the requested resource")
        fields = f"metadata.name={wanted.name}" if wanted.name else ""
        found = await self._client.list_resource(resource, wanted.namespace, Selectors(wanted.selector, fields))
        return found.items

    async def _http(self, wanted: Http) -> Reply:
        headers = dict(wanted.headers)
        authorization = headers.pop("Authorization", "")
        way = WayOut(ca=wanted.ca, insecure=wanted.insecure, timeout=wanted.timeout)
        answer = await asyncio.to_thread(
            self._fetch,
            wanted.url,
            headers=headers,
            authorization=authorization,
            way=way,
            method=wanted.method,
            limit=MAX_BODY,
            data=wanted.body.encode() or None,
        )
        return Reply(answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.body)


def _path(wanted: Objects) -> tuple[str, str, str]:
    return wanted.group, wanted.version, wanted.resource.lower()


async def _or_problem(work: Awaitable[Any], prefix: str = "") -> Any:
    try:
        return await work
    except NotFound as error:
        return Problem(prefix + error.message, absent=True)
    except (ApiError, HoldfastError) as error:
        return Problem(prefix + error.message)

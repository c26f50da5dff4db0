"""Reading and writing objects of any kind.

In: references (a version is looked up where none is given) and objects as JSON data. Out: objects as the server returned
them; errors of ``cluster.errors``. Never caches objects (``cluster.informer`` does) and never retries a conflict.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Final

import orjson

from holdfast.base.clock import Clock, SystemClock
from holdfast.cluster.auth import impersonation
from holdfast.cluster.config import ClusterConfig
from holdfast.cluster.discovery import ApiResource, Discovery
from holdfast.cluster.errors import Gone, NotFound, from_status
from holdfast.cluster.transport import Headers, Request, Transport
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef


class PatchType(Enum):
    JSON = "application/json-patch+json"
    MERGE = "application/merge-patch+json"
    STRATEGIC = "application/strategic-merge-patch+json"
    APPLY = "application/apply-patch+yaml"


class EventType(Enum):
    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"
    BOOKMARK = "BOOKMARK"


@dataclass(frozen=True, slots=True)
class WatchEvent:
    type: EventType
    object: Manifest


@dataclass(frozen=True, slots=True)
class ObjectList:
    """``resource_version`` is where a watch goes on from. Items have ``apiVersion`` and ``kind`` set."""

    items: list[Manifest]
    resource_version: str


@dataclass(frozen=True, slots=True)
class Selectors:
    labels: str = ""
    fields: str = ""

    def query(self) -> dict[str, str]:
        found = {"labelSelector": self.labels, "fieldSelector": self.fields}
        return {k: v for k, v in found.items() if v}


EVERYTHING = Selectors()
PAGE = 500
LINES_SECONDS: Final = 600.0


class Client:
    """``close`` it, or use it as an async context manager. Copies made by ``impersonating`` share its connections."""

    def __init__(self, config: ClusterConfig, *, clock: Clock | None = None) -> None:
        self.config = config
        self._transport = Transport(config, clock or SystemClock())
        self._headers: Headers = ()
        self._discovery = Discovery(self._discover)

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self._transport.close()

    @property
    def requests(self) -> Counter[str]:
        """How many requests were sent, by verb: get, list, watch, create, update, patch, apply, delete, discovery."""
        return self._transport.requests

    @property
    def codes(self) -> Counter[tuple[str, str]]:
        """How many answers came, by HTTP method and code."""
        return self._transport.codes

    @property
    def discovery(self) -> Discovery:
        return self._discovery

    def impersonating(self, user: str, groups: Sequence[str] = ()) -> Client:
        """The same client acting as somebody else; needs the right to impersonate."""
        other = Client.__new__(Client)
        other.config = self.config
        other._transport = self._transport
        other._headers = tuple(impersonation(user, tuple(groups)))
        other._discovery = self._discovery
        return other

    async def resource(self, gvk: GroupVersionKind) -> ApiResource:
        """How a kind is served; without a version, the preferred one. Raises NoMatch."""
        return await self._discovery.find(gvk)

    async def get(self, ref: ObjectRef, *, version: str = "") -> Manifest:
        resource = await self._resource_of(ref, version)
        return await self._object(Request("get", "GET", resource.path(ref.namespace, ref.name), {}), resource)

    async def list(
        self, gvk: GroupVersionKind, namespace: str = "", selectors: Selectors = EVERYTHING, *, fresh: bool = True
    ) -> ObjectList:
        """All objects of a kind, in one namespace or all. ``fresh=False`` lets the server answer from its cache."""
        resource = await self.resource(gvk)
        return await self.list_resource(resource, namespace, selectors, fresh=fresh)

    async def list_resource(
        self, resource: ApiResource, namespace: str = "", selectors: Selectors = EVERYTHING, *, fresh: bool = True
    ) -> ObjectList:
        items: list[Manifest] = []
        async for page in self.pages(resource, namespace, selectors, fresh=fresh):
            items += page.items
        return ObjectList(items, page.resource_version)

    async def pages(
        self, resource: ApiResource, namespace: str = "", selectors: Selectors = EVERYTHING, *, fresh: bool = True
    ) -> AsyncIterator[ObjectList]:
        """The same piece by piece, one at least: for who keeps little of each object."""
        query = selectors.query()
        # The server ignores a page size together with resourceVersion=0: that is answered whole, from its memory.
        query.update({"limit": str(PAGE)} if fresh else {"resourceVersion": "0"})
        while True:
            request = Request("list", "GET", resource.path(namespace), query, compressed=True)
            answer = await self._call(request, resource)
            items: list[Manifest] = answer.get("items") or []
            for item in items:
                item.setdefault("apiVersion", resource.gvk.api_version)
                item.setdefault("kind", resource.kind)
            meta = answer.get("metadata") or {}
            yield ObjectList(items, str(meta.get("resourceVersion") or ""))
            if not meta.get("continue"):
                return
            query["continue"] = meta["continue"]

    async def revision(self, resource: ApiResource, namespace: str = "") -> str:
        """The resource version that a list would have now, for the price of one object."""
        answer = await self._call(Request("list", "GET", resource.path(namespace), {"limit": "1"}), resource)
        return str((answer.get("metadata") or {}).get("resourceVersion") or "")

    async def create(
        self, obj: Manifest, *, manager: str = "", dry_run: bool = False, validation: str = ""
    ) -> Manifest:
        """``validation`` is Strict, Warn or Ignore: what becomes of unknown fields."""
        resource, ref = await self._resource_for(obj)
        query = _options(manager, dry_run, validation)
        request = Request("create", "POST", resource.path(ref.namespace), query, body=orjson.dumps(obj))
        return await self._written(request, resource)

    async def update(
        self, obj: Manifest, *, subresource: str = "", manager: str = "", dry_run: bool = False, validation: str = ""
    ) -> Manifest:
        """Replaces; the object's resourceVersion guards against a concurrent change."""
        resource, ref = await self._resource_for(obj)
        path = resource.path(ref.namespace, ref.name, subresource)
        query = _options(manager, dry_run, validation)
        request = Request("update", "PUT", path, query, body=orjson.dumps(obj))
        return await self._written(request, resource)

    async def patch(
        self,
        ref: ObjectRef,
        body: Any,
        patch_type: PatchType,
        *,
        version: str = "",
        subresource: str = "",
        manager: str = "",
        force: bool = False,
        dry_run: bool = False,
        validation: str = "",
    ) -> Manifest:
        """``force`` is for PatchType.APPLY: take conflicting fields over."""
        resource = await self._resource_of(ref, version)
        query = _options(manager, dry_run, validation)
        if patch_type is PatchType.APPLY:
            query["force"] = "true" if force else "false"
        request = Request(
            "apply" if patch_type is PatchType.APPLY else "patch",
            "PATCH",
            resource.path(ref.namespace, ref.name, subresource),
            query,
            body=orjson.dumps(body),
            content_type=patch_type.value,
        )
        return await self._written(request, resource)

    async def apply(
        self,
        obj: Manifest,
        *,
        manager: str,
        force: bool = False,
        dry_run: bool = False,
        subresource: str = "",
        validation: str = "",
    ) -> Manifest:
        """Server-side apply, in the version that the object says."""
        return await self.patch(
            ObjectRef.of(obj),
            obj,
            PatchType.APPLY,
            version=GroupVersionKind.of(obj).version,
            subresource=subresource,
            manager=manager,
            force=force,
            dry_run=dry_run,
            validation=validation,
        )

    async def delete(
        self,
        ref: ObjectRef,
        *,
        version: str = "",
        propagation: str = "",
        uid: str = "",
        resource_version: str = "",
        grace_seconds: int | None = None,
        dry_run: bool = False,
    ) -> Manifest:
        """``propagation`` is Background, Foreground or Orphan; ``uid`` and ``resource_version`` are preconditions.

        Returns the object when it stays for its finalizers, else the server's Status.
        """
        resource = await self._resource_of(ref, version)
        options: dict[str, Any] = {"apiVersion": "v1", "kind": "DeleteOptions"}
        wanted = {k: v for k, v in (("uid", uid), ("resourceVersion", resource_version)) if v}
        if wanted:
            options["preconditions"] = wanted
        if propagation:
            options["propagationPolicy"] = propagation
        if grace_seconds is not None:
            options["gracePeriodSeconds"] = grace_seconds
        if dry_run:
            options["dryRun"] = ["All"]
        path = resource.path(ref.namespace, ref.name)
        answer: Manifest = await self._call(Request("delete", "DELETE", path, {}, body=orjson.dumps(options)), resource)
        return answer

    async def watch(
        self,
        resource: ApiResource,
        namespace: str = "",
        *,
        resource_version: str = "",
        selectors: Selectors = EVERYTHING,
        seconds: int = 300,
    ) -> AsyncIterator[WatchEvent]:
        """Changes since ``resource_version``, bookmarks included, until the server ends it (after ``seconds`` at most).

        Raises Gone when the version is too old.
        """
        query = {
            **selectors.query(),
            "watch": "1",
            "allowWatchBookmarks": "true",
            "resourceVersion": resource_version,
            "timeoutSeconds": str(seconds),
        }
        request = Request(
            "watch", "GET", resource.path(namespace), query, headers=self._headers, timeout=seconds + 30.0
        )
        async with self._transport.stream(request) as lines:
            async for line in lines:
                yield _event(orjson.loads(line))

    async def account_token(self, namespace: str, name: str, audiences: Sequence[str]) -> tuple[str, str]:
        """A token of a service account, and when it expires (RFC 3339)."""
        body = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"audiences": list(audiences)},
        }
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"
        answer = await self._transport.call(
            Request("create", "POST", path, {}, body=orjson.dumps(body), headers=self._headers)
        )
        status = answer.get("status") or {}
        return str(status.get("token") or ""), str(status.get("expirationTimestamp") or "")

    async def raw(self, path: str, query: Mapping[str, str] | None = None, *, accept: str = "application/json") -> Any:
        """Any path, such as /version or /openapi/v2."""
        return await self._transport.call(
            Request("get", "GET", path, query or {}, accept=accept, headers=self._headers)
        )

    @asynccontextmanager
    async def lines(self, path: str, *, accept: str = "*/*") -> AsyncIterator[AsyncIterator[bytes]]:
        """Any path whose answer is lines, as they come."""
        request = Request("get", "GET", path, {}, accept=accept, headers=self._headers, timeout=LINES_SECONDS)
        async with self._transport.stream(request) as found:
            yield found

    async def _discover(self, path: str, accept: str) -> Mapping[str, Any]:
        answer = await self._transport.call(Request("discovery", "GET", path, {}, accept=accept, compressed=True))
        return answer if isinstance(answer, Mapping) else {}

    async def _resource_of(self, ref: ObjectRef, version: str) -> ApiResource:
        return await self.resource(GroupVersionKind(ref.group, version, ref.kind))

    async def _resource_for(self, obj: Manifest) -> tuple[ApiResource, ObjectRef]:
        return await self.resource(GroupVersionKind.of(obj)), ObjectRef.of(obj)

    async def _object(self, request: Request, resource: ApiResource) -> Manifest:
        answer: Manifest = await self._call(request, resource)
        return answer

    async def _written(self, request: Request, resource: ApiResource) -> Manifest:
        """What the server made of a create, an update or a patch."""
        return await self._object(request, resource)

    async def _call(self, request: Request, resource: ApiResource) -> Any:
        try:
            return await self._transport.call(replace(request, headers=self._headers))
        except NotFound as error:
            if not (error.status.get("details") or {}).get("kind"):
                # The path itself is unknown: the kind went away since discovery.
                self._discovery.forget()
            raise


def _options(manager: str, dry_run: bool, validation: str = "") -> dict[str, str]:
    query = {"fieldValidation": validation} if validation else {}
    if manager:
        query["fieldManager"] = manager
    if dry_run:
        query["dryRun"] = "All"
    return query


def _event(raw: Mapping[str, Any]) -> WatchEvent:
    kind, obj = str(raw.get("type")), raw.get("object") or {}
    if kind == "ERROR":
        error = from_status(int(obj.get("code") or 500), obj)
        raise Gone(error.message, code=410, reason=error.reason, status=obj) if error.code == 410 else error
    return WatchEvent(EventType(kind), obj)

"""Which kinds a cluster serves, and under which paths.

In: discovery answers (aggregated, or one per group on old servers). Out: ``ApiResource`` by kind. The cache is kept until
a look-up misses or somebody says it is stale; simultaneous refreshes are one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from holdfast.cluster.errors import ApiError, NoMatch
from holdfast.kube.refs import GroupVersionKind

AGGREGATED = (
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json"
)


@dataclass(frozen=True, slots=True)
class ApiResource:
    """One kind in one version. ``plural`` is the path's name of it."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool
    verbs: frozenset[str] = frozenset()
    singular: str = ""
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: frozenset[str] = frozenset()

    @property
    def gvk(self) -> GroupVersionKind:
        return GroupVersionKind(self.group, self.version, self.kind)

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        parts = ["apis", self.group, self.version] if self.group else ["api", self.version]
        if self.namespaced and namespace:
            parts += ["namespaces", namespace]
        parts += [p for p in (self.plural, name, subresource) if p]
        return "/" + "/".join(parts)


Fetch = Callable[[str, str], Awaitable[Mapping[str, Any]]]
"""Gets a path with an Accept header."""


class Discovery:
    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._kinds: dict[tuple[str, str], list[ApiResource]] = {}
        self._loaded = 0
        self._stale = True
        self._lock = asyncio.Lock()

    @property
    def loads(self) -> int:
        """How often it was asked what is served: while this stays, so do the answers."""
        return self._loaded

    def forget(self) -> None:
        """Something says that kinds came or went: the next look-up asks the server."""
        self._stale = True

    def cached(self, gvk: GroupVersionKind) -> ApiResource | None:
        """What is known without asking; the server's preferred version where the GVK has none."""
        for resource in self._kinds.get((gvk.group, gvk.kind), ()):
            if gvk.version in ("", resource.version):
                return resource
        return None

    async def find(self, gvk: GroupVersionKind) -> ApiResource:
        """Raises NoMatch when the server, asked just now, does not serve it."""
        found = None if self._stale else self.cached(gvk)
        if found is None:
            await self.refresh(self._loaded)
            found = self.cached(gvk)
        if found is None:
            raise NoMatch.of(gvk)
        return found

    def versions(self, group: str, kind: str = "") -> tuple[str, ...]:
        """The versions in which a group, or one kind of it, is served, as far as is known."""
        found = [r.version for (g, k), rs in self._kinds.items() for r in rs if g == group and kind in ("", k)]
        return tuple(dict.fromkeys(found))

    async def all(self) -> list[ApiResource]:
        """Everything served; the preferred version of each kind first."""
        if self._stale:
            await self.refresh(self._loaded)
        return [r for rs in self._kinds.values() for r in rs]

    async def refresh(self, seen: int) -> None:
        """Loads anew, unless somebody did so since ``seen`` was the count of loads."""
        async with self._lock:
            if self._loaded != seen:
                return
            self._stale = False
            kinds: dict[tuple[str, str], list[ApiResource]] = {}
            for resource in await self._load():
                kinds.setdefault((resource.group, resource.kind), []).append(resource)
            self._kinds = kinds
            self._loaded += 1

    async def _load(self) -> list[ApiResource]:
        core, groups = await asyncio.gather(self._fetch("/api", AGGREGATED), self._fetch("/apis", AGGREGATED))
        if str(groups.get("kind")).startswith("APIGroupDiscoveryList"):
            return [*_from_aggregated(core), *_from_aggregated(groups)]
        return await self._load_by_group(core, groups)

    async def _load_by_group(self, core: Mapping[str, Any], groups: Mapping[str, Any]) -> list[ApiResource]:
        paths = [("", v) for v in core.get("versions") or ()]
        for group in groups.get("groups") or ():
            preferred = (group.get("preferredVersion") or {}).get("version")
            versions = [v["version"] for v in group.get("versions") or ()]
            paths += [(group["name"], v) for v in sorted(versions, key=lambda v: v != preferred)]
        found = await asyncio.gather(*(self._load_version(g, v) for g, v in paths))
        return [resource for resources in found for resource in resources]

    async def _load_version(self, group: str, version: str) -> list[ApiResource]:
        path = f"/apis/{group}/{version}" if group else f"/api/{version}"
        try:
            answer = await self._fetch(path, "application/json")
        except ApiError:
            # An aggregated API whose backend is away must not hide all the others.
            return []
        return list(_from_list(group, version, answer.get("resources") or ()))


def _from_aggregated(answer: Mapping[str, Any]) -> Iterator[ApiResource]:
    for group in answer.get("items") or ():
        name = (group.get("metadata") or {}).get("name") or ""
        for version in group.get("versions") or ():
            for entry in version.get("resources") or ():
                kind = (entry.get("responseKind") or {}).get("kind") or ""
                if not kind:
                    continue
                yield ApiResource(
                    group=name,
                    version=version["version"],
                    kind=kind,
                    plural=entry["resource"],
                    namespaced=entry.get("scope") == "Namespaced",
                    verbs=frozenset(entry.get("verbs") or ()),
                    singular=entry.get("singularResource") or "",
                    short_names=tuple(entry.get("shortNames") or ()),
                    categories=tuple(entry.get("categories") or ()),
                    subresources=frozenset(s["subresource"] for s in entry.get("subresources") or ()),
                )


def _from_list(group: str, version: str, entries: Iterable[Mapping[str, Any]]) -> Iterator[ApiResource]:
    entries = list(entries)
    for entry in entries:
        name = entry["name"]
        if "/" in name:
            continue
        below = frozenset(e["name"].partition("/")[2] for e in entries if e["name"].startswith(name + "/"))
        yield ApiResource(
            group=group,
            version=version,
            kind=entry["kind"],
            plural=name,
            namespaced=bool(entry.get("namespaced")),
            verbs=frozenset(entry.get("verbs") or ()),
            singular=entry.get("singularName") or "",
            short_names=tuple(entry.get("shortNames") or ()),
            categories=tuple(entry.get("categories") or ()),
            subresources=below,
        )

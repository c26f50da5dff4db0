"""What a resource is, and the catalogue of those that are served: built-in ones from a table, custom ones as they come and go.

Never holds objects; a lookup answers with the resource or nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from holdfast.kube.refs import GroupVersionKind


@dataclass(frozen=True, slots=True)
class Subresource:
    """``kind`` with ``group`` and ``version`` where it is not the parent's (``pods/eviction`` speaks policy/v1)."""

    name: str
    verbs: tuple[str, ...]
    kind: str
    group: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Resource:
    """One resource in one version. ``crd`` is the definition's name for custom resources, empty for built-in ones."""

    group: str
    version: str
    plural: str
    singular: str
    kind: str
    namespaced: bool
    verbs: tuple[str, ...]
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: tuple[Subresource, ...] = ()
    list_kind: str = ""
    storage_group: str = ""
    storage_version: str = ""
    crd: str = ""
    spec: dict[str, Any] = field(default_factory=dict)
    """For custom resources, the version's part of the definition."""

    @property
    def gvk(self) -> GroupVersionKind:
        return GroupVersionKind(self.group, self.version, self.kind)

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def storage(self) -> str:
        """The name of the table in the store; several versions, and Event's two groups, share one."""
        return f"{self.storage_group}/{self.plural}" if self.storage_group else self.plural

    def subresource(self, name: str) -> Subresource | None:
        return next((s for s in self.subresources if s.name == name), None)


@dataclass(slots=True)
class Group:
    name: str
    versions: list[str]
    """In order of preference; the first is the preferred one."""


class Catalog:
    """All resources served now. ``generation`` moves with every change, for caches built from it."""

    def __init__(self, resources: Iterable[Resource], groups: Iterable[Group]) -> None:
        self._resources = {(r.group, r.version, r.plural): r for r in resources}
        self._builtin_groups = list(groups)
        self._custom_groups: dict[str, Group] = {}
        self._kinds = {(r.group, r.version, r.kind): r for r in self._resources.values()}
        self.generation = 0

    def lookup(self, group: str, version: str, plural: str) -> Resource | None:
        return self._resources.get((group, version, plural))

    def by_kind(self, gvk: GroupVersionKind) -> Resource | None:
        return self._kinds.get((gvk.group, gvk.version, gvk.kind))

    def groups(self) -> list[Group]:
        """The named groups, in the order in which discovery lists them; the core group is not among them."""
        return [*self._builtin_groups, *self._custom_groups.values()]

    def group(self, name: str) -> Group | None:
        return next((g for g in self.groups() if g.name == name), None)

    def is_custom_group(self, name: str) -> bool:
        return name in self._custom_groups

    def of_version(self, group: str, version: str) -> list[Resource]:
        found = [r for (g, v, _), r in self._resources.items() if g == group and v == version]
        return sorted(found, key=lambda r: r.plural)

    def has_version(self, group: str, version: str) -> bool:
        return any(g == group and v == version for g, v, _ in self._resources)

    def __iter__(self) -> Iterator[Resource]:
        return iter(self._resources.values())

    def set_custom(self, crd: str, resources: Iterable[Resource]) -> None:
        """Replaces everything the definition ``crd`` serves; an empty iterable takes it out of the catalogue."""
        for key in [k for k, r in self._resources.items() if r.crd == crd]:
            gone = self._resources.pop(key)
            self._kinds.pop((gone.group, gone.version, gone.kind), None)
        for resource in resources:
            self._resources[(resource.group, resource.version, resource.plural)] = resource
            self._kinds[(resource.group, resource.version, resource.kind)] = resource
        self._regroup()
        self.generation += 1

    def _regroup(self) -> None:
        versions: dict[str, set[str]] = {}
        builtin = {g.name for g in self._builtin_groups}
        for resource in self._resources.values():
            if resource.crd and resource.group not in builtin:
                versions.setdefault(resource.group, set()).add(resource.version)
        self._custom_groups = {
            name: Group(name, sorted(found, key=version_order)) for name, found in sorted(versions.items())
        }


def version_order(version: str) -> tuple[int, int, int, str]:
    """Sort key of version names: v10, v2, v1, v11beta2, v3beta1, v1alpha1, then the rest by alphabet."""
    import re

    match = re.fullmatch(r"v(\d+)(?:(alpha|beta)(\d+))?", version)
    if not match:
        return (3, 0, 0, version)
    stage = {None: 0, "beta": 1, "alpha": 2}[match[2]]
    return (stage, -int(match[1]), -int(match[3] or 0), version)

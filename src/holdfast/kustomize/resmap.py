"""The resources of a build in load order, with an index by identity.

Indexes are made when first asked for and dropped when a transformer may have changed identities, so that adding and finding
stays linear in the number of resources.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from holdfast.kustomize.errors import KustomizeError
from holdfast.kustomize.ids import Key
from holdfast.kustomize.resource import Resource
from holdfast.kustomize.written import exact_text, exact_texts

Ident = tuple[str, str, str, str]


class ResMap:
    """An ordered set of resources, unique by current identity."""

    def __init__(self, resources: Iterable[Resource] = ()) -> None:
        self._list: list[Resource] = []
        self._current: dict[Ident, Resource] | None = {}
        self._former: dict[Key, list[Resource]] | None = None
        for resource in resources:
            self.append(resource)

    def __iter__(self) -> Iterator[Resource]:
        return iter(self._list)

    def __len__(self) -> int:
        return len(self._list)

    def __getitem__(self, index: int) -> Resource:
        return self._list[index]

    @property
    def resources(self) -> list[Resource]:
        return self._list

    def touched(self) -> None:
        """Identities may have changed: forget the indexes."""
        self._current = None
        self._former = None

    def replace_all(self, resources: list[Resource]) -> None:
        """Put other resources in, without a check."""
        self._list = resources
        self.touched()

    def _index(self) -> dict[Ident, Resource]:
        if self._current is None:
            self._current = {r.ident(): r for r in self._list}
        return self._current

    def append(self, resource: Resource) -> None:
        index, key = self._index(), resource.ident()
        if key in index:
            raise KustomizeError(f"may not add resource with an already registered id: {resource.id_text()}")
        index[key] = resource
        self._list.append(resource)
        if resource.previous:
            self._former = None

    def append_all(self, resources: Iterable[Resource]) -> None:
        resources = list(resources)
        index, new = self._index(), {r.ident(): r for r in resources}
        if len(new) == len(resources) and index.keys().isdisjoint(new):
            index.update(new)
            self._list += resources
            self._former = None
            return
        # One of them is there twice: all before it are taken, as upstream does.
        for resource in resources:
            self.append(resource)

    def append_new(self, resources: list[Resource], new: dict[Ident, Resource]) -> None:
        """Resources with their index, as `index_of` made it."""
        index = self._index()
        if not index.keys().isdisjoint(new):
            self.append_all(resources)
            return
        index.update(new)
        self._list += resources
        self._former = None

    def by_any_key(self, key: Key) -> list[Resource]:
        """Resources that have, or once had, this identity; in no particular order."""
        index = self._index()
        if len(index) != len(self._list):
            return [r for r in self._list if not r.gone and (key == r.ident() or key in r.previous_keys())]
        current = index.get(key)
        found = [r for r in self._formerly().get(key, ()) if r is not current and not r.gone]
        if current is not None and not current.gone:
            found.append(current)
        return found

    def _formerly(self) -> dict[Key, list[Resource]]:
        """Resources by the identities they had."""
        if self._former is None:
            self._former = {}
            for resource in self._list:
                if resource.previous and not resource.gone:
                    for key in dict.fromkeys(resource.previous_keys()):
                        self._former.setdefault(key, []).append(resource)
        return self._former

    def target_of(self, patch: Resource) -> Resource:
        """The one resource a strategic merge patch without a selector is for."""
        found = self.by_any_key(patch.original_key())
        if len(found) == 1:
            return found[0]
        name = patch.original_id_text()
        what = "multiple matches" if found else "no matches"
        raise KustomizeError(f"{what} for Id {name}; failed to find unique target for patch {name}")

    def drop_gone(self) -> None:
        """Leave out what a patch deleted."""
        if not all(r.manifest for r in self._list):
            self.replace_all([r for r in self._list if not r.gone])

    def absorb_all(self, resources: Iterable[Resource]) -> None:
        """Take in generated resources: add them, or let them replace or extend what has their identity."""
        for resource in resources:
            self._absorb(resource)

    def _absorb(self, resource: Resource) -> None:
        found = self.by_any_key(resource.key())
        if not found:
            if resource.behavior in ("merge", "replace"):
                raise KustomizeError(f"id {resource.id_go()} does not exist; cannot merge or replace")
            self.append(resource)
        elif len(found) > 1:
            texts = ", ".join(r.id_text() for r in found)
            raise KustomizeError(f"found multiple objects [{texts}] that could accept merge of {resource.id_text()}")
        elif resource.behavior in ("merge", "replace"):
            self._take_over(found[0], resource)
        else:
            behavior = resource.behavior or "unspecified"
            raise KustomizeError(
                f"id {resource.id_go()} exists; can not use behavior: '{behavior}', behavior must be merge or replace"
            )

    def _take_over(self, old: Resource, new: Resource) -> None:
        merge = new.behavior == "merge"
        origin = old.origin if merge else new.origin
        copy_metadata(old, new)
        if merge:
            merge_data(old, new, "data")
            merge_data(old, new, "binaryData")
        new.origin = origin or new.origin
        index = next(i for i, r in enumerate(self._list) if r is old)
        self._list[index] = new
        self.touched()


def index_of(resources: list[Resource]) -> dict[Ident, Resource]:
    """Resources by identity. Raises KustomizeError where two have the same."""
    index = {r.ident(): r for r in resources}
    return index if len(index) == len(resources) else ResMap(resources)._index()


def copy_metadata(old: Resource, new: Resource) -> None:
    """Labels and annotations of both (the new ones win), name, namespace and memory of the old one."""
    for field in ("labels", "annotations"):
        new.set_texts(field, {**exact_texts(old, field), **exact_texts(new, field)})
    new.metadata()["name"] = old.name
    new.set_namespace(old.namespace)
    new.previous = list(old.previous)
    new.prefixes, new.suffixes = list(old.prefixes), list(old.suffixes)
    new.behavior = old.behavior
    new.needs_hash = old.needs_hash and new.needs_hash
    new.var_names = list(old.var_names)
    new.transformations = list(old.transformations) or new.transformations


def merge_data(old: Resource, new: Resource, field: str) -> None:
    merged = {**_data(old, field), **_data(new, field)}
    new.manifest.pop(field, None)
    if merged:
        new.manifest[field] = new.with_new_keys(merged)


def _data(resource: Resource, field: str) -> dict[str, str]:
    found = resource.manifest.get(field)
    if not isinstance(found, dict):
        return {}
    return {k: exact_text(resource, (field, k), v) if v is not None else "" for k, v in found.items()}

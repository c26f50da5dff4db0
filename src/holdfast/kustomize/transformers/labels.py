"""``labels``, ``commonLabels`` and ``commonAnnotations``: texts put into mappings.

Example: label ``app: web`` with the spec ``metadata/labels`` (create) sets ``metadata.labels.app``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from holdfast.kustomize.fieldspec import FieldSpec, Walk, index_of, wrong_kind
from holdfast.kustomize.resmap import ResMap
from holdfast.kustomize.resource import Resource
from holdfast.kustomize.scalars import new_key

_WALK = Walk("map")


def put_texts(resources: ResMap, texts: Mapping[str, str], specs: Iterable[FieldSpec]) -> None:
    """Set every key of ``texts`` in the mappings that ``specs`` name."""
    if not texts:
        return
    ordered = {new_key(name): text for name, text in sorted(texts.items())}
    index = index_of(tuple(specs), _WALK)
    for resource in resources:
        setter = _Setter(resource, ordered)
        index.apply(resource, setter.put)
        setter.finish()


class _Setter:
    """Puts the texts into one resource and notes which entries are new."""

    __slots__ = ("_new", "_resource", "_texts")

    def __init__(self, resource: Resource, texts: Mapping[str, str]) -> None:
        self._resource = resource
        self._texts = texts
        self._new: dict[str, list[dict[str, Any]]] = {}

    def put(self, node: Any, key: Any) -> None:
        found = node[key]
        if type(found) is not dict:
            if found is None:
                return
            raise wrong_kind("MappingNode", found)
        for name, text in self._texts.items():
            if name in found:
                self._resource.assign(found, name, text)
            else:
                found[name] = text
                if type(name) is not str:
                    self._resource.odd_keys = True
                self._new.setdefault(name, []).append(found)

    def finish(self) -> None:
        for name, holders in self._new.items():
            if len(holders) > 1:
                self._resource.share(name, holders)

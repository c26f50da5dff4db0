"""``images``: new names, tags and digests for container images.

Example: ``name: nginx, newTag: "1.27"`` makes ``nginx:1.25`` and ``nginx@sha256:...`` into ``nginx:1.27``. Every list called
``containers`` or ``initContainers`` counts, wherever it is, and the fields of the configuration besides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from holdfast.base.lazy import pattern
from holdfast.kube.walk import lists_named
from holdfast.kustomize.fieldspec import FieldSpec, index_of, kind_of, wrong_kind
from holdfast.kustomize.resmap import ResMap
from holdfast.kustomize.resource import Resource
from holdfast.kustomize.scalars import text_of
from holdfast.kustomize.selectors import go_regex

_LISTS = ("containers", "initContainers")
_PLAIN_NAME = pattern(r"[a-zA-Z0-9_./:@-]*")
Slot = tuple[Any, Any]


def set_images(resources: ResMap, entries: Sequence[Mapping[str, str]], specs: Iterable[FieldSpec]) -> None:
    """Change the images that ``entries`` name, one entry after the other.

    Where images are is found once. The lists by name come first and the fields of the configuration second, for every entry
    anew: a tag suffix is therefore put on twice where both lead, as upstream does.
    """
    updates = [_Updater(entry) for entry in entries]
    chain = _Chain(updates)
    index = index_of(tuple(specs))
    for resource in resources:
        if resource.kind == "CustomResourceDefinition":
            continue
        listed: list[Slot] = []
        for containers in lists_named(resource.manifest, _LISTS):
            _containers(containers, listed)
        configured: list[Slot] = []
        index.apply(resource, _collector(configured))
        if not configured:
            for node, key in listed:
                chain.put(resource, node, key)
            continue
        for update in updates:
            for node, key in (*listed, *configured):
                update.put(resource, node, key)


def _collector(found: list[Slot]) -> Callable[[Any, Any], None]:
    return lambda node, key: found.append((node, key))


def _containers(items: list[Any], found: list[Slot]) -> None:
    for item in items:
        if item is None:
            continue
        if type(item) is not dict:
            raise wrong_kind("MappingNode", item)
        if "image" in item:
            found.append((item, "image"))


class _Updater:
    def __init__(self, image: Mapping[str, str]) -> None:
        self._name = image.get("name", "")
        self._new_name = image.get("newName", "")
        self._new_tag = image.get("newTag", "")
        self._digest = image.get("digest", "")
        self._suffix = image.get("tagSuffix", "")
        self._known: dict[str, str | None] = {}
        # The name is a regular expression for kustomize, be it only for the dots of a host name.
        self._matches = _image_matcher(self._name)

    def put(self, resource: Resource, node: Any, key: Any) -> None:
        value = node[key]
        if type(value) is not str:
            if kind_of(value) != "ScalarNode":
                raise wrong_kind("ScalarNode", value)
            value = text_of(value)
        if (changed := self.change(value)) is not None:
            resource.assign_untyped(node, key, changed)

    def change(self, value: str) -> str | None:
        """What becomes of an image; None where the entry is about another."""
        if value not in self._known:
            self._known[value] = self._changed(value) if self._matches(value) else None
        return self._known[value]

    def _changed(self, value: str) -> str:
        name, tag, digest = split(value)
        name = self._new_name or name
        if self._new_tag and self._digest:
            tag, digest = self._new_tag, self._digest
        elif self._new_tag:
            tag, digest = self._new_tag, ""
        elif self._digest:
            tag, digest = "", self._digest
        elif self._suffix:
            tag, digest = tag + self._suffix, ""
        return name + (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")


class _Chain:
    """All entries, one after the other, where nothing comes between them; what becomes of an image is found out once."""

    def __init__(self, updates: Sequence[_Updater]) -> None:
        self._updates = updates
        self._known: dict[str, str | None] = {}

    def put(self, resource: Resource, node: Any, key: Any) -> None:
        value = node[key]
        if type(value) is not str:
            for update in self._updates:
                update.put(resource, node, key)
            return
        if value not in self._known:
            self._known[value] = self._change(value)
        if (changed := self._known[value]) is not None:
            resource.assign_untyped(node, key, changed)

    def _change(self, value: str) -> str | None:
        found: str | None = None
        for update in self._updates:
            changed = update.change(value)
            if changed is not None:
                found = value = changed
        return found


def _image_matcher(name: str) -> Callable[[str], object]:
    tag = "(:[a-zA-Z0-9_.{}-]*)?(@sha256:[a-zA-Z0-9_.{}-]*)?"
    if _PLAIN_NAME.fullmatch(name):
        return re.compile(f"{name}{tag}").fullmatch
    return go_regex(f"^{name}{tag}$").search_text


def split(image: str) -> tuple[str, str, str]:
    """(name, tag, digest); a port before the first slash belongs to the name."""
    slash = max(image.find("/"), 0)
    colon, at = image.find(":", slash), image.find("@", slash)
    if at >= 0 and (at < colon or colon < 0):
        return image[:at], "", image[at + 1 :]
    if colon < 0:
        return image, "", ""
    if at >= 0:
        return image[:colon], image[colon + 1 : at], image[at + 1 :]
    return image[:colon], image[colon + 1 :], ""

"""``images``: new names, tags and digests for container images.

Example: ``name: nginx, newTag: "1.27"`` makes ``nginx:1.25`` and ``nginx@sha256:...`` into ``nginx:1.27``. Every list called
``containers`` or ``initContainers`` counts, wherever it is, and the fields of the configuration besides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from holdfast.kustomize.fieldspec import FieldSpec, SpecIndex, apply_spec, kind_of, wrong_kind
from holdfast.kustomize.resmap import ResMap
from holdfast.kustomize.scalars import text_of
from holdfast.kustomize.selectors import go_regex

_LISTS = ("containers", "initContainers")
_PLAIN_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_/:@")
_TAG_CHARS = _PLAIN_NAME - frozenset("/:@") | frozenset(".{}")


def set_images(resources: ResMap, image: Mapping[str, str], specs: Iterable[FieldSpec]) -> None:
    """Change the images that ``image`` names."""
    update = _Updater(image)
    index = SpecIndex(specs)
    for resource in resources:
        if resource.kind == "CustomResourceDefinition":
            continue
        _walk(resource.manifest, update)
        for spec in index.of(resource.api_version, resource.kind):
            apply_spec(resource, spec, update.put)


def _walk(node: Any, update: _Updater) -> None:
    if type(node) is dict:
        for key, value in node.items():
            if type(value) is dict or type(value) is list:
                _walk(value, update)
                if key in _LISTS and type(value) is list:
                    _containers(value, update)
    else:
        for item in node:
            if type(item) is dict or type(item) is list:
                _walk(item, update)


def _containers(items: list[Any], update: _Updater) -> None:
    for item in items:
        if item is None:
            continue
        if type(item) is not dict:
            raise wrong_kind("MappingNode", item)
        if "image" in item:
            update.put(item, "image")


class _Updater:
    def __init__(self, image: Mapping[str, str]) -> None:
        self._name = image.get("name", "")
        self._new_name = image.get("newName", "")
        self._new_tag = image.get("newTag", "")
        self._digest = image.get("digest", "")
        self._suffix = image.get("tagSuffix", "")
        # The name is a regular expression for kustomize; most names are none, but a dot in a host name is.
        plain = all(c in _PLAIN_NAME for c in self._name)
        self._regex = (
            None if plain else go_regex(f"^{self._name}(:[a-zA-Z0-9_.{{}}-]*)?(@sha256:[a-zA-Z0-9_.{{}}-]*)?$")
        )

    def put(self, node: Any, key: Any) -> None:
        value = node[key]
        if type(value) is not str:
            if kind_of(value) != "ScalarNode":
                raise wrong_kind("ScalarNode", value)
            value = text_of(value)
        if not self._matches(value):
            return
        node[key] = self._changed(value)

    def _matches(self, value: str) -> bool:
        if self._regex is not None:
            return self._regex.search_text(value)
        if not value.startswith(self._name):
            return False
        rest = value[len(self._name) :]
        if rest[:1] == ":":
            tag, at, digest = rest[1:].partition("@sha256:")
            return _tag_like(tag) and (not at or _tag_like(digest))
        return rest == "" or (rest.startswith("@sha256:") and _tag_like(rest[8:]))

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


def _tag_like(text: str) -> bool:
    return all(c in _TAG_CHARS for c in text)


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

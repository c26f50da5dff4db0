"""Replacements that go on inside of a text: JSON or YAML in a field of a ConfigMap or an annotation.

Example: path ``data.config\\.json.server.port`` changes the port inside of the JSON text. JSON is written again as Go writes it
(indented where it was), YAML as kyaml writes it.
"""

from __future__ import annotations

from typing import Any

from holdfast.kube import yaml
from holdfast.kube.yaml import Dialect
from holdfast.kustomize import kyamltext
from holdfast.kustomize.errors import KustomizeError
from holdfast.kustomize.scalars import Misfit, copy_json, text_of
from holdfast.kustomize.transformers.hashes import go_json
from holdfast.kustomize.transformers.paths import Slot, lookup, match, typed


def replace_in_text(manifest: Any, parts: tuple[str, ...], value: Any, create: str) -> bool:
    """Put the value inside of the text that the path runs into; False where it runs into none that fits."""
    found = _text_on_the_way(manifest, parts)
    if found is None:
        return False
    slot, rest = found
    text = text_of(slot.value)
    try:
        root = [yaml.load(text, dialect=Dialect.KYAML)]
        slots = match(Slot(root, 0), rest, create)
        if not slots:
            return False
        for inner in slots:
            _put(inner, value)
    except (KustomizeError, yaml.YAMLError):
        return False
    if not text.strip():
        return False
    slot.put(_serialise(root[0], text))
    return True


def _text_on_the_way(manifest: Any, parts: tuple[str, ...]) -> tuple[Slot, tuple[str, ...]] | None:
    for length in range(1, len(parts)):
        try:
            slot = lookup(manifest, parts[:length])
        except KustomizeError:
            continue
        if slot is None or type(slot.value) in (dict, list):
            continue
        try:
            yaml.load(text_of(slot.value), dialect=Dialect.KYAML)
        except yaml.YAMLError:
            continue
        return slot, parts[length:]
    return None


def _put(slot: Slot, value: Any) -> None:
    old = slot.value
    if type(old) in (dict, list):
        slot.put(copy_json(value))
    else:
        new = typed(text_of(value), old)
        if type(new) is Misfit:
            raise KustomizeError(new.complaint)
        slot.put(new)


def _serialise(data: Any, text: str) -> str:
    if text.strip()[0] in "{[":
        if "\n" in text and "  " in text:
            return _indented(data)
        return go_json(data)
    return kyamltext.rewrite(text, data)


def _indented(data: Any) -> str:
    import json

    compact = go_json(data)
    return json.dumps(json.loads(compact), indent=2, ensure_ascii=False, sort_keys=True)

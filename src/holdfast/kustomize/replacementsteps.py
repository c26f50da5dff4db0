"""``replacements`` as a step: entries inline or in files of their own."""

from __future__ import annotations

from typing import Any

from holdfast.kube import yaml
from holdfast.kustomize.errors import KustomizeError
from holdfast.kustomize.gojson import decode
from holdfast.kustomize.kustfile import REPLACEMENT
from holdfast.kustomize.loader import Loader
from holdfast.kustomize.plugin import Plugin, Surroundings
from holdfast.kustomize.transformers import replacements


def replacements_plugin(entries: list[dict[str, Any]], around: Surroundings) -> Plugin:
    """``replacements``, inline or from files."""
    loaded: list[dict[str, Any]] = []
    for entry in entries:
        path = entry.get("path", "")
        if path and ("source" in entry or entry.get("targets")):
            raise KustomizeError("cannot specify both path and inline replacement")
        loaded += _replacement_file(path, around.loader) if path else [entry]
    return Plugin(lambda m: replacements.replace_all(m, loaded))


def _replacement_file(path: str, loader: Loader) -> list[dict[str, Any]]:
    try:
        data = yaml.load(loader.load(path))
    except yaml.YAMLError as err:
        raise KustomizeError(f"error converting YAML to JSON: {err.message}", place=err.place) from None
    if type(data) is not list and type(data) is not dict:
        kind = "string" if type(data) is str else "invalid"
        raise KustomizeError(f"unsupported replacement type encountered within replacement path: {kind}")
    items = data if type(data) is list else [data]
    return [decode(item, REPLACEMENT, strict=False, coerce=True) for item in items]

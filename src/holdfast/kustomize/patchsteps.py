"""Patches as steps: one plugin for an entry of ``patches``, of ``patchesJson6902``, or for all ``patchesStrategicMerge``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from holdfast.kustomize.patchfile import read_json_patch, read_merge_patches, read_patch
from holdfast.kustomize.plugin import Plugin, Surroundings
from holdfast.kustomize.resmap import ResMap
from holdfast.kustomize.selectors import CompiledSelector, Selector
from holdfast.kustomize.transformers import patches


def patch_plugin(data: Mapping[str, Any], around: Surroundings, text: Callable[[], str]) -> Plugin:
    """One entry of ``patches``; ``text`` gives the configuration for messages."""
    patch = read_patch(data, around.loader, around.schemas.scopes, text)
    return Plugin(lambda m: patches.apply_patch(m, patch, around.schemas))


def json_patch_plugin(data: Mapping[str, Any], around: Surroundings) -> Plugin:
    """One entry of ``patchesJson6902``."""
    target = Selector.of(data.get("target", {}))
    operations = read_json_patch(data, around.loader, target)

    def transform(resources: ResMap) -> None:
        for resource in CompiledSelector(target).select(resources):
            patches.operate_on(resource, operations)
        resources.touched()

    return Plugin(transform)


def merge_patches_plugin(data: Mapping[str, Any], around: Surroundings) -> Plugin:
    """``patchesStrategicMerge``."""
    loaded = read_merge_patches(data, around.loader, around.schemas.scopes)

    def transform(resources: ResMap) -> None:
        for patch in loaded:
            patches.merge_by_id(resources, patch, around.schemas)

    return Plugin(transform)

"""``patches``, ``patchesStrategicMerge`` and ``patchesJson6902``.

Example: a strategic merge patch with the name of a Deployment changes that Deployment; with a target it changes all that the
selector finds. A list of operations is a JSON patch and needs a target.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from holdfast.base.record import Record
from holdfast.kustomize import json6902, memory, strategic, written
from holdfast.kustomize.errors import KustomizeError
from holdfast.kustomize.openapi import Schemas
from holdfast.kustomize.resmap import ResMap
from holdfast.kustomize.resource import Resource
from holdfast.kustomize.scalars import misfit_in, rounded
from holdfast.kustomize.selectors import CompiledSelector, Selector

_INTERNAL = "internal.config.kubernetes.io/"
_LEGACY = ("config.kubernetes.io/path", "config.kubernetes.io/index", "config.k8s.io/id")


class Patch(Record):
    """One entry of ``patches``: either merges or operations; ``source`` names it in messages."""

    source: str
    merges: Sequence[Resource] | None = None
    operations: Sequence[json6902.Operation] | None = None
    target: Selector | None = None


def apply_patch(resources: ResMap, patch: Patch, schemas: Schemas) -> None:
    """Apply one entry of ``patches``."""
    if patch.merges is not None:
        if patch.target is None:
            _merge_by_name(resources, patch.merges, schemas)
        else:
            _merge_selected(resources, patch, schemas)
    elif patch.operations is not None:
        _operate(resources, patch)


def _merge_by_name(resources: ResMap, patches: Sequence[Resource], schemas: Schemas) -> None:
    for patch in patches:
        try:
            target = resources.target_of(patch)
        except KustomizeError as err:
            name = patch.original_id_text()
            raise err.within(f'no resource matches strategic merge patch "{name}"') from None
        if merge_into(target, patch, schemas) or patch.allow_name_change or patch.allow_kind_change:
            resources.touched()


def _merge_selected(resources: ResMap, patch: Patch, schemas: Schemas) -> None:
    assert patch.merges is not None
    assert patch.target is not None
    if len(patch.merges) > 1:
        raise KustomizeError(
            "Multiple Strategic-Merge Patches in one `patches` entry is not allowed to set "
            f"`patches.target` field: {patch.source}"
        )
    if not patch.merges:
        return
    try:
        selected = CompiledSelector(patch.target).select(resources)
    except KustomizeError as err:
        raise err.within(f'unable to find patch target "{patch.target}" in `resources`') from None
    merge_selected(resources, selected, patch.merges[0], schemas)


def merge_selected(resources: ResMap, selected: Sequence[Resource], patch: Resource, schemas: Schemas) -> None:
    """Apply a merge patch to some resources, whose apiVersion and kind the patch then takes on."""
    labels, annotations = (written.exact_texts(patch, field) for field in ("labels", "annotations"))
    for resource in selected:
        own = patch.copy()
        # Upstream makes the copy with a function meant for generators, which writes labels and annotations anew as texts:
        # in a patch with a target, a null does not remove a label, it becomes the text "null".
        own.set_texts("labels", labels)
        own.set_texts("annotations", annotations)
        own.manifest["apiVersion"] = resource.manifest.get("apiVersion", "")
        merge_into(resource, own, schemas)
        if not resource.gone and resource.manifest.get("apiVersion") is None:
            resource.manifest["apiVersion"] = None
    kept = [r for r in resources if not r.gone]
    resources.replace_all([])
    resources.append_all(kept)


def merge_by_id(resources: ResMap, patch: Resource, schemas: Schemas) -> None:
    """Apply one of ``patchesStrategicMerge``."""
    target = resources.target_of(patch)
    merge_selected(resources, [target], patch, schemas)


def merge_into(resource: Resource, patch: Resource, schemas: Schemas) -> bool:
    """Merge a patch into a resource; name, kind and namespace stay unless the patch may change them.

    Says whether the patch made kustomize forget the resource's former names.
    """
    before = _Identity(resource)
    if patch.allow_name_change or patch.allow_kind_change:
        resource.store_previous()
    remembers = memory.mark(resource)
    marked = written.mark(resource)
    quotes = _Quotes(resource, patch)
    merged = strategic.merge(patch.manifest, resource.manifest, schemas, resource.assign, quotes.over_text)
    if not merged:
        resource.manifest = {}
        return False
    if marked:
        written.unmark(merged)
    resource.odd_keys = resource.odd_keys or patch.odd_keys
    if patch.source is not None:
        resource.patched_from.append(patch.source)
    resource.manifest = merged
    before.restore(resource, name=not patch.allow_name_change, kind=not patch.allow_kind_change)
    _write_names_anew(resource)
    return remembers and memory.forget_if_gone(resource)


class _Identity:
    """What a patch does not change: the values as they were, so that a name that is a number stays one."""

    __slots__ = ("_api_version", "_kind", "_name", "_namespace")

    def __init__(self, resource: Resource) -> None:
        manifest = resource.manifest
        meta = manifest.get("metadata")
        meta = meta if type(meta) is dict else {}
        self._api_version, self._kind = manifest.get("apiVersion"), manifest.get("kind")
        self._name, self._namespace = meta.get("name"), resource.namespace

    def restore(self, resource: Resource, *, name: bool, kind: bool) -> None:
        manifest = resource.manifest
        if self._api_version is None and manifest.get("apiVersion") == "":
            manifest["apiVersion"] = None
        if kind and manifest.get("kind") != self._kind:
            manifest["kind"] = self._kind
        if name:
            meta = resource.metadata()
            if meta.get("name") != self._name:
                meta["name"] = self._name
        resource.set_namespace(self._namespace)


def _write_names_anew(resource: Resource) -> None:
    """Upstream writes name and namespace after every merge, be they the same."""
    meta = resource.manifest.get("metadata")
    for key in ("name", "namespace"):
        if type(meta) is dict and key in meta:
            resource.assign_untyped(meta, key, meta[key])


class _Quotes:
    """A number patched over a text in quotes is put between these quotes, so that it becomes a text.

    The quotes are those of the field's first value: what is patched over it is written in the same way.
    """

    def __init__(self, resource: Resource, patch: Resource) -> None:
        self._resource = resource
        self._patch = patch

    def over_text(self, holder: Any, key: str, value: Any) -> Any:
        first = self._resource.first_value(holder, key)
        if type(first) is str and written.is_quoted(self._resource, key, first):
            return written.number_text(self._patch, key, value)
        return value


def _operate(resources: ResMap, patch: Patch) -> None:
    if patch.target is None:
        if not patch.operations:
            return
        raise KustomizeError(f"must specify a target for JSON patch {patch.source}")
    assert patch.operations is not None
    for resource in CompiledSelector(patch.target).select(resources):
        resource.store_previous()
        operate_on(resource, patch.operations)
    resources.touched()


def operate_on(resource: Resource, operations: Sequence[json6902.Operation]) -> None:
    """Apply JSON patch operations; annotations that belong to kustomize survive them."""
    own = {k: v for k, v in resource.annotations().items() if k.startswith(_INTERNAL) or k in _LEGACY}
    if own or resource.has_internal_annotations():
        # Upstream keeps its memory in annotations, so a patch may always add one.
        meta = resource.metadata()
        if meta.get("annotations") is None:
            meta["annotations"] = {}
    if resource.misfits and (found := misfit_in(resource.manifest)) is not None:
        raise KustomizeError(found.complaint)
    written.fill_gaps(resource)
    remembers = memory.mark_origin(resource)
    result: Any = rounded(json6902.apply(resource.manifest, list(operations)))
    resource.unshare()
    if type(result) is not dict:
        raise KustomizeError("json: cannot unmarshal array into Go value of type map[string]interface {}")
    resource.manifest = result
    if remembers:
        memory.forget_origin_if_gone(resource)
    if own:
        resource.set_texts("annotations", {**resource.annotations(), **own})

"""Patches read from a kustomization or a file, and told apart: strategic merge or JSON patch.

Both readings are tried, as kustomize does; exactly one may succeed with something in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from holdfast.kustomize import json6902
from holdfast.kustomize.errors import KustomizeError
from holdfast.kustomize.ids import Kinds
from holdfast.kustomize.loader import Loader
from holdfast.kustomize.resource import Resource
from holdfast.kustomize.scalars import quoted
from holdfast.kustomize.selectors import Selector
from holdfast.kustomize.transformers.patches import Patch
from holdfast.kustomize.written import exact_texts
from holdfast.kustomize.yamlio import read_resources


def read_patch(data: Mapping[str, Any], loader: Loader, scopes: Kinds, config: Callable[[], str]) -> Patch:
    """One entry of ``patches``. Raises KustomizeError where it is neither kind of patch, or both."""
    text, source, path = _patch_text(data, loader, config)
    merges, merge_error = _as_merges(text, path, scopes)
    operations, json_error = _as_operations(text)
    if merges and operations:
        raise KustomizeError(f"illegally qualifies as both an SM and JSON patch: {source}")
    if merge_error is not None and json_error is not None:
        raise KustomizeError(f"unable to parse SM or JSON patch from {source}", place=merge_error.place)
    target = Selector.of(data["target"]) if "target" in data else None
    if merge_error is not None:
        return Patch(source, operations=operations, target=target)
    options = data.get("options", {})
    for patch in merges or ():
        patch.allow_name_change = options.get("allowNameChange", False)
        patch.allow_kind_change = options.get("allowKindChange", False)
        if patch.allow_name_change or patch.allow_kind_change:
            _write_annotations_anew(patch)
    return Patch(source, merges=merges or None, target=target)


def _write_annotations_anew(patch: Resource) -> None:
    """Upstream notes the options among the patch's annotations: there are some then, and nulls have become texts."""
    texts = exact_texts(patch, "annotations")
    patch.set_texts("annotations", texts)
    if not texts:
        patch.metadata()["annotations"] = {}


def _patch_text(data: Mapping[str, Any], loader: Loader, config: Callable[[], str]) -> tuple[bytes, str, str]:
    inline, path = data.get("patch", "").strip(), data.get("path", "")
    if not inline and not path:
        raise KustomizeError(f"must specify one of patch and path in\n{config()}")
    if inline and path:
        raise KustomizeError(f"patch and path can't be set at the same time\n{config()}")
    if inline:
        return inline.encode(), f"[patch: {quoted(inline)}]", ""
    try:
        return loader.load(path), f"[path: {quoted(path)}]", loader.tree_path(path)
    except KustomizeError as err:
        raise err.within(f"failed to get the patch file from path({path})") from None


def _as_merges(text: bytes, path: str, scopes: Kinds) -> tuple[list[Resource] | None, KustomizeError | None]:
    if text.startswith((b"[", b"- ")):
        return None, KustomizeError("missing Resource metadata")
    try:
        return read_resources(text, path, scopes, doubles=True), None
    except KustomizeError as err:
        return None, err


def _as_operations(text: bytes) -> tuple[list[json6902.Operation] | None, KustomizeError | None]:
    try:
        return json6902.decode(text.decode("utf-8", "surrogateescape")), None
    except KustomizeError as err:
        return None, err


def read_json_patch(data: Mapping[str, Any], loader: Loader, target: Selector) -> list[json6902.Operation]:
    """The operations of one entry of ``patchesJson6902``."""
    if not target.name:
        raise KustomizeError("must specify the target name")
    path, text = data.get("path", ""), data.get("jsonOp", "")
    if not path and not text:
        raise KustomizeError("empty file path and empty jsonOp")
    if path:
        if text:
            raise KustomizeError("must specify a file path or jsonOp, not both")
        text = loader.load(path).decode("utf-8", "surrogateescape")
        if not text:
            raise KustomizeError(f"patch file '{path}' empty seems to be empty")
    try:
        operations = json6902.decode(text)
    except KustomizeError as err:
        raise err.within(f"decoding {text}") from None
    if not operations:
        raise KustomizeError(f"patch appears to be empty; file={path}, JsonOp={text}")
    return operations


def read_merge_patches(data: Mapping[str, Any], loader: Loader, scopes: Kinds) -> list[Resource]:
    """The patches of ``patchesStrategicMerge``: every entry is YAML or the path of a file."""
    paths, inline = data.get("paths", []), data.get("patches", "")
    if not paths and not inline:
        raise KustomizeError("empty file path and empty patch content")
    loaded: list[Resource] = []
    for entry in paths:
        loaded += _inline_or_file(entry, loader, scopes)
    if inline:
        loaded += read_resources(inline.encode(), "", scopes)
    if not loaded:
        raise KustomizeError(f"patch appears to be empty; files=[{' '.join(paths)}], Patch={inline}")
    return loaded


def _inline_or_file(entry: str, loader: Loader, scopes: Kinds) -> list[Resource]:
    try:
        return read_resources(entry.encode(), "", scopes, doubles=True)
    except KustomizeError:
        text = loader.load(entry)
    try:
        return read_resources(text, loader.tree_path(entry), scopes, doubles=True)
    except KustomizeError as err:
        raise in_file(err, entry) from None


def in_file(err: KustomizeError, path: str) -> KustomizeError:
    """A YAML error with the name of the file, worded as kustomize does."""
    from holdfast.kustomize.errors import MalformedYAML

    if isinstance(err, MalformedYAML):
        return MalformedYAML(f"{err.message} in File: {path}", place=err.place)
    return err

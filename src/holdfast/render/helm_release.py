"""A chart and values to what a release applies: the manifest, the hooks, the notes, after all post-rendering.

In: a loaded chart, values, Helm's release options, capabilities, and what is done after rendering. Out: texts, ready for a
release record. Never reaches a cluster: ``lookup`` is an argument. The chart's own rendering is memoised by its digest.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from holdfast.base.errors import HoldfastError
from holdfast.base.tree import MemoryTree
from holdfast.helm.cache import RenderCache
from holdfast.helm.chart.capabilities import Capabilities
from holdfast.helm.chart.model import Chart
from holdfast.helm.engine import ReleaseOptions
from holdfast.helm.errors import RenderError
from holdfast.helm.funcs.services import Lookup
from holdfast.helm.manifests import Hook, RenderedManifest, sort_manifests
from holdfast.kube import yaml
from holdfast.kube.refs import GroupVersionKind, Manifest
from holdfast.kustomize.options import BuildOptions
from holdfast.kustomize.run import build
from holdfast.model.delivery import Selector
from holdfast.model.release import PostRenderer, PostRendering
from holdfast.render.manifests import complaint

_FILE = "postrenderer.helm.sh/postrender-filename"
_INPUT = "helm-output.yaml"
_NO_YAML = re.compile(r"YAML parse error on ([^:]+): error converting YAML to JSON: (yaml: .*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class RenderedRelease:
    """``manifest`` as Helm stores it, one document after the other with its source; ``crds`` are those of crds/."""

    manifest: str
    hooks: tuple[Hook, ...]
    notes: str
    chart: Chart
    crds: tuple[RenderedManifest, ...] = ()
    notices: tuple[str, ...] = field(default=())


def render_release(
    cache: RenderCache,
    chart: Chart,
    values: Mapping[str, Any],
    options: ReleaseOptions,
    capabilities: Capabilities,
    post: PostRendering,
    *,
    lookup: Lookup | None = None,
    check_schema: bool = True,
) -> RenderedRelease:
    """Raises HoldfastErrors with Helm's words."""
    try:
        found = cache.render(chart, values, options, capabilities, lookup=lookup, skip_schema=not check_schema)
    except RenderError as error:
        raise _as_merged(error, post) from error
    manifests, hooks = _post_render(found.manifests, found.hooks, post)
    text = "".join(f"---\n# Source: {m.source}\n{m.text.rstrip(chr(10))}\n" for m in manifests)
    return RenderedRelease(
        text, tuple(hooks), found.notes, found.chart or chart, tuple(found.crds), tuple(found.notices)
    )


def _as_merged(error: RenderError, post: PostRendering) -> RenderError:
    """Helm merges all files before it sorts them when hooks are post-rendered too: what is no YAML is found there."""
    match = _NO_YAML.match(error.message)
    if match is None or post.strategy != "combined":
        return error
    return RenderError(
        f"error merging manifests: parsing {match[1]}: MalformedYAMLError: {match[2]}", place=error.place
    )


def _post_render(
    manifests: Sequence[RenderedManifest], hooks: Sequence[Hook], post: PostRendering
) -> tuple[list[RenderedManifest], list[Hook]]:
    match post.strategy:
        case "combined":
            return _sorted(_passed([*manifests, *hooks], post, "files"))
        case "separate":
            files = _passed(hooks, post, "hooks")
            return _sorted(_merged(files, _passed(manifests, post, "manifests")))
        case "nohooks":
            kept: dict[str, str] = {}
            for hook in hooks:
                _append(kept, hook.source, hook.text)
            return _sorted(_merged(kept, _passed(manifests, post, "manifests")))
    raise RenderError(f"unknown post-render strategy: '{post.strategy}'")


def _append(files: dict[str, str], path: str, text: str) -> None:
    files[path] = f"{files[path]}\n---\n{text}" if path in files else text


def _merged(one: dict[str, str], other: Mapping[str, str]) -> dict[str, str]:
    for path, text in other.items():
        _append(one, path, text)
    return one


def _sorted(files: Mapping[str, str]) -> tuple[list[RenderedManifest], list[Hook]]:
    found = sort_manifests(files)
    return found.manifests, found.hooks


def _passed(documents: Iterable[RenderedManifest], post: PostRendering, what: str) -> dict[str, str]:
    """The documents after all renderers, as files."""
    objects = [o for d in sorted(documents, key=lambda d: d.source) for o in _parsed(d)]
    if not objects:
        return {}
    try:
        _refuse_no_objects(objects)
        for renderer in post.renderers:
            objects = _kustomized(objects, renderer)
        _check_unique(objects)
    except HoldfastError as error:
        raise RenderError(f"error while running post render on {what}: {error.message}") from error
    files: dict[str, str] = {}
    for index, obj in enumerate(objects):
        _label(obj, post)
        path = _take_source(obj) or f"generated-by-postrender-{index}.yaml"
        _append(files, path, yaml.dump(obj))
    return files


def _refuse_no_objects(objects: Iterable[Manifest]) -> None:
    """Even without renderers of its own a release passes through kustomize, which wants a kind and a name."""
    for obj in objects:
        problem = complaint(obj)
        if problem:
            raise RenderError(problem)


def _parsed(document: RenderedManifest) -> list[Manifest]:
    try:
        found = [d.value for d in yaml.load_all(document.text)]
    except yaml.YAMLError as error:
        raise RenderError(
            f"error merging manifests: parsing {document.source}: MalformedYAMLError: {error.message}"
        ) from error
    objects = [o for value in found for o in _flat(value)]
    for obj in objects:
        annotations = _map_in(_map_in(obj, "metadata"), "annotations")
        annotations[_FILE] = document.source
    return objects


def _flat(value: Any) -> Iterable[Manifest]:
    """The items of a list object, and of lists in it."""
    if not isinstance(value, dict):
        return
    if str(value.get("kind") or "").endswith("List") and isinstance(value.get("items"), list):
        for item in value["items"]:
            yield from _flat(item)
    else:
        yield value


def _map_in(obj: dict[str, Any], key: str) -> dict[str, Any]:
    found = obj.get(key)
    if not isinstance(found, dict):
        found = obj[key] = {}
    return found


def _take_source(obj: Manifest) -> str:
    metadata = _map_in(obj, "metadata")
    annotations = _map_in(metadata, "annotations")
    path = annotations.pop(_FILE, "")
    if not annotations:
        del metadata["annotations"]
    return str(path)


def _label(obj: Manifest, post: PostRendering) -> None:
    metadata = _map_in(obj, "metadata")
    labels = {**post.labels, **post.owner_labels}
    if labels:
        _map_in(metadata, "labels").update(labels)
    if post.annotations:
        _map_in(metadata, "annotations").update(post.annotations)


def _check_unique(objects: Sequence[Manifest]) -> None:
    seen = set()
    for obj in objects:
        gvk, metadata = GroupVersionKind.of(obj), obj.get("metadata") or {}
        name, namespace = metadata.get("name"), metadata.get("namespace") or "[noNs]"
        identity = f"{gvk.kind}.{gvk.version}.{gvk.group or '[noGrp]'}/{name}.{namespace}"
        if name and identity in seen:
            raise RenderError(f"may not add resource with an already registered id: {identity}")
        seen.add(identity)


def _kustomized(objects: Sequence[Manifest], renderer: PostRenderer) -> list[Manifest]:
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [_INPUT],
        "images": [
            _filled(name=i.name, newName=i.new_name, newTag=i.new_tag, digest=i.digest) for i in renderer.images
        ],
        "patches": [_filled(patch=p.patch, target=_target(p.target)) for p in renderer.patches],
    }
    files = {"kustomization.yaml": json.dumps(kustomization).encode(), _INPUT: yaml.dump_all(objects).encode()}
    return build(MemoryTree(files), "", BuildOptions(load_restrictions="none")).manifests


def _filled(**fields: Any) -> dict[str, Any]:
    return {k: v for k, v in fields.items() if v not in ("", None)}


def _target(selector: Selector | None) -> dict[str, str] | None:
    if selector is None:
        return None
    return _filled(
        group=selector.group,
        version=selector.version,
        kind=selector.kind,
        name=selector.name,
        namespace=selector.namespace,
        labelSelector=selector.label_selector,
        annotationSelector=selector.annotation_selector,
    )

"""KRM functions as plugins: executables named by an annotation, run through the callable in the options.

Containers are refused: this engine starts no container runtime. Source: kustomize ``internal/plugins/fnplugin``.
"""

from __future__ import annotations

from typing import Any

from holdfast.kube import yaml
from holdfast.kustomize.errors import KustomizeError
from holdfast.kustomize.options import FunctionRequest
from holdfast.kustomize.plugin import Plugin, Surroundings
from holdfast.kustomize.resmap import ResMap
from holdfast.kustomize.resource import ORIGIN, Origin, Resource
from holdfast.kustomize.scalars import copy_json
from holdfast.kustomize.yamlio import read_resources

_FUNCTION = ("config.kubernetes.io/function", "config.k8s.io/function")
_ID = "kustomize.config.k8s.io/id"
_HASH = "kustomize.config.k8s.io/needs-hash"
_BEHAVIOR = "kustomize.config.k8s.io/behavior"


def load_function(config: Resource, around: Surroundings) -> Plugin:
    """The function that the object's annotation names."""
    path = _executable(config)
    return Plugin(
        transform=lambda m: _transform(m, path, config, around),
        generate=lambda: _generate(path, config, around),
    )


def _executable(config: Resource) -> str:
    annotations = config.annotations()
    text = next((annotations[k] for k in _FUNCTION if annotations.get(k)), "")
    spec = yaml.load(text) if text else None
    if not isinstance(spec, dict):
        raise KustomizeError(
            f"plugin {config.original_id_text()}: exec plugins by path are not supported, only KRM functions"
        )
    if "container" in spec or spec.get("image"):
        raise KustomizeError(
            f"plugin {config.original_id_text()}: container functions are not supported",
            hint="Run the function as an executable with the exec form of the annotation, --enable-alpha-plugins and --enable-exec.",
        )
    path = (spec.get("exec") or {}).get("path", "")
    if not path:
        raise KustomizeError(
            f"plugin {config.original_id_text()}: the function annotation names neither exec nor container"
        )
    return str(path)


def _run(path: str, config: Resource, around: Surroundings, items: list[dict[str, Any]]) -> list[Resource]:
    options = around.loader.options
    if not options.enable_exec or options.function is None:
        raise KustomizeError("must specify --enable-exec to run exec functions")
    request = FunctionRequest(around.loader.files.tree, around.loader.root, path, config.manifest, tuple(items))
    output = options.function(request)
    found = read_resources(output.encode(), path, around.schemas.scopes)
    for resource in found:
        resource.origin = _own_origin(resource)
    return found


def _own_origin(resource: Resource) -> Origin | None:
    """An origin that the function wrote itself: whoever touches the object next is no more than a transformer to it."""
    text = resource.annotations().get(ORIGIN)
    data = yaml.load(text) if text else None
    if not isinstance(data, dict):
        return None
    by = data.get("configuredBy")
    by = by if isinstance(by, dict) else {}

    def text_at(holder: dict[str, Any], name: str) -> str:
        return str(holder.get(name) or "")

    return Origin(
        path=text_at(data, "path"),
        repo=text_at(data, "repo"),
        ref=text_at(data, "ref"),
        configured_in=text_at(data, "configuredIn"),
        configured_by=(text_at(by, "apiVersion"), text_at(by, "kind"), text_at(by, "name"), text_at(by, "namespace")),
    )


def _generate(path: str, config: Resource, around: Surroundings) -> list[Resource]:
    found = _run(path, config, around, [])
    for resource in found:
        _take_options(resource)
    return found


def _take_options(resource: Resource) -> None:
    texts = resource.annotations()
    needs_hash, behavior = texts.pop(_HASH, ""), texts.pop(_BEHAVIOR, "")
    resource.set_texts("annotations", texts)
    resource.needs_hash = needs_hash.lower() in ("1", "t", "true")
    resource.behavior = behavior if behavior in ("create", "merge", "replace") else "unspecified"


def _transform(resources: ResMap, path: str, config: Resource, around: Surroundings) -> None:
    items = []
    for number, resource in enumerate(resources):
        item = copy_json(resource.manifest)
        item.setdefault("metadata", {}).setdefault("annotations", {})[_ID] = str(number)
        items.append(item)
    before = resources.resources
    after: list[Resource] = []
    for found in _run(path, config, around, items):
        texts = found.annotations()
        own_id = texts.pop(_ID, "")
        found.set_texts("annotations", texts)
        if own_id.isdigit() and int(own_id) < len(before):
            kept = before[int(own_id)]
            kept.manifest = found.manifest
            after.append(kept)
        else:
            after.append(found)
    resources.replace_all([])
    resources.append_all(after)

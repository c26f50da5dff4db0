"""The pipeline of one rendering: generate, build, decrypt, substitute, stamp ownership.

`render` is a function of its arguments. A failure is a `RenderError` with Flux's words and, where there is one, the file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

from holdfast.base.errors import HoldfastError, Place, Stop
from holdfast.base.tree import Entry, EntryKind, OverlayTree, RecordingTree, Tree
from holdfast.kube import yaml
from holdfast.kube.refs import GroupVersionKind, Manifest
from holdfast.kustomize import BuildOptions, Resource, build
from holdfast.model.delivery import Substitution
from holdfast.model.rendered import Rendered, RenderRequest
from holdfast.render.envsubst import SubstitutionError, check_names, substitute
from holdfast.render.generate import generate
from holdfast.render.normalise import normalise
from holdfast.render.paths import clean, resolve

_YAML_TYPES = {"list": "list", "str": "string", "int": "number", "float": "number", "bool": "boolean"}
_SUBSTITUTE = "kustomize.toolkit.fluxcd.io/substitute"


class RenderError(Stop):
    """A rendering that fails until its input changes."""


class PathNotFound(RenderError):
    """The unit's path is not in the tree."""


class Decryptor(Protocol):
    """Decrypts what a rendering meets; the results live in memory only."""

    def sources(self, tree: Tree, directory: str) -> Tree:
        """The tree with the files that generators read decrypted."""
        ...

    def decrypt(self, obj: Manifest) -> Manifest | None:
        """The plain object, or None where there was nothing to decrypt."""
        ...


@dataclass(frozen=True, slots=True)
class Engine:
    """What a rendering may reach for beyond its request: remote bases and keys. The default reaches nothing."""

    options: BuildOptions = field(default_factory=lambda: BuildOptions(load_restrictions="none"))
    decryptor: Decryptor | None = None


def render(request: RenderRequest, engine: Engine | None = None) -> Rendered:
    """Raises `RenderError`."""
    engine = engine or Engine()
    recording = RecordingTree(request.tree)
    root = _shown_root(request.root_name or request.unit.name)
    directory = _directory(recording, request.build.path, root)
    try:
        generated = generate(recording, directory, request.build, display_root=root)
    except HoldfastError as error:
        raise RenderError(error.message, place=error.place) from error
    tree: Tree = OverlayTree(recording, {generated.path: generated.text})
    if engine.decryptor is not None:
        tree = _decrypted_sources(engine.decryptor, tree, directory)
    options = engine.options._replace(display_root=root)
    try:
        built = build(tree, directory, options)
    except HoldfastError as error:
        raise RenderError(f"kustomize build failed: {error.message}", place=_written(error, generated.path)) from error
    objects = [_finish(r, request, engine.decryptor) for r in built.resources]
    text = yaml.dump_all(objects)
    return Rendered(
        objects=tuple(_stamp(request, _kubernetes_objects(objects))),
        digest="sha256:" + hashlib.sha256(text.encode()).hexdigest(),
        reads=dict(recording.reads),
        warnings=tuple(built.warnings),
    )


def _written(error: HoldfastError, generated: str) -> Place | None:
    """The line that is wrong, where it is one that somebody wrote: those of the generated kustomization are nobody's."""
    place = error.place
    return place if place is not None and place.line and place.path != generated else None


def require_directory(tree: Tree, path: str, name: str) -> None:
    """Raises `PathNotFound` where a unit called ``name`` has nothing at ``path`` to build."""
    _existing(tree, path, _shown_root(name))


def _shown_root(name: str) -> str:
    """Where the files seem to lie in messages. Flux unpacks to a new directory each time; ours is always called the same."""
    return f"/tmp/kustomization-{name}"


def _existing(tree: Tree, path: str, root: str) -> tuple[str, Entry]:
    found = resolve(tree, path)
    entry = tree.lookup(found) if found is not None else None
    if found is None or entry is None:
        shown = "/".join(p for p in (root, clean(path)) if p)
        raise PathNotFound(f"kustomization path not found: stat {shown}: no such file or directory")
    return found, entry


def _directory(tree: Tree, path: str, root: str) -> str:
    directory, entry = _existing(tree, path, root)
    if entry.kind is not EntryKind.DIRECTORY:
        target = f"{root}/{directory}/kustomization.yaml: not a directory"
        raise RenderError(f"open {target} remove {target}", place=Place(directory))
    return directory


def _decrypted_sources(decryptor: Decryptor, tree: Tree, directory: str) -> Tree:
    try:
        return decryptor.sources(tree, directory)
    except HoldfastError as error:
        raise RenderError(f"error decrypting sources: {error.message}", place=error.place) from error


def _finish(resource: Resource, request: RenderRequest, decryptor: Decryptor | None) -> Manifest:
    """One built resource, decrypted and substituted."""
    obj = resource.manifest
    meta = obj.get("metadata") or {}
    if not all(isinstance(v, str) and v for v in (meta.get("name"), obj.get("kind"), obj.get("apiVersion"))):
        raise RenderError(f"failed to decode Kubernetes apiVersion, kind and name from: {yaml.dump(obj)}")
    for name in ("labels", "annotations"):
        if not isinstance(meta.get(name), dict | None):
            found = type(meta[name]).__name__
            message = f"{describe(obj)}: metadata.{name} has to be a mapping of strings, not a {_YAML_TYPES.get(found, found)}"
            raise RenderError(message, place=Place(resource.source.path) if resource.source else None)
    if decryptor is not None:
        try:
            obj = decryptor.decrypt(obj) or obj
        except HoldfastError as error:
            raise RenderError(f"decryption failed for '{describe(obj)}': {error.message}") from error
    if request.build.substitution is not None:
        try:
            obj = _substitute(obj, request, request.build.substitution)
        except HoldfastError as error:
            raise RenderError(f"post build failed for '{describe(obj)}': {error.message}") from error
    return obj


def describe(obj: Manifest) -> str:
    """``ConfigMap.v1.[noGrp]/name``, as kustomize prints a kind."""
    gvk = GroupVersionKind.of(obj)
    return f"{gvk.kind}.{gvk.version}.{gvk.group or '[noGrp]'}/{(obj.get('metadata') or {}).get('name')}"


def _substitute(obj: Manifest, request: RenderRequest, wanted: Substitution) -> Manifest:
    meta = obj.get("metadata") or {}
    if "disabled" in ((meta.get("labels") or {}).get(_SUBSTITUTE), (meta.get("annotations") or {}).get(_SUBSTITUTE)):
        return obj
    if request.variables_error:
        raise SubstitutionError(request.variables_error)
    inline = {k: v.replace("\n", "") for k, v in wanted.inline.items()}
    variables = {**request.variables, **inline}
    if not variables and not wanted.always:
        return obj
    try:
        check_names(variables)
    except SubstitutionError as error:
        raise SubstitutionError(f"envsubst error: {error.message}") from error
    text = yaml.dump(obj)
    if "$" not in text:
        return obj
    try:
        text = substitute(text, variables, strict=wanted.strict)
    except SubstitutionError as error:
        raise SubstitutionError(f"envsubst error: variable substitution failed: {error.message}") from error
    try:
        found = yaml.load(text)
    except HoldfastError as error:
        raise SubstitutionError(f"envsubst error: YAMLToJSON: {error.message}") from error
    return found if isinstance(found, dict) else obj


def _kubernetes_objects(objects: Iterable[Manifest]) -> list[Manifest]:
    """Without what is no object of an API: kustomize's own configuration."""
    return [
        o
        for o in objects
        if not (
            str(o.get("kind")).lower() == "kustomization"
            and str(o.get("apiVersion")).startswith("kustomize.config.k8s.io/")
        )
    ]


def _label(value: Any) -> Any:
    """A label that substitution made a number or a boolean. Flux loses all labels of such an object, and goes on."""
    return json.dumps(value) if isinstance(value, bool | int | float) else value


def _stamp(request: RenderRequest, objects: list[Manifest]) -> list[Manifest]:
    labels = {**request.owner.labels(request.unit), **request.build.common_labels}
    annotations = dict(request.build.common_annotations)
    stamped = []
    for obj in objects:
        obj = normalise(obj)
        meta = dict(obj.get("metadata") or {})
        meta["labels"] = {**{k: _label(v) for k, v in (meta.get("labels") or {}).items()}, **labels}
        if annotations or meta.get("annotations"):
            meta["annotations"] = {**(meta.get("annotations") or {}), **annotations}
        stamped.append({**obj, "metadata": meta})
    return stamped


Renderer = Callable[[RenderRequest, Engine | None], Rendered]

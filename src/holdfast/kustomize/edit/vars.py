"""What ``kustomize edit fix --vars`` makes of vars: replacements, and placeholders where the references stood.

In come the data of a kustomization and a way to look at files; out go the data with ``replacements`` in the place of ``vars``
and the files that have other text now. Nothing is written here. Source: kustomize ``commands/edit/fix/convert.go``.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Protocol

import yaml as pyyaml

from holdfast.kube import yaml
from holdfast.kube.yaml import quoting
from holdfast.kustomize.errors import KustomizeError
from holdfast.kustomize.ids import split_api_version
from holdfast.kustomize.kustfile import FILE_NAMES
from holdfast.kustomize.yamlio import split_documents

Data = dict[str, Any]
_SELECTOR = ("group", "version", "kind", "name", "namespace", "annotationSelector", "labelSelector")
_MAX_BASES = 100


class Disk(Protocol):
    """Files as the kustomization in the current directory sees them."""

    def read(self, path: str) -> bytes | None:
        """The bytes of a file, None where there is none."""

    def names(self, directory: str) -> list[str]:
        """What is in a directory, nothing where there is none."""


class _Hit(NamedTuple):
    path: str
    options: Data


def convert(data: Data, disk: Disk) -> dict[str, bytes]:
    """Turn ``vars`` into ``replacements``; returns the new text of files. Raises KustomizeError and changes nothing."""
    if not isinstance(found := data.get("vars"), list):
        data.pop("vars", None)
        return {}
    patches: dict[str, Data] = {}
    paths = list(_touched(data, "", disk, patches, 0))
    texts = {path: text for path in paths if (text := disk.read(path)) is not None}
    before = dict(texts)
    made = []
    for var in found:
        name = str(_field(var, "name") or "")
        targets = [t for path in paths if path in texts for t in _targets(path, texts[path], name, patches.get(path))]
        made.append({"source": _source(var), **({"targets": targets} if targets else {})})
        for path, text in texts.items():
            texts[path] = text.replace(f"$({name})".encode(), f"{name}_PLACEHOLDER".encode())
    del data["vars"]
    if made:
        data["replacements"] = [*(data.get("replacements") or []), *made]
    return {path: text for path, text in texts.items() if text != before[path]}


def _field(mapping: Any, name: str) -> Any:
    """A field by its name in any case, as Go reads structures."""
    if not isinstance(mapping, Mapping):
        return None
    if name in mapping:
        return mapping[name]
    return next((v for k, v in mapping.items() if str(k).lower() == name.lower()), None)


def _source(var: Any) -> Data:
    ref = _field(var, "objref")
    group, version = split_api_version(str(_field(ref, "apiVersion") or ""))
    source = {
        "group": group,
        "version": version,
        "kind": _field(ref, "kind"),
        "name": _field(ref, "name"),
        "namespace": _field(ref, "namespace"),
        "fieldPath": _field(_field(var, "fieldref"), "fieldPath"),
    }
    return {k: v for k, v in source.items() if v}


# Files


def _join(directory: str, path: str) -> str:
    parts = [part for part in (directory, path) if part]
    return posixpath.normpath("/".join(parts)) if parts else ""


def _touched(data: Data, directory: str, disk: Disk, patches: dict[str, Data], depth: int) -> Iterator[str]:
    """The files of resources and patches, through bases.

    A base of a base is looked for from the current directory, not from the base that names it, as upstream does.
    """
    if depth > _MAX_BASES:
        raise KustomizeError(f"cycle detected: bases of '{directory}' lead back to it")
    for resource in _field(data, "resources") or []:
        for name in disk.names(resource):
            if name in FILE_NAMES and (text := disk.read(_join(resource, name))) is not None:
                base = yaml.load(text)
                yield from _touched(base if isinstance(base, dict) else {}, resource, disk, patches, depth + 1)
        yield _join(directory, resource)
    for patch in _field(data, "patches") or []:
        if path := _field(patch, "path"):
            joined = _join(directory, path)
            patches[joined] = patch
            yield joined


def _objects(text: bytes) -> list[Any]:
    """The objects of a file as YAML nodes; none of a file that is not YAML."""
    loader: Any = getattr(pyyaml, "CSafeLoader", pyyaml.SafeLoader)
    try:
        nodes = [pyyaml.compose(part, Loader=loader) for part in split_documents(text.replace(b"\r\n", b"\n"))]
    except (pyyaml.YAMLError, RecursionError, ValueError):
        return []
    found = [node for node in nodes if node is not None]
    if len(found) == 1 and _scalar(found[0], "kind") in ("List", "ResourceList"):
        items = _child(found[0], "items")
        if items is not None or _child(found[0], "functionConfig") is not None:
            return list(items.value) if items is not None and items.id == "sequence" else []
    return found


def _child(node: Any, name: str) -> Any:
    if node is None or node.id != "mapping":
        return None
    return next((value for key, value in node.value if key.value == name), None)


def _scalar(node: Any, *path: str) -> str:
    for name in path:
        node = _child(node, name)
    return str(node.value) if node is not None and node.id == "scalar" else ""


# Targets


def _targets(path: str, text: bytes, name: str, patch: Data | None) -> Iterator[Data]:
    if f"$({name})".encode() not in text:
        return
    for node in _objects(text):
        try:
            hits = list(_hits(node, f"$({name})", (), set()))
        except KustomizeError as err:
            raise KustomizeError(f"error with {path}: {err.message}") from None
        for hit in hits:
            target: Data = {"select": _select(node, patch), "fieldPaths": [hit.path]}
            yield {**target, **({"options": hit.options} if hit.options else {})}


def _select(node: Any, patch: Data | None) -> Data:
    options = _field(patch, "options")
    renames, rekinds = bool(_field(options, "allowNameChange")), bool(_field(options, "allowKindChange"))
    name, namespace = _scalar(node, "metadata", "name"), _scalar(node, "metadata", "namespace")
    kind = _scalar(node, "kind")
    if patch is None or (renames and rekinds):
        group, version = split_api_version(_scalar(node, "apiVersion"))
        found = {"group": group, "version": version, "kind": kind, "name": name, "namespace": namespace}
    else:
        # A patch is for other objects than it names, so what it is for is what its target says.
        found = {field: _field(_field(patch, "target"), field) for field in _SELECTOR}
        found |= {"name": name} if renames else {}
        found |= {"kind": kind} if rekinds else {}
        found |= {"namespace": namespace} if namespace else {}
    return {k: v for k, v in found.items() if v}


def _hits(node: Any, reference: str, path: tuple[str, ...], seen: set[int]) -> Iterator[_Hit]:
    """Every scalar with the reference in it; what an alias stands for counts once, where the anchor is."""
    if id(node) in seen:
        return
    seen.add(id(node))
    if node.id == "sequence":
        for index, item in enumerate(node.value):
            yield from _hits(item, reference, (*path, str(index)), seen)
    elif node.id == "mapping":
        for key, value in node.value:
            yield from _hits(value, reference, (*path, _step(key)), seen)
    elif reference in node.value:
        yield _Hit(".".join(path), _options(node.value, reference))


def _step(key: Any) -> str:
    """A key as a part of a path; one in quotes keeps them, as upstream does."""
    text = str(key.value) if key.id == "scalar" else ""
    if key.id == "scalar" and key.style in ("'", '"'):
        text = quoting.double(text) if key.style == '"' else quoting.single(text)
    return f"[{text}]" if "." in text else text


def _options(value: str, reference: str) -> Data:
    """Which part of a text the reference is, split at the one character beside it."""
    if value == reference:
        return {}
    at = value.index(reference)
    before, after = value[at - 1 : at] if at else "", value[at + len(reference) :][:1]
    delimiter = before or after
    if not before:
        index = 0
    elif not after:
        index = len(value.split(delimiter)) - 1
    elif before != after:
        raise KustomizeError(f"cannot convert all vars to replacements; {reference} is not delimited")
    else:
        parts = value.split(delimiter)
        if reference not in parts:
            raise KustomizeError(f"internal error: could not get index of var {reference}")
        index = parts.index(reference)
    return {"delimiter": delimiter, **({"index": index} if index else {})}

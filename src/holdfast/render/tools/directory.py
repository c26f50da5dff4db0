"""Plain manifests (YAML, JSON) and Jsonnet of a directory, in the order of their paths."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from holdfast.base.globs import glob
from holdfast.base.tree import EntryKind, Tree
from holdfast.helm.go import json as go_json
from holdfast.helm.go.errors import GoError
from holdfast.kube import yaml
from holdfast.kube.refs import Manifest
from holdfast.model.app import DirectoryChoices
from holdfast.render.paths import resolve
from holdfast.render.tools import jsonnet
from holdfast.render.tools.detect import Work
from holdfast.render.tools.request import SourceError

_ARTIFACT = {
    "schemaVersion": int,
    "mediaType": str,
    "artifactType": str,
    "config": dict,
    "layers": list,
    "annotations": dict,
}
_MANIFEST = re.compile(r".*\.(yaml|yml|json|jsonnet)\Z")


def run(work: Work) -> list[Manifest]:
    """Raises SourceError."""
    out: list[Manifest] = []
    choices = work.source.directory
    for path in _files(work.tree, work.where, choices.recurse):
        data = _chosen(work, path, choices)
        if data is not None:
            out += _objects(work, path, data)
    return out


def _files(tree: Tree, top: str, recurse: bool) -> Iterator[str]:
    for entry in tree.entries(top):
        path = f"{top}/{entry.name}" if top else entry.name
        if entry.kind is not EntryKind.DIRECTORY:
            yield path
        elif recurse:
            yield from _files(tree, path, recurse)


def _chosen(work: Work, path: str, choices: DirectoryChoices) -> bytes | None:
    """The bytes of a file that may hold manifests, or None for one that is not asked for."""
    shown = path[len(work.where) :].lstrip("/")
    if not _MANIFEST.match(path.rpartition("/")[2]):
        return None
    real = resolve(work.tree, path)
    entry = work.tree.lookup(real) if real is not None else None
    if real is None or entry is None or entry.kind is not EntryKind.FILE:
        return None
    if choices.exclude and glob(choices.exclude, shown):
        return None
    if choices.include and not glob(choices.include, shown):
        return None
    data = work.tree.read(real)
    if work.request.skip_marker and work.request.skip_marker in data:
        return None
    return data


def _objects(work: Work, path: str, data: bytes) -> list[Manifest]:
    name = path.rpartition("/")[2]
    if name.endswith(".jsonnet"):
        return jsonnet.run(work, path, data)
    if name.endswith(".json"):
        return _json(name, data)
    return _yaml(name, data)


def _json(name: str, data: bytes) -> list[Manifest]:
    text = data.decode("utf-8", "replace").lstrip("\ufeff")
    try:
        value, end = json.JSONDecoder().raw_decode(text.lstrip())
    except ValueError:
        raise SourceError(f'Failed to unmarshal "{name}": {_json_fault(text)}', code="FailedPrecondition") from None
    problem = _json_problem(value)
    if problem:
        raise SourceError(f'Failed to unmarshal "{name}": {problem}', code="FailedPrecondition")
    if text.lstrip()[end:].strip():
        raise SourceError(
            f'Found multiple objects in "{name}". Only single objects are allowed in JSON files.',
            code="FailedPrecondition",
        )
    return [value or {}]


def _json_problem(value: Any) -> str:
    """Why a value is no object; one that might be the manifest of an OCI artifact passes for now, as in Argo CD."""
    if value is None or (isinstance(value, dict) and (value.get("kind") or _like_artifact(value))):
        return ""
    if isinstance(value, dict | list):
        return f"Object 'Kind' is missing in '{json.dumps(value, separators=(',', ':'))}'"
    kind = "bool" if isinstance(value, bool) else "string" if isinstance(value, str) else "number"
    return f"json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}"


def _like_artifact(value: dict[str, Any]) -> bool:
    """Whether no field that such a manifest has is of another type."""
    return all(isinstance(value.get(name), kind | None) for name, kind in _ARTIFACT.items())


def _json_fault(text: str) -> str:
    """What Go's decoder says of a text that does not begin with JSON."""
    if not text.strip():
        return "EOF"
    try:
        go_json.decode(text)
    except GoError as error:
        return "unexpected EOF" if error.text == "unexpected end of JSON input" else error.text
    return "unexpected EOF"


def _yaml(name: str, data: bytes) -> list[Manifest]:
    found: list[Manifest] = []
    problem = ""
    try:
        for document in yaml.load_all(data):
            if (problem := _problem(document.value)) != "":
                break
            found.append(document.value)
    except yaml.YAMLError as error:
        found, problem = _before(data), f"error converting YAML to JSON: {error.message}"
    if problem and (found or all(word in data for word in (b"apiVersion:", b"kind:", b"metadata:"))):
        raise SourceError(
            f'Failed to unmarshal "{name}": failed to unmarshal manifest: {problem}', code="FailedPrecondition"
        )
    return found


def _before(data: bytes) -> list[Manifest]:
    """The objects of the documents before the one that is no YAML."""
    found: list[Manifest] = []
    for chunk in re.split(rb"(?m)^---.*$", data):
        try:
            value = yaml.load(chunk)
        except yaml.YAMLError:
            break
        if isinstance(value, dict) and value.get("kind"):
            found.append(value)
    return found


def _problem(value: Any) -> str:
    """What keeps a document from being an object, in apimachinery's words; "" where nothing does."""
    if isinstance(value, dict) and value.get("kind"):
        return ""
    shown = json.dumps(value, separators=(",", ":"), sort_keys=True)
    if isinstance(value, dict):
        return f"Object 'Kind' is missing in '{shown}'"
    return (
        "json: cannot unmarshal "
        + ("array" if isinstance(value, list) else "string")
        + (
            ' into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; '
            'Kind string "json:\\"kind,omitempty\\"" }'
        )
    )

"""Whether an application can put its marks on an object: metadata must be what every object's is.

In: a rendered object. Out: the object, without a namespace that is no text; or a SourceError in Argo CD's words.
"""

from __future__ import annotations

from typing import Any

from holdfast.kube.refs import GroupVersionKind, Manifest
from holdfast.render.tools.request import NoObjectError, SourceError

_TYPES = {
    bool: "bool",
    int: "int64",
    float: "float64",
    str: "string",
    list: "[]interface {}",
    dict: "map[string]interface {}",
}


def markable(obj: Manifest) -> Manifest:
    """Raises SourceError."""
    if not obj.get("kind"):
        raise NoObjectError(obj)
    metadata = obj.get("metadata")
    problem = _annotations_problem(metadata)
    if problem and not _is_definition(obj):
        meta: dict[str, Any] = metadata if isinstance(metadata, dict) else {}
        raise SourceError(
            "failed to set app instance tracking info on manifest: failed to get annotations for "
            f"{_shown(obj)} {_text(meta.get('namespace'))}/{_text(meta.get('name'))}: "
            f".metadata.annotations accessor error: {problem}"
        )
    if isinstance(metadata, dict) and not isinstance(metadata.get("namespace", ""), str):
        return {**obj, "metadata": {k: v for k, v in metadata.items() if k != "namespace"}}
    return obj


def _annotations_problem(metadata: Any) -> str:
    if metadata is None:
        return ""
    if not isinstance(metadata, dict):
        return _wrong(metadata, "map[string]interface{}")
    annotations = metadata.get("annotations")
    if annotations is None:
        return ""
    if not isinstance(annotations, dict):
        return _wrong(annotations, "map[string]interface{}")
    bad = [key for key in sorted(annotations) if not isinstance(annotations[key], str)]
    if not bad:
        return ""
    return f'contains non-string value in the map under key "{bad[0]}": {_wrong(annotations[bad[0]], "string")}'


def _wrong(value: Any, expected: str) -> str:
    shown = str(value).lower() if isinstance(value, bool) else "<nil>" if value is None else str(value)
    return f"{shown} is of the type {_TYPES.get(type(value), '<nil>')}, expected {expected}"


def _shown(obj: Manifest) -> str:
    gvk = GroupVersionKind.of(obj)
    return f"{gvk.group}/{gvk.version}, Kind={gvk.kind}"


def _is_definition(obj: Manifest) -> bool:
    return obj.get("kind") == "CustomResourceDefinition"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""

"""What a plain file of manifests has to look like before it is a resource of a generated kustomization."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from holdfast.kube import yaml


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a file, in kustomize's words, and in which line."""

    message: str
    line: int = 0


def check(data: bytes) -> Problem | None:
    """The first thing that keeps the documents of a file from being Kubernetes objects; None where all is well."""
    try:
        documents = yaml.load_all(data, dialect=yaml.Dialect.KYAML)
    except yaml.YAMLError as error:
        return Problem(f"MalformedYAMLError: {error.message}", error.place.line if error.place else 0)
    for document in documents:
        message = complaint(document.value)
        if message:
            return Problem(message, document.line)
    return None


def complaint(value: Any) -> str:
    """What keeps a value from being a Kubernetes object, in kustomize's words; "" where nothing does."""
    if value is None:
        return ""
    if not isinstance(value, dict):
        return "missing Resource metadata"
    kind = value.get("kind")
    if not kind or isinstance(kind, dict | list):
        return f"missing kind in object {_meta(value)}"
    if str(kind).endswith("List") and isinstance(value.get("items"), list):
        return next((c for c in map(complaint, value["items"]) if c), "")
    meta = value.get("metadata")
    if not (isinstance(meta, dict) and meta.get("name") and not isinstance(meta["name"], dict | list)):
        return f"missing metadata.name in object {_meta(value)}"
    return ""


def _meta(value: dict[str, Any]) -> str:
    """An object's metadata as Go prints the struct, which is how it got into Flux's messages."""
    meta = value.get("metadata")
    meta = meta if isinstance(meta, dict) else {}
    api_version, kind = _text(value.get("apiVersion")), _text(value.get("kind"))
    name, namespace = _text(meta.get("name")), _text(meta.get("namespace"))
    return (
        f"{{{{{api_version} {kind}}} {{{{{name} {namespace}}} "
        f"{_go_map(meta.get('labels'))} {_go_map(meta.get('annotations'))}}}}}"
    )


def _text(value: Any) -> Any:
    return "" if not value or isinstance(value, dict | list) else value


def _go_map(value: Any) -> str:
    items = sorted(value.items()) if isinstance(value, dict) else []
    return "map[" + " ".join(f"{k}:{v}" for k, v in items) + "]"

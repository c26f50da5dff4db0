"""The schemas that the documents are made of, in OpenAPI v2 form (references to ``#/definitions/``)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from holdfast.kube import schema_data
from holdfast.sandbox.resources import Resource

Json = dict[str, Any]
VERSION: Final = "1.36"
OBJECT_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
LIST_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta"
INT_OR_STRING: Final = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"
QUANTITY: Final = "io.k8s.apimachinery.pkg.api.resource.Quantity"

_PROTOCOLS: Final = ["SCTP", "TCP", "UDP"]
# What the published definitions leave out: values of enumerations and defaults.
_ADDITIONS: Final[dict[str, dict[str, Json]]] = {
    "io.k8s.api.core.v1.ServicePort": {"protocol": {"enum": _PROTOCOLS, "default": "TCP"}},
    "io.k8s.api.core.v1.ContainerPort": {"protocol": {"enum": _PROTOCOLS, "default": "TCP"}},
    "io.k8s.api.core.v1.SecretKeySelector": {"name": {"default": ""}},
    "io.k8s.api.core.v1.ConfigMapKeySelector": {"name": {"default": ""}},
    "io.k8s.api.core.v1.LocalObjectReference": {"name": {"default": ""}},
}


def builtin() -> dict[str, Json]:
    """Every published definition with its texts, completed; a fresh copy that the caller may keep or drop."""
    source = schema_data.data_directory() / f"v{VERSION}.0-local" / "_definitions.json"
    found = schema_data.read_source(source)
    for name, fields in _ADDITIONS.items():
        for field, more in fields.items():
            found[name]["properties"][field].update(more)
    found[INT_OR_STRING] = {**_text(found[INT_OR_STRING]), "format": "int-or-string", "type": "string"}
    found[QUANTITY] = {**_text(found[QUANTITY]), "type": "string"}
    return found


def _text(raw: Mapping[str, Any]) -> Json:
    return {"description": raw["description"]} if "description" in raw else {}


def custom(resources: Iterable[Resource]) -> dict[str, Json]:
    """The definitions of custom resources and of their lists."""
    found: dict[str, Json] = {}
    for resource in resources:
        name = custom_name(resource)
        found[name] = _custom_object(resource)
        found[f"{name}List"] = _custom_list(resource, name)
    return found


def custom_name(resource: Resource) -> str:
    """``com.example.stable.v1.CronTab`` of group stable.example.com."""
    group = ".".join(reversed(resource.group.split(".")))
    return f"{group}.{resource.version}.{resource.kind}"


def _custom_object(resource: Resource) -> Json:
    raw = (resource.spec.get("schema") or {}).get("openAPIV3Schema") or {}
    found = publishable(raw)
    if raw.get("x-kubernetes-preserve-unknown-fields") and not raw.get("properties"):
        found = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    properties = dict(found.get("properties") or {})
    properties["apiVersion"] = {"type": "string", "description": _API_VERSION}
    properties["kind"] = {"type": "string", "description": _KIND}
    properties["metadata"] = {"$ref": f"#/definitions/{OBJECT_META}", "description": "Standard object's metadata."}
    found["properties"] = properties
    found["type"] = "object"
    found["x-kubernetes-group-version-kind"] = [_gvk(resource, resource.kind)]
    return found


_API_VERSION: Final = "The version of the schema in which this object is written, as group/version."
_KIND: Final = "The name of the REST resource that this object represents, in CamelCase."


def _custom_list(resource: Resource, name: str) -> Json:
    return {
        "type": "object",
        "description": f"{resource.list_kind} is a list of {resource.kind}",
        "required": ["items"],
        "properties": {
            "apiVersion": {"type": "string", "description": _API_VERSION},
            "kind": {"type": "string", "description": _KIND},
            "metadata": {"$ref": f"#/definitions/{LIST_META}", "description": "Standard list metadata."},
            "items": {
                "type": "array",
                "description": f"List of {resource.plural}",
                "items": {"$ref": f"#/definitions/{name}"},
            },
        },
        "x-kubernetes-group-version-kind": [_gvk(resource, resource.list_kind)],
    }


def _gvk(resource: Resource, kind: str) -> Json:
    return {"group": resource.group, "version": resource.version, "kind": kind}


_DROPPED: Final = frozenset({"x-kubernetes-validations", "nullable", "default", "oneOf", "anyOf", "not", "allOf"})


def publishable(raw: Any) -> Json:
    """A structural schema as OpenAPI v2 can say it: what it cannot is left out."""
    if not isinstance(raw, Mapping):
        return {}
    found: Json = {}
    for key, value in raw.items():
        if key in _DROPPED:
            continue
        if key == "properties" and isinstance(value, Mapping):
            found[key] = {k: publishable(v) for k, v in value.items()}
        elif key in ("items", "additionalProperties") and isinstance(value, Mapping):
            found[key] = publishable(value)
        else:
            found[key] = value
    if raw.get("x-kubernetes-int-or-string") or raw.get("x-kubernetes-preserve-unknown-fields"):
        found.pop("type", None)
    if raw.get("nullable"):
        found.pop("type", None)
        found.pop("items", None)
        found.pop("properties", None)
    return found


def references(raw: Any) -> Iterator[str]:
    """The names of the definitions that a schema refers to."""
    if isinstance(raw, Mapping):
        target = raw.get("$ref")
        if isinstance(target, str):
            yield target.rsplit("/", 1)[1]
        for value in raw.values():
            yield from references(value)
    elif isinstance(raw, list):
        for value in raw:
            yield from references(value)


def closure(definitions: Mapping[str, Json], roots: Iterable[str]) -> dict[str, Json]:
    """The roots and all that they refer to, by name."""
    found: dict[str, Json] = {}
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name in found or name not in definitions:
            continue
        found[name] = definitions[name]
        waiting += references(definitions[name])
    return {name: found[name] for name in sorted(found)}


def names_of(definitions: Mapping[str, Json], group: str, version: str) -> list[str]:
    """The definitions whose kinds belong to the version."""
    wanted = (group, version)
    return [
        name
        for name, raw in definitions.items()
        if any((g.get("group"), g.get("version")) == wanted for g in raw.get("x-kubernetes-group-version-kind") or ())
    ]

"""From a row of the table to a CustomResourceDefinition.

The stored version has the whole schema with defaults and rules. Older versions are served with the same fields, but
ask for none of them and keep what they do not know: a repository that was written for an old Flux is taken as it is.
"""

from __future__ import annotations

import copy
from typing import Any

from holdfast.dialects.flux.crds.kinds import FRAGMENTS, KINDS, FluxKind
from holdfast.kube.crdtext import Schema, parse
from holdfast.kube.refs import Manifest

# Fields of old versions that the present one no longer has are kept by this mark on spec and status.
_KEEP = "x-kubernetes-preserve-unknown-fields"
INSTALLED_BY = "holdfast"


REMOTE_URLS = "^(http|https|ssh)://.*$"
LOCAL_URLS = "^(http|https|ssh|file)://.*$"


def all_crds(*, local_sources: bool = False) -> list[Manifest]:
    """``local_sources``: a GitRepository may also name a directory of the controller's machine (``file://``)."""
    found = [crd(kind) for kind in KINDS]
    for definition in found if local_sources else ():
        if definition["spec"]["names"]["kind"] == "GitRepository":
            _allow_local(definition)
    return found


def _allow_local(definition: Manifest) -> None:
    for version in definition["spec"]["versions"]:
        url = version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["url"]
        if url.get("pattern") == REMOTE_URLS:
            url["pattern"] = LOCAL_URLS


def crd(kind: FluxKind) -> Manifest:
    singular = kind.kind.lower()
    names: dict[str, Any] = {
        "kind": kind.kind,
        "listKind": f"{kind.kind}List",
        "plural": kind.plural,
        "singular": singular,
        "categories": ["all", "fluxcd", *([kind.category] if kind.category else [])],
    }
    if kind.short_names:
        names["shortNames"] = list(kind.short_names)
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{kind.plural}.{kind.group}",
            "labels": {"app.kubernetes.io/managed-by": INSTALLED_BY, "app.kubernetes.io/part-of": "flux"},
            "annotations": {"kustomize.toolkit.fluxcd.io/substitute": "disabled"},
        },
        "spec": {
            "group": kind.group,
            "names": names,
            "scope": "Namespaced",
            "versions": [_version(kind, v, stored=i == 0) for i, v in enumerate(kind.versions)],
        },
    }


def _version(kind: FluxKind, name: str, *, stored: bool) -> dict[str, Any]:
    schema = _schema(kind) if stored else _lenient(_schema(kind))
    version: dict[str, Any] = {
        "name": name,
        "served": True,
        "storage": stored,
        "schema": {"openAPIV3Schema": schema},
        "subresources": {"status": {}},
        "additionalPrinterColumns": [{"name": n, "type": t, "jsonPath": p} for n, t, p in kind.columns],
    }
    if not stored:
        version["deprecated"] = True
        version["deprecationWarning"] = (
            f"{kind.group}/{name} {kind.kind} is deprecated, upgrade to {kind.group}/{kind.versions[0]}"
        )
    return version


def _schema(kind: FluxKind) -> Schema:
    spec = parse(kind.spec, FRAGMENTS)
    for path, rule, message in kind.rules:
        _at(spec, path).setdefault("x-kubernetes-validations", []).append({"rule": rule, "message": message})
    properties: Schema = {
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": {"type": "object"},
        "spec": spec,
    }
    if kind.status:
        properties["status"] = parse(kind.status, FRAGMENTS)
        if kind.observed:
            properties["status"]["default"] = {"observedGeneration": -1}
    return {"type": "object", "description": kind.description, "properties": properties}


def _at(schema: Schema, path: str) -> Schema:
    for name in path.split(".") if path else ():
        schema = schema["properties"][name]
    return schema


def _lenient(schema: Schema) -> Schema:
    relaxed = copy.deepcopy(schema)
    for part in (relaxed["properties"]["spec"], relaxed["properties"].get("status")):
        if part is not None:
            _relax(part)
            part[_KEEP] = True
    relaxed["properties"].setdefault("status", {"type": "object", _KEEP: True})
    return relaxed


def _relax(schema: Schema) -> None:
    schema.pop("required", None)
    schema.pop("x-kubernetes-validations", None)
    schema.pop("enum", None)
    for below in schema.get("properties", {}).values():
        _relax(below)
    if isinstance(schema.get("items"), dict):
        _relax(schema["items"])

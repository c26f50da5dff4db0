"""Discovery documents: versions, groups, resources, and both at once (aggregated discovery v2)."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from holdfast.sandbox.negotiate import clauses
from holdfast.sandbox.resources import Catalog, Resource

Json = dict[str, Any]


def api_versions() -> Json:
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}


def group_list(catalog: Catalog) -> Json:
    groups = [_group(g.name, g.versions) for g in catalog.groups()]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def group(catalog: Catalog, name: str) -> Json | None:
    found = catalog.group(name)
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(name, found.versions)} if found else None


def _group(name: str, versions: list[str]) -> Json:
    listed = [{"groupVersion": f"{name}/{v}", "version": v} for v in versions]
    return {"name": name, "versions": listed, "preferredVersion": listed[0]}


def resource_list(catalog: Catalog, group: str, version: str) -> Json | None:
    if not catalog.has_version(group, version):
        return None
    rows: list[Json] = []
    for resource in catalog.of_version(group, version):
        rows += _rows(resource)
    head: Json = {"kind": "APIResourceList"}
    if group:
        head["apiVersion"] = "v1"
    return {**head, "groupVersion": f"{group}/{version}" if group else version, "resources": rows}


def _rows(resource: Resource) -> list[Json]:
    main: Json = {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(resource.verbs),
    }
    if resource.short_names:
        main["shortNames"] = list(resource.short_names)
    if resource.categories:
        main["categories"] = list(resource.categories)
    if "get" in resource.verbs and resource.kind not in _UNSTORED:
        main["storageVersionHash"] = _storage_hash(resource)
    rows = [main]
    for sub in resource.subresources:
        row: Json = {"name": f"{resource.plural}/{sub.name}", "singularName": "", "namespaced": resource.namespaced}
        if sub.version:
            row |= {"group": sub.group, "version": sub.version}
        rows.append({**row, "kind": sub.kind, "verbs": list(sub.verbs)})
    return rows


_UNSTORED = ("ComponentStatus",)


def _storage_hash(resource: Resource) -> str:
    """A short name for the version in which objects are kept; clients compare it, nothing else."""
    group = resource.storage_group or resource.group
    version = resource.storage_version or resource.version
    text = f"{group}/{version}/{resource.kind}"
    return base64.b64encode(hashlib.sha256(text.encode()).digest()[:8]).decode()


def wants_aggregated(accept: str) -> bool | None:
    """True: aggregated v2; False: the plain documents; None: only forms that are not served."""
    for media, params in clauses(accept or "application/json"):
        if media not in ("application/json", "*/*", "application/yaml"):
            continue
        if "as" not in params:
            return False
        if (
            params.get("g") == "apidiscovery.k8s.io"
            and params.get("v") == "v2"
            and params["as"] == "APIGroupDiscoveryList"
        ):
            return True
    return None


def aggregated(catalog: Catalog, *, core: bool) -> Json:
    items: list[Json] = []
    if core:
        items.append({"metadata": {}, "versions": [_version(catalog, "", "v1")]})
    else:
        for found in catalog.groups():
            items.append(
                {
                    "metadata": {"name": found.name},
                    "versions": [_version(catalog, found.name, v) for v in found.versions],
                }
            )
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}


def _version(catalog: Catalog, group: str, version: str) -> Json:
    resources = [_discovered(r) for r in catalog.of_version(group, version)]
    return {"version": version, "resources": resources, "freshness": "Current"}


def _discovered(resource: Resource) -> Json:
    group, version = (resource.group, resource.version) if resource.crd else ("", "")
    found: Json = {
        "resource": resource.plural,
        "responseKind": {"group": group, "version": version, "kind": resource.kind},
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": list(resource.verbs),
    }
    if resource.short_names:
        found["shortNames"] = list(resource.short_names)
    if resource.categories:
        found["categories"] = list(resource.categories)
    if resource.subresources:
        found["subresources"] = [
            {
                "subresource": s.name,
                "responseKind": {"group": s.group or group, "version": s.version or version, "kind": s.kind},
                "verbs": list(s.verbs),
            }
            for s in resource.subresources
        ]
    return found

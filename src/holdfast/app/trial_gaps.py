"""What a trial cannot have, and what stands in for it: definitions that come with charts elsewhere, values that operators make.

In: a survey. Out: permissive definitions to install, and the units and sources that nothing here can make ready, with the reason.
Only where something of the repository is not at hand at all: else what is missing is a mistake of the repository.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.app.trial_sources import world_of
from holdfast.dialects.argo.crds import all_crds as argo_definitions
from holdfast.kube.refs import GroupVersionKind, Manifest
from holdfast.model.delivery import UnitKey
from holdfast.offline.rules.index import Index
from holdfast.offline.scopes import is_namespaced
from holdfast.offline.survey import Options, Survey
from holdfast.offline.unit import Unit

_APPROVED = "api-approved.kubernetes.io"
"""What the API server wants to see on definitions of Kubernetes' own groups."""


def definitions(found: Survey) -> list[Manifest]:
    """One for each kind that units apply and nobody here defines."""
    if not any(u.external or u.facts.get("remote") for u in found.units.values()):
        return []
    index = Index.of(found)
    known = {*index.definitions, *((d["spec"]["group"], d["spec"]["names"]["kind"]) for d in argo_definitions())}
    wanted: dict[tuple[str, str], dict[str, Manifest]] = {}
    for _, obj in found.objects():
        gvk = GroupVersionKind.of(obj)
        if "." in gvk.group and (gvk.group, gvk.kind) not in known and index.builtin.lookup(gvk) is None:
            wanted.setdefault((gvk.group, gvk.kind), {})[gvk.version] = obj
    return [_definition(group, kind, objects) for (group, kind), objects in sorted(wanted.items())]


def _definition(group: str, kind: str, objects: dict[str, Manifest]) -> Manifest:
    """Anything goes; ``objects`` is one of each version."""
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    plural = f"{kind.lower()}s"
    newest = max(objects)
    versions = [{"name": v, "served": True, "storage": v == newest, "schema": schema} for v in sorted(objects)]
    scope = "Namespaced" if is_namespaced(objects[newest]) else "Cluster"
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}", "annotations": {_APPROVED: "unapproved, a stand-in"}},
        "spec": {"group": group, "scope": scope, "names": {"kind": kind, "plural": plural}, "versions": versions},
    }


def elsewhere(found: Survey, options: Options) -> Iterator[tuple[UnitKey, str]]:
    """Units and sources that wait for what is not at hand."""
    world = world_of(found, options)
    for unit in found.units.values():
        if unit.external:
            yield unit.key, unit.problem
            continue
        for reference in _values(unit):
            name = str(reference.get("name") or "")
            if reference.get("kind") == "Secret" and world.is_operated(unit.key.namespace, name):
                yield unit.key, f"its values come from Secret {name}, which an operator makes in a cluster"
                break
    mine = {u.source for u in found.units.values() if not u.external}
    for key, source in world.sources.items():
        if key not in mine and key.kind != "HelmChart":
            url = (source.get("spec") or {}).get("url") or ""
            yield key, f"{key}{f' ({url})' if url else ''} is not made of this repository"


def _values(unit: Unit) -> Iterator[Manifest]:
    """References to values without which the unit does not go on."""
    lists = (unit.spec.get("valuesFrom"), (unit.spec.get("postBuild") or {}).get("substituteFrom"))
    yield from (r for items in lists for r in items or () if isinstance(r, dict) and not r.get("optional"))

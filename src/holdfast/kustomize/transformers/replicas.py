"""``replicas``: the number of replicas of workloads by name.

Example: ``name: web, count: 3`` sets ``spec.replicas`` of the Deployment that is, or once was, called ``web``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from holdfast.kustomize.errors import KustomizeError
from holdfast.kustomize.fieldspec import FieldSpec, Setter, Walk, apply_spec, kind_of, wrong_kind
from holdfast.kustomize.ids import gvk_text, split_api_version
from holdfast.kustomize.resmap import ResMap
from holdfast.kustomize.resource import Resource
from holdfast.kustomize.written import is_quoted

_WALK = Walk("scalar", 0)


def set_replicas(resources: ResMap, replica: Mapping[str, Any], specs: Sequence[FieldSpec]) -> None:
    """Set the count. No such workload is an error."""
    name, count = replica.get("name", ""), replica.get("count", 0)

    found = False
    named = [r for r in resources if not r.gone and (r.name == name or any(p.name == name for p in r.previous))]
    for spec in specs:
        for resource in named:
            if _is_meant(resource, name, spec):
                found = True
                group, version = split_api_version(resource.api_version)
                if spec.selects(group, version, resource.kind):
                    apply_spec(resource, spec, _setter(resource, count), _WALK)
    if not found:
        kinds = " ".join(gvk_text(s.group, s.version, s.kind) for s in specs)
        raise KustomizeError(f"resource with name {name} does not match a config with the following GVK [{kinds}]")


def _setter(resource: Resource, count: int) -> Setter:
    def put(node: Any, key: Any) -> None:
        value = node[key]
        if kind_of(value) != "ScalarNode":
            raise wrong_kind("ScalarNode", value)
        # The quotes of what stood there stay.
        first = resource.first_value(node, key)
        node[key] = str(count) if type(first) is str and is_quoted(resource, key, first) else count

    return put


def _is_meant(resource: Resource, name: str, spec: FieldSpec) -> bool:
    group, version = split_api_version(resource.api_version)
    if resource.name == name and spec.selects(group, version, resource.kind):
        return True
    return any(p.name == name and spec.selects(group, version, p.kind) for p in resource.previous)

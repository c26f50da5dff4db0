"""``namePrefix`` and ``nameSuffix``.

Example: prefix ``dev-`` makes ``metadata.name: web`` into ``dev-web`` and remembers ``web``, so that references are found
later. CustomResourceDefinitions, APIServices and Namespaces keep their names.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from holdfast.kube.yaml.scalars import Dialect, plain
from holdfast.kustomize.fieldspec import FieldSpec, Setter, Walk, apply_spec, index_of, kind_of, wrong_kind
from holdfast.kustomize.ids import split_api_version
from holdfast.kustomize.resmap import ResMap
from holdfast.kustomize.resource import Resource
from holdfast.kustomize.written import slot_text

_WALK = Walk("scalar", "")


def add_affix(resources: ResMap, specs: Iterable[FieldSpec], *, prefix: str = "", suffix: str = "") -> None:
    """Put ``prefix`` before and ``suffix`` behind the fields that ``specs`` name."""
    index = index_of(tuple(specs), _WALK)

    for resource in resources:
        api_version, kind = resource.type_meta()
        first_kind = resource.previous[0].kind if resource.previous else kind
        if _keeps_name(api_version, first_kind):
            continue
        known = index.of(api_version, first_kind)
        own = known if kind == first_kind else index.of(api_version, kind)
        for spec in known:
            _remember(resource, spec, prefix, suffix)
            if (own is known or spec in own) and not (
                spec.path == "metadata/name" and _rename(resource, prefix, suffix)
            ):
                apply_spec(resource, spec, _setter(resource, prefix, suffix), _WALK)
    resources.touched()


def _setter(resource: Resource, prefix: str, suffix: str) -> Setter:
    def put(node: Any, key: Any) -> None:
        value = node[key]
        if kind_of(value) != "ScalarNode":
            raise wrong_kind("ScalarNode", value)
        text = f"{prefix}{slot_text(resource, node, key)}{suffix}"
        # What stood there without quotes gets none: two digits are a number.
        node[key] = text if type(value) is str else plain(text, Dialect.KYAML)

    return put


def _rename(resource: Resource, prefix: str, suffix: str) -> bool:
    """The ordinary case: a name that is a text. Everything else goes the way of all fields."""
    meta = resource.manifest.get("metadata")
    name = meta.get("name") if type(meta) is dict else None
    if type(meta) is not dict or type(name) is not str:
        return False
    resource.assign_untyped(meta, "name", f"{prefix}{slot_text(resource, meta, 'name')}{suffix}")
    return True


def _keeps_name(api_version: str, kind: str) -> bool:
    return kind in ("CustomResourceDefinition", "Namespace") or (
        kind == "APIService" and split_api_version(api_version)[0] == "apiregistration.k8s.io"
    )


def _remember(resource: Resource, spec: FieldSpec, prefix: str, suffix: str) -> None:
    if spec.path != "metadata/name":
        return
    if prefix:
        resource.prefixes.append(prefix)
    if suffix:
        resource.suffixes.append(suffix)
    if prefix or suffix:
        resource.store_previous()

"""``labels``, ``commonLabels`` and ``commonAnnotations``: texts put into mappings.

Example: label ``app: web`` with the spec ``metadata/labels`` (create) sets ``metadata.labels.app``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from holdfast.kustomize.fieldspec import FieldSpec, SpecIndex, Walk, apply_spec, wrong_kind
from holdfast.kustomize.resmap import ResMap

_WALK = Walk("map")


def put_texts(resources: ResMap, texts: Mapping[str, str], specs: Iterable[FieldSpec]) -> None:
    """Set every key of ``texts`` in the mappings that ``specs`` name."""
    if not texts:
        return
    ordered = dict(sorted(texts.items()))

    def put(node: Any, key: Any) -> None:
        found = node[key]
        if type(found) is not dict:
            if found is None:
                return
            raise wrong_kind("MappingNode", found)
        found.update(ordered)

    index = SpecIndex(specs)
    for resource in resources:
        for spec in index.of(resource.api_version, resource.kind):
            apply_spec(resource, spec, put, _WALK)

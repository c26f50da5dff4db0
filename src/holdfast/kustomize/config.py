"""Transformer configurations: field specs per transformer, built in, from files (``configurations``) or from CRDs.

Values are immutable, so the defaults are shared by all kustomizations and merging equals costs nothing. Source: kustomize
``internal/plugins/builtinconfig``, ``internal/accumulator/loadconfigfromcrds.go``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from holdfast.base.record import Record
from holdfast.kube import yaml
from holdfast.kustomize.errors import KustomizeError
from holdfast.kustomize.fieldspec import FieldSpec, Specs, merge_specs
from holdfast.kustomize.gojson import Struct, decode
from holdfast.kustomize.kustfile import FIELD_SPEC, GVK, VIA_GVK
from holdfast.kustomize.order import kind_rank

_BACK_REFERENCE = Struct("NameBackReferences", {**GVK, "fieldSpecs": [FIELD_SPEC]}, VIA_GVK)


class NameReference(Record):
    """Fields that hold the name of a kind of resource."""

    group: str
    version: str
    kind: str
    referrers: Specs


class TransformerConfig(Record):
    """Field specs by transformer, each list in kustomize's order of kinds."""

    name_prefix: Specs = ()
    name_suffix: Specs = ()
    namespace: Specs = ()
    common_labels: Specs = ()
    labels: Specs = ()
    template_labels: Specs = ()
    common_annotations: Specs = ()
    name_reference: tuple[NameReference, ...] = ()
    var_reference: Specs = ()
    images: Specs = ()
    replicas: Specs = ()

    def sorted(self) -> TransformerConfig:
        return TransformerConfig(*(tuple(sorted(getattr(self, name), key=_rank)) for name in self._fields))

    def merge(self, other: TransformerConfig) -> TransformerConfig:
        """Both together. Raises KustomizeError where they disagree about creating a field."""
        if other is self or other == EMPTY:
            return self
        changed: dict[str, Any] = {}
        for field in self._fields:
            mine, theirs = getattr(self, field), getattr(other, field)
            if mine is theirs or not theirs:
                continue
            merged = _merge_references(mine, theirs) if field == "name_reference" else _merge(field, mine, theirs)
            if len(merged) != len(mine) or merged != mine:
                changed[field] = tuple(sorted(merged, key=_rank))
        return self._replace(**changed) if changed else self


EMPTY = TransformerConfig()


def _rank(spec: FieldSpec | NameReference) -> tuple[int, str]:
    return kind_rank(spec.group, spec.version, spec.kind)


def _merge(name: str, mine: Specs, theirs: Specs) -> Specs:
    try:
        return merge_specs(mine, theirs)
    except KustomizeError as err:
        raise err.within(f"failed to merge {_GO_NAMES.get(name, name)} fieldSpec") from None


_GO_NAMES = {
    "name_prefix": "NamePrefix",
    "name_suffix": "NameSuffix",
    "namespace": "NameSpace",
    "common_annotations": "CommonAnnotations",
    "common_labels": "CommonLabels",
    "labels": "Labels",
    "template_labels": "TemplateLabels",
    "var_reference": "VarReference",
    "images": "Images",
    "replicas": "Replicas",
}


def _merge_references(mine: Sequence[NameReference], theirs: Iterable[NameReference]) -> tuple[NameReference, ...]:
    out = list(mine)
    for reference in theirs:
        same = [i for i, known in enumerate(out) if known[:3] == reference[:3]]
        if not same:
            out.append(reference)
        for index in same:
            merged = _merge("NameReference", out[index].referrers, reference.referrers)
            out[index] = out[index]._replace(referrers=merged)
    return tuple(out)


_FIELDS = {
    "namePrefix": "name_prefix",
    "nameSuffix": "name_suffix",
    "namespace": "namespace",
    "commonLabels": "common_labels",
    "labels": "labels",
    "templateLabels": "template_labels",
    "commonAnnotations": "common_annotations",
    "varReference": "var_reference",
    "images": "images",
    "replicas": "replicas",
}
_CONFIG = Struct("TransformerConfig", {**{f: [FIELD_SPEC] for f in _FIELDS}, "nameReference": [_BACK_REFERENCE]})


def field_spec(data: dict[str, Any]) -> FieldSpec:
    return FieldSpec(
        data.get("path", ""),
        data.get("group", ""),
        data.get("version", ""),
        data.get("kind", ""),
        data.get("create", False),
    )


def parse_config(text: bytes) -> TransformerConfig:
    """A file named under ``configurations``."""
    try:
        raw = yaml.load(text, strict=True)
    except yaml.YAMLError as err:
        raise KustomizeError(f"error converting YAML to JSON: {err.message}", place=err.place) from None
    try:
        data = decode(raw, _CONFIG, coerce=True)
    except KustomizeError as err:
        raise err.within("error unmarshaling JSON: while decoding JSON") from None
    specs = {mine: tuple(map(field_spec, data.get(theirs, ()))) for theirs, mine in _FIELDS.items()}
    references = tuple(
        NameReference(
            r.get("group", ""), r.get("version", ""), r.get("kind", ""), tuple(map(field_spec, r.get("fieldSpecs", ())))
        )
        for r in data.get("nameReference", ())
    )
    return TransformerConfig(**specs, name_reference=references).sorted()


def config_from_crds(text: bytes, path: str) -> TransformerConfig:
    """What a file under ``crds`` says with its x-kubernetes extensions about names, labels and annotations."""
    try:
        data = yaml.load(text)
    except yaml.YAMLError as err:
        raise KustomizeError(f"unable to parse open API definition from '{path}': {err}") from None
    if not isinstance(data, dict):
        return EMPTY
    wrong = next((v for v in data.values() if v is not None and not isinstance(v, dict)), None)
    if wrong is not None:
        kind = {str: "string", bool: "bool", list: "array"}.get(type(wrong), "number")
        raise KustomizeError(
            f"unable to parse open API definition from '{path}': error unmarshaling JSON: while decoding JSON: "
            f"json: cannot unmarshal {kind} into Go value of type accumulator.OpenAPIDefinition"
        )
    config = EMPTY
    for name, definition in data.items():
        if _is_kubernetes_type(_properties(definition)):
            kind = name.split(".")[-1]
            config = config.merge(_CRDReader(data, kind).read(name))
    return config


def _properties(definition: Any) -> dict[str, Any]:
    schema = definition.get("Schema") or definition.get("schema") if isinstance(definition, dict) else None
    found = schema.get("properties") if isinstance(schema, dict) else None
    return found if isinstance(found, dict) else {}


def _is_kubernetes_type(properties: dict[str, Any]) -> bool:
    return "kind" in properties and "apiVersion" in properties and "metadata" in properties


class _CRDReader:
    def __init__(self, definitions: dict[str, Any], kind: str) -> None:
        self._definitions = definitions
        self._kind = kind
        self._specs: dict[str, list[FieldSpec]] = {"annotations": [], "labels": [], "names": []}
        self._references: list[NameReference] = []

    def read(self, name: str) -> TransformerConfig:
        self._walk(name, (), ())
        return TransformerConfig(
            name_prefix=merge_specs((), self._specs["names"]),
            common_labels=merge_specs((), self._specs["labels"]),
            common_annotations=merge_specs((), self._specs["annotations"]),
            name_reference=_merge_references((), self._references),
        )

    def _walk(self, name: str, path: tuple[str, ...], seen: tuple[str, ...]) -> None:
        if name in seen:
            return
        for field, schema in _properties(self._definitions.get(name)).items():
            if isinstance(schema, dict):
                self._property(schema, (*path, field), (*seen, name))

    def _property(self, schema: dict[str, Any], path: tuple[str, ...], seen: tuple[str, ...]) -> None:
        spec = FieldSpec("/".join(path), kind=self._kind)
        for key, target in (
            ("x-kubernetes-annotation", "annotations"),
            ("x-kubernetes-label-selector", "labels"),
            ("x-kubernetes-identity", "names"),
        ):
            if isinstance(schema.get(key), str):
                self._specs[target].append(spec)
        version, kind = schema.get("x-kubernetes-object-ref-api-version"), schema.get("x-kubernetes-object-ref-kind")
        if isinstance(version, str) and isinstance(kind, str):
            name_key = schema.get("x-kubernetes-object-ref-name-key")
            leaf = name_key if isinstance(name_key, str) else "name"
            referrer = FieldSpec("/".join((*path, leaf)), kind=self._kind)
            self._references.append(NameReference("", version, kind, (referrer,)))
        if isinstance(reference := schema.get("$ref"), str):
            self._walk(reference, path, seen)

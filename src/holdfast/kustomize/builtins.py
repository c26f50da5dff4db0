"""The fields of a kustomization as rows of steps: which built-in generators and transformers run, and in which order.

The order of the transformers is kustomize's and fixed, whatever the order of fields in the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from holdfast.kube import yaml
from holdfast.kustomize.config import TransformerConfig, field_spec
from holdfast.kustomize.errors import KustomizeError
from holdfast.kustomize.fieldspec import FieldSpec, Specs, merge_specs
from holdfast.kustomize.generators import configs
from holdfast.kustomize.kustfile import Kustomization
from holdfast.kustomize.plugin import Plugin, Surroundings
from holdfast.kustomize.plugins import (
    helm_plugin,
    json_patch_plugin,
    merge_patches_plugin,
    patch_plugin,
    replacements_plugin,
)
from holdfast.kustomize.transformers import affix, images, labels, namespace, replicas

Steps = Iterator[tuple[str, Plugin]]


def generators_of(kustomization: Kustomization, around: Surroundings, helm_namespace: str) -> list[tuple[str, Plugin]]:
    """(kind of plugin, plugin) for ConfigMaps, Secrets and charts."""
    out: list[tuple[str, Plugin]] = []
    everywhere = kustomization.data.get("generatorOptions")
    for field, kind, make in (
        ("configMapGenerator", "ConfigMapGenerator", configs.make_config_map),
        ("secretGenerator", "SecretGenerator", configs.make_secret),
    ):
        for entry in kustomization.structs(field):
            args = {**entry, "options": configs.merged_options(entry.get("options"), everywhere)}
            out.append((kind, Plugin(generate=_generating(make, args, around))))
    for entry in kustomization.structs("helmCharts"):
        inherited = entry.get("namespace") or kustomization.text("namespace") or helm_namespace
        chart = {**entry, "namespace": inherited} if inherited else entry
        with _configuring("HelmChartInflationGenerator", chart):
            plugin = helm_plugin(chart, kustomization.mapping("helmGlobals"), around)
        out.append(("HelmChartInflationGenerator", plugin))
    return out


def _generating(make: Callable[..., Any], args: dict[str, Any], around: Surroundings) -> Callable[[], list[Any]]:
    return lambda: [make(around.loader, args, around.schemas.scopes)]


class _configuring:
    """Says which plugin, with which configuration, an error is about."""

    def __init__(self, kind: str, data: Any) -> None:
        self._kind = kind
        self._data = data

    def __enter__(self) -> None:
        return None

    def __exit__(self, _: object, err: BaseException | None, __: object) -> None:
        if isinstance(err, KustomizeError):
            text = yaml.dump(self._data)
            raise err.within(f"trouble configuring builtin {self._kind} with config: `\n{text}`") from None


def transformers_of(
    kustomization: Kustomization, config: TransformerConfig, around: Surroundings
) -> list[tuple[str, Plugin]]:
    """(kind of plugin, plugin) in the order in which they run."""
    out: list[tuple[str, Plugin]] = []
    for steps in (_merge_patches, _patches, _metadata, _json_patches, _values):
        out += steps(kustomization, config, around)
    return out


def _merge_patches(kustomization: Kustomization, _: TransformerConfig, around: Surroundings) -> Steps:
    if paths := kustomization.texts("patchesStrategicMerge"):
        with _configuring("PatchStrategicMergeTransformer", {"paths": paths}):
            plugin = merge_patches_plugin({"paths": paths}, around)
        yield "PatchStrategicMergeTransformer", plugin


def _patches(kustomization: Kustomization, _: TransformerConfig, around: Surroundings) -> Steps:
    for entry in kustomization.structs("patches"):
        with _configuring("PatchTransformer", entry):
            plugin = patch_plugin(entry, around, lambda entry=entry: yaml.dump(entry))  # type: ignore[misc]
        yield "PatchTransformer", plugin


def _metadata(kustomization: Kustomization, config: TransformerConfig, _: Surroundings) -> Steps:
    """Namespace, prefix, suffix, labels, annotations."""
    if name := kustomization.text("namespace"):
        yield "NamespaceTransformer", Plugin(lambda m: namespace.set_namespace(m, name, config.namespace))
    if prefix := kustomization.text("namePrefix"):
        yield "PrefixTransformer", Plugin(lambda m: affix.add_affix(m, config.name_prefix, prefix=prefix))
    if suffix := kustomization.text("nameSuffix"):
        yield "SuffixTransformer", Plugin(lambda m: affix.add_affix(m, config.name_suffix, suffix=suffix))
    yield from _labels(kustomization, config)
    if annotations := kustomization.mapping("commonAnnotations"):
        specs = config.common_annotations
        yield "AnnotationsTransformer", Plugin(lambda m: labels.put_texts(m, annotations, specs))


def _labels(kustomization: Kustomization, config: TransformerConfig) -> Steps:
    entries, common = kustomization.structs("labels"), kustomization.mapping("commonLabels")
    if not entries and not common:
        return
    for entry in entries:
        yield "LabelTransformer", _label_plugin(entry.get("pairs", {}), _label_specs(entry, config))
    yield "LabelTransformer", _label_plugin(common, config.common_labels)


def _label_plugin(pairs: dict[str, str], specs: Specs) -> Plugin:
    return Plugin(lambda m: labels.put_texts(m, pairs, specs))


def _label_specs(entry: dict[str, Any], config: TransformerConfig) -> Specs:
    specs: Specs = tuple(map(field_spec, entry.get("fields", ())))
    try:
        specs = merge_specs(specs, config.labels)
        if entry.get("includeSelectors"):
            return merge_specs(specs, config.common_labels)
        if entry.get("includeTemplates"):
            try:
                specs = merge_specs(specs, config.template_labels)
            except KustomizeError as err:
                raise err.within("failed to merge template fieldSpec") from None
        return merge_specs(specs, (FieldSpec("metadata/labels", create=True),))
    except KustomizeError as err:
        if err.message.startswith("failed to merge"):
            raise
        raise err.within("failed to merge labels") from None


def _json_patches(kustomization: Kustomization, _: TransformerConfig, around: Surroundings) -> Steps:
    for entry in kustomization.structs("patchesJson6902"):
        data = {
            new: entry[old]
            for old, new in (("target", "target"), ("path", "path"), ("patch", "jsonOp"))
            if old in entry
        }
        with _configuring("PatchJson6902Transformer", data):
            plugin = json_patch_plugin(data, around)
        yield "PatchJson6902Transformer", plugin


def _values(kustomization: Kustomization, config: TransformerConfig, around: Surroundings) -> Steps:
    """Replicas, images, replacements."""
    for entry in kustomization.structs("replicas"):
        yield "ReplicaCountTransformer", _replica_plugin(entry, config)
    for entry in kustomization.structs("images"):
        yield "ImageTagTransformer", _image_plugin(entry, config)
    if entries := kustomization.structs("replacements"):
        with _configuring("ReplacementTransformer", {"replacements": entries}):
            plugin = replacements_plugin(entries, around)
        yield "ReplacementTransformer", plugin


def _replica_plugin(entry: dict[str, Any], config: TransformerConfig) -> Plugin:
    return Plugin(lambda m: replicas.set_replicas(m, entry, config.replicas))


def _image_plugin(entry: dict[str, Any], config: TransformerConfig) -> Plugin:
    return Plugin(lambda m: images.set_images(m, entry, config.images))

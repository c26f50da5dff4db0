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
from holdfast.kustomize.kustfile import Kustomization
from holdfast.kustomize.plugin import Plugin, Surroundings

Steps = Iterator[tuple[str, Plugin]]


def generators_of(kustomization: Kustomization, around: Surroundings, helm_namespace: str) -> list[tuple[str, Plugin]]:
    """(kind of plugin, plugin) for ConfigMaps, Secrets and charts."""
    out = _config_generators(kustomization, around)
    for entry in kustomization.structs("helmCharts"):
        from holdfast.kustomize.generators.helm import helm_plugin

        inherited = entry.get("namespace") or kustomization.text("namespace") or helm_namespace
        chart = {**entry, "namespace": inherited} if inherited else entry
        with _configuring("HelmChartInflationGenerator", chart):
            plugin = helm_plugin(chart, kustomization.mapping("helmGlobals"), around)
        out.append(("HelmChartInflationGenerator", plugin))
    return out


def _config_generators(kustomization: Kustomization, around: Surroundings) -> list[tuple[str, Plugin]]:
    if "configMapGenerator" not in kustomization.data and "secretGenerator" not in kustomization.data:
        return []
    from holdfast.kustomize.generators import configs

    out: list[tuple[str, Plugin]] = []
    everywhere = kustomization.data.get("generatorOptions")
    for field, kind, make in (
        ("configMapGenerator", "ConfigMapGenerator", configs.make_config_map),
        ("secretGenerator", "SecretGenerator", configs.make_secret),
    ):
        for entry in kustomization.structs(field):
            args = {**entry, "options": configs.merged_options(entry.get("options"), everywhere)}
            out.append((kind, Plugin(generate=_generating(make, args, around))))
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
        from holdfast.kustomize.patchsteps import merge_patches_plugin

        with _configuring("PatchStrategicMergeTransformer", {"paths": paths}):
            plugin = merge_patches_plugin({"paths": paths}, around)
        yield "PatchStrategicMergeTransformer", plugin


def _patches(kustomization: Kustomization, _: TransformerConfig, around: Surroundings) -> Steps:
    for entry in kustomization.structs("patches"):
        from holdfast.kustomize.patchsteps import patch_plugin

        with _configuring("PatchTransformer", entry):
            plugin = patch_plugin(entry, around, lambda entry=entry: yaml.dump(entry))  # type: ignore[misc]
        yield "PatchTransformer", plugin


def _metadata(kustomization: Kustomization, config: TransformerConfig, _: Surroundings) -> Steps:
    """Namespace, prefix, suffix, labels, annotations."""
    if name := kustomization.text("namespace"):
        yield "NamespaceTransformer", _namespace_plugin(name, config)
    for field, kind in (("namePrefix", "PrefixTransformer"), ("nameSuffix", "SuffixTransformer")):
        if affix := kustomization.text(field):
            yield kind, _affix_plugin(field, affix, config)
    yield from _labels(kustomization, config)
    if annotations := kustomization.mapping("commonAnnotations"):
        yield "AnnotationsTransformer", _texts_plugin(annotations, config.common_annotations)


def _namespace_plugin(name: str, config: TransformerConfig) -> Plugin:
    from holdfast.kustomize.transformers.namespace import set_namespace

    return Plugin(lambda m: set_namespace(m, name, config.namespace))


def _affix_plugin(field: str, affix: str, config: TransformerConfig) -> Plugin:
    from holdfast.kustomize.transformers.affix import add_affix

    if field == "namePrefix":
        return Plugin(lambda m: add_affix(m, config.name_prefix, prefix=affix))
    return Plugin(lambda m: add_affix(m, config.name_suffix, suffix=affix))


def _texts_plugin(texts: dict[str, str], specs: Specs) -> Plugin:
    from holdfast.kustomize.transformers.labels import put_texts

    return Plugin(lambda m: put_texts(m, texts, specs))


def _labels(kustomization: Kustomization, config: TransformerConfig) -> Steps:
    entries, common = kustomization.structs("labels"), kustomization.mapping("commonLabels")
    if not entries and not common:
        return
    for entry in entries:
        yield "LabelTransformer", _texts_plugin(entry.get("pairs", {}), _label_specs(entry, config))
    yield "LabelTransformer", _texts_plugin(common, config.common_labels)


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
        from holdfast.kustomize.patchsteps import json_patch_plugin

        with _configuring("PatchJson6902Transformer", data):
            plugin = json_patch_plugin(data, around)
        yield "PatchJson6902Transformer", plugin


def _values(kustomization: Kustomization, config: TransformerConfig, around: Surroundings) -> Steps:
    """Replicas, images, replacements."""
    for entry in kustomization.structs("replicas"):
        yield "ReplicaCountTransformer", _replica_plugin(entry, config)
    if images := kustomization.structs("images"):
        yield "ImageTagTransformer", _images_plugin(images, config)
    if entries := kustomization.structs("replacements"):
        # Upstream leaves empty lists out where it hands the entries on.
        entries = [{k: v for k, v in e.items() if k != "targets" or v} for e in entries]
        from holdfast.kustomize.replacementsteps import replacements_plugin

        with _configuring("ReplacementTransformer", {"replacements": entries}):
            plugin = replacements_plugin(entries, around)
        yield "ReplacementTransformer", plugin


def _replica_plugin(entry: dict[str, Any], config: TransformerConfig) -> Plugin:
    from holdfast.kustomize.transformers.replicas import set_replicas

    return Plugin(lambda m: set_replicas(m, entry, config.replicas))


def _images_plugin(entries: list[dict[str, Any]], config: TransformerConfig) -> Plugin:
    from holdfast.kustomize.transformers.images import set_images

    return Plugin(lambda m: set_images(m, entries, config.images), times=len(entries))

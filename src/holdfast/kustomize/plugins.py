"""``generators``, ``transformers`` and ``validators``: configuration objects to things that run.

Built-in kinds are an apiVersion of ``builtin``; each has a row in a table. Everything else is a KRM function and needs the
flags for plugins. Source: kustomize ``internal/plugins/loader``, ``internal/builtins``.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from typing import Any

from holdfast.kube import yaml
from holdfast.kustomize.config import field_spec
from holdfast.kustomize.errors import KustomizeError
from holdfast.kustomize.fieldspec import Specs
from holdfast.kustomize.functions import load_function
from holdfast.kustomize.generators import configs, iam
from holdfast.kustomize.generators.helm import helm_plugin
from holdfast.kustomize.gojson import Struct, decode
from holdfast.kustomize.ids import gvk_text, split_api_version
from holdfast.kustomize.kustfile import (
    CONFIG_MAP,
    FIELD_SPEC,
    HELM_CHART,
    HELM_GLOBALS,
    IMAGE,
    OBJECT_META,
    PATCH,
    REPLACEMENT_FIELD,
    REPLICA,
    SECRET,
    SELECTOR,
    STRINGS,
    TEXTS,
)
from holdfast.kustomize.patchsteps import json_patch_plugin, merge_patches_plugin, patch_plugin
from holdfast.kustomize.plugin import Plugin, Surroundings
from holdfast.kustomize.replacementsteps import replacements_plugin
from holdfast.kustomize.resmap import ResMap
from holdfast.kustomize.resource import Resource
from holdfast.kustomize.transformers import (
    affix,
    hashes,
    images,
    labels,
    namespace,
    replicas,
    valueadd,
)


def load_plugin(config: Resource, around: Surroundings) -> Plugin:
    """The plugin that a configuration object asks for."""
    group, version = split_api_version(config.api_version)
    if group == "" and version == "builtin":
        make = _BUILTIN.get(config.kind)
        if make is None:
            raise KustomizeError(f"unable to load builtin {gvk_text(group, version, config.kind)}")
        try:
            return make(config.manifest, around)
        except KustomizeError as err:
            raise err.within(f"plugin {config.original_id_text()} fails configuration") from None
    if not around.loader.options.enable_plugins:
        raise KustomizeError(f"external plugins disabled; unable to load external plugin '{config.kind}'")
    return load_function(config, around)


def _decoded(
    manifest: Mapping[str, Any], fields: Mapping[str, Any], via: Mapping[str, str] | None = None
) -> dict[str, Any]:
    name = f"{manifest.get('kind', '')}Plugin"
    try:
        return decode(dict(manifest), Struct(name, dict(fields), dict(via or {})), strict=False, coerce=True)
    except KustomizeError as err:
        raise err.within("error unmarshaling JSON: while decoding JSON") from None


def _specs(data: Mapping[str, Any]) -> Specs:
    return tuple(map(field_spec, data.get("fieldSpecs", ())))


def _annotations(manifest: Mapping[str, Any], _: Surroundings) -> Plugin:
    data = _decoded(manifest, {"annotations": TEXTS, "fieldSpecs": [FIELD_SPEC]})
    return Plugin(lambda m: labels.put_texts(m, data.get("annotations", {}), _specs(data)))


def _labels(manifest: Mapping[str, Any], _: Surroundings) -> Plugin:
    data = _decoded(manifest, {"labels": TEXTS, "fieldSpecs": [FIELD_SPEC]})
    return Plugin(lambda m: labels.put_texts(m, data.get("labels", {}), _specs(data)))


def _hash(_: Mapping[str, Any], __: Surroundings) -> Plugin:
    return Plugin(hashes.add_hashes)


def _images(manifest: Mapping[str, Any], _: Surroundings) -> Plugin:
    data = _decoded(manifest, {"imageTag": IMAGE, "fieldSpecs": [FIELD_SPEC]})
    return Plugin(lambda m: images.set_images(m, [data.get("imageTag", {})], _specs(data)))


def _namespace(manifest: Mapping[str, Any], _: Surroundings) -> Plugin:
    fields = {
        "metadata": OBJECT_META,
        "fieldSpecs": [FIELD_SPEC],
        "unsetOnly": "bool",
        "setRoleBindingSubjects": "string",
    }
    try:
        data = _decoded(manifest, fields)
    except KustomizeError as err:
        raise err.within("unmarshalling NamespaceTransformer config") from None
    subjects = namespace.checked_subjects(data.get("setRoleBindingSubjects", ""))
    name = data.get("metadata", {}).get("namespace", "")
    unset_only = data.get("unsetOnly", False)
    return Plugin(lambda m: namespace.set_namespace(m, name, _specs(data), subjects, unset_only))


def _prefix(manifest: Mapping[str, Any], _: Surroundings) -> Plugin:
    data = _affix_config(manifest)
    return Plugin(lambda m: affix.add_affix(m, _specs(data), prefix=data.get("prefix", "")))


def _suffix(manifest: Mapping[str, Any], _: Surroundings) -> Plugin:
    data = _affix_config(manifest)
    return Plugin(lambda m: affix.add_affix(m, _specs(data), suffix=data.get("suffix", "")))


def _prefix_and_suffix(manifest: Mapping[str, Any], around: Surroundings) -> Plugin:
    steps = [_prefix(manifest, around).transform, _suffix(manifest, around).transform]

    def transform(resources: ResMap) -> None:
        for step in steps:
            if step is not None:
                step(resources)

    return Plugin(transform)


def _affix_config(manifest: Mapping[str, Any]) -> dict[str, Any]:
    data = _decoded(manifest, {"prefix": "string", "suffix": "string", "fieldSpecs": [FIELD_SPEC]})
    if "fieldSpecs" not in data:
        raise KustomizeError("fieldSpecs is not expected to be nil")
    return data


def _replicas(manifest: Mapping[str, Any], _: Surroundings) -> Plugin:
    data = _decoded(manifest, {"replica": REPLICA, "fieldSpecs": [FIELD_SPEC]})
    return Plugin(lambda m: replicas.set_replicas(m, data.get("replica", {}), _specs(data)))


def _patch(manifest: Mapping[str, Any], around: Surroundings) -> Plugin:
    data = _decoded(manifest, PATCH.fields)
    return patch_plugin(data, around, lambda: yaml.dump(manifest))


def _json_patch(manifest: Mapping[str, Any], around: Surroundings) -> Plugin:
    return json_patch_plugin(_decoded(manifest, {"target": SELECTOR, "path": "string", "jsonOp": "string"}), around)


def _merge_patches(manifest: Mapping[str, Any], around: Surroundings) -> Plugin:
    return merge_patches_plugin(_decoded(manifest, {"paths": STRINGS, "patches": "string"}), around)


def _replacements(manifest: Mapping[str, Any], around: Surroundings) -> Plugin:
    data = _decoded(manifest, {"replacements": [REPLACEMENT_FIELD]})
    return replacements_plugin(data.get("replacements", []), around)


def _value_add(manifest: Mapping[str, Any], around: Surroundings) -> Plugin:
    target = Struct("Target", {"selector": SELECTOR, "fieldPath": "string", "filePathPosition": "int"})
    data = _decoded(manifest, {"value": "string", "targets": [target], "targetFilePath": "string"})
    value = data.get("value", "").strip() or posixpath.basename(around.loader.shown_root)
    targets = data.get("targets", [])
    if path := data.get("targetFilePath", ""):
        more = _decoded(yaml.load(around.loader.load(path)) or {}, {"targets": [target]})
        targets = [*targets, *more.get("targets", [])]
    valueadd.checked_targets(targets)
    return Plugin(lambda m: valueadd.add_value(m, value, targets))


def _named_args(manifest: Mapping[str, Any], struct: Struct) -> dict[str, Any]:
    via = {field: f"{struct.name}.{struct.via.get(field, '')}".rstrip(".") for field in struct.fields}
    data = _decoded(manifest, {**struct.fields, "metadata": OBJECT_META}, via)
    meta = data.pop("metadata", {})
    for field in ("name", "namespace"):
        if not data.get(field) and meta.get(field):
            data[field] = meta[field]
    if env := data.pop("env", ""):
        del env  # upstream reads the deprecated field in kustomizations only
    return data


def _config_map(manifest: Mapping[str, Any], around: Surroundings) -> Plugin:
    args = _named_args(manifest, CONFIG_MAP)
    return Plugin(generate=lambda: [configs.make_config_map(around.loader, args, around.schemas.scopes)])


def _secret(manifest: Mapping[str, Any], around: Surroundings) -> Plugin:
    args = _named_args(manifest, SECRET)
    return Plugin(generate=lambda: [configs.make_secret(around.loader, args, around.schemas.scopes)])


def _iam(manifest: Mapping[str, Any], around: Surroundings) -> Plugin:
    service = Struct("KubernetesService", {"name": "string", "namespace": "string"})
    account = Struct("ServiceAccount", {"name": "string", "projectId": "string"})
    fields = {"cloud": "string", "kubernetesService": service, "serviceAccount": account}
    data = _decoded(manifest, fields, dict.fromkeys(fields, "IAMPolicyGeneratorArgs"))
    return Plugin(generate=lambda: [iam.make_service_account(data, around.schemas.scopes)])


def _helm(manifest: Mapping[str, Any], around: Surroundings) -> Plugin:
    via = {**dict.fromkeys(HELM_CHART, "HelmChart"), **dict.fromkeys(HELM_GLOBALS, "HelmGlobals")}
    data = _decoded(manifest, {**HELM_CHART, **HELM_GLOBALS}, via)
    return helm_plugin(data, data, around)


_BUILTIN: dict[str, Callable[[Mapping[str, Any], Surroundings], Plugin]] = {
    "AnnotationsTransformer": _annotations,
    "ConfigMapGenerator": _config_map,
    "HashTransformer": _hash,
    "HelmChartInflationGenerator": _helm,
    "IAMPolicyGenerator": _iam,
    "ImageTagTransformer": _images,
    "LabelTransformer": _labels,
    "NamespaceTransformer": _namespace,
    "PatchJson6902Transformer": _json_patch,
    "PatchStrategicMergeTransformer": _merge_patches,
    "PatchTransformer": _patch,
    "PrefixSuffixTransformer": _prefix_and_suffix,
    "PrefixTransformer": _prefix,
    "ReplacementTransformer": _replacements,
    "ReplicaCountTransformer": _replicas,
    "SecretGenerator": _secret,
    "SuffixTransformer": _suffix,
    "ValueAddTransformer": _value_add,
}

KINDS = tuple(_BUILTIN)
"""The built-in plugins by name."""

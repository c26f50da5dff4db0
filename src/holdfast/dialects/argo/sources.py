"""Application sources: what is declared to `AppSource`, in its normal form, and the build environment.

The normal form leaves out what is empty, as Argo CD does when it writes a source into a status; two declarations that mean
the same have the same one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from holdfast.model.app import (
    AppSource,
    DirectoryChoices,
    HelmChoices,
    HelmParameter,
    JsonnetVariable,
    KustomizeChoices,
    Raw,
    SourceType,
)

_ORDER = (
    ("kustomize", SourceType.KUSTOMIZE),
    ("helm", SourceType.HELM),
    ("directory", SourceType.DIRECTORY),
    ("plugin", SourceType.PLUGIN),
)
_WHOLE = frozenset({"valuesObject", "count", "repoURL", "name", "value", "string", "array", "map", "target", "plugin"})
"""Fields that are kept as they are: they mean something empty too, or are not ours to look into."""
_MAPS = frozenset({"commonLabels", "commonAnnotations", "options"})
"""Maps whose values are the user's: they go only as a whole, when nothing is in them."""

FIXED_FIELDS = ("chart", "path", "repoURL", "targetRevision")
"""Where a source is from: no file in the repository changes that."""
SKIP_MARKER = b"+argocd:skip-file-rendering"


def normal(value: Any) -> Any:
    """Without what is empty, at every depth."""
    if isinstance(value, Mapping):
        kept = {k: v if k in _WHOLE or k in _MAPS else normal(v) for k, v in value.items()}
        return {k: v for k, v in kept.items() if not _empty(v) or (k in _WHOLE and v is not None)}
    if isinstance(value, list | tuple):
        return [normal(v) for v in value]
    return value


def _empty(value: Any) -> bool:
    return value is None or value is False or value == "" or value == 0 or value == [] or value == {}


def read_source(declared: Mapping[str, Any]) -> AppSource:
    raw: Raw = _without_empty_name({"repoURL": "", **normal(declared)})
    helm, kustomize, directory = (raw.get(k) or {} for k in ("helm", "kustomize", "directory"))
    return AppSource(
        raw=raw,
        url=str(raw.get("repoURL") or ""),
        path=str(raw.get("path") or ""),
        chart=str(raw.get("chart") or ""),
        revision=str(raw.get("targetRevision") or ""),
        ref=str(raw.get("ref") or ""),
        name=str(raw.get("name") or ""),
        tag_prefix=str(raw.get("tagPrefix") or ""),
        types=tuple(kind for field, kind in _ORDER if field in raw),
        helm=_helm(helm),
        kustomize=_kustomize(kustomize),
        directory=_directory(directory),
        plugin=str((raw.get("plugin") or {}).get("name") or ""),
    )


def _without_empty_name(raw: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in raw.items() if k != "name" or v}


def _texts(values: Any) -> tuple[str, ...]:
    return tuple(str(v) for v in values or ())


def _helm(raw: Mapping[str, Any]) -> HelmChoices:
    values_object = raw.get("valuesObject")
    return HelmChoices(
        release_name=str(raw.get("releaseName") or ""),
        namespace=str(raw.get("namespace") or ""),
        value_files=_texts(raw.get("valueFiles")),
        values=str(raw.get("values") or ""),
        values_object=values_object if isinstance(values_object, Mapping) else None,
        parameters=tuple(
            HelmParameter(str(p.get("name") or ""), str(p.get("value") or ""), bool(p.get("forceString")))
            for p in raw.get("parameters") or ()
        ),
        file_parameters=tuple(
            (str(p.get("name") or ""), str(p.get("path") or "")) for p in raw.get("fileParameters") or ()
        ),
        ignore_missing_value_files=bool(raw.get("ignoreMissingValueFiles")),
        skip_crds=bool(raw.get("skipCrds")),
        skip_schema_validation=bool(raw.get("skipSchemaValidation")),
        skip_tests=bool(raw.get("skipTests")),
        pass_credentials=bool(raw.get("passCredentials")),
        kube_version=str(raw.get("kubeVersion") or ""),
        api_versions=_texts(raw.get("apiVersions")),
    )


def _kustomize(raw: Mapping[str, Any]) -> KustomizeChoices:
    return KustomizeChoices(
        name_prefix=str(raw.get("namePrefix") or ""),
        name_suffix=str(raw.get("nameSuffix") or ""),
        namespace=str(raw.get("namespace") or ""),
        version=str(raw.get("version") or ""),
        images=_texts(raw.get("images")),
        replicas=tuple((str(r.get("name") or ""), str(r.get("count"))) for r in raw.get("replicas") or ()),
        common_labels=raw.get("commonLabels") or {},
        common_annotations=raw.get("commonAnnotations") or {},
        annotations_envsubst=bool(raw.get("commonAnnotationsEnvsubst")),
        force_labels=bool(raw.get("forceCommonLabels")),
        force_annotations=bool(raw.get("forceCommonAnnotations")),
        label_without_selector=bool(raw.get("labelWithoutSelector")),
        label_include_templates=bool(raw.get("labelIncludeTemplates")),
        patches=tuple(raw.get("patches") or ()),
        components=_texts(raw.get("components")),
        ignore_missing_components=bool(raw.get("ignoreMissingComponents")),
        kube_version=str(raw.get("kubeVersion") or ""),
        api_versions=_texts(raw.get("apiVersions")),
    )


def _directory(raw: Mapping[str, Any]) -> DirectoryChoices:
    jsonnet = raw.get("jsonnet") or {}
    return DirectoryChoices(
        recurse=bool(raw.get("recurse")),
        include=str(raw.get("include") or ""),
        exclude=str(raw.get("exclude") or ""),
        ext_vars=_variables(jsonnet.get("extVars")),
        tlas=_variables(jsonnet.get("tlas")),
        libs=_texts(jsonnet.get("libs")),
    )


def _variables(declared: Iterable[Mapping[str, Any]] | None) -> tuple[JsonnetVariable, ...]:
    return tuple(
        JsonnetVariable(str(v.get("name") or ""), str(v.get("value") or ""), bool(v.get("code")))
        for v in declared or ()
    )


def override_files(instance: str) -> tuple[str, ...]:
    """Files beside the manifests that change the source; ``instance`` is the name that the application's objects carry."""
    return (".argocd-source.yaml", f".argocd-source-{instance}.yaml")


def environment(instance: str, namespace: str, project: str, source: AppSource, revision: str) -> dict[str, str]:
    """What a build may refer to as ``$ARGOCD_APP_...``. ``namespace`` is the destination's."""
    return {
        "ARGOCD_APP_NAME": instance,
        "ARGOCD_APP_NAMESPACE": namespace,
        "ARGOCD_APP_PROJECT_NAME": project,
        "ARGOCD_APP_REVISION": revision,
        "ARGOCD_APP_REVISION_SHORT": revision[:7],
        "ARGOCD_APP_REVISION_SHORT_8": revision[:8],
        "ARGOCD_APP_SOURCE_REPO_URL": source.url,
        "ARGOCD_APP_SOURCE_PATH": source.path,
        "ARGOCD_APP_SOURCE_TARGET_REVISION": source.revision,
    }

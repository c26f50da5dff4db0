"""The kustomization file: found, decoded strictly, old fields brought into the new ones.

Comes in: the text. Goes out: a ``Kustomization`` with the fields of kustomize.config.k8s.io/v1beta1 as plain data, and the
warnings about deprecated fields. Source: kustomize ``types/kustomization.go``.
"""

from __future__ import annotations

from typing import Any

from holdfast.base.errors import Place
from holdfast.base.record import Record
from holdfast.kube import yaml
from holdfast.kustomize.errors import KustomizeError
from holdfast.kustomize.gojson import Struct, WrongField, decode
from holdfast.kustomize.loader import Loader
from holdfast.kustomize.remembered import Remembered

FILE_NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")

STRINGS = ["string"]
TEXTS = {"*": "string"}
GVK = {"group": "string", "version": "string", "kind": "string"}
VIA_GVK = dict.fromkeys(GVK, "Gvk")
_VIA_ID = {**dict.fromkeys(GVK, "ResId.Gvk"), "name": "ResId", "namespace": "ResId"}
FIELD_SPEC = Struct("FieldSpec", {**GVK, "path": "string", "create": "bool"}, VIA_GVK)
_ID = {**GVK, "name": "string", "namespace": "string"}
SELECTOR = Struct("Selector", {**_ID, "annotationSelector": "string", "labelSelector": "string"}, _VIA_ID)
_OPTIONS = Struct(
    "GeneratorOptions",
    {"labels": TEXTS, "annotations": TEXTS, "disableNameSuffixHash": "bool", "immutable": "bool"},
)
_GENERATOR = {
    "namespace": "string",
    "name": "string",
    "behavior": "string",
    "literals": STRINGS,
    "files": STRINGS,
    "envs": STRINGS,
    "env": "string",
    "options": _OPTIONS,
}
_SOURCES = ("literals", "files", "envs", "env")
_VIA_GENERATOR = {f: "GeneratorArgs.KvPairSources" if f in _SOURCES else "GeneratorArgs" for f in _GENERATOR}
CONFIG_MAP = Struct("ConfigMapArgs", _GENERATOR, _VIA_GENERATOR)
SECRET = Struct("SecretArgs", {**_GENERATOR, "type": "string"}, _VIA_GENERATOR)
IMAGE = Struct(
    "Image", {"name": "string", "newName": "string", "tagSuffix": "string", "newTag": "string", "digest": "string"}
)
REPLICA = Struct("Replica", {"name": "string", "count": "int"})
PATCH = Struct(
    "Patch",
    {
        "path": "string",
        "patch": "string",
        "target": SELECTOR,
        "options": Struct("PatchArgs", {"allowNameChange": "bool", "allowKindChange": "bool"}),
    },
)
_FIELD_OPTIONS = Struct("FieldOptions", {"delimiter": "string", "index": "int", "encoding": "string", "create": "bool"})
_REPLACEMENT = {
    "source": Struct("SourceSelector", {**_ID, "fieldPath": "string", "options": _FIELD_OPTIONS}, _VIA_ID),
    "sourceValue": "string",
    "targets": [
        Struct(
            "TargetSelector",
            {"select": SELECTOR, "reject": [SELECTOR], "fieldPaths": STRINGS, "options": _FIELD_OPTIONS},
        )
    ],
}
REPLACEMENT = Struct("Replacement", _REPLACEMENT)
REPLACEMENT_FIELD = Struct(
    "ReplacementField", {**_REPLACEMENT, "path": "string"}, dict.fromkeys(_REPLACEMENT, "Replacement")
)
_LABEL = Struct(
    "Label", {"pairs": TEXTS, "includeSelectors": "bool", "includeTemplates": "bool", "fields": [FIELD_SPEC]}
)
_VAR = Struct(
    "Var",
    {
        "name": "string",
        "objref": Struct("Target", {"apiVersion": "string", **_ID}, VIA_GVK),
        "fieldref": Struct("FieldSelector", {"fieldPath": "string"}),
    },
)
SORT_OPTIONS = Struct(
    "SortOptions",
    {
        "order": "string",
        "legacySortOptions": Struct("LegacySortOptions", {"orderFirst": STRINGS, "orderLast": STRINGS}),
    },
)
HELM_GLOBALS = {"chartHome": "string", "configHome": "string"}
HELM_CHART = {
    "name": "string",
    "version": "string",
    "repo": "string",
    "releaseName": "string",
    "namespace": "string",
    "additionalValuesFiles": STRINGS,
    "valuesFile": "string",
    "valuesInline": {"*": "any"},
    "valuesMerge": "string",
    "includeCRDs": "bool",
    "skipHooks": "bool",
    "apiVersions": STRINGS,
    "kubeVersion": "string",
    "nameTemplate": "string",
    "skipTests": "bool",
    "debug": "bool",
    "devel": "bool",
}
_HELM_OLD = Struct(
    "HelmChartArgs",
    {
        "chartName": "string",
        "chartVersion": "string",
        "chartRepoUrl": "string",
        "chartHome": "string",
        "chartRepoName": "string",
        "helmBin": "string",
        "helmHome": "string",
        "values": "string",
        "valuesLocal": {"*": "any"},
        "valuesMerge": "string",
        "releaseName": "string",
        "releaseNamespace": "string",
        "extraArgs": STRINGS,
    },
)
OBJECT_META = Struct("ObjectMeta", {"name": "string", "namespace": "string", "labels": TEXTS, "annotations": TEXTS})

KUSTOMIZATION = Struct(
    "Kustomization",
    {
        "kind": "string",
        "apiVersion": "string",
        "metadata": OBJECT_META,
        "openapi": TEXTS,
        "namePrefix": "string",
        "nameSuffix": "string",
        "namespace": "string",
        "commonLabels": TEXTS,
        "labels": [_LABEL],
        "commonAnnotations": TEXTS,
        "patchesStrategicMerge": STRINGS,
        "patchesJson6902": [PATCH],
        "patches": [PATCH],
        "images": [IMAGE],
        "imageTags": [IMAGE],
        "replacements": [REPLACEMENT_FIELD],
        "replicas": [REPLICA],
        "vars": [_VAR],
        "sortOptions": SORT_OPTIONS,
        "resources": STRINGS,
        "components": STRINGS,
        "crds": STRINGS,
        "bases": STRINGS,
        "configMapGenerator": [CONFIG_MAP],
        "secretGenerator": [SECRET],
        "helmGlobals": Struct("HelmGlobals", HELM_GLOBALS),
        "helmCharts": [Struct("HelmChart", HELM_CHART)],
        "helmChartInflationGenerator": [_HELM_OLD],
        "generatorOptions": _OPTIONS,
        "configurations": STRINGS,
        "generators": STRINGS,
        "transformers": STRINGS,
        "validators": STRINGS,
        "buildMetadata": STRINGS,
    },
    {"kind": "TypeMeta", "apiVersion": "TypeMeta"},
)

_remembered = Remembered()
_FIX = "Run 'kustomize edit fix' to update your Kustomization automatically."
_DEPRECATED = {
    "bases": ("resources", ""),
    "commonLabels": ("labels", ""),
    "imageTags": ("images", ""),
    "patchesJson6902": ("patches", ""),
    "patchesStrategicMerge": ("patches", ""),
    "vars": ("replacements", "[EXPERIMENTAL] "),
}


class Kustomization(Record):
    """``data`` holds the decoded fields; absent ones are not in it. ``file_name`` is which of the three names it had."""

    data: dict[str, Any]
    file_name: str
    warnings: list[str]

    @property
    def kind(self) -> str:
        return str(self.data.get("kind", ""))

    def texts(self, field: str) -> list[str]:
        found: list[str] = self.data.get(field, [])
        return found

    def structs(self, field: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.data.get(field, [])
        return found

    def mapping(self, field: str) -> dict[str, Any]:
        found: dict[str, Any] = self.data.get(field, {})
        return found

    def text(self, field: str) -> str:
        return str(self.data.get(field, ""))


def load_kustomization(loader: Loader) -> Kustomization:
    """The kustomization in the loader's directory."""
    text, name = _find(loader)
    path = f"{loader.root}/{name}" if loader.root else name
    data = parse(text, path)
    warnings = deprecations(data)
    fix(data)
    if all(f in ("kind", "apiVersion") or v in ("", False) for f, v in data.items()):
        raise KustomizeError("kustomization.yaml is empty", place=Place(path))
    wrong = _enforce(data)
    if wrong:
        shown = loader.shown_root
        raise KustomizeError(
            f"Failed to read kustomization file under {shown}:\n" + "\n".join(wrong), place=Place(path)
        )
    return Kustomization(data, name, warnings)


def _find(loader: Loader) -> tuple[bytes, str]:
    found: list[tuple[bytes, str]] = []
    for name in FILE_NAMES:
        try:
            found.append((loader.load(name), name))
        except KustomizeError:
            continue
    if not found:
        names = "'kustomization.yaml', 'kustomization.yml' or 'Kustomization'"
        raise KustomizeError(f"unable to find one of {names} in directory '{loader.shown_root}'")
    if len(found) > 1:
        raise KustomizeError(f"Found multiple kustomization files under: {loader.shown_root}\n")
    return found[0]


def parse(text: bytes, path: str) -> dict[str, Any]:
    """The fields of a kustomization's text. Raises KustomizeError naming the field."""
    found: dict[str, Any] | None = _remembered.get(text)
    if found is None:
        found = _parse(text, path)
        _remembered.note(text, found)
    return found


def _parse(text: bytes, path: str) -> dict[str, Any]:
    try:
        data = yaml.load(text, source=path)
    except yaml.YAMLError as err:
        raise KustomizeError(f"invalid Kustomization: {err.message}", place=err.place) from None
    except RecursionError:
        raise KustomizeError("invalid Kustomization: yaml: nested too deeply", place=Place(path)) from None
    try:
        return decode(data, KUSTOMIZATION)
    except WrongField as err:
        from holdfast.kustomize.places import line_of

        place = Place(path, line_of(text, err.trail))
        raise KustomizeError(f"invalid Kustomization: {err.message}", place=place) from None
    except KustomizeError as err:
        raise KustomizeError(f"invalid Kustomization: {err.message}", place=Place(path)) from None


def deprecations(data: dict[str, Any]) -> list[str]:
    """kustomize's warning for each deprecated field in use."""
    return [
        f"# Warning: '{old}' is deprecated. Please use '{new}' instead. {mark}{_FIX}"
        for old, (new, mark) in _DEPRECATED.items()
        if old in data
    ]


def fix(data: dict[str, Any]) -> None:
    """Bring deprecated fields into the ones that replaced them, in place."""
    if not data.get("kind"):
        data["kind"] = "Kustomization"
    if not data.get("apiVersion"):
        data["apiVersion"] = _api_version(data["kind"])
    _append(data, "resources", data.pop("bases", None))
    _append(data, "images", data.pop("imageTags", None))
    for field in ("configMapGenerator", "secretGenerator"):
        for generator in data.get(field, []):
            if env := generator.pop("env", ""):
                generator["envs"] = [*generator.get("envs", []), env]
    _fix_helm(data)


def _api_version(kind: str) -> str:
    return "kustomize.config.k8s.io/" + ("v1alpha1" if kind == "Component" else "v1beta1")


def _append(data: dict[str, Any], field: str, more: list[Any] | None) -> None:
    if more:
        data[field] = [*data.get(field, []), *more]


def _fix_helm(data: dict[str, Any]) -> None:
    old = data.pop("helmChartInflationGenerator", None) or []
    home = {}
    for chart in old:
        if chart.get("helmHome"):
            home["configHome"] = chart["helmHome"]
        if chart.get("chartHome"):
            home["chartHome"] = chart["chartHome"]
    if home and "helmGlobals" not in data:
        data["helmGlobals"] = home
    names = {
        "chartName": "name",
        "chartVersion": "version",
        "chartRepoUrl": "repo",
        "values": "valuesFile",
        "valuesLocal": "valuesInline",
        "valuesMerge": "valuesMerge",
        "releaseName": "releaseName",
    }
    _append(data, "helmCharts", [{new: c[was] for was, new in names.items() if was in c} for c in old])


def _enforce(data: dict[str, Any]) -> list[str]:
    kind, wrong = data["kind"], []
    if kind not in ("Kustomization", "Component"):
        wrong.append("kind should be Kustomization or Component")
    required = _api_version(kind)
    if data["apiVersion"] != required:
        wrong.append(f"apiVersion for {kind} should be {required}")
    return wrong

"""Whether what a file overrides has the types that an application's source has, told as Go's JSON decoder tells it.

In: the content of a file beside the manifests. Out: the first fault, or "". Fields that are not known are let be.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple


class Struct(NamedTuple):
    name: str
    fields: Fields
    many: bool = False


Fields = Mapping[str, Struct | str]
"""What is below a name: a structure, or the name of a plain type."""


_VARIABLE: Final[Fields] = {"name": "string", "value": "string", "code": "bool"}
_JSONNET: Final[Fields] = {
    "extVars": Struct("JsonnetVar", _VARIABLE, many=True),
    "tlas": Struct("JsonnetVar", _VARIABLE, many=True),
    "libs": "[]string",
}
_HELM: Final[Fields] = {
    **dict.fromkeys(("releaseName", "values", "version", "namespace", "kubeVersion"), "string"),
    **dict.fromkeys(("valueFiles", "apiVersions"), "[]string"),
    **dict.fromkeys(
        ("ignoreMissingValueFiles", "skipCrds", "skipTests", "skipSchemaValidation", "passCredentials"), "bool"
    ),
    "parameters": Struct("HelmParameter", {"name": "string", "value": "string", "forceString": "bool"}, many=True),
    "fileParameters": Struct("HelmFileParameter", {"name": "string", "path": "string"}, many=True),
}
_KUSTOMIZE: Final[Fields] = {
    **dict.fromkeys(("namePrefix", "nameSuffix", "version", "namespace", "kubeVersion"), "string"),
    **dict.fromkeys(("components", "apiVersions"), "[]string"),
    **dict.fromkeys(("commonLabels", "commonAnnotations"), "map[string]string"),
    **dict.fromkeys(("forceCommonLabels", "forceCommonAnnotations", "labelWithoutSelector"), "bool"),
    **dict.fromkeys(
        ("labelIncludeTemplates", "commonAnnotationsEnvsubst", "ignoreMissingComponents"),
        "bool",
    ),
}
_DIRECTORY: Final[Fields] = {
    "recurse": "bool",
    "include": "string",
    "exclude": "string",
    "jsonnet": Struct("ApplicationSourceJsonnet", _JSONNET),
}
SOURCE: Final = Struct(
    "ApplicationSource",
    {
        **dict.fromkeys(("repoURL", "path", "targetRevision", "chart", "ref", "name"), "string"),
        "helm": Struct("ApplicationSourceHelm", _HELM),
        "kustomize": Struct("ApplicationSourceKustomize", _KUSTOMIZE),
        "directory": Struct("ApplicationSourceDirectory", _DIRECTORY),
    },
)


def fault(value: Any) -> str:
    """What is of a wrong type in a source."""
    if not isinstance(value, Mapping):
        return f"json: cannot unmarshal {_kind(value)} into Go value of type v1alpha1.ApplicationSource"
    return _below(value, SOURCE, "")


def _below(value: Mapping[str, Any], struct: Struct, path: str) -> str:
    for name, wanted in struct.fields.items():
        here = f"{path}.{name}" if path else name
        problem = _judged(value.get(name), wanted, struct.name, here)
        if problem:
            return problem
    return ""


def _judged(value: Any, wanted: Struct | str, owner: str, path: str) -> str:
    if value is None:
        return ""
    if isinstance(wanted, str):
        return "" if _fits(value, wanted) else _told(value, owner, path, wanted)
    if wanted.many:
        if not isinstance(value, list):
            return _told(value, owner, path, f"[]v1alpha1.{wanted.name}")
        problems = (_judged(v, wanted._replace(many=False), owner, path) for v in value)
        return next((p for p in problems if p), "")
    if not isinstance(value, Mapping):
        return _told(value, owner, path, f"v1alpha1.{wanted.name}")
    return _below(value, wanted, path)


def _fits(value: Any, wanted: str) -> bool:
    if wanted == "string":
        return isinstance(value, str)
    if wanted == "bool":
        return isinstance(value, bool)
    if wanted == "[]string":
        return isinstance(value, list) and all(v is None or isinstance(v, str) for v in value)
    return isinstance(value, Mapping) and all(v is None or isinstance(v, str) for v in value.values())


def _told(value: Any, owner: str, path: str, wanted: str) -> str:
    if wanted == "[]string" and isinstance(value, list):
        value, wanted = next(v for v in value if v is not None and not isinstance(v, str)), "string"
    elif wanted == "map[string]string" and isinstance(value, Mapping):
        value, wanted = next(v for v in value.values() if v is not None and not isinstance(v, str)), "string"
    return f"json: cannot unmarshal {_kind(value)} into Go struct field {owner}.{path} of type {wanted}"


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    kinds: dict[type, str] = {str: "string", dict: "object", list: "array"}
    return kinds.get(type(value), "number")

"""The rules about objects in rendered templates and in crds/."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from holdfast.helm.chart.capabilities import KubeVersion
from holdfast.helm.chart.reading import Struct, read
from holdfast.helm.go.errors import GoError
from holdfast.helm.go.strconv import quote
from holdfast.helm.lint.names import name_faults
from holdfast.helm.lint.report import Report
from holdfast.kube.deprecations import warning

_SELECTING = ("Deployment", "ReplicaSet", "DaemonSet", "StatefulSet")


@dataclass(frozen=True, slots=True)
class Object:
    api_version: str
    kind: str
    name: str
    value: Any


def objects(text: str) -> Iterator[Object | None]:
    """Each document of a text; None for an empty one. Raises GoError at the first that cannot be read."""
    for document in _documents(text):
        value = read(document)
        yield None if value is None else _object(value)


def _object(value: Any) -> Object:
    top = Struct(value, "k8sYamlStruct", package="rules")
    inside = top.values.get("metadata")
    if inside is not None and not isinstance(inside, dict):
        top.fail(inside, "Metadata", "rules.k8sYamlMetadata")
    metadata = Struct(inside, "k8sYamlMetadata", "Metadata.", package="rules")
    metadata.text("Namespace")
    return Object(top.text("apiVersion"), top.text("Kind"), metadata.text("Name"), value)


def _documents(text: str) -> Iterator[str]:
    """Cut at lines that begin with three dashes, as Kubernetes' decoder cuts."""
    lines: list[str] = []
    for line in text.splitlines(keepends=True) if "\r" not in text else text.replace("\r\n", "\n").splitlines(True):
        if not line.startswith("---"):
            lines.append(line)
            continue
        behind = line[3:].strip()
        if behind and not behind.startswith("#"):
            raise GoError(f"invalid Yaml document separator: {behind}")
        if lines:
            yield "".join(lines)
        lines = []
    if lines:
        yield "".join(lines)


def check_template(path: str, text: str, version: KubeVersion, report: Report) -> bool:
    """False where a document cannot be read: linting of templates ends there."""
    report.warning(path, _indented(text))
    try:
        for found in objects(text):
            if found is not None:
                report.warning(path, _name(found))
                old = warning(found.api_version, found.kind, int(version.major), int(version.minor))
                report.warning(path, old if found.api_version and found.kind else "")
                report.error(path, _selector(found, text))
                report.error(path, _list(found))
    except GoError as fault:
        report.error(path, f"unable to parse YAML: {fault.text}")
        return False
    return True


def check_crd(path: str, text: str, report: Report) -> bool:
    try:
        for found in objects(text):
            if found is not None:
                wrong = not found.api_version.startswith("apiextensions.k8s.io")
                report.error(path, "apiVersion is not in 'apiextensions.k8s.io'" if wrong else "")
                other = found.kind != "CustomResourceDefinition"
                report.error(path, "object kind is not 'CustomResourceDefinition'" if other else "")
    except GoError as fault:
        report.error(path, f"unable to parse YAML: {fault.text}")
        return False
    return True


def _indented(text: str) -> str:
    first = next((line for line in text.split("\n") if line.strip()), "").removesuffix("\r")
    if not first.startswith((" ", "\t")):
        return ""
    return f"document starts with an illegal indent: {quote(first)}, which may cause parsing problems"


def _name(found: Object) -> str:
    faults = [f"metadata.name: Invalid value: {quote(found.name)}: {f}" for f in name_faults(found.kind, found.name)]
    if not faults:
        return ""
    text = faults[0] if len(faults) == 1 else f"[{', '.join(faults)}]"
    return f"object name does not conform to Kubernetes naming requirements: {quote(found.name)}: {text}"


def _selector(found: Object, text: str) -> str:
    if found.kind not in _SELECTING or "matchLabels" in text or "matchExpressions" in text:
        return ""
    return f"a {found.kind} must contain matchLabels or matchExpressions, and {quote(found.name)} does not"


def _list(found: Object) -> str:
    if found.kind != "List" or not isinstance(found.value, dict):
        return ""
    for item in found.value.get("items") or ():
        metadata = item.get("metadata") if isinstance(item, dict) else None
        annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
        if isinstance(annotations, dict) and "helm.sh/resource-policy" in annotations:
            return "annotation 'helm.sh/resource-policy' within List objects are ignored"
    return ""

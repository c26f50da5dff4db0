"""Rules about single objects: schemas, API versions, names, labels, sizes."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from holdfast.kube.quantity import QuantityError, parse
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef
from holdfast.kube.schema import Schema, builtin, versions
from holdfast.offline.documents import Document
from holdfast.offline.findings import Finding
from holdfast.offline.placeholders import PLACEHOLDER
from holdfast.offline.rules.apis import DEPRECATED, REMOVED, release
from holdfast.offline.rules.index import Index, Key, mapping, name_of, near
from holdfast.offline.unit import Survey

Violation = tuple[tuple[Key, ...], str]
_REQUIRED = "is required"


def schema(survey: Survey) -> Iterator[Finding]:
    """Written documents first, for they have a line and still their unknown fields (rendering drops those, as Flux does)."""
    index = Index.of(survey)
    applied = {p for u in survey.units.values() if u.rendered for p, seen in u.rendered.reads.items() if seen}
    told: set[tuple[str, str, str]] = set()
    yield from units_schema(index)
    for document in survey.documents:
        if document.place.path in applied or index.broken:
            yield from _written(index, document, told)
    for unit, obj in index.objects:
        shape = index.schema(GroupVersionKind.of(obj))
        for path, message in violations(obj, shape) if shape else ():
            shown = dotted(path)
            if not told & {(obj["kind"], name_of(obj), shown), (obj["kind"], _stem(index, obj), shown)}:
                yield index.finding("schema-invalid", unit, obj, f"{shown}: {message}", *path)


def units_schema(index: Index) -> Iterator[Finding]:
    """Units of the top, which nothing renders, as they are written."""
    rendered = {(o["kind"], name_of(o)) for _, o in index.objects}
    for unit in index.survey.units.values():
        shape = index.schema(GroupVersionKind.of(unit.object))
        if unit.parent is not None or unit.loose or shape is None or (unit.key.kind, unit.key.name) in rendered:
            continue
        for path, message in violations(unit.object, shape):
            yield index.about("schema-invalid", unit, f"{ObjectRef.of(unit.object)} {dotted(path)}: {message}", *path)


def _stem(index: Index, obj: Manifest) -> str:
    """The name an object was written with, where a build made it longer."""
    return next((n for k, n in index.written if k == obj["kind"] and len(n) > 2 and n in name_of(obj)), "")


def _written(index: Index, document: Document, told: set[tuple[str, str, str]]) -> Iterator[Finding]:
    obj = document.object
    shape = index.schema(GroupVersionKind.of(obj))
    for path, message in violations(obj, shape) if shape else ():
        if message == _REQUIRED or (path == ("sops",) and isinstance(obj["sops"], dict)):
            continue  # a patch is an object in part; what is encrypted says how beside it
        told.add((obj["kind"], name_of(obj), dotted(path)))
        text = f"{ObjectRef.of(obj)} {dotted(path)}: {message}"
        yield Finding.at("schema-invalid", index.lines.at(document.place, path), text)


def dotted(path: tuple[Key, ...]) -> str:
    return "".join(f"[{k}]" if isinstance(k, int) else f".{k}" for k in path).lstrip(".")


def violations(value: Any, shape: Schema, path: tuple[Key, ...] = ()) -> Iterator[Violation]:
    """(field, what is wrong) wherever a value does not fit its schema."""
    if value is None or value == PLACEHOLDER or (isinstance(value, str) and "${" in value):
        return
    problem = _wrong_type(value, shape) or _wrong_value(value, shape)
    if problem and _extended(path, value):
        return
    if problem:
        yield path, problem
    elif isinstance(value, dict) and shape.type in ("object", ""):
        yield from _object(value, shape, path)
    elif isinstance(value, list) and shape.items is not None:
        for index, item in enumerate(value):
            yield from violations(item, shape.items, (*path, index))


def _extended(path: tuple[Key, ...], value: Any) -> bool:
    """Whether a value is allowed by what the operator of Flux adds to Flux's definitions."""
    return path[-1:] == ("kind",) and "eventSources" in path and str(value).startswith(("FluxInstance", "ResourceSet"))


def _object(value: dict[str, Any], shape: Schema, path: tuple[Key, ...]) -> Iterator[Violation]:
    for name, item in value.items():
        inner = shape.properties.get(name) or shape.additional
        if inner is not None:
            yield from violations(item, inner, (*path, name))
        elif shape.properties and not shape.preserve_unknown and not str(name).startswith("$"):
            hint = near(str(name), shape.properties) or next(
                (f"did you mean {p}?" for p in shape.properties if p.lower() == str(name).lower()), ""
            )
            yield (*path, str(name)), f"unknown field{f' ({hint})' if hint else ''}"
    for name in shape.required:
        if value.get(name) is None and (path or name not in ("apiVersion", "kind", "metadata")):
            inner = shape.properties.get(name)
            if inner is None or inner.default is None:
                yield (*path, name), _REQUIRED


_TYPES = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}


def _wrong_type(value: Any, shape: Schema) -> str:
    if shape.int_or_string:
        return "" if isinstance(value, int | str) else f"expected a number or a string, found {_kind(value)}"
    if shape.format == "quantity":
        return _wrong_quantity(value)
    wanted = _TYPES.get(shape.type)
    if wanted is None:
        return ""
    right = isinstance(value, wanted) and (not isinstance(value, bool) or shape.type == "boolean")
    if shape.type == "integer" and isinstance(value, float) and value.is_integer():
        right = True
    return "" if right else f"expected {shape.type}, found {_kind(value)}"


def _wrong_quantity(value: Any) -> str:
    if isinstance(value, dict | list | bool):
        return f"expected a quantity, found {_kind(value)}"
    try:
        parse(str(value))
    except QuantityError:
        return f"{value} is no quantity: such as 100m, 0.5, 128Mi or 2Gi"
    return ""


def _wrong_value(value: Any, shape: Schema) -> str:
    if shape.enum and value not in shape.enum and not (value == "" and shape.type == "string"):
        return f"{value} is none of {', '.join(map(str, shape.enum))}"
    raw = shape.raw
    if isinstance(value, str):
        pattern = raw.get("pattern")
        if pattern and not _matches(str(pattern), value):
            return f"{value!r} does not match {pattern}"
        if len(value) > raw.get("maxLength", len(value)) or len(value) < raw.get("minLength", 0):
            return (
                f"has {len(value)} characters, allowed are {raw.get('minLength', 0)} to {raw.get('maxLength', 'any')}"
            )
    elif isinstance(value, list):
        if len(value) < raw.get("minItems", 0) or len(value) > raw.get("maxItems", len(value)):
            return f"has {len(value)} items, allowed are {raw.get('minItems', 0)} to {raw.get('maxItems', 'any')}"
    elif isinstance(value, int | float) and not isinstance(value, bool):
        low, high = raw.get("minimum", value), raw.get("maximum", value)
        if not low <= value <= high:
            return f"{value} is not within {raw.get('minimum', 'any')} to {raw.get('maximum', 'any')}"
    return ""


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern)
    except re.error:
        return None


def _matches(pattern: str, text: str) -> bool:
    """Patterns that only Go understands match anything."""
    compiled = _compiled(pattern)
    return compiled is None or compiled.search(text) is not None


def _kind(value: Any) -> str:
    names = {dict: "a mapping", list: "a list", str: "a string", bool: "a boolean", int: "a number", float: "a number"}
    return names.get(type(value), type(value).__name__)


# -- API versions ------------------------------------------------------------------------------------------------------


def removed_apis(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit, obj in index.objects:
        told = _removed(index, obj)
        if told:
            since, instead = told
            text = f"uses {obj['apiVersion']}, which is not served since Kubernetes {since}"
            hint = f"use {instead}" if instead else ""
            yield index.finding("api-removed", unit, obj, text, "apiVersion", hint=hint)


def _removed(index: Index, obj: Manifest) -> tuple[str, str] | None:
    """(release, replacement) for a version that the assumed release does not serve any more."""
    known = REMOVED.get((str(obj.get("apiVersion")), str(obj.get("kind"))))
    if known is not None:
        return known if release(known[0]) <= release(index.version) else None
    gvk = GroupVersionKind.of(obj)
    if ("." in gvk.group and not gvk.group.endswith(".k8s.io")) or index.builtin.lookup(gvk) is not None:
        return None
    return None


def deprecated_apis(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit, obj in index.objects:
        version, kind = str(obj.get("apiVersion")), str(obj.get("kind"))
        gone = REMOVED.get((version, kind))
        if gone is not None and release(gone[0]) > release(index.version):
            text = f"uses {version}, which Kubernetes {gone[0]} does not serve any more"
            yield index.finding(
                "api-deprecated", unit, obj, text, "apiVersion", hint=f"use {gone[1]}" if gone[1] else ""
            )
        elif (version, kind) in DEPRECATED or _old_flux(index, version, kind):
            instead = DEPRECATED.get((version, kind)) or _old_flux(index, version, kind)
            text = f"uses {version}, which is deprecated"
            yield index.finding("api-deprecated", unit, obj, text, "apiVersion", hint=f"use {instead}")


def _old_flux(index: Index, version: str, kind: str) -> str:
    """The version that Flux stores, for an older one."""
    group, _, short = version.partition("/")
    definition = index.definitions.get((group, kind)) if group.endswith("toolkit.fluxcd.io") else None
    for known in mapping(mapping(definition).get("spec")).get("versions") or ():
        if known.get("storage") and known.get("name") != short:
            return f"{group}/{known['name']}"
    return ""


def unknown_kinds(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    groups = {g.group for g in index.builtin.gvks()}
    kinds = {g.kind for g in index.builtin.gvks()}
    for unit, obj in index.objects:
        gvk = GroupVersionKind.of(obj)
        if (gvk.api_version, gvk.kind) in REMOVED or index.builtin.lookup(gvk) is not None:
            continue
        problem = _unknown_kind(index, gvk, groups)
        if problem:
            hint = _right_version(index, gvk) or near(gvk.kind, kinds)
            yield index.finding("kind-unknown", unit, obj, problem, "kind", hint=hint)


def _unknown_kind(index: Index, gvk: GroupVersionKind, groups: set[str]) -> str:
    definition = index.definitions.get((gvk.group, gvk.kind))
    if definition is not None:
        rows = mapping(definition.get("spec")).get("versions") or ()
        served = [str(v.get("name")) for v in rows if isinstance(v, dict) and v.get("served")]
        return f"has version {gvk.version}, of which its definition serves only {', '.join(served)}" * (
            bool(served) and gvk.version not in served
        )
    if gvk.group in groups or "." not in gvk.group:
        return f"is of a kind that {gvk.api_version} does not have in Kubernetes {index.version}"
    if index.incomplete:
        return ""
    if any(group == gvk.group for group, _ in index.definitions):
        return f"is of a kind that no definition of {gvk.group} has"
    if gvk.group.endswith(_PLATFORMS) or index.names("Subscription") or index.names("HelmChart"):
        return ""  # a platform or an operator brings it along
    return f"is of a kind that nothing in this repository defines ({gvk.api_version})"


_PLATFORMS = (
    *(
        "k8s.io",
        "openshift.io",
        "coreos.com",
        "cattle.io",
        "traefik.io",
        "cilium.io",
        "projectcalico.org",
        "google.com",
    ),
    *("gke.io", "amazonaws.com", "k8s.aws", "karpenter.sh", "azure.com", "argoproj.io", "fluxcd.io", "controlplane.io"),
)
"""Groups that come with a kind of cluster, or with what delivers this repository."""


def _right_version(index: Index, gvk: GroupVersionKind) -> str:
    found = sorted({g.api_version for g in index.builtin.gvks() if g.kind == gvk.kind and g != gvk})
    newer = [v for v in versions() if release(v) > release(index.version) and builtin(v).lookup(gvk)][:1]
    if newer:
        return f"Kubernetes {newer[0]} has it"
    return f"{gvk.kind} is in {', '.join(found)}" if found else ""


# -- names, labels, sizes ----------------------------------------------------------------------------------------------

_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_FREE_NAMES = {"Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "APIService", "Event"}
_FREE_NAMES |= {"CertificateSigningRequest"}
_SHORT_NAMES = {"Service", "Namespace"}


def names(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit, obj in index.objects:
        hidden = obj["kind"] in _FREE_NAMES or PLACEHOLDER in name_of(obj) or _is_aggregated(obj, index)
        problem = "" if hidden else _name_problem(str(obj["kind"]), name_of(obj))
        if problem:
            hint = "a variable was not substituted" if "${" in name_of(obj) else ""
            yield index.finding("name-invalid", unit, obj, problem, "metadata", "name", hint=hint)


def _is_aggregated(obj: Manifest, index: Index) -> bool:
    """Whether an API server of its own keeps the kind, with rules of its own for names: OpenShift's older groups."""
    group = GroupVersionKind.of(obj).group
    return group.endswith(".openshift.io") and (group, str(obj["kind"])) not in index.definitions


def _name_problem(kind: str, name: str) -> str:
    if kind in _SHORT_NAMES:
        if len(name) > 63 or not _LABEL.fullmatch(name):
            return f"has a name that no {kind} can have: up to 63 lower case letters, digits and '-'"
        if kind == "Service" and not name[0].isalpha():
            return "has a name that no Service can have: it starts with a letter"
        return ""
    if len(name) > 253 or not _SUBDOMAIN.fullmatch(name):
        return "has a name that is not allowed: it is made of lower case letters, digits, '-' and '.'"
    if kind == "CronJob" and len(name) > 52:
        return f"has a name of {len(name)} characters, of which a CronJob can have 52"
    return ""


_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
_KEY = re.compile(r"([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")


def labels(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit, obj in index.objects:
        for key, value in mapping(mapping(obj.get("metadata")).get("labels")).items():
            problem = _label_problem(str(key), value)
            if problem:
                yield index.finding("label-invalid", unit, obj, problem, "metadata", "labels", str(key))


def _label_problem(key: str, value: Any) -> str:
    if not _KEY.fullmatch(key) or len(key.rpartition("/")[2]) > 63:
        return f"has a label with a key that is not allowed: {key}"
    if isinstance(value, str) and (len(value) > 63 or not _VALUE.fullmatch(value)) and "${" not in value:
        return f"has a label with a value that is not allowed: {key}: {value!r} (63 letters, digits, '-', '_', '.')"
    return ""


_LIMIT = 1024 * 1024
_LAST_APPLIED = 262144


def sizes(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit, obj in index.each("ConfigMap", "Secret"):
        size = sum(len(str(v)) for f in ("data", "binaryData", "stringData") for v in mapping(obj.get(f)).values())
        if size > _LIMIT:
            text = f"holds {size} bytes, and the API server takes 1 MiB"
            yield index.finding("object-too-large", unit, obj, text, "data")


def base64_data(survey: Survey) -> Iterator[Finding]:
    """Written documents, for rendering decodes nothing and Secrets are mostly written by hand."""
    index = Index.of(survey)
    for unit, obj in index.each("Secret"):
        for key, value in mapping(obj.get("data")).items():
            if isinstance(value, str) and PLACEHOLDER not in value and "${" not in value and not _is_base64(value):
                text = f"has data.{key} that is no base64"
                hint = "write plain text under stringData"
                yield index.finding("secret-not-base64", unit, obj, text, "data", str(key), hint=hint)


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def embedded_json(survey: Survey) -> Iterator[Finding]:
    """Files in ConfigMaps whose name says what they are and whose content is not that."""
    index = Index.of(survey)
    for unit, obj in index.each("ConfigMap"):
        for key, value in mapping(obj.get("data")).items():
            if str(key).endswith(".json") and isinstance(value, str) and value.strip() and not _is_json(value):
                text = f"has data.{key}, which is no JSON"
                yield index.finding("config-not-json", unit, obj, text, "data", str(key))


def _is_json(text: str) -> bool:
    if "{{" in text or "${" in text or re.search(r"^\s*//", text, re.M):
        return True
    try:
        json.loads(text)
    except ValueError:
        return False
    return True

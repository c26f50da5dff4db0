"""Rules about single objects: schemas, API versions, names, secrets, images."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef
from holdfast.kube.schema import Schema, builtin
from holdfast.offline.findings import Finding
from holdfast.offline.placeholders import PLACEHOLDER
from holdfast.offline.survey import Survey, Unit

REMOVED: dict[tuple[str, str], tuple[str, str]] = {
    ("extensions/v1beta1", "Deployment"): ("1.16", "apps/v1"),
    ("extensions/v1beta1", "DaemonSet"): ("1.16", "apps/v1"),
    ("extensions/v1beta1", "ReplicaSet"): ("1.16", "apps/v1"),
    ("extensions/v1beta1", "NetworkPolicy"): ("1.16", "networking.k8s.io/v1"),
    ("extensions/v1beta1", "Ingress"): ("1.22", "networking.k8s.io/v1"),
    ("extensions/v1beta1", "PodSecurityPolicy"): ("1.16", ""),
    ("apps/v1beta1", "Deployment"): ("1.16", "apps/v1"),
    ("apps/v1beta1", "StatefulSet"): ("1.16", "apps/v1"),
    ("apps/v1beta2", "Deployment"): ("1.16", "apps/v1"),
    ("apps/v1beta2", "StatefulSet"): ("1.16", "apps/v1"),
    ("apps/v1beta2", "DaemonSet"): ("1.16", "apps/v1"),
    ("apps/v1beta2", "ReplicaSet"): ("1.16", "apps/v1"),
    ("networking.k8s.io/v1beta1", "Ingress"): ("1.22", "networking.k8s.io/v1"),
    ("networking.k8s.io/v1beta1", "IngressClass"): ("1.22", "networking.k8s.io/v1"),
    ("apiextensions.k8s.io/v1beta1", "CustomResourceDefinition"): ("1.22", "apiextensions.k8s.io/v1"),
    ("admissionregistration.k8s.io/v1beta1", "MutatingWebhookConfiguration"): (
        "1.22",
        "admissionregistration.k8s.io/v1",
    ),
    ("admissionregistration.k8s.io/v1beta1", "ValidatingWebhookConfiguration"): (
        "1.22",
        "admissionregistration.k8s.io/v1",
    ),
    ("rbac.authorization.k8s.io/v1beta1", "Role"): ("1.22", "rbac.authorization.k8s.io/v1"),
    ("rbac.authorization.k8s.io/v1beta1", "RoleBinding"): ("1.22", "rbac.authorization.k8s.io/v1"),
    ("rbac.authorization.k8s.io/v1beta1", "ClusterRole"): ("1.22", "rbac.authorization.k8s.io/v1"),
    ("rbac.authorization.k8s.io/v1beta1", "ClusterRoleBinding"): ("1.22", "rbac.authorization.k8s.io/v1"),
    ("scheduling.k8s.io/v1beta1", "PriorityClass"): ("1.22", "scheduling.k8s.io/v1"),
    ("storage.k8s.io/v1beta1", "StorageClass"): ("1.22", "storage.k8s.io/v1"),
    ("storage.k8s.io/v1beta1", "CSIDriver"): ("1.22", "storage.k8s.io/v1"),
    ("coordination.k8s.io/v1beta1", "Lease"): ("1.22", "coordination.k8s.io/v1"),
    ("batch/v1beta1", "CronJob"): ("1.25", "batch/v1"),
    ("discovery.k8s.io/v1beta1", "EndpointSlice"): ("1.25", "discovery.k8s.io/v1"),
    ("policy/v1beta1", "PodDisruptionBudget"): ("1.25", "policy/v1"),
    ("policy/v1beta1", "PodSecurityPolicy"): ("1.25", ""),
    ("autoscaling/v2beta1", "HorizontalPodAutoscaler"): ("1.25", "autoscaling/v2"),
    ("autoscaling/v2beta2", "HorizontalPodAutoscaler"): ("1.26", "autoscaling/v2"),
    ("node.k8s.io/v1beta1", "RuntimeClass"): ("1.25", "node.k8s.io/v1"),
    ("flowcontrol.apiserver.k8s.io/v1beta3", "FlowSchema"): ("1.32", "flowcontrol.apiserver.k8s.io/v1"),
    ("storage.k8s.io/v1beta1", "CSIStorageCapacity"): ("1.27", "storage.k8s.io/v1"),
}
"""(apiVersion, kind): the Kubernetes release that stopped serving it, and what serves it now."""

_PODS = {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "CronJob", "Pod"}


def pod_spec(obj: Manifest) -> Manifest | None:
    """The pod specification inside a workload, or None."""
    spec = obj.get("spec")
    if obj.get("kind") not in _PODS or not isinstance(spec, dict):
        return None
    if obj["kind"] == "Pod":
        return spec
    if obj["kind"] == "CronJob":
        spec = (spec.get("jobTemplate") or {}).get("spec") or {}
    found = (spec.get("template") or {}).get("spec")
    return found if isinstance(found, dict) else None


def schema(survey: Survey) -> Iterator[Finding]:
    """Written documents first, for they have a line and still their unknown fields (rendering drops those, as Flux does)."""
    schemas = builtin()
    told: set[tuple[ObjectRef, str]] = set()
    for document in survey.documents:
        shape = schemas.lookup(GroupVersionKind.of(document.object))
        for path, message in violations(document.object, shape, "") if shape else ():
            ref = ObjectRef.of(document.object)
            if message != _REQUIRED:  # a patch is an object in part
                told.add((ref, path))
                yield Finding.at("schema-invalid", document.place, f"{ref}: {path.lstrip('.')}: {message}")
    for unit, obj in survey.objects():
        shape = schemas.lookup(GroupVersionKind.of(obj))
        for path, message in violations(obj, shape, "") if shape else ():
            ref = ObjectRef.of(obj)
            if (ref, path) not in told:
                yield Finding.at(
                    "schema-invalid", unit.place, f"{ref}: {path.lstrip('.')}: {message}", unit=str(unit.key)
                )


_REQUIRED = "is required"


def violations(value: Any, shape: Schema, path: str) -> Iterator[tuple[str, str]]:
    """(field path, what is wrong) wherever a value does not have the type that its schema asks for."""
    if value is None or value == PLACEHOLDER or (isinstance(value, str) and "${" in value):
        return
    problem = _wrong_type(value, shape)
    if problem:
        yield path, problem
    elif isinstance(value, dict) and shape.type == "object":
        yield from _object(value, shape, path)
    elif isinstance(value, list) and shape.items is not None:
        for index, item in enumerate(value):
            yield from violations(item, shape.items, f"{path}[{index}]")


def _object(value: dict[str, Any], shape: Schema, path: str) -> Iterator[tuple[str, str]]:
    for name, item in value.items():
        inner = shape.properties.get(name) or shape.additional
        if inner is not None:
            yield from violations(item, inner, f"{path}.{name}")
        elif shape.properties and not shape.preserve_unknown and not str(name).startswith("$"):
            near = next((p for p in shape.properties if p.lower() == str(name).lower()), "")
            yield f"{path}.{name}", f"unknown field{f' (did you mean {near}?)' if near else ''}"
    for name in shape.required:
        if value.get(name) is None and path:
            yield f"{path}.{name}", _REQUIRED


def _wrong_type(value: Any, shape: Schema) -> str:
    if shape.int_or_string or not shape.type:
        return ""
    right = {
        "object": isinstance(value, dict),
        "array": isinstance(value, list),
        "string": isinstance(value, str) or (shape.name.endswith("Quantity") and isinstance(value, int | float)),
        "integer": isinstance(value, int) and not isinstance(value, bool),
        "number": isinstance(value, int | float) and not isinstance(value, bool),
        "boolean": isinstance(value, bool),
    }.get(shape.type, True)
    return "" if right else f"expected {shape.type}, found {_kind(value)}"


def _kind(value: Any) -> str:
    names = {dict: "a mapping", list: "a list", str: "a string", bool: "a boolean", int: "a number", float: "a number"}
    return names.get(type(value), type(value).__name__)


def removed_apis(survey: Survey) -> Iterator[Finding]:
    for unit, obj in survey.objects():
        gone = REMOVED.get((str(obj.get("apiVersion")), str(obj.get("kind"))))
        if gone:
            release, instead = gone
            yield Finding.at(
                "api-removed",
                unit.place,
                f"{ObjectRef.of(obj)}: {obj['apiVersion']} is not served since Kubernetes {release}",
                unit=str(unit.key),
                hint=f"use {instead}" if instead else "",
            )


def unknown_kinds(survey: Survey) -> Iterator[Finding]:
    schemas, defined = builtin(), _defined(survey)
    groups = {known.group for known in schemas.gvks()}
    for unit, obj in survey.objects():
        gvk = GroupVersionKind.of(obj)
        known = schemas.lookup(gvk) is not None or (gvk.group, gvk.kind) in defined
        if not known and gvk.group in groups and (gvk.api_version, gvk.kind) not in REMOVED:
            yield Finding.at(
                "kind-unknown",
                unit.place,
                f"{ObjectRef.of(obj)}: there is no kind {gvk.kind} in {gvk.api_version}",
                unit=str(unit.key),
            )


def _defined(survey: Survey) -> set[tuple[str, str]]:
    found = set()
    for obj in [d.object for d in survey.documents] + [o for _, o in survey.objects()]:
        if obj.get("kind") == "CustomResourceDefinition" and isinstance(obj.get("spec"), dict):
            spec = obj["spec"]
            found.add((str(spec.get("group")), str((spec.get("names") or {}).get("kind"))))
    return found


def plain_secrets(survey: Survey) -> Iterator[Finding]:
    for document in survey.documents:
        obj = document.object
        if obj["kind"] != "Secret" or obj["apiVersion"] != "v1" or "sops" in obj:
            continue
        filled = {**(obj.get("data") or {}), **(obj.get("stringData") or {})}
        if any(_secretive(v) for v in filled.values()):
            yield Finding.at(
                "secret-in-plain-text",
                document.place,
                f"Secret {obj['metadata']['name']} has its values in Git as plain text",
                hint="encrypt it with sops, or make it with a SealedSecret or an ExternalSecret",
            )


def _secretive(value: Any) -> bool:
    """Whether a value is one: not empty, and no variable that post-build substitution fills in."""
    text = str(value or "").strip()
    return bool(text) and not re.fullmatch(r"\$\{[^}]+\}", text)


def floating_images(survey: Survey) -> Iterator[Finding]:
    for unit, obj in survey.objects():
        for image in sorted(set(_images(obj))):
            tag = image.rpartition("/")[2].partition(":")[2]
            if "@" not in image and tag in ("", "latest"):
                why = "has no tag" if not tag else "is tagged latest"
                yield Finding.at(
                    "image-floating",
                    unit.place,
                    f"{ObjectRef.of(obj)}: image {image} {why}: what runs can change without a commit",
                    unit=str(unit.key),
                )


def _images(obj: Manifest) -> Iterator[str]:
    spec = pod_spec(obj) or {}
    for field in ("initContainers", "containers"):
        for container in spec.get(field) or ():
            if isinstance(container, dict) and isinstance(container.get("image"), str):
                yield container["image"]


_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_FREE_NAMES = {
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "APIService",
    "Event",
    "CertificateSigningRequest",
}


def names(survey: Survey) -> Iterator[Finding]:
    for unit, obj in survey.objects():
        name = str(obj["metadata"].get("name") or "")
        if obj["kind"] not in _FREE_NAMES and (len(name) > 253 or not _SUBDOMAIN.fullmatch(name)):
            yield _bad_name(unit, obj, name)


def _bad_name(unit: Unit, obj: Manifest, name: str) -> Finding:
    hint = "a variable was not substituted" if "${" in name else ""
    return Finding.at(
        "name-invalid",
        unit.place,
        f"{obj['kind']} {name!r}: a name is made of lower case letters, digits, '-' and '.'",
        unit=str(unit.key),
        hint=hint,
    )

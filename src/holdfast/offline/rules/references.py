"""Rules about what objects name in each other: namespaces, configuration, accounts, claims, classes, stores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from holdfast.kube.refs import GroupVersionKind, Manifest
from holdfast.offline.findings import Finding
from holdfast.offline.implied import IMPLIED
from holdfast.offline.rules.index import (
    Index,
    Key,
    annotations_of,
    containers,
    mapping,
    mappings,
    name_of,
    namespace_of,
    near,
    pod_spec,
    spec_of,
    template_path,
)
from holdfast.offline.scopes import is_namespaced
from holdfast.offline.unit import Survey, values_of

_ALWAYS = {"default", "kube-system", "kube-public", "kube-node-lease", "flux-system", ""}


def unset_namespaces(survey: Survey) -> Iterator[Finding]:
    """Flux gives nothing a namespace: an object without one is refused."""
    index = Index.of(survey)
    definitions = list(index.definitions.values())
    for unit, obj in index.objects:
        known = index.builtin.lookup(GroupVersionKind.of(obj)) is not None
        if (
            unit.key.kind != "Kustomization"
            or unit.loose
            or IMPLIED in annotations_of(unit.object)  # whoever delivers it may say where
            or namespace_of(obj)
            or not known
            or obj["kind"].endswith("List")
        ):
            continue
        if is_namespaced(obj, definitions):
            hint = "say metadata.namespace, the kustomization's namespace, or the unit's targetNamespace"
            yield index.finding("namespace-unset", unit, obj, "has no namespace", "metadata", hint=hint)


def missing_namespaces(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    made = _ALWAYS | set(index.names("Namespace")) | set(_created(survey))
    definitions = list(index.definitions.values())
    told = set()
    for unit, obj in index.objects:
        namespace = namespace_of(obj)
        if namespace in made or (unit.key, namespace) in told or index.hidden or not is_namespaced(obj, definitions):
            continue
        told.add((unit.key, namespace))
        text = f"is in namespace {namespace}, which no unit of this repository makes"
        hint = near(namespace, made)
        yield index.finding("namespace-missing", unit, obj, text, "metadata", "namespace", hint=hint)


def _created(survey: Survey) -> Iterator[str]:
    """Namespaces that releases make for themselves, and those of a broken unit's files."""
    for unit in survey.units.values():
        options = mapping(unit.spec.get("syncPolicy")).get("syncOptions") or ()
        if "CreateNamespace=true" in [str(o) for o in options]:
            yield str(mapping(unit.spec.get("destination")).get("namespace") or "")
        if mapping(unit.spec.get("install")).get("createNamespace"):
            yield str(unit.spec.get("targetNamespace") or unit.key.namespace)
    if Index.of(survey).broken:
        yield from (name_of(d.object) for d in survey.documents if d.object["kind"] == "Namespace")


# -- ConfigMaps and Secrets --------------------------------------------------------------------------------------------

Reference = tuple[tuple[Key, ...], str, str, str]
"""Where, kind, name, key ("" where the whole object is meant)."""


def missing_values(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit, obj in index.objects:
        namespace = namespace_of(obj)
        told = set()
        for path, kind, name, _ in _wanted(obj):
            if (kind, name) in told or not name or "${" in name or _there(index, kind, namespace, name):
                continue
            told.add((kind, name))
            text = f"needs {kind} {name}, which no unit of this repository makes"
            yield index.finding("reference-missing", unit, obj, text, *path, hint=_hint(index, kind, namespace, name))


_EVERYWHERE = {
    *("kube-root-ca.crt", "istio-ca-root-cert", "linkerd-identity-trust-roots", "openshift-service-ca.crt"),
}
"""ConfigMaps that something in the cluster puts into every namespace."""


def _there(index: Index, kind: str, namespace: str, name: str) -> bool:
    if name in _EVERYWHERE or index.exists(kind, namespace, name) or index.unknown(namespace):
        return True
    return kind == "Secret" and (index.secret(namespace, name) or index.operated(namespace, name))


def _hint(index: Index, kind: str, namespace: str, name: str) -> str:
    hashed = next((n for n in index.names(kind, namespace) if n.startswith(name + "-")), "")
    if hashed:
        return (
            f"{hashed} has a hash in its name: refer to it by the name its generator gives, in the same kustomization"
        )
    elsewhere = [ns for k, ns, n in index.known if k == kind and n == name]
    if elsewhere:
        return f"there is one in namespace {elsewhere[0]}"
    return near(name, index.names(kind, namespace))


def missing_keys(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit, obj in index.objects:
        for path, kind, name, key in _wanted(obj):
            found = index.get(kind, namespace_of(obj), name) if key else None
            if found is None or key in values_of(found) or key in mapping(found.get("binaryData")):
                continue
            if not values_of(found) and not found.get("binaryData") and kind == "Secret":
                continue  # filled by somebody else
            text = f"needs key {key} of {kind} {name}, which has no such key"
            hint = near(key, values_of(found))
            yield index.finding("reference-key-missing", unit, obj, text, *path, hint=hint)


def _wanted(obj: Manifest) -> Iterator[Reference]:
    """What a workload's pods cannot start without."""
    head = template_path(obj)
    if head is None:
        return
    for number, volume in mappings(pod_spec(obj).get("volumes")):
        yield from _of_volume((*head, "spec", "volumes", number), volume)
    for path, container in containers(obj):
        yield from _of_container(path, container)


def _of_volume(path: tuple[Key, ...], volume: Mapping[str, Any]) -> Iterator[Reference]:
    for field, kind, key in (("configMap", "ConfigMap", "name"), ("secret", "Secret", "secretName")):
        source = mapping(volume.get(field))
        if source.get(key) and not source.get("optional"):
            yield from _with_items((*path, field), kind, str(source[key]), source)
    for number, part in mappings(mapping(volume.get("projected")).get("sources")):
        for field, kind in (("configMap", "ConfigMap"), ("secret", "Secret")):
            source = mapping(part.get(field))
            if source.get("name") and not source.get("optional"):
                yield from _with_items((*path, "projected", "sources", number), kind, str(source["name"]), source)


def _with_items(path: tuple[Key, ...], kind: str, name: str, source: Mapping[str, Any]) -> Iterator[Reference]:
    yield path, kind, name, ""
    for number, item in mappings(source.get("items")):
        if item.get("key"):
            yield (*path, "items", number), kind, name, str(item["key"])


def _of_container(path: tuple[Key, ...], container: Mapping[str, Any]) -> Iterator[Reference]:
    for number, entry in mappings(container.get("envFrom")):
        for field, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
            source = mapping(entry.get(field))
            if source.get("name") and not source.get("optional"):
                yield (*path, "envFrom", number), kind, str(source["name"]), ""
    for number, variable in mappings(container.get("env")):
        source = mapping(variable.get("valueFrom"))
        for field, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
            ref = mapping(source.get(field))
            if ref.get("name") and not ref.get("optional"):
                yield (*path, "env", number), kind, str(ref["name"]), str(ref.get("key") or "")


def missing_pull_secrets(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit, obj in index.objects:
        head, namespace = template_path(obj) or (), namespace_of(obj)
        for number, entry in mappings(pod_spec(obj).get("imagePullSecrets")):
            name = str(entry.get("name") or "")
            if name and not _there(index, "Secret", namespace, name):
                text = f"pulls its images with Secret {name}, which no unit of this repository makes"
                yield index.finding("pull-secret-missing", unit, obj, text, *head, "spec", "imagePullSecrets", number)


# -- accounts, claims, classes -----------------------------------------------------------------------------------------


def missing_accounts(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit, obj in index.objects:
        name, namespace = str(pod_spec(obj).get("serviceAccountName") or ""), namespace_of(obj)
        if name and name != "default" and not _account(index, namespace, name):
            text = f"runs as ServiceAccount {name}, which no unit of this repository makes"
            path = (*(template_path(obj) or ()), "spec", "serviceAccountName")
            hint = near(name, index.names("ServiceAccount", namespace))
            yield index.finding("service-account-missing", unit, obj, text, *path, hint=hint)


def _account(index: Index, namespace: str, name: str) -> bool:
    known = (
        index.exists("ServiceAccount", namespace, name) or index.unknown(namespace) or index.operated(namespace, name)
    )
    return known or name == "default" or namespace == "kube-system"


def missing_unit_accounts(survey: Survey) -> Iterator[Finding]:
    """A unit that acts as an account which nobody makes is refused everything."""
    index = Index.of(survey)
    for unit in survey.units.values():
        name, namespace = str(unit.spec.get("serviceAccountName") or ""), unit.key.namespace
        flux = namespace == "flux-system" and name in ("kustomize-controller", "helm-controller")
        if name and not flux and not _account(index, namespace, name):
            text = f"acts as ServiceAccount {namespace}/{name}, which no unit of this repository makes"
            hint = near(name, index.names("ServiceAccount", namespace))
            yield index.about("unit-account-missing", unit, text, "spec", "serviceAccountName", hint=hint)


def missing_claims(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit, obj in index.objects:
        head, namespace = template_path(obj) or (), namespace_of(obj)
        for number, volume in mappings(pod_spec(obj).get("volumes")):
            name = str(mapping(volume.get("persistentVolumeClaim")).get("claimName") or "")
            if not name or "${" in name or index.unknown(namespace) or index.operated(namespace, name):
                continue
            if not index.exists("PersistentVolumeClaim", namespace, name) and not _of_set(index, namespace, name):
                text = f"mounts PersistentVolumeClaim {name}, which no unit of this repository makes"
                hint = near(name, index.names("PersistentVolumeClaim", namespace))
                yield index.finding("claim-missing", unit, obj, text, *head, "spec", "volumes", number, hint=hint)


def _of_set(index: Index, namespace: str, name: str) -> bool:
    """Claims that a StatefulSet makes for its pods."""
    for _, obj in index.each("StatefulSet"):
        for _, claim in mappings(spec_of(obj).get("volumeClaimTemplates")):
            stem = f"{mapping(claim.get('metadata')).get('name')}-{name_of(obj)}-"
            if namespace_of(obj) == namespace and name.startswith(stem):
                return True
    return False


def missing_classes(survey: Survey) -> Iterator[Finding]:
    """Priority and runtime classes, which a pod cannot be made without."""
    index = Index.of(survey)
    for unit, obj in index.objects:
        head, spec = template_path(obj) or (), pod_spec(obj)
        for field, kind in (("priorityClassName", "PriorityClass"), ("runtimeClassName", "RuntimeClass")):
            name = str(spec.get(field) or "")
            told = name and not name.startswith("system-") and "${" not in name and not index.incomplete
            if told and name not in index.names(kind):
                text = f"names {kind} {name}, which no unit of this repository makes"
                hint = near(name, index.names(kind))
                yield index.finding("class-missing", unit, obj, text, *head, "spec", field, hint=hint)


# -- issuers, stores ---------------------------------------------------------------------------------------------------


def missing_issuers(survey: Survey) -> Iterator[Finding]:
    """cert-manager's issuers and external-secrets' stores, where the repository makes others of them."""
    index = Index.of(survey)
    for unit, obj in index.objects:
        for path, kind, name in _operators_references(obj):
            cluster = kind.startswith("Cluster")
            namespace = "" if cluster else namespace_of(obj)
            unknown = index.incomplete if cluster else index.unknown(namespace)
            if name and "${" not in name and not index.exists(kind, namespace, name) and not unknown:
                text = f"names {kind} {name}, which no unit of this repository makes"
                hint = near(name, index.names(kind))
                yield index.finding("issuer-missing", unit, obj, text, *path, hint=hint)


_ANNOTATIONS = {"cert-manager.io/cluster-issuer": "ClusterIssuer", "cert-manager.io/issuer": "Issuer"}


def _operators_references(obj: Manifest) -> Iterator[tuple[tuple[Key, ...], str, str]]:
    spec, group = spec_of(obj), GroupVersionKind.of(obj).group
    if obj["kind"] == "Certificate" and group == "cert-manager.io":
        ref = mapping(spec.get("issuerRef"))
        if str(ref.get("group") or "cert-manager.io") == "cert-manager.io":
            yield ("spec", "issuerRef"), str(ref.get("kind") or "Issuer"), str(ref.get("name") or "")
    if obj["kind"] == "ExternalSecret" and group == "external-secrets.io":
        ref = mapping(spec.get("secretStoreRef"))
        yield ("spec", "secretStoreRef"), str(ref.get("kind") or "SecretStore"), str(ref.get("name") or "")
    if obj["kind"] in ("Ingress", "Gateway"):
        for key, kind in _ANNOTATIONS.items():
            if annotations_of(obj).get(key):
                yield ("metadata", "annotations", key), kind, str(annotations_of(obj)[key])

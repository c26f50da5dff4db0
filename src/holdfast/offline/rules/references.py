"""Rules about what objects name in each other."""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube.refs import Manifest, ObjectRef
from holdfast.offline.findings import Finding
from holdfast.offline.rules.objects import pod_spec
from holdfast.offline.survey import Survey

_ALWAYS = {"default", "kube-system", "kube-public", "kube-node-lease", "flux-system", ""}
_CLUSTER_KINDS = {
    "Namespace",
    "Node",
    "PersistentVolume",
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "StorageClass",
    "IngressClass",
    "PriorityClass",
    "RuntimeClass",
    "ClusterIssuer",
    "GatewayClass",
}


def missing_namespaces(survey: Survey) -> Iterator[Finding]:
    made = {str(o["metadata"]["name"]) for _, o in survey.objects() if o["kind"] == "Namespace"}
    told = set()
    for unit, obj in survey.objects():
        namespace = str(obj["metadata"].get("namespace") or "")
        if obj["kind"] in _CLUSTER_KINDS or namespace in _ALWAYS | made or (unit.key, namespace) in told:
            continue
        told.add((unit.key, namespace))
        yield Finding.at(
            "namespace-missing",
            unit.place,
            f"{ObjectRef.of(obj)} is in namespace {namespace}, which no unit of this repository makes",
            unit=str(unit.key),
        )


def missing_values(survey: Survey) -> Iterator[Finding]:
    known = _known(survey)
    for unit, obj in survey.objects():
        namespace = str(obj["metadata"].get("namespace") or "")
        for kind, name in sorted(set(_wanted(pod_spec(obj) or {}))):
            if (kind, namespace, name) not in known and not _made_elsewhere(survey, kind, namespace, name):
                near = _hashed(known, kind, namespace, name)
                yield Finding.at(
                    "reference-missing",
                    unit.place,
                    f"{ObjectRef.of(obj)} needs {kind} {name}, which no unit of this repository makes",
                    unit=str(unit.key),
                    hint=f"{near} has a hash in its name: refer to it by the name its generator gives" if near else "",
                )


def _known(survey: Survey) -> set[tuple[str, str, str]]:
    found = set()
    for _, obj in survey.objects():
        meta = obj["metadata"]
        found.add((str(obj["kind"]), str(meta.get("namespace") or ""), str(meta["name"])))
    return found


def _hashed(known: set[tuple[str, str, str]], kind: str, namespace: str, name: str) -> str:
    found = (n for k, ns, n in known if k == kind and ns == namespace and n.startswith(name + "-"))
    return next(found, "")


def _made_elsewhere(survey: Survey, kind: str, namespace: str, name: str) -> bool:
    """Secrets that something in the cluster makes: certificates, sealed and external secrets."""
    if name == "kube-root-ca.crt":
        return True
    for _, obj in survey.objects():
        if str(obj["metadata"].get("namespace") or "") != namespace or kind != "Secret":
            continue
        spec = obj.get("spec") if isinstance(obj.get("spec"), dict) else {}
        assert isinstance(spec, dict)
        made = {
            "Certificate": spec.get("secretName"),
            "SealedSecret": obj["metadata"]["name"],
            "ExternalSecret": (spec.get("target") or {}).get("name") or obj["metadata"]["name"],
        }.get(str(obj["kind"]))
        if made == name:
            return True
    return False


def _wanted(spec: Manifest) -> Iterator[tuple[str, str]]:
    """What a pod cannot start without."""
    for volume in spec.get("volumes") or ():
        source = volume.get("configMap") or {}
        if source.get("name") and not source.get("optional"):
            yield "ConfigMap", str(source["name"])
        secret = volume.get("secret") or {}
        if secret.get("secretName") and not secret.get("optional"):
            yield "Secret", str(secret["secretName"])
    for field in ("initContainers", "containers"):
        for container in spec.get(field) or ():
            yield from _wanted_by(container)


def _wanted_by(container: Manifest) -> Iterator[tuple[str, str]]:
    references = [(e.get("configMapRef"), e.get("secretRef")) for e in container.get("envFrom") or ()]
    for variable in container.get("env") or ():
        source = variable.get("valueFrom") or {}
        references.append((source.get("configMapKeyRef"), source.get("secretKeyRef")))
    for config_map, secret in references:
        for kind, reference in (("ConfigMap", config_map), ("Secret", secret)):
            if isinstance(reference, dict) and reference.get("name") and not reference.get("optional"):
                yield kind, str(reference["name"])


def missing_accounts(survey: Survey) -> Iterator[Finding]:
    known = _known(survey)
    for unit, obj in survey.objects():
        name = (pod_spec(obj) or {}).get("serviceAccountName")
        namespace = str(obj["metadata"].get("namespace") or "")
        if name and name != "default" and ("ServiceAccount", namespace, name) not in known:
            yield Finding.at(
                "service-account-missing",
                unit.place,
                f"{ObjectRef.of(obj)} runs as ServiceAccount {name}, which no unit of this repository makes",
                unit=str(unit.key),
            )


def _template_labels(obj: Manifest) -> Manifest | None:
    spec = obj.get("spec")
    if obj["kind"] == "Pod":
        return obj["metadata"].get("labels") or {}
    if pod_spec(obj) is None or obj["kind"] == "CronJob" or not isinstance(spec, dict):
        return None
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels")
    return labels if isinstance(labels, dict) else {}


def idle_services(survey: Survey) -> Iterator[Finding]:
    pods: dict[str, list[Manifest]] = {}
    foreign = set()
    for _, obj in survey.objects():
        namespace = str(obj["metadata"].get("namespace") or "")
        labels = _template_labels(obj)
        if labels is not None:
            pods.setdefault(namespace, []).append(labels)
        elif obj["kind"] == "HelmRelease" or "." in str(obj["apiVersion"]).partition("/")[0].removesuffix(".k8s.io"):
            foreign.add(namespace)  # an operator or a chart may make the pods
    for unit, obj in survey.objects():
        selector = (obj.get("spec") or {}).get("selector") if obj["kind"] == "Service" else None
        namespace = str(obj["metadata"].get("namespace") or "")
        if not isinstance(selector, dict) or not selector or namespace in foreign:
            continue
        if not any(selector.items() <= labels.items() for labels in pods.get(namespace, ())):
            wanted = ", ".join(f"{k}={v}" for k, v in selector.items())
            yield Finding.at(
                "service-without-pods",
                unit.place,
                f"{ObjectRef.of(obj)} selects {wanted}, which no pod of this repository has",
                unit=str(unit.key),
            )


def mismatched_selectors(survey: Survey) -> Iterator[Finding]:
    for unit, obj in survey.objects():
        labels = _template_labels(obj)
        spec = obj.get("spec")
        if labels is None or not isinstance(spec, dict) or obj["kind"] in ("Pod", "Job", "ReplicationController"):
            continue
        wanted = (spec.get("selector") or {}).get("matchLabels") or {}
        if not wanted.items() <= labels.items():
            text = ", ".join(f"{k}={v}" for k, v in wanted.items() if labels.get(k) != v)
            yield Finding.at(
                "selector-mismatch",
                unit.place,
                f"{ObjectRef.of(obj)} selects {text}, which its own pod template does not have",
                unit=str(unit.key),
            )

"""Rules about workloads: selectors, containers, probes, volumes, images, schedules, disruption and scaling."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from holdfast.kube.quantity import QuantityError, parse
from holdfast.kube.refs import Manifest, ObjectRef
from holdfast.offline.findings import Finding
from holdfast.offline.rules.index import (
    Index,
    Key,
    annotations_of,
    containers,
    labels_of_pods,
    mapping,
    mappings,
    name_of,
    namespace_of,
    near,
    pod_spec,
    selects,
    spec_of,
    template_path,
    values_in,
)
from holdfast.offline.unit import Survey, Unit

_SELECTING = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")


def mismatched_selectors(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit, obj in index.each(*_SELECTING):
        labels = labels_of_pods(obj) or {}
        wanted = mapping(mapping(spec_of(obj).get("selector")).get("matchLabels"))
        wrong = {k: v for k, v in wanted.items() if labels.get(k) != v}
        if wrong:
            text = f"selects {_pairs(wrong)}, which its own pod template does not have"
            yield index.finding("selector-mismatch", unit, obj, text, "spec", "selector", "matchLabels")


def _pairs(labels: Mapping[str, Any]) -> str:
    return ", ".join(f"{k}={v}" for k, v in labels.items())


def overlapping_selectors(survey: Survey) -> Iterator[Finding]:
    """Workloads of one namespace that would count each other's pods as their own."""
    index = Index.of(survey)
    seen: dict[tuple[str, str, str], ObjectRef] = {}
    for unit, obj in index.each("Deployment", "StatefulSet", "DaemonSet"):
        selector = mapping(spec_of(obj).get("selector"))
        wanted = mapping(selector.get("matchLabels"))
        if not wanted or selector.get("matchExpressions"):
            continue
        other = seen.setdefault((obj["kind"], namespace_of(obj), str(sorted(wanted.items()))), ObjectRef.of(obj))
        if other != ObjectRef.of(obj):
            text = f"selects {_pairs(wanted)}, and so does {other}: they would take each other's pods"
            yield index.finding("selector-overlap", unit, obj, text, "spec", "selector", "matchLabels")


# -- containers --------------------------------------------------------------------------------------------------------


def duplicate_names(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit, obj in index.objects:
        path, spec = template_path(obj), pod_spec(obj)
        everyone = [c for _, c in containers(obj)]
        for name in _twice(everyone, "name"):
            text = f"has two containers named {name}"
            yield index.finding("duplicate-in-pod", unit, obj, text, *(path or ()), "spec", "containers")
        for name in _twice([v for _, v in mappings(spec.get("volumes"))], "name"):
            text = f"has two volumes named {name}"
            yield index.finding("duplicate-in-pod", unit, obj, text, *(path or ()), "spec", "volumes")
        for where, container in containers(obj):
            for field, what in (("env", "variable"), ("ports", "port"), ("volumeMounts", "mount")):
                key = "mountPath" if field == "volumeMounts" else "name"
                for name in _twice([v for _, v in mappings(container.get(field))], key):
                    text = f"has two {what}s {name} in container {container.get('name')}: the first one is lost"
                    if field != "env":
                        text = f"has two {what}s {name} in container {container.get('name')}"
                    yield index.finding("duplicate-in-pod", unit, obj, text, *where, field)


def _twice(items: list[dict[str, Any]], key: str) -> list[str]:
    count = Counter(str(i[key]) for i in items if i.get(key))
    return [name for name, number in count.items() if number > 1]


def mounts(survey: Survey) -> Iterator[Finding]:
    """Mounts of volumes that the pod does not have."""
    index = Index.of(survey)
    for unit, obj in index.objects:
        volumes = {str(v.get("name")) for _, v in mappings(pod_spec(obj).get("volumes"))}
        if obj["kind"] == "StatefulSet":
            claims = mappings(spec_of(obj).get("volumeClaimTemplates"))
            volumes |= {str(mapping(c.get("metadata")).get("name")) for _, c in claims}
        for path, container in containers(obj):
            for number, mount in mappings(container.get("volumeMounts")):
                name = str(mount.get("name"))
                if name not in volumes:
                    text = f"mounts volume {name} in container {container.get('name')}, which the pod does not have"
                    where = (*path, "volumeMounts", number)
                    yield index.finding("mount-missing", unit, obj, text, *where, hint=near(name, volumes))


def probes(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit, obj in index.objects:
        for path, container in containers(obj):
            ports = [p for _, p in mappings(container.get("ports"))]
            if str(container.get("name")).endswith("-proxy"):
                continue  # a mesh fills those in
            for field in ("livenessProbe", "readinessProbe", "startupProbe"):
                problem = _probe_problem(mapping(container.get(field)), ports)
                if problem:
                    text = f"has a {field} on {problem} in container {container.get('name')}"
                    yield index.finding("probe-port-missing", unit, obj, text, *path, field)


def _probe_problem(probe: Mapping[str, Any], ports: list[dict[str, Any]]) -> str:
    for way in ("httpGet", "tcpSocket"):
        port = mapping(probe.get(way)).get("port")
        if isinstance(port, str) and not port.isdigit() and "${" not in port:
            if port not in {str(p.get("name")) for p in ports}:
                return f"port {port}, which has no such name"
        elif isinstance(port, int) and ports and port not in {p.get("containerPort") for p in ports}:
            return f"port {port}, which is none of its ports"
    return ""


def resources(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit, obj in index.objects:
        for path, container in containers(obj):
            found = mapping(container.get("resources"))
            limits = mapping(found.get("limits"))
            for name, value in mapping(found.get("requests")).items():
                if name in limits and _more(value, limits[name]):
                    text = f"requests more {name} ({value}) than its limit ({limits[name]}) in container {container.get('name')}"
                    yield index.finding(
                        "request-over-limit", unit, obj, text, *path, "resources", "requests", str(name)
                    )


def _more(a: Any, b: Any) -> bool:
    try:
        return parse(str(b)) < parse(str(a))
    except QuantityError:
        return False


_BYTES = re.compile(r"[1-9]\d*m?")


def memory_units(survey: Survey) -> Iterator[Finding]:
    """Memory in bytes or thousandths of them: an M or Mi was meant."""
    index = Index.of(survey)
    for unit, obj in index.objects:
        for path, container in containers(obj):
            for field in ("requests", "limits"):
                memory = str(mapping(mapping(container.get("resources")).get(field)).get("memory") or "")
                if _BYTES.fullmatch(memory) and _more("1Mi", memory):
                    text = f"gives container {container.get('name')} {memory} of memory, which is less than 1Mi"
                    hint = f"did you mean {memory.rstrip('m')}Mi?"
                    where = (*path, "resources", field, "memory")
                    yield index.finding("memory-unit", unit, obj, text, *where, hint=hint)


# -- images ------------------------------------------------------------------------------------------------------------

_IMAGE = re.compile(
    r"([a-zA-Z0-9.-]+(:[0-9]+)?/)?[a-z0-9]+((\.|_|__|-+|/)[a-z0-9]+)*(:[\w][\w.-]{0,127})?(@sha256:[0-9a-f]{64})?"
)


_MOVING = ("latest", "main", "master", "stable", "edge", "nightly", "dev", "develop", "rolling", "canary", "unstable")
"""Tags that are put on another image from time to time."""


def floating_images(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit, obj in index.each("HelmRelease"):
        for where, image in _of_values(spec_of(obj).get("values"), ("spec", "values")):
            text = f"runs image {image}: what runs can change without a commit"
            yield index.finding("image-floating", unit, obj, text, *where)
    for unit, obj in index.objects:
        for path, container in containers(obj):
            image = str(container.get("image") or "")
            tag = image.rpartition("/")[2].partition(":")[2]
            if image and "@" not in image and "${" not in image and tag in ("", *_MOVING):
                why = f"is tagged {tag}" if tag else "has no tag"
                text = f"runs image {image}, which {why}: what runs can change without a commit"
                yield index.finding("image-floating", unit, obj, text, *path, "image")


def _of_values(value: Any, path: tuple[Key, ...]) -> Iterator[tuple[tuple[Key, ...], str]]:
    """Images in a release's values, as nearly every chart takes them: repository and tag."""
    if isinstance(value, dict):
        name, tag = value.get("repository"), value.get("tag")
        if isinstance(name, str) and tag in _MOVING and not value.get("digest"):
            yield (*path, "tag"), f"{name}:{tag}"
        for key, item in value.items():
            yield from _of_values(item, (*path, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _of_values(item, (*path, number))


_TRIGGERS = "image.openshift.io/triggers"
"""What fills a blank image in, in an OpenShift cluster."""


def invalid_images(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit, obj in index.objects:
        for path, container in containers(obj):
            image = container.get("image")
            if image is None or image == "":
                text = f"has no image in container {container.get('name')}"
                yield index.finding("image-invalid", unit, obj, text, *path)
            elif isinstance(image, str) and not image.strip() and _TRIGGERS in annotations_of(obj):
                continue
            elif isinstance(image, str) and "${" not in image and not _IMAGE.fullmatch(image):
                text = f"runs image {image!r}, which is no name of an image"
                yield index.finding("image-invalid", unit, obj, text, *path, "image")


# -- jobs --------------------------------------------------------------------------------------------------------------


def restart_policies(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit, obj in index.objects:
        path, policy = template_path(obj), pod_spec(obj).get("restartPolicy")
        if path is None or obj["kind"] == "Pod" or not pod_spec(obj):
            continue
        job = obj["kind"] in ("Job", "CronJob")
        where = (*path, "spec", *(("restartPolicy",) if policy else ()))
        if job and policy not in ("Never", "OnFailure"):
            text = f"has restartPolicy {policy or 'Always (the default)'}, and a {obj['kind']} takes Never or OnFailure"
            yield index.finding("restart-policy-invalid", unit, obj, text, *where)
        elif not job and policy not in (None, "Always"):
            text = f"has restartPolicy {policy}, and a {obj['kind']} takes only Always"
            yield index.finding("restart-policy-invalid", unit, obj, text, *where)


def schedules(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit, obj in index.each("CronJob"):
        schedule = spec_of(obj).get("schedule")
        if isinstance(schedule, str) and "${" not in schedule and not _is_schedule(schedule):
            text = f"has a schedule that is none: {schedule!r} (minute hour day month weekday)"
            yield index.finding("schedule-invalid", unit, obj, text, "spec", "schedule")


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_RANGES = ((0, 59, ()), (0, 23, ()), (1, 31, ()), (1, 12, _MONTHS), (0, 7, _DAYS))
_SHORT = {"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"}


def _is_schedule(text: str) -> bool:
    if text in _SHORT or text.startswith("@every "):
        return True
    parts = re.sub(r"^(TZ|CRON_TZ)=\S+\s+", "", text).split()
    return len(parts) == 5 and all(_fits(p, *r) for p, r in zip(parts, _RANGES, strict=True))


def _fits(part: str, low: int, high: int, words: tuple[str, ...]) -> bool:
    for item in part.split(","):
        span, slash, step = item.partition("/")
        if slash and not step.isdigit():
            return False
        if span in ("*", "?"):
            continue
        for end in span.split("-"):
            if end.lower() in words:
                continue
            if not end.isdigit() or not low <= int(end) <= high:
                return False
    return True


def immutable_jobs(survey: Survey) -> Iterator[Finding]:
    """Jobs of a Kustomization whose next change the API server would refuse."""
    index = Index.of(survey)
    for unit, obj in index.each("Job"):
        if unit.delivery is None or unit.delivery.policy.force:
            continue
        marks = {k.partition("/")[2] for k in annotations_of(obj) if k.startswith("kustomize.toolkit.fluxcd.io/")}
        if {"argocd.argoproj.io/hook", "helm.sh/hook"} & annotations_of(obj).keys():
            continue
        if not marks & {"force", "ssa"}:
            yield index.finding(
                "job-immutable",
                unit,
                obj,
                "is immutable once it is there: the next change of its pod stops the whole unit",
                hint="annotate it with kustomize.toolkit.fluxcd.io/force: enabled, or set spec.force on the unit",
            )


# -- disruption and scaling ----------------------------------------------------------------------------------------------


def missing_targets(survey: Survey) -> Iterator[Finding]:
    return (f for f in _autoscalers(survey) if f.rule == "scale-target-missing")


def invalid_autoscalers(survey: Survey) -> Iterator[Finding]:
    return (f for f in _autoscalers(survey) if f.rule == "autoscaler-invalid")


def scaled_replicas(survey: Survey) -> Iterator[Finding]:
    return (f for f in _autoscalers(survey) if f.rule == "replicas-with-autoscaler")


def _autoscalers(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit, obj in index.each("HorizontalPodAutoscaler", "ScaledObject", "VerticalPodAutoscaler"):
        spec, namespace = spec_of(obj), namespace_of(obj)
        field = "targetRef" if obj["kind"] == "VerticalPodAutoscaler" else "scaleTargetRef"
        target = mapping(spec.get(field))
        kind, name = str(target.get("kind") or "Deployment"), str(target.get("name") or "")
        if not name or "${" in name:
            continue
        found = index.get(kind, namespace, name)
        if found is None and not index.unknown(namespace) and not index.exists(kind, namespace, name):
            if kind in _SELECTING:
                text = f"scales {kind} {name}, which no unit of this repository makes"
                hint = near(name, index.names(kind, namespace))
                yield index.finding("scale-target-missing", unit, obj, text, "spec", field, hint=hint)
        elif found is not None and obj["kind"] != "VerticalPodAutoscaler":
            yield from _scaled(index, unit, obj, found)


def _scaled(index: Index, unit: Unit, obj: Manifest, target: Manifest) -> Iterator[Finding]:
    if "replicas" in spec_of(target):
        (owner, _), *_ = index.known[(target["kind"], namespace_of(target), name_of(target))]
        text = f"says spec.replicas, which {ObjectRef.of(obj)} changes: each reconcile takes it back"
        hint = "leave replicas out where something scales"
        yield index.finding("replicas-with-autoscaler", owner, target, text, "spec", "replicas", hint=hint)
    spec = spec_of(obj)
    least, most = spec.get("minReplicas"), spec.get("maxReplicas")
    if isinstance(least, int) and isinstance(most, int) and least > most:
        text = f"has minReplicas {least}, which is more than maxReplicas {most}"
        yield index.finding("autoscaler-invalid", unit, obj, text, "spec", "minReplicas")
    for number, metric in mappings(spec.get("metrics")):
        resource = mapping(metric.get("resource"))
        if mapping(resource.get("target")).get("type") == "Utilization" and not _requested(target, resource):
            text = f"looks at the use of {resource.get('name')}, which {ObjectRef.of(target)} does not request"
            yield index.finding("autoscaler-invalid", unit, obj, text, "spec", "metrics", number)


def _requested(target: Manifest, resource: Mapping[str, Any]) -> bool:
    asked = [mapping(c.get("resources")) for p, c in containers(target) if "initContainers" not in p]
    return all(resource.get("name") in {**mapping(r.get("limits")), **mapping(r.get("requests"))} for r in asked)


def idle_budgets(survey: Survey) -> Iterator[Finding]:
    return (f for f in _budgets(survey) if f.rule == "budget-without-pods")


def blocking_budgets(survey: Survey) -> Iterator[Finding]:
    return (f for f in _budgets(survey) if f.rule == "budget-blocks")


def _budgets(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit, obj in index.each("PodDisruptionBudget"):
        namespace, spec = namespace_of(obj), spec_of(obj)
        selector = mapping(spec.get("selector"))
        mine = [o for _, o in index.objects if _selected(o, namespace, selector)]
        if (
            not mine
            and selector
            and not index.unknown(namespace)
            and not index.operated(namespace, *values_in(selector))
        ):
            text = "protects no pods: nothing in its namespace has the labels it selects"
            yield index.finding("budget-without-pods", unit, obj, text, "spec", "selector")
        replicas = sum(
            int(spec_of(o).get("replicas", 1)) for o in mine if isinstance(spec_of(o).get("replicas", 1), int)
        )
        field = _blocking(spec, replicas) if mine and not any(o["kind"] == "DaemonSet" for o in mine) else ""
        if field:
            text = f"never lets a pod go ({field} {spec[field]}, {replicas} replicas): nodes cannot be drained"
            yield index.finding("budget-blocks", unit, obj, text, "spec", field)


def _selected(obj: Manifest, namespace: str, selector: Mapping[str, Any]) -> bool:
    labels = labels_of_pods(obj)
    return labels is not None and namespace_of(obj) == namespace and selects(selector, labels)


def _blocking(spec: Mapping[str, Any], replicas: int) -> str:
    if str(spec.get("maxUnavailable", "")) in ("0", "0%"):
        return "maxUnavailable"
    least = spec.get("minAvailable")
    if str(least) == "100%" or (isinstance(least, int) and replicas and least >= replicas and "minAvailable" in spec):
        return "minAvailable"
    return ""

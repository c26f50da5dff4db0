"""What happens to an object between defaulting and validation: status dropped, server-owned fields restored.

In: a defaulted object, the stored one for updates, who asks and when. Out: the same dict. Never: refusals (validation), address allocation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from holdfast.kube.refs import GroupVersionKind, Manifest
from holdfast.sandbox.kinds import service
from holdfast.sandbox.kinds.decode import TEMPLATE_GENERATION
from holdfast.sandbox.kinds.quantities import parse
from holdfast.sandbox.kinds.zeros import write_zeros

_INITIAL_STATUS: Mapping[tuple[str, str], Manifest] = {
    ("", "PersistentVolumeClaim"): {"phase": "Pending"},
    ("", "PersistentVolume"): {"phase": "Pending"},
    ("", "Namespace"): {"phase": "Active"},
    ("apiregistration.k8s.io", "APIService"): {},
}


@dataclass(frozen=True)
class Who:
    """The one who sends the request."""

    name: str = ""
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: Mapping[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Circumstances:
    """What preparation needs from outside. `now` is an RFC 3339 time in seconds."""

    now: str = ""
    who: Who = Who()


NOWHERE = Circumstances()


def prepare_create(gvk: GroupVersionKind, obj: Manifest, around: Circumstances = NOWHERE) -> None:
    """`obj` already has its name and uid, and no status."""
    key = (gvk.group, gvk.kind)
    if key in _INITIAL_STATUS:
        obj["status"] = dict(_INITIAL_STATUS[key])
    rule = _CREATE.get(key)
    if rule is not None:
        rule(obj, around)
    _drop_gated(key, obj)
    _stamp_taints(key, obj, around.now)
    write_zeros(gvk, obj)


def _stamp_taints(key: tuple[str, str], obj: Manifest, now: str) -> None:
    """Taints of devices say since when."""
    if key != ("resource.k8s.io", "ResourceSlice"):
        return
    for device in (obj.get("spec") or {}).get("devices") or ():
        for taint in device.get("taints") or ():
            taint.setdefault("timeAdded", now)


def settle(gvk: GroupVersionKind, obj: Manifest) -> None:
    """What the next read would add: done after validation, which must not see it."""
    if (gvk.group, gvk.kind) == ("batch", "Job") and not obj["metadata"].get("labels"):
        labels = (obj["spec"]["template"].get("metadata") or {}).get("labels")
        if labels:
            obj["metadata"]["labels"] = dict(labels)


def prepare_status(gvk: GroupVersionKind, obj: Manifest, old: Manifest, around: Circumstances) -> None:
    """An update through /status or /approval."""
    if (gvk.group, gvk.kind) == ("certificates.k8s.io", "CertificateSigningRequest"):
        _stamp_conditions(obj, old, around.now)
    if (gvk.group, gvk.kind) == ("", "PersistentVolume"):
        _stamp_phase(obj, old, around.now)
    if (gvk.group, gvk.kind) == ("apps", "DaemonSet"):
        _set_template_generation(obj, _template_generation(old))
    if (gvk.group, gvk.kind) == ("", "Pod"):
        _keep_observed(obj.get("status") or {}, old.get("status") or {})
    if (gvk.group, gvk.kind) == ("", "Node") and "config" not in (old.get("status") or {}):
        (obj.get("status") or {}).pop("config", None)


def _keep_observed(status: Manifest, before: Manifest) -> None:
    """A condition that does not say which generation it saw keeps what was said; of one type they are paired in order."""
    seen: dict[str, list[int]] = {}
    for condition in before.get("conditions") or ():
        seen.setdefault(condition.get("type") or "", []).append(condition.get("observedGeneration") or 0)
    for condition in status.get("conditions") or ():
        waiting = seen.get(condition.get("type") or "")
        generation = waiting.pop(0) if waiting else 0
        if not condition.get("observedGeneration") and generation:
            condition["observedGeneration"] = generation


def _stamp_conditions(obj: Manifest, old: Manifest, now: str) -> None:
    before = {c.get("type"): c for c in (old.get("status") or {}).get("conditions") or ()}
    for condition in (obj.get("status") or {}).get("conditions") or ():
        if not condition.get("lastUpdateTime"):
            condition["lastUpdateTime"] = now
        if condition.get("lastTransitionTime"):
            continue
        same = before.get(condition.get("type"))
        kept = same.get("lastTransitionTime") if same and same.get("status") == condition.get("status") else None
        condition["lastTransitionTime"] = kept or now


def _stamp_phase(obj: Manifest, old: Manifest, now: str) -> None:
    """The time of a volume's last change of phase."""
    before, after = old.get("status") or {}, obj.setdefault("status", {})
    when = after.get("lastPhaseTransitionTime")
    if after.get("phase") != before.get("phase"):
        if when is None or when == before.get("lastPhaseTransitionTime"):
            after["lastPhaseTransitionTime"] = now
    elif when is None and before.get("lastPhaseTransitionTime"):
        after["lastPhaseTransitionTime"] = before["lastPhaseTransitionTime"]


def prepare_update(gvk: GroupVersionKind, obj: Manifest, old: Manifest, around: Circumstances = NOWHERE) -> None:
    """An update of the object itself (not of a subresource); its status is the stored one already."""
    if (gvk.group, gvk.kind) == ("apps", "StatefulSet"):
        _stateful_set(obj, around)
    rule = _UPDATE.get((gvk.group, gvk.kind))
    if rule is not None:
        rule(obj, old, around)
    _drop_gated((gvk.group, gvk.kind), obj)
    _stamp_taints((gvk.group, gvk.kind), obj, around.now)
    write_zeros(gvk, obj)


_POD_SPECS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("", "Pod"): ("spec",),
    ("", "PodTemplate"): ("template", "spec"),
    ("", "ReplicationController"): ("spec", "template", "spec"),
    **{
        ("apps", kind): ("spec", "template", "spec")
        for kind in ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet")
    },
    ("batch", "Job"): ("spec", "template", "spec"),
    ("batch", "CronJob"): ("spec", "jobTemplate", "spec", "template", "spec"),
}


def _drop_gated(key: tuple[str, str], obj: Manifest) -> None:
    """Pod fields behind feature gates that are off are accepted and forgotten."""
    if key not in _POD_SPECS:
        return
    spec: Manifest = obj
    for step in _POD_SPECS[key]:
        spec = spec.get(step) or {}
    for volume in spec.get("volumes") or ():
        for source in (volume.get("projected") or {}).get("sources") or ():
            for kind in ("clusterTrustBundle", "podCertificate"):
                source.pop(kind, None)
    for kind in ("containers", "initContainers", "ephemeralContainers"):
        for item in spec.get(kind) or ():
            if "lifecycle" in item and item["lifecycle"].pop("stopSignal", None) is not None and not item["lifecycle"]:
                del item["lifecycle"]


# --- creates -------------------------------------------------------------------------


def _pod(obj: Manifest, around: Circumstances) -> None:
    spec = obj["spec"]
    if (spec.get("terminationGracePeriodSeconds") or 0) < 0:
        spec["terminationGracePeriodSeconds"] = 1
    obj["status"] = {"phase": "Pending", "qosClass": qos_class(spec)}
    _select_by_own_labels(obj)
    if spec.get("schedulingGates"):
        obj["status"]["conditions"] = [
            {
                "type": "PodScheduled",
                "status": "False",
                "lastProbeTime": None,
                "lastTransitionTime": around.now or None,
                "reason": "SchedulingGated",
                "message": "Scheduling is blocked due to non-empty scheduling gates",
            }
        ]


def sync_profiles(obj: Manifest) -> list[str]:
    """AppArmor profiles in annotations become fields of the containers that have none; warnings about such annotations."""
    spec, found = obj["spec"], obj["metadata"].get("annotations") or {}
    if (spec.get("os") or {}).get("name") == "windows":
        return []
    shared = (spec.get("securityContext") or {}).get("appArmorProfile")
    told: list[str] = []
    for kind in ("initContainers", "containers", "ephemeralContainers"):
        for item in spec.get(kind) or ():
            key, context = APP_ARMOR + (item.get("name") or ""), item.get("securityContext") or {}
            if key not in found or context.get("appArmorProfile") is not None:
                continue
            profile = app_armor_profile(found[key])
            if profile is not None and profile != shared:
                item["securityContext"] = {**context, "appArmorProfile": profile}
            if profile is None or profile != shared:
                path = f"metadata.annotations[{key}]"
                told.append(f'{path}: deprecated since v1.30; use the "appArmorProfile" field instead')
    return told


APP_ARMOR = "container.apparmor.security.beta.kubernetes.io/"
_PROFILES = {"unconfined": "Unconfined", "runtime/default": "RuntimeDefault"}


def app_armor_profile(annotation: str | None) -> Manifest | None:
    """The profile that an annotation's text names; None where it is none."""
    if annotation in _PROFILES:
        return {"type": _PROFILES[annotation]}
    name = (annotation or "").removeprefix("localhost/")
    # A name that the field would refuse is not taken over.
    if annotation == name or not name or name != name.strip() or len(name.encode()) > 4095:
        return None
    return {"type": "Localhost", "localhostProfile": name}


def _select_by_own_labels(obj: Manifest) -> None:
    """Terms that match the pod's own labels get them into their selectors."""
    labels, spec = obj["metadata"].get("labels") or {}, obj["spec"]
    for constraint in spec.get("topologySpreadConstraints") or ():
        _add_labels(constraint, labels)
    for kind in ("podAffinity", "podAntiAffinity"):
        found = (spec.get("affinity") or {}).get(kind) or {}
        for item in found.get("preferredDuringSchedulingIgnoredDuringExecution") or ():
            _add_labels(item.get("podAffinityTerm") or {}, labels)
        for item in found.get("requiredDuringSchedulingIgnoredDuringExecution") or ():
            _add_labels(item, labels)


def _add_labels(term: Manifest, labels: Manifest) -> None:
    if term.get("labelSelector") is None:
        return
    for keys, operator in (("matchLabelKeys", "In"), ("mismatchLabelKeys", "NotIn")):
        for key in term.get(keys) or ():
            if key in labels:
                one = {"key": key, "operator": operator, "values": [labels[key]]}
                term["labelSelector"].setdefault("matchExpressions", []).append(one)


def qos_class(spec: Manifest) -> str:
    """Guaranteed, Burstable or BestEffort, by cpu and memory of all containers."""
    everything = [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]
    if "resources" in spec and (spec["resources"].get("limits") or spec["resources"].get("requests")):
        everything = [spec]
    asked, guaranteed = False, True
    for item in everything:
        resources = item.get("resources") or {}
        limits, requests = _compute(resources.get("limits")), _compute(resources.get("requests"))
        asked = asked or bool(limits or requests)
        if len(limits) < 2 or any(requests.get(name, value) != value for name, value in limits.items()):
            guaranteed = False
    if not asked:
        return "BestEffort"
    return "Guaranteed" if guaranteed else "Burstable"


def _compute(found: Mapping[str, Any] | None) -> dict[str, Any]:
    values = {name: parse(str(found[name])).value for name in ("cpu", "memory") if found and name in found}
    return {name: value for name, value in values.items() if value > 0}


def _namespace(obj: Manifest, around: Circumstances) -> None:
    finalizers = obj.setdefault("spec", {}).setdefault("finalizers", [])
    if "kubernetes" not in finalizers:
        finalizers.append("kubernetes")


def _job(obj: Manifest, around: Circumstances) -> None:
    spec, meta = obj["spec"], obj["metadata"]
    if spec.get("manualSelector"):
        return
    uid, name = meta.get("uid", ""), meta.get("name", "")
    labels = spec["template"].setdefault("metadata", {}).setdefault("labels", {})
    for key, value in (
        ("batch.kubernetes.io/controller-uid", uid),
        ("batch.kubernetes.io/job-name", name),
        ("controller-uid", uid),
        ("job-name", name),
    ):
        labels.setdefault(key, value)
    selector = spec.get("selector") or {}
    spec["selector"] = {**selector, "matchLabels": {**(selector.get("matchLabels") or {})}}
    spec["selector"]["matchLabels"].setdefault("batch.kubernetes.io/controller-uid", uid)


def _stateful_set(obj: Manifest, around: Circumstances) -> None:
    # The gate MaxUnavailableStatefulSet is off.
    ((obj["spec"].get("updateStrategy") or {}).get("rollingUpdate") or {}).pop("maxUnavailable", None)


def _service(obj: Manifest, around: Circumstances) -> None:
    spec = obj["spec"]
    if spec.get("type") == "ExternalName":
        spec.pop("internalTrafficPolicy", None)


def _volume(obj: Manifest, around: Circumstances) -> None:
    obj["status"] = {"phase": "Pending", "lastPhaseTransitionTime": around.now}


def _claim(obj: Manifest, around: Circumstances) -> None:
    _data_source(obj["spec"])


def _data_source(spec: Manifest) -> None:
    """dataSource and dataSourceRef mirror each other; sources of unknown groups and of other namespaces are dropped."""
    if (spec.get("dataSourceRef") or {}).get("namespace"):
        del spec["dataSourceRef"]
    source = spec.get("dataSource")
    if source is not None:
        group, kind = source.get("apiGroup") or "", source.get("kind")
        known = (group == "" and kind == "PersistentVolumeClaim") or (
            group == "snapshot.storage.k8s.io" and kind == "VolumeSnapshot"
        )
        if not known:
            del spec["dataSource"]
            source = None
    reference = spec.get("dataSourceRef")
    if source is not None and reference is None:
        spec["dataSourceRef"] = dict(source)
    elif reference is not None and source is None and not reference.get("namespace"):
        spec["dataSource"] = {key: reference.get(key) for key in ("apiGroup", "kind", "name")}


def _signing_request(obj: Manifest, around: Circumstances) -> None:
    spec, who = obj["spec"], around.who
    for key in ("username", "uid", "groups", "extra"):
        spec.pop(key, None)
    for key, value in (
        ("username", who.name),
        ("uid", who.uid),
        ("groups", list(who.groups)),
        ("extra", dict(who.extra)),
    ):
        if value:
            spec[key] = value


def _node(obj: Manifest, around: Circumstances) -> None:
    (obj.get("spec") or {}).pop("configSource", None)
    (obj.get("status") or {}).pop("config", None)


def _daemon_set(obj: Manifest, around: Circumstances) -> None:
    _set_template_generation(obj, max(1, _template_generation(obj)))


def _template_generation(obj: Manifest) -> int:
    return int((obj["metadata"].get("annotations") or {}).get(TEMPLATE_GENERATION) or "0")


def _set_template_generation(obj: Manifest, value: int) -> None:
    meta = obj["metadata"]
    meta["annotations"] = {**(meta.get("annotations") or {}), TEMPLATE_GENERATION: str(value)}


_Create = Callable[[Manifest, Circumstances], None]
_CREATE: dict[tuple[str, str], _Create] = {
    ("", "Pod"): _pod,
    ("", "Namespace"): _namespace,
    ("", "Service"): _service,
    ("", "PersistentVolume"): _volume,
    ("", "PersistentVolumeClaim"): _claim,
    ("", "Node"): _node,
    ("apps", "DaemonSet"): _daemon_set,
    ("apps", "StatefulSet"): _stateful_set,
    ("batch", "Job"): _job,
    ("certificates.k8s.io", "CertificateSigningRequest"): _signing_request,
}


# --- updates -------------------------------------------------------------------------


def _keep(*path: str) -> Callable[[Manifest, Manifest, Circumstances], None]:
    """A part that an update cannot touch and need not repeat."""

    def restore(obj: Manifest, old: Manifest, around: Circumstances) -> None:
        target, source = obj, old
        for step in path[:-1]:
            target, source = target.setdefault(step, {}), source.get(step) or {}
        if path[-1] in source:
            target[path[-1]] = source[path[-1]]
        else:
            target.pop(path[-1], None)

    return restore


def _update_service(obj: Manifest, old: Manifest, around: Circumstances) -> None:
    spec, before = obj["spec"], old["spec"]
    service.drop_dependent(spec, before)
    if before.get("type") == "LoadBalancer" and spec.get("type") != "LoadBalancer":
        obj["status"] = {"loadBalancer": {}}


def _update_daemon_set(obj: Manifest, old: Manifest, around: Circumstances) -> None:
    changed = obj["spec"].get("template") != old["spec"].get("template")
    _set_template_generation(obj, _template_generation(old) + int(changed))


def _update_claim(obj: Manifest, old: Manifest, around: Circumstances) -> None:
    spec, before = obj["spec"], old["spec"]
    if (
        "dataSource" in spec
        and "dataSourceRef" not in spec
        and spec["dataSource"] == before.get("dataSource")
        and "dataSourceRef" in before
    ):
        spec["dataSourceRef"] = before["dataSourceRef"]
    _data_source(spec)


def _update_node(obj: Manifest, old: Manifest, around: Circumstances) -> None:
    if "configSource" not in (old.get("spec") or {}):
        (obj.get("spec") or {}).pop("configSource", None)


_Update = Callable[[Manifest, Manifest, Circumstances], None]
_UPDATE: dict[tuple[str, str], _Update] = {
    ("", "Service"): _update_service,
    ("apps", "DaemonSet"): _update_daemon_set,
    ("", "PersistentVolumeClaim"): _update_claim,
    ("", "Node"): _update_node,
    ("", "Namespace"): _keep("spec", "finalizers"),
    ("certificates.k8s.io", "CertificateSigningRequest"): _keep("spec"),
}

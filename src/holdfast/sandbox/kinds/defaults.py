"""Defaults of every built-in kind, in place.

In: the kind and a decoded object (no nulls). Out: the object as a user reads it back. Never: anything that needs other objects (admission).
The table at the bottom is the list of kinds that have defaults of their own.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable

from holdfast.kube.refs import GroupVersionKind, Manifest
from holdfast.sandbox.kinds import defaults_pod as pods
from holdfast.sandbox.kinds.decode import TEMPLATE_GENERATION
from holdfast.sandbox.kinds.zeros import write_zeros

Rule = Callable[[Manifest], None]
_RBAC = "rbac.authorization.k8s.io"


def apply_defaults(gvk: GroupVersionKind, obj: Manifest) -> None:
    """Fill in what the API server would; then the fields a Go encoder always writes."""
    rule = _RULES.get((gvk.group, gvk.kind))
    if rule is not None:
        rule(obj)
    write_zeros(gvk, obj)


# --- core -----------------------------------------------------------------------


def _service(obj: Manifest) -> None:
    spec = obj.setdefault("spec", {})
    kind = spec.setdefault("type", "ClusterIP")
    if spec.setdefault("sessionAffinity", "None") == "ClientIP":
        spec.setdefault("sessionAffinityConfig", {}).setdefault("clientIP", {}).setdefault("timeoutSeconds", 10800)
    elif spec["sessionAffinity"] == "None":
        spec.pop("sessionAffinityConfig", None)
    for port in spec.get("ports") or ():
        port.setdefault("protocol", "TCP")
        if port.get("targetPort") in (None, 0, ""):
            port["targetPort"] = port.get("port", 0)
    if (kind in ("NodePort", "LoadBalancer") or (kind == "ClusterIP" and spec.get("externalIPs"))) and not spec.get(
        "externalTrafficPolicy"
    ):
        spec["externalTrafficPolicy"] = "Cluster"
    if kind in ("ClusterIP", "NodePort", "LoadBalancer"):
        spec.setdefault("internalTrafficPolicy", "Cluster")
    if kind == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)
        for ingress in ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ():
            if ingress.get("ip"):
                ingress.setdefault("ipMode", "VIP")


def _secret(obj: Manifest) -> None:
    if not obj.get("type"):
        obj["type"] = "Opaque"
    plain = obj.pop("stringData", None)
    if plain:
        obj["data"] = {
            **(obj.get("data") or {}),
            **{key: b64encode(value.encode()).decode() for key, value in plain.items()},
        }


def _persistent_volume(obj: Manifest) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("persistentVolumeReclaimPolicy", "Retain")
    spec.setdefault("volumeMode", "Filesystem")
    pods.volume_source(spec)
    obj.setdefault("status", {}).setdefault("phase", "Pending")


def _claim(obj: Manifest) -> None:
    obj.setdefault("spec", {}).setdefault("volumeMode", "Filesystem")
    obj.setdefault("status", {}).setdefault("phase", "Pending")


def _endpoints(obj: Manifest) -> None:
    for subset in obj.get("subsets") or ():
        for port in subset.get("ports") or ():
            port.setdefault("protocol", "TCP")


def _limit_range(obj: Manifest) -> None:
    for item in (obj.get("spec") or {}).get("limits") or ():
        if item.get("type") != "Container":
            continue
        default, request = dict(item.get("default") or {}), dict(item.get("defaultRequest") or {})
        for name, value in (item.get("max") or {}).items():
            default.setdefault(name, value)
        for source in (default, item.get("min") or {}):
            for name, value in source.items():
                request.setdefault(name, value)
        item.update({key: value for key, value in (("default", default), ("defaultRequest", request)) if value})


def _namespace(obj: Manifest) -> None:
    meta = obj.setdefault("metadata", {})
    if meta.get("name"):
        meta["labels"] = {**(meta.get("labels") or {}), "kubernetes.io/metadata.name": meta["name"]}
    obj.setdefault("status", {}).setdefault("phase", "Active")


def _node(obj: Manifest) -> None:
    spec = obj.setdefault("spec", {})
    if spec.get("podCIDR") and (spec.get("podCIDRs") or [""])[0] != spec["podCIDR"]:
        spec["podCIDRs"] = [spec["podCIDR"]]
    elif spec.get("podCIDRs"):
        spec["podCIDR"] = spec["podCIDRs"][0]
    status = obj.get("status")
    if status and status.get("capacity"):
        status.setdefault("allocatable", dict(status["capacity"]))


def _replication_controller(obj: Manifest) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("replicas", 1)
    if "template" in spec:
        labels = (spec["template"].get("metadata") or {}).get("labels")
        pods.template(spec)
        if labels:
            if not spec.get("selector"):
                spec["selector"] = dict(labels)
            if not obj.setdefault("metadata", {}).get("labels"):
                obj["metadata"]["labels"] = dict(labels)


def _pod_template(obj: Manifest) -> None:
    pods.template(obj)


# --- workloads ------------------------------------------------------------------


def _deployment(obj: Manifest) -> None:
    spec = obj.setdefault("spec", {})
    pods.template(spec)
    spec.setdefault("replicas", 1)
    strategy = spec.setdefault("strategy", {})
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", "25%")
        rolling.setdefault("maxSurge", "25%")
    spec.setdefault("revisionHistoryLimit", 10)
    spec.setdefault("progressDeadlineSeconds", 600)


def _replica_set(obj: Manifest) -> None:
    spec = obj.setdefault("spec", {})
    pods.template(spec)
    spec.setdefault("replicas", 1)


def _daemon_set(obj: Manifest) -> None:
    # The counter of the template is a field of the server's own, shown as an annotation; a body without it says zero.
    meta = obj.setdefault("metadata", {})
    meta["annotations"] = {TEMPLATE_GENERATION: "0", **(meta.get("annotations") or {})}
    spec = obj.setdefault("spec", {})
    pods.template(spec)
    strategy = spec.setdefault("updateStrategy", {})
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        strategy.setdefault("rollingUpdate", {}).setdefault("maxUnavailable", 1)
    if strategy.get("rollingUpdate") is not None:
        strategy["rollingUpdate"].setdefault("maxSurge", 0)
    spec.setdefault("revisionHistoryLimit", 10)


def _stateful_set(obj: Manifest) -> None:
    spec = obj.setdefault("spec", {})
    pods.template(spec)
    spec.setdefault("podManagementPolicy", "OrderedReady")
    strategy = spec.setdefault("updateStrategy", {})
    if not strategy.get("type"):
        strategy["type"] = "RollingUpdate"
        strategy.setdefault("rollingUpdate", {})
    if strategy["type"] == "RollingUpdate" and "rollingUpdate" in strategy:
        strategy["rollingUpdate"].setdefault("partition", 0)
    retention = spec.setdefault("persistentVolumeClaimRetentionPolicy", {})
    retention.setdefault("whenDeleted", "Retain")
    retention.setdefault("whenScaled", "Retain")
    spec.setdefault("replicas", 1)
    spec.setdefault("revisionHistoryLimit", 10)
    for claim in spec.get("volumeClaimTemplates") or ():
        claim["apiVersion"], claim["kind"] = (
            claim.get("apiVersion") or "v1",
            claim.get("kind") or "PersistentVolumeClaim",
        )
        _claim(claim)


def _failure_policy(spec: Manifest) -> None:
    for rule in (spec.get("podFailurePolicy") or {}).get("rules") or ():
        for pattern in rule.get("onPodConditions") or ():
            pattern.setdefault("status", "True")


def _job(obj: Manifest) -> None:
    spec = obj.setdefault("spec", {})
    labels = (spec.setdefault("template", {}).get("metadata") or {}).get("labels")
    pods.template(spec)
    _failure_policy(spec)
    if "completions" not in spec and "parallelism" not in spec:
        spec["completions"] = 1
    spec.setdefault("parallelism", 1)
    spec.setdefault("backoffLimit", 2**31 - 1 if "backoffLimitPerIndex" in spec else 6)
    if labels and not (obj.get("metadata") or {}).get("labels"):
        # One and the same mapping, as in the real server: what is generated for the template shows on the job too.
        obj.setdefault("metadata", {})["labels"] = labels
    spec.setdefault("completionMode", "NonIndexed")
    spec.setdefault("suspend", False)
    spec.setdefault("podReplacementPolicy", "Failed" if "podFailurePolicy" in spec else "TerminatingOrFailed")
    spec.setdefault("manualSelector", False)


def _cron_job(obj: Manifest) -> None:
    spec = obj.setdefault("spec", {})
    job = spec.setdefault("jobTemplate", {}).setdefault("spec", {})
    pods.template(job)
    _failure_policy(job)
    for key, value in (
        ("concurrencyPolicy", "Allow"),
        ("suspend", False),
        ("successfulJobsHistoryLimit", 3),
        ("failedJobsHistoryLimit", 1),
    ):
        spec.setdefault(key, value)


# --- scaling, networking, access ------------------------------------------------


_METRICS = "autoscaling.alpha.kubernetes.io/metrics"


def _autoscaler(obj: Manifest) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("minReplicas", 1)
    if str(obj.get("apiVersion", "")).endswith("/v1"):
        if _METRICS not in ((obj.get("metadata") or {}).get("annotations") or {}):
            spec.setdefault("targetCPUUtilizationPercentage", 80)
    elif not spec.get("metrics"):
        target = {"type": "Utilization", "averageUtilization": 80}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    behavior = spec.get("behavior")
    if behavior is not None:
        _scaling(behavior.setdefault("scaleUp", {}), [{"type": "Pods", "value": 4, "periodSeconds": 15}], 0)
        _scaling(behavior.setdefault("scaleDown", {}), [], None)


def _scaling(rules: Manifest, extra: list[Manifest], window: int | None) -> None:
    if window is not None:
        rules.setdefault("stabilizationWindowSeconds", window)
    rules.setdefault("selectPolicy", "Max")
    if rules.get("policies") is None:
        rules["policies"] = [*extra, {"type": "Percent", "value": 100, "periodSeconds": 15}]


def _network_policy(obj: Manifest) -> None:
    spec = obj.setdefault("spec", {})
    for key in ("ingress", "egress"):
        for rule in spec.get(key) or ():
            for port in rule.get("ports") or ():
                port.setdefault("protocol", "TCP")
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]


def _ingress_class(obj: Manifest) -> None:
    parameters = (obj.get("spec") or {}).get("parameters")
    if parameters is not None:
        parameters.setdefault("scope", "Cluster")


def _endpoint_slice(obj: Manifest) -> None:
    for endpoint in obj.get("endpoints") or ():
        endpoint.pop("deprecatedTopology", None)
    for port in obj.get("ports") or ():
        port.setdefault("name", "")
        port.setdefault("protocol", "TCP")


def _binding(obj: Manifest) -> None:
    role = obj.setdefault("roleRef", {})
    role["apiGroup"] = role.get("apiGroup") or _RBAC
    for subject in obj.get("subjects") or ():
        if not subject.get("apiGroup") and subject.get("kind") in ("User", "Group"):
            subject["apiGroup"] = _RBAC


def _priority_class(obj: Manifest) -> None:
    obj.setdefault("preemptionPolicy", "PreemptLowerPriority")


def _storage_class(obj: Manifest) -> None:
    obj.setdefault("reclaimPolicy", "Delete")
    obj.setdefault("volumeBindingMode", "Immediate")


def _csi_driver(obj: Manifest) -> None:
    spec = obj.setdefault("spec", {})
    for key, value in (
        ("attachRequired", True), ("podInfoOnMount", False), ("storageCapacity", False), ("fsGroupPolicy", "ReadWriteOnceWithFSType"),
        ("requiresRepublish", False), ("seLinuxMount", False),
    ):  # fmt: skip
        spec.setdefault(key, value)
    if not spec.get("volumeLifecycleModes"):
        spec["volumeLifecycleModes"] = ["Persistent"]


# --- admission, flow control ------------------------------------------------------


def _webhooks(obj: Manifest) -> None:
    mutating = obj.get("kind") == "MutatingWebhookConfiguration"
    for hook in obj.get("webhooks") or ():
        _selectors(hook)
        hook.setdefault("failurePolicy", "Fail")
        hook.setdefault("timeoutSeconds", 10)
        if mutating:
            hook.setdefault("reinvocationPolicy", "Never")
        service = (hook.get("clientConfig") or {}).get("service")
        if service is not None:
            service.setdefault("port", 443)
        for rule in hook.get("rules") or ():
            rule.setdefault("scope", "*")


def _selectors(match: Manifest) -> None:
    match.setdefault("matchPolicy", "Equivalent")
    match.setdefault("namespaceSelector", {})
    match.setdefault("objectSelector", {})


def _match_resources(match: Manifest) -> None:
    _selectors(match)
    for key in ("resourceRules", "excludeResourceRules"):
        for rule in match.get(key) or ():
            rule.setdefault("scope", "*")


def _admission_policy(obj: Manifest) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("failurePolicy", "Fail")
    if "matchConstraints" in spec:
        _match_resources(spec["matchConstraints"])


def _policy_binding(obj: Manifest) -> None:
    match = (obj.get("spec") or {}).get("matchResources")
    if match is not None:
        _match_resources(match)


def _flow_schema(obj: Manifest) -> None:
    spec = obj.setdefault("spec", {})
    if not spec.get("matchingPrecedence"):
        spec["matchingPrecedence"] = 1000


def _priority_level(obj: Manifest) -> None:
    spec = obj.setdefault("spec", {})
    if spec.get("type") == "Exempt":
        exempt = spec.setdefault("exempt", {})
        exempt.setdefault("nominalConcurrencyShares", 0)
        exempt.setdefault("lendablePercent", 0)
    limited = spec.get("limited")
    if limited is not None:
        limited.setdefault("nominalConcurrencyShares", 30)
        limited.setdefault("lendablePercent", 0)
        queuing = (limited.get("limitResponse") or {}).get("queuing")
        if queuing is not None:
            for key, value in (("handSize", 8), ("queues", 64), ("queueLengthLimit", 50)):
                queuing[key] = queuing.get(key) or value


# --- dynamic resources ------------------------------------------------------------


def _device_claim(spec: Manifest) -> None:
    for request in (spec.get("devices") or {}).get("requests") or ():
        for exact in (request.get("exactly"), *(request.get("firstAvailable") or ())):
            if exact is None:
                continue
            if exact.setdefault("allocationMode", "ExactCount") == "ExactCount":
                exact.setdefault("count", 1)
            for toleration in exact.get("tolerations") or ():
                toleration.setdefault("operator", "Equal")


def _resource_claim(obj: Manifest) -> None:
    _device_claim(obj.setdefault("spec", {}))


def _resource_claim_template(obj: Manifest) -> None:
    _device_claim(obj.setdefault("spec", {}).setdefault("spec", {}))


_ADMISSION = "admissionregistration.k8s.io"
_RULES: dict[tuple[str, str], Rule] = {
    ("", "Pod"): pods.pod,
    ("", "PodTemplate"): _pod_template,
    ("", "ReplicationController"): _replication_controller,
    ("", "Service"): _service,
    ("", "Secret"): _secret,
    ("", "PersistentVolume"): _persistent_volume,
    ("", "PersistentVolumeClaim"): _claim,
    ("", "Endpoints"): _endpoints,
    ("", "LimitRange"): _limit_range,
    ("", "Namespace"): _namespace,
    ("", "Node"): _node,
    ("apps", "Deployment"): _deployment,
    ("apps", "ReplicaSet"): _replica_set,
    ("apps", "DaemonSet"): _daemon_set,
    ("apps", "StatefulSet"): _stateful_set,
    ("batch", "Job"): _job,
    ("batch", "CronJob"): _cron_job,
    ("autoscaling", "HorizontalPodAutoscaler"): _autoscaler,
    ("networking.k8s.io", "NetworkPolicy"): _network_policy,
    ("networking.k8s.io", "IngressClass"): _ingress_class,
    ("discovery.k8s.io", "EndpointSlice"): _endpoint_slice,
    (_RBAC, "RoleBinding"): _binding,
    (_RBAC, "ClusterRoleBinding"): _binding,
    ("scheduling.k8s.io", "PriorityClass"): _priority_class,
    ("storage.k8s.io", "StorageClass"): _storage_class,
    ("storage.k8s.io", "CSIDriver"): _csi_driver,
    (_ADMISSION, "ValidatingWebhookConfiguration"): _webhooks,
    (_ADMISSION, "MutatingWebhookConfiguration"): _webhooks,
    (_ADMISSION, "ValidatingAdmissionPolicy"): _admission_policy,
    (_ADMISSION, "MutatingAdmissionPolicy"): _admission_policy,
    (_ADMISSION, "ValidatingAdmissionPolicyBinding"): _policy_binding,
    (_ADMISSION, "MutatingAdmissionPolicyBinding"): _policy_binding,
    ("flowcontrol.apiserver.k8s.io", "FlowSchema"): _flow_schema,
    ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"): _priority_level,
    ("resource.k8s.io", "ResourceClaim"): _resource_claim,
    ("resource.k8s.io", "ResourceClaimTemplate"): _resource_claim_template,
}

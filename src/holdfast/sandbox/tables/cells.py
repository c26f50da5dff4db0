"""The cells of each built-in kind, left to right, as its columns in ``columns`` name them.

In: an object and the time; out: JSON values. What is absent is shown as the real server shows it.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from typing import Any, Final

from holdfast.sandbox import convert_events
from holdfast.sandbox.tables import autoscalers, pods, rare, text
from holdfast.sandbox.tables.text import NONE, UNSET, since

Object = Mapping[str, Any]
Cells = Callable[[Object, datetime.datetime], list[Any]]


def _name(obj: Object) -> str:
    return str(obj["metadata"].get("name") or "")


def _age(obj: Object, now: datetime.datetime) -> str:
    return since(obj["metadata"].get("creationTimestamp"), now)


def _spec(obj: Object) -> Mapping[str, Any]:
    return obj.get("spec") or {}


def _status(obj: Object) -> Mapping[str, Any]:
    return obj.get("status") or {}


def _n(found: Mapping[str, Any], key: str) -> int:
    return int(found.get(key) or 0)


def name_and_creation(obj: Object, now: datetime.datetime) -> list[Any]:
    """Kinds without columns of their own."""
    del now
    return [_name(obj), obj["metadata"].get("creationTimestamp")]


def _name_age(obj: Object, now: datetime.datetime) -> list[Any]:
    return [_name(obj), _age(obj, now)]


# --- workloads ---


def _pod(obj: Object, now: datetime.datetime) -> list[Any]:
    ready, reason, restarts = pods.summary(obj, now)
    ips = _status(obj).get("podIPs") or ()
    ip = (ips[0].get("ip") if ips else "") or NONE
    node, nominated = _spec(obj).get("nodeName") or NONE, _status(obj).get("nominatedNodeName") or NONE
    return [_name(obj), ready, reason, restarts, _age(obj, now), ip, node, nominated, pods.gates(obj)]


def _template(obj: Object) -> Mapping[str, Any]:
    return (_spec(obj).get("template") or {}).get("spec") or {}


def _pod_template(obj: Object, now: datetime.datetime) -> list[Any]:
    del now
    template = obj.get("template") or {}
    return [
        _name(obj),
        *text.containers(template.get("spec")),
        text.equality((template.get("metadata") or {}).get("labels")),
    ]


def _replica_set(obj: Object, now: datetime.datetime) -> list[Any]:
    status = _status(obj)
    counts = [_n(_spec(obj), "replicas"), _n(status, "replicas"), _n(status, "readyReplicas")]
    return [
        _name(obj),
        *counts,
        _age(obj, now),
        *text.containers(_template(obj)),
        text.selector(_spec(obj).get("selector")),
    ]


def _replication_controller(obj: Object, now: datetime.datetime) -> list[Any]:
    return [*_replica_set(obj, now)[:-1], text.equality(_spec(obj).get("selector"))]


_DAEMON_COUNTS: Final = (
    "desiredNumberScheduled",
    "currentNumberScheduled",
    "numberReady",
    "updatedNumberScheduled",
    "numberAvailable",
)


def _daemon_set(obj: Object, now: datetime.datetime) -> list[Any]:
    counts = [_n(_status(obj), key) for key in _DAEMON_COUNTS]
    nodes = text.equality(_template(obj).get("nodeSelector"))
    selector = text.selector(_spec(obj).get("selector"))
    return [_name(obj), *counts, nodes, _age(obj, now), *text.containers(_template(obj)), selector]


def _deployment(obj: Object, now: datetime.datetime) -> list[Any]:
    status = _status(obj)
    ready = f"{_n(status, 'readyReplicas')}/{_n(_spec(obj), 'replicas')}"
    counts = [_n(status, "updatedReplicas"), _n(status, "availableReplicas")]
    selector = text.selector(_spec(obj).get("selector"), "")
    return [_name(obj), ready, *counts, _age(obj, now), *text.containers(_template(obj)), selector]


def _stateful_set(obj: Object, now: datetime.datetime) -> list[Any]:
    ready = f"{_n(_status(obj), 'readyReplicas')}/{_n(_spec(obj), 'replicas')}"
    return [_name(obj), ready, _age(obj, now), *text.containers(_template(obj))]


_JOB_STATES: Final = (("Complete", "Complete"), ("Failed", "Failed"))
_JOB_LATER: Final = ("Suspended", "FailureTarget", "SuccessCriteriaMet")


def _job(obj: Object, now: datetime.datetime) -> list[Any]:
    selector = text.selector(_spec(obj).get("selector"))
    cells = [_name(obj), _job_state(obj), _completions(obj), _job_duration(obj, now), _age(obj, now)]
    return [*cells, *text.containers(_template(obj)), selector]


def _job_state(obj: Object) -> str:
    for type_ in ("Complete", "Failed"):
        if text.condition(obj, type_) == "True":
            return type_
    if obj["metadata"].get("deletionTimestamp"):
        return "Terminating"
    return next((t for t in _JOB_LATER if text.condition(obj, t) == "True"), "Running")


def _completions(obj: Object) -> str:
    done, wanted = _n(_status(obj), "succeeded"), _spec(obj).get("completions")
    if wanted is not None:
        return f"{done}/{wanted}"
    parallel = _n(_spec(obj), "parallelism")
    return f"{done}/1 of {parallel}" if parallel > 1 else f"{done}/1"


def _job_duration(obj: Object, now: datetime.datetime) -> str:
    start, end = _status(obj).get("startTime"), _status(obj).get("completionTime")
    if not start:
        return ""
    return text.between(start, end) if end else since(start, now)


def _cron_job(obj: Object, now: datetime.datetime) -> list[Any]:
    spec, status = _spec(obj), _status(obj)
    last = since(status["lastScheduleTime"], now) if status.get("lastScheduleTime") else NONE
    job = (spec.get("jobTemplate") or {}).get("spec") or {}
    suspend = UNSET if spec.get("suspend") is None else "True" if spec["suspend"] else "False"
    cells = [
        _name(obj),
        spec.get("schedule"),
        spec.get("timeZone") or NONE,
        suspend,
        len(status.get("active") or ()),
        last,
    ]
    pod = (job.get("template") or {}).get("spec")
    return [*cells, _age(obj, now), *text.containers(pod), text.selector(job.get("selector"))]


def _controller_revision(obj: Object, now: datetime.datetime) -> list[Any]:
    owner = next((o for o in obj["metadata"].get("ownerReferences") or () if o.get("controller")), None)
    controller = NONE
    if owner:
        group, slash, _ = str(owner["apiVersion"]).partition("/")
        kind = str(owner["kind"]).lower()
        controller = f"{kind}.{group}/{owner['name']}" if slash else f"{kind}/{owner['name']}"
    return [_name(obj), controller, obj.get("revision") or 0, _age(obj, now)]


def _budget(obj: Object, now: datetime.datetime) -> list[Any]:
    spec = _spec(obj)
    least, most = (str(spec[k]) if spec.get(k) is not None else "N/A" for k in ("minAvailable", "maxUnavailable"))
    return [_name(obj), least, most, _n(_status(obj), "disruptionsAllowed"), _age(obj, now)]


def _autoscaler(obj: Object, now: datetime.datetime) -> list[Any]:
    spec = _spec(obj)
    target = spec.get("scaleTargetRef") or {}
    least = UNSET if spec.get("minReplicas") is None else str(spec["minReplicas"])
    counts = [_n(spec, "maxReplicas"), _n(_status(obj), "currentReplicas")]
    reference = f"{target.get('kind', '')}/{target.get('name', '')}"
    return [_name(obj), reference, autoscalers.metrics(obj), least, *counts, _age(obj, now)]


# --- network ---


def _service(obj: Object, now: datetime.datetime) -> list[Any]:
    spec = _spec(obj)
    ports = ",".join(_service_port(p) for p in spec.get("ports") or ()) or NONE
    ip = (spec.get("clusterIPs") or [spec.get("clusterIP") or ""])[0] or NONE
    return [
        _name(obj),
        spec.get("type"),
        ip,
        _external(obj),
        ports,
        _age(obj, now),
        text.equality(spec.get("selector")),
    ]


def _service_port(port: Mapping[str, Any]) -> str:
    node = f":{port['nodePort']}" if port.get("nodePort") else ""
    return f"{port.get('port')}{node}/{port.get('protocol', '')}"


def _external(obj: Object) -> str:
    spec = _spec(obj)
    ips = list(spec.get("externalIPs") or ())
    if spec.get("type") == "ExternalName":
        return str(spec.get("externalName") or "")
    if spec.get("type") == "LoadBalancer":
        balancers = text.balancers(obj.get("status"))
        return ",".join([*([balancers] if balancers else []), *ips]) or "<pending>"
    return ",".join(ips) or NONE


def _ingress(obj: Object, now: datetime.datetime) -> list[Any]:
    spec = _spec(obj)
    rules = spec.get("rules") or ()
    # Rules behind the third host are counted as more, whether they have a host or not.
    hosts = [str(r["host"]) for r in rules if r.get("host")]
    shown = ",".join(hosts[:3]) or "*"
    if len(hosts) >= 3 and len(rules) > 3:
        shown += f" + {len(rules) - 3} more..."
    ports = "80, 443" if spec.get("tls") else "80"
    return [
        _name(obj),
        spec.get("ingressClassName") or NONE,
        shown,
        text.balancers(obj.get("status")),
        ports,
        _age(obj, now),
    ]


def _is_default(obj: Object, key: str) -> str:
    annotations = obj["metadata"].get("annotations") or {}
    return " (default)" if annotations.get(key) == "true" else ""


def _ingress_class(obj: Object, now: datetime.datetime) -> list[Any]:
    parameters = _spec(obj).get("parameters")
    shown = NONE
    if parameters:
        group = f".{parameters['apiGroup']}" if parameters.get("apiGroup") is not None else ""
        shown = f"{parameters.get('kind')}{group}/{parameters.get('name')}"
    name = _name(obj) + _is_default(obj, "ingressclass.kubernetes.io/is-default-class")
    return [name, _spec(obj).get("controller") or "", shown, _age(obj, now)]


def _network_policy(obj: Object, now: datetime.datetime) -> list[Any]:
    return [_name(obj), text.selector(_spec(obj).get("podSelector")), _age(obj, now)]


def _endpoints(obj: Object, now: datetime.datetime) -> list[Any]:
    found: list[str] = []
    for subset in obj.get("subsets") or ():
        ips = [str(a.get("ip")) for a in subset.get("addresses") or ()]
        ports = subset.get("ports") or ()
        found += (
            [f"[{ip}]:{p.get('port')}" if ":" in ip else f"{ip}:{p.get('port')}" for p in ports for ip in ips]
            if ports
            else ips
        )
    shown = text.some(found, empty="") if obj.get("subsets") else NONE
    return [_name(obj), shown, _age(obj, now)]


def _endpoint_slice(obj: Object, now: datetime.datetime) -> list[Any]:
    ports = [str(p["port"]) if p.get("port") is not None else str(p.get("name") or "*") for p in obj.get("ports") or ()]
    addresses = [str(a) for e in obj.get("endpoints") or () for a in e.get("addresses") or ()]
    return [_name(obj), obj.get("addressType") or "", text.some(ports), text.some(addresses), _age(obj, now)]


def _service_cidr(obj: Object, now: datetime.datetime) -> list[Any]:
    return [_name(obj), ",".join(_spec(obj).get("cidrs") or ()), _age(obj, now)]


def _ip_address(obj: Object, now: datetime.datetime) -> list[Any]:
    parent = _spec(obj).get("parentRef")
    shown = NONE
    if parent:
        resource = (
            f"{parent.get('resource', '')}.{parent['group']}"
            if parent.get("group")
            else str(parent.get("resource", ""))
        )
        shown = "/".join(p for p in (resource.lower(), parent.get("namespace"), parent.get("name")) if p)
    return [_name(obj), shown, _age(obj, now)]


# --- nodes, namespaces, plain data ---


def _node(obj: Object, now: datetime.datetime) -> list[Any]:
    ready = text.condition(obj, "Ready")
    states = ["Ready" if ready == "True" else "NotReady" if ready else "Unknown"]
    if _spec(obj).get("unschedulable"):
        states.append("SchedulingDisabled")
    info = _status(obj).get("nodeInfo") or {}
    kernel = info.get("kernelVersion") or text.UNKNOWN
    if info.get("architecture"):
        kernel += f" ({info['architecture']})"
    wide = [_address(obj, "InternalIP"), _address(obj, "ExternalIP"), info.get("osImage") or text.UNKNOWN, kernel]
    cells = [_name(obj), ",".join(states), _roles(obj), _age(obj, now), info.get("kubeletVersion") or ""]
    return [*cells, *wide, info.get("containerRuntimeVersion") or text.UNKNOWN]


def _roles(obj: Object) -> str:
    found: set[str] = set()
    for key, value in (obj["metadata"].get("labels") or {}).items():
        if key.startswith("node-role.kubernetes.io/"):
            found.add(key.partition("/")[2])
        elif key == "kubernetes.io/role":
            found.add(value)
    return ",".join(sorted(found - {""})) or NONE


def _address(obj: Object, type_: str) -> str:
    return next((str(a.get("address")) for a in _status(obj).get("addresses") or () if a.get("type") == type_), NONE)


def _namespace(obj: Object, now: datetime.datetime) -> list[Any]:
    return [_name(obj), _status(obj).get("phase") or "", _age(obj, now)]


def _config_map(obj: Object, now: datetime.datetime) -> list[Any]:
    return [_name(obj), len(obj.get("data") or ()) + len(obj.get("binaryData") or ()), _age(obj, now)]


def _secret(obj: Object, now: datetime.datetime) -> list[Any]:
    return [_name(obj), obj.get("type") or "", len(obj.get("data") or ()), _age(obj, now)]


def _event(obj: Object, now: datetime.datetime) -> list[Any]:
    if "regarding" in obj:
        # Seen through events.k8s.io; the cells are the core group's.
        obj = dict(obj)
        convert_events.to_core(obj)
    first = since(obj.get("firstTimestamp") or obj.get("eventTime"), now)
    last = since(obj["lastTimestamp"], now) if obj.get("lastTimestamp") else first
    count = obj.get("count") or 1
    if obj.get("series"):
        last, count = since(obj["series"].get("lastObservedTime"), now), obj["series"].get("count")
    target = obj.get("involvedObject") or {}
    name = str(target.get("kind") or "").lower() + (f"/{target['name']}" if target.get("name") else "")
    source = obj.get("source") or {}
    sources = (
        source.get("component") or obj.get("reportingComponent"),
        source.get("host") or obj.get("reportingInstance"),
    )
    message = str(obj.get("message") or "").strip()
    head = [last, obj.get("type") or "", obj.get("reason") or "", name, target.get("fieldPath") or ""]
    return [*head, ", ".join(s for s in sources if s), message, first, count, _name(obj)]


def _quota(obj: Object, now: datetime.datetime) -> list[Any]:
    status = _status(obj)
    hard, used = status.get("hard") or {}, status.get("used") or {}
    lines = {name: f"{name}: {used.get(name, '0')}/{hard[name]}" for name in sorted(hard)}
    requests = ", ".join(t for n, t in lines.items() if not n.startswith("limits."))
    return [_name(obj), requests, ", ".join(t for n, t in lines.items() if n.startswith("limits.")), _age(obj, now)]


def _component(obj: Object, now: datetime.datetime) -> list[Any]:
    del now
    return [_name(obj), "Unknown", "", ""]


# --- storage ---

_MODES: Final = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}


def _modes(found: Any) -> str:
    return ",".join(short for mode, short in _MODES.items() if mode in (found or ()))


def _volume_class(obj: Object) -> str:
    legacy = (obj["metadata"].get("annotations") or {}).get("volume.beta.kubernetes.io/storage-class")
    return str(legacy if legacy is not None else _spec(obj).get("storageClassName") or "")


def _volume(obj: Object, now: datetime.datetime) -> list[Any]:
    spec, status = _spec(obj), _status(obj)
    claim = spec.get("claimRef")
    owner = f"{claim.get('namespace', '')}/{claim.get('name', '')}" if claim else ""
    phase = "Terminating" if obj["metadata"].get("deletionTimestamp") else status.get("phase") or ""
    size = (spec.get("capacity") or {}).get("storage", "0")
    cells = [
        _name(obj),
        size,
        _modes(spec.get("accessModes")),
        spec.get("persistentVolumeReclaimPolicy") or "",
        phase,
        owner,
    ]
    attributes = spec.get("volumeAttributesClassName")
    cells += [_volume_class(obj), UNSET if attributes is None else attributes, status.get("reason") or ""]
    return [*cells, _age(obj, now), spec.get("volumeMode") or UNSET]


def _claim(obj: Object, now: datetime.datetime) -> list[Any]:
    spec, status = _spec(obj), _status(obj)
    phase = "Terminating" if obj["metadata"].get("deletionTimestamp") else status.get("phase") or ""
    size = modes = ""
    if spec.get("volumeName"):
        size, modes = (status.get("capacity") or {}).get("storage", "0"), _modes(status.get("accessModes"))
    attributes = spec.get("volumeAttributesClassName")
    cells = [_name(obj), phase, spec.get("volumeName") or "", size, modes, _volume_class(obj)]
    return [*cells, UNSET if attributes is None else attributes, _age(obj, now), spec.get("volumeMode") or UNSET]


def _storage_class(obj: Object, now: datetime.datetime) -> list[Any]:
    default = _is_default(obj, "storageclass.kubernetes.io/is-default-class")
    default = default or _is_default(obj, "storageclass.beta.kubernetes.io/is-default-class")
    cells = [_name(obj) + default, obj.get("provisioner") or "", obj.get("reclaimPolicy") or "Delete"]
    return [*cells, obj.get("volumeBindingMode") or "Immediate", bool(obj.get("allowVolumeExpansion")), _age(obj, now)]


def _attributes_class(obj: Object, now: datetime.datetime) -> list[Any]:
    return [_name(obj), obj.get("driverName") or "", _age(obj, now)]


def _attachment(obj: Object, now: datetime.datetime) -> list[Any]:
    spec = _spec(obj)
    volume = (spec.get("source") or {}).get("persistentVolumeName") or ""
    return [
        _name(obj),
        spec.get("attacher"),
        volume,
        spec.get("nodeName"),
        bool(_status(obj).get("attached")),
        _age(obj, now),
    ]


def _csi_driver(obj: Object, now: datetime.datetime) -> list[Any]:
    spec = _spec(obj)
    requests = spec.get("tokenRequests")
    audiences = UNSET if requests is None else ",".join(str(r.get("audience", "")) for r in requests)
    flags = [spec.get("attachRequired", True), bool(spec.get("podInfoOnMount")), bool(spec.get("storageCapacity"))]
    modes = ",".join(spec.get("volumeLifecycleModes") or ()) or NONE
    return [_name(obj), *flags, audiences, bool(spec.get("requiresRepublish")), modes, _age(obj, now)]


def _csi_node(obj: Object, now: datetime.datetime) -> list[Any]:
    return [_name(obj), len(_spec(obj).get("drivers") or ()), _age(obj, now)]


# --- authorisation, admission, the rest ---


def _binding(obj: Object, now: datetime.datetime) -> list[Any]:
    role = obj.get("roleRef") or {}
    subjects: dict[str, list[str]] = {"User": [], "Group": [], "ServiceAccount": []}
    for subject in obj.get("subjects") or ():
        name = str(subject.get("name") or "")
        if subject.get("kind") == "ServiceAccount" and subject.get("namespace"):
            name = f"{subject['namespace']}/{name}"
        subjects.setdefault(str(subject.get("kind")), []).append(name)
    people = [", ".join(subjects[kind]) for kind in ("User", "Group", "ServiceAccount")]
    return [_name(obj), f"{role.get('kind', '')}/{role.get('name', '')}", _age(obj, now), *people]


def _signing_request(obj: Object, now: datetime.datetime) -> list[Any]:
    spec = _spec(obj)
    duration = NONE if spec.get("expirationSeconds") is None else text.human(spec["expirationSeconds"])
    cells = [_name(obj), _age(obj, now), spec.get("signerName") or NONE, spec.get("username") or ""]
    return [*cells, duration, _signing_state(obj)]


def _signing_state(obj: Object) -> str:
    types = {c.get("type") for c in _status(obj).get("conditions") or ()}
    state = "Denied" if "Denied" in types else "Approved" if "Approved" in types else "Pending"
    state += ",Failed" if "Failed" in types else ""
    return state + (",Issued" if _status(obj).get("certificate") else "")


def _lease(obj: Object, now: datetime.datetime) -> list[Any]:
    return [_name(obj), _spec(obj).get("holderIdentity") or "", _age(obj, now)]


def _priority_class(obj: Object, now: datetime.datetime) -> list[Any]:
    return [
        _name(obj),
        _n(obj, "value"),
        bool(obj.get("globalDefault")),
        _age(obj, now),
        obj.get("preemptionPolicy") or "",
    ]


def _webhooks(obj: Object, now: datetime.datetime) -> list[Any]:
    return [_name(obj), len(obj.get("webhooks") or ()), _age(obj, now)]


def _admission_policy(obj: Object, now: datetime.datetime) -> list[Any]:
    spec = _spec(obj)
    kind = spec.get("paramKind")
    shown = f"{kind.get('apiVersion')}/{kind.get('kind')}" if kind else UNSET
    return [_name(obj), len(spec.get("validations") or spec.get("mutations") or ()), shown, _age(obj, now)]


def _policy_binding(obj: Object, now: datetime.datetime) -> list[Any]:
    reference = _spec(obj).get("paramRef") or {}
    shown = UNSET
    if reference.get("name"):
        shown = f"{reference.get('namespace') or '*'}/{reference['name']}"
    elif reference.get("selector") is not None:
        shown = text.dumped(reference["selector"])
    return [_name(obj), _spec(obj).get("policyName"), shown, _age(obj, now)]


def _api_service(obj: Object, now: datetime.datetime) -> list[Any]:
    service = _spec(obj).get("service")
    name = f"{service.get('namespace')}/{service.get('name')}" if service else "Local"
    found = next((c for c in _status(obj).get("conditions") or () if c.get("type") == "Available"), None)
    available = "Unknown"
    if found is not None:
        available = "True" if found.get("status") == "True" else f"{found.get('status')} ({found.get('reason')})"
    return [_name(obj), name, available, _age(obj, now)]


def _scale(obj: Object, now: datetime.datetime) -> list[Any]:
    return [_name(obj), _n(_spec(obj), "replicas"), _n(_status(obj), "replicas"), _age(obj, now)]


CELLS: Final[dict[str, Cells]] = {
    "Pod": _pod,
    "PodTemplate": _pod_template,
    "PodDisruptionBudget": _budget,
    "ReplicationController": _replication_controller,
    "ReplicaSet": _replica_set,
    "DaemonSet": _daemon_set,
    "Job": _job,
    "CronJob": _cron_job,
    "Service": _service,
    "Ingress": _ingress,
    "IngressClass": _ingress_class,
    "StatefulSet": _stateful_set,
    "Endpoints": _endpoints,
    "Node": _node,
    "Event": _event,
    "Namespace": _namespace,
    "Secret": _secret,
    "ServiceAccount": _name_age,
    "PersistentVolume": _volume,
    "PersistentVolumeClaim": _claim,
    "ComponentStatus": _component,
    "Deployment": _deployment,
    "HorizontalPodAutoscaler": _autoscaler,
    "ConfigMap": _config_map,
    "NetworkPolicy": _network_policy,
    "RoleBinding": _binding,
    "ClusterRoleBinding": _binding,
    "CertificateSigningRequest": _signing_request,
    "Lease": _lease,
    "StorageClass": _storage_class,
    "VolumeAttributesClass": _attributes_class,
    "ControllerRevision": _controller_revision,
    "ResourceQuota": _quota,
    "PriorityClass": _priority_class,
    "VolumeAttachment": _attachment,
    "EndpointSlice": _endpoint_slice,
    "CSINode": _csi_node,
    "CSIDriver": _csi_driver,
    **rare.CELLS,
    "MutatingWebhookConfiguration": _webhooks,
    "ValidatingWebhookConfiguration": _webhooks,
    "ValidatingAdmissionPolicy": _admission_policy,
    "MutatingAdmissionPolicy": _admission_policy,
    "ValidatingAdmissionPolicyBinding": _policy_binding,
    "MutatingAdmissionPolicyBinding": _policy_binding,
    "ServiceCIDR": _service_cidr,
    "IPAddress": _ip_address,
    "APIService": _api_service,
    "Scale": _scale,
}

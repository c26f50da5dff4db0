"""Validation of budgets, autoscalers, priorities, runtimes, leases, signing requests and flow control.

In: a defaulted object, for updates the stored one. Out: field errors. Never: enforcement.
"""

from __future__ import annotations

from holdfast.kube.refs import Manifest
from holdfast.sandbox import gotext
from holdfast.sandbox.kinds import names, selectors
from holdfast.sandbox.kinds.field import Errors, raw
from holdfast.sandbox.kinds.quantities import parse
from holdfast.sandbox.kinds.validate_resources import requirements
from holdfast.sandbox.kinds.validate_scheduling import tolerations
from holdfast.sandbox.kinds.validate_workloads import int_or_percent, not_over_100

SYSTEM_PRIORITIES = {"system-node-critical": 2000001000, "system-cluster-critical": 2000000000}
_HIGHEST = 1_000_000_000


# --- disruption budgets ------------------------------------------------------------------


def budget(errs: Errors, obj: Manifest) -> None:
    spec = obj.get("spec") or {}
    least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
    if least is not None and most is not None:
        errs.invalid("spec", raw(_budget_dump(spec)), "minAvailable and maxUnavailable cannot be both set")
    for key, value in (("minAvailable", least), ("maxUnavailable", most)):
        if value is not None:
            int_or_percent(errs, value, f"spec.{key}")
            not_over_100(errs, value, f"spec.{key}")
    selectors.label_selector(errs, spec.get("selector"), "spec.selector")
    policy = spec.get("unhealthyPodEvictionPolicy")
    if policy is not None and policy not in ("AlwaysAllow", "IfHealthyBudget"):
        errs.unsupported("spec.unhealthyPodEvictionPolicy", policy, ("AlwaysAllow", "IfHealthyBudget"))


def _budget_dump(spec: Manifest) -> str:
    def show(key: str) -> str:
        return gotext.dumps(spec.get(key))

    return (
        "{"
        f'"MinAvailable":{show("minAvailable")},"Selector":{selectors.printed(spec.get("selector"))},"MaxUnavailable":{show("maxUnavailable")},'
        f'"UnhealthyPodEvictionPolicy":{show("unhealthyPodEvictionPolicy")}' + "}"
    )


def budget_update(errs: Errors, obj: Manifest, old: Manifest) -> None:
    budget(errs, obj)


# --- autoscalers -------------------------------------------------------------------------


def autoscaler(errs: Errors, obj: Manifest) -> None:
    spec = obj.get("spec") or {}
    least, most = spec.get("minReplicas"), spec.get("maxReplicas") or 0
    if least is not None and least < 1:
        errs.invalid("spec.minReplicas", least, "must be greater than or equal to 1")
    if most < 1:
        errs.invalid("spec.maxReplicas", most, "must be greater than 0")
    if least is not None and most < least:
        errs.invalid("spec.maxReplicas", most, "must be greater than or equal to `minReplicas`")
    _target_reference(errs, spec.get("scaleTargetRef") or {}, "spec.scaleTargetRef")
    cpu = spec.get("targetCPUUtilizationPercentage")
    if cpu is not None and cpu < 1:
        errs.invalid("spec.metrics[0].resource.target.averageUtilization", cpu, "must be greater than 0")
    kinds = {metric.get("type") for metric in spec.get("metrics") or ()}
    if least == 0 and not kinds & {"Object", "External"}:
        errs.forbidden(
            "spec.metrics", "must specify at least one Object or External metric to support scaling to zero replicas"
        )
    for index, metric in enumerate(spec.get("metrics") or ()):
        _metric(errs, metric, f"spec.metrics[{index}]")
    for key in ("scaleUp", "scaleDown"):
        rules = (spec.get("behavior") or {}).get(key)
        if rules is not None:
            _scaling(errs, rules, f"spec.behavior.{key}")


def _target_reference(errs: Errors, found: Manifest, path: str) -> None:
    for key in ("kind", "name"):
        if not found.get(key):
            errs.required(f"{path}.{key}")
        else:
            errs.name(f"{path}.{key}", found[key], names.path_segment)
    version = found.get("apiVersion") or ""
    if version and version != "v1" and "/" not in version:
        errs.invalid(f"{path}.apiVersion", version, "apiVersion must specify API group")
    if version.count("/") > 1:
        errs.invalid(f"{path}.apiVersion", version, f"unexpected GroupVersion string: {version}")


_METRICS = {
    "Object": "object",
    "Pods": "pods",
    "Resource": "resource",
    "External": "external",
    "ContainerResource": "containerResource",
}


def _metric(errs: Errors, metric: Manifest, path: str) -> None:
    kind = metric.get("type") or ""
    if not kind:
        errs.required(f"{path}.type", "must specify a metric source type")
    elif kind not in _METRICS:
        errs.unsupported(f"{path}.type", kind, tuple(_METRICS))
    given = [key for key in _METRICS.values() if key in metric]
    for key in given:
        _source(errs, key, metric[key], f"{path}.{key}")
    expected = _METRICS.get(kind)
    if expected is not None:
        if expected not in given:
            errs.required(f"{path}.{expected}", "must populate information for the given metric source")
        for key in given:
            if key != expected:
                errs.forbidden(f"{path}.{key}", "must populate the given metric source only")


def _source(errs: Errors, key: str, source: Manifest, path: str) -> None:
    target = source.get("target") or {}
    if key in ("resource", "containerResource"):
        if not source.get("name"):
            errs.required(f"{path}.name", "must specify a resource name")
        if key == "containerResource" and not source.get("container"):
            errs.required(f"{path}.container", "must specify a container")
    else:
        name = (source.get("metric") or {}).get("name")
        if not name:
            errs.required(f"{path}.metric.name")
        else:
            errs.name(f"{path}.metric.name", name, names.path_segment)
        if key == "object":
            _target_reference(errs, source.get("describedObject") or {}, f"{path}.describedObject")
    _target(errs, target, f"{path}.target")
    if key in ("resource", "containerResource"):
        both = target.get("averageUtilization") is not None and target.get("averageValue") is not None
        if both:
            errs.forbidden(
                f"{path}.target.averageValue", "may not set both a target raw value and a target utilization"
            )
        elif target.get("averageUtilization") is None and target.get("averageValue") is None:
            errs.required(
                f"{path}.target.averageUtilization", "must set either a target raw value or a target utilization"
            )
    elif key == "pods" and target.get("averageValue") is None:
        errs.required(f"{path}.target.averageValue", "must specify a positive target averageValue")
    elif key in ("object", "external") and target.get("value") is None and target.get("averageValue") is None:
        errs.required(f"{path}.target.averageValue", "must set either a target value or averageValue")


def _target(errs: Errors, target: Manifest, path: str) -> None:
    kind = target.get("type") or ""
    if not kind:
        errs.required(f"{path}.type", "must specify a metric target type")
    elif kind not in ("Utilization", "Value", "AverageValue"):
        errs.invalid(f"{path}.type", kind, "must be either Utilization, Value, or AverageValue")
    for key in ("value", "averageValue"):
        if target.get(key) is not None and parse(target[key]).value <= 0:
            errs.invalid(f"{path}.{key}", target[key], "must be positive")
    utilization = target.get("averageUtilization")
    if utilization is not None and utilization < 1:
        errs.invalid(f"{path}.averageUtilization", utilization, "must be greater than 0")


def _scaling(errs: Errors, rules: Manifest, path: str) -> None:
    window = rules.get("stabilizationWindowSeconds")
    if window is not None:
        errs.non_negative(f"{path}.stabilizationWindowSeconds", window)
        if window > 3600:
            errs.invalid(f"{path}.stabilizationWindowSeconds", window, "must be less than or equal to 3600")
    errs.one_of(f"{path}.selectPolicy", rules.get("selectPolicy"), ("Disabled", "Max", "Min"), required=False)
    policies = rules.get("policies") or []
    if not policies:
        errs.required(f"{path}.policies", "must specify at least one Policy")
    for index, policy in enumerate(policies):
        place = f"{path}.policies[{index}]"
        kind = policy.get("type") or ""
        if kind not in ("Percent", "Pods"):
            errs.unsupported(f"{place}.type", kind, ("Percent", "Pods"))
        if (policy.get("value") or 0) <= 0:
            errs.invalid(f"{place}.value", policy.get("value") or 0, "must be greater than zero")
        seconds = policy.get("periodSeconds") or 0
        if seconds <= 0:
            errs.invalid(f"{place}.periodSeconds", seconds, "must be greater than zero")
        elif seconds > 1800:
            errs.invalid(f"{place}.periodSeconds", seconds, "must be less than or equal to 1800")


def autoscaler_update(errs: Errors, obj: Manifest, old: Manifest) -> None:
    autoscaler(errs, obj)


# --- priorities, runtimes, leases -----------------------------------------------------------


def priority_class(errs: Errors, obj: Manifest) -> None:
    name, value = obj["metadata"].get("name") or "", obj.get("value") or 0
    if name.startswith("system-"):
        known = name in SYSTEM_PRIORITIES
        if not known:
            error = f"{name} is not a known system priority class"
        elif value != SYSTEM_PRIORITIES[name]:
            error = f"value of {name} PriorityClass must be {SYSTEM_PRIORITIES[name]}"
        elif obj.get("globalDefault"):
            error = f"globalDefault of {name} PriorityClass must be false"
        else:
            error = ""
        if error:
            errs.forbidden(
                "metadata.name",
                f"priority class names with 'system-' prefix are reserved for system use only. error: {error}",
            )
    elif value > _HIGHEST:
        errs.forbidden("value", f"maximum allowed value of a user defined priority is {_HIGHEST}")
    if obj.get("preemptionPolicy") is not None:
        errs.one_of("preemptionPolicy", obj["preemptionPolicy"], ("PreemptLowerPriority", "Never"), ordered=True)


def priority_class_update(errs: Errors, obj: Manifest, old: Manifest) -> None:
    if (obj.get("value") or 0) != (old.get("value") or 0):
        errs.forbidden("value", "may not be changed in an update.")
    errs.immutable("preemptionPolicy", obj.get("preemptionPolicy"), old.get("preemptionPolicy"))


def runtime_class(errs: Errors, obj: Manifest) -> None:
    handler = obj.get("handler") or ""
    errs.name("handler", handler, names.dns_label)
    overhead = (obj.get("overhead") or {}).get("podFixed")
    if overhead:
        requirements(errs, {"limits": overhead}, "overhead.podFixed")
    scheduling = obj.get("scheduling") or {}
    for key, value in (scheduling.get("nodeSelector") or {}).items():
        errs.name("scheduling.nodeSelector", key, names.qualified)
        errs.name("scheduling.nodeSelector", value, names.label_value)
    tolerations(errs, scheduling.get("tolerations") or [], "scheduling.tolerations")


def runtime_class_update(errs: Errors, obj: Manifest, old: Manifest) -> None:
    errs.immutable("handler", obj.get("handler"), old.get("handler"))


def lease(errs: Errors, obj: Manifest) -> None:
    spec = obj.get("spec") or {}
    seconds, transitions = spec.get("leaseDurationSeconds"), spec.get("leaseTransitions")
    if seconds is not None and seconds <= 0:
        errs.invalid("spec.leaseDurationSeconds", seconds, "must be greater than 0")
    if transitions is not None and transitions < 0:
        errs.invalid("spec.leaseTransitions", transitions, "must be greater than or equal to 0")
    strategy = spec.get("strategy")
    if strategy is not None and strategy not in ("OldestEmulationVersion",):
        errs.unsupported("spec.strategy", strategy, ("OldestEmulationVersion",))


def lease_update(errs: Errors, obj: Manifest, old: Manifest) -> None:
    lease(errs, obj)


# --- certificates -------------------------------------------------------------------------------

_USAGES = (
    "signing", "digital signature", "content commitment", "key encipherment", "key agreement", "data encipherment", "cert sign", "crl sign", "encipher only",
    "decipher only", "any", "server auth", "client auth", "code signing", "email protection", "s/mime", "ipsec end system", "ipsec tunnel", "ipsec user",
    "timestamping", "ocsp signing", "microsoft sgc", "netscape sgc",
)  # fmt: skip


def signing_request(errs: Errors, obj: Manifest) -> None:
    spec = obj.get("spec") or {}
    _request(errs, spec.get("request") or "")
    usages = spec.get("usages") or []
    if not usages:
        errs.required("spec.usages")
    seen: set[str] = set()
    for index, usage in enumerate(usages):
        if usage not in _USAGES:
            errs.unsupported(f"spec.usages[{index}]", usage, _USAGES)
        if usage in seen:
            errs.duplicate(f"spec.usages[{index}]", usage)
        seen.add(usage)
    _signer(errs, spec.get("signerName") or "")
    seconds = spec.get("expirationSeconds")
    if seconds is not None and seconds < 600:
        errs.invalid("spec.expirationSeconds", seconds, "may not specify a duration less than 600 seconds (10 minutes)")


def _request(errs: Errors, request: str) -> None:
    from base64 import b64decode

    from cryptography import x509

    if not request:
        errs.invalid("spec.request", [], "PEM block type must be CERTIFICATE REQUEST")
        return
    data = b64decode(request)
    if b"BEGIN CERTIFICATE REQUEST" not in data:
        errs.invalid("spec.request", request, "PEM block type must be CERTIFICATE REQUEST")
        return
    try:
        x509.load_pem_x509_csr(data)
    except ValueError as error:
        errs.invalid("spec.request", request, str(error))


def _signer(errs: Errors, name: str) -> None:
    if not name:
        errs.required("spec.signerName")
        return
    host, slash, path = name.partition("/")
    if not slash:
        errs.invalid(
            "spec.signerName", name, "must be a fully qualified domain and path of the form 'example.com/signer-name'"
        )
        return
    for label in host.split("."):
        errs.name("spec.signerName", label, names.dns_label)
    if host.count(".") < 1:
        errs.invalid("spec.signerName", host, "should be a domain with at least two segments separated by dots")
    for label in path.split("."):
        for problem in names.dns_subdomain(label):
            errs.invalid("spec.signerName", label, f'validating label "{label}": {problem}')


def signing_status(errs: Errors, obj: Manifest, old: Manifest) -> None:
    conditions = (obj.get("status") or {}).get("conditions") or []
    for index, condition in enumerate(conditions):
        path = f"status.conditions[{index}]"
        kind, state = condition.get("type"), condition.get("status")
        if not kind:
            errs.required(f"{path}.type")
        if kind in ("Approved", "Denied", "Failed"):
            errs.one_of(f"{path}.status", state, ("True",))
        else:
            errs.one_of(f"{path}.status", state, ("True", "False", "Unknown"))
    kinds = {c.get("type") for c in conditions}
    if {"Approved", "Denied"} <= kinds:
        errs.invalid("status.conditions", "Denied", "Approved and Denied conditions are mutually exclusive")


# --- flow control ---------------------------------------------------------------------------------


def flow_schema(errs: Errors, obj: Manifest) -> None:
    spec = obj.get("spec") or {}
    precedence = spec.get("matchingPrecedence") or 0
    if precedence <= 0:
        errs.invalid("spec.matchingPrecedence", precedence, "must be a positive value")
    elif precedence > 10000:
        errs.invalid("spec.matchingPrecedence", precedence, "must not be greater than 10000")
    reference = spec.get("priorityLevelConfiguration") or {}
    if not reference.get("name"):
        errs.required("spec.priorityLevelConfiguration.name", "must reference a priority level")
    method = spec.get("distinguisherMethod")
    if method is not None and method.get("type") not in ("ByNamespace", "ByUser"):
        errs.unsupported(
            "spec.distinguisherMethod",
            raw('{"Type":' + gotext.dumps(method.get("type") or "") + "}"),
            ("ByNamespace", "ByUser"),
        )


def priority_level(errs: Errors, obj: Manifest) -> None:
    spec = obj.get("spec") or {}
    kind = spec.get("type")
    if kind == "Limited":
        if spec.get("limited") is None:
            errs.required("spec.limited", "must not be empty when type is Limited")
        elif spec.get("exempt") is not None:
            errs.forbidden("spec.exempt", "must be nil if the type is Limited")
    elif kind == "Exempt":
        if spec.get("limited") is not None:
            errs.forbidden("spec.limited", "must be nil if the type is not Limited")
    else:
        errs.unsupported("spec.type", kind or "", ("Exempt", "Limited"))

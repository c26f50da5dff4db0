"""Validation of budgets, priorities, runtimes, leases, and signing requests.

In: a defaulted object, for updates the stored one. Out: field errors. Never: enforcement.
"""

from __future__ import annotations

from holdfast.kube.refs import Manifest
from holdfast.sandbox import gotext
from holdfast.sandbox.kinds import names, selectors
from holdfast.sandbox.kinds.field import Errors, raw
from holdfast.sandbox.kinds.validate_resources import requirements
from holdfast.sandbox.kinds.validate_scheduling import toleration_dump, tolerations
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
    if not handler:
        errs.required("handler")
    else:
        errs.name("handler", handler, names.dns_label)
    overhead = (obj.get("overhead") or {}).get("podFixed")
    if overhead:
        requirements(errs, {"limits": overhead}, "overhead")
    scheduling = obj.get("scheduling") or {}
    for key, value in (scheduling.get("nodeSelector") or {}).items():
        errs.name("scheduling.nodeSelector", key, names.qualified)
        errs.name("scheduling.nodeSelector", value, names.label_value)
    found = scheduling.get("tolerations") or []
    tolerations(errs, found, "scheduling.tolerations")
    for index, item in enumerate(found):
        if item in found[:index]:
            errs.duplicate(f"scheduling.tolerations[{index}]", toleration_dump(item))


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

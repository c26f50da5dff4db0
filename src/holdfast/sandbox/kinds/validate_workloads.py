"""Validation of apps/v1 and of replication controllers.

In: a defaulted object, for updates the stored one. Out: field errors. Never: rollouts.
"""

from __future__ import annotations

from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.sandbox import gotext
from holdfast.sandbox.kinds import names, selectors
from holdfast.sandbox.kinds.field import IMMUTABLE, Errors, raw
from holdfast.sandbox.kinds.validate_claims import claim_spec
from holdfast.sandbox.kinds.validate_pod import template, workload_template
from holdfast.sandbox.status import Literal

_STATEFUL_FORBIDDEN = (
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', "
    "'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
)
_STATEFUL_MUTABLE = (
    "replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit", "persistentVolumeClaimRetentionPolicy", "minReadySeconds",
)  # fmt: skip


def int_or_percent(errs: Errors, value: Any, path: str) -> None:
    if isinstance(value, str):
        errs.name(path, value, names.percent)
    elif value is not None:
        errs.non_negative(path, value)


def not_over_100(errs: Errors, value: Any, path: str) -> None:
    if isinstance(value, str) and not names.percent(value) and int(value[:-1]) > 100:
        errs.invalid(path, value, "must not be greater than 100%")


def amount(value: Any) -> int:
    """A number or a percentage as a number; anything else counts as nothing."""
    if isinstance(value, str):
        return int(value[:-1]) if not names.percent(value) else 0
    return value or 0


def deployment(errs: Errors, obj: Manifest) -> None:
    spec = obj["spec"]
    errs.non_negative("spec.replicas", spec.get("replicas"))
    usable = _deployment_selector(errs, spec)
    workload_template(errs, spec, "Deployment", usable)
    _strategy(errs, spec.get("strategy") or {})
    for key in ("minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"):
        errs.non_negative(f"spec.{key}", spec.get(key))
    deadline = spec.get("progressDeadlineSeconds")
    if deadline is not None and deadline <= (spec.get("minReadySeconds") or 0):
        errs.invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds")


def _missing(errs: Errors, spec: Manifest) -> None:
    """No selector at all selects nothing, the template's labels included."""
    errs.required("spec.selector")
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels")
    errs.invalid("spec.template.metadata.labels", labels, "`selector` does not match template `labels`")


def _deployment_selector(errs: Errors, spec: Manifest) -> bool:
    selector = spec.get("selector")
    if selector is None:
        _missing(errs, spec)
        return False
    selectors.label_selector(errs, selector, "spec.selector")
    if selectors.empty(selector):
        errs.invalid("spec.selector", raw("{}"), "empty selector is invalid for deployment")
    if not selectors.usable(selector):
        errs.invalid("spec.selector", selectors.printed(selector), "invalid label selector")
        return False
    return True


def _strategy(errs: Errors, strategy: Manifest) -> None:
    kind, rolling = strategy.get("type"), strategy.get("rollingUpdate")
    if kind == "Recreate":
        if rolling is not None:
            errs.forbidden("spec.strategy.rollingUpdate", "may not be specified when strategy `type` is 'Recreate'")
    elif kind == "RollingUpdate":
        if rolling is None:
            errs.required("spec.strategy.rollingUpdate", "this should be defaulted and never be nil")
            return
        _surge(errs, rolling, "spec.strategy.rollingUpdate")
    else:
        shown = (
            gotext.dumps({"Type": kind})[:-1]
            + ',"RollingUpdate":'
            + ("null" if rolling is None else _rolling(rolling))
            + "}"
        )
        errs.unsupported("spec.strategy", raw(shown), ("Recreate", "RollingUpdate"))


def _rolling(rolling: Manifest) -> str:
    return (
        "{"
        f'"MaxUnavailable":{gotext.dumps(rolling.get("maxUnavailable", 0))},"MaxSurge":{gotext.dumps(rolling.get("maxSurge", 0))}'
        "}"
    )


def _surge(errs: Errors, rolling: Manifest, path: str) -> None:
    unavailable, surge = rolling.get("maxUnavailable"), rolling.get("maxSurge")
    int_or_percent(errs, unavailable, f"{path}.maxUnavailable")
    int_or_percent(errs, surge, f"{path}.maxSurge")
    if amount(unavailable) == 0 and amount(surge) == 0:
        errs.invalid(f"{path}.maxUnavailable", unavailable, "may not be 0 when `maxSurge` is 0")
    not_over_100(errs, unavailable, f"{path}.maxUnavailable")


def deployment_update(errs: Errors, obj: Manifest, old: Manifest) -> None:
    _selector_fixed(errs, obj, old)


def _selector_fixed(errs: Errors, obj: Manifest, old: Manifest) -> None:
    if obj["spec"].get("selector") != old["spec"].get("selector"):
        errs.invalid("spec.selector", selectors.printed(obj["spec"].get("selector")), IMMUTABLE)


def replica_set(errs: Errors, obj: Manifest) -> None:
    spec = obj["spec"]
    errs.non_negative("spec.replicas", spec.get("replicas"))
    errs.non_negative("spec.minReadySeconds", spec.get("minReadySeconds"))
    usable = _required_selector(errs, spec, "deployment")
    workload_template(errs, spec, "ReplicaSet", usable)


def _required_selector(errs: Errors, spec: Manifest, kind: str) -> bool:
    selector = spec.get("selector")
    if selector is None:
        _missing(errs, spec)
        return False
    selectors.label_selector(errs, selector, "spec.selector")
    if selectors.empty(selector):
        errs.invalid("spec.selector", raw("{}"), f"empty selector is invalid for {kind}")
        return False
    if not selectors.usable(selector):
        errs.invalid("spec.selector", selectors.printed(selector), "invalid label selector")
        return False
    return True


def replica_set_update(errs: Errors, obj: Manifest, old: Manifest) -> None:
    _selector_fixed(errs, obj, old)


def daemon_set(errs: Errors, obj: Manifest) -> None:
    spec = obj["spec"]
    selector = spec.get("selector")
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels")
    selectors.label_selector(errs, selector, "spec.selector")
    usable = selectors.usable(selector)
    matched = selector is not None and (selectors.empty(selector) or selectors.matches(selector, labels or {}))
    if usable and not matched:
        errs.invalid("spec.template.metadata.labels", labels, "`selector` does not match template `labels`")
    if selector is not None and selectors.empty(selector):
        errs.invalid("spec.selector", raw("{}"), "empty selector is invalid for daemonset")
    workload_template(errs, spec, "DaemonSet", selector_usable=False)
    errs.non_negative("spec.minReadySeconds", spec.get("minReadySeconds"))
    strategy = spec.get("updateStrategy") or {}
    if strategy.get("type") == "RollingUpdate":
        _daemon_rolling(errs, strategy.get("rollingUpdate") or {}, "spec.updateStrategy.rollingUpdate")
    elif strategy.get("type") != "OnDelete":
        errs.unsupported("spec.updateStrategy", _strategy_dump(strategy), ("RollingUpdate", "OnDelete"), ordered=True)
    errs.non_negative("spec.revisionHistoryLimit", spec.get("revisionHistoryLimit"))


def _strategy_dump(strategy: Manifest) -> Literal:
    rolling = strategy.get("rollingUpdate")
    shown = "null"
    if rolling is not None:
        unavailable, surge = (gotext.dumps(rolling.get(key, 0)) for key in ("maxUnavailable", "maxSurge"))
        shown = "{" + f'"MaxUnavailable":{unavailable},"MaxSurge":{surge}' + "}"
    return raw("{" + f'"Type":{gotext.dumps(strategy.get("type") or "")},"RollingUpdate":{shown}' + "}")


def _daemon_rolling(errs: Errors, rolling: Manifest, path: str) -> None:
    unavailable, surge = rolling.get("maxUnavailable"), rolling.get("maxSurge")
    int_or_percent(errs, unavailable, f"{path}.maxUnavailable")
    int_or_percent(errs, surge, f"{path}.maxSurge")
    if amount(unavailable) and amount(surge):
        errs.invalid(f"{path}.maxSurge", surge, "may not be set when maxUnavailable is non-zero")
    elif not amount(unavailable) and not amount(surge):
        errs.required(f"{path}.maxUnavailable", "cannot be 0 when maxSurge is 0")
    not_over_100(errs, unavailable, f"{path}.maxUnavailable")
    not_over_100(errs, surge, f"{path}.maxSurge")


def daemon_set_update(errs: Errors, obj: Manifest, old: Manifest) -> None:
    _selector_fixed(errs, obj, old)
    daemon_set(errs, obj)


def stateful_set(errs: Errors, obj: Manifest, creating: bool = True) -> None:
    spec = obj["spec"]
    policy = spec.get("podManagementPolicy")
    if policy not in ("OrderedReady", "Parallel"):
        errs.invalid("spec.podManagementPolicy", policy, "must be 'OrderedReady' or 'Parallel'")
    _stateful_strategy(errs, spec.get("updateStrategy") or {})
    for key in ("whenDeleted", "whenScaled"):
        policy = (spec.get("persistentVolumeClaimRetentionPolicy") or {}).get(key)
        errs.one_of(
            f"spec.persistentVolumeClaimRetentionPolicy.{key}",
            policy,
            ("Retain", "Delete"),
            ordered=True,
            required=False,
        )
    for index, claim in enumerate(spec.get("volumeClaimTemplates") or () if creating else ()):
        claim_spec(errs, claim.get("spec") or {}, f"spec.volumeClaimTemplates[{index}].spec")
    errs.non_negative("spec.replicas", spec.get("replicas"))
    errs.non_negative("spec.minReadySeconds", spec.get("minReadySeconds"))
    errs.non_negative("spec.ordinals.start", (spec.get("ordinals") or {}).get("start"))
    if creating and spec.get("serviceName"):
        errs.name("spec.serviceName", spec["serviceName"], names.dns_label)
    selector = spec.get("selector")
    usable = False
    if selector is None:
        _missing(errs, spec)
    else:
        selectors.label_selector(errs, selector, "spec.selector")
        if selectors.empty(selector):
            errs.invalid("spec.selector", raw("{}"), "empty selector is invalid for statefulset")
        usable = selectors.usable(selector)
        if not usable:
            errs.invalid("spec.selector", selectors.printed(selector), "")
    workload_template(errs, _with_claims(spec), "StatefulSet", usable)


def _with_claims(spec: Manifest) -> Manifest:
    """The spec with the template as its pods will be: claims as volumes, names given by the set."""
    found = spec.get("template") or {}
    pod = {k: v for k, v in (found.get("spec") or {}).items() if k not in ("subdomain", "hostname")}
    names_of_claims = {
        (c.get("metadata") or {}).get("name") or "": None for c in spec.get("volumeClaimTemplates") or ()
    }
    if names_of_claims:
        claims = [{"name": n, "persistentVolumeClaim": {"claimName": n}} for n in names_of_claims]
        own = [v for v in pod.get("volumes") or () if (v.get("name") or "") not in names_of_claims]
        pod["volumes"] = claims + own
    return {**spec, "template": {**found, "spec": pod}}


def _stateful_strategy(errs: Errors, strategy: Manifest) -> None:
    kind, rolling = strategy.get("type"), strategy.get("rollingUpdate")
    if not kind:
        errs.required("spec.updateStrategy")
    elif kind == "OnDelete":
        if rolling is not None:
            shown = f'"Partition":{rolling.get("partition") or 0},"MaxUnavailable":{gotext.dumps(rolling.get("maxUnavailable"))}'
            errs.invalid(
                "spec.updateStrategy.rollingUpdate",
                raw("{" + shown + "}"),
                "only allowed for updateStrategy 'RollingUpdate'",
            )
    elif kind == "RollingUpdate":
        if rolling is not None:
            errs.non_negative("spec.updateStrategy.rollingUpdate.partition", rolling.get("partition"))
            if rolling.get("maxUnavailable") is not None:
                int_or_percent(errs, rolling["maxUnavailable"], "spec.updateStrategy.rollingUpdate.maxUnavailable")
                if amount(rolling["maxUnavailable"]) == 0:
                    errs.invalid(
                        "spec.updateStrategy.rollingUpdate.maxUnavailable", rolling["maxUnavailable"], "cannot be 0"
                    )
                not_over_100(errs, rolling["maxUnavailable"], "spec.updateStrategy.rollingUpdate.maxUnavailable")
    else:
        parts = "null"
        if rolling is not None:
            parts = f'{{"Partition":{rolling.get("partition") or 0},"MaxUnavailable":{gotext.dumps(rolling.get("maxUnavailable"))}}}'
        shown = "{" + f'"Type":{gotext.dumps(kind)},"RollingUpdate":{parts}' + "}"
        errs.invalid("spec.updateStrategy", raw(shown), "must be 'RollingUpdate' or 'OnDelete'")


def stateful_set_update(errs: Errors, obj: Manifest, old: Manifest) -> None:
    spec, before = obj["spec"], old["spec"]
    rest = {key: value for key, value in spec.items() if key not in _STATEFUL_MUTABLE}
    if rest != {key: value for key, value in before.items() if key not in _STATEFUL_MUTABLE}:
        errs.forbidden("spec", _STATEFUL_FORBIDDEN)


def replication_controller(errs: Errors, obj: Manifest) -> None:
    spec = obj["spec"]
    errs.non_negative("spec.minReadySeconds", spec.get("minReadySeconds"))
    selector = spec.get("selector") or {}
    if not selector:
        errs.required("spec.selector")
    errs.non_negative("spec.replicas", spec.get("replicas"))
    found = spec.get("template")
    if found is None:
        errs.required("spec.template")
        return
    given = (found.get("metadata") or {}).get("labels")
    labels = given or {}
    if selector and any(labels.get(key) != value for key, value in selector.items()):
        errs.invalid("spec.template.metadata.labels", given, "`selector` does not match template `labels`")
    template(errs, found, "spec.template")
    pod = found.get("spec") or {}
    if pod.get("restartPolicy") != "Always":
        errs.unsupported("spec.template.spec.restartPolicy", pod.get("restartPolicy"), ("Always",))
    if pod.get("activeDeadlineSeconds") is not None:
        errs.forbidden(
            "spec.template.spec.activeDeadlineSeconds",
            "activeDeadlineSeconds in ReplicationController is not Supported",
        )


def pod_template(errs: Errors, obj: Manifest) -> None:
    template(errs, obj.get("template") or {}, "template")


def controller_revision(errs: Errors, obj: Manifest) -> None:
    if obj.get("data") is not None and not isinstance(obj["data"], dict):
        errs.required("data", "data must be a valid JSON object")
    if obj.get("data") is None:
        errs.required("data", "data is mandatory")
    errs.non_negative("revision", obj.get("revision"))


def controller_revision_update(errs: Errors, obj: Manifest, old: Manifest) -> None:
    errs.non_negative("revision", obj.get("revision"))
    if obj.get("data") != old.get("data"):
        errs.invalid("data", obj.get("data"), IMMUTABLE)


# --- status -----------------------------------------------------------------------


_COUNTS = (
    "observedGeneration", "replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas", "fullyLabeledReplicas",
    "currentReplicas", "terminatingReplicas", "collisionCount", "currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled",
    "numberReady", "updatedNumberScheduled", "numberAvailable", "numberUnavailable",
)  # fmt: skip
_PARTS = {
    "Deployment": ("updatedReplicas", "readyReplicas", "availableReplicas"),
    "ReplicaSet": ("fullyLabeledReplicas", "readyReplicas", "availableReplicas"),
    "ReplicationController": ("fullyLabeledReplicas", "readyReplicas", "availableReplicas"),
    "StatefulSet": ("readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"),
}
_COLLIDES = ("Deployment", "StatefulSet", "DaemonSet")


def workload_status(errs: Errors, obj: Manifest, old: Manifest, kind: str) -> None:
    status = obj.get("status") or {}
    for key in _COUNTS:
        errs.non_negative(f"status.{key}", status.get(key))
    for key in _PARTS.get(kind, ()):
        if (status.get(key) or 0) > (status.get("replicas") or 0):
            errs.invalid(f"status.{key}", status.get(key) or 0, "cannot be greater than status.replicas")
    available = status.get("availableReplicas") or 0
    if kind != "DaemonSet" and available > (status.get("readyReplicas") or 0):
        prefix = "status." if kind == "StatefulSet" else ""
        errs.invalid("status.availableReplicas", available, f"cannot be greater than {prefix}readyReplicas")
    before = (old.get("status") or {}).get("collisionCount")
    if kind in _COLLIDES and before is not None and (status.get("collisionCount") or 0) < before:
        errs.invalid("status.collisionCount", status.get("collisionCount") or 0, "cannot be decremented")

"""Validation of jobs and cron jobs.

In: a defaulted object, for updates the stored one. Out: field errors. Never: running anything.
"""

from __future__ import annotations

import re
from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.sandbox import gotext
from holdfast.sandbox.kinds import cron, dump, names, selectors
from holdfast.sandbox.kinds.field import IMMUTABLE, Errors, raw
from holdfast.sandbox.kinds.validate_pod import template

_JOB_RESTART = ("OnFailure", "Never")
_MAX_INDEXED = 100_000
_MANY = 10_000
_NUMBERS = (
    "parallelism",
    "completions",
    "activeDeadlineSeconds",
    "backoffLimit",
    "ttlSecondsAfterFinished",
    "backoffLimitPerIndex",
    "maxFailedIndexes",
)


def job(errs: Errors, obj: Manifest) -> None:
    spec = obj["spec"]
    _generated_selector(errs, obj)
    _selected_spec(errs, spec)
    if spec.get("completionMode") == "Indexed" and (spec.get("completions") or 0) > 0:
        name = obj["metadata"].get("name") or ""
        host = f"{name}-{spec['completions'] - 1}"
        if names.dns_label(host):
            errs.invalid("metadata.name", name, f"will not able to create pod with invalid DNS label: {host}")


def _selected_spec(errs: Errors, spec: Manifest) -> None:
    """The spec of a job that has its selector already."""
    job_spec(errs, spec, "spec")
    selectors.label_selector(errs, spec.get("selector"), "spec.selector")
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
    chosen = spec.get("selector")
    if chosen is None:
        errs.required("spec.selector")
    if chosen is None or (selectors.usable(chosen) and not selectors.matches(chosen, labels)):
        errs.invalid("spec.template.metadata.labels", labels or None, "`selector` does not match template `labels`")


def _generated_selector(errs: Errors, obj: Manifest) -> None:
    spec = obj["spec"]
    if spec.get("manualSelector") or spec.get("selector") is None:
        return
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
    uid, name = obj["metadata"].get("uid", ""), obj["metadata"].get("name", "")
    for key, value in (
        ("controller-uid", uid),
        ("batch.kubernetes.io/controller-uid", uid),
        ("job-name", name),
        ("batch.kubernetes.io/job-name", name),
    ):
        if labels.get(key) is None:
            errs.required(f"spec.template.metadata.labels[{key}]", f"must be '{value}'")
        elif labels[key] != value:
            errs.invalid(f"spec.template.metadata.labels[{key}]", labels, f"must be '{value}'")
    generated = {f"{prefix}controller-uid": uid for prefix in ("", "batch.kubernetes.io/")}
    generated |= {f"{prefix}job-name": name for prefix in ("", "batch.kubernetes.io/")}
    if selectors.usable(spec["selector"]) and not selectors.matches(spec["selector"], generated):
        errs.invalid("spec.selector", selectors.printed(spec["selector"]), "`selector` not auto-generated")


def job_spec(errs: Errors, spec: Manifest, path: str) -> None:
    for key in _NUMBERS:
        errs.non_negative(f"{path}.{key}", spec.get(key))
    if spec.get("maxFailedIndexes") is not None and spec.get("backoffLimitPerIndex") is None:
        errs.required(f"{path}.backoffLimitPerIndex", "when maxFailedIndexes is specified")
    _manager(errs, spec, path)
    _indexes(errs, spec, path)
    if spec.get("podFailurePolicy") is not None:
        _failure_policy(errs, spec, f"{path}.podFailurePolicy")
    if spec.get("successPolicy") is not None:
        _success_policy(errs, spec, path)
    _replacement(errs, spec, path)
    found = spec.get("template") or {}
    template(errs, found, f"{path}.template")
    pod = found.get("spec") or {}
    policy = pod.get("restartPolicy")
    if policy in (None, "", "Always"):
        errs.required(f"{path}.template.spec.restartPolicy", 'valid values: "OnFailure", "Never"')
    elif policy not in _JOB_RESTART:
        errs.unsupported(f"{path}.template.spec.restartPolicy", policy, _JOB_RESTART, ordered=True)
    elif spec.get("podFailurePolicy") is not None and policy != "Never":
        errs.invalid(
            f"{path}.template.spec.restartPolicy",
            policy,
            'only "Never" is supported when podFailurePolicy is specified',
        )


def _manager(errs: Errors, spec: Manifest, path: str) -> None:
    manager = spec.get("managedBy")
    if manager is not None:
        domain_path(errs, manager, f"{path}.managedBy")
        if len(manager) > 63:
            errs.too_long(f"{path}.managedBy", 63)


def domain_path(errs: Errors, text: str, path: str) -> None:
    if not text:
        errs.required(path)
        return
    host, _, rest = text.partition("/")
    if not host or not rest:
        errs.invalid(path, text, 'must be a domain-prefixed path (such as "acme.io/foo")')
        return
    errs.name(path, host, names.dns_subdomain)
    if not names.http_path(rest):
        errs.invalid(path, rest, names.regex_error("Invalid path", r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+"))


def _indexes(errs: Errors, spec: Manifest, path: str) -> None:
    mode = spec.get("completionMode")
    if mode is not None:
        if mode not in ("Indexed", "NonIndexed"):
            errs.unsupported(f"{path}.completionMode", mode, ("NonIndexed", "Indexed"), ordered=True)
        elif mode == "Indexed":
            if "completions" not in spec:
                errs.required(f"{path}.completions", "when completion mode is Indexed")
            if (spec.get("parallelism") or 0) > _MAX_INDEXED:
                errs.invalid(
                    f"{path}.parallelism",
                    spec["parallelism"],
                    f"must be less than or equal to {_MAX_INDEXED} when completion mode is Indexed",
                )
            _many_indexes(errs, spec, path)
    if mode in (None, "NonIndexed"):
        for key in ("backoffLimitPerIndex", "maxFailedIndexes"):
            if spec.get(key) is not None:
                errs.invalid(f"{path}.{key}", spec[key], "requires indexed completion mode")


def _many_indexes(errs: Errors, spec: Manifest, path: str) -> None:
    completions, failed = spec.get("completions"), spec.get("maxFailedIndexes")
    if completions is not None and failed is not None and failed > completions:
        errs.invalid(f"{path}.maxFailedIndexes", failed, "must be less than or equal to completions")
    if failed is not None and failed > _MAX_INDEXED:
        errs.invalid(f"{path}.maxFailedIndexes", failed, f"must be less than or equal to {_MAX_INDEXED}")
    if completions is None or completions <= _MAX_INDEXED or spec.get("backoffLimitPerIndex") is None:
        return
    above = f"must be less than or equal to {{}} when completions are above {_MAX_INDEXED} and used with backoff limit per index"
    if failed is None:
        errs.required(f"{path}.maxFailedIndexes", f"must be specified when completions is above {_MAX_INDEXED}")
    for key in ("parallelism", "maxFailedIndexes"):
        if (spec.get(key) or 0) > _MANY:
            errs.invalid(f"{path}.{key}", spec[key], above.format(_MANY))


def _failure_policy(errs: Errors, spec: Manifest, path: str) -> None:
    policy = spec["podFailurePolicy"]
    pod = (spec.get("template") or {}).get("spec") or {}
    known = {item.get("name") for key in ("containers", "initContainers") for item in pod.get(key) or ()}
    rules = policy.get("rules") or []
    if len(rules) > 20:
        errs.too_many(f"{path}.rules", len(rules), 20)
    for index, rule in enumerate(rules):
        place = f"{path}.rules[{index}]"
        action = rule.get("action")
        _needed(errs, f"{place}.action", action, ("Count", "FailIndex", "FailJob", "Ignore"))
        if action == "FailIndex" and spec.get("backoffLimitPerIndex") is None:
            errs.invalid(f"{place}.action", action, "requires the backoffLimitPerIndex to be set")
        codes, conditions = rule.get("onExitCodes"), rule.get("onPodConditions") or []
        if codes is not None:
            _exit_codes(errs, codes, f"{place}.onExitCodes", known)
        if len(conditions) > 20:
            errs.too_many(f"{place}.onPodConditions", len(conditions), 20)
        for number, pattern in enumerate(conditions):
            _pod_condition(errs, pattern, f"{place}.onPodConditions[{number}]")
        if codes is not None and conditions:
            errs.invalid_plain(place, "specifying both OnExitCodes and OnPodConditions is not supported")
        if codes is None and not conditions:
            errs.invalid_plain(place, "specifying one of OnExitCodes and OnPodConditions is required")


def _needed(errs: Errors, path: str, value: str | None, known: tuple[str, ...]) -> None:
    """An absent value is told with what it could be."""
    if not value:
        errs.required(path, f"valid values: {gotext.quoted(known)}")
    elif value not in known:
        errs.unsupported(path, value, known)


def _pod_condition(errs: Errors, pattern: Manifest, path: str) -> None:
    errs.name(f"{path}.type", pattern.get("type") or "", names.qualified)
    _needed(errs, f"{path}.status", pattern.get("status"), ("False", "True", "Unknown"))


def _exit_codes(errs: Errors, codes: Manifest, path: str, known: set[Any]) -> None:
    operator, values = codes.get("operator"), [value or 0 for value in codes.get("values") or ()]
    _needed(errs, f"{path}.operator", operator, ("In", "NotIn"))
    container = codes.get("containerName")
    if container is not None and container not in known:
        errs.invalid(
            f"{path}.containerName",
            container,
            "must be one of the container or initContainer names in the pod template",
        )
    if not values:
        errs.invalid(f"{path}.values", codes.get("values"), "at least one value is required")
    elif len(values) > 255:
        errs.too_many(f"{path}.values", len(values), 255)
    seen: set[int] = set()
    for index, value in enumerate(values):
        if operator == "In" and value == 0:
            errs.invalid(f"{path}.values[{index}]", value, "must not be 0 for the In operator")
        if value in seen:
            errs.duplicate(f"{path}.values[{index}]", value)
        seen.add(value)
    if values != sorted(values):
        errs.invalid(f"{path}.values", values, "must be ordered")


def _success_policy(errs: Errors, spec: Manifest, path: str) -> None:
    policy = spec["successPolicy"]
    if spec.get("completionMode") != "Indexed":
        shown = ",".join(
            "{"
            f'"SucceededIndexes":{gotext.dumps(r.get("succeededIndexes"))},"SucceededCount":{gotext.dumps(r.get("succeededCount"))}'
            "}"
            for r in policy.get("rules") or ()
        )
        errs.invalid(
            f"{path}.successPolicy",
            raw('{"Rules":' + (f"[{shown}]" if "rules" in policy else "[]") + "}"),
            "requires indexed completion mode",
        )
        return
    rules = policy.get("rules") or []
    if len(rules) > 20:
        errs.too_many(f"{path}.successPolicy.rules", len(rules), 20)
    if not rules:
        errs.required(
            f"{path}.successPolicy.rules", "at least one rules must be specified when the successPolicy is specified"
        )
    for index, rule in enumerate(rules):
        place = f"{path}.successPolicy.rules[{index}]"
        if rule.get("succeededCount") is None and rule.get("succeededIndexes") is None:
            errs.required(place, "at least one of succeededCount or succeededIndexes must be specified")
        _success_rule(errs, rule, spec.get("completions") or 0, place)


def _success_rule(errs: Errors, rule: Manifest, completions: int, path: str) -> None:
    wanted, count, total = rule.get("succeededIndexes"), rule.get("succeededCount"), 0
    if wanted is not None:
        if len(wanted) > 64 * 1024:
            errs.too_long(f"{path}.succeededIndexes", 64 * 1024)
        try:
            total = count_indexes(wanted, completions)
        except ValueError as error:
            errs.invalid(f"{path}.succeededIndexes", wanted, f"error parsing succeededIndexes: {error}")
    if count is None:
        return
    errs.non_negative(f"{path}.succeededCount", count)
    limits = [(completions, "the number of specified completions")]
    if wanted is not None:
        limits.append((total, "the number of indexes in the specified succeededIndexes field"))
    for limit, meaning in limits:
        if count > limit:
            errs.invalid(f"{path}.succeededCount", count, f"must be less than or equal to {limit} ({meaning})")


def count_indexes(text: str, completions: int) -> int:
    """How many indexes ``1,3-5`` names; ``ValueError`` in the API's words when it is not in order or too high."""
    total, last = 0, -1
    for interval in text.split(",") if text else ():
        bounds = index_bounds(interval, completions)
        if last >= bounds[0]:
            raise ValueError(f"non-increasing order, previous: {last}, current: {bounds[0]}")
        total += bounds[-1] - bounds[0] + 1
        last = bounds[-1]
    return total


def index_bounds(interval: str, completions: int) -> list[int]:
    """The first and last index of ``3-5``, or the one index of ``3``."""
    parts = interval.split("-")
    if len(parts) > 2:
        raise ValueError(
            f"the fragment {gotext.quote(interval)} violates the requirement that an index interval can have at most two parts separated by '-'"
        )
    bounds = [_index(part, completions) for part in parts]
    if len(bounds) == 2 and bounds[0] >= bounds[1]:
        raise ValueError(f"non-increasing order, previous: {bounds[0]}, current: {bounds[1]}")
    return bounds


def _index(text: str, completions: int) -> int:
    if not re.fullmatch("[+-]?[0-9]+", text):
        raise ValueError(f"cannot convert string to integer for index: {gotext.quote(text)}")
    if int(text) >= completions:
        raise ValueError(f"too large index: {gotext.quote(text)}")
    return int(text)


def _replacement(errs: Errors, spec: Manifest, path: str) -> None:
    policy = spec.get("podReplacementPolicy")
    if policy is None:
        return
    if spec.get("podFailurePolicy") is not None:
        if policy != "Failed":
            errs.unsupported(f"{path}.podReplacementPolicy", policy, ("Failed",))
    elif policy not in ("Failed", "TerminatingOrFailed"):
        errs.unsupported(f"{path}.podReplacementPolicy", policy, ("Failed", "TerminatingOrFailed"))


def job_update(errs: Errors, obj: Manifest, old: Manifest) -> None:
    spec, before = obj["spec"], old["spec"]
    job(errs, obj)
    _selected_spec(errs, spec)
    _completions(errs, spec, before)
    if spec.get("selector") != before.get("selector"):
        errs.invalid("spec.selector", selectors.printed(spec.get("selector")), IMMUTABLE)
    _template_fixed(errs, spec, before, old)
    for key in ("completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"):
        if spec.get(key) != before.get(key):
            errs.invalid(f"spec.{key}", _shown(key, spec.get(key)), IMMUTABLE)


def _shown(key: str, value: Any) -> Any:
    if key in ("podFailurePolicy", "successPolicy") and isinstance(value, dict):
        return dump.internal("PodFailurePolicy" if key == "podFailurePolicy" else "SuccessPolicy", value)
    return value


def _completions(errs: Errors, spec: Manifest, before: Manifest) -> None:
    new, old = spec.get("completions"), before.get("completions")
    if new == old:
        return
    if before.get("completionMode") != "Indexed" or new is None or old is None:
        errs.invalid("spec.completions", new, IMMUTABLE)
    elif new != spec.get("parallelism"):
        errs.invalid("spec.completions", new, "can only be modified in tandem with spec.parallelism")


_DIRECTIVES = ("nodeSelector", "tolerations", "schedulingGates")


def _template_fixed(errs: Errors, spec: Manifest, before: Manifest, old: Manifest) -> None:
    new, kept = spec.get("template") or {}, before.get("template") or {}
    if not _may_move(before, old.get("status") or {}):
        if new != kept:
            errs.invalid("spec.template", dump.template(new), IMMUTABLE)
    elif _placed(kept.get("spec") or {}, new.get("spec") or {}) != new.get("spec"):
        errs.invalid("spec.template.spec", dump.internal("PodSpec", new.get("spec")), IMMUTABLE)


def _may_move(spec: Manifest, status: Manifest) -> bool:
    """A suspended job without pods may still be told where to run and with how much."""
    suspended = ("Suspended", "True") in {(c.get("type"), c.get("status")) for c in status.get("conditions") or ()}
    return bool(spec.get("suspend")) and (suspended or not status.get("startTime")) and not status.get("active")


def _placed(old: Manifest, new: Manifest) -> Manifest:
    """The stored pod spec with what a suspended job may change taken from the new one."""
    found = {key: value for key, value in old.items() if key not in _DIRECTIVES}
    found.update({key: new[key] for key in _DIRECTIVES if key in new})
    affinity = {k: v for k, v in (old.get("affinity") or {}).items() if k != "nodeAffinity"}
    affinity.update({k: v for k, v in (new.get("affinity") or {}).items() if k == "nodeAffinity"})
    if "affinity" in new or affinity:
        found["affinity"] = affinity
    else:
        found.pop("affinity", None)
    for key in ("containers", "initContainers"):
        if len(old.get(key) or ()) == len(new.get(key) or ()) and key in old:
            found[key] = [_sized(one, other) for one, other in zip(old[key], new[key], strict=True)]
    return found


def _sized(old: Manifest, new: Manifest) -> Manifest:
    if old.get("name") != new.get("name"):
        return old
    return {**{k: v for k, v in old.items() if k != "resources"}, **{k: new[k] for k in ("resources",) if k in new}}


# --- cron jobs -----------------------------------------------------------------------


def cron_job(errs: Errors, obj: Manifest, old: Manifest | None = None) -> None:
    spec = obj["spec"]
    before = (old or {}).get("spec") or {}
    if not spec.get("schedule"):
        errs.required("spec.schedule")
    else:
        _schedule(errs, spec, before if old else None)
    if spec.get("timeZone") is not None and spec.get("timeZone") != before.get("timeZone"):
        _time_zone(errs, spec["timeZone"])
    errs.non_negative("spec.startingDeadlineSeconds", spec.get("startingDeadlineSeconds"))
    errs.one_of("spec.concurrencyPolicy", spec.get("concurrencyPolicy"), ("Allow", "Forbid", "Replace"))
    job_template = spec.get("jobTemplate") or {}
    _job_template(errs, job_template, "spec.jobTemplate")
    for key in ("successfulJobsHistoryLimit", "failedJobsHistoryLimit"):
        errs.non_negative(f"spec.{key}", spec.get(key))
    name = (obj.get("metadata") or {}).get("name") or ""
    if len(name) > 52 and old is None:
        errs.invalid("metadata.name", name, "must be no more than 52 characters")


def _job_template(errs: Errors, found: Manifest, path: str) -> None:
    spec = found.get("spec") or {}
    if spec.get("selector") is not None:
        errs.invalid(f"{path}.spec.selector", selectors.printed(spec["selector"]), "`selector` will be auto-generated")
    if spec.get("manualSelector"):
        errs.unsupported(f"{path}.spec.manualSelector", spec["manualSelector"], ("nil", "false"), ordered=True)
    job_spec(errs, spec, f"{path}.spec")


def _schedule(errs: Errors, spec: Manifest, before: Manifest | None) -> None:
    schedule = spec["schedule"]
    problem = cron.problem(schedule)
    if problem:
        errs.invalid("spec.schedule", schedule, problem)
    if "TZ" in schedule and (before is None or "TZ" not in (before.get("schedule") or "")):
        errs.invalid("spec.schedule", schedule, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead")


def _time_zone(errs: Errors, zone: str) -> None:
    if not zone:
        errs.invalid("spec.timeZone", zone, "timeZone must be nil or non-empty string")
        return
    if zone.lower() == "local":
        errs.invalid(
            "spec.timeZone",
            zone,
            "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones",
        )
    if zone not in cron.zones() and zone != "Local":
        errs.invalid("spec.timeZone", zone, f"unknown time zone {zone}")


def cron_job_update(errs: Errors, obj: Manifest, old: Manifest) -> None:
    cron_job(errs, obj, old)

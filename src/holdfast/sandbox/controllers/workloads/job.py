"""Jobs: pods until enough have succeeded, or too many failed."""

from __future__ import annotations

from holdfast.kube.refs import Manifest
from holdfast.sandbox.controllers.workloads.actions import (
    Action,
    Create,
    Delete,
    View,
    Wake,
    condition,
    is_going,
    is_ready,
    status_change,
)
from holdfast.sandbox.controllers.workloads.replicaset import PODS, pod_of

JOBS = "jobs.batch"


def decide(view: View, job: Manifest) -> list[Action]:
    status = dict(job.get("status") or {})
    if is_going(job):
        return []
    if _finished(status):
        return _expire(view, job, status)
    pods = view.owned(PODS, job)
    succeeded = [p for p in pods if (p.get("status") or {}).get("phase") == "Succeeded"]
    failed = [p for p in pods if (p.get("status") or {}).get("phase") == "Failed"]
    active = [p for p in pods if p not in succeeded and p not in failed and not is_going(p)]
    if job["spec"].get("suspend"):
        return _suspended(view, job, status, active)
    status = _counted(view, job, status, active, len(succeeded), len(failed))
    verdict = _verdict(view, job, len(succeeded), len(failed), active)
    actions: list[Action] = []
    if verdict is not None:
        actions = [Delete(PODS, p["metadata"]["namespace"], p["metadata"]["name"]) for p in active]
        status = _ended(view, status, *verdict)
    else:
        actions = [Create(PODS, pod) for pod in _missing(job, len(succeeded), len(active), pods)]
        deadline = job["spec"].get("activeDeadlineSeconds")
        if deadline:
            actions.append(Wake(max(0.5, deadline - view.age(job, status.get("startTime")) + 0.5)))
    return [*actions, *status_change(JOBS, job, status)]


def _finished(status: Manifest) -> bool:
    return any(c["type"] in ("Complete", "Failed") and c["status"] == "True" for c in status.get("conditions") or ())


def _expire(view: View, job: Manifest, status: Manifest) -> list[Action]:
    ttl = job["spec"].get("ttlSecondsAfterFinished")
    if ttl is None:
        return []
    ended = next(c for c in status["conditions"] if c["type"] in ("Complete", "Failed") and c["status"] == "True")
    left = ttl - view.age(job, ended["lastTransitionTime"])
    meta = job["metadata"]
    return [Wake(left)] if left > 0 else [Delete(JOBS, meta["namespace"], meta["name"])]


def _suspended(view: View, job: Manifest, status: Manifest, active: list[Manifest]) -> list[Action]:
    stamp = view.timestamp
    status.pop("startTime", None)
    status.pop("active", None)
    status["conditions"] = condition(
        status.get("conditions"), "Suspended", "True", "JobSuspended", "Job suspended", stamp, lastProbeTime=stamp
    )
    status.update(ready=0, terminating=0, uncountedTerminatedPods={})
    gone: list[Action] = [Delete(PODS, p["metadata"]["namespace"], p["metadata"]["name"]) for p in active]
    return [*gone, *status_change(JOBS, job, status)]


def _counted(
    view: View, job: Manifest, status: Manifest, active: list[Manifest], succeeded: int, failed: int
) -> Manifest:
    status.setdefault("startTime", view.timestamp)
    known = status.get("conditions") or []
    if any(c["type"] == "Suspended" and c["status"] == "True" for c in known):
        stamp = view.timestamp
        status["conditions"] = condition(
            known, "Suspended", "False", "JobResumed", "Job resumed", stamp, lastProbeTime=stamp
        )
        status["startTime"] = stamp
    wanted = min(_parallelism(job), max(0, _completions(job) - succeeded))
    for name, count in (("active", max(len(active), wanted)), ("succeeded", succeeded), ("failed", failed)):
        status.pop(name, None)
        if count:
            status[name] = count
    status.update(ready=sum(map(is_ready, active)), terminating=0, uncountedTerminatedPods={})
    return status


def _parallelism(job: Manifest) -> int:
    return int(job["spec"].get("parallelism", 1))


def _completions(job: Manifest) -> int:
    value = job["spec"].get("completions")
    return int(value) if value is not None else max(1, _parallelism(job))


def _missing(job: Manifest, succeeded: int, active: int, pods: list[Manifest]) -> list[Manifest]:
    wanted = min(_parallelism(job), _completions(job) - succeeded) - active
    fresh = []
    taken = {_index(p) for p in pods if (p.get("status") or {}).get("phase") != "Failed"}
    free = (i for i in range(_completions(job)) if i not in taken)
    for _ in range(max(0, wanted)):
        pod = pod_of(job, job["spec"]["template"])
        labels = pod["metadata"].setdefault("labels", {})
        for prefix in ("", "batch.kubernetes.io/"):
            labels[f"{prefix}controller-uid"] = job["metadata"]["uid"]
            labels[f"{prefix}job-name"] = job["metadata"]["name"]
        if job["spec"].get("completionMode") == "Indexed":
            index = next(free, None)
            if index is None:
                break
            labels["batch.kubernetes.io/job-completion-index"] = str(index)
            pod["metadata"].setdefault("annotations", {})["batch.kubernetes.io/job-completion-index"] = str(index)
        fresh.append(pod)
    return fresh


def _index(pod: Manifest) -> int:
    text = (pod["metadata"].get("annotations") or {}).get("batch.kubernetes.io/job-completion-index", "")
    return int(text) if text.isdigit() else -1


def _verdict(
    view: View, job: Manifest, succeeded: int, failed: int, active: list[Manifest]
) -> tuple[str, str, str] | None:
    """(type, reason, message) once it is over."""
    restarts = sum(
        int(s.get("restartCount", 0)) for p in active for s in (p.get("status") or {}).get("containerStatuses") or ()
    )
    if failed + restarts > int(job["spec"].get("backoffLimit", 6)):
        return "Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit"
    deadline = job["spec"].get("activeDeadlineSeconds")
    started = (job.get("status") or {}).get("startTime")
    if deadline and started and view.age(job, started) >= deadline:
        return "Failed", "DeadlineExceeded", "Job was active longer than specified deadline"
    wanted = job["spec"].get("completions")
    if wanted is None:
        done = succeeded > 0 and not active
    else:
        done = succeeded >= int(wanted)
    return ("Complete", "CompletionsReached", "Reached expected number of succeeded pods") if done else None


def _ended(view: View, status: Manifest, kind: str, reason: str, text: str) -> Manifest:
    stamp = view.timestamp
    first = "SuccessCriteriaMet" if kind == "Complete" else "FailureTarget"
    conditions = status.get("conditions")
    for name in (first, kind):
        conditions = condition(conditions, name, "True", reason, text, stamp, lastProbeTime=stamp)
    status["conditions"] = conditions
    if kind == "Complete":
        status["completionTime"] = stamp
    status.pop("active", None)
    status["ready"] = 0
    return status

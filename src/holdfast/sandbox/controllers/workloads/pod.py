"""Pods as a scheduler and a kubelet would treat them: a node, an address, running, ready, ended."""

from __future__ import annotations

import hashlib

from holdfast.kube.refs import Manifest
from holdfast.sandbox.controllers.workloads import omens
from holdfast.sandbox.controllers.workloads.actions import (
    Action,
    Delete,
    Update,
    View,
    Wake,
    is_finished,
    is_going,
    parse_time,
    status_change,
)
from holdfast.sandbox.controllers.workloads.knobs import Knobs
from holdfast.sandbox.controllers.workloads.storage import claims_of

PODS = "pods"
CLAIMS = "persistentvolumeclaims"
_ONE_SHOT_SECONDS = 1.0  # how long a pod that is not restarted runs unless told: long enough to be seen running
_CRASH_EVERY = 10.0


def decide(view: View, pod: Manifest) -> list[Action]:
    if is_going(pod):
        return _terminate(view, pod)
    if is_finished(pod):
        return []
    knobs = Knobs.of(pod)
    if not pod["spec"].get("nodeName"):
        return _schedule(view, pod, knobs)
    return _run(view, pod, knobs)


def _terminate(view: View, pod: Manifest) -> list[Action]:
    """A pod is gone as soon as its containers could have ended; a finalizer still holds it."""
    del view
    meta = pod["metadata"]
    return [Delete(PODS, meta["namespace"], meta["name"])] if not meta.get("finalizers") else []


def _schedule(view: View, pod: Manifest, knobs: Knobs) -> list[Action]:
    selector = pod["spec"].get("nodeSelector") or {}
    nodes = view.all("nodes")
    fit = [n for n in nodes if selector.items() <= (n["metadata"].get("labels") or {}).items()]
    unbound = [c for c in claims_of(pod) if not _bound(view, pod, c)]
    if pod["spec"].get("schedulingGates"):
        return _pending(view, pod, "SchedulingGated", "Scheduling is blocked due to non-empty scheduling gates")
    if knobs.pending or not fit:
        why = "node(s) didn't match Pod's node affinity/selector" if nodes and not knobs.pending else "Insufficient cpu"
        return _pending(view, pod, "Unschedulable", f"0/{len(nodes)} nodes are available: {len(nodes)} {why}.")
    short = {omens.lacking(pod, n) for n in fit}
    if "" not in short:
        return _pending(
            view, pod, "Unschedulable", f"0/{len(nodes)} nodes are available: {len(fit)} Insufficient {max(short)}."
        )
    if unbound:
        missing = [c for c in unbound if view.get(CLAIMS, pod["metadata"]["namespace"], c) is None]
        what = (
            f'persistentvolumeclaim "{missing[0]}" not found'
            if missing
            else ("pod has unbound immediate PersistentVolumeClaims")
        )
        return _pending(view, pod, "Unschedulable", f"0/{len(nodes)} nodes are available: {what}.")
    return [Update("pods/binding", {**pod, "spec": {**pod["spec"], "nodeName": fit[0]["metadata"]["name"]}})]


def _bound(view: View, pod: Manifest, claim: str) -> bool:
    found = view.get(CLAIMS, pod["metadata"]["namespace"], claim)
    return found is not None and (found.get("status") or {}).get("phase") == "Bound"


def _pending(view: View, pod: Manifest, reason: str, text: str) -> list[Action]:
    old = (pod.get("status") or {}).get("conditions") or ()
    status = {**(pod.get("status") or {}), "phase": "Pending"}
    since = next(
        (c["lastTransitionTime"] for c in old if c["type"] == "PodScheduled" and c.get("reason") == reason), ""
    )
    status["conditions"] = [
        {
            "type": "PodScheduled",
            "status": "False",
            "lastProbeTime": None,
            "lastTransitionTime": since or view.timestamp,
            "reason": reason,
            "message": text,
        }
    ]
    return status_change(PODS, pod, status)


def _run(view: View, pod: Manifest, knobs: Knobs) -> list[Action]:
    before = pod.get("status") or {}
    started = before.get("startTime") or view.timestamp
    age = (view.now - parse_time(started)).total_seconds()
    if knobs.pull_fails or omens.cannot_be_pulled(pod):
        return _applied(view, pod, started, _Containers("waiting", "ImagePullBackOff", "Back-off pulling image"), False)
    code = omens.fails(pod)
    if knobs.crashes or code:
        return _crash(view, pod, started, age, knobs.exit_code or code)
    limit = _run_time(pod, knobs)
    if limit is not None and age >= limit:
        return _end(view, pod, started, knobs.exit_code)
    never = knobs.never_ready or omens.never_ready(pod)
    ready = not never and age >= knobs.ready_after
    actions = _applied(view, pod, started, _Containers("running"), ready)
    if limit is not None:
        actions.append(Wake(max(0.05, limit - age)))
    if not ready and not never:
        actions.append(Wake(max(0.05, knobs.ready_after - age)))
    return actions


def _run_time(pod: Manifest, knobs: Knobs) -> float | None:
    if knobs.run_for is not None:
        return knobs.run_for
    # What is not to be started again is meant to end: a Job's pod, a test's, a `kubectl run --restart=Never`.
    return None if pod["spec"].get("restartPolicy", "Always") == "Always" else _ONE_SHOT_SECONDS


def _crash(view: View, pod: Manifest, started: str, age: float, code: int) -> list[Action]:
    if pod["spec"].get("restartPolicy") == "Never":
        return _end(view, pod, started, code or 1)
    restarts = int(age // _CRASH_EVERY) + 1
    state = _Containers("waiting", "CrashLoopBackOff", "back-off restarting failed container", restarts)
    return [*_applied(view, pod, started, state, False), Wake(_CRASH_EVERY - age % _CRASH_EVERY)]


def _end(view: View, pod: Manifest, started: str, code: int) -> list[Action]:
    if code and pod["spec"].get("restartPolicy", "Always") != "Never":
        state = _Containers("waiting", "CrashLoopBackOff", "back-off restarting failed container", 1)
        return _applied(view, pod, started, state, False)
    state = _Containers("terminated", "Completed" if code == 0 else "Error", "", 0, code)
    return _applied(view, pod, started, state, False, phase="Succeeded" if code == 0 else "Failed")


class _Containers:
    """The one state that all containers of a simulated pod share."""

    def __init__(self, state: str, reason: str = "", message: str = "", restarts: int = 0, code: int = 0) -> None:
        self.state, self.reason, self.message, self.restarts, self.code = state, reason, message, restarts, code


def _applied(
    view: View, pod: Manifest, started: str, containers: _Containers, ready: bool, phase: str = ""
) -> list[Action]:
    before = pod.get("status") or {}
    address = before.get("podIP") or _address(pod)
    status: Manifest = {
        **{k: v for k, v in before.items() if k in ("qosClass", "resize")},
        "observedGeneration": pod["metadata"].get("generation", 1),
        "phase": phase or ("Pending" if containers.reason == "ImagePullBackOff" else "Running"),
        "startTime": started,
        "hostIP": "172.18.0.2",
        "hostIPs": [{"ip": "172.18.0.2"}],
        "podIP": address,
        "podIPs": [{"ip": address}],
        "conditions": _conditions(view, pod, containers, ready),
        "containerStatuses": [
            _container(view, pod, c, containers, ready, started) for c in pod["spec"].get("containers") or ()
        ],
    }
    if status["phase"] == "Pending":
        for name in ("podIP", "podIPs"):
            del status[name]
    inits = [_init(c, started) for c in pod["spec"].get("initContainers") or ()]
    if inits:
        status["initContainerStatuses"] = inits
    return status_change(PODS, pod, status)


def _address(pod: Manifest) -> str:
    digest = hashlib.sha256(str(pod["metadata"].get("uid", "")).encode()).digest()
    return f"10.244.{digest[0]}.{digest[1] % 254 + 1}"


def _conditions(view: View, pod: Manifest, containers: _Containers, ready: bool) -> list[Manifest]:
    old = {c["type"]: c for c in (pod.get("status") or {}).get("conditions") or ()}
    names = [c["name"] for c in pod["spec"].get("containers") or ()]
    done = containers.state == "terminated" and containers.code == 0
    out = []
    for kind, holds in (
        ("PodReadyToStartContainers", containers.state != "terminated"),
        ("Initialized", True),
        ("Ready", ready),
        ("ContainersReady", ready),
        ("PodScheduled", True),
    ):
        fresh: Manifest = {"type": kind, "status": "True" if holds else "False", "lastProbeTime": None}
        if not holds and kind in ("Ready", "ContainersReady"):
            if done:
                fresh["reason"] = "PodCompleted"
            else:
                fresh["reason"] = "ContainersNotReady"
                fresh["message"] = f"containers with unready status: [{' '.join(names)}]"
        elif done and kind == "Initialized":
            fresh["reason"] = "PodCompleted"
        known = old.get(kind)
        same = known is not None and known["status"] == fresh["status"]
        fresh["lastTransitionTime"] = known["lastTransitionTime"] if known and same else view.timestamp
        out.append(fresh)
    return out


def _container(
    view: View, pod: Manifest, container: Manifest, shared: _Containers, ready: bool, started: str
) -> Manifest:
    old = {c["name"]: c for c in (pod.get("status") or {}).get("containerStatuses") or ()}.get(container["name"]) or {}
    state: Manifest = {"startedAt": (old.get("state") or {}).get("running", {}).get("startedAt") or started}
    if shared.state == "waiting":
        state = {"reason": shared.reason, "message": f'{shared.message} "{container.get("image", "")}"'}
    elif shared.state == "terminated":
        known = (old.get("state") or {}).get("terminated") or {}
        state = {
            "exitCode": shared.code,
            "reason": shared.reason,
            "startedAt": started,
            "finishedAt": known.get("finishedAt") or view.timestamp,
            "containerID": _container_id(pod, container),
        }
    return {
        "name": container["name"],
        "state": {shared.state: state},
        "lastState": {},
        "ready": ready,
        "restartCount": shared.restarts,
        "image": container.get("image", ""),
        "imageID": "" if shared.state == "waiting" else f"sandbox@sha256:{_digest(container.get('image', ''))}",
        **({"containerID": _container_id(pod, container)} if shared.state != "waiting" else {}),
        "started": shared.state == "running",
    }


def _init(container: Manifest, started: str) -> Manifest:
    return {
        "name": container["name"],
        "state": {"terminated": {"exitCode": 0, "reason": "Completed", "startedAt": started, "finishedAt": started}},
        "lastState": {},
        "ready": True,
        "restartCount": 0,
        "image": container.get("image", ""),
        "imageID": f"sandbox@sha256:{_digest(container.get('image', ''))}",
        "started": False,
    }


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _container_id(pod: Manifest, container: Manifest) -> str:
    return "sandbox://" + _digest(f"{pod['metadata'].get('uid', '')}/{container['name']}")

"""The one line that sums up a pod: how many containers are ready, what state it is in, how often they restarted."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from holdfast.sandbox.tables import text

Pod = Mapping[str, Any]


@dataclass(slots=True)
class _Sum:
    reason: str
    ready: int = 0
    restarts: int = 0
    last: datetime.datetime | None = None

    def count(self, status: Mapping[str, Any]) -> None:
        self.restarts += int(status.get("restartCount") or 0)
        ended = text.moment(((status.get("lastState") or {}).get("terminated") or {}).get("finishedAt"))
        if ended and (self.last is None or self.last < ended):
            self.last = ended


def summary(pod: Pod, now: datetime.datetime) -> tuple[str, str, str]:
    """Ready, Status and Restarts."""
    status = pod.get("status") or {}
    found = _Sum(str(status.get("reason") or status.get("phase") or ""))
    if any(
        c.get("type") == "PodScheduled" and c.get("reason") == "SchedulingGated" for c in status.get("conditions") or ()
    ):
        found.reason = "SchedulingGated"
    sidecars = _sidecars(pod)
    side = _Sum("")
    initializing = _init_containers(pod, found, side, sidecars)
    if not initializing or text.condition(pod, "Initialized") == "True":
        found.restarts, found.last = side.restarts, side.last
        _containers(pod, found)
    found.reason = _deleted(pod, found.reason)
    total = len((pod.get("spec") or {}).get("containers") or ()) + len(sidecars)
    restarts = str(found.restarts)
    if found.restarts and found.last:
        restarts += f" ({text.human((now - found.last).total_seconds())} ago)"
    return f"{found.ready}/{total}", found.reason, restarts


def _sidecars(pod: Pod) -> set[str]:
    init = (pod.get("spec") or {}).get("initContainers") or ()
    return {str(c.get("name")) for c in init if c.get("restartPolicy") == "Always"}


def _init_containers(pod: Pod, found: _Sum, side: _Sum, sidecars: set[str]) -> bool:
    """Goes through the init containers up to the first that is not done; tells whether there is one."""
    total = len((pod.get("spec") or {}).get("initContainers") or ())
    for index, status in enumerate((pod.get("status") or {}).get("initContainerStatuses") or ()):
        found.count(status)
        sidecar = status.get("name") in sidecars
        if sidecar:
            side.count(status)
        state = status.get("state") or {}
        ended = state.get("terminated")
        if ended is not None and not ended.get("exitCode"):
            continue
        if sidecar and status.get("started"):
            found.ready += bool(status.get("ready"))
            continue
        waiting = (state.get("waiting") or {}).get("reason")
        if ended is not None:
            found.reason = "Init:" + _ended(ended)
        elif waiting and waiting != "PodInitializing":
            found.reason = f"Init:{waiting}"
        else:
            found.reason = f"Init:{index}/{total}"
        return True
    return False


def _ended(ended: Mapping[str, Any]) -> str:
    if ended.get("reason"):
        return str(ended["reason"])
    return f"Signal:{ended['signal']}" if ended.get("signal") else f"ExitCode:{ended.get('exitCode', 0)}"


def _containers(pod: Pod, found: _Sum) -> None:
    running, failure = False, ""
    for status in reversed((pod.get("status") or {}).get("containerStatuses") or ()):
        found.count(status)
        state = status.get("state") or {}
        ended = state.get("terminated")
        if (state.get("waiting") or {}).get("reason"):
            found.reason = state["waiting"]["reason"]
        elif ended is not None:
            found.reason = _ended(ended)
            failure = found.reason if ended.get("exitCode") else failure
        elif status.get("ready") and state.get("running") is not None:
            running = True
            found.ready += 1
    if found.reason == "Completed":
        if running and text.condition(pod, "Ready") == "True":
            found.reason = "Running"
        elif failure:
            found.reason = failure
        elif running:
            found.reason = "NotReady"


def _deleted(pod: Pod, reason: str) -> str:
    if not pod["metadata"].get("deletionTimestamp"):
        return reason
    status = pod.get("status") or {}
    if status.get("reason") == "NodeLost":
        return "Unknown"
    return reason if status.get("phase") in ("Failed", "Succeeded") else "Terminating"


def gates(pod: Pod) -> str:
    """How many readiness gates are open."""
    wanted = (pod.get("spec") or {}).get("readinessGates") or ()
    if not wanted:
        return text.NONE
    is_open = sum(text.condition(pod, str(g.get("conditionType"))) == "True" for g in wanted)
    return f"{is_open}/{len(wanted)}"

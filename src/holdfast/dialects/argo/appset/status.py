"""The status of an ApplicationSet: conditions in their fixed order, health, the applications it made.

In: the status as it is, what happened. Out: the status as it should be. Texts, reasons and order are Argo CD 3.5's; a
condition's time changes when the condition does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from holdfast.dialects.argo.appset.spec import GROUP
from holdfast.kube.refs import Manifest

ERROR_OCCURRED, PARAMETERS_GENERATED = "ErrorOccurred", "ParametersGenerated"
RESOURCES_UP_TO_DATE, ROLLOUT_PROGRESSING = "ResourcesUpToDate", "RolloutProgressing"
UP_TO_DATE = "ApplicationSetUpToDate"
VALIDATION_FAILED = "ApplicationValidationError"
CREATE_FAILED, UPDATE_FAILED, DELETE_FAILED = (
    "CreateApplicationError", "UpdateApplicationError", "DeleteApplicationError",
)  # fmt: skip
MODIFIED, ROLLOUT_COMPLETE = "ApplicationSetModified", "ApplicationSetRolloutComplete"
ALL_GENERATED = "All applications have been generated successfully"
PARAMETERS_MADE = "Successfully generated parameters for all Applications"
MAX_RESOURCES = 5000

_HEALTH = (
    (ERROR_OCCURRED, "Degraded"),
    (ROLLOUT_PROGRESSING, "Progressing"),
    (RESOURCES_UP_TO_DATE, "Healthy"),
)


@dataclass(frozen=True, slots=True)
class Condition:
    type: str
    status: bool
    reason: str
    message: str

    def written(self, now: str) -> dict[str, str]:
        return {
            "type": self.type,
            "status": "True" if self.status else "False",
            "reason": self.reason,
            "message": self.message,
            "lastTransitionTime": now,
        }


def succeeded() -> list[Condition]:
    return [
        Condition(ERROR_OCCURRED, False, UP_TO_DATE, ALL_GENERATED),
        Condition(PARAMETERS_GENERATED, True, PARAMETERS_GENERATED, PARAMETERS_MADE),
        Condition(RESOURCES_UP_TO_DATE, True, UP_TO_DATE, ALL_GENERATED),
    ]


def failed(reason: str, message: str, *, generated: bool) -> list[Condition]:
    """``generated``: the applications were found out, only making them failed."""
    made = Condition(PARAMETERS_GENERATED, False, ERROR_OCCURRED, message)
    if generated:
        made = Condition(PARAMETERS_GENERATED, True, PARAMETERS_GENERATED, PARAMETERS_MADE)
    return [
        Condition(ERROR_OCCURRED, True, reason, message),
        made,
        Condition(RESOURCES_UP_TO_DATE, False, ERROR_OCCURRED, message),
    ]


def rollout(step: int | None) -> Condition:
    """``step`` counts from 1; None when all are through."""
    if step is None:
        return Condition(ROLLOUT_PROGRESSING, False, ROLLOUT_COMPLETE, "ApplicationSet Rollout has completed")
    return Condition(ROLLOUT_PROGRESSING, True, MODIFIED, f"ApplicationSet is performing rollout of step {step}")


def with_conditions(status: Mapping[str, Any], news: Iterable[Condition], now: str, *, rolling: bool) -> Manifest:
    """The status with these conditions in place of older ones of their types. Without a rollout none is told of."""
    old = {c["type"]: c for c in status.get("conditions") or ()}
    found = dict(old)
    for condition in news:
        before, after = old.get(condition.type), condition.written(now)
        same = before is not None and all(before.get(k) == after[k] for k in ("status", "reason", "message"))
        found[condition.type] = before if same and before is not None else after
    if not rolling:
        found.pop(ROLLOUT_PROGRESSING, None)
    conditions = [found[t] for t in sorted(found)]
    return {**status, "conditions": conditions, "health": health(conditions)}


def health(conditions: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    if not conditions:
        return {"status": "Unknown", "message": "No status conditions found for ApplicationSet"}
    true = {c["type"]: str(c.get("message") or "") for c in conditions if c.get("status") == "True"}
    for type_, said in _HEALTH:
        if type_ in true:
            return {"status": said, "message": true[type_]}
    return {"status": "Unknown", "message": "Waiting for health status to be determined"}


def with_resources(status: Mapping[str, Any], apps: Sequence[Manifest]) -> Manifest:
    """The status with the list of the set's applications; nothing where there are none."""
    found = {k: v for k, v in status.items() if k not in ("resources", "resourcesCount")}
    if apps:
        listed = sorted((_resource(a) for a in apps), key=lambda r: str(r["name"]))
        found |= {"resources": listed[:MAX_RESOURCES], "resourcesCount": len(listed)}
    return found


def _resource(app: Mapping[str, Any]) -> dict[str, Any]:
    status, meta = app.get("status") or {}, app["metadata"]
    sync, healthy = (status.get("sync") or {}).get("status"), (status.get("health") or {}).get("status")
    found: dict[str, Any] = {
        "group": GROUP,
        "health": {"status": healthy} if healthy else {},
        "kind": "Application",
        "name": meta["name"],
        "namespace": meta["namespace"],
        "version": "v1alpha1",
    }
    return {**found, "status": sync} if sync else found

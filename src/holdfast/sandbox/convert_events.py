"""Events as the core group stores them and as events.k8s.io shows them: the same data under other names, in place."""

from __future__ import annotations

from typing import Final

from holdfast.kube.refs import Manifest

# core name -> events.k8s.io name
_NAMES: Final = {
    "involvedObject": "regarding",
    "message": "note",
    "source": "deprecatedSource",
    "firstTimestamp": "deprecatedFirstTimestamp",
    "lastTimestamp": "deprecatedLastTimestamp",
    "count": "deprecatedCount",
    "reportingComponent": "reportingController",
}
_ALWAYS_IN_CORE: Final[Manifest] = {
    "involvedObject": {},
    "source": {},
    "firstTimestamp": None,
    "lastTimestamp": None,
    "eventTime": None,
    "reportingComponent": "",
    "reportingInstance": "",
}


def to_events(obj: Manifest) -> None:
    for core, other in _NAMES.items():
        if core in obj:
            obj[other] = obj.pop(core)
    for optional in ("reportingController", "reportingInstance"):
        if not obj.get(optional):
            obj.pop(optional, None)
    for always in ("regarding", "deprecatedSource", "deprecatedFirstTimestamp", "deprecatedLastTimestamp"):
        obj.setdefault(always, {} if always in ("regarding", "deprecatedSource") else None)
    obj.setdefault("eventTime", None)


def to_core(obj: Manifest) -> None:
    for core, other in _NAMES.items():
        if other in obj:
            obj[core] = obj.pop(other)
    for field, empty in _ALWAYS_IN_CORE.items():
        if obj.get(field) is None:
            obj[field] = dict(empty) if isinstance(empty, dict) else empty

"""Validation of events: what both groups ask, and what events.k8s.io/v1 asks beyond it.

In: a defaulted Event of either group, for updates the stored one. Out: field errors. Never: involved objects themselves.
"""

from __future__ import annotations

from holdfast.kube.refs import Manifest
from holdfast.sandbox.kinds import dump, metadata, names
from holdfast.sandbox.kinds.field import IMMUTABLE, Errors

_NAME_LIMIT = 128
_NOTE_LIMIT = 1024


def event(errs: Errors, obj: Manifest) -> None:
    """core/v1: hardly checked unless it has an eventTime."""
    _both(errs, obj, "reportingComponent")


def new_event(errs: Errors, obj: Manifest) -> None:
    """events.k8s.io/v1."""
    _both(errs, obj, "reportingController")
    meta = obj["metadata"]
    errs += metadata.validate(meta, True, names.dns_subdomain)
    _series(errs, obj.get("series"))
    if obj.get("eventTime") is None:
        errs.required("eventTime")
    if obj.get("type") not in ("Normal", "Warning"):
        errs.invalid("type", "", "has invalid value: " + (obj.get("type") or ""))
    old_ways = (
        ("deprecatedFirstTimestamp", "firstTimestamp"),
        ("deprecatedLastTimestamp", "lastTimestamp"),
        ("deprecatedCount", "count"),
        ("deprecatedSource", "source"),
    )
    for key, field in old_ways:
        if obj.get(key):
            errs.invalid(field, "", "needs to be unset")


def _both(errs: Errors, obj: Manifest, controller_field: str) -> None:
    """Without an eventTime it counts as one of the old kind, of which less is asked."""
    home = obj["metadata"].get("namespace") or ""
    about = (obj.get("regarding") or obj.get("involvedObject") or {}).get("namespace") or ""
    if obj.get("eventTime") is None:
        if about != home and (about or home != "default"):
            errs.invalid("involvedObject.namespace", about, "does not match event.namespace")
    else:
        if not about and home not in ("default", "kube-system"):
            errs.invalid("involvedObject.namespace", about, "does not match event.namespace")
        _reported(errs, obj, controller_field)


def _reported(errs: Errors, obj: Manifest, controller_field: str) -> None:
    controller = obj.get("reportingController") or obj.get("reportingComponent") or ""
    if not controller:
        errs.required(controller_field)
    errs.name(controller_field, controller, names.qualified)
    for key in ("reportingInstance", "action", "reason"):
        value = obj.get(key) or ""
        if not value:
            errs.required(key)
        elif len(value.encode()) > _NAME_LIMIT:
            errs.invalid(key, "", f"can have at most {_NAME_LIMIT} characters")
    if len((obj.get("note") or obj.get("message") or "").encode()) > _NOTE_LIMIT:
        errs.invalid("message", "", f"can have at most {_NOTE_LIMIT} characters")


def _series(errs: Errors, series: Manifest | None) -> None:
    if series is None:
        return
    if (series.get("count") or 0) < 2:
        errs.invalid("series.count", "", "should be at least 2")
    if series.get("lastObservedTime") is None:
        errs.required("series.lastObservedTime")


_FIXED = (
    ("regarding", "involvedObject"), ("reason", "reason"), ("note", "message"), ("deprecatedSource", "source"), ("deprecatedFirstTimestamp", "firstTimestamp"),
    ("deprecatedLastTimestamp", "lastTimestamp"), ("deprecatedCount", "count"), ("reason", "reason"), ("type", "type"), ("eventTime", "eventTime"),
    ("action", "action"), ("related", "related"), ("reportingController", "reportingController"), ("reportingInstance", "reportingInstance"),
)  # fmt: skip


_SHOWN_AS = {"regarding": "ObjectReference", "related": "ObjectReference"}


def new_event_update(errs: Errors, obj: Manifest, old: Manifest) -> None:
    _both(errs, obj, "reportingController")
    if obj.get("series") != old.get("series"):
        _series(errs, obj.get("series"))
    for key, field in _FIXED:
        if obj.get(key) != old.get(key):
            shown = obj.get(key)
            if key in _SHOWN_AS:
                shown = dump.internal(_SHOWN_AS[key], shown or ({} if key == "regarding" else None))
            errs.invalid(field, shown, IMMUTABLE)

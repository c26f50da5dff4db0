"""How a release stands: the storage's last revision against what is remembered and what is wanted. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from holdfast.base.errors import RetryLater
from holdfast.helm.chart.load import merge_maps
from holdfast.helm.release import Record
from holdfast.model.release import Release, Remembered, Snapshot
from holdfast.reconcile.helm_digest import record_digest, same_values
from holdfast.reconcile.helm_ledger import ChartFacts, Ledger


class Standing(Enum):
    ABSENT = "not installed"
    UNMANAGED = "not made by this HelmRelease, or changed since"
    OUT_OF_SYNC = "another chart, other values or another rendering is wanted"
    LOCKED = "an action was broken off"
    UNTESTED = "not tested"
    FAILED = "failed"
    DRIFTED = "the cluster is not as the release left it"
    IN_SYNC = "as wanted"


class StateError(RetryLater):
    """The standing of a release cannot be told."""


@dataclass(frozen=True, slots=True)
class State:
    standing: Standing
    reason: str = ""


def judge(ledger: Ledger, last: Record | None, values: Mapping[str, Any]) -> State:
    """Drift is not looked at: what is IN_SYNC here may have drifted. Raises StateError."""
    if last is None:
        return State(Standing.ABSENT, "no release in storage for object")
    status = str((last.get("info") or {}).get("status") or "unknown")
    if status.startswith("pending-"):
        return State(Standing.LOCKED, f"release with status '{status}'")
    current = ledger.said.latest
    if current is None:
        if status == "uninstalled":
            return State(Standing.ABSENT, "found uninstalled release in storage")
        return State(Standing.UNMANAGED, "found existing release in storage")
    problem = changed_behind(current, last)
    if problem:
        return State(Standing.UNMANAGED, problem)
    match status:
        case "failed":
            return State(Standing.FAILED)
        case "uninstalled":
            return State(Standing.ABSENT, "found uninstalled release in storage")
        case "deployed":
            return _deployed(ledger, current, last, values)
    raise StateError(f"unable to determine state for release with status '{status}'")


def changed_behind(known: Snapshot, record: Record) -> str:
    """Why a record is not the one that was remembered; "" where it is."""
    if not known.verifiable:
        return ""
    if not known.digest.startswith("sha256:"):
        return "release digest verification error"
    if record_digest(record, known.oci_digest) != known.digest:
        return "release not observed to be made for object"
    return ""


def _deployed(ledger: Ledger, current: Snapshot, last: Record, values: Mapping[str, Any]) -> State:
    problem = _out_of_sync(ledger.release, ledger.said, ledger.chart, current, last, values)
    if problem:
        return State(Standing.OUT_OF_SYNC, problem)
    if ledger.release.test.enabled:
        if not current.tested:
            return State(Standing.UNTESTED)
        remedy = ledger.remedy
        if remedy is not None and not remedy.ignore_test_failures and current.has_failed_test:
            return State(Standing.FAILED, "release has test in failed phase")
    return State(Standing.IN_SYNC)


def _out_of_sync(
    release: Release, said: Remembered, chart: ChartFacts, current: Snapshot, last: Record, values: Mapping[str, Any]
) -> str:
    metadata = (last.get("chart") or {}).get("metadata") or {}
    if (metadata.get("name"), metadata.get("version")) != (chart.name, chart.version):
        return "release chart changed"
    wanted = merge_maps(last.get("config") or {}, dict(values)) if release.upgrade.keep_values else values
    if not same_values(current.config_digest, wanted):
        return "release config values changed"
    # Only for a new generation: the digests of before are those of the last release, not of the last look.
    if said.observed_generation != release.generation:
        if said.rendering_digest != release.rendering_digest:
            return "postrenderers digest has changed"
        if said.metadata_digest != release.metadata_digest:
            return "common metadata digest has changed"
    return ""


def moved(ledger: Ledger) -> str:
    """What makes the release another one altogether (the old one is uninstalled then); "" where nothing does."""
    release, said, current = ledger.release, ledger.said, ledger.latest
    if not said.storage_namespace or current is None:
        return ""
    if release.storage_namespace != said.storage_namespace:
        return "storage namespace"
    if release.namespace != current.namespace:
        return "release namespace"
    if release.name != current.name:
        return "release name"
    return "chart name" if ledger.chart.name != current.chart_name and release.reinstall_on_rename else ""


def must_reset(ledger: Ledger, values: Mapping[str, Any], *, asked: bool) -> bool:
    """Whether failures of before do not count any more: something else is tried now."""
    said = ledger.said
    return (
        asked
        or said.attempted_generation != ledger.release.generation
        or said.attempted_revision != ledger.chart.version
        or bool(said.attempted_config and not same_values(said.attempted_config, values))
    )

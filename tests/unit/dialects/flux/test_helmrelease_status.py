"""The status of a HelmRelease, read and written back."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.dialects.flux.helmrelease_status import conditions_of, handle_request, remember, status_of
from holdfast.model.release import HookRun

STATUS: dict[str, Any] = {
    "observedGeneration": 3,
    "conditions": [],
    "helmChart": "team/team-app",
    "storageNamespace": "team",
    "failures": 2,
    "upgradeFailures": 1,
    "lastAttemptedGeneration": 3,
    "lastAttemptedRevision": "0.1.0",
    "lastAttemptedConfigDigest": "sha256:1",
    "lastAttemptedReleaseAction": "upgrade",
    "lastAttemptedReleaseActionDuration": "1.5s",
    "lastHandledReconcileAt": "t",
    "inventory": {"entries": [{"id": "team_a__ConfigMap", "v": "v1"}]},
    "history": [
        {
            "apiVersion": "v2", "digest": "sha256:2", "name": "app", "namespace": "team", "version": 2, "status": "deployed",
            "action": "upgrade", "chartName": "app", "chartVersion": "0.1.0", "appVersion": "1", "configDigest": "sha256:3",
            "firstDeployed": "2026-01-01T00:00:00Z", "lastDeployed": "2026-01-01T00:00:01Z", "ociDigest": "sha256:4",
            "testHooks": {"t": {"lastStarted": "2026-01-01T00:00:00Z", "phase": "Succeeded"}, "never": {}},
        }
    ],
}  # fmt: skip


def obj(status: dict[str, Any], **annotations: str) -> dict[str, Any]:
    return {"metadata": {"name": "app", "generation": 3, "annotations": annotations}, "status": status}


def test_what_is_read_is_written_back_unchanged() -> None:
    found = status_of(obj(STATUS), remember(obj(STATUS)), conditions_of(obj(STATUS), ""))
    assert {**found, "conditions": []} == STATUS


def test_a_fresh_object_has_observed_nothing() -> None:
    empty = obj({})
    assert status_of(empty, remember(empty), conditions_of(empty, "")) == {"observedGeneration": -1}


def test_what_older_versions_wrote_is_understood_and_goes() -> None:
    old = obj({"lastAttemptedValuesChecksum": "abc", "lastAppliedRevision": "0.1.0", "other": 1})
    remembered = remember(old)
    assert remembered.attempted_config == "sha1:abc"
    written = status_of(old, remembered, conditions_of(old, ""))
    assert written["other"] == 1
    assert "lastAppliedRevision" not in written
    first = remember(obj({"history": [{"name": "app", "version": 1, "digest": "sha256:1"}]})).latest
    assert first is not None
    assert not first.verifiable


def test_history_is_the_newest_first_and_tests_keep_their_runs() -> None:
    two = {**STATUS, "history": [{**STATUS["history"][0], "version": 1}, STATUS["history"][0]]}
    found = remember(obj(two)).history
    assert [s.version for s in found] == [2, 1]
    assert found[0].tests == {"t": HookRun("2026-01-01T00:00:00Z", "", "Succeeded"), "never": HookRun()}


ASKED, FORCE = "reconcile.fluxcd.io/requestedAt", "reconcile.fluxcd.io/forceAt"


@pytest.mark.parametrize(
    ("annotations", "handled", "obeyed", "now"),
    [
        ({}, "", False, ""),
        ({ASKED: "2", FORCE: "2"}, "", True, "2"),
        ({ASKED: "2", FORCE: "2"}, "2", False, "2"),
        ({ASKED: "3", FORCE: "2"}, "", False, "2"),
        ({ASKED: "t", FORCE: "t"}, "", False, "t"),
    ],
    ids=["not asked", "asked with a request", "done before", "of another request", "the request was handled already"],
)
def test_a_request_to_force_counts_once_and_only_with_its_request_to_reconcile(
    annotations: dict[str, str], handled: str, obeyed: bool, now: str
) -> None:
    assert handle_request(obj(STATUS, **annotations), FORCE, handled) == (obeyed, now)

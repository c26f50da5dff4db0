"""HelmReleases while nothing reconciles them."""

from __future__ import annotations

from holdfast.dialects.flux.helmrelease import unsupported_status

NOW = "2026-01-01T00:00:00Z"


def test_the_status_says_that_nothing_is_done_and_keeps_what_was_recorded() -> None:
    status = unsupported_status({"metadata": {"generation": 2}, "status": {"history": [{"version": 1}]}}, NOW)
    assert status["history"] == [{"version": 1}]
    assert [(c["type"], c["status"], c["reason"]) for c in status["conditions"]] == [
        ("Stalled", "True", "NotSupported"),
        ("Ready", "False", "NotSupported"),
    ]


def test_saying_it_again_changes_nothing() -> None:
    obj = {"metadata": {"generation": 2}}
    once = unsupported_status(obj, NOW)
    assert unsupported_status({**obj, "status": once}, "2026-01-02T00:00:00Z") == once

"""How a release stands, from its last record, what is remembered and what is wanted."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest

from holdfast.dialects.flux.conditions import Conditions
from holdfast.dialects.flux.helmrelease import read
from holdfast.model.release import HookRun, Remembered
from holdfast.reconcile.helm_digest import snapshot
from holdfast.reconcile.helm_ledger import ChartFacts, Ledger
from holdfast.reconcile.helm_state import Standing, StateError, judge, moved, must_reset

VALUES = {"color": "blue"}


def record(status: str = "deployed", **more: Any) -> dict[str, Any]:
    chart = {"metadata": {"name": "app", "version": "0.1.0"}}
    return {"name": "app", "namespace": "team", "version": 1, "info": {"status": status}, "chart": chart, "config": VALUES, **more}  # fmt: skip


def ledger(
    known: dict[str, Any] | None, *, chart: str = "0.1.0", said: dict[str, Any] | None = None, **spec: Any
) -> Ledger:
    template = {"spec": {"chart": "app", "sourceRef": {"kind": "HelmRepository", "name": "charts"}}}
    meta = {"name": "app", "namespace": "team", "generation": 1}
    release = read({"metadata": meta, "spec": {"interval": "10m", "chart": template, **spec}})
    history = (snapshot(known),) if known else ()
    remembered = Remembered(history=history, storage_namespace="team", observed_generation=1, **(said or {}))
    return Ledger(release, remembered, Conditions((), 1, ""), lambda event: None, ChartFacts("app", chart))


def test_nothing_in_the_storage_is_absent_whatever_is_remembered() -> None:
    assert judge(ledger(record()), None, VALUES).standing is Standing.ABSENT


@pytest.mark.parametrize(
    ("status", "standing"),
    [
        ("deployed", Standing.IN_SYNC),
        ("failed", Standing.FAILED),
        ("uninstalled", Standing.ABSENT),
        ("pending-upgrade", Standing.LOCKED),
    ],
)
def test_a_record_that_is_known_stands_as_its_status_says(status: str, standing: Standing) -> None:
    last = record(status)
    assert judge(ledger(last), last, VALUES).standing is standing


def test_a_record_nobody_remembers_is_not_ours_and_an_uninstalled_one_is_nothing() -> None:
    assert judge(ledger(None), record(), VALUES).standing is Standing.UNMANAGED
    assert judge(ledger(None), record("uninstalled"), VALUES).standing is Standing.ABSENT


def test_a_record_that_was_changed_behind_our_back_is_not_ours_any_more() -> None:
    changed = {**record(), "manifest": "another"}
    assert judge(ledger(record()), changed, VALUES).standing is Standing.UNMANAGED


def test_a_status_that_means_nothing_to_us_is_an_error_not_a_guess() -> None:
    last = record("uninstalling")
    with pytest.raises(StateError, match="uninstalling"):
        judge(ledger(last), last, VALUES)


def test_another_chart_other_values_or_another_rendering_are_out_of_sync() -> None:
    last = record()
    assert judge(ledger(last, chart="0.2.0"), last, VALUES).standing is Standing.OUT_OF_SYNC
    assert judge(ledger(last), last, {"color": "red"}).standing is Standing.OUT_OF_SYNC
    rendering = {"postRenderers": [{"kustomize": {"images": [{"name": "a", "newTag": "1"}]}}]}
    books = ledger(last, **rendering)
    assert judge(books, last, VALUES).standing is Standing.IN_SYNC
    books.note(observed_generation=0)
    assert judge(books, last, VALUES).reason == "postrenderers digest has changed"


def test_values_that_are_kept_from_before_are_no_difference() -> None:
    last = record(config={"color": "blue", "old": 1.0})
    assert judge(ledger(last, upgrade={"preserveValues": True}), last, VALUES).standing is Standing.IN_SYNC
    assert judge(ledger(last), last, VALUES).standing is Standing.OUT_OF_SYNC


def test_tests_have_to_be_run_and_a_failed_one_fails_the_release() -> None:
    last = record()
    books = ledger(last, said={"last_action": "install"}, test={"enable": True})
    assert judge(books, last, VALUES).standing is Standing.UNTESTED
    latest = books.said.history[0]
    for phase, standing in (("Succeeded", Standing.IN_SYNC), ("Failed", Standing.FAILED)):
        books.note(history=(replace(latest, tests={"t": HookRun(phase=phase)}),))
        assert judge(books, last, VALUES).standing is standing


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ({}, ""),
        ({"storageNamespace": "other"}, "storage namespace"),
        ({"targetNamespace": "other", "releaseName": "app"}, "release namespace"),
        ({"releaseName": "other"}, "release name"),
    ],
)
def test_another_name_or_place_makes_it_another_release(spec: dict[str, Any], reason: str) -> None:
    assert moved(ledger(record(), **spec)) == reason


def test_a_renamed_chart_is_another_release_unless_it_is_upgraded_in_place() -> None:
    other = copy.deepcopy(record())
    other["chart"]["metadata"]["name"] = "renamed"
    assert moved(ledger(other)) == "chart name"
    assert moved(ledger(other, upgrade={"chartNameChangeStrategy": "InPlaceUpdate"})) == ""


def test_failures_count_only_for_what_was_tried() -> None:
    tried = {"attempted_generation": 1, "attempted_revision": "0.1.0"}
    assert not must_reset(ledger(record(), said=tried), VALUES, asked=False)
    assert must_reset(ledger(record(), said=tried), VALUES, asked=True)
    assert must_reset(ledger(record(), said={**tried, "attempted_generation": 9}), VALUES, asked=False)
    assert must_reset(ledger(record(), said={**tried, "attempted_revision": "9"}), VALUES, asked=False)
    assert must_reset(ledger(record(), said={**tried, "attempted_config": "sha256:0"}), VALUES, asked=False)

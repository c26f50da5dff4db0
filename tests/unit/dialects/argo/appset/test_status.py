"""The status of an ApplicationSet."""

from __future__ import annotations

from typing import Any

from holdfast.dialects.argo.appset import status

NOW, LATER = "2024-01-01T00:00:00Z", "2024-01-01T00:01:00Z"


def said(found: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    return [(c["type"], c["status"], c["reason"], c["lastTransitionTime"]) for c in found["conditions"]]


def test_success_is_three_conditions_and_healthy() -> None:
    found = status.with_conditions({}, status.succeeded(), NOW, rolling=False)
    assert said(found) == [
        ("ErrorOccurred", "False", "ApplicationSetUpToDate", NOW),
        ("ParametersGenerated", "True", "ParametersGenerated", NOW),
        ("ResourcesUpToDate", "True", "ApplicationSetUpToDate", NOW),
    ]
    assert found["health"] == {"status": "Healthy", "message": "All applications have been generated successfully"}


def test_a_failed_generator_is_told_in_all_three() -> None:
    found = status.with_conditions({}, status.failed("R", "boom", generated=False), NOW, rolling=False)
    assert said(found) == [
        ("ErrorOccurred", "True", "R", NOW),
        ("ParametersGenerated", "False", "ErrorOccurred", NOW),
        ("ResourcesUpToDate", "False", "ErrorOccurred", NOW),
    ]
    assert {c["message"] for c in found["conditions"]} == {"boom"}
    assert found["health"] == {"status": "Degraded", "message": "boom"}


def test_what_was_generated_stays_told_where_only_writing_failed() -> None:
    found = status.with_conditions({}, status.failed("R", "boom", generated=True), NOW, rolling=False)
    assert said(found)[1] == ("ParametersGenerated", "True", "ParametersGenerated", NOW)


def test_a_conditions_time_changes_with_the_condition() -> None:
    first = status.with_conditions({}, status.succeeded(), NOW, rolling=False)
    assert said(status.with_conditions(first, status.succeeded(), LATER, rolling=False)) == said(first)
    failed = status.with_conditions(first, status.failed("R", "m", generated=True), LATER, rolling=False)
    assert [c[3] for c in said(failed)] == [LATER, NOW, LATER]


def test_a_rollout_is_told_of_while_there_is_one() -> None:
    found = status.with_conditions({}, [*status.succeeded(), status.rollout(2)], NOW, rolling=True)
    assert found["conditions"][3]["message"] == "ApplicationSet is performing rollout of step 2"
    assert found["health"]["status"] == "Progressing"
    over = status.with_conditions(found, [status.rollout(None)], LATER, rolling=True)
    assert said(over)[3] == ("RolloutProgressing", "False", "ApplicationSetRolloutComplete", LATER)
    assert len(status.with_conditions(found, [], LATER, rolling=False)["conditions"]) == 3


def test_without_conditions_nothing_is_known() -> None:
    assert status.health([]) == {"status": "Unknown", "message": "No status conditions found for ApplicationSet"}


def app(name: str, **found: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "argocd"}, "status": found}


def test_the_applications_are_listed_by_name_with_their_state() -> None:
    apps = [app("b", sync={"status": "Synced"}, health={"status": "Healthy"}), app("a")]
    found = status.with_resources({"x": 1}, apps)
    assert found["resourcesCount"] == 2
    assert found["resources"] == [
        {"group": "argoproj.io", "version": "v1alpha1", "kind": "Application", "name": "a", "namespace": "argocd", "health": {}},
        {"group": "argoproj.io", "version": "v1alpha1", "kind": "Application", "name": "b", "namespace": "argocd", "health": {"status": "Healthy"}, "status": "Synced"},
    ]  # fmt: skip
    assert status.with_resources(found, []) == {"x": 1}


def test_a_long_list_is_cut_but_counted() -> None:
    found = status.with_resources({}, [app(f"a{i:05}") for i in range(5003)])
    assert (len(found["resources"]), found["resourcesCount"]) == (5000, 5003)

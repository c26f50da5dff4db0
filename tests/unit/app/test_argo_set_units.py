"""ApplicationSets in day-two commands."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.app import argo_units, units
from holdfast.base.errors import Stop
from holdfast.dialects.argo.appset import status

NOW = "2024-01-01T00:00:00Z"


def made(*news: status.Condition, apps: tuple[tuple[str, str], ...] = (), **more: Any) -> dict[str, Any]:
    listed = [
        {"metadata": {"name": n, "namespace": "argocd"}, "status": {"sync": {"status": s}, "health": {}}}
        for n, s in apps
    ]
    found = status.with_conditions(status.with_resources(more, listed), news, NOW, rolling=True)
    meta = {"name": "s", "namespace": "argocd"}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "ApplicationSet",
        "metadata": meta,
        "spec": {},
        "status": found,
    }


def test_a_set_is_ready_when_its_applications_are_made() -> None:
    obj = made(*status.succeeded(), apps=(("a", "Synced"),))
    ready = units.condition(obj)
    assert (ready["status"], ready["message"]) == (
        "True",
        "All applications have been generated successfully (1 application)",
    )
    assert not units.suspended(obj)
    assert [str(r) for r, _ in argo_units.owned(obj)] == ["Application/argocd/a"]


def test_a_set_that_nobody_has_looked_at_is_neither() -> None:
    obj = made()
    obj["status"] = {}
    assert units.condition(obj)["status"] == "Unknown"


@pytest.mark.parametrize(
    ("generated", "words"), [(True, "What is valid was made"), (False, "nothing is created, changed or deleted")]
)
def test_what_stands_in_the_way_is_explained(generated: bool, words: str) -> None:
    obj = made(*status.failed("R", "boom", generated=generated))
    first, second = argo_units.explain(obj)
    assert first == "ApplicationSet/argocd/s is not as it should be: boom (0 applications)."
    assert words in second
    assert argo_units.refreshed(
        {**obj, "metadata": {**obj["metadata"], "annotations": argo_units.refresh(obj)["metadata"]["annotations"]}}
    )


def test_a_rollout_tells_what_it_waits_for() -> None:
    waiting = [{"application": "a", "status": "Progressing", "step": "1"}]
    obj = made(*status.succeeded(), status.rollout(1), apps=(("a", "OutOfSync"),), applicationStatus=waiting)
    assert argo_units.explain(obj)[1:] == [
        "Its rollout waits for a (Progressing, step 1).",
        "1 of 1 applications are not in sync: Application/argocd/a.",
    ]


def test_a_set_cannot_be_suspended() -> None:
    with pytest.raises(Stop, match="cannot be suspended"):
        argo_units.suspension(made(), True)

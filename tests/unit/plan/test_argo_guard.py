"""How much sets and applications may delete by themselves."""

from __future__ import annotations

import pytest

from holdfast.kube.refs import Manifest
from holdfast.model.safety import Safety
from holdfast.plan.argo_guard import CASCADES, set_refusal, storm_refusal, sync_refusal, weight

GIT = [{"git": {"directories": [{"path": "apps/*"}]}}]


def app(name: str, objects: int, *, cascades: bool = True, deleted: bool = False) -> Manifest:
    meta: Manifest = {"name": name, "finalizers": [f"{CASCADES}/background"] if cascades else []}
    if deleted:
        meta["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    return {"metadata": meta, "status": {"resources": [{"name": str(n)} for n in range(objects)]}}


def apps(count: int, objects: int = 3, *, cascades: bool = True, deleted: bool = False) -> list[Manifest]:
    return [app(f"a{n}", objects, cascades=cascades, deleted=deleted) for n in range(count)]


def test_an_application_weighs_what_goes_with_it() -> None:
    assert weight(app("a", 3)) == 4
    assert weight(app("a", 3, cascades=False)) == 0


def test_generators_that_find_nothing_any_more_take_no_applications_with_them() -> None:
    """argo-cd #18480, #18212, #9227: a list of clusters or a repository that could not be read counted as empty."""
    for generators in (GIT, [{"clusters": {}}], [{"matrix": {"generators": [{"list": {}}, {"clusters": {}}]}}]):
        found = set_refusal(Safety(), "set", apps(2), apps(2), generators)
        assert "find nothing any more" in found
        assert "a0, a1 are kept; annotate ApplicationSet/set with holdfast.dev/allow-prune=applications:" in found


@pytest.mark.parametrize(
    ("owned", "gone", "generators"),
    [
        (apps(1), apps(1), GIT),
        (apps(2), apps(2), [{"list": {"elements": []}}]),
        (apps(3), apps(3), [{"pullRequest": {}}]),
        (apps(3), apps(3), [{"matrix": {"generators": [{"git": {}}, {"pullRequest": {}}]}}]),
        (apps(9, 50, cascades=False), apps(9, 50, cascades=False), GIT),
        (apps(10, 50), apps(5, 50), GIT),
        (apps(10, 50), apps(1, 50), GIT),
    ],
    ids=[
        "the only one",
        "a list that somebody emptied",
        "pull requests that were closed",
        "previews of each of them",
        "applications that leave their objects",
        "half of them",
        "a single one",
    ],
)
def test_what_is_everyday_work_goes(owned: list[Manifest], gone: list[Manifest], generators: list[Manifest]) -> None:
    assert set_refusal(Safety(), "set", owned, gone, generators) == ""


def test_a_template_that_renames_all_applications_deletes_none() -> None:
    """argo-cd #16721, #18201: applications of other names took the place of all those that were there."""
    owned = [*apps(4), *(app(f"new{n}", 0) for n in range(4))]
    found = set_refusal(Safety(), "set", owned, apps(4), [{"list": {}}])
    assert found.startswith("16 of 20 objects would be deleted, more than 10 objects or 50 % at once")


def test_a_consent_names_the_applications_and_covers_no_others() -> None:
    found = set_refusal(Safety(), "set", apps(2), apps(2), GIT)
    revision = found.partition("allow-prune=")[2].split(" ")[0]
    assert set_refusal(Safety(consent=revision), "set", apps(2), apps(2), GIT) == ""
    assert set_refusal(Safety(consent=revision), "set", apps(3), apps(3), GIT) != ""
    assert set_refusal(Safety(guarded=False), "set", apps(3), apps(3), GIT) == ""


def test_a_sync_that_nobody_asked_for_keeps_to_the_budget() -> None:
    assert sync_refusal(Safety(), "abcdef0123", 10, 12) == ""
    assert sync_refusal(Safety(), "abcdef0123", 11, 30) == ""
    assert "delete 11 of 20 objects" in sync_refusal(Safety(), "abcdef0123", 11, 20)
    assert sync_refusal(Safety(consent="abcdef0"), "abcdef0123", 11, 20) == ""
    assert sync_refusal(Safety(guarded=False), "abcdef0123", 11, 20) == ""


def test_applications_that_are_deleted_together_do_not_take_everything() -> None:
    """argo-cd #6046: the namespace of the applications was deleted, and with them all that they had applied elsewhere."""
    doomed, rest = apps(4, 9, deleted=True), apps(3, 9)
    assert "4 applications are being deleted, with 40 of the 70 objects" in storm_refusal(
        Safety(), "r", [*doomed, *rest]
    )
    assert storm_refusal(Safety(), "r", [*doomed, *apps(5, 9)]) == ""
    assert storm_refusal(Safety(), "r", apps(2, 99, deleted=True)) == ""
    assert storm_refusal(Safety(), "r", apps(5, 3, deleted=True)) == ""
    assert storm_refusal(Safety(guarded=False), "r", doomed) == ""

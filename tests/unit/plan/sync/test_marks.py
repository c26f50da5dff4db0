"""What annotations say about hooks, waves and options."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.model.sync import SyncPhase
from holdfast.plan.sync import marks


def annotated(**found: str) -> dict[str, Any]:
    keys = {"hook": marks.HOOK, "policy": marks.DELETE_POLICY, "wave": marks.WAVE, "options": marks.SYNC_OPTIONS,
            "helm": marks.HELM_HOOK, "weight": marks.HELM_WEIGHT, "helm_policy": marks.HELM_POLICY}  # fmt: skip
    return {"metadata": {"annotations": {keys[k]: v for k, v in found.items()}}}


@pytest.mark.parametrize(
    ("obj", "phases"),
    [
        (annotated(), (SyncPhase.SYNC,)),
        (annotated(hook="PreSync, PostSync"), (SyncPhase.PRE_SYNC, SyncPhase.POST_SYNC)),
        (annotated(hook="Skip"), ()),
        (annotated(hook="Skip,PreSync"), (SyncPhase.PRE_SYNC,)),
        (annotated(hook="Nonsense"), ()),
        (annotated(helm="pre-install,pre-upgrade"), (SyncPhase.PRE_SYNC,)),
        (annotated(helm="post-upgrade"), (SyncPhase.POST_SYNC,)),
        (annotated(helm="test"), ()),
        (annotated(helm="crd-install"), (SyncPhase.SYNC,)),
        (annotated(helm="pre-install", hook="PostSync"), (SyncPhase.POST_SYNC,)),
    ],
)
def test_the_phases_of_an_object_are_told_by_its_hooks(obj: dict[str, Any], phases: tuple[SyncPhase, ...]) -> None:
    assert marks.phases(obj) == phases


def test_a_skipped_object_is_no_hook_and_a_hook_without_a_known_type_is_ignored() -> None:
    assert not marks.is_hook(annotated(hook="Skip"))
    assert marks.is_skipped(annotated(hook="Skip"))
    assert marks.is_ignored(annotated(hook="PreDelete"))
    assert not marks.is_ignored(annotated(hook="Sync"))


def test_hooks_of_deletion_take_no_part_in_a_sync_unless_they_are_also_hooks_of_it() -> None:
    assert marks.deletion_hooks(annotated(hook="PreDelete")) == {marks.PRE_DELETE}
    assert marks.deletion_hooks(annotated(helm="pre-delete,post-delete")) == {marks.PRE_DELETE, marks.POST_DELETE}
    assert not marks.syncs(annotated(hook="PostDelete"))
    assert not marks.syncs(annotated(hook="PostDelete,Skip"))
    assert marks.syncs(annotated(hook="PostDelete,PostSync"))
    assert marks.syncs(annotated())


@pytest.mark.parametrize(
    ("obj", "policies"),
    [
        (annotated(), (marks.BEFORE_CREATION,)),
        (annotated(policy="HookSucceeded,HookFailed"), (marks.HOOK_SUCCEEDED, marks.HOOK_FAILED)),
        (annotated(helm_policy="hook-failed"), (marks.HOOK_FAILED,)),
        (annotated(policy="Never"), (marks.BEFORE_CREATION,)),
    ],
)
def test_a_hook_makes_room_for_the_next_unless_it_says_otherwise(obj: Any, policies: tuple[str, ...]) -> None:
    assert marks.delete_policies(obj) == policies


@given(st.integers())
def test_a_wave_is_any_whole_number(number: int) -> None:
    assert marks.wave(annotated(wave=str(number))) == number


@pytest.mark.parametrize("text", ["", "x", "1.5", " 1", "1e3"])
def test_a_wave_that_is_none_is_the_weight_of_helm_or_0(text: str) -> None:
    assert marks.wave(annotated(wave=text, weight="7")) == 7
    assert marks.wave(annotated(wave=text)) == 0


def test_options_are_a_list_with_values() -> None:
    obj = annotated(options="Prune=confirm, Force=true,")
    assert marks.has_option(obj, "Force=true")
    assert marks.option(obj, "Prune") == "confirm"
    assert marks.option(obj, "Delete", "false") == "false"
    assert marks.option_of(("a", "Prune=false"), "Prune") == "false"

"""What goes with an application, when, and what its last hooks say."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.dialects.argo.application import read
from holdfast.kube.refs import Manifest, ObjectRef
from holdfast.model.sync import AppHealthStatus
from holdfast.reconcile.app_deletion import clean_up, deletable, first_wave, hook_turn

A = "argocd.argoproj.io/"
HEALTHY, PROGRESSING, DEGRADED = AppHealthStatus.HEALTHY, AppHealthStatus.PROGRESSING, AppHealthStatus.DEGRADED


def _object(name: str, annotations: dict[str, str] | None = None, kind: str = "ConfigMap") -> Manifest:
    meta: dict[str, Any] = {"name": name, "namespace": "demo", "annotations": annotations or {}}
    return {"apiVersion": "v1", "kind": kind, "metadata": meta}


def _application(*options: str) -> Manifest:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "web", "namespace": "argocd"},
        "spec": {"project": "default", "syncPolicy": {"syncOptions": list(options)}},
    }


@pytest.mark.parametrize(
    ("obj", "options", "goes"),
    [
        (_object("a"), (), True),
        (_object("a", {A + "sync-options": "Prune=false,Delete=false"}), (), False),
        (_object("a"), ("Delete=false",), False),
        (_object("a", {A + "sync-options": "Delete=true"}), ("Delete=false",), True),
        (_object("a", {"helm.sh/resource-policy": "keep"}), (), False),
        (_object("a", kind="CustomResourceDefinition"), (), False),
        (_application(), (), False),
    ],
)
def test_what_goes_with_an_application(obj: Manifest, options: tuple[str, ...], goes: bool) -> None:
    assert deletable(obj, read(_application(*options))) is goes


def test_the_highest_wave_goes_first() -> None:
    objects = [_object("a"), _object("b", {A + "sync-wave": "3"}), _object("c", {A + "sync-wave": "3"})]
    assert [o["metadata"]["name"] for o in first_wave(objects)] == ["b", "c"]
    assert first_wave([]) == []


def test_hooks_of_the_end_are_waited_for_and_failed_ones_named() -> None:
    one, two = (ObjectRef("batch", "Job", "demo", name) for name in ("one", "two"))
    turn = hook_turn({one: PROGRESSING, two: DEGRADED})
    assert (turn.waiting, turn.failed) == (True, (two,))
    assert hook_turn({one: HEALTHY}).waiting is False


@pytest.mark.parametrize(
    ("healths", "gone"),
    [([HEALTHY, HEALTHY], ["plain", "good"]), ([HEALTHY, DEGRADED], ["plain", "bad"])],
)
def test_hooks_go_as_their_policies_say(healths: list[AppHealthStatus], gone: list[str]) -> None:
    hooks = [
        _object("plain"),
        _object("good", {A + "hook-delete-policy": "HookSucceeded"}),
        _object("bad", {A + "hook-delete-policy": "HookFailed"}),
    ]
    assert [h["metadata"]["name"] for h in clean_up(hooks, healths)] == gone

"""Applications are read, and what is known of them is written as Argo CD writes it."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.dialects.argo.application import enables_automation, instance_name, read, read_operation, read_spec
from holdfast.dialects.argo.sources import normal, read_source
from holdfast.dialects.argo.status import write_automated, write_history, write_state, write_status
from holdfast.kube.refs import ObjectRef
from holdfast.model.app import SourceType, SyncOrder

SOURCE = {"repoURL": "https://example.com/r.git", "path": "app"}
STATUS: dict[str, Any] = {
    "controllerNamespace": "argocd",
    "conditions": [{"type": "SyncError", "message": "no", "lastTransitionTime": "2026-01-01T00:00:00Z"}],
    "health": {"status": "Degraded", "lastTransitionTime": "2026-01-01T00:00:01Z"},
    "reconciledAt": "2026-01-01T00:00:02Z",
    "resourceHealthSource": "appTree",
    "resources": [
        {"group": "apps", "version": "v1", "kind": "Deployment", "namespace": "n", "name": "d", "status": "OutOfSync"},
        {"version": "v1", "kind": "ConfigMap", "namespace": "n", "name": "h", "hook": True, "requiresPruning": True},
    ],
    "sourceType": "Directory",
    "summary": {"images": ["nginx:1"]},
    "sync": {
        "status": "OutOfSync",
        "revision": "abc",
        "comparedTo": {
            "source": SOURCE,
            "destination": {"server": "https://kubernetes.default.svc", "namespace": "n"},
            "ignoreDifferences": [{"kind": "Secret", "jsonPointers": ["/data"]}],
        },
    },
}
STATE: dict[str, Any] = {
    "operation": {"initiatedBy": {"username": "admin"}, "retry": {"limit": 2}, "sync": {"prune": True}},
    "phase": "Succeeded",
    "message": "successfully synced (all tasks run)",
    "startedAt": "2026-01-01T00:00:00Z",
    "finishedAt": "2026-01-01T00:00:03Z",
    "syncResult": {
        "revision": "abc",
        "source": SOURCE,
        "resources": [
            {
                "group": "",
                "version": "v1",
                "kind": "ConfigMap",
                "namespace": "n",
                "name": "c",
                "status": "Synced",
                "message": "configmap/c created",
                "hookPhase": "Running",
                "syncPhase": "Sync",
            }
        ],
    },
}
HISTORY = {
    "id": 3,
    "revision": "abc",
    "source": SOURCE,
    "deployStartedAt": "2026-01-01T00:00:00Z",
    "deployedAt": "2026-01-01T00:00:03Z",
    "initiatedBy": {"automated": True},
}


def _application(**more: Any) -> dict[str, Any]:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "web", "namespace": "argocd"},
        "spec": {"project": "default", "destination": {"server": "s", "namespace": "n"}, "source": SOURCE},
        **more,
    }


def test_a_status_that_is_read_is_written_as_it_was() -> None:
    assert write_status(read(_application(status=STATUS)).status) == STATUS


def test_the_state_of_an_operation_is_written_as_it_was_read() -> None:
    state = read(_application(status={"operationState": STATE})).state
    assert state is not None
    assert write_state(state) == STATE


def test_a_history_entry_is_written_as_it_was_read() -> None:
    (entry,) = read(_application(status={"history": [HISTORY]})).history
    assert write_history(entry) == HISTORY


def test_an_application_with_several_sources_writes_one_without_a_repository_beside_them() -> None:
    state = read(
        _application(
            status={
                "operationState": {
                    "phase": "Running",
                    "operation": {"sync": {}},
                    "syncResult": {"revision": "", "revisions": ["a"], "source": {"repoURL": ""}, "sources": [SOURCE]},
                }
            }
        )
    ).state
    assert state is not None
    assert write_state(state)["syncResult"] == {
        "revision": "",
        "revisions": ["a"],
        "source": {"repoURL": ""},
        "sources": [SOURCE],
    }


def test_an_operation_always_tells_who_and_how_it_is_tried_again() -> None:
    assert read_operation({"sync": {"syncStrategy": {"hook": {}}}}).raw == {
        "initiatedBy": {},
        "retry": {},
        "sync": {"syncStrategy": {"hook": {}}},
    }


def test_the_strategy_apply_runs_no_hooks() -> None:
    order = read_operation({"sync": {"syncStrategy": {"apply": {"force": True}}}}).sync
    assert order is not None
    assert (order.hooks, order.force) == (False, True)


def test_an_automatic_order_says_so_and_is_tried_five_times_unless_told() -> None:
    order = SyncOrder(revision="abc", prune=True, source=read_source(SOURCE))
    assert write_automated(order, None) == {
        "initiatedBy": {"automated": True},
        "retry": {"limit": 5},
        "sync": {"revision": "abc", "prune": True, "source": SOURCE},
    }
    assert write_automated(order, {"limit": 0, "backoff": {"duration": "1s"}})["retry"] == {
        "backoff": {"duration": "1s"}
    }


def test_automation_may_be_switched_off_without_removing_it() -> None:
    spec = _application()["spec"]
    assert read_spec({**spec, "syncPolicy": {"automated": {"enabled": False, "prune": True}}}).automated is None
    automated = read_spec({**spec, "syncPolicy": {"automated": {"prune": True}}}).automated
    assert automated is not None
    assert automated.prune


def test_switching_self_healing_on_counts_as_a_change_and_switching_pruning_on_does_not() -> None:
    def app(**automated: bool) -> dict[str, Any]:
        return {"spec": {"syncPolicy": {"automated": automated}}}

    assert enables_automation({}, app())
    assert enables_automation(app(), app(selfHeal=True))
    assert not enables_automation(app(), app(prune=True))
    assert not enables_automation(app(enabled=True), app(enabled=False))


def test_an_application_elsewhere_carries_its_namespace_in_the_name_of_its_objects() -> None:
    home, away = (ObjectRef("argoproj.io", "Application", ns, "web") for ns in ("argocd", "team"))
    assert (instance_name(home, "argocd"), instance_name(away, "argocd")) == ("web", "team_web")


@pytest.mark.parametrize(
    ("declared", "wanted"),
    [
        (
            {"helm": {"parameters": [{"name": "a", "value": "", "forceString": False}]}},
            {"parameters": [{"name": "a", "value": ""}]},
        ),
        ({"helm": {"valuesObject": {"a": "", "b": [], "c": 0}}}, {"valuesObject": {"a": "", "b": [], "c": 0}}),
    ],
)
def test_empty_values_that_mean_something_stay(declared: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert normal(declared)["helm"] == wanted


def test_the_tools_named_are_told_in_argos_order() -> None:
    source = read_source({**SOURCE, "helm": {"releaseName": "x"}, "kustomize": {"namePrefix": "y"}})
    assert source.types == (SourceType.KUSTOMIZE, SourceType.HELM)


def test_the_manager_that_a_server_side_apply_takes_over_from_may_be_named() -> None:
    named = {"argocd.argoproj.io/client-side-apply-migration-manager": "legacy"}
    obj = {"metadata": {"name": "web", "namespace": "argocd", "annotations": named}, "spec": {"source": SOURCE}}
    assert read(obj).migrate_manager == "legacy"


def test_a_plugin_without_a_name_and_the_options_of_a_patch_stay_in_a_source() -> None:
    declared = {"plugin": {}, "kustomize": {"patches": [{"patch": "x", "options": {"allowNameChange": False}}]}}
    assert normal(declared) == declared
    assert read_source({**SOURCE, "plugin": {}}).types == (SourceType.PLUGIN,)
    assert normal({"kustomize": {"commonLabels": {"a": ""}, "options": {}}}) == {
        "kustomize": {"commonLabels": {"a": ""}}
    }

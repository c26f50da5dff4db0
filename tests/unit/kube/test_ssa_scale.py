from __future__ import annotations

from typing import Any

from holdfast.kube.ssa_scale import parent_entries, replicas_path, scale_entries

PATHS = {"apps/v1": replicas_path(".spec.replicas")}
NOW = "2026-01-01T00:00:00Z"


def entry(
    manager: str, operation: str, fields: dict[str, Any], version: str = "apps/v1", **more: str
) -> dict[str, Any]:
    return {
        "manager": manager,
        "operation": operation,
        "apiVersion": version,
        **({"time": more.pop("time")} if "time" in more else {}),
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
        **more,
    }


REPLICAS = {"f:spec": {"f:replicas": {}}}
BOTH = {"f:spec": {"f:paused": {}, "f:replicas": {}}}
PARENT = [entry("git", "Apply", BOTH, time=NOW), entry("ed", "Update", {"f:spec": {"f:paused": {}}}, time=NOW)]


def test_a_scale_shows_the_owners_of_the_replicas_only() -> None:
    assert scale_entries(PARENT, PATHS) == [entry("git", "Apply", REPLICAS, "autoscaling/v1", time=NOW)]


def test_who_takes_the_replicas_through_scale_owns_them_without_a_time() -> None:
    scale = [entry("hpa", "Update", REPLICAS, "autoscaling/v1", time=NOW, subresource="scale")]
    assert parent_entries(PARENT, scale, "apps/v1", PATHS) == [
        entry("git", "Apply", {"f:spec": {"f:paused": {}}}, time=NOW),
        entry("hpa", "Update", REPLICAS, subresource="scale"),
        entry("ed", "Update", {"f:spec": {"f:paused": {}}}, time=NOW),
    ]


def test_a_scale_that_moves_nothing_leaves_the_entries_alone() -> None:
    assert parent_entries(PARENT, scale_entries(PARENT, PATHS), "apps/v1", PATHS) == PARENT


def test_an_entry_of_which_only_the_replicas_were_left_goes() -> None:
    parent = [entry("git", "Apply", REPLICAS, time=NOW)]
    assert parent_entries(parent, [], "apps/v1", PATHS) == []


def test_an_entry_of_a_version_that_is_gone_is_dropped() -> None:
    parent = [entry("old", "Update", BOTH, "apps/v1beta1", time=NOW)]
    assert parent_entries(parent, [], "apps/v1", PATHS) == []

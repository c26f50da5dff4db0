from __future__ import annotations

from typing import Any

import pytest

from holdfast.kube.refs import GroupVersionKind, Manifest
from holdfast.kube.schema import builtin
from holdfast.kube.ssa_scale import replicas_path
from holdfast.sandbox.apply import apply_patch
from holdfast.sandbox.scale_owners import after_apply, after_write
from holdfast.sandbox.status import StatusError

NOW = "2026-01-01T00:00:00Z"
WHERE: dict[str, Any] = {"api_version": "apps/v1", "paths": {"apps/v1": replicas_path(".spec.replicas")}, "now": NOW}


def deployment(replicas: int | None = 2) -> Manifest:
    spec = {"selector": {"matchLabels": {"a": "b"}}, **({"replicas": replicas} if replicas else {})}
    sent = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}, "spec": spec}
    shape = builtin().lookup(GroupVersionKind.of(sent))
    return apply_patch(
        None, sent, manager="git", force=False, schema=shape, api_version="apps/v1", subresource="", now=NOW
    )


def scale(replicas: int) -> Manifest:
    return {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "a"}, "spec": {"replicas": replicas}}


def owners_of_replicas(entries: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return sorted((e["manager"], e.get("subresource", "")) for e in entries if "f:replicas" in e["fieldsV1"]["f:spec"])


def test_a_write_that_changes_the_replicas_takes_them() -> None:
    assert owners_of_replicas(after_write(deployment(), 2, 5, manager="hpa", **WHERE)) == [("hpa", "scale")]


def test_a_write_of_the_same_number_gives_no_ownership() -> None:
    obj = deployment()
    assert after_write(obj, 2, 2, manager="hpa", **WHERE) == obj["metadata"]["managedFields"]


def test_an_apply_of_the_same_number_shares_the_replicas() -> None:
    found, entries = after_apply(deployment(), 2, scale(2), manager="sc", force=False, **WHERE)
    assert found["spec"]["replicas"] == 2
    assert owners_of_replicas(entries) == [("git", ""), ("sc", "scale")]


def test_an_apply_of_another_number_conflicts_unless_it_is_forced() -> None:
    with pytest.raises(StatusError, match=r'conflict with "git": \.spec\.replicas') as caught:
        after_apply(deployment(), 2, scale(4), manager="sc", force=False, **WHERE)
    assert caught.value.code == 409
    found, entries = after_apply(deployment(), 2, scale(4), manager="sc", force=True, **WHERE)
    assert (found["spec"]["replicas"], owners_of_replicas(entries)) == (4, [("sc", "scale")])

from __future__ import annotations

from typing import Any

import pytest

from holdfast.base.errors import Stop
from holdfast.model.delivery import IgnoreRule, Selector
from holdfast.plan.ignore import adjust, matches, matching_paths

MANAGER = "kustomize-controller"


def live(replicas: int, *managers: str) -> dict[str, Any]:
    entries = [
        {"manager": m, "operation": "Apply", "fieldsV1": {"f:spec": {"f:replicas": {}}}} for m in (MANAGER, *managers)
    ]
    return {"kind": "Deployment", "metadata": {"name": "web", "managedFields": entries}, "spec": {"replicas": replicas}}


DESIRED = {"kind": "Deployment", "metadata": {"name": "web"}, "spec": {"replicas": 1, "paused": False}}


def test_the_live_value_is_adopted_where_only_we_own_the_field() -> None:
    assert adjust(DESIRED, live(4), ["/spec/replicas"], MANAGER)["spec"] == {"replicas": 4, "paused": False}


def test_a_field_that_another_owns_is_not_sent() -> None:
    assert adjust(DESIRED, live(4, "hpa"), ["/spec/replicas"], MANAGER)["spec"] == {"paused": False}


def test_a_field_that_agrees_is_sent_as_it_is() -> None:
    assert adjust(DESIRED, live(1, "hpa"), ["/spec/replicas"], MANAGER) == DESIRED


def test_a_path_that_is_none_is_an_error() -> None:
    with pytest.raises(Stop, match="replace operation does not apply: doc is missing path: bad: missing value"):
        adjust(DESIRED, live(4), ["bad"], MANAGER)


def test_the_desired_object_is_never_changed() -> None:
    before = repr(DESIRED)
    adjust(DESIRED, live(4), ["/spec/replicas"], MANAGER)
    assert repr(DESIRED) == before


def test_rules_choose_objects_by_kind_name_and_labels() -> None:
    obj = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web-1", "labels": {"tier": "front"}}}
    assert matches(obj, Selector(group="apps", kind="Deployment", name="web-.*", label_selector="tier=front"))
    assert not matches(obj, Selector(kind="Deploy"))
    assert not matches(obj, Selector(label_selector="tier!=front"))
    rules = [IgnoreRule(("/a",)), IgnoreRule(("/b",), Selector(kind="Service"))]
    assert matching_paths(obj, rules) == ("/a",)

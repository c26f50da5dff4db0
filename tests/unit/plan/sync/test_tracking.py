"""Whose an object is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.kube.refs import ObjectRef
from holdfast.model.sync import Tracking, TrackingMethod
from holdfast.plan.sync.tracking import (
    INSTALLATION_ID,
    TRACKING_ID,
    TrackingId,
    app_name_of,
    is_ours,
    is_self_referenced,
    shortened,
    stamp,
)

MINE = Tracking(app_name="shop", destination="prod")
CM: dict[str, Any] = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "ns"}}
ROLE: dict[str, Any] = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRole",
    "metadata": {"name": "r:x"},
}
NAMES = st.from_regex(r"[a-z][a-z0-9.-]{0,20}", fullmatch=True)


def test_the_id_names_the_application_and_the_object() -> None:
    assert stamp(CM, MINE)["metadata"]["annotations"] == {TRACKING_ID: "shop:/ConfigMap:ns/a"}


def test_an_object_without_a_namespace_carries_that_of_the_destination() -> None:
    found = stamp(ROLE, MINE)["metadata"]["annotations"][TRACKING_ID]
    assert found == "shop:rbac.authorization.k8s.io/ClusterRole:prod/r:x"


def test_definitions_of_kinds_are_left_alone() -> None:
    crd = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "a"}}
    assert stamp(crd, MINE) == crd


@given(NAMES, NAMES, st.sampled_from(["", "apps", "example.com"]), NAMES, st.sampled_from(TrackingMethod))
def test_what_is_stamped_is_ours_and_nobody_elses(
    app: str, name: str, group: str, ns: str, method: TrackingMethod
) -> None:
    tracking = Tracking(method, app)
    obj = {"apiVersion": f"{group}/v1" if group else "v1", "kind": "Thing", "metadata": {"name": name, "namespace": ns}}
    stamped = stamp(obj, tracking)
    assert app_name_of(stamped, tracking) == app
    assert is_ours(stamped, tracking)
    assert not is_ours(stamped, replace(tracking, app_name=app + "x"))
    assert is_self_referenced(stamped, None, tracking)
    assert stamp(stamped, tracking) == stamped


@given(NAMES, NAMES, NAMES)
def test_an_id_is_read_as_it_was_written(app: str, ns: str, name: str) -> None:
    found = TrackingId(app, ObjectRef("apps", "Deployment", ns, f"{name}:{name}"))
    assert TrackingId.parse(str(found)) == found


@pytest.mark.parametrize("text", ["", "a", "a:b", "a:b:c", "a:b/c:d", "a:b:c/d", "a:b/c/d:e/f"])
def test_a_text_of_another_form_is_no_id(text: str) -> None:
    assert TrackingId.parse(text) is None


def test_a_copied_mark_does_not_make_an_object_ours() -> None:
    copy = {**stamp(CM, MINE), "metadata": {**stamp(CM, MINE)["metadata"], "name": "copy"}}
    assert app_name_of(copy, MINE) == "shop"
    assert not is_self_referenced(copy, None, MINE)


def test_an_object_whose_target_is_of_another_group_now_is_not_itself() -> None:
    old = {"apiVersion": "extensions/v1beta1", "kind": "Ingress", "metadata": {"name": "i", "namespace": "ns"}}
    new = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "i", "namespace": "ns"}}
    assert not is_self_referenced(stamp(old, MINE), new, MINE)


def test_another_installations_objects_are_not_ours() -> None:
    ours = replace(MINE, installation_id="one")
    stamped = stamp(CM, ours)
    assert stamped["metadata"]["annotations"][INSTALLATION_ID] == "one"
    assert is_ours(stamped, ours)
    assert not is_ours(stamped, replace(MINE, installation_id="two"))
    assert not is_ours(stamped, MINE)


def test_both_ways_of_tracking_set_both_and_the_annotation_decides() -> None:
    both = replace(MINE, method=TrackingMethod.ANNOTATION_AND_LABEL)
    stamped = stamp(CM, both)
    stamped["metadata"]["labels"][both.label_key] = "other"
    assert app_name_of(stamped, both) == "shop"


@given(st.text(alphabet="ab.-_", min_size=1, max_size=100))
def test_a_label_is_never_too_long(name: str) -> None:
    found = shortened("a" + name)
    assert len(found) <= 63
    assert ("a" + name).startswith(found)

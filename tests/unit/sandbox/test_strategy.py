from __future__ import annotations

from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.sandbox.resources import Resource, Subresource
from holdfast.sandbox.strategy import counts_updates, has_generation, reset

PODS = Resource("", "v1", "pods", "pod", "Pod", True, (), subresources=(Subresource("status", (), "Pod"),))


def pod(*names: str, image: str = "1", cpu: str = "", **metadata: Any) -> Manifest:
    resources = {"requests": {"cpu": cpu}} if cpu else {}
    containers = [{"name": name, "image": image, "resources": resources} for name in names]
    return {"metadata": {"name": "p", **metadata}, "spec": {"containers": containers}, "status": {"phase": "Running"}}


def test_a_resize_writes_resources_and_nothing_else() -> None:
    new = pod("a", image="2", cpu="1", labels={"x": "y"}, managedFields=[{}])
    reset(PODS, new, pod("a"), "resize")
    assert new["spec"] == pod("a", cpu="1")["spec"]
    assert new["metadata"] == {"name": "p", "managedFields": [{}]}


def test_a_resize_that_moves_containers_is_left_for_validation_to_refuse() -> None:
    new = pod("b", "a", cpu="1")
    reset(PODS, new, pod("a", "b"), "resize")
    assert [item["name"] for item in new["spec"]["containers"]] == ["b", "a"]


def test_ephemeral_containers_are_all_that_their_endpoint_writes() -> None:
    new = pod("a", image="2")
    new["spec"]["ephemeralContainers"] = [{"name": "debug"}]
    reset(PODS, new, pod("a"), "ephemeralcontainers")
    assert new["spec"] == {**pod("a")["spec"], "ephemeralContainers": [{"name": "debug"}]}


def test_a_csi_driver_has_no_generation_before_its_first_change() -> None:
    driver = Resource("storage.k8s.io", "v1", "csidrivers", "csidriver", "CSIDriver", False, ())
    assert counts_updates(driver) and not has_generation(driver)

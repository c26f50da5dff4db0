"""lightkube with typed models and generic resources. Usage: lightkube_client.py KUBECONFIG."""

# ruff: noqa: PT017 - runs under a Python that need not have pytest

from __future__ import annotations

import sys

from lightkube import ApiError, Client, KubeConfig
from lightkube.models.apps_v1 import DeploymentSpec
from lightkube.models.core_v1 import Container, PodSpec, PodTemplateSpec
from lightkube.models.meta_v1 import LabelSelector, ObjectMeta
from lightkube.resources.apps_v1 import Deployment
from lightkube.resources.core_v1 import ConfigMap, Namespace, Pod
from lightkube.types import PatchType

NAME = "lightkube"


def main() -> None:
    client = Client(config=KubeConfig.from_file(sys.argv[1]).get(), namespace=NAME, field_manager="smoke")
    client.create(Namespace(metadata=ObjectMeta(name=NAME)))
    configs(client)
    workloads(client)
    client.delete(Namespace, NAME)


def configs(client: Client) -> None:
    first = client.create(ConfigMap(metadata=ObjectMeta(name="c"), data={"a": "1"}))
    client.apply(ConfigMap(apiVersion="v1", kind="ConfigMap", metadata=ObjectMeta(name="d"), data={"z": "1"}))
    assert [c.metadata.name for c in client.list(ConfigMap) if c.metadata.name != "kube-root-ca.crt"] == ["c", "d"]
    patched = client.patch(ConfigMap, "c", {"data": {"b": "2"}}, patch_type=PatchType.MERGE)
    assert patched.data == {"a": "1", "b": "2"}
    try:
        client.replace(first)
    except ApiError as error:
        assert error.status.code == 409 and error.status.reason == "Conflict", error.status
    else:
        raise AssertionError("an old version replaced a newer one")
    client.delete(ConfigMap, "c")
    try:
        client.get(ConfigMap, "c")
    except ApiError as error:
        assert error.status.code == 404
    else:
        raise AssertionError("a deleted object was found")
    client.deletecollection(ConfigMap)


def workloads(client: Client) -> None:
    labels = {"app": "w"}
    template = PodTemplateSpec(
        metadata=ObjectMeta(labels=labels), spec=PodSpec(containers=[Container(name="w", image="nginx:1")])
    )
    spec = DeploymentSpec(selector=LabelSelector(matchLabels=labels), template=template)
    client.create(Deployment(metadata=ObjectMeta(name="w"), spec=spec))
    client.wait(Deployment, "w", for_conditions=["Available"])
    scale = client.get(Deployment.Scale, "w")
    scale.spec.replicas = 2
    assert client.replace(scale, "w").spec.replicas == 2
    for kind, pod in client.watch(Pod, labels=labels):
        assert kind == "ADDED" and pod.metadata.name
        assert any("simulated" in line for line in client.log(pod.metadata.name))
        break
    client.delete(Deployment, "w")


main()

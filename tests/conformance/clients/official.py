"""The official ``kubernetes`` client through its typed, its dynamic and its utility calls. Usage: official.py KUBECONFIG."""

# ruff: noqa: PT017 - runs under a Python that need not have pytest

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from kubernetes import client, config, dynamic, utils, watch

DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "jars.official.example.com"},
    "spec": {
        "group": "official.example.com",
        "scope": "Namespaced",
        "names": {"plural": "jars", "singular": "jar", "kind": "Jar"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {"type": "object", "properties": {"size": {"type": "integer", "default": 3}}}
                        },
                    }
                },
            }
        ],
    },
}
NAMESPACE = "official"


def deployment(replicas: int) -> client.V1Deployment:
    labels = {"app": "web"}
    container = client.V1Container(name="web", image="nginx:1", ports=[client.V1ContainerPort(container_port=80)])
    template = client.V1PodTemplateSpec(
        metadata=client.V1ObjectMeta(labels=labels), spec=client.V1PodSpec(containers=[container])
    )
    spec = client.V1DeploymentSpec(
        replicas=replicas, selector=client.V1LabelSelector(match_labels=labels), template=template
    )
    return client.V1Deployment(metadata=client.V1ObjectMeta(name="web"), spec=spec)


def typed() -> None:
    core, apps = client.CoreV1Api(), client.AppsV1Api()
    core.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name=NAMESPACE)))
    apps.create_namespaced_deployment(NAMESPACE, deployment(2))
    await_ready(apps)
    pods = core.list_namespaced_pod(NAMESPACE, label_selector="app=web", limit=1)
    assert len(pods.items) == 1 and pods.metadata._continue, pods.metadata
    assert "simulated" in core.read_namespaced_pod_log(pods.items[0].metadata.name, NAMESPACE)
    patched = apps.patch_namespaced_deployment("web", NAMESPACE, {"spec": {"replicas": 1}})
    assert patched.spec.replicas == 1 and patched.metadata.generation >= 2
    assert apps.read_namespaced_deployment_scale("web", NAMESPACE).spec.replicas == 1
    try:
        apps.create_namespaced_deployment(NAMESPACE, deployment(2))
    except client.ApiException as error:
        assert (error.status, error.reason) == (409, "Conflict"), error
    else:
        raise AssertionError("a second object of one name was taken")
    apps.delete_namespaced_deployment("web", NAMESPACE, propagation_policy="Foreground")
    for event in watch.Watch().stream(apps.list_namespaced_deployment, NAMESPACE, timeout_seconds=30):
        if event["type"] == "DELETED":
            return
    assert not apps.list_namespaced_deployment(NAMESPACE).items


def await_ready(apps: client.AppsV1Api) -> None:
    stream = watch.Watch()
    for event in stream.stream(apps.list_namespaced_deployment, NAMESPACE, timeout_seconds=30):
        if event["object"].status.ready_replicas == 2:
            stream.stop()
            return
    raise AssertionError("the deployment did not become ready")


def dynamically(api: client.ApiClient) -> None:
    client.ApiextensionsV1Api().create_custom_resource_definition(DEFINITION)
    stream = watch.Watch()
    for event in stream.stream(client.ApiextensionsV1Api().list_custom_resource_definition, timeout_seconds=30):
        conditions = event["object"].status.conditions or []
        if any(c.type == "Established" and c.status == "True" for c in conditions):
            stream.stop()
    with tempfile.TemporaryDirectory() as cache:
        jars = dynamic.DynamicClient(api, cache_file=str(Path(cache, "d"))).resources.get(
            api_version="official.example.com/v1", kind="Jar"
        )
    jar = {"apiVersion": "official.example.com/v1", "kind": "Jar", "metadata": {"name": "a"}, "spec": {}}
    assert jars.create(body=jar, namespace=NAMESPACE).spec.size == 3
    applied = jars.server_side_apply(
        body={**jar, "spec": {"size": 5}}, namespace=NAMESPACE, field_manager="smoke", force_conflicts=True
    )
    assert applied.spec.size == 5
    assert [j.metadata.name for j in jars.get(namespace=NAMESPACE).items] == ["a"]
    jars.delete(name="a", namespace=NAMESPACE)
    client.ApiextensionsV1Api().delete_custom_resource_definition("jars.official.example.com")


def main() -> None:
    config.load_kube_config(sys.argv[1])
    api = client.ApiClient()
    assert client.VersionApi().get_code().major == "1"
    typed()
    dynamically(api)
    utils.create_from_dict(
        api, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": NAMESPACE}}
    )
    client.CoreV1Api().delete_namespace(NAMESPACE)


main()

"""What users read back after a create."""

import json
from typing import Any

import pytest

from holdfast.kube.refs import GroupVersionKind
from holdfast.sandbox.kinds import apply_defaults, check, prepare_create, prepare_update
from holdfast.sandbox.kinds.defaults_pod import pull_policy
from holdfast.sandbox.kinds.zeros import zero_object


def defaulted(text: str) -> dict[str, Any]:
    obj: dict[str, Any] = json.loads(text)
    gvk = GroupVersionKind.of(obj)
    check(gvk, obj, None, "Ignore", None)
    apply_defaults(gvk, obj)
    return obj


def test_a_deployment_gets_strategy_replicas_and_a_full_pod_template() -> None:
    found = defaulted(
        '{"apiVersion":"apps/v1","kind":"Deployment","spec":{"selector":{"matchLabels":{"a":"b"}},'
        '"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"nginx"}]}}}}'
    )
    assert found == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"a": "b"}},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}},
            "revisionHistoryLimit": 10,
            "progressDeadlineSeconds": 600,
            "template": {
                "metadata": {"labels": {"a": "b"}},
                "spec": {
                    "containers": [
                        {
                            "name": "c",
                            "image": "nginx",
                            "imagePullPolicy": "Always",
                            "resources": {},
                            "terminationMessagePath": "/dev/termination-log",
                            "terminationMessagePolicy": "File",
                        }
                    ],
                    "dnsPolicy": "ClusterFirst",
                    "restartPolicy": "Always",
                    "schedulerName": "default-scheduler",
                    "securityContext": {},
                    "terminationGracePeriodSeconds": 30,
                },
            },
        },
        "status": {},
    }


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("nginx", "Always"),
        ("nginx:latest", "Always"),
        ("nginx:1", "IfNotPresent"),
        ("r:5000/nginx", "Always"),
        ("nginx@sha256:00", "IfNotPresent"),
    ],
)
def test_the_pull_policy_follows_the_tag(image: str, policy: str) -> None:
    assert pull_policy(image) == policy


def test_a_service_port_gets_protocol_and_target() -> None:
    spec = defaulted('{"apiVersion":"v1","kind":"Service","spec":{"type":"LoadBalancer","ports":[{"port":80}]}}')[
        "spec"
    ]
    assert spec["ports"] == [{"port": 80, "protocol": "TCP", "targetPort": 80}]
    assert spec["externalTrafficPolicy"] == "Cluster" and spec["allocateLoadBalancerNodePorts"] is True


def test_string_data_of_a_secret_becomes_data() -> None:
    found = defaulted('{"apiVersion":"v1","kind":"Secret","data":{"a":"YQ=="},"stringData":{"a":"b","c":"d"}}')
    assert found["data"] == {"a": "Yg==", "c": "ZA=="} and "stringData" not in found and found["type"] == "Opaque"


def test_host_ports_are_filled_in_pods_of_the_host_network_but_not_in_templates() -> None:
    spec = '{"hostNetwork":true,"containers":[{"name":"c","image":"x","ports":[{"containerPort":80}]}]}'
    pod = defaulted(f'{{"apiVersion":"v1","kind":"Pod","spec":{spec}}}')
    template = defaulted(f'{{"apiVersion":"v1","kind":"PodTemplate","template":{{"spec":{spec}}}}}')
    assert pod["spec"]["containers"][0]["ports"][0]["hostPort"] == 80
    assert "hostPort" not in template["template"]["spec"]["containers"][0]["ports"][0]


def test_an_empty_stateful_set_still_writes_what_an_encoder_always_writes() -> None:
    zero = zero_object(GroupVersionKind("apps", "v1", "StatefulSet"))
    assert zero["spec"]["serviceName"] == "" and zero["spec"]["selector"] is None
    assert zero["status"] == {"replicas": 0, "availableReplicas": 0}


def test_the_template_counter_of_a_daemon_set_is_the_servers() -> None:
    gvk = GroupVersionKind("apps", "v1", "DaemonSet")
    key = "deprecated.daemonset.template.generation"

    def body() -> dict[str, Any]:
        obj: dict[str, Any] = {"metadata": {"name": "a"}, "spec": {"template": {"spec": {"containers": []}}}}
        apply_defaults(gvk, obj)
        return obj

    made = body()
    prepare_create(gvk, made)
    assert made["metadata"]["annotations"] == {key: "1"}
    same, other = body(), body()
    assert same["metadata"]["annotations"] == {key: "0"}
    prepare_update(gvk, same, made)
    assert same["metadata"]["annotations"] == {key: "1"}
    other["spec"]["template"]["spec"]["hostNetwork"] = True
    prepare_update(gvk, other, made)
    assert other["metadata"]["annotations"] == {key: "2"}

"""Kinds few people write: flow control, events, autoscalers, API services; the answers of a real server."""

import copy
from typing import Any

import pytest

from holdfast.kube.refs import GroupVersionKind
from holdfast.sandbox.kinds import apply_defaults, check, prepare_create, validate_create

Spec = dict[str, Any]


def refused(obj: dict[str, Any]) -> list[tuple[str, str]]:
    gvk, obj = GroupVersionKind.of(obj), copy.deepcopy(obj)
    check(gvk, obj, None, "Ignore", None)
    apply_defaults(gvk, obj)
    prepare_create(gvk, obj)
    return [(e.field, e.body) for e in validate_create(gvk, obj)]


def made(api: str, kind: str, name: str, spec: Spec) -> dict[str, Any]:
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name}, "spec": spec}


AUTOSCALERS: list[tuple[Spec, list[tuple[str, str]]]] = [
    ({}, []),
    (
        {"minReplicas": 5},
        [("spec.maxReplicas", "Invalid value: 3: must be greater than or equal to `minReplicas`")],
    ),
    (
        {"maxReplicas": 0},
        [
            ("spec.maxReplicas", "Required value: must be set and greater than 0"),
            ("spec.maxReplicas", "Invalid value: 0: must be greater than or equal to `minReplicas`"),
        ],
    ),
    (
        {"metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization"}}}]},
        [
            (
                "spec.metrics[0].resource.target.averageUtilization",
                "Required value: must set either a target raw value or a target utilization",
            )
        ],
    ),
    (
        {"behavior": {"scaleDown": {"stabilizationWindowSeconds": 4000}}},
        [
            (
                "spec.behavior.scaleDown.stabilizationWindowSeconds",
                "Invalid value: 4000: must be less than or equal to 3600",
            )
        ],
    ),
]


@pytest.mark.parametrize(("spec", "answers"), AUTOSCALERS)
def test_autoscalers(spec: Spec, answers: list[tuple[str, str]]) -> None:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    obj = made("autoscaling/v2", "HorizontalPodAutoscaler", "web", {"scaleTargetRef": target, "maxReplicas": 3})
    obj["metadata"]["namespace"] = "default"
    obj["spec"].update(spec)
    assert refused(obj) == answers


LEVELS: list[tuple[Spec, tuple[str, str]]] = [
    ({"type": "Limited"}, ("spec.limited", "Required value: must not be empty when type is Limited")),
    (
        {"type": "Exempt"},
        ("spec.type", "Invalid value: \"Exempt\": must be 'Exempt' if and only if `name` is 'exempt'"),
    ),
    (
        {"type": "Odd"},
        ("spec.type", 'Unsupported value: "Odd": supported values: "Exempt", "Limited"'),
    ),
    (
        {"type": "Limited", "limited": {"limitResponse": {"type": "Queue"}}},
        (
            "spec.limited.limitResponse.queuing",
            "Required value: must not be empty if limited.limitResponse.type is Limited",
        ),
    ),
]


@pytest.mark.parametrize(("spec", "answer"), LEVELS)
def test_priority_levels(spec: Spec, answer: tuple[str, str]) -> None:
    api = "flowcontrol.apiserver.k8s.io/v1"
    assert refused(made(api, "PriorityLevelConfiguration", "p", spec)) == [answer]


def test_flow_schemas_name_a_level_and_a_place() -> None:
    api = "flowcontrol.apiserver.k8s.io/v1"
    field = "spec.priorityLevelConfiguration.name"
    assert refused(made(api, "FlowSchema", "f", {})) == [(field, "Required value: must reference a priority level")]
    late = {"priorityLevelConfiguration": {"name": "x"}, "matchingPrecedence": 20000}
    text = "Invalid value: 20000: must not be greater than 10000"
    assert refused(made(api, "FlowSchema", "f", late)) == [("spec.matchingPrecedence", text)]


def test_api_services_are_called_after_version_and_group() -> None:
    api = "apiregistration.k8s.io/v1"
    spec = {"group": "a.b", "version": "v1", "groupPriorityMinimum": 10, "versionPriority": 1}
    assert refused(made(api, "APIService", "v1.a.b", spec)) == []
    assert refused(made(api, "APIService", "x", spec)) == [
        ("metadata.name", 'Invalid value: "x": must be `spec.version+"."+spec.group`: "v1.a.b"')
    ]
    assert [field for field, _ in refused(made(api, "APIService", "v1.a.b", {}))] == [
        "metadata.name",
        "spec.group",
        "spec.version",
        "spec.groupPriorityMinimum",
        "spec.versionPriority",
    ]


def test_events_of_the_new_group_need_a_time_and_a_known_type() -> None:
    event = made("events.k8s.io/v1", "Event", "e", {})
    del event["spec"]
    event["metadata"]["namespace"] = "default"
    assert refused(event)[0] == ("eventTime", "Required value")
    event |= {"eventTime": "2026-01-01T00:00:00.000000Z", "action": "a", "reason": "r", "type": "Odd"}
    event |= {"reportingController": "c.d/e", "reportingInstance": "i"}
    assert refused(event) == [("type", 'Invalid value: "": has invalid value: Odd')]

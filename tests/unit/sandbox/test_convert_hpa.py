"""Autoscalers through their older version and back."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from holdfast.sandbox import convert_hpa

_metric = st.one_of(
    st.builds(
        lambda name, n: {
            "type": "Resource",
            "resource": {"name": name, "target": {"type": "Utilization", "averageUtilization": n}},
        },
        st.sampled_from(["cpu", "memory"]),
        st.integers(1, 100),
    ),
    st.builds(
        lambda name, q: {
            "type": "Pods",
            "pods": {"metric": {"name": name}, "target": {"type": "AverageValue", "averageValue": q}},
        },
        st.sampled_from(["qps", "lag"]),
        st.sampled_from(["10", "1k"]),
    ),
    st.builds(
        lambda q: {"type": "External", "external": {"metric": {"name": "e"}, "target": {"type": "Value", "value": q}}},
        st.sampled_from(["1", "2"]),
    ),
)
_rules = st.fixed_dictionaries(
    {
        "stabilizationWindowSeconds": st.integers(0, 300),
        "selectPolicy": st.sampled_from(["Max", "Min"]),
        "policies": st.just([{"type": "Pods", "value": 4, "periodSeconds": 15}]),
    }
)


@st.composite
def _autoscalers(draw: st.DrawFn) -> dict[str, Any]:
    metrics = draw(st.lists(_metric, max_size=3))
    # The cpu percentage has a field of its own in v1 and comes back first.
    metrics.sort(key=lambda m: m.get("resource", {}).get("name") != "cpu")
    spec: dict[str, Any] = {"maxReplicas": 3, "scaleTargetRef": {"kind": "Deployment", "name": "d"}}
    if metrics:
        spec["metrics"] = metrics
    if draw(st.booleans()):
        spec["behavior"] = {"scaleUp": draw(_rules), "scaleDown": draw(_rules)}
    return {"metadata": {"name": "a"}, "spec": spec, "status": {"currentMetrics": None, "desiredReplicas": 0}}


@given(_autoscalers())
def test_nothing_is_lost_on_the_way_through_v1(autoscaler: dict[str, Any]) -> None:
    obj = copy.deepcopy(autoscaler)
    convert_hpa.to_v1(obj)
    assert "metrics" not in obj["spec"] and "behavior" not in obj["spec"]
    convert_hpa.to_v2(obj)
    assert obj == autoscaler


def test_nonsense_in_the_annotations_is_dropped() -> None:
    obj: dict[str, Any] = {
        "metadata": {"annotations": {"autoscaling.alpha.kubernetes.io/metrics": "{", "kept": "x"}},
        "spec": {"targetCPUUtilizationPercentage": 70},
    }
    convert_hpa.to_v2(obj)
    assert obj["metadata"]["annotations"] == {"kept": "x"}
    assert [m["resource"]["name"] for m in obj["spec"]["metrics"]] == ["cpu"]

from __future__ import annotations

from typing import Any

import pytest

from holdfast.kube.refs import GroupVersionKind
from holdfast.sandbox.restore import RestoreError, restore

DEPLOYMENT = GroupVersionKind("apps", "v1", "Deployment")


@pytest.mark.parametrize(
    ("obj", "text"),
    [
        ({"spec": {"replicas": 1.5}}, "cannot convert float64 to int32"),
        ({"spec": {"replicas": "x"}}, "unrecognized type: int32"),
        ({"metadata": {"labels": {"a": 1}}}, "cannot convert int64 to string"),
        ({"metadata": {"labels": {"a": True}}}, "unrecognized type: string"),
        ({"spec": "x"}, "cannot restore struct from: string"),
        ({"spec": {"template": {"spec": {"containers": {"name": "a"}}}}}, "cannot restore slice from map"),
        ({"metadata": {"labels": ["a"]}}, "cannot restore map from slice"),
        ({"spec": {"paused": "yes"}}, "unrecognized type: bool"),
    ],
)
def test_what_does_not_fit_is_told_in_the_words_of_the_converter(obj: dict[str, Any], text: str) -> None:
    with pytest.raises(RestoreError) as caught:
        restore(DEPLOYMENT, obj)
    assert caught.value.message == text


def test_whole_floats_become_integers_and_nulls_are_left_for_the_decoder() -> None:
    obj: dict[str, Any] = {
        "spec": {"replicas": 2.0, "paused": None, "strategy": {"rollingUpdate": {"maxSurge": "25%"}}}
    }
    restore(DEPLOYMENT, obj)
    assert obj["spec"]["replicas"] == 2 and isinstance(obj["spec"]["replicas"], int)
    assert obj["spec"]["paused"] is None


def test_a_kind_that_is_not_built_in_is_left_alone() -> None:
    obj = {"spec": 1}
    restore(GroupVersionKind("example.com", "v1", "Widget"), obj)
    assert obj == {"spec": 1}

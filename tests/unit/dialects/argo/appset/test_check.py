"""Which of the generated applications may be made."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.dialects.argo import destinations
from holdfast.dialects.argo.appset import check
from holdfast.dialects.argo.project import Cluster
from tests.unit.dialects.argo.appset.world import applications, go

KNOWN = [Cluster("https://eu", "eu"), Cluster("https://b", "twice"), Cluster("https://c", "twice")]


def problems(*elements: dict[str, Any], destination: Any = None, projects: Any = None) -> dict[str, str]:
    obj = go([{"list": {"elements": list(elements)}}], "{{ .n }}")
    obj["spec"]["template"]["spec"]["destination"] = destination or {"server": "https://kubernetes.default.svc"}
    return check.problems(applications(obj), "s", projects, lambda d: destinations.resolve(d, KNOWN))


def test_two_of_one_name_are_both_left_out() -> None:
    found = problems({"n": "a"}, {"n": "a"}, {"n": "b"})
    assert found == {"a": "ApplicationSet s contains applications with duplicate name: a"}


def test_a_project_has_to_exist() -> None:
    assert problems({"n": "a"}, projects=frozenset()) == {
        "a": "application references project default which does not exist"
    }
    assert problems({"n": "a"}, projects=frozenset({"default"})) == {}


@pytest.mark.parametrize(
    ("destination", "message"),
    [
        ({"name": "eu"}, ""),
        ({"name": "in-cluster"}, ""),
        ({"server": "https://eu/"}, ""),
        ({"namespace": "x"}, "Destination server missing from app spec"),
        ({"name": "no"}, "there are no clusters with this name: no"),
        ({"name": "twice"}, "there are 2 clusters with the same name: [https://b https://c]"),
        ({"name": "eu", "server": "https://eu"}, "application destination can't have both name and server defined: eu https://eu"),
        ({"server": "https://no"}, 'error getting cluster by server "https://no": rpc error: code = NotFound desc = cluster "https://no" not found'),
    ],
)  # fmt: skip
def test_a_destination_has_to_be_known(destination: dict[str, str], message: str) -> None:
    expected = {"a": f"application destination spec is invalid: {message}"} if message else {}
    assert problems({"n": "a"}, destination=destination) == expected


def test_the_last_problem_stands_for_all() -> None:
    assert check.summary({"b": "second", "a": "first"}) == "second (and 1 more)"
    assert check.summary({"a": "first"}) == "first"

"""What a simulated pod's own words promise."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.sandbox.controllers.workloads import omens

NODE = {"status": {"allocatable": {"cpu": "64", "memory": "256Gi"}}}


def pod(**container: Any) -> dict[str, Any]:
    return {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "a", "image": "app:1"}, container]}}


@pytest.mark.parametrize(
    ("image", "hopeless"),
    [
        ("registry.invalid/app:1", True),
        ("registry.invalid:5000/app", True),
        ("registry.example.com/app:1", False),
        ("app:1.invalid", False),
        ("invalid", False),
        ("", False),
    ],
)
def test_an_image_of_a_host_that_never_exists_cannot_be_pulled(image: str, hopeless: bool) -> None:
    assert omens.cannot_be_pulled(pod(image=image)) is hopeless


@pytest.mark.parametrize(
    ("container", "code"),
    [
        ({"command": ["false"]}, 1),
        ({"command": ["/bin/false"]}, 1),
        ({"command": ["sh", "-c", "exit 3"]}, 3),
        ({"command": ["/bin/sh", "-ec"], "args": ["exit 1"]}, 1),
        ({"command": ["bash", "-c"], "args": ["false"]}, 1),
        ({"command": ["sh", "-c", "exit 0"]}, 0),
        ({"command": ["sh", "-c", "test -f x || exit 1"]}, 0),
        ({"args": ["--fail=false"]}, 0),
        ({}, 0),
    ],
)
def test_a_command_that_only_fails_fails(container: dict[str, Any], code: int) -> None:
    assert omens.fails(pod(**container)) == code


def test_a_readiness_probe_that_only_fails_is_never_ready() -> None:
    assert omens.never_ready(pod(readinessProbe={"exec": {"command": ["false"]}}))
    assert not omens.never_ready(pod(readinessProbe={"exec": {"command": ["cat", "/ready"]}}))
    assert not omens.never_ready(pod(readinessProbe={"httpGet": {"port": 80}}))


@pytest.mark.parametrize(
    ("requests", "resource"),
    [({"cpu": "64"}, ""), ({"cpu": "64001m"}, "cpu"), ({"memory": "1Ti"}, "memory"), ({"cpu": "lots"}, ""), ({}, "")],
)
def test_a_pod_that_asks_for_more_than_a_node_has_does_not_fit(requests: dict[str, str], resource: str) -> None:
    assert omens.lacking(pod(resources={"requests": requests}), NODE) == resource

"""Paths, refusals and documents that are about no object."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/api/v1/gizmos", "application/json"),
        ("/apis/apps/v9/deployments", "application/json"),
        ("/apis/nope.example.com/v1/things", "text/plain; charset=utf-8"),
        ("/nope", "text/plain; charset=utf-8"),
    ],
)
async def test_what_is_not_there_is_a_404_in_the_right_form(api: Any, path: str, kind: str) -> None:
    answer = await api.call("GET", path)
    assert (answer.code, answer.content_type) == (404, kind)


async def test_a_method_that_a_resource_lacks_is_405_without_allow(api: Any, maps: str) -> None:
    answer = await api.call("PUT", maps, {})
    assert (answer.code, answer.reason) == (405, "MethodNotAllowed") and "Allow" not in answer.headers


async def test_wrong_credentials_are_401_and_none_are_anonymous(api: Any) -> None:
    assert (await api.call("GET", "/api/v1/pods", token="wrong")).code == 401
    nobody = await api.call("GET", "/api/v1/pods", token="")
    assert nobody.code == 403 and 'User "system:anonymous"' in nobody.message


async def test_aggregated_discovery_lists_every_group_at_once(api: Any) -> None:
    accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
    body = (await api.call("GET", "/apis", accept=accept)).body
    assert body["kind"] == "APIGroupDiscoveryList"
    apps = next(g for g in body["items"] if g["metadata"]["name"] == "apps")
    assert "deployments" in [r["resource"] for r in apps["versions"][0]["resources"]]


async def test_only_an_unserved_form_of_discovery_is_not_acceptable(api: Any) -> None:
    accept = "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList"
    assert (await api.call("GET", "/apis", accept=accept)).code == 406


async def test_requests_are_counted_by_verb_and_code(api: Any, maps: str) -> None:
    await api.call("GET", f"{maps}/nope")
    text = (await api.call("GET", "/metrics")).body
    line = next(x for x in text.splitlines() if 'resource="configmaps"' in x)
    assert 'verb="GET"' in line and 'code="404"' in line and line.endswith(" 1")


async def test_an_answer_in_yaml_is_yaml_for_refusals_too(api: Any, maps: str) -> None:
    answer = await api.call("GET", f"{maps}/nope", accept="application/yaml")
    assert answer.content_type == "application/yaml" and "reason: NotFound" in answer.body

"""The client against a real API server."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from holdfast.cluster.client import Client, EventType, PatchType, Selectors
from holdfast.cluster.config import ClusterConfig
from holdfast.cluster.errors import (
    AlreadyExists,
    Conflict,
    Forbidden,
    Invalid,
    NoMatch,
    NotFound,
    Unauthorized,
    Unreachable,
)
from holdfast.kube.refs import GroupVersionKind, ObjectRef

CONFIG_MAP = GroupVersionKind("", "v1", "ConfigMap")


def config_map(namespace: str, name: str = "one", **data: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace, "labels": {"test": "yes"}},
        "data": data,
    }


async def test_an_object_is_made_read_changed_and_deleted(client: Client, namespace: str) -> None:
    made = await client.create(config_map(namespace, a="1"), manager="tests")
    ref = ObjectRef.of(made)
    assert (await client.get(ref))["data"] == {"a": "1"}
    await client.patch(ref, {"data": {"b": "2"}}, PatchType.MERGE, manager="tests")
    changed = await client.get(ref)
    assert changed["data"] == {"a": "1", "b": "2"}
    changed["data"] = {"c": "3"}
    assert (await client.update(changed))["data"] == {"c": "3"}
    await client.delete(ref, uid=changed["metadata"]["uid"])
    with pytest.raises(NotFound) as caught:
        await client.get(ref)
    assert caught.value.message == 'configmaps "one" not found'
    assert caught.value.names_object


async def test_a_list_has_kinds_and_a_version_to_watch_from(client: Client, namespace: str) -> None:
    for name in ("one", "two"):
        await client.create(config_map(namespace, name))
    found = await client.list(CONFIG_MAP, namespace, Selectors(labels="test=yes"))
    assert [(o["kind"], o["metadata"]["name"]) for o in found.items] == [("ConfigMap", "one"), ("ConfigMap", "two")]
    assert found.resource_version


async def test_a_watch_tells_what_happened_since_a_version(client: Client, namespace: str) -> None:
    start = (await client.list(CONFIG_MAP, namespace)).resource_version
    ref = ObjectRef.of(await client.create(config_map(namespace, a="1")))
    await client.patch(ref, {"data": {"a": "2"}}, PatchType.MERGE)
    await client.delete(ref)
    seen = []
    async for event in client.watch(await client.resource(CONFIG_MAP), namespace, resource_version=start):
        if event.type is not EventType.BOOKMARK:
            seen.append((event.type.value, event.object["data"]["a"]))
        if len(seen) == 3:
            break
    assert seen == [("ADDED", "1"), ("MODIFIED", "2"), ("DELETED", "2")]


async def test_applying_fields_of_another_manager_conflicts_until_forced(client: Client, namespace: str) -> None:
    await client.apply(config_map(namespace, a="1"), manager="first")
    with pytest.raises(Conflict) as caught:
        await client.apply(config_map(namespace, a="2"), manager="second")
    assert [c["field"] for c in caught.value.causes] == [".data.a"]
    forced = await client.apply(config_map(namespace, a="2"), manager="second", force=True)
    assert forced["data"] == {"a": "2"}


async def test_a_dry_run_changes_nothing(client: Client, namespace: str) -> None:
    await client.apply(config_map(namespace, a="1"), manager="tests", dry_run=True)
    with pytest.raises(NotFound):
        await client.get(ObjectRef("", "ConfigMap", namespace, "one"))


async def test_refusals_are_errors_with_the_servers_words(client: Client, namespace: str) -> None:
    await client.create(config_map(namespace))
    with pytest.raises(AlreadyExists):
        await client.create(config_map(namespace))
    with pytest.raises(Invalid, match='ConfigMap "Bad_Name" is invalid'):
        await client.create(config_map(namespace, "Bad_Name"))


async def test_an_unknown_kind_is_told_as_kubernetes_tells_it(client: Client) -> None:
    with pytest.raises(NoMatch) as caught:
        await client.resource(GroupVersionKind("nowhere.io", "v1", "Nothing"))
    assert caught.value.message == 'no matches for kind "Nothing" in version "nowhere.io/v1"'


async def test_a_kind_without_a_version_is_found_in_the_preferred_one(client: Client) -> None:
    found = await client.resource(GroupVersionKind("apps", "", "Deployment"))
    assert (found.version, found.plural, found.namespaced) == ("v1", "deployments", True)
    assert "scale" in found.subresources


async def test_somebody_impersonated_has_only_his_own_rights(client: Client, namespace: str) -> None:
    other = client.impersonating(f"system:serviceaccount:{namespace}:nobody")
    with pytest.raises(Forbidden, match="cannot get resource"):
        await other.get(ObjectRef("", "ConfigMap", namespace, "one"))


async def test_requests_are_counted_by_verb(client: Client, namespace: str) -> None:
    await client.resource(CONFIG_MAP)
    client.requests.clear()
    await client.apply(config_map(namespace), manager="tests")
    await client.list(CONFIG_MAP, namespace)
    assert client.requests == {"apply": 1, "list": 1}


async def test_wrong_credentials_are_unauthorized(api_server: ClusterConfig) -> None:
    stranger = replace(api_server, client_cert=b"", client_key=b"", token="wrong")
    async with Client(stranger) as client:
        with pytest.raises(Unauthorized):
            await client.raw("/api")


async def test_a_closed_port_is_told_in_gos_words() -> None:
    async with Client(ClusterConfig(server="http://127.0.0.1:1")) as client:
        with pytest.raises(Unreachable) as caught:
            await client.raw("/version")
    assert caught.value.message == 'Get "http://127.0.0.1:1/version": dial tcp 127.0.0.1:1: connect: connection refused'

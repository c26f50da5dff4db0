"""Looking and deleting, against a real API server."""

from __future__ import annotations

import pytest

from holdfast.apply import PruneError, delete, look
from holdfast.cluster.client import Client, PatchType
from holdfast.cluster.errors import NotFound
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef
from holdfast.model.delivery import Ownership, UnitKey
from holdfast.model.plan import Action, Change, Done, Reason
from holdfast.plan import judge

OWNER = Ownership("kustomize-controller", "kustomize.toolkit.fluxcd.io")
UNIT = UnitKey("Kustomization", "apps", "web")
GVK = GroupVersionKind("", "v1", "ConfigMap")


def change(namespace: str, name: str, gvk: GroupVersionKind = GVK) -> Change:
    return Change(Action.DELETE, Reason.NOT_DESIRED, ObjectRef(gvk.group, gvk.kind, namespace, name), gvk)


def by_labels(change: Change, live: Manifest | None) -> tuple[Action, Reason]:
    return judge(live, OWNER, UNIT)


async def make(client: Client, namespace: str, name: str) -> None:
    meta = {"name": name, "namespace": namespace, "labels": OWNER.labels(UNIT)}
    await client.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta})


async def exists(client: Client, namespace: str, name: str) -> bool:
    try:
        await client.get(ObjectRef("", "ConfigMap", namespace, name))
    except NotFound:
        return False
    return True


async def test_what_is_ours_goes_and_what_is_gone_counts_as_deleted(client: Client, namespace: str) -> None:
    await make(client, namespace, "a")
    found = await look(client, [change(namespace, "a"), change(namespace, "b")], by_labels)
    assert [f.doomed for f in found] == [True, False]
    entries = await delete(client, found, by_labels)
    assert [(e.ref.name, e.done) for e in entries] == [("a", Done.DELETED), ("b", Done.DELETED)]
    assert not await exists(client, namespace, "a")


async def test_an_object_that_was_taken_over_after_the_look_stays(client: Client, namespace: str) -> None:
    await make(client, namespace, "a")
    found = await look(client, [change(namespace, "a")], by_labels)
    theirs = {"metadata": {"labels": {f"{OWNER.group}/name": "other"}}}
    await client.patch(found[0].ref, theirs, PatchType.MERGE, manager="other")
    assert [e.done for e in await delete(client, found, by_labels)] == [Done.SKIPPED]
    assert await exists(client, namespace, "a")


async def test_an_object_that_only_changed_after_the_look_goes(client: Client, namespace: str) -> None:
    await make(client, namespace, "a")
    found = await look(client, [change(namespace, "a")], by_labels)
    await client.patch(found[0].ref, {"data": {"x": "y"}}, PatchType.MERGE, manager="other")
    assert [e.done for e in await delete(client, found, by_labels)] == [Done.DELETED]


async def test_an_object_of_the_same_name_that_came_after_the_look_stays(client: Client, namespace: str) -> None:
    await make(client, namespace, "a")
    found = await look(client, [change(namespace, "a")], by_labels)
    await client.delete(found[0].ref)
    await client.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": namespace}})
    assert [e.done for e in await delete(client, found, by_labels)] == [Done.SKIPPED]
    assert await exists(client, namespace, "a")


async def test_a_kind_that_nobody_defines_is_gone_with_its_objects(client: Client, namespace: str) -> None:
    gvk = GroupVersionKind("nobody.example.com", "v1", "Nothing")
    for sure in (True, False):
        (found,) = await look(client, [change(namespace, "a", gvk)], by_labels, sure=sure)
        assert (found.action, found.reason, found.problem) == (Action.DELETE, Reason.ALREADY_GONE, "")


async def test_a_kind_whose_server_is_away_is_not_gone(client: Client, namespace: str) -> None:
    group = f"{namespace}.example.com"
    service = {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": f"v1.{group}"},
        "spec": {
            "group": group,
            "version": "v1",
            "groupPriorityMinimum": 100,
            "versionPriority": 10,
            "service": {"name": "away", "namespace": namespace, "port": 443},
        },
    }
    await client.create(service)
    try:
        gvk = GroupVersionKind(group, "v1", "Thing")
        found = await look(client, [change(namespace, "a", gvk)], by_labels, sure=True)
        assert found[0].problem.startswith(f"Thing/{namespace}/a query failed: no matches for kind")
        with pytest.raises(PruneError) as raised:
            await delete(client, found, by_labels)
        assert [e.ref.name for e in raised.value.survivors] == ["a"]
    finally:
        await client.delete(ObjectRef("apiregistration.k8s.io", "APIService", "", f"v1.{group}"))

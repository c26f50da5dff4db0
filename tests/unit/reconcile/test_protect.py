"""What stays because it holds what others put there, against a real API server."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.apply import Found
from holdfast.cluster.client import Client
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef
from holdfast.model.plan import Action, Change, Reason
from holdfast.reconcile.protect import protected


def doomed(live: Manifest) -> Found:
    gvk = GroupVersionKind.of(live)
    change = Change(Action.DELETE, Reason.NOT_DESIRED, ObjectRef.of(live), gvk)
    return Found(change, Action.DELETE, Reason.NOT_DESIRED, live)


def obj(kind: str, name: str, namespace: str = "", **rest: Any) -> Manifest:
    meta = {"name": name, **({"namespace": namespace} if namespace else {}), **rest.pop("metadata", {})}
    return {"apiVersion": "v1", "kind": kind, "metadata": meta, **rest}


@pytest.fixture
async def place(client: Client, namespace: str) -> Manifest:
    return await client.get(ObjectRef("", "Namespace", "", namespace))


async def test_an_empty_namespace_may_go(client: Client, place: Manifest) -> None:
    assert await protected(client, [doomed(place)], frozenset()) == {}


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        pytest.param(obj("ConfigMap", "a"), "ConfigMap/{}/a in it would be deleted with it", id="anything"),
        pytest.param(obj("ConfigMap", "kube-root-ca.crt"), "", id="what every namespace has"),
        pytest.param(
            obj("Secret", "t", type="kubernetes.io/service-account-token"), "", id="tokens of accounts go with them"
        ),
        pytest.param(
            obj(
                "ConfigMap",
                "b",
                metadata={
                    "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "d", "uid": "0-0"}]
                },
            ),
            "",
            id="what a controller made counts with its owner",
        ),
        pytest.param(
            obj(
                "ConfigMap",
                "c",
                metadata={"labels": {"helm.toolkit.fluxcd.io/name": "web", "helm.toolkit.fluxcd.io/namespace": "apps"}},
            ),
            "",
            id="what goes with a release that goes",
        ),
    ],
)
async def test_a_namespace_stays_for_what_is_in_it(
    client: Client, place: Manifest, made: Manifest, reason: str
) -> None:
    name = place["metadata"]["name"]
    meta = {**made["metadata"], "namespace": name}
    leaving = {ObjectRef("helm.toolkit.fluxcd.io", "HelmRelease", "apps", "web")}
    if made.get("type"):
        account = await client.create(obj("ServiceAccount", "x", name))
        meta["annotations"] = {"kubernetes.io/service-account.name": "x"}
        leaving.add(ObjectRef.of(account))
    if meta.get("ownerReferences"):
        owner = await client.create(obj("ConfigMap", "d", name))
        uid = owner["metadata"]["uid"]
        meta["ownerReferences"] = [{"apiVersion": "v1", "kind": "ConfigMap", "name": "d", "uid": uid}]
        leaving.add(ObjectRef.of(owner))
    await client.create({**made, "metadata": meta})
    found = await protected(client, [doomed(place)], frozenset(leaving))
    assert found == ({ObjectRef.of(place): reason.format(name)} if reason else {})


async def test_a_namespace_goes_with_objects_that_go_too(client: Client, place: Manifest) -> None:
    inside = await client.create(obj("ConfigMap", "a", place["metadata"]["name"]))
    assert await protected(client, [doomed(inside), doomed(place)], frozenset()) == {}
    assert await protected(client, [doomed(place)], frozenset({ObjectRef.of(inside)})) == {}


async def test_a_namespace_stays_for_a_claim_that_stays(client: Client, place: Manifest) -> None:
    spec = {"volumeName": "v", "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    claim = await client.create(obj("PersistentVolumeClaim", "data", place["metadata"]["name"], spec=spec))
    found = await protected(client, [doomed(claim), doomed(place)], frozenset())
    assert set(found) == {ObjectRef.of(claim), ObjectRef.of(place)}


@pytest.mark.parametrize("name", ["default", "kube-system"])
async def test_a_namespace_of_the_cluster_itself_stays(client: Client, name: str) -> None:
    assert "of the cluster itself" in next(
        iter((await protected(client, [doomed(obj("Namespace", name))], frozenset())).values())
    )


@pytest.mark.parametrize(
    ("live", "stays"),
    [
        (obj("PersistentVolume", "v", status={"phase": "Bound"}), True),
        (obj("PersistentVolume", "v", status={"phase": "Released"}), True),
        (obj("PersistentVolume", "v", status={"phase": "Available"}), False),
        (obj("PersistentVolumeClaim", "c", "apps", status={"phase": "Pending"}), False),
        (obj("PersistentVolumeClaim", "c", "apps", status={"phase": "Bound"}), True),
    ],
)
async def test_volumes_and_claims_with_data_stay(client: Client, live: Manifest, stays: bool) -> None:
    assert bool(await protected(client, [doomed(live)], frozenset())) is stays


async def test_what_does_not_go_is_not_asked_about(client: Client, place: Manifest) -> None:
    await client.create(obj("ConfigMap", "a", place["metadata"]["name"]))
    found = doomed(place).kept(Reason.OTHER_OWNER)
    assert await protected(client, [found], frozenset()) == {}

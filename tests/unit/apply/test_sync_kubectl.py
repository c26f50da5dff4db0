"""Objects are written as kubectl writes them, against a real API server."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from holdfast.apply.sync_kubectl import LAST_APPLIED, MANAGER, annotated, last_applied_owners, merged, upgraded, write
from holdfast.cluster.client import Client
from holdfast.cluster.errors import BadRequest, Invalid, NoMatch, NotFound
from holdfast.kube.refs import GroupVersionKind, ObjectRef
from holdfast.model.sync import Send


@pytest.fixture
async def namespace(client: Client) -> AsyncIterator[str]:
    name = f"sync-{uuid.uuid4().hex[:8]}"
    await client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    yield name
    await client.delete(ObjectRef("", "Namespace", "", name))


def cm(namespace: str, name: str = "a", **data: Any) -> dict[str, Any]:
    meta = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data}


class Hand:
    def __init__(self, client: Client, namespace: str) -> None:
        self.client = client
        self.namespace = namespace

    async def write(self, target: dict[str, Any], **how: Any) -> str:
        return await write(self.client, Send(target, **how), self._gone)

    async def live(self, target: dict[str, Any]) -> dict[str, Any]:
        return await self.client.get(ObjectRef.of(target))

    async def managers(self, target: dict[str, Any]) -> list[tuple[str, str]]:
        entries = (await self.live(target))["metadata"]["managedFields"]
        return sorted((e["manager"], e["operation"]) for e in entries)

    async def _gone(self, gvk: GroupVersionKind, ref: ObjectRef) -> None:
        async with asyncio.timeout(60):
            while True:
                try:
                    await self.client.get(ref, version=gvk.version)
                except NotFound:
                    return


@pytest.fixture
def hand(client: Client, namespace: str) -> Hand:
    return Hand(client, namespace)


async def test_client_side_apply_creates_configures_and_leaves_alone(hand: Hand) -> None:
    target = cm(hand.namespace, k="v", old="x")
    assert await hand.write(target) == "configmap/a created"
    assert await hand.write(target) == "configmap/a unchanged"
    await hand.client.update({**await hand.live(target), "data": {"k": "drift", "old": "x", "theirs": "y"}})
    assert await hand.write(cm(hand.namespace, k="v")) == "configmap/a configured"
    live = await hand.live(target)
    assert live["data"] == {"k": "v", "theirs": "y"}
    assert json.loads(live["metadata"]["annotations"][LAST_APPLIED])["data"] == {"k": "v"}
    assert (MANAGER, "Update") in await hand.managers(target)


async def test_an_object_that_was_not_applied_before_is_warned_about(hand: Hand) -> None:
    target = cm(hand.namespace, k="v")
    await hand.client.create(target)
    said = await hand.write(target)
    assert said.startswith(
        "configmap/a configured. Warning: resource configmaps/a is missing the kubectl.kubernetes.io/"
    )


async def test_unknown_fields_are_dropped_and_do_not_stop_a_client_side_apply(hand: Hand) -> None:
    target = {**cm(hand.namespace, k="v"), "bogus": 1}
    assert await hand.write(target) == "configmap/a created"
    live = await hand.live(target)
    assert "bogus" not in live
    assert live["data"] == {"k": "v"}


async def test_server_side_apply_takes_over_from_client_side_apply(hand: Hand) -> None:
    target = cm(hand.namespace, k="v", old="x")
    await hand.write(target)
    live = await hand.live(target)
    assert await hand.write(
        cm(hand.namespace, k="w"), live=live, server_side=True, migrate="kubectl-client-side-apply"
    ) == ("configmap/a serverside-applied")
    after = await hand.live(target)
    assert after["data"] == {"k": "w"}
    assert LAST_APPLIED not in (after["metadata"].get("annotations") or {})
    assert await hand.managers(target) == [(MANAGER, "Apply")]


async def test_fields_of_kubectl_are_taken_over_first(hand: Hand) -> None:
    target = cm(hand.namespace, k="v", old="x")
    await hand.client.create(target, manager="kubectl-client-side-apply")
    live = await hand.live(target)
    await hand.write(cm(hand.namespace, k="v"), live=live, server_side=True, migrate="kubectl-client-side-apply")
    assert (await hand.live(target))["data"] == {"k": "v"}


async def test_replacing_puts_the_object_in_place_of_the_live_one(hand: Hand) -> None:
    target = cm(hand.namespace, k="v")
    assert await hand.write(target, replace=True) == "configmap/a created"
    await hand.client.update({**await hand.live(target), "data": {"k": "v", "theirs": "x"}})
    live = await hand.live(target)
    assert await hand.write(target, live=live, replace=True) == "configmap/a replaced"
    assert (await hand.live(target))["data"] == {"k": "v"}
    assert await hand.write(target, live=live, replace=True, force=True) == (
        f'configmap "a" deleted from {hand.namespace} namespace\nconfigmap/a replaced'
    )
    assert (await hand.live(target))["metadata"]["uid"] != live["metadata"]["uid"]


async def test_an_immutable_field_is_changed_by_force(hand: Hand) -> None:
    target = {**cm(hand.namespace, k="v"), "immutable": True}
    await hand.write(target)
    before = await hand.live(target)
    changed = {**cm(hand.namespace, k="w"), "immutable": True}
    with pytest.raises(Invalid, match=r'^error when patching "/dev/shm/0": ConfigMap "a" is invalid: '):
        await hand.write(changed)
    live = await hand.live(target)
    with pytest.raises(Invalid, match=r'^error when replacing "/dev/shm/0": ConfigMap "a" is invalid: '):
        await hand.write(changed, live=live, replace=True)
    assert await hand.write(changed, force=True) == "configmap/a configured"
    assert (await hand.live(target))["metadata"]["uid"] != before["metadata"]["uid"]


async def test_force_and_server_side_apply_exclude_each_other(hand: Hand) -> None:
    with pytest.raises(BadRequest, match="--force cannot be used with --server-side"):
        await hand.write(cm(hand.namespace, k="v"), force=True, server_side=True)


async def test_changes_of_an_object_that_is_being_deleted_are_warned_about(hand: Hand) -> None:
    target = cm(hand.namespace, k="v")
    target["metadata"]["finalizers"] = ["example.com/hold"]
    await hand.write(target)
    await hand.client.delete(ObjectRef.of(target))
    changed = cm(hand.namespace, k="w")
    changed["metadata"]["finalizers"] = ["example.com/hold"]
    assert await hand.write(changed) == (
        "configmap/a configured. Warning: Detected changes to resource a which is currently being deleted."
    )
    assert (await hand.write(changed, server_side=True)).startswith("configmap/a serverside-applied. Warning: Detected")
    await hand.client.update(
        {**await hand.live(target), "metadata": {**(await hand.live(target))["metadata"], "finalizers": []}}
    )


async def test_a_namespace_is_updated_and_never_made_anew(hand: Hand) -> None:
    target = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": hand.namespace, "labels": {"x": "1"}}}
    live = await hand.live(target)
    said = await hand.write(target, live=live, replace=True, force=True)
    assert said == f"Namespace/{hand.namespace} updated"
    assert (await hand.live(target))["metadata"]["labels"]["x"] == "1"


async def test_a_dry_run_says_what_would_happen_and_sends_nothing(hand: Hand) -> None:
    target = cm(hand.namespace, k="v")
    assert await hand.write(target, dry_run=True) == "configmap/a created (dry run)"
    await hand.write(target)
    live = await hand.live(target)
    before = hand.client.requests.total()
    assert await hand.write(target, dry_run=True, live=live) == "configmap/a unchanged (dry run)"
    assert await hand.write(cm(hand.namespace, k="w"), dry_run=True, live=live) == "configmap/a configured (dry run)"
    assert hand.client.requests.total() == before


def role(namespace: str, *verbs: str) -> dict[str, Any]:
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": list(verbs)}]
    meta = {"name": "r", "namespace": namespace}
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": meta, "rules": rules}


def binding(namespace: str, role_name: str) -> dict[str, Any]:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "b", "namespace": namespace},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": role_name},
        "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": namespace}],
    }


async def test_roles_are_reconciled_before_they_are_applied(hand: Hand) -> None:
    said = await hand.write(role(hand.namespace, "get"))
    assert said.startswith(
        "role.rbac.authorization.k8s.io/r reconciled. reconciliation required create\n\tmissing rules added:\n"
        "\t\t{Verbs:[get] APIGroups:[] Resources:[pods] ResourceNames:[] NonResourceURLs:[]}"
        "role.rbac.authorization.k8s.io/r configured. Warning: resource roles/r is missing"
    )
    assert await hand.write(role(hand.namespace, "get")) == (
        "role.rbac.authorization.k8s.io/r reconciledrole.rbac.authorization.k8s.io/r unchanged"
    )
    await hand.write(role(hand.namespace, "list"))
    assert (await hand.live(role(hand.namespace)))["rules"][0]["verbs"] == ["list"]


async def test_a_binding_to_another_role_is_made_anew(hand: Hand) -> None:
    await hand.write(binding(hand.namespace, "one"))
    said = await hand.write(binding(hand.namespace, "two"))
    assert "reconciliation required recreaterolebinding.rbac" in said
    assert (await hand.live(binding(hand.namespace, "")))["roleRef"]["name"] == "two"


async def test_roles_of_a_namespace_that_is_not_there_are_told(hand: Hand) -> None:
    with pytest.raises(NotFound, match="error running kubectl auth reconcile: error getting namespace nowhere"):
        await hand.write(role("nowhere", "get"))


# --- without a server


def test_what_is_applied_is_kept_in_the_order_of_its_keys_and_without_what_was_kept_before() -> None:
    obj = cm("ns", b="<&>", a="1")
    note = annotated({**obj, "metadata": {**obj["metadata"], "annotations": {LAST_APPLIED: "old", "x": "y"}}})
    text = note["metadata"]["annotations"][LAST_APPLIED]
    assert text == (
        '{"apiVersion":"v1","data":{"a":"1","b":"\\u003c\\u0026\\u003e"},"kind":"ConfigMap",'
        '"metadata":{"annotations":{"x":"y"},"name":"a","namespace":"ns"}}\n'
    )
    assert annotated(note) == note


def test_a_second_apply_of_the_same_has_an_empty_patch() -> None:
    wanted = annotated(cm("ns", k="v"))
    live = {**wanted, "metadata": {**wanted["metadata"], "uid": "1", "creationTimestamp": "now"}}
    assert merged(live, wanted) == {}
    assert merged(live, annotated(cm("ns", k="w")))["data"] == {"k": "w"}


def test_the_fields_of_several_managers_become_one() -> None:
    entries = [
        {"manager": "kubectl", "operation": "Update", "fieldsV1": {"f:data": {"f:a": {}}}},
        {"manager": MANAGER, "operation": "Apply", "fieldsV1": {"f:data": {"f:b": {}}}},
        {"manager": "kubectl", "operation": "Update", "subresource": "status", "fieldsV1": {"f:status": {}}},
    ]
    found = upgraded({"metadata": {"managedFields": entries}}, "kubectl")
    assert found is not None
    assert [(e["manager"], e["operation"]) for e in found] == [("kubectl", "Update"), (MANAGER, "Apply")]
    assert found[1]["fieldsV1"] == {"f:data": {"f:a": {}, "f:b": {}}}
    assert upgraded({"metadata": {"managedFields": entries}}, "other") is None
    assert last_applied_owners({"metadata": {"managedFields": entries}}) == []


async def test_a_dry_run_of_what_was_never_applied_warns_too(hand: Hand) -> None:
    target = cm(hand.namespace, k="v")
    await hand.client.create(cm(hand.namespace, k="other"))
    said = await hand.write(target, live=await hand.live(target), dry_run=True)
    assert said.startswith("configmap/a configured (dry run). Warning: resource configmaps/a is missing the kubectl.")


async def test_a_kind_that_is_not_served_is_told_with_the_object(hand: Hand) -> None:
    target = {**cm(hand.namespace), "apiVersion": "nosuch.example.com/v1", "kind": "Thing"}
    with pytest.raises(NoMatch) as caught:
        await hand.write(target)
    assert caught.value.message == (
        f'resource mapping not found for name: "a" namespace: "{hand.namespace}" from "/dev/shm/0": no matches for kind '
        '"Thing" in version "nosuch.example.com/v1"\nensure CRDs are installed first'
    )


async def test_a_refusal_does_not_end_in_an_empty_line(hand: Hand) -> None:
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "c", "namespace": hand.namespace},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    await hand.write(claim)
    with pytest.raises(Invalid, match="spec is immutable after creation") as caught:
        await hand.write({**claim, "spec": {**claim["spec"], "accessModes": ["ReadWriteMany"]}})
    assert caught.value.message == caught.value.message.strip()


async def test_what_cannot_be_decoded_fails_before_anything_is_sent(hand: Hand) -> None:
    target = cm(hand.namespace)
    target["metadata"]["labels"] = {"version": 1}
    with pytest.raises(BadRequest, match='unable to decode "/dev/shm/0": json: cannot unmarshal number'):
        await hand.write(target, dry_run=True)
    wrong = {**role(hand.namespace, "get"), "rules": [{"verbs": [1]}]}
    with pytest.raises(BadRequest, match="error running kubectl auth reconcile: unable to decode"):
        await hand.write(wrong, dry_run=True)


async def test_a_role_gets_the_permissions_and_labels_that_it_lacks(hand: Hand) -> None:
    await hand.write(role(hand.namespace, "get"))
    more = role(hand.namespace, "get")
    more["rules"] = [{**more["rules"][0], "verbs": ["get", "list"]}]
    said = await hand.write(more)
    assert "{Verbs:[list] APIGroups:[] Resources:[pods] ResourceNames:[] NonResourceURLs:[]}role.rbac" in said
    assert (await hand.live(more))["rules"] == more["rules"]
    labelled = {**more, "metadata": {**more["metadata"], "labels": {"a": "b"}}}
    assert "reconciliation required update" in await hand.write(labelled)
    assert (await hand.live(more))["metadata"]["labels"] == {"a": "b"}

"""What is told of applications besides their status, of a real cluster and a real repository."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from holdfast.base.clock import SystemClock
from holdfast.cluster.client import Client, PatchType
from holdfast.controller.app_views import AppViews
from holdfast.dialects.argo import views
from holdfast.dialects.argo.views import Question
from holdfast.kube.refs import ObjectRef
from tests.unit.controller.conftest import Repository
from tests.unit.controller.test_applications import SERVER, World, config, working

WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: web}]}
"""


@pytest.fixture
async def world(flux: Client, repository: Repository, tmp_path: Path) -> AsyncIterator[World]:
    namespace = f"t{uuid.uuid4().hex[:8]}"
    await flux.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    async with working(flux, tmp_path / "git") as applications:
        yield World(flux, namespace, repository, applications)


def _owned(world: World, kind: str, group: str, name: str, owner: dict[str, Any], owner_kind: str) -> dict[str, Any]:
    reference = {"apiVersion": "apps/v1", "kind": owner_kind, "name": owner["metadata"]["name"]}
    meta = {"name": name, "namespace": world.namespace, "labels": {"app": "web"}}
    spec: dict[str, Any] = {"containers": [{"name": "web", "image": "web"}]}
    if kind == "ReplicaSet":
        spec = {
            "selector": {"matchLabels": meta["labels"]},
            "template": {"metadata": {"labels": meta["labels"]}, "spec": spec},
        }
    owners = [{**reference, "uid": owner["metadata"]["uid"]}]
    return {"apiVersion": group, "kind": kind, "metadata": {**meta, "ownerReferences": owners}, "spec": spec}


async def test_managed_resources_and_trees_are_of_this_moment(world: World) -> None:
    world.repository.commit(cm__yaml=config("a"), web__yaml=WEB)
    found = AppViews(world.applications, SystemClock())
    name = world.ref.name
    assert await found.answer(Question(views.MANAGED, name, False)) is None
    await world.declare()
    await world.until_sync("OutOfSync")
    tree = await found.answer(Question(views.TREE, name, False))
    assert {(n["kind"], n["health"]["status"]) for n in tree["nodes"]} == {
        ("ConfigMap", "Missing"),
        ("Deployment", "Missing"),
    }
    await world.sync(prune=False)
    await world.until_sync("Synced")
    web = await world.client.get(ObjectRef("apps", "Deployment", world.namespace, "web"))
    middle = await world.client.create(_owned(world, "ReplicaSet", "apps/v1", "web-1", web, "Deployment"))
    account = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": "default", "namespace": world.namespace},
    }
    await world.client.apply(account, manager="tests", force=True)
    await world.client.create(_owned(world, "Pod", "v1", "web-1-x", middle, "ReplicaSet"))
    tree = await found.answer(Question(views.TREE, name, False))
    parents = {n["name"]: [p["name"] for p in n.get("parentRefs", ())] for n in tree["nodes"]}
    assert parents == {"a": [], "web": [], "web-1": ["web"], "web-1-x": ["web-1"]}
    managed = await found.answer(Question(views.MANAGED, name, False))
    assert [(m["kind"], m["modified"]) for m in managed] == [("ConfigMap", False), ("Deployment", False)]
    assert (
        json.loads(managed[0]["liveState"])["data"] == json.loads(managed[0]["targetState"])["data"] == {"value": "1"}
    )


async def test_who_follows_an_application_hears_of_its_objects(world: World) -> None:
    world.repository.commit(cm__yaml=config("a"))
    await world.declare()
    await world.sync(prune=False)
    await world.until_sync("Synced")
    changes = AppViews(world.applications, SystemClock()).changes(world.ref.name)
    heard = asyncio.ensure_future(anext(changes))
    await asyncio.sleep(0)  # it listens from its first step on
    body = {"data": {"value": "by hand"}}
    await world.client.patch(world.config_ref("a"), body, PatchType.MERGE, version="v1")
    async with asyncio.timeout(60):
        await heard
    await changes.aclose()


async def test_a_cluster_is_told_of_once_an_application_goes_there(world: World) -> None:
    found = AppViews(world.applications, SystemClock())
    assert await found.answer(Question(views.CLUSTER, "https://elsewhere", False)) is None
    world.repository.commit(cm__yaml=config("a"))
    await world.declare()
    await world.until_sync("OutOfSync")
    told = await found.answer(Question(views.CLUSTER, SERVER, False))
    assert told["connectionState"]["status"] == "Successful" and told["applicationsCount"] >= 1
    assert told["serverVersion"].startswith("1.") and "apps/v1/Deployment" in told["apiVersions"]

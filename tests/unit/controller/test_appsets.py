"""ApplicationSets reconciled against a real API server and a real repository."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from holdfast.base.clock import SystemClock
from holdfast.cluster.client import Client, PatchType
from holdfast.cluster.errors import NotFound
from holdfast.cluster.watches import Watches
from holdfast.controller.appset_facts import Finder
from holdfast.controller.appset_trees import GitTrees
from holdfast.controller.appsets import ApplicationSets
from holdfast.controller.events import EventRecorder
from holdfast.controller.manager import Manager
from holdfast.controller.metrics import Metrics
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef
from holdfast.source.git import GitStore
from holdfast.source.manifests import ManifestSource
from tests.unit.controller.conftest import Repository

GROUP = "argoproj.io"
APPLICATION = GroupVersionKind(GROUP, "v1alpha1", "Application")
REFRESH = "argocd.argoproj.io/application-set-refresh"


@dataclass
class World:
    client: Client
    namespace: str
    events: EventRecorder
    sets: ApplicationSets

    def ref(self, name: str, kind: str = "ApplicationSet") -> ObjectRef:
        return ObjectRef(GROUP, kind, self.namespace, name)

    async def declare(self, generators: list[Any], name: str = "s", app: str = "{{ .n }}", **spec: Any) -> ObjectRef:
        template = {
            "metadata": {"name": app},
            "spec": {
                "project": "default",
                "source": {"repoURL": "https://r", "path": "p"},
                "destination": {"server": "https://kubernetes.default.svc", "namespace": "n"},
            },
        }
        obj = self.obj(
            "ApplicationSet", name, {"generators": generators, "template": template, "goTemplate": True, **spec}
        )
        await self.client.apply(obj, manager="tests", force=True)
        return self.ref(name)

    def obj(self, kind: str, name: str, spec: Manifest) -> Manifest:
        meta = {"name": name, "namespace": self.namespace}
        return {"apiVersion": f"{GROUP}/v1alpha1", "kind": kind, "metadata": meta, "spec": spec}

    async def until(self, look: Callable[[], Any], wanted: Callable[[Any], Any]) -> Any:
        async with asyncio.timeout(100):
            while True:
                found = await look()
                if wanted(found):
                    return found
                await asyncio.sleep(0.05)

    async def names(self) -> list[str]:
        return sorted(o["metadata"]["name"] for o in (await self.client.list(APPLICATION, self.namespace)).items)

    async def become(self, *names: str) -> None:
        await self.until(self.names, lambda found: found == sorted(names))

    async def say(self, ref: ObjectRef, type: str, status: str, message: str = "") -> Manifest:
        def said(obj: Manifest) -> bool:
            found = (obj.get("status") or {}).get("conditions") or ()
            return any(c["type"] == type and c["status"] == status and message in c["message"] for c in found)

        obj: Manifest = await self.until(lambda: self.client.get(ref), said)
        return obj

    async def app(self, name: str) -> Manifest:
        return await self.client.get(self.ref(name, "Application"))

    async def merge(self, ref: ObjectRef, body: Any) -> None:
        await self.client.patch(ref, body, PatchType.MERGE, manager="tests")

    async def gone(self, ref: ObjectRef) -> None:
        async def absent() -> bool:
            try:
                await self.client.get(ref)
            except NotFound:
                return True
            return False

        await self.until(absent, bool)

    async def told(self, name: str) -> set[tuple[str, str]]:
        await self.events.drain(90)
        found = await self.client.list(GroupVersionKind("", "v1", "Event"), self.namespace)
        return {(e["reason"], e["message"]) for e in found.items if e["involvedObject"]["name"] == name}


def without(obj: Manifest, expression: str) -> Manifest:
    raise AssertionError(expression)


@pytest.fixture
async def world(flux: Client, namespace: str, tmp_path: Path) -> AsyncIterator[World]:
    clock, stop = SystemClock(), asyncio.Event()
    events = EventRecorder(flux, "applicationset-controller", clock)
    telling = asyncio.create_task(events.run())
    async with Watches(flux, clock=clock) as watches:
        manager = Manager(flux, watches, clock=clock, metrics=Metrics())
        trees = GitTrees(ManifestSource(GitStore(str(tmp_path / "mirrors"))), watches, namespace)
        sets = ApplicationSets(manager, Finder(flux, trees), events, clock, delete=without, home=namespace)
        sets.start()
        manager.add(sets)
        found = World(flux, namespace, events, sets)
        await flux.create(found.obj("AppProject", "default", {"sourceRepos": ["*"]}))
        running = asyncio.create_task(manager.run(stop))
        try:
            yield found
        finally:
            stop.set()
            await running
            telling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await telling


def listed(*names: str) -> list[Any]:
    return [{"list": {"elements": [{"n": n} for n in names]}}]


async def test_applications_follow_the_generator(world: World) -> None:
    ref = await world.declare(listed("a", "b"))
    await world.become("a", "b")
    obj = await world.say(ref, "ResourcesUpToDate", "True")
    assert [r["name"] for r in obj["status"]["resources"]] == ["a", "b"]
    await world.declare(listed("b", "c"))
    await world.until(lambda: world.names(), lambda found: "c" in found)
    app = await world.until(lambda: world.app("a"), lambda o: o["metadata"].get("deletionTimestamp"))
    assert app["metadata"]["finalizers"] == ["resources-finalizer.argocd.argoproj.io"]
    told = {("created", 'created Application "a"'), ("Deleted", 'Deleted Application "a"')}
    await world.until(lambda: world.told("s"), lambda found: told <= found)


async def test_drift_is_reverted(world: World) -> None:
    await world.declare(listed("a"), preservedFields={"labels": ["keep"]})
    await world.become("a")
    body = {"metadata": {"labels": {"keep": "1", "drop": "1"}}, "spec": {"source": {"path": "drift"}}}
    await world.merge(world.ref("a", "Application"), body)
    app = await world.until(
        lambda: world.app("a"),
        lambda o: o["spec"]["source"]["path"] == "p" and o["metadata"].get("labels") == {"keep": "1"},
    )
    managers = {(m["manager"], m["operation"]) for m in app["metadata"]["managedFields"]}
    assert ("argocd-applicationset-controller", "Update") in managers


async def test_an_invalid_application_is_left_out_and_the_others_are_made(world: World) -> None:
    generators = [{"list": {"elements": [{"n": "a", "p": "default"}, {"n": "b", "p": "no"}]}}]
    ref = await world.declare(generators)
    template = (await world.client.get(ref))["spec"]["template"]
    template["spec"]["project"] = "{{ .p }}"
    await world.merge(ref, {"spec": {"template": template}})
    obj = await world.say(ref, "ErrorOccurred", "True", "application references project no which does not exist")
    assert {c["type"]: c["reason"] for c in obj["status"]["conditions"]}[
        "ErrorOccurred"
    ] == "ApplicationValidationError"
    await world.until(world.names, lambda found: "a" in found)
    await world.client.create(world.obj("AppProject", "no", {}))
    await world.say(ref, "ErrorOccurred", "False")
    assert "b" in await world.names()


async def test_directories_come_and_go_with_commits_when_a_refresh_is_asked_for(
    world: World, repository: Repository
) -> None:
    (repository.directory / "apps/one").mkdir(parents=True)
    repository.commit(**{"apps/one/x": ""})
    git = {"git": {"repoURL": repository.url, "revision": "HEAD", "directories": [{"path": "apps/*"}]}}
    policy = {"preserveResourcesOnDeletion": True}
    ref = await world.declare([git], app="{{ .path.basename }}", syncPolicy=policy)
    await world.become("one")
    (repository.directory / "apps/two").mkdir()
    repository.git("rm", "-q", "-r", "apps/one")
    repository.commit(**{"apps/two/x": ""})
    await world.merge(ref, {"metadata": {"annotations": {REFRESH: "true"}}})
    await world.become("two")
    await world.until(lambda: world.client.get(ref), lambda o: REFRESH not in (o["metadata"].get("annotations") or {}))


async def test_while_generating_fails_nothing_is_deleted_and_the_refresh_stays_asked_for(world: World) -> None:
    policy = {"preserveResourcesOnDeletion": True}
    ref = await world.declare(listed("a"), syncPolicy=policy)
    await world.become("a")
    await world.say(ref, "ResourcesUpToDate", "True")
    git = {"git": {"repoURL": "file:///nowhere", "revision": "HEAD", "directories": [{"path": "*"}]}}
    await world.declare([git], app="x", syncPolicy=policy)
    obj = await world.say(
        ref, "ErrorOccurred", "True", "error generating params from git: error getting directories from repo: "
    )
    assert obj["status"]["health"]["status"] == "Degraded"
    assert [r["name"] for r in obj["status"]["resources"]] == ["a"]
    assert await world.names() == ["a"]


async def test_clusters_come_and_go_with_their_secrets(world: World) -> None:
    generator = {"clusters": {"selector": {"matchLabels": {"env": "dev"}}}}
    policy = {"preserveResourcesOnDeletion": True}
    await world.declare([generator], app="{{ .nameNormalized }}", syncPolicy=policy)
    labels = {"argocd.argoproj.io/secret-type": "cluster", "env": "dev"}
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "c", "namespace": world.namespace, "labels": labels},
        "stringData": {"name": "eu_1", "server": "https://eu"},
    }
    await world.client.create(secret)
    await world.become("eu-1")
    await world.merge(ObjectRef("", "Secret", world.namespace, "c"), {"metadata": {"labels": {"env": "prod"}}})
    await world.become()


async def test_policies_say_what_may_be_done(world: World) -> None:
    policy = {"applicationsSync": "create-only", "preserveResourcesOnDeletion": True}
    ref = await world.declare(listed("a"), syncPolicy=policy)
    await world.become("a")
    await world.declare(listed("b"), syncPolicy=policy)
    await world.become("a", "b")
    await world.merge(world.ref("a", "Application"), {"spec": {"source": {"path": "mine"}}})
    await world.merge(ref, {"metadata": {"finalizers": ["resources-finalizer.argocd.argoproj.io"]}})
    await world.client.delete(ref)
    await world.gone(ref)
    app = await world.app("a")
    assert app["spec"]["source"]["path"] == "mine"
    assert "ownerReferences" not in app["metadata"]


async def test_an_application_of_another_set_is_not_taken(world: World) -> None:
    await world.declare(listed("a"))
    await world.become("a")
    ref = await world.declare(listed("a"), name="t")
    obj = await world.say(ref, "ErrorOccurred", "True", "is already owned by another ApplicationSet controller s")
    assert {c["type"]: c["reason"] for c in obj["status"]["conditions"]}["ErrorOccurred"] == "UpdateApplicationError"


async def test_a_rollout_waits_for_each_step(world: World) -> None:
    steps = [{"matchExpressions": [{"key": "n", "operator": "In", "values": [n]}]} for n in ("a", "b")]
    strategy = {"type": "RollingSync", "rollingSync": {"steps": steps}, "deletionOrder": "Reverse"}
    ref = await world.declare(
        listed("a", "b"),
        strategy=strategy,
        templatePatch="metadata: {labels: {'n': '{{ .n }}'}}",
        syncPolicy={"preserveResourcesOnDeletion": True},
    )
    await world.become("a", "b")
    for name in ("a", "b"):
        status = {"sync": {"status": "OutOfSync", "revision": "r1"}, "health": {"status": "Missing"}}
        await world.merge(world.ref(name, "Application"), {"status": status})
    first = await world.until(lambda: world.app("a"), lambda o: "operation" in o)
    assert first["operation"]["initiatedBy"] == {"automated": True, "username": "applicationset-controller"}
    await world.say(ref, "RolloutProgressing", "True", "step 1")
    assert "operation" not in await world.app("b")
    for name in ("a", "b"):
        await world.until(lambda name=name: world.app(name), lambda o: "operation" in o)  # type: ignore[misc]
        done = {"phase": "Succeeded", "startedAt": "2100-01-01T00:00:00Z"}
        status = {"sync": {"status": "Synced"}, "health": {"status": "Healthy"}, "operationState": done}
        await world.merge(world.ref(name, "Application"), {"operation": None, "status": status})
    await world.say(ref, "RolloutProgressing", "False", "ApplicationSet Rollout has completed")
    await world.client.delete(ref)
    await world.gone(ref)
    assert await world.names() == []


@pytest.fixture
def github() -> Iterator[str]:
    """A server that answers as GitHub was recorded to."""
    pull = {
        "number": 7,
        "title": "T",
        "head": {"ref": "f", "sha": "0" * 40},
        "base": {"ref": "main"},
        "labels": [],
        "user": {"login": "u"},
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.path.startswith("/api/v3/repos/o/r/pulls") and self.headers["Authorization"] == "Bearer secret"
            body = json.dumps([pull] if known else {"message": "Not Found"}).encode()
            self.send_response(200 if known else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


async def test_pull_requests_are_asked_for_with_the_token_of_a_secret(world: World, github: str) -> None:
    meta = {"name": "t", "namespace": world.namespace}
    await world.client.create(
        {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": {"token": "secret"}}
    )
    spec = {"api": github, "owner": "o", "repo": "r", "tokenRef": {"secretName": "t", "key": "token"}}
    ref = await world.declare([{"pullRequest": {"github": spec}}], app="pr-{{ .number }}")
    await world.become("pr-7")
    await world.declare([{"pullRequest": {"github": {**spec, "repo": "no"}}}], app="x")
    await world.say(ref, "ErrorOccurred", "True", "error listing repos: GET ")
    assert await world.names() == ["pr-7"]


async def test_a_decision_is_read_from_objects_of_any_kind(world: World) -> None:
    config = {"apiVersion": "argoproj.io/v1alpha1", "kind": "appprojects", "matchKey": "name"}
    meta = {"name": "cm", "namespace": world.namespace}
    await world.client.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": config})
    ref = await world.declare([{"clusterDecisionResource": {"configMapRef": "cm", "name": "no"}}], app="x")
    await world.say(ref, "ErrorOccurred", "True", "no clusterDecisionResources found")
    decided = {**world.obj("AppProject", "decision", {}), "status": {"clusters": [{"name": "in-cluster"}]}}
    await world.client.create(decided)
    await world.declare([{"clusterDecisionResource": {"configMapRef": "cm", "name": "decision"}}], app="{{ .name }}")
    await world.become("in-cluster")


async def test_sets_of_other_namespaces_count_where_the_operator_lets_them(world: World) -> None:
    other = f"{world.namespace}-team"
    await world.client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": other}})
    outside = replace(world, namespace=other)
    ref = await outside.declare(listed("a"))
    await world.declare(listed("b"), name="first")
    await world.become("b")
    assert "status" not in await world.client.get(ref)
    data = {"applicationsetcontroller.namespaces": f"x, {other}"}
    meta = {"name": "argocd-cmd-params-cm", "namespace": world.namespace}
    await world.client.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data})
    await outside.become("a")


@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "as-argo"])
async def test_generators_that_find_nothing_any_more_delete_nothing_by_themselves(
    world: World, repository: Repository, guarded: bool
) -> None:
    """argo-cd #3473, #18212: a repository that seemed empty for a moment took all applications with it."""
    for name in ("one", "two"):
        (repository.directory / f"apps/{name}").mkdir(parents=True)
    repository.commit(**{"apps/one/x": "", "apps/two/x": ""})
    git = {"git": {"repoURL": repository.url, "revision": "HEAD", "directories": [{"path": "apps/*"}]}}
    ref = await world.declare([git], app="{{ .path.basename }}")
    await world.become("one", "two")
    repository.git("rm", "-q", "-r", "apps")
    repository.commit()
    marks = {REFRESH: "true", **({} if guarded else {"holdfast.dev/deletion-safety": "upstream"})}
    await world.merge(ref, {"metadata": {"annotations": marks}})
    if guarded:
        obj = await world.say(
            ref, "ErrorOccurred", "True", "find nothing any more of what they found: one, two are kept"
        )
        found = {c["type"]: c for c in obj["status"]["conditions"]}["ErrorOccurred"]
        assert found["reason"] == "PruneHeld"
        for name in ("one", "two"):
            assert "deletionTimestamp" not in (await world.app(name))["metadata"]
        revision = found["message"].partition("holdfast.dev/allow-prune=")[2].split(" ")[0]
        await world.merge(ref, {"metadata": {"annotations": {"holdfast.dev/allow-prune": revision}}})
    for name in ("one", "two"):
        await world.until(partial(world.app, name), lambda o: o["metadata"].get("deletionTimestamp"))

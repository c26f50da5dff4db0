"""HelmRepositories, HelmCharts and OCIRepositories against a real API server, a chart server, a registry and a Git repository."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from holdfast.base.clock import SystemClock
from holdfast.cluster.client import Client
from holdfast.cluster.watches import Watches
from holdfast.controller.artifacts import ArtifactStore
from holdfast.controller.events import EventRecorder
from holdfast.controller.helm_charts import HelmCharts
from holdfast.controller.helm_sources import HelmRepositories
from holdfast.controller.manager import Manager
from holdfast.controller.metrics import Metrics
from holdfast.controller.oci import OCIRepositories
from holdfast.controller.sources import GitRepositories
from holdfast.helm import load_chart
from holdfast.kube.refs import GroupVersionKind
from holdfast.source.git import GitStore
from holdfast.source.helm_repository import opened
from tests.charts import LAYER, Registry, Site, chart, served
from tests.unit.controller.sources_world import GROUP, World

KINDS = {"HelmRepository": HelmRepositories, "HelmChart": HelmCharts, "OCIRepository": OCIRepositories}


@pytest.fixture
async def world(flux: Client, namespace: str, tmp_path: Path) -> AsyncIterator[World]:
    clock, stop = SystemClock(), asyncio.Event()
    events = EventRecorder(flux, "source-controller", clock)
    artifacts = ArtifactStore(tmp_path / "artifacts", clock, base_url="http://here")
    async with contextlib.AsyncExitStack() as stack:
        watches = await stack.enter_async_context(Watches(flux, namespace=namespace, clock=clock))
        manager = Manager(flux, watches, clock=clock, metrics=Metrics())
        informers = {k: manager.objects(GroupVersionKind(GROUP, "v1", k)) for k in (*KINDS, "GitRepository")}
        for kind, reconciler in KINDS.items():
            made = reconciler(flux, informers[kind], artifacts, events, clock, requeue_dependency=0.1)
            manager.add(made)
            if isinstance(made, HelmCharts):
                made.follow(manager)
        git = GitStore(str(tmp_path / "git"))
        manager.add(
            GitRepositories(flux, informers["GitRepository"], git, artifacts, events, clock, requeue_dependency=0.1)
        )
        tasks = [asyncio.create_task(manager.run(stop)), asyncio.create_task(events.run())]
        yield World(flux, namespace, artifacts, informers, events)
        stop.set()
        await tasks[0]
        tasks[1].cancel()


@pytest.fixture
def site() -> Iterator[Site]:
    found = Site()
    found.add("app", "1.0.0")
    found.add("app", "1.1.0")
    with served(found):
        yield found


@pytest.fixture
def registry() -> Iterator[Registry]:
    found = Registry()
    found.add("team/app", "1.0.0")
    found.add("team/app", "1.1.0+build")
    with served(found):
        yield found


# -- HelmRepository -----------------------------------------------------------------------------------------------------


async def test_an_index_becomes_an_artifact_that_can_be_read_chart_by_chart(world: World, site: Site) -> None:
    obj = await world.ready(await world.declare("HelmRepository", "charts", url=site.url))
    with opened(world.file(obj)) as index:
        assert [r["version"] for r in index.rows("app") or ()] == ["1.1.0", "1.0.0"]


async def test_an_index_that_the_server_calls_current_is_not_fetched_again(world: World, site: Site) -> None:
    site.etags = True
    ref = await world.declare("HelmRepository", "charts", url=site.url)
    before = (await world.ready(ref))["status"]["artifact"]
    assert (await world.request(ref, "1"))["status"]["artifact"] == before
    assert site.answered == [("/index.yaml", 200), ("/index.yaml", 304)]
    site.add("app", "2.0.0")
    after = (await world.request(ref, "2"))["status"]["artifact"]
    assert after["revision"] != before["revision"]
    assert (await world.request(ref, "3"))["status"]["artifact"] == after
    assert [status for _, status in site.answered] == [200, 304, 200, 304]


async def test_a_repository_that_wants_a_login_gets_that_of_the_secret(world: World, site: Site) -> None:
    site.login = "me:secret"
    ref = await world.declare("HelmRepository", "charts", url=site.url)
    await world.fails(ref, "401 Unauthorized")
    await world.secret("login", username="me", password="secret")
    await world.declare("HelmRepository", "charts", url=site.url, secretRef={"name": "login"})
    await world.ready(ref)


@pytest.mark.parametrize("index", [b"", b"<html>", b"entries: {}", b"- a"])
async def test_what_is_no_index_is_told(world: World, site: Site, index: bytes) -> None:
    site.files["/index.yaml"] = index
    await world.fails(
        await world.declare("HelmRepository", "charts", url=site.url), "failed to load Helm repository from index YAML"
    )


# -- HelmChart ----------------------------------------------------------------------------------------------------------


async def test_a_chart_follows_its_range_in_a_repository(world: World, site: Site) -> None:
    source = await world.declare("HelmRepository", "charts", url=site.url)
    named = {"kind": "HelmRepository", "name": "charts"}
    ref = await world.declare("HelmChart", "app", chart="app", version="^1", sourceRef=named)
    obj = await world.ready(ref, "pulled 'app' chart with version '1.1.0'")
    assert load_chart(world.file(obj).read_bytes()).metadata.version == "1.1.0"
    site.add("app", "1.2.0")
    await world.request(source, "1")
    await world.ready(ref, "pulled 'app' chart with version '1.2.0'")


async def test_an_archive_with_another_digest_than_the_index_says_is_refused(world: World, site: Site) -> None:
    site.files["/app-1.1.0.tgz"] = chart("app", "1.1.0", {"templates/evil.yaml": "a: b"})
    await world.declare("HelmRepository", "charts", url=site.url)
    named = {"kind": "HelmRepository", "name": "charts"}
    ref = await world.declare("HelmChart", "app", chart="app", version="1.1.0", sourceRef=named)
    await world.fails(ref, "but the index says sha256:")


async def test_a_chart_of_a_registry_is_pulled_with_the_docker_config_of_the_secret(
    world: World, registry: Registry
) -> None:
    registry.login, registry.tokens = "me:secret", True
    config = {"auths": {registry.host: {"username": "me", "password": "secret"}}}
    await world.secret("login", __dockerconfigjson=json.dumps(config))
    login = {"secretRef": {"name": "login"}}
    await world.declare(
        "HelmRepository", "charts", type="oci", url=f"oci://{registry.host}/team", insecure=True, **login
    )
    named = {"kind": "HelmRepository", "name": "charts"}
    ref = await world.declare("HelmChart", "app", chart="app", version=">=1.0.0", sourceRef=named)
    await world.ready(ref, "pulled 'app' chart with version '1.1.0+build'")


async def test_a_chart_in_git_gets_the_dependencies_that_it_lacks(
    world: World, site: Site, registry: Registry, repository: Any
) -> None:
    dependencies = [
        {"name": "app", "version": "^1", "repository": site.url},
        {"name": "beside", "version": "*", "repository": "file://../beside"},
    ]
    for name, more in (("top", {"dependencies": dependencies}), ("beside", {})):
        (repository.directory / name / "templates").mkdir(parents=True)
        head = {"apiVersion": "v2", "name": name, "version": "0.1.0", **more}
        (repository.directory / name / "Chart.yaml").write_text(json.dumps(head))
    repository.commit("charts")
    await world.declare("GitRepository", "git", url=repository.url, ref={"branch": "main"})
    named = {"kind": "GitRepository", "name": "git"}
    ref = await world.declare("HelmChart", "top", chart="top", sourceRef=named)
    obj = await world.ready(ref, "packaged 'top' chart with version '0.1.0'")
    found = load_chart(world.file(obj).read_bytes())
    assert sorted((c.name, c.metadata.version) for c in found.dependencies) == [("app", "1.1.0"), ("beside", "0.1.0")]


# -- OCIRepository ------------------------------------------------------------------------------------------------------


async def test_the_chart_layer_of_an_artifact_is_kept_as_it_is(world: World, registry: Registry) -> None:
    ref = await world.declare(
        "OCIRepository",
        "app",
        url=f"oci://{registry.host}/team/app",
        insecure=True,
        ref={"semver": "1.x"},
        layerSelector={"mediaType": LAYER, "operation": "copy"},
    )
    obj = await world.ready(ref)
    assert obj["status"]["artifact"]["revision"].startswith("1.1.0_build@sha256:")
    assert load_chart(world.file(obj).read_bytes()).metadata.version == "1.1.0+build"


async def test_of_an_index_the_artifact_for_our_platform_is_taken(world: World, registry: Registry) -> None:
    rows = [
        {"digest": registry.add("team/one", "1.0.0"), "platform": {"os": "linux", "architecture": "s390x"}},
        {"digest": registry.add("team/one", "2.0.0"), "platform": {"os": "linux", "architecture": "amd64"}},
    ]
    index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": rows}
    registry.push("team/one", "both", index)
    where = {"url": f"oci://{registry.host}/team/one", "insecure": True, "ref": {"tag": "both"}}
    obj = await world.ready(
        await world.declare("OCIRepository", "one", layerSelector={"mediaType": LAYER, "operation": "copy"}, **where)
    )
    assert load_chart(world.file(obj).read_bytes()).metadata.version == "2.0.0"


async def test_a_registry_that_does_not_have_it_says_so(world: World, registry: Registry) -> None:
    where = {"url": f"oci://{registry.host}/team/app", "insecure": True, "ref": {"tag": "9"}}
    await world.fails(await world.declare("OCIRepository", "app", **where), "manifest unknown")

"""Buckets against a real API server and a server of buckets that checks signatures."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import tarfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from holdfast.base.clock import SystemClock
from holdfast.cluster.client import Client, PatchType
from holdfast.cluster.watches import Watches
from holdfast.controller.artifacts import ArtifactStore
from holdfast.controller.buckets import Buckets
from holdfast.controller.events import EventRecorder
from holdfast.controller.manager import Manager
from holdfast.controller.metrics import Metrics
from holdfast.kube.refs import Manifest, ObjectRef
from tests.buckets import Store, etag, served
from tests.unit.controller.sources_world import World


@pytest.fixture
async def world(flux: Client, namespace: str, tmp_path: Path) -> AsyncIterator[World]:
    clock, stop = SystemClock(), asyncio.Event()
    events = EventRecorder(flux, "source-controller", clock)
    artifacts = ArtifactStore(tmp_path / "artifacts", clock, base_url="http://here")
    async with contextlib.AsyncExitStack() as stack:
        watches = await stack.enter_async_context(Watches(flux, namespace=namespace, clock=clock))
        manager = Manager(flux, watches, clock=clock, metrics=Metrics())
        informer = manager.objects(Buckets.gvk)
        manager.add(Buckets(flux, informer, artifacts, events, clock))
        tasks = [asyncio.create_task(manager.run(stop)), asyncio.create_task(events.run())]
        yield World(flux, namespace, artifacts, {"Bucket": informer}, events)
        stop.set()
        await tasks[0]
        tasks[1].cancel()


@pytest.fixture
def store() -> Iterator[Store]:
    found = Store()
    found.buckets["things"] = {"a.yaml": b"a: 1", "dir/b.yaml": b"b: 1", "dir/": b"", "notes.txt": b"x"}
    with served(found):
        yield found


async def declare(world: World, store: Store, **spec: Any) -> ObjectRef:
    fixed = {"bucketName": "things", "endpoint": store.host, "insecure": True}
    return await world.declare("Bucket", "source", **{**fixed, **spec})


def files(world: World, obj: Manifest) -> dict[str, bytes]:
    with tarfile.open(world.file(obj)) as archive:
        return {m.name: f.read() for m in archive if (f := archive.extractfile(m)) is not None}


def revision(objects: dict[str, bytes]) -> str:
    lines = "".join(f"{k} {etag(objects[k])}\n" for k in sorted(objects))
    return "sha256:" + hashlib.sha256(lines.encode()).hexdigest()


def condition(obj: Manifest, type: str) -> tuple[str, str, str] | None:
    found = next((c for c in obj["status"]["conditions"] if c["type"] == type), None)
    return (found["status"], found["reason"], found["message"]) if found else None


async def test_the_objects_of_a_bucket_become_an_artifact(world: World, store: Store) -> None:
    obj = await world.ready(await declare(world, store))
    objects = {k: d for k, d in store.buckets["things"].items() if not k.endswith("/")}
    assert files(world, obj) == objects
    wanted = revision(objects)
    assert obj["status"]["artifact"]["revision"] == wanted
    assert obj["status"]["url"] == f"http://here/bucket/{world.namespace}/source/latest.tar.gz"
    assert condition(obj, "Ready") == ("True", "Succeeded", f"stored artifact: revision '{wanted}'")


async def test_only_what_is_new_makes_everything_be_fetched_again(world: World, store: Store) -> None:
    ref = await declare(world, store)
    first = await world.ready(ref)
    store.asked.clear()
    again = await world.request(ref, "unchanged")
    assert again["status"]["artifact"] == first["status"]["artifact"]
    assert set(store.got()) == {"/things/.sourceignore"}
    store.buckets["things"]["a.yaml"] = b"a: 2"
    second = await world.request(ref, "changed")
    assert files(world, second)["a.yaml"] == b"a: 2"
    assert condition(second, "ArtifactOutdated") is None


async def test_rules_of_the_bucket_and_of_the_object_leave_files_out(world: World, store: Store) -> None:
    store.buckets["things"][".sourceignore"] = b"*.txt\ndir/\n"
    obj = await world.ready(await declare(world, store, ignore="!dir/b.yaml\na.yaml\n"))
    assert files(world, obj) == {"dir/b.yaml": b"b: 1", ".sourceignore": b"*.txt\ndir/\n"}
    assert obj["status"]["artifact"]["revision"] == revision({"dir/b.yaml": b"b: 1"})
    assert obj["status"]["observedIgnore"] == "!dir/b.yaml\na.yaml\n"


async def test_a_prefix_narrows_the_artifact(world: World, store: Store) -> None:
    obj = await world.ready(await declare(world, store, prefix="dir"))
    assert files(world, obj) == {"dir/b.yaml": b"b: 1"}


async def test_what_goes_while_it_is_fetched_is_not_in_the_revision(world: World, store: Store) -> None:
    store.vanish.add("notes.txt")
    obj = await world.ready(await declare(world, store))
    assert obj["status"]["artifact"]["revision"] == revision({"a.yaml": b"a: 1", "dir/b.yaml": b"b: 1"})


async def test_no_object_is_written_outside_of_the_artifact(world: World, store: Store) -> None:
    store.buckets["things"] = {"../../up.yaml": b"u", "a//b.yaml": b"b"}
    obj = await world.ready(await declare(world, store))
    assert files(world, obj) == {"up.yaml": b"u", "a/b.yaml": b"b"}


async def test_an_object_below_another_object_is_an_error(world: World, store: Store) -> None:
    store.buckets["things"] = {"a": b"1", "a/b": b"2"}
    obj = await world.fails(await declare(world, store), "'a' is not a directory")
    assert condition(obj, "FetchFailed") == (
        "True",
        "BucketOperationFailed",
        "fetch from bucket 'things' failed: failed to get 'a/b' object: 'a' is not a directory",
    )


async def test_a_missing_bucket_is_told_and_found_when_it_comes(world: World, store: Store) -> None:
    ref = await declare(world, store, bucketName="later")
    obj = await world.fails(ref, "bucket 'later' not found")
    assert condition(obj, "FetchFailed") == ("True", "BucketOperationFailed", "bucket 'later' not found")
    store.buckets["later"] = {"a.yaml": b"a"}
    await world.request(ref, "now")
    assert condition(await world.ready(ref), "FetchFailed") is None


async def test_keys_open_a_guarded_bucket(world: World, store: Store) -> None:
    store.keys = {"me": "secret"}
    await world.secret("keys", accesskey="me", secretkey="secret")
    obj = await world.ready(await declare(world, store, secretRef={"name": "keys"}, region="us-east-1"))
    assert "a.yaml" in files(world, obj)


async def test_keys_that_do_not_fit_are_told_in_the_words_of_the_server(world: World, store: Store) -> None:
    store.keys = {"me": "secret"}
    await world.secret("keys", accesskey="me", secretkey="other")
    obj = await world.fails(await declare(world, store, secretRef={"name": "keys"}), "signature")
    assert condition(obj, "FetchFailed") == (
        "True",
        "BucketOperationFailed",
        "failed to confirm existence of 'things' bucket: The request signature we calculated does not match.",
    )


async def test_what_is_wrong_with_a_secret_is_a_failure_to_authenticate(world: World, store: Store) -> None:
    ref = await declare(world, store, secretRef={"name": "keys"})
    obj = await world.fails(ref, f"failed to get secret '{world.namespace}/keys'")
    assert (condition(obj, "FetchFailed") or ("", "", ""))[1] == "AuthenticationFailed"
    await world.secret("keys", accesskey="me")
    await world.request(ref, "now")
    await world.fails(ref, "invalid 'keys' secret data: required fields 'accesskey' and 'secretkey'")


@pytest.mark.parametrize(
    ("spec", "what"),
    [
        ({"provider": "gcp"}, "spec.provider 'gcp'"),
        ({"provider": "azure"}, "spec.provider 'azure'"),
        ({"provider": "aws"}, "spec.provider 'aws' without spec.secretRef"),
        ({"provider": "aws", "serviceAccountName": "me"}, "spec.serviceAccountName"),
        ({"sts": {"provider": "ldap", "endpoint": "https://sts.example"}}, "spec.sts"),
    ],
)
async def test_what_is_not_supported_is_told(world: World, store: Store, spec: dict[str, Any], what: str) -> None:
    obj = await world.fails(await declare(world, store, **spec), what)
    assert condition(obj, "Stalled") == ("True", "NotSupported", f"{what} is not supported by Holdfast yet")
    assert store.asked == []


async def test_a_suspended_bucket_is_left_alone_until_it_is_resumed(world: World, store: Store) -> None:
    ref = await declare(world, store, suspend=True)
    # The finalizer is what a suspended object gets; nothing follows it.
    await world.until(ref, lambda o: bool(o["metadata"].get("finalizers")))
    assert store.asked == []
    await world.client.patch(ref, {"spec": {"suspend": False}}, PatchType.MERGE)
    await world.ready(ref)


async def test_a_new_artifact_is_an_event_with_the_number_of_files(world: World, store: Store) -> None:
    ref = await declare(world, store)
    await world.ready(ref)
    assert ("NewArtifact", "stored artifact with 3 fetched files from 'things' bucket") in await world.told(ref)

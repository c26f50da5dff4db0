"""Events against a real API server, in virtual time."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator
from typing import Any

from holdfast.base.clock import VirtualClock
from holdfast.cluster.client import Client
from holdfast.controller.events import NORMAL, WARNING, EventRecorder
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef

EVENT = GroupVersionKind("", "v1", "Event")


def about(namespace: str, **annotations: str) -> Manifest:
    meta = {"name": "app", "namespace": namespace, "uid": str(uuid.uuid4()), "annotations": annotations}
    return {"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository", "metadata": meta}


@contextlib.asynccontextmanager
async def recording(client: Client, clock: VirtualClock) -> AsyncIterator[EventRecorder]:
    recorder = EventRecorder(client, "source-controller", clock)
    task = asyncio.create_task(recorder.run())
    try:
        yield recorder
    finally:
        await recorder.drain(90)
        task.cancel()


async def written(client: Client, namespace: str) -> list[dict[str, Any]]:
    return (await client.list(EVENT, namespace)).items


async def test_an_event_names_its_object_its_controller_and_carries_annotations(client: Client, namespace: str) -> None:
    obj = about(namespace, **{"event.toolkit.fluxcd.io/team": "a", "other": "b"})
    async with recording(client, VirtualClock()) as recorder:
        recorder.event(obj, WARNING, "Failed", "it broke", {"source.toolkit.fluxcd.io/revision": "r"})
    (event,) = await written(client, namespace)
    assert (event["type"], event["reason"], event["message"], event["count"]) == (WARNING, "Failed", "it broke", 1)
    assert event["source"]["component"] == event["reportingComponent"] == "source-controller"
    assert event["involvedObject"]["uid"] == obj["metadata"]["uid"]
    assert event["metadata"]["annotations"] == {
        "event.toolkit.fluxcd.io/team": "a",
        "source.toolkit.fluxcd.io/revision": "r",
    }


async def test_the_same_words_again_count_up_one_event(client: Client, namespace: str) -> None:
    obj, clock = about(namespace), VirtualClock()
    async with recording(client, clock) as recorder:
        for _ in range(3):
            recorder.event(obj, NORMAL, "Done", "as before")
    (event,) = await written(client, namespace)
    assert event["count"] == 3


async def test_after_ten_different_texts_the_next_are_combined(client: Client, namespace: str) -> None:
    obj = about(namespace)
    async with recording(client, VirtualClock()) as recorder:
        for number in range(14):
            recorder.event(obj, NORMAL, "Changed", f"change {number}")
    texts = sorted(e["message"] for e in await written(client, namespace))
    assert len(texts) == 10
    assert texts[0] == "(combined from similar events): change 13"


async def test_different_texts_are_told_apart_again_after_ten_minutes(client: Client, namespace: str) -> None:
    obj, clock = about(namespace), VirtualClock()
    async with recording(client, clock) as recorder:
        for number in range(11):
            recorder.event(obj, NORMAL, "Changed", f"change {number}")
        await recorder.drain(90)
        await clock.advance(601)
        recorder.event(obj, NORMAL, "Changed", "later")
    assert "later" in {e["message"] for e in await written(client, namespace)}


async def test_an_object_that_talks_too_much_is_cut_short_and_may_speak_again_later(
    client: Client, namespace: str
) -> None:
    obj, clock = about(namespace), VirtualClock()
    async with recording(client, clock) as recorder:
        for _ in range(40):
            recorder.event(obj, NORMAL, "Done", "as before")
        await recorder.drain(90)
        assert (await written(client, namespace))[0]["count"] == 25
        await clock.advance(301)
        recorder.event(obj, NORMAL, "Done", "as before")
    assert (await written(client, namespace))[0]["count"] == 26


async def test_an_event_that_somebody_deleted_is_written_anew(client: Client, namespace: str) -> None:
    obj = about(namespace)
    async with recording(client, VirtualClock()) as recorder:
        recorder.event(obj, NORMAL, "Done", "once")
        await recorder.drain(90)
        for event in await written(client, namespace):
            await client.delete(ObjectRef.of(event), version="v1")
        recorder.event(obj, NORMAL, "Done", "once")
    (event,) = await written(client, namespace)
    assert event["count"] == 1


async def test_an_event_that_cannot_be_written_stops_nothing(client: Client, namespace: str) -> None:
    async with recording(client, VirtualClock()) as recorder:
        recorder.event(about("no-such-namespace"), NORMAL, "Done", "lost")
        recorder.event(about(namespace), NORMAL, "Done", "kept")
    assert [e["message"] for e in await written(client, namespace)] == ["kept"]

"""Watches: where they start, what they show, how they end."""

from __future__ import annotations

from typing import Any


def _seen(events: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(e["type"], e["object"]["metadata"].get("name", "")) for e in events]


async def test_without_a_revision_it_starts_with_what_is_there(api: Any, maps: str, make_map: Any) -> None:
    await api.call("POST", maps, make_map("a"))
    assert _seen(await api.watch(maps)) == [("ADDED", "a")]


async def test_from_a_revision_it_tells_what_happened_since(api: Any, maps: str, make_map: Any) -> None:
    start = (await api.call("POST", maps, make_map("a"))).body["metadata"]["resourceVersion"]
    await api.call("PUT", f"{maps}/a", make_map("a", data={"k": "2"}))
    await api.call("DELETE", f"{maps}/a")
    assert _seen(await api.watch(f"{maps}?resourceVersion={start}")) == [("MODIFIED", "a"), ("DELETED", "a")]


async def test_an_object_that_leaves_the_selection_is_deleted_as_it_was_known(
    api: Any, maps: str, make_map: Any
) -> None:
    start = (await api.call("POST", maps, make_map("a", metadata={"labels": {"t": "1"}}))).body["metadata"][
        "resourceVersion"
    ]
    now = (await api.call("PUT", f"{maps}/a", make_map("a", metadata={"labels": {"t": "2"}}))).body
    (event,) = await api.watch(f"{maps}?labelSelector=t%3D1&resourceVersion={start}")
    assert event["type"] == "DELETED" and event["object"]["metadata"]["labels"] == {"t": "1"}
    assert event["object"]["metadata"]["resourceVersion"] == now["metadata"]["resourceVersion"]


async def test_a_streaming_list_ends_its_state_with_a_bookmark(api: Any, maps: str, make_map: Any) -> None:
    await api.call("POST", maps, make_map("a"))
    query = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    events = await api.watch(f"{maps}?{query}")
    assert _seen(events) == [("ADDED", "a"), ("BOOKMARK", "")]
    assert events[1]["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


async def test_a_forgotten_revision_is_an_error_event(api: Any, maps: str, make_map: Any) -> None:
    first = (await api.call("POST", maps, make_map("a"))).body["metadata"]["resourceVersion"]
    api.machine.registry.store.table("configmaps").compacted = int(first) + 1
    (event,) = await api.watch(f"{maps}?resourceVersion={first}")
    assert event["type"] == "ERROR" and event["object"]["code"] == 410


async def test_the_stream_ends_when_its_time_is_up(api: Any, maps: str) -> None:
    answer = await api.call("GET", f"{maps}?watch=1&timeoutSeconds=1")
    assert (answer.code, answer.body) == (200, "")

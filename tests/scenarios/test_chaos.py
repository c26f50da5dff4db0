"""Whatever happens to the API server, the line to it, the disk or the clock: the cluster ends as Git says.

Nothing is made twice and nothing is deleted but what a commit took away: a watch that has a line of its own keeps count.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from chaos import Line
from harness import Cluster, Sandbox, World, controller, install, status

from holdfast.base.clock import SystemClock
from holdfast.cluster.client import Client, PatchType, Selectors
from holdfast.cluster.config import load
from holdfast.controller.memo_stores import RedisStore
from holdfast.kube.refs import GroupVersionKind, ObjectRef
from holdfast.render.memo import RenderMemo

CONFIG_MAPS = GroupVersionKind("", "v1", "ConfigMap")
OURS = Selectors(labels="kustomize.toolkit.fluxcd.io/name=app")
COUNT = 12


def files(version: int, names: range = range(COUNT)) -> dict[str, str]:
    return {
        f"a/{n}.yaml": f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{n}}}\ndata: {{v: '{version}'}}\n"
        for n in names
    }


class Count:
    """How often each of the unit's ConfigMaps was made and deleted."""

    def __init__(self) -> None:
        self.created: Counter[str] = Counter()
        self.deleted: Counter[str] = Counter()
        self.moved = asyncio.Event()

    async def follow(self, client: Client, namespace: str, since: str) -> None:
        resource = await client.resource(CONFIG_MAPS)
        async for event in client.watch(resource, namespace, resource_version=since, selectors=OURS):
            name = str(event.object["metadata"].get("name") or "")
            if event.type.value == "ADDED":
                self.created[name] += 1
            elif event.type.value == "DELETED":
                self.deleted[name] += 1
            self.moved.set()


@contextlib.asynccontextmanager
async def over(sandbox: Sandbox, state: Path) -> AsyncIterator[tuple[World, Line, Count]]:
    """A controller behind a bad line; the world itself has a good one."""
    if isinstance(sandbox, Cluster):
        pytest.skip("the line is made for a sandbox's connections, not for those of a cluster")
    line = Line(load([sandbox.kubeconfig]))
    async with sandbox.client() as good, line.open() as config, Client(config) as bad:
        namespace = f"x-{uuid.uuid4().hex[:8]}"
        await good.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        count = Count()
        since = (await good.list(CONFIG_MAPS, namespace)).resource_version
        follower = asyncio.create_task(count.follow(good, namespace, since))
        try:
            async with controller(bad, state, namespace=namespace) as (units, artifacts):
                yield World(good, units, artifacts, namespace), line, count
        finally:
            follower.cancel()
            await asyncio.gather(follower, return_exceptions=True)


async def everything_happens(here: World, count: Count, trouble: Callable[[], object]) -> None:
    """A roll-out, a change of all objects, drift, and a removal, with ``trouble`` before each; then the end is judged."""
    trouble()
    await here.declare(path="a", retryInterval="1s")
    await here.until_ready(await here.commit(files(1)))
    trouble()
    await here.until_ready(await here.commit(files(2)))
    trouble()
    ref = ObjectRef("", "ConfigMap", here.namespace, "c1")
    await here.client.patch(ref, {"data": {"v": "drift"}}, PatchType.MERGE, manager="somebody")
    await here.until(ref, lambda o: (o or {}).get("data") == {"v": "2"})
    trouble()
    found = await here.until_ready(await here.commit(files(2, range(COUNT - 2))))
    live = {o["metadata"]["name"]: o["data"] for o in (await here.client.list(CONFIG_MAPS, here.namespace, OURS)).items}
    assert live == {f"c{n}": {"v": "2"} for n in range(COUNT - 2)}
    assert len(status(found)["inventory"]["entries"]) == COUNT - 2
    async with asyncio.timeout(60):
        while len(count.deleted) < 2:
            count.moved.clear()
            await count.moved.wait()
    assert count.deleted == Counter({f"c{n}": 1 for n in range(COUNT - 2, COUNT)})
    assert count.created == Counter({f"c{n}": 1 for n in range(COUNT)})


async def test_doubled_events_change_nothing(sandbox: Sandbox, tmp_path: Path) -> None:
    async with over(sandbox, tmp_path) as (here, line, count):
        line.doubled = True
        await everything_happens(here, count, lambda: None)


async def test_delayed_events_change_nothing(sandbox: Sandbox, tmp_path: Path) -> None:
    async with over(sandbox, tmp_path) as (here, line, count):
        line.delay = 0.02
        await everything_happens(here, count, lambda: None)


async def test_dropped_watches_are_taken_up_again(sandbox: Sandbox, tmp_path: Path) -> None:
    async with over(sandbox, tmp_path) as (here, line, count):
        await everything_happens(here, count, line.cut)


async def test_watches_whose_version_is_gone_are_listed_again(sandbox: Sandbox, tmp_path: Path) -> None:
    async with over(sandbox, tmp_path) as (here, line, count):

        def forget() -> None:
            line.gone = 5
            line.cut()

        await everything_happens(here, count, forget)


async def test_answers_that_are_lost_are_no_second_deed(sandbox: Sandbox, tmp_path: Path) -> None:
    async with over(sandbox, tmp_path) as (here, line, count):

        def lose() -> None:
            line.lost = 3

        await everything_happens(here, count, lose)


async def test_an_api_server_that_is_away_for_a_while_is_no_reason_to_delete(sandbox: Sandbox, tmp_path: Path) -> None:
    async with over(sandbox, tmp_path) as (here, line, count):
        loop = asyncio.get_running_loop()

        def back() -> None:
            line.refusing = False

        def away() -> None:
            line.refusing = True
            line.cut()
            loop.call_later(0.3, back)

        await everything_happens(here, count, away)


@pytest.mark.timeout(300)
async def test_an_api_server_that_restarts_is_followed_on(tmp_path: Path) -> None:
    server = Sandbox(tmp_path, "--data", str(tmp_path / "data"))
    try:
        async with server.client() as client:
            await install(client)
            namespace = "apps"
            await client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
            async with controller(client, tmp_path / "state", namespace=namespace) as (units, artifacts):
                here = World(client, units, artifacts, namespace)
                await here.declare(path="a")
                await here.until_ready(await here.commit(files(1)))
                before = await uids(client, namespace)
                await asyncio.to_thread(server.stop)
                await asyncio.to_thread(server.start)
                await here.until_ready(await here.commit(files(2)))
                ref = ObjectRef("", "ConfigMap", namespace, "c1")
                await client.patch(ref, {"data": {"v": "drift"}}, PatchType.MERGE, manager="somebody")
                await here.until(ref, lambda o: (o or {}).get("data") == {"v": "2"})
                assert await uids(client, namespace) == before
    finally:
        server.stop()


async def uids(client: Client, namespace: str) -> dict[str, str]:
    found = (await client.list(CONFIG_MAPS, namespace, OURS)).items
    return {o["metadata"]["name"]: o["metadata"]["uid"] for o in found}


class LeapingClock(SystemClock):
    """The time of day leaps; what is measured does not."""

    def __init__(self) -> None:
        self.leap = 0.0

    def time(self) -> float:
        return super().time() + self.leap


@pytest.mark.parametrize("leap", [86400.0, -86400.0], ids=["a day ahead", "a day back"])
async def test_a_clock_that_leaps_changes_nothing(sandbox: Sandbox, tmp_path: Path, leap: float) -> None:
    async with sandbox.client() as client:
        namespace = f"x-{uuid.uuid4().hex[:8]}"
        await client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        clock = LeapingClock()
        count = Count()
        since = (await client.list(CONFIG_MAPS, namespace)).resource_version
        follower = asyncio.create_task(count.follow(client, namespace, since))
        async with controller(client, tmp_path, namespace=namespace, clock=clock) as (units, artifacts):

            def jump() -> None:
                clock.leap = leap if clock.leap == 0.0 else 0.0

            await everything_happens(World(client, units, artifacts, namespace), count, jump)
        follower.cancel()
        await asyncio.gather(follower, return_exceptions=True)


async def test_a_disk_that_takes_nothing_stops_no_unit_and_deletes_nothing(sandbox: Sandbox, tmp_path: Path) -> None:
    """The artifact of the newest revision cannot be read back: the old one stays applied until it can."""
    async with sandbox.client() as client:
        namespace = f"x-{uuid.uuid4().hex[:8]}"
        await client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        state = tmp_path / "state"
        async with controller(client, state, namespace=namespace) as (units, artifacts):
            here = World(client, units, artifacts, namespace)
            await here.declare(path="a")
            await here.until_ready(await here.commit(files(1)))
            before = await uids(client, namespace)
            state.rename(tmp_path / "elsewhere")
            state.write_text("a file where the directory was: nothing can be written below it")
            with pytest.raises(OSError):
                await here.commit(files(2))
            ref = ObjectRef("", "ConfigMap", namespace, "c1")
            await client.patch(ref, {"data": {"v": "drift"}}, PatchType.MERGE, manager="somebody")
            await here.until(ref, lambda o: (o or {}).get("data") == {"v": "1"})
            assert await uids(client, namespace) == before
            state.unlink()
            (tmp_path / "elsewhere").rename(state)
            await here.until_ready(await here.commit(files(3)))
            assert await uids(client, namespace) == before


async def test_a_redis_that_goes_away_answers_nonsense_and_comes_back_changes_nothing(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    """What replicas share of their renderings is a convenience: nothing waits for it and nothing is believed of it."""
    pytest.importorskip("redis")
    answer = b"+OK\r\n"

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while await reader.read(1 << 16):
                writer.write(answer)
                await writer.drain()

    async with sandbox.client() as client:
        namespace = f"x-{uuid.uuid4().hex[:8]}"
        await client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        place = tmp_path / "redis"
        store = RedisStore(f"unix://{place}", SystemClock())
        memo = RenderMemo(store=store, code="1")
        async with controller(client, tmp_path / "state", namespace=namespace, memo=memo) as (units, artifacts):
            here = World(client, units, artifacts, namespace)
            await here.declare(path="a")
            await here.until_ready(await here.commit(files(1)))
            before = await uids(client, namespace)
            for version, said in ((2, b"+OK\r\n"), (3, b"$4\r\nabcd\r\n"), (4, b"-LOADING not yet\r\n"), (5, b"?\r\n")):
                answer = said
                server = await asyncio.start_unix_server(serve, place)
                store._away_until = 0.0  # it would be asked again only after a while
                await here.until_ready(await here.commit(files(version)))
                server.close()
                place.unlink(missing_ok=True)
            found = await client.list(CONFIG_MAPS, namespace, OURS)
            assert {o["data"]["v"] for o in found.items} == {"5"}
            assert await uids(client, namespace) == before
        store.close()

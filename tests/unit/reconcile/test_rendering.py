"""Big units are rendered in another process, with the same result and the same errors."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from typing import Any

import pytest

from holdfast.base.clock import VirtualClock, settle
from holdfast.base.tree import MemoryTree
from holdfast.base.work import Workers
from holdfast.kustomize.options import BuildOptions, Fetched
from holdfast.model.delivery import KustomizeBuild, Ownership, UnitKey
from holdfast.model.rendered import RenderRequest
from holdfast.reconcile.outcome import StepFailed
from holdfast.reconcile.rendering import Rendering
from holdfast.reconcile.waiting import Interrupted, Interruption
from holdfast.render.apart import BIG, Apart
from holdfast.render.memo import RenderMemo
from holdfast.render.render import render


class Counting(Workers):
    """Knows how many calls it got."""

    calls = 0

    async def call(self, function: Any, *args: Any) -> Any:
        self.calls += 1
        return await super().call(function, *args)


@pytest.fixture
async def workers() -> AsyncIterator[Counting]:
    found = Counting(VirtualClock(), limit=1)
    yield found
    await found.close()


def rendering(workers: Workers) -> Rendering:
    found = Rendering(RenderMemo())
    found.apart = Apart(workers)
    return found


def request(files: dict[str, str], path: str = "./") -> RenderRequest:
    return RenderRequest(
        unit=UnitKey("Kustomization", "n", "u"),
        owner=Ownership("m", "g.example.org"),
        build=KustomizeBuild(path=path),
        tree=MemoryTree({p: t.encode() for p, t in files.items()}),
        tree_identity=str(sorted(files.items())),
    )


def maps(count: int) -> dict[str, str]:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{0}}}\ndata: {{a: '{0}'}}\n"
    return {f"{n}.yaml": text.format(n) for n in range(count)}


async def test_a_small_unit_is_rendered_here_and_a_big_one_elsewhere_to_the_same(workers: Counting) -> None:
    found = rendering(workers)
    assert await found.render(request(maps(3)), None, had=3, interruption=None) == render(request(maps(3)))
    assert workers.calls == 0
    big = request(maps(BIG))
    assert await found.render(big, None, had=0, interruption=None) == render(big)
    assert await found.render(big, None, had=0, interruption=None) == render(big)
    assert (workers.calls, found.memo.renders) == (1, 2)


async def test_a_unit_that_had_many_objects_is_big_however_few_files_it_has(workers: Counting) -> None:
    await rendering(workers).render(request(maps(1)), None, had=BIG, interruption=None)
    assert workers.calls == 1


@pytest.mark.parametrize(
    ("files", "path"),
    [
        ({"kustomization.yaml": "resources: [a.yaml]\n", "a.yaml": "kind: ConfigMap\n  metadata: x\n"}, "./"),
        ({"kustomization.yaml": "resources: [missing.yaml]\n"}, "./"),
        (maps(1), "./nowhere"),
    ],
)
async def test_an_error_is_the_same_wherever_it_happens(workers: Counting, files: dict[str, str], path: str) -> None:
    here, there = Rendering(RenderMemo()), rendering(workers)
    with pytest.raises(StepFailed) as one:
        await here.render(request(files, path), None, had=BIG, interruption=None)
    with pytest.raises(StepFailed) as other:
        await there.render(request(files, path), None, had=BIG, interruption=None)
    assert workers.calls == 1
    first, second = one.value.__cause__, other.value.__cause__
    assert (type(first), str(first), vars(first)) == (type(second), str(second), vars(second))


async def test_what_lies_elsewhere_is_fetched_here(workers: Counting) -> None:
    found = rendering(workers)
    base = MemoryTree({"kustomization.yaml": b"resources: [0.yaml]\n", "0.yaml": maps(1)["0.yaml"].encode()})

    def options(used: list[str]) -> BuildOptions:
        def fetch(url: str) -> Fetched:
            used.append(url)
            return Fetched(base, "")

        return BuildOptions(load_restrictions="none", fetch=fetch)

    found.options = options
    wanted = request({"kustomization.yaml": "resources: ['https://example.com/a/b.git?ref=main']\n"})
    rendered = await found.render(wanted, None, had=BIG, interruption=None)
    assert [o["metadata"]["name"] for o in rendered.objects] == ["c0"]
    assert workers.calls == 1


async def test_a_rendering_that_is_out_of_date_is_ended(workers: Counting) -> None:
    found, interruption = rendering(workers), Interruption()
    await found.render(request(maps(1)), None, had=BIG, interruption=None)
    os.kill(await workers.call(os.getpid), signal.SIGSTOP)
    task = asyncio.create_task(found.render(request(maps(2)), None, had=BIG, interruption=interruption))
    async with asyncio.timeout(60):
        while not workers.busy:
            await settle()
    interruption.request()
    with pytest.raises(Interrupted):
        await task
    rendered = await found.render(request(maps(2)), None, had=BIG, interruption=None)
    assert len(rendered.objects) == 2

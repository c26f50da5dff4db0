"""A unit that is held at an earlier revision, until Git catches up."""

from __future__ import annotations

from pathlib import Path

from harness import Sandbox, World, status, world

from holdfast.cluster.client import PatchType
from holdfast.kube.refs import Manifest
from holdfast.model.safety import PIN, PIN_FROM


def files(value: str, readme: str = "") -> dict[str, str]:
    text = f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\ndata:\n  a: {value}\n"
    return {"app/web.yaml": text, "README.md": readme}


async def hold(w: World, to: str, bad: str) -> None:
    body = {"metadata": {"annotations": {PIN: to, PIN_FROM: bad}}}
    await w.client.patch(w.unit(), body, PatchType.MERGE, version="v1", manager="holdfast")


async def data(w: World) -> object:
    found = await w.config_map("web")
    return (found or {}).get("data")


async def test_a_unit_is_held_while_git_moves_on_and_followed_when_it_was_repaired(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    async with world(sandbox, tmp_path) as w:
        good = await w.commit(files("good"))
        await w.declare(path="./app")
        await w.until_ready(good)
        bad = await w.commit(files("bad"))
        await w.until_ready(bad)

        await hold(w, good, bad)
        await w.until_ready(good)
        assert await data(w) == {"a": "good"}

        await w.commit(files("bad", readme="more words"))
        await w.declare("other", path="./app", suspend=True)
        await w.until(w.unit(), lambda o: _applied(o) == good)
        assert await data(w) == {"a": "good"}

        repaired = await w.commit(files("repaired"))
        await w.until_ready(repaired)
        assert await data(w) == {"a": "repaired"}
        freed = await w.until(w.unit(), lambda o: PIN not in _annotations(o))
        assert PIN_FROM not in _annotations(freed)


async def test_a_pin_to_what_is_not_at_hand_says_so_and_changes_nothing(sandbox: Sandbox, tmp_path: Path) -> None:
    async with world(sandbox, tmp_path) as w:
        now = await w.commit(files("now"))
        await w.declare(path="./app")
        await w.until_ready(now)
        await hold(w, "main@sha1:" + "0" * 40, now)
        await w.until_failed(saying="is not at hand any more")
        assert await data(w) == {"a": "now"}


def _applied(obj: Manifest | None) -> object:
    return status(obj).get("lastAppliedRevision")


def _annotations(obj: Manifest | None) -> dict[str, str]:
    return (obj or {}).get("metadata", {}).get("annotations") or {}

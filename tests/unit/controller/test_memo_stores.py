"""Renderings beyond a restart: kept, found again, and never in the way when the place is away."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.base.clock import VirtualClock
from holdfast.base.tree import MemoryTree
from holdfast.controller.memo_stores import AWAY_SECONDS, FileStore, RedisStore
from holdfast.model.delivery import KustomizeBuild, Ownership, Substitution, UnitKey, ValuesRef
from holdfast.model.rendered import RenderRequest
from holdfast.render.memo import RenderMemo, Store
from holdfast.render.render import render

REDIS = shutil.which("redis-server")


def request(text: str = "one", **more: object) -> RenderRequest:
    manifest = f"apiVersion: v1\nkind: {more.pop('kind', 'ConfigMap')}\nmetadata:\n  name: a\ndata:\n  a: {text}\n"
    return RenderRequest(
        unit=UnitKey("Kustomization", "n", "u"),
        owner=Ownership("m", "g.example.org"),
        build=KustomizeBuild(path="./", substitution=more.pop("substitution", None)),  # type: ignore[arg-type]
        tree=MemoryTree({"a.yaml": manifest.encode(), "README": text.encode()}),
        tree_identity=text,
        **more,  # type: ignore[arg-type]
    )


def kept(store: Store, *requests: RenderRequest, code: str = "1") -> None:
    memo = RenderMemo(store=store, code=code)
    for each in requests:
        memo.store(each, render(each))


def test_a_rendering_is_found_after_a_restart(tmp_path: Path) -> None:
    kept(FileStore(tmp_path / "memo"), request())
    memo = RenderMemo(store=FileStore(tmp_path / "memo"), code="1")
    assert memo.known(request()) is None
    assert memo.fetch(request()) == render(request())
    assert memo.known(request()) == render(request())


def test_other_files_and_other_code_are_rendered_anew(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "memo")
    kept(store, request())
    assert RenderMemo(store=store, code="1").fetch(request("two")) is None
    assert RenderMemo(store=store, code="2").fetch(request()) is None


@pytest.mark.parametrize(
    "more",
    [
        {"keys": "sops 1"},
        {"substitution": Substitution(references=(ValuesRef("Secret", "s"),)), "variables": {"x": "CANARY"}},
        {"kind": "Secret"},
    ],
    ids=["decrypted", "substituted from a Secret", "a Secret"],
)
def test_nothing_secret_is_kept(tmp_path: Path, more: dict[str, object]) -> None:
    store = FileStore(tmp_path / "memo")
    asked = request("CANARY", **more)
    RenderMemo(store=store, code="1").store(asked, render(asked))
    assert RenderMemo(store=store, code="1").fetch(asked) is None
    store.close()
    assert b"CANARY" not in b"".join(p.read_bytes() for p in tmp_path.iterdir())


def test_a_damaged_file_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "memo"
    path.write_bytes(b"not a database, and long enough to be taken for one" * 100)
    store = FileStore(path)
    assert store.get("a") is None
    store.put("a", b"1")
    assert store.get("a") == b"1"


def test_a_place_that_cannot_be_written_keeps_nothing_and_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = FileStore(tmp_path / "file" / "memo")
    store.put("a", b"1")
    assert store.get("a") is None


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    if REDIS is None:
        pytest.skip("redis-server is not installed")
    path = tmp_path / "redis.sock"
    server = subprocess.Popen(
        [REDIS, "--port", "0", "--unixsocket", str(path), "--save", ""], stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    for line in server.stdout:
        if "eady to accept connections" in line:
            break
    yield f"unix://{path}"
    server.terminate()
    server.wait()


def test_replicas_share_a_redis(redis_url: str) -> None:
    kept(RedisStore(redis_url, VirtualClock()), request())
    other = RenderMemo(store=RedisStore(redis_url, VirtualClock()), code="1")
    assert other.fetch(request()) == render(request())


def test_a_redis_that_is_away_is_left_alone_for_a_while(tmp_path: Path) -> None:
    clock = VirtualClock()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "away"))
    store = RedisStore(f"unix://{tmp_path / 'away'}", clock)
    assert store.get("a") is None
    store.put("a", b"1")
    assert store._away_until == clock.monotonic() + AWAY_SECONDS
    listener.close()

"""Artifacts on disk."""

from __future__ import annotations

import asyncio
import contextlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from holdfast.base.clock import VirtualClock
from holdfast.base.tree import MemoryTree
from holdfast.controller.artifacts import ArtifactStore
from holdfast.kube.refs import ObjectRef
from holdfast.model.source import Snapshot

REF = ObjectRef("source.toolkit.fluxcd.io", "GitRepository", "ns", "app")


def snapshot(revision: str = "main@sha1:1", **files: str) -> Snapshot:
    return Snapshot(revision, MemoryTree({p: t.encode() for p, t in files.items()}), revision)


def store(root: Path) -> ArtifactStore:
    return ArtifactStore(root, VirtualClock(), base_url="http://here:1")


async def test_an_artifact_says_where_it_is_served_and_what_it_holds(tmp_path: Path) -> None:
    made = await store(tmp_path).store(REF, "1.tar.gz", snapshot(a="1"))
    assert made["url"] == "http://here:1/gitrepository/ns/app/1.tar.gz"
    assert made["revision"] == "main@sha1:1"
    assert made["digest"].startswith("sha256:")
    assert made["size"] == (tmp_path / made["path"]).stat().st_size


async def test_the_same_files_have_the_same_digest_whatever_the_revision(tmp_path: Path) -> None:
    artifacts = store(tmp_path)
    one = await artifacts.store(REF, "1.tar.gz", snapshot("main@sha1:1", a="1"))
    two = await artifacts.store(REF, "2.tar.gz", snapshot("main@sha1:2", a="1"))
    assert one["digest"] == two["digest"]


async def test_after_a_restart_the_tree_is_read_from_the_stored_file(tmp_path: Path) -> None:
    made = await store(tmp_path).store(REF, "1.tar.gz", snapshot(a="1"))
    found = await store(tmp_path).snapshot(REF, made)
    assert found is not None
    assert found.revision == "main@sha1:1"
    assert found.tree.read("a") == b"1"


async def test_a_spoilt_file_is_removed_and_counts_as_missing(tmp_path: Path) -> None:
    made = await store(tmp_path).store(REF, "1.tar.gz", snapshot(a="1"))
    (tmp_path / made["path"]).write_bytes(b"spoilt")
    again = store(tmp_path)
    assert not await again.present(made)
    assert not (tmp_path / made["path"]).exists()
    assert await again.snapshot(REF, made) is None


async def test_old_files_go_and_the_current_one_stays(tmp_path: Path) -> None:
    artifacts = store(tmp_path)
    old = await artifacts.store(REF, "1.tar.gz", snapshot("main@sha1:1", a="1"))
    new = await artifacts.store(REF, "2.tar.gz", snapshot("main@sha1:2", a="2"))
    await artifacts.collect(REF, new)
    assert artifacts.local(old["path"]) is None
    assert artifacts.local(new["path"]) is not None


async def test_listeners_hear_of_another_snapshot_and_not_of_the_same_again(tmp_path: Path) -> None:
    artifacts, heard = store(tmp_path), list[tuple[ObjectRef, str]]()
    artifacts.on_change(lambda ref, revision: heard.append((ref, revision)))
    artifacts.offer(REF, snapshot("main@sha1:1"))
    artifacts.offer(REF, snapshot("main@sha1:1"))
    artifacts.offer(REF, snapshot("main@sha1:2"))
    assert heard == [(REF, "main@sha1:1"), (REF, "main@sha1:2")]


def test_nothing_outside_the_root_is_served(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    artifacts = store(tmp_path / "root")
    assert artifacts.local("../secret") is None
    assert artifacts.local("gitrepository/../../secret") is None


@contextlib.contextmanager
def served(root: Path) -> Iterator[str]:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments, directory=str(root))

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


async def test_an_artifact_of_another_replica_is_brought_over_if_it_is_what_the_status_says(tmp_path: Path) -> None:
    first, second = store(tmp_path / "first"), store(tmp_path / "second")
    second.base_url = "http://second"
    made = await first.store(REF, "1.tar.gz", snapshot(a="1"))
    with served(tmp_path / "first") as url:
        there = {**made, "url": f"{url}/{made['path']}"}
        assert await second.snapshot(REF, {**there, "digest": "sha256:" + "0" * 64}) is None
        assert await second.snapshot(REF, {**there, "path": "../../outside.tar.gz"}) is None
        found = await second.snapshot(REF, there)
        assert found is not None
        assert found.tree.read("a") == b"1"
        newer = await first.store(REF, "2.tar.gz", snapshot("main@sha1:2", a="2"))
        found = await second.snapshot(REF, {**newer, "url": f"{url}/{newer['path']}"})
        assert found is not None
        assert found.tree.read("a") == b"2"
    assert not (tmp_path / "second" / made["path"]).exists()


async def test_many_units_that_ask_at_once_have_it_brought_over_once(tmp_path: Path) -> None:
    first, second = store(tmp_path / "first"), store(tmp_path / "second")
    second.base_url = "http://second"
    made = await first.store(REF, "1.tar.gz", snapshot(a="1"))
    with served(tmp_path / "first") as url:
        there = {**made, "url": f"{url}/{made['path']}"}
        found = await asyncio.gather(*(second.snapshot(REF, there) for _ in range(30)))
    assert found[0] is not None
    assert all(f is found[0] for f in found)


async def test_a_replica_that_is_away_is_no_error(tmp_path: Path) -> None:
    made = await store(tmp_path / "first").store(REF, "1.tar.gz", snapshot(a="1"))
    assert await store(tmp_path / "second").snapshot(REF, {**made, "url": "http://127.0.0.1:9/x.tar.gz"}) is None


async def test_what_another_store_of_this_machine_has_is_taken_over(tmp_path: Path) -> None:
    first = ArtifactStore(tmp_path / "first", VirtualClock(), base_url="http://first")
    ref = ObjectRef("source.toolkit.fluxcd.io", "GitRepository", "apps", "web")
    artifact = await first.store(ref, "a.tar.gz", Snapshot("main@sha1:1", MemoryTree({"a.yaml": b"a: 1\n"}), "1"))
    second = ArtifactStore(tmp_path / "second", VirtualClock(), base_url="http://second", others=[tmp_path / "first"])
    found = await second.snapshot(ref, artifact)
    assert found is not None
    assert found.tree.read("a.yaml") == b"a: 1\n"
    assert second.local(artifact["path"]) is not None
    assert not await second.present({**artifact, "digest": "sha256:" + "0" * 64})

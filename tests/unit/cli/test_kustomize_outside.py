"""What lies outside of a build: servers that say nothing, and repositories."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.cli.kustomize_outside import Outside
from holdfast.kustomize import KustomizeError
from holdfast.kustomize.errors import FetchError


@contextlib.contextmanager
def server(answer: bytes) -> Iterator[str]:
    """Takes every connection, says as much as ``answer`` and then nothing more."""
    taken: list[socket.socket] = []
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while not over.is_set():
                taken.append(listening.accept()[0])
                with contextlib.suppress(OSError):
                    taken[-1].sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            over.set()
            socket.create_connection(listening.getsockname()).close()
            thread.join()
            for connection in taken:
                connection.close()


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nresour"])
def test_a_server_that_says_nothing_ends_the_build_in_time(answer: bytes) -> None:
    with server(answer) as url, pytest.raises(FetchError, match=r"no answer within 0\.2s"):
        Outside().fetch_file(f"{url}/org/repo.git?timeout=200ms")


def test_a_server_that_is_not_there_may_be_one_for_git() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(KustomizeError, match="Get ") as caught:
        Outside().fetch_file(f"http://127.0.0.1:{port}/x.yaml")
    assert not isinstance(caught.value, FetchError)


def test_git_ends_in_time_with_all_that_it_started() -> None:
    with server(b"") as url, Outside() as outside, pytest.raises(KustomizeError, match=r"hit 0\.5s timeout running"):
        outside.fetch(f"{url}/org/repo.git?timeout=500ms")


def test_a_repository_is_fetched_at_its_ref(tmp_path: Path) -> None:
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@example.com"]
    subprocess.run(["git", "init", "-q", "-b", "main", str(tmp_path)], check=True)
    for content in ("one", "two"):
        (tmp_path / "base").mkdir(exist_ok=True)
        (tmp_path / "base/a.txt").write_text(content)
        subprocess.run([*git, "add", "."], check=True)
        subprocess.run([*git, "commit", "-q", "-m", content], check=True)
        subprocess.run([*git, "tag", content], check=True)
    with Outside() as outside:
        for ref, content in (("?ref=one", b"one"), ("?version=two", b"two"), ("", b"two")):
            fetched = outside.fetch(f"file://{tmp_path}//base{ref}")
            assert fetched.tree.read(f"{fetched.path}/a.txt") == content

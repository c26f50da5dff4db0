"""Plain HTTP requests."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from holdfast.source.http import RequestFailed, request


class _Server(BaseHTTPRequestHandler):
    """``/to?<address>`` leads there; anything else shows the login that came."""

    def log_message(self, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        path, _, target = self.path.partition("?")
        body = (self.headers.get("Authorization") or "nobody").encode()
        self.send_response(302 if path == "/to" else 404)
        if path == "/to":
            self.send_header("Location", target)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_every_status_is_an_answer(url: str) -> None:
    answer = request(f"{url}/x", authorization="Basic x")
    assert (answer.status, answer.body) == (404, b"Basic x")


def test_a_login_does_not_follow_a_redirect(url: str) -> None:
    assert request(f"{url}/to?{url}/x", authorization="Basic x").body == b"nobody"


def test_a_body_that_is_too_long_is_refused(url: str) -> None:
    with pytest.raises(RequestFailed, match="longer than 3 bytes"):
        request(f"{url}/x", limit=3)


@pytest.mark.parametrize("prefix", ["", "redirect"])
def test_nothing_but_http_is_ever_opened(url: str, prefix: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("not to be read")
    address = secret.as_uri()
    try:
        answer = request(f"{url}/to?{address}" if prefix else address)
    except RequestFailed:
        return
    assert b"not to be read" not in answer.body

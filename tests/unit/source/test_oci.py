"""The client of OCI registries, against a real server on this host."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

import pytest

from holdfast.base.errors import Stop
from holdfast.source.oci import Address, InvalidAddress, Login, RegistryError, Repository, highest_tag, logins

LAYER = b"the layer"
LAYER_DIGEST = "sha256:" + hashlib.sha256(LAYER).hexdigest()
MANIFEST = json.dumps(
    {
        "schemaVersion": 2,
        "layers": [{"mediaType": "application/x", "digest": LAYER_DIGEST, "size": len(LAYER)}],
        "annotations": {"a": "b"},
    }
).encode()
DIGEST = "sha256:" + hashlib.sha256(MANIFEST).hexdigest()
OTHER = "sha256:" + "1" * 64
INDEX = json.dumps(
    {
        "schemaVersion": 2,
        "manifests": [
            {"digest": OTHER, "platform": {"os": "linux", "architecture": "arm64"}},
            {"digest": DIGEST, "platform": {"os": "linux", "architecture": "amd64"}},
        ],
    }
).encode()


class _Registry(BaseHTTPRequestHandler):
    """One repository ``team/app`` behind a token that wants user:pass."""

    spoilt = False

    def log_message(self, *args: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._serve()

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        path = self.path.partition("?")[0]
        given = self.headers.get("Authorization") or ""
        if path == "/token" and self.command == "POST":
            form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
            known = (form["grant_type"], form["refresh_token"]) == ("refresh_token", "identity")
            self._answer(200 if known else 401, b'{"access_token": "t"}' if known else b"{}")
        elif path == "/token":
            known = given == "Basic " + base64.b64encode(b"user:pass").decode()
            self._answer(200 if known else 401, b'{"token": "t"}' if known else b"{}")
        elif given != "Bearer t":
            realm = f'Bearer realm="http://{self.headers["Host"]}/token",service="here"'
            self._answer(401, b"{}", {"WWW-Authenticate": realm})
        elif path == "/v2/":
            self._answer(200, b"{}")
        elif path == "/v2/team/app/tags/list" and "last" not in self.path:
            more = {"Link": '</v2/team/app/tags/list?last=1.0.0>; rel="next"'}
            self._answer(200, b'{"tags": ["1.0.0"]}', more)
        elif path == "/v2/team/app/tags/list":
            self._answer(200, b'{"tags": ["1.1.0"]}')
        elif path in ("/v2/team/app/manifests/1.0.0", f"/v2/team/app/manifests/{DIGEST}"):
            self._answer(200, MANIFEST, {"Docker-Content-Digest": DIGEST})
        elif path == "/v2/team/app/manifests/many":
            self._answer(200, INDEX)
        elif path == "/v2/team/app/manifests/wrong":
            self._answer(200, MANIFEST, {"Docker-Content-Digest": "sha256:" + "0" * 64})
        elif path == f"/v2/team/app/blobs/{LAYER_DIGEST}":
            self._answer(200, LAYER[::-1] if self.spoilt else LAYER)
        else:
            text = '{"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown", "detail": {"Tag": "9"}}]}'
            self._answer(404, text.encode())

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for key, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@pytest.fixture
def host() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Registry)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def repository(host: str, login: Login | None = Login("user", "pass")) -> Repository:  # noqa: B008
    return Repository(Address.parse(f"oci://{host}/team/app"), login)


def test_an_artifact_is_pulled_with_a_token(host: str) -> None:
    found = repository(host)
    assert found.digest("1.0.0") == DIGEST
    artifact = found.artifact(DIGEST)
    assert artifact.annotations == {"a": "b"}
    assert found.blob(artifact.layers[0]) == LAYER


def test_tags_are_read_page_by_page(host: str) -> None:
    assert repository(host).tags() == ["1.0.0", "1.1.0"]


def test_a_missing_tag_is_told_as_the_registry_told_it(host: str) -> None:
    text = f"GET http://{host}/v2/team/app/manifests/9: MANIFEST_UNKNOWN: manifest unknown; map[Tag:9]"
    with pytest.raises(RegistryError) as caught:
        repository(host).digest("9")
    assert caught.value.message == text


def test_without_the_login_the_token_is_refused(host: str) -> None:
    with pytest.raises(RegistryError, match="unexpected status code 401 Unauthorized"):
        repository(host, None).tags()


def test_a_layer_with_other_bytes_is_refused(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = repository(host)
    layer = found.artifact("1.0.0").layers[0]
    monkeypatch.setattr(_Registry, "spoilt", True)
    with pytest.raises(RegistryError, match="error verifying sha256 checksum"):
        found.blob(layer)


def test_nobody_listening_is_told_as_go_tells_it() -> None:
    with pytest.raises(RegistryError, match=r'Get "http://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection'):
        repository("127.0.0.1:1").tags()


@pytest.mark.parametrize("url", ["https://x/y", "oci://x/y:1", "oci://x", "oci://x/UPPER"])
def test_what_is_no_repository_is_refused(url: str) -> None:
    with pytest.raises(InvalidAddress):
        Address.parse(url)


def test_short_names_of_docker_hub_are_written_out() -> None:
    assert Address.parse("oci://docker.io/redis") == Address("index.docker.io", "library/redis")


def test_a_docker_config_gives_logins_by_host() -> None:
    auth = base64.b64encode(b"u:p:q").decode()
    config = {"auths": {"https://index.docker.io/v1/": {"auth": auth}, "r:5000": {"username": "a", "password": "b"}}}
    assert logins(json.dumps(config).encode()) == {"index.docker.io": Login("u", "p:q"), "r:5000": Login("a", "b")}


def test_the_highest_tag_of_a_range_wins_among_those_the_filter_keeps() -> None:
    tags = ["1.0.0", "1.2.0", "1.10.0-rc.1", "2.0.0", "latest"]
    assert highest_tag(tags, "1.x") == "1.2.0"
    assert highest_tag(tags, ">=1.0.0-0", pattern="rc") == "1.10.0-rc.1"
    assert highest_tag(["1.0.0_abc"], "*", chart=True) == "1.0.0_abc"
    with pytest.raises(Stop, match="no match found for semver: 3"):
        highest_tag(tags, "3")


def test_of_an_image_index_the_manifest_for_the_platform_is_taken(host: str) -> None:
    assert repository(host).artifact("many").digest == DIGEST
    with pytest.raises(RegistryError, match=r"no child with platform windows/amd64 in index .*/team/app:many"):
        repository(host).artifact("many", platform=("windows", "amd64"))


def test_a_manifest_with_another_digest_than_the_registry_says_is_refused(host: str) -> None:
    with pytest.raises(RegistryError, match="does not match Docker-Content-Digest"):
        repository(host).artifact("wrong")


def test_a_layer_is_not_read_beyond_its_bound(host: str) -> None:
    found = repository(host)
    with pytest.raises(RegistryError, match="has 9 bytes, which is more than 8"):
        found.blob(found.artifact("1.0.0").layers[0], 8)


def test_an_identity_token_is_exchanged_for_a_token(host: str) -> None:
    assert repository(host, Login(refresh="identity")).digest("1.0.0") == DIGEST


@pytest.mark.parametrize("probe", [True, False])
def test_without_a_probe_the_first_answer_tells_how_to_log_in(host: str, probe: bool) -> None:
    found = Repository(Address.parse(f"oci://{host}/team/app"), Login("user", "pass"), plain=True, probe=probe)
    assert found.tags() == ["1.0.0", "1.1.0"]


def test_the_login_of_the_longest_path_is_taken() -> None:
    config = b"""{"auths": {
        "ghcr.io": {"username": "all", "password": "p"},
        "ghcr.io/team/app": {"username": "one", "password": "p"},
        "https://index.docker.io/v1/": {"auth": "dTpw"}}}"""
    found = logins(config)
    named = [
        found.of("ghcr.io", "team/app"),
        found.of("ghcr.io", "team/application"),
        found.of("index.docker.io", "library/x"),
    ]
    assert [x.username for x in named if x] == ["one", "all", "u"]
    assert found.of("quay.io", "x") is None

"""Debian's ``docker-registry`` as the judge of our client of registries (skipped where it is not on PATH)."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import bcrypt
import pytest

from holdfast.helm import load_chart
from holdfast.source.helm_registry import Reference
from holdfast.source.helm_registry import Registry as Door
from holdfast.source.http import basic
from holdfast.source.oci import Address, Login, RegistryError, Repository
from tests.charts import CONFIG, LAYER, chart

PROGRAM = shutil.which("docker-registry")
LOGIN = Login("me", "secret")
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def _send(url: str, method: str, data: bytes | None = None, media_type: str = "application/octet-stream") -> str:
    """The Location of the answer."""
    headers = {"Authorization": basic("me", "secret"), "Content-Type": media_type}
    with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method), timeout=60) as found:
        return str(found.headers.get("Location") or "")


def _push(host: str, repository: str, version: str) -> None:
    top, parts = f"http://{host}/v2/{repository}", []
    head = json.dumps({"apiVersion": "v2", "name": repository.rpartition("/")[2], "version": version}).encode()
    for data, media_type in ((head, CONFIG), (chart(repository.rpartition("/")[2], version), LAYER)):
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        place = _send(f"{top}/blobs/uploads/", "POST")
        _send(f"{place}{'&' if '?' in place else '?'}digest={digest}", "PUT", data)
        parts.append({"mediaType": media_type, "digest": digest, "size": len(data)})
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": parts[0], "layers": parts[1:]}
    _send(f"{top}/manifests/{version.replace('+', '_')}", "PUT", json.dumps(manifest).encode(), MANIFEST)


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if PROGRAM is None:
        pytest.skip("no docker-registry on PATH")
    top = tmp_path_factory.mktemp("registry")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        found = f"127.0.0.1:{free.getsockname()[1]}"
    password = bcrypt.hashpw(b"secret", bcrypt.gensalt(4)).decode().replace("$2b$", "$2y$")
    (top / "htpasswd").write_text(f"me:{password}\n")
    settings = {
        "version": 0.1,
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(top / "data")}},
        "http": {"addr": found},
        "auth": {"htpasswd": {"realm": "tests", "path": str(top / "htpasswd")}},
    }
    (top / "config.yml").write_text(json.dumps(settings))
    with (top / "log").open("wb") as log:
        running = subprocess.Popen([PROGRAM, "serve", str(top / "config.yml")], stdout=log, stderr=log)
    try:
        _until_it_answers(found, top / "log")
        for version in ("1.0.0", "1.1.0+build"):
            _push(found, "team/app", version)
        yield found
    finally:
        running.terminate()
        running.wait(60)


def _until_it_answers(host: str, log: Path) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            _send(f"http://{host}/v2/", "GET")
            return
        time.sleep(0.05)
    raise AssertionError(log.read_text())


def test_a_chart_is_pulled_by_its_range(host: str) -> None:
    door = Door(LOGIN, plain=True)
    found = door.pull(door.resolve(f"oci://{host}/team/app", "^1"))
    assert found.file == "app-1.1.0+build.tgz"
    assert load_chart(found.data).metadata.version == "1.1.0+build"


def test_tags_digests_and_layers_agree(host: str) -> None:
    repository = Repository(Address.parse(f"oci://{host}/team/app"), LOGIN)
    assert sorted(repository.tags()) == ["1.0.0", "1.1.0_build"]
    artifact = repository.artifact("1.0.0")
    assert repository.digest("1.0.0") == artifact.digest == repository.artifact(artifact.digest).digest
    assert repository.blob(artifact.layers[0]) == chart("app", "1.0.0")


@pytest.mark.parametrize("login", [None, Login("me", "wrong")])
def test_without_the_right_login_nothing_is_had(host: str, login: Login | None) -> None:
    with pytest.raises(RegistryError, match="UNAUTHORIZED"):
        Repository(Address.parse(f"oci://{host}/team/app"), login).tags()


def test_what_is_not_there_is_told_in_the_registrys_words(host: str) -> None:
    with pytest.raises(RegistryError, match="MANIFEST_UNKNOWN"):
        Repository(Address.parse(f"oci://{host}/team/app"), LOGIN).digest("9")
    with pytest.raises(RegistryError, match="name unknown: repository name not known to registry"):
        Door(LOGIN, plain=True).versions(Reference.parse(f"oci://{host}/team/none"))

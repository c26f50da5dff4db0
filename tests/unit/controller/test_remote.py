"""Bases and files of other places, in a build of the controller."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.base.errors import HoldfastError
from holdfast.base.tree import MemoryTree
from holdfast.controller.remote import RemoteBases
from holdfast.dialects.flux.kustomization import OWNER
from holdfast.model.delivery import KustomizeBuild, UnitKey
from holdfast.model.rendered import Rendered, RenderRequest
from holdfast.render.render import Engine, render
from holdfast.source.git import GitStore

from .conftest import Repository

BASE = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: far}\ndata: {a: '1'}\n"


def built(remote: RemoteBases, *resources: str, used: list[str] | None = None) -> Rendered:
    text = "resources:\n" + "".join(f"- {r}\n" for r in resources)
    tree = MemoryTree({"kustomization.yaml": text.encode()})
    request = RenderRequest(UnitKey("Kustomization", "a", "b"), OWNER, KustomizeBuild(), tree, "1")
    return render(request, Engine(options=remote.options([] if used is None else used)))


@pytest.fixture
def base(repository: Repository) -> Repository:
    repository.commit(kustomization__yaml="resources: [a.yaml]\n", a__yaml=BASE)
    repository.git("tag", "v1")
    return repository


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "a.yaml").write_text(BASE)
    for n in range(40):
        (tmp_path / "site" / f"{n}.yaml").write_text(BASE.replace("far", f"far{n}"))
    (tmp_path / "site" / "large.yaml").write_bytes(b"a: " + b"x" * (9 << 20))

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(tmp_path / "site"))  # type: ignore[arg-type]

        def log_message(self, *_: object) -> None:
            pass

    class Patient(http.server.ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """A client that has read enough hangs up."""

    server = Patient(("127.0.0.1", 0), Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("ref", ["", "?ref=main", "?ref=v1", "?ref=COMMIT"], ids=["head", "branch", "tag", "commit"])
def test_a_base_in_another_repository_is_built(base: Repository, tmp_path: Path, ref: str) -> None:
    remote = RemoteBases(GitStore(str(tmp_path / "git")))
    ref = ref.replace("COMMIT", base.git("rev-parse", "HEAD"))
    used: list[str] = []
    found = built(remote, f"{base.url}//.{ref}", used=used)
    assert [o["metadata"]["name"] for o in found.objects] == ["far"]
    assert len(used) == 1


def test_a_reference_that_is_not_there_is_named(base: Repository, tmp_path: Path) -> None:
    remote = RemoteBases(GitStore(str(tmp_path / "git")))
    with pytest.raises(HoldfastError, match="nowhere"):
        built(remote, f"{base.url}//.?ref=nowhere")


def test_directories_of_this_machine_are_not_a_tenants_to_read(base: Repository, tmp_path: Path) -> None:
    remote = RemoteBases(GitStore(str(tmp_path / "git"), local=False))
    with pytest.raises(HoldfastError, match="local repositories are not allowed"):
        built(remote, f"{base.url}//.")


def test_a_file_behind_a_url_is_a_resource(site: str, tmp_path: Path) -> None:
    found = built(RemoteBases(GitStore(str(tmp_path / "git"))), f"{site}/a.yaml")
    assert [o["metadata"]["name"] for o in found.objects] == ["far"]


def test_a_file_may_not_be_of_any_size(site: str, tmp_path: Path) -> None:
    with pytest.raises(HoldfastError, match="longer than"):
        built(RemoteBases(GitStore(str(tmp_path / "git"))), f"{site}/large.yaml")


def test_a_build_may_not_ask_for_any_number_of_them(site: str, tmp_path: Path) -> None:
    with pytest.raises(HoldfastError, match="more than 32"):
        built(RemoteBases(GitStore(str(tmp_path / "git"))), *(f"{site}/{n}.yaml" for n in range(40)))

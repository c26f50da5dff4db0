"""The repository server's questions, answered out of a real repository."""

from __future__ import annotations

import io
import json
import tarfile
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from holdfast.base.errors import HoldfastError
from holdfast.cluster.client import Client
from holdfast.controller.app_repository import AppRepository
from holdfast.controller.applications import Applications
from holdfast.dialects.argo.messages import MESSAGES, SERVICE
from tests.unit.controller.conftest import Repository
from tests.unit.controller.test_applications import config, working


class Server:
    def __init__(self, applications: Applications, repository: Repository) -> None:
        self._methods = AppRepository(applications, applications.source).methods()
        self.url = repository.url

    async def ask(self, method: str, question: str, answer: str, /, **values: Any) -> dict[str, Any]:
        data = MESSAGES.encode(question, values)
        return MESSAGES.decode(answer, await self._methods[SERVICE + method]([data]))

    async def manifests(self, name: str, **values: Any) -> dict[str, Any]:
        return await self.ask("GenerateManifest", "ManifestRequest", "ManifestResponse", **self.request(name, **values))

    def request(self, name: str, **values: Any) -> dict[str, Any]:
        source = {"repoURL": self.url, "path": "."}
        rest = {"repo": {"repo": self.url}, "namespace": "n", "projectName": "default", "applicationSource": source}
        return {"appName": name, **rest, **values}

    async def with_files(self, request: dict[str, Any], archive: bytes) -> dict[str, Any]:
        parts: list[dict[str, Any]] = [{"request": request}, {"chunk": {"chunk": archive}}]
        sent = [MESSAGES.encode("ManifestRequestWithFiles", p) for p in parts]
        return MESSAGES.decode("ManifestResponse", await self._methods[f"{SERVICE}GenerateManifestWithFiles"](sent))


@pytest.fixture
async def server(flux: Client, repository: Repository, tmp_path: Path) -> AsyncIterator[Server]:
    async with working(flux, tmp_path / "git") as applications:
        yield Server(applications, repository)


def _name() -> str:
    return f"a-{uuid.uuid4().hex[:8]}"


async def test_manifests_of_any_revision_carry_the_marks_of_their_application(
    server: Server, repository: Repository
) -> None:
    first = repository.commit(cm__yaml=config("a", "1")).rpartition(":")[2]
    repository.commit(cm__yaml=config("a", "2"))
    name = _name()
    newest = await server.manifests(name)
    (made,) = map(json.loads, newest["manifests"])
    assert made["data"] == {"value": "2"} and newest["sourceType"] == "Directory" and newest["namespace"] == "n"
    assert made["metadata"]["annotations"]["argocd.argoproj.io/tracking-id"] == f"{name}:/ConfigMap:n/a"
    older = await server.manifests(name, revision=first)
    assert json.loads(older["manifests"][0])["data"] == {"value": "1"} and older["revision"] == first


async def test_what_cannot_be_rendered_is_told_without_the_words_of_the_controller(
    server: Server, repository: Repository
) -> None:
    repository.commit(cm__yaml=config("a"))
    lost = {"repoURL": server.url, "path": "lost"}
    with pytest.raises(HoldfastError) as caught:
        await server.manifests(_name(), applicationSource=lost)
    assert caught.value.message == "lost: app path does not exist"


async def test_revisions_mean_commits_and_commits_have_authors(server: Server, repository: Repository) -> None:
    commit = repository.commit("why it was done", cm__yaml=config("a")).rpartition(":")[2]
    repository.git("tag", "v1")
    app = {"spec": {"project": "default", "source": {"repoURL": server.url, "path": "."}}}
    question = ("ResolveRevision", "ResolveRevisionRequest", "ResolveRevisionResponse")
    found = await server.ask(*question, app=app, ambiguousRevision="v1")
    assert found == {"revision": commit, "ambiguousRevision": f"v1 ({commit})"}
    repo = {"repo": server.url}
    told = await server.ask(
        "GetRevisionMetadata", "RevisionMetadataRequest", "RevisionMetadata", repo=repo, revision=commit
    )
    assert (told["author"], told["tags"], told["message"]) == ("A <a@example.com>", ["v1"], "why it was done\n")
    assert told["date"]["seconds"] > 1_500_000_000
    refs = await server.ask("ListRefs", "RepositoryRequest", "Refs", repo=repo)
    assert refs == {"branches": ["main"], "tags": ["v1"]}


async def test_a_repository_is_tested_and_its_kind_of_source_told(server: Server, repository: Repository) -> None:
    repository.commit(kustomization__yaml="resources: [cm.yaml]\n", cm__yaml=config("a"))
    tested = await server.ask(
        "TestRepository", "RepositoryRequest", "TestRepositoryResponse", repo={"repo": server.url}
    )
    assert tested == {"verifiedRepository": True}
    with pytest.raises(HoldfastError, match="error testing repository connectivity"):
        await server.ask(
            "TestRepository", "RepositoryRequest", "TestRepositoryResponse", repo={"repo": f"{server.url}-lost"}
        )
    source = {"repoURL": server.url, "path": "."}
    details = await server.ask(
        "GetAppDetails",
        "AppDetailsQuery",
        "AppDetailsResponse",
        appName=_name(),
        source=source,
        repo={"repo": server.url, "project": "default"},
    )
    assert details["type"] == "Kustomize"
    assert await server.ask("ListPlugins", "Empty", "Empty") == {}


async def test_files_that_come_along_are_rendered_in_place_of_the_repository(
    server: Server, repository: Repository
) -> None:
    repository.commit(cm__yaml=config("a", "committed"))
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        member = tarfile.TarInfo("cm.yaml")
        member.size = len(config("a", "brought"))
        archive.addfile(member, io.BytesIO(config("a", "brought").encode()))
    found = await server.with_files(server.request(_name()), packed.getvalue())
    assert json.loads(found["manifests"][0])["data"] == {"value": "brought"}

"""Fields of live objects told by line and commit, or by who changed them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pygit2

from holdfast.app.blame import Row, blame_object, selected
from holdfast.app.controller import install
from holdfast.cluster.client import Client, PatchType
from holdfast.kube.leaves import parsed
from holdfast.kube.refs import Manifest, ObjectRef

MANAGER = "kustomize-controller"
GROUP = "kustomize.toolkit.fluxcd.io"


def repository(path: Path, *versions: Mapping[str, str]) -> str:
    """One commit per version, each by an author of its own; returns the last commit."""
    repo = pygit2.init_repository(str(path), initial_head="main")
    commit = ""
    for number, files in enumerate(versions, 1):
        for name, text in files.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_text(text)
        repo.index.add_all()
        who = pygit2.Signature(f"Author {number}", "a@example.org")
        parents = [commit] if commit else []
        tree = repo.index.write_tree()
        commit = str(repo.create_commit("HEAD", who, who, f"Change {number}", tree, parents))
    return commit


def config_map(namespace: str) -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\n  namespace: {namespace}\ndata:\n  a: one\n  b: two\n"


async def unit(client: Client, namespace: str, url: str, revision: str) -> None:
    meta = {"name": "apps", "namespace": namespace}
    spec = {"interval": "1h", "path": "./", "prune": True, "sourceRef": {"kind": "GitRepository", "name": "apps"}}
    source = {
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "GitRepository",
        "metadata": meta,
        "spec": {"interval": "1h", "url": url},
    }
    await client.create(source)
    made = await client.create({"apiVersion": f"{GROUP}/v1", "kind": "Kustomization", "metadata": meta, "spec": spec})
    status = {"status": {"lastAppliedRevision": revision}}
    await client.patch(ObjectRef.of(made), status, PatchType.MERGE, version="v1", subresource="status")


async def owned(client: Client, namespace: str, **data: str) -> Manifest:
    labels = {f"{GROUP}/name": "apps", f"{GROUP}/namespace": namespace}
    meta = {"name": "web", "namespace": namespace, "labels": labels}
    obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data}
    return await client.apply(obj, manager=MANAGER, force=True)


def one(rows: tuple[Row, ...], field: str) -> Row:
    (found,) = selected(rows, parsed(field))
    return found


async def test_fields_are_told_by_line_and_commit_and_changes_by_their_manager(
    client: Client, namespace: str, tmp_path: Path
) -> None:
    await install(client, local_sources=True)
    text = config_map(namespace)
    commit = repository(tmp_path / "repo", {"web.yaml": text}, {"web.yaml": text.replace("two", "three")})
    await unit(client, namespace, f"file://{tmp_path / 'repo'}", f"main@sha1:{commit}")
    live = await owned(client, namespace, a="one", b="three")
    body = {"data": {"b": "edited", "c": "mine"}}
    live = await client.patch(ObjectRef.of(live), body, PatchType.MERGE, version="v1", manager="somebody")

    found = await blame_object(client, live, [])

    first, second, foreign = (one(found.rows, f"data.{key}") for key in "abc")
    assert first.origin is not None and first.commit is not None
    assert (first.origin.file, first.origin.line, first.commit.subject) == ("web.yaml", 7, "Change 1")
    assert second.commit is not None and second.commit.author == "Author 2 <a@example.org>"
    assert (second.value, second.wanted) == ("edited", "three")
    assert second.manager.startswith("somebody (Update")
    assert foreign.origin is None and foreign.manager.startswith("somebody (Update")


async def test_an_object_that_nobody_owns_is_told_by_its_managers(client: Client, namespace: str) -> None:
    meta = {"name": "free", "namespace": namespace}
    obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"a": "1"}}
    live = await client.apply(obj, manager="hand")
    found = await blame_object(client, live, [])
    assert one(found.rows, "data.a").manager.startswith("hand (Apply")
    assert found.unit == ""

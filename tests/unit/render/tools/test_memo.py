"""Renderings of sources are remembered as long as what they depend on stays."""

from __future__ import annotations

from dataclasses import replace

from holdfast.base.tree import MemoryTree
from holdfast.dialects.argo.source_shapes import fault
from holdfast.dialects.argo.sources import environment, read_source
from holdfast.kustomize.errors import KustomizeError
from holdfast.kustomize.options import Fetched
from holdfast.render.tools import Doors, SourceMemo, SourceRequest

FILES = {
    "app/cm.yaml": b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cm}\n",
    "other/cm.yaml": b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: other}\n",
    "README.md": b"read me",
}


def _request(files: dict[str, bytes], identity: str, path: str = "app") -> SourceRequest:
    source = read_source({"repoURL": "r", "path": path})
    values = environment("web", "ns", "default", source, identity * 40)
    return SourceRequest("web", "ns", source, MemoryTree(files), identity, read_source, fault, environment=values)


def test_a_commit_to_another_directory_renders_nothing() -> None:
    memo = SourceMemo()
    first = memo.render(_request(FILES, "1"))
    again = memo.render(_request({**FILES, "other/cm.yaml": b"", "README.md": b"more"}, "2"))
    assert (again is first, memo.renders) == (True, 1)


def test_a_new_file_in_the_directory_renders_again() -> None:
    memo = SourceMemo()
    memo.render(_request(FILES, "1"))
    made = memo.render(_request({**FILES, "app/b.yaml": FILES["other/cm.yaml"]}, "2"))
    assert ([o["metadata"]["name"] for o in made.objects], memo.renders) == (["other", "cm"], 2)


def test_a_revision_that_the_build_uses_renders_again() -> None:
    files = {
        "c/Chart.yaml": b"apiVersion: v2\nname: c\nversion: 0.1.0\n",
        "c/templates/cm.yaml": b"kind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\ndata: {r: '{{ .Values.r }}'}\n",
    }
    memo = SourceMemo()
    declared = read_source(
        {"repoURL": "r", "path": "c", "helm": {"parameters": [{"name": "r", "value": "$ARGOCD_APP_REVISION"}]}}
    )
    for identity in ("1", "2"):
        request = replace(_request(files, identity), source=declared)
        assert memo.render(request).objects[0]["data"]["r"] == identity * 40
    assert memo.renders == 2


def test_what_is_asked_for_afresh_is_rendered() -> None:
    memo = SourceMemo()
    memo.render(_request(FILES, "1"))
    memo.render(_request(FILES, "1"), fresh=True)
    assert memo.renders == 2


def test_what_came_from_outside_is_remembered_for_a_while() -> None:
    asked: list[str] = []
    now = [0.0]

    def base(url: str) -> Fetched:
        asked.append(url)
        kustomization = b"resources: [cm.yaml]\nnamePrefix: remote-\n"
        return Fetched(MemoryTree({"b/kustomization.yaml": kustomization, "b/cm.yaml": FILES["app/cm.yaml"]}), "b")

    def resource(url: str) -> bytes:
        raise KustomizeError(f"{url} is no file")

    files = {"app/kustomization.yaml": b"resources: ['https://git.example/org/base//b?ref=main']\n"}
    memo = SourceMemo(clock=lambda: now[0])
    request = replace(_request(files, "1"), doors=Doors(base=base, resource=resource))
    for at, asking in ((0.0, 1), (100.0, 1), (180.0, 2)):
        now[0] = at
        assert [o["metadata"]["name"] for o in memo.render(request).objects] == ["remote-cm"]
        assert (len(asked), memo.renders) == (asking, asking)

"""What ``holdfast up`` starts with."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from holdfast.app.up import locate, manifests

APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: root}
spec:
  project: default
  source: {repoURL: https://git.example/repo.git, path: apps}
  destination: {server: https://kubernetes.default.svc}
"""
KUSTOMIZATION = """\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: all, namespace: flux-system}
spec: {interval: 1m, prune: true, path: ./apps, sourceRef: {kind: GitRepository, name: flux-system}}
"""


def repository(directory: Path, **files: str) -> str:
    (directory / "apps").mkdir()
    (directory / "apps/c.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n")
    for name, text in files.items():
        (directory / f"{name}.yaml").write_text(text)
    subprocess.run(["git", "init", "-q", "-b", "trunk", str(directory)], check=True)
    return str(directory)


def kinds(place: str) -> list[str]:
    return [o["kind"] for o in manifests(locate(place, None, None))]


def test_an_argo_cd_repository_starts_with_its_roots_alone(tmp_path: Path) -> None:
    assert kinds(repository(tmp_path, root=APPLICATION)) == ["Application"]


def test_a_flux_repository_starts_with_a_source_and_a_unit(tmp_path: Path) -> None:
    found = locate(repository(tmp_path, all=KUSTOMIZATION), None, None)
    assert (found.branch, [o["kind"] for o in manifests(found)]) == ("trunk", ["GitRepository", "Kustomization"])


def test_a_repository_of_both_starts_with_both(tmp_path: Path) -> None:
    assert kinds(repository(tmp_path, root=APPLICATION, all=KUSTOMIZATION)) == [
        "GitRepository",
        "Kustomization",
        "Application",
    ]


def test_where_no_object_names_a_namespace_one_is_chosen(tmp_path: Path) -> None:
    found = locate(repository(tmp_path), None, None)
    assert found.unplaced
    _, unit = manifests(replace(found, target_namespace="web"))
    assert unit["spec"]["targetNamespace"] == "web"


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: d, namespace: here}\n",
        "apiVersion: v1\nkind: ConfigMap\n",
        KUSTOMIZATION,
    ],
    ids=["one that names one", "one that cannot be rendered", "a unit"],
)
def test_beside_others_a_namespace_is_nobodys_choice(tmp_path: Path, text: str) -> None:
    assert not locate(repository(tmp_path, more=text), None, None).unplaced


def test_what_has_no_namespace_needs_none(tmp_path: Path) -> None:
    place = repository(tmp_path)
    (tmp_path / "apps/c.yaml").write_text("apiVersion: v1\nkind: Namespace\nmetadata: {name: n}\n")
    assert not locate(place, None, None).unplaced

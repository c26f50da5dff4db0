"""The harness: write files, build, compare all of the YAML; or see how the build fails."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest

from holdfast.base.tree import MemoryTree
from holdfast.kube import yaml
from holdfast.kustomize import BuildOptions, BuildResult, KustomizeError, build


class Harness:
    """A repository in memory."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.links: dict[str, str] = {}

    def write(self, path: str, text: str) -> Harness:
        self.files[path] = textwrap.dedent(text).lstrip("\n").encode()
        return self

    def link(self, path: str, target: str) -> Harness:
        self.links[path] = target
        return self

    def result(self, path: str = "", **options: Any) -> BuildResult:
        return build(MemoryTree(self.files, self.links), path, BuildOptions(**options))

    def build(self, path: str = "", **options: Any) -> str:
        return yaml.dump_all(self.result(path, **options).manifests)

    def builds_to(self, expected: str, path: str = "", **options: Any) -> None:
        assert self.build(path, **options) == textwrap.dedent(expected).lstrip("\n")

    def fails(self, path: str = "", **options: Any) -> str:
        with pytest.raises(KustomizeError) as caught:
            self.build(path, **options)
        return caught.value.message


@pytest.fixture
def repo() -> Harness:
    return Harness()


@pytest.fixture
def web(repo: Harness) -> Harness:
    """A repository with one Deployment in ``web.yaml``."""
    return repo.write(
        "web.yaml",
        """
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: web
        spec:
          template:
            spec:
              containers:
              - name: main
                image: nginx:1.25
        """,
    )

"""Numbers of replicas."""

from __future__ import annotations

from typing import Any

import pytest

HEAD = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: "


@pytest.mark.parametrize(("old", "new"), [("1", 3), ('"1"', "3"), ("'1'", "3"), ("some", 3), ("", 3), ("true", 3)])
@pytest.mark.parametrize("patched", [False, True])
def test_the_quotes_of_what_stood_there_stay(repo: Any, old: str, new: object, patched: bool) -> None:
    patches = "patches: [{path: p.yaml}]\n" if patched else ""
    repo.write("kustomization.yaml", f"resources: [d.yaml]\n{patches}replicas: [{{name: web, count: 3}}]\n")
    repo.write("d.yaml", f"{HEAD}{old}\n").write("p.yaml", f"{HEAD}7\n")
    assert repo.result().manifests[0]["spec"]["replicas"] == new


def test_a_name_that_nothing_has_is_refused(repo: Any) -> None:
    repo.write("kustomization.yaml", "resources: [d.yaml]\nreplicas: [{name: api, count: 3}]\n").write(
        "d.yaml", HEAD + "1\n"
    )
    assert "resource with name api does not match a config with the following GVK" in repo.fails()

"""Generated ConfigMaps and Secrets."""

from __future__ import annotations

from typing import Any

import pytest


def test_literals_files_and_env_files_come_together(repo: Any) -> None:
    repo.write("app.ini", "[a]\n").write("e.env", "# c\nX=1\n\nY\n  Z=a=b\n")
    repo.write(
        "kustomization.yaml",
        """
        configMapGenerator:
        - name: c
          literals: ['q="x"']
          files: [app.ini, other=app.ini]
          envs: [e.env]
          options: {disableNameSuffixHash: true}
        """,
    )
    assert repo.result().resources[0].manifest["data"] == {
        "q": "x",
        "app.ini": "[a]\n",
        "other": "[a]\n",
        "X": "1",
        "Y": "",
        "Z": "a=b",
    }


def test_bytes_that_are_no_text_become_binary_data(repo: Any) -> None:
    repo.files["b"] = b"\xff\xfe"
    repo.write("kustomization.yaml", "configMapGenerator: [{name: c, files: [b]}]\n")
    assert repo.result().resources[0].manifest["binaryData"] == {"b": "//4="}


def test_a_secret_without_pairs_has_empty_data(repo: Any) -> None:
    repo.write("kustomization.yaml", "secretGenerator: [{name: s}]\n")
    assert repo.result().resources[0].manifest["data"] == {}


def test_an_overlay_merges_into_a_generated_map_and_the_hash_follows(repo: Any) -> None:
    repo.write("base/kustomization.yaml", "configMapGenerator: [{name: c, literals: [a=1, b=1]}]\n")
    repo.write(
        "kustomization.yaml", "resources: [base]\nconfigMapGenerator: [{name: c, behavior: merge, literals: [b=2]}]\n"
    )
    merged = repo.result().resources[0]
    assert merged.manifest["data"] == {"a": "1", "b": "2"}
    assert merged.name != repo.result("base").resources[0].name


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("{name: c, literals: [a]}", "invalid literal source a, expected key=value"),
        ("{name: c, literals: [a=1, a=2]}", "configmap c illegally repeats the key `a`"),
        ("{name: c, files: [x=]}", 'missing file path for key name "x" in source "x="'),
        ("{literals: [a=1]}", "a configmap must have a name"),
        ('{name: c, literals: ["a=\\x7f"]}', "yaml: control characters are not allowed (U+007F)"),
        ('{name: c, literals: ["\\u0081=a"]}', "yaml: control characters are not allowed (U+0081)"),
        ("{name: c, behavior: merge}", "does not exist; cannot merge or replace"),
    ],
)
def test_what_cannot_be_generated_is_refused(repo: Any, entry: str, problem: str) -> None:
    assert problem in repo.write("kustomization.yaml", f"configMapGenerator: [{entry}]\n").fails()


def test_long_secrets_are_wrapped_as_kustomize_wraps_them(repo: Any) -> None:
    repo.write("kustomization.yaml", f"secretGenerator: [{{name: s, literals: [a={'x' * 60}]}}]\n")
    lines = repo.result().resources[0].manifest["data"]["a"].split("\n")
    assert [len(line) for line in lines] == [70, 10, 0]

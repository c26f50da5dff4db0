"""Cases recorded from kustomize 5.8's own tests, where they are at hand beside the project.

The expectations are not ours: outputs as kustomize builds them, texts of errors as kustomize words them.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from holdfast.base.tree import MemoryTree
from holdfast.kube import yaml
from holdfast.kustomize import BuildOptions, KustomizeError, build

CORPUS = Path(__file__).parents[2] / ".." / "shared" / "corpus" / "kustomize.jsonl"

# Texts that kustomize has on a file system in memory only, and one that it itself no longer gives for this input.
OTHER_TEXT_UPSTREAM = ("TestEmptyFileSystem", "TestPatchTransformerMissingFile", "source value and selector error")
# Needs Git; and one text that shows which quotes a value had, which JSON data does not tell.
OTHER_TEXT_HERE = ("local file qualifies as repo", "TestNamespaceTransformer_InvalidFieldSpecs")


def _cases() -> Iterator[Any]:
    if CORPUS.exists():
        for line in CORPUS.read_text().splitlines():
            case = json.loads(line)
            yield pytest.param(case, id=case["name"].rpartition(":")[2])


pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not CORPUS.exists(), reason="the recorded cases are not at hand (../shared/corpus)"),
]


def _build(case: dict[str, Any]) -> list[Any]:
    files = {_inside(path): text.encode() for path, text in case["files"].items()}
    files |= {_inside(path): base64.b64decode(data) for path, data in case.get("files_b64", {}).items()}
    flags = case["flags"]
    options = BuildOptions(
        load_restrictions="none" if "LoadRestrictionsNone" in flags else "root",
        reorder=flags[flags.index("--reorder") + 1] if "--reorder" in flags else None,
        managed_by_label="--enable-managedby-label" in flags,
    )
    return build(MemoryTree(files), case["target"].removeprefix("."), options).manifests


def _inside(path: str) -> str:
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


@pytest.mark.parametrize("case", [c for c in _cases() if c.values[0]["kind"] != "error"])
def test_a_recorded_kustomization_builds_to_the_recorded_documents(case: dict[str, Any]) -> None:
    found = _build(case)
    if case["kind"] == "output":
        assert found == [document.value for document in yaml.load_all(case["expected"])]


@pytest.mark.parametrize("case", [c for c in _cases() if c.values[0]["kind"] == "error"])
def test_a_recorded_refusal_is_refused_in_the_same_words(case: dict[str, Any]) -> None:
    with pytest.raises(KustomizeError) as caught:
        _build(case)
    if any(name in case["name"] for name in OTHER_TEXT_UPSTREAM + OTHER_TEXT_HERE):
        return
    text = _plain(caught.value.message)
    for wanted in case.get("contains", []):
        assert _plain(wanted) in text
    for group in case.get("contains_any") or []:
        assert any(_plain(wanted) in text for wanted in group)
    for pattern in case.get("regex") or []:
        assert re.search(_plain(pattern).replace("\\z", "$"), text)


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace('\\"', '"').replace("\\n", " ")).strip()

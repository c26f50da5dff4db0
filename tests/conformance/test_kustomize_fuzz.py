"""Random kustomizations, built by us and by the real kustomize 5.8: the same documents, or an error from both.

A small number by default; ``HOLDFAST_FUZZ_CASES=2000`` runs it at length.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

from holdfast.base.tree import MemoryTree
from holdfast.kube import yaml
from holdfast.kube.refs import Manifest
from holdfast.kustomize import BuildOptions, KustomizeError, build

from .kustomize_overlays import Files, kustomizations

CASES = int(os.environ.get("HOLDFAST_FUZZ_CASES", "15"))
REAL = shutil.which("kustomize") or str(Path.home() / "go" / "bin" / "kustomize")


def _version() -> str:
    try:
        return subprocess.run([REAL, "version"], capture_output=True, text=True, check=True).stdout.strip()
    except OSError:
        return ""


needs_kustomize = pytest.mark.skipif(
    not _version().startswith("v5.8"), reason="compares with kustomize 5.8, which is not installed"
)


@needs_kustomize
@pytest.mark.timeout(0)
@given(case=st.deferred(kustomizations))
@settings(
    max_examples=CASES,
    deadline=None,
    report_multiple_bugs=False,
    phases=(Phase.reuse, Phase.generate, Phase.shrink),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_random_kustomizations_build_as_the_real_one_builds_them(
    case: tuple[Files, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    files, path = case
    top = tmp_path_factory.mktemp("case")
    for name, text in files.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(text)
    real = subprocess.run([REAL, "build", str(top / path)], capture_output=True, text=True, timeout=60, check=False)
    shutil.rmtree(top)
    # A panic is no judgement; one is known, where a replacement makes a name empty that a prefix or suffix is put to.
    if "\npanic: " in f"\n{real.stderr}":
        event("the real one panics")
        return
    tree = MemoryTree({name: text.encode() for name, text in files.items()})
    ours, refusal = _ours(tree, path, str(top))
    event("built" if ours is not None else "refused")
    if ours is None:
        assert real.returncode != 0, f"we refuse what kustomize builds: {refusal}"
    else:
        assert real.returncode == 0, f"we build what kustomize refuses: {real.stderr}"
        assert ours == [document.value for document in yaml.load_all(real.stdout)]


def _ours(tree: MemoryTree, path: str, display_root: str) -> tuple[list[Manifest] | None, str]:
    try:
        return build(tree, path, BuildOptions(display_root=display_root)).manifests, ""
    except KustomizeError as err:
        return None, err.message

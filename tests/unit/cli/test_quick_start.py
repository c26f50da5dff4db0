"""A plain build loads nothing that it does not need: its start is most of its time (docs/design/0004-quick-start.md)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from holdfast.kube import native

FILES = {
    "kustomization.yaml": "resources:\n- web.yaml\nnamePrefix: dev-\nimages:\n- name: nginx\n  newTag: '1.27'\n"
    "configMapGenerator:\n- name: app\n  literals:\n  - a=b\n",
    "web.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  containers:\n  - name: web\n    image: nginx:1.25\n",
}
SCRIPT = """
import sys
from holdfast.cli import main
sys.argv = ["holdfast", "kustomize", "build", sys.argv[1]]
code = main.main()
print(",".join(sorted(sys.modules)), file=sys.stderr)
sys.exit(code)
"""
HEAVY = {
    "argparse",
    "asyncio",
    "dataclasses",
    "datetime",
    "hashlib",
    "inspect",
    "json",
    "pathlib",
    "subprocess",
    "tempfile",
    "yaml",
}


def modules_of_a_build(directory: Path) -> set[str]:
    for name, text in FILES.items():
        (directory / name).write_text(text)
    done = subprocess.run([sys.executable, "-c", SCRIPT, str(directory)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "name: dev-app-" in done.stdout
    return set(done.stderr.strip().splitlines()[-1].split(","))


def test_a_plain_build_loads_no_heavy_module(tmp_path: Path) -> None:
    assert modules_of_a_build(tmp_path) & HEAVY == set()


def test_with_the_compiled_module_it_loads_no_other_parser(tmp_path: Path) -> None:
    if native.read is None:
        pytest.skip("the compiled module was not built here: no C compiler")
    assert modules_of_a_build(tmp_path) & {"re2", "yaml_rs", "yaml_rs._yaml_rs"} == set()

"""Client libraries against a sandbox (skipped where they are not installed).

``HOLDFAST_TEST_CLIENT_PYTHON`` names a Python that has them, if it is not this one.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PYTHON = os.environ.get("HOLDFAST_TEST_CLIENT_PYTHON", sys.executable)
SCRIPTS = {"kubernetes": "official.py", "kr8s": "kr8s_client.py", "lightkube": "lightkube_client.py"}


@pytest.fixture(scope="module")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    place = tmp_path_factory.mktemp("sandbox")
    file = place / "kubeconfig"
    environment = {**os.environ, "XDG_STATE_HOME": str(place)}
    holdfast = [sys.executable, "-m", "holdfast", "sandbox"]
    subprocess.run([*holdfast, "start", "--name", "clients", "--kubeconfig", str(file)], check=True, env=environment)
    yield file
    subprocess.run([*holdfast, "stop", "--name", "clients"], check=True, env=environment)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("package", SCRIPTS)
def test_a_client_library_works_as_with_a_real_cluster(package: str, kubeconfig: Path) -> None:
    if subprocess.run([PYTHON, "-c", f"import {package}"], capture_output=True, check=False).returncode:
        pytest.skip(f"{PYTHON} has no package {package}")
    script = Path(__file__).parent / "clients" / SCRIPTS[package]
    result = subprocess.run([PYTHON, str(script), str(kubeconfig)], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr

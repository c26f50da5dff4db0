"""The real helm against a sandbox (skipped where there is none on PATH)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

HELM = shutil.which("helm")
HOOK = """\
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ .Release.Name }}-before
  annotations:
    helm.sh/hook: pre-install,pre-upgrade
    helm.sh/hook-delete-policy: before-hook-creation
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{name: job, image: busybox, command: ["true"]}]
"""


@pytest.fixture
def helm(tmp_path: Path) -> Iterator[Callable[..., str]]:
    if HELM is None:
        pytest.skip("no helm on PATH")
    program = HELM
    file = tmp_path / "kubeconfig"
    homes = {f"XDG_{kind}_HOME": str(tmp_path / kind) for kind in ("STATE", "CACHE", "CONFIG", "DATA")}
    environment = {**os.environ, **homes, "KUBECONFIG": str(file)}
    holdfast = [sys.executable, "-m", "holdfast", "sandbox"]
    subprocess.run([*holdfast, "start", "--name", "helm", "--kubeconfig", str(file)], check=True, env=environment)

    def run(*args: str) -> str:
        result = subprocess.run(
            [program, *args], capture_output=True, text=True, check=False, env=environment, cwd=tmp_path
        )
        assert result.returncode == 0, result.stderr
        return result.stdout

    yield run
    subprocess.run([*holdfast, "stop", "--name", "helm"], check=True, env=environment)


def test_a_release_lives_from_install_to_uninstall(helm: Callable[..., str], tmp_path: Path) -> None:
    helm("create", "web")
    (tmp_path / "web" / "templates" / "before.yaml").write_text(HOOK)
    helm("install", "web", "web", "--wait", "--timeout", "60s")
    helm("upgrade", "web", "web", "--set", "replicaCount=2", "--wait", "--timeout", "60s")
    assert json.loads(helm("get", "values", "web", "-o", "json")) == {"replicaCount": 2}
    assert "replicas: 2" in helm("get", "manifest", "web")
    assert "web-before" in helm("get", "hooks", "web")
    assert "Succeeded" in helm("test", "web", "--timeout", "60s")
    helm("rollback", "web", "1", "--wait", "--timeout", "60s")
    history = json.loads(helm("history", "web", "-o", "json"))
    assert [h["status"] for h in history] == ["superseded", "superseded", "deployed"]
    assert [r["name"] for r in json.loads(helm("list", "-A", "-o", "json"))] == ["web"]
    helm("uninstall", "web", "--wait", "--timeout", "60s")
    assert json.loads(helm("list", "-A", "-o", "json")) == []

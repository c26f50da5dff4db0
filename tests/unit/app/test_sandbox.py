"""A sandbox from start to stop, as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def _sandbox(place: Path, *args: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "HOLDFAST_STATE_DIR": str(place)}
    command = [sys.executable, "-m", "holdfast", "sandbox", *args]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def test_it_starts_once_keeps_its_address_and_stops(tmp_path: Path) -> None:
    file = tmp_path / "kubeconfig"
    start = ("start", "--name", "t", "--controllers", "none", "--kubeconfig", str(file))
    first = _sandbox(tmp_path, *start)
    try:
        assert first.returncode == 0, first.stderr
        config = file.read_text()
        assert "certificate-authority-data" in config and "client-key-data" in config
        assert file.stat().st_mode & 0o077 == 0
        again = _sandbox(tmp_path, *start)
        assert again.returncode == 1 and "runs already" in again.stderr
        assert _sandbox(tmp_path, "status", "--name", "t").returncode == 0
        assert _sandbox(tmp_path, "kubeconfig", "--name", "t").stdout == config
    finally:
        stopped = _sandbox(tmp_path, "stop", "--name", "t")
    assert "stopped" in stopped.stdout
    assert _sandbox(tmp_path, "status", "--name", "t").returncode == 1


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        answer = _sandbox(tmp_path, "start", "--name", "t", "--controllers", "none", "--port", port)
    assert answer.returncode == 1 and "did not start" in answer.stderr and "Traceback" not in answer.stderr

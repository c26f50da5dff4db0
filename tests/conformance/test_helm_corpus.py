"""The corpus recorded from the real helm, rendered by our command line in one process after the other."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"


@pytest.mark.corpus
@pytest.mark.timeout(900)
@pytest.mark.skipif(not (CORPUS / "helm" / "cases.jsonl").is_file(), reason="the corpus is not at hand")
def test_every_recorded_case_passes() -> None:
    command = f"{sys.executable} -m holdfast helm template {{name}} {{chart}} {{flags}}"
    words = [
        sys.executable,
        str(CORPUS / "run_helm_cases.py"),
        str(CORPUS / "helm" / "cases.jsonl"),
        "--cmd",
        command,
        "--jobs",
        "1",
    ]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:]

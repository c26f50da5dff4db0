"""Chart directories rendered by us and by the ``helm`` on PATH, compared text by text.

``HELM_CHARTS`` names directories (separated by colons) below which every directory with a Chart.yaml is a chart; a file
``ci/*-values.yaml`` in a chart is one more render of it. Skipped where there is no helm or no such directory.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HELM = shutil.which("helm")
ROOTS = [Path(p) for p in os.environ.get("HELM_CHARTS", "").split(":") if p]
# What differs from run to run with the real helm as well.
_RANDOM = re.compile(r"[A-Za-z0-9+/=]{24,}|[0-9a-f]{8}-[0-9a-f-]{27}|\$2a\$10\$\S+")


def _renders() -> list[tuple[Path, Path | None]]:
    charts = sorted(
        p.parent
        for root in ROOTS
        for p in root.rglob("Chart.yaml")
        if "charts" not in p.relative_to(root).parts[:-2][1:]
    )
    return [(c, v) for c in charts for v in [None, *sorted((c / "ci").glob("*values.yaml"))]]


def _run(command: list[str], chart: Path, values: Path | None) -> tuple[int, str, str]:
    words = [*command, "template", "rel", str(chart), "--include-crds", *(["-f", str(values)] if values else [])]
    done = subprocess.run(words, capture_output=True, text=True, check=False, errors="surrogateescape")
    return done.returncode, done.stdout, done.stderr


@pytest.mark.skipif(HELM is None, reason="no helm on PATH")
@pytest.mark.skipif(not ROOTS, reason="HELM_CHARTS names no directory of charts")
@pytest.mark.parametrize(("chart", "values"), _renders(), ids=lambda p: str(p) if p else "defaults")
def test_a_public_chart_renders_as_helm_renders_it(chart: Path, values: Path | None) -> None:
    assert HELM is not None
    theirs = _run([HELM], chart, values)
    ours = _run([sys.executable, "-m", "holdfast", "helm"], chart, values)
    assert ours[0] == theirs[0], ours[2] + theirs[2]
    if theirs[0] == 0:
        assert _RANDOM.sub("RANDOM", ours[1]) == _RANDOM.sub("RANDOM", theirs[1])
    else:
        assert ours[2].splitlines()[-1:] == theirs[2].splitlines()[-1:]

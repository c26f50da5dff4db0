"""Chart directories rendered by us and by the ``helm`` on PATH, compared text by text.

``HELM_CHARTS`` names directories (separated by colons) below which every directory with a Chart.yaml is a chart; a file
``ci/*-values.yaml`` in a chart is one more render of it. Skipped where there is no helm or no such directory.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HELM = shutil.which("helm")
ROOTS = [Path(p) for p in os.environ.get("HELM_CHARTS", "").split(":") if p]


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
    if theirs[0] != 0:
        assert ours[2].splitlines()[-1:] == theirs[2].splitlines()[-1:]
    elif ours[1] != theirs[1]:
        again = _run([HELM], chart, values)[1]
        assert _steady(ours[1], theirs[1], again) == _steady(theirs[1], theirs[1], again)


def _steady(text: str, one: str, other: str) -> list[str]:
    """The lines of a text without those in which two runs of helm differ: passwords, certificates, the time."""
    changing = {i for i, (a, b) in enumerate(zip(one.splitlines(), other.splitlines(), strict=True)) if a != b}
    return ["" if i in changing else line for i, line in enumerate(text.splitlines())]

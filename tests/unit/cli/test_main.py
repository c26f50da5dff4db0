"""``holdfast`` as a command."""

from __future__ import annotations

import pytest

from holdfast.cli.main import main


def test_version_names_the_program(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["version"]) == 0
    assert capsys.readouterr().out.startswith("holdfast ")

"""``holdfast`` as a command."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from holdfast.cli.main import main
from holdfast.cli.verbs import VERBS


@pytest.mark.parametrize("word", ["version", "--version"])
def test_version_names_the_program(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([word]) == 0
    assert capsys.readouterr().out.startswith("holdfast ")


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_completion_knows_every_verb(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert all(verb.name in script for verb in VERBS)


def test_an_unknown_verb_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["frobnicate"])
    assert caught.value.code == 2 and "frobnicate" in capsys.readouterr().err


def test_no_verb_prints_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    shown = capsys.readouterr().out
    assert all(verb.name in shown for verb in VERBS)


def test_verbs_have_names_of_their_own_in_order() -> None:
    names = [verb.name for verb in VERBS]
    assert names == sorted(set(names))


def test_the_program_prints_all_and_ends_with_the_exit_code(tmp_path: Path) -> None:
    (tmp_path / "kustomization.yaml").write_text("configMapGenerator: [{name: c, literals: [a=b]}]\n")
    command = [sys.executable, "-m", "holdfast", "kustomize", "build"]
    built = subprocess.run([*command, str(tmp_path)], capture_output=True, text=True, check=False)
    assert built.returncode == 0 and built.stdout.startswith("apiVersion: v1\n") and not built.stderr
    refused = subprocess.run([*command, str(tmp_path / "x")], capture_output=True, text=True, check=False)
    assert refused.returncode == 1 and refused.stderr.startswith("Error: ")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "kustomization.yaml").write_text("configMapGenerator: [{name: c, literals: [a=b]}]\n")
    command = [sys.executable, "-m", "holdfast", "kustomize", "build", str(tmp_path)]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1 and "No space left" in done.stderr

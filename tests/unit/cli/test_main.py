"""``holdfast`` as a command."""

from __future__ import annotations

import pytest

from holdfast.cli.main import main
from holdfast.cli.verbs import VERBS


def test_version_names_the_program(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["version"]) == 0
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

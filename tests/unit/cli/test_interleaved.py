"""Words and flags in any order."""

from __future__ import annotations

from itertools import permutations

import pytest

from holdfast.cli.interleaved import InterleavedParser
from holdfast.cli.main import whole_parser
from holdfast.cli.verbs import VERBS


def parser() -> InterleavedParser:
    found = InterleavedParser(prog="p")
    found.add_argument("kind")
    found.add_argument("names", nargs="*")
    found.add_argument("-n", dest="namespace", default="")
    return found


def test_flags_may_stand_anywhere_between_words() -> None:
    wanted = parser().parse_args(["ks", "a", "b", "-n", "apps"])
    for order in permutations([["ks"], ["a"], ["b"], ["-n", "apps"]]):
        words = [w for part in order for w in part]
        found = parser().parse_args(words)
        assert (found.namespace, {found.kind, *found.names}) == (wanted.namespace, {"ks", "a", "b"})


@pytest.mark.parametrize(
    "line",
    [
        "reconcile ks -n apps web",
        "blame deployment/web -n apps spec.replicas",
        "get ks -n apps web",
        "helm template web -f values.yaml chart",
        "rollback ks -n apps web 3f2a9c1",
    ],
)
def test_verbs_take_them_so(line: str) -> None:
    words = line.split()
    flag = next(i for i, w in enumerate(words) if w.startswith("-"))
    moved = [*words[:flag], *words[flag + 2 :], *words[flag : flag + 2]]
    assert vars(whole_parser().parse_args(words)) == vars(whole_parser().parse_args(moved))


@pytest.mark.parametrize("line", [[], ["ks", "-x"], ["ks", "-n"]], ids=["too few", "an unknown flag", "no value"])
def test_what_is_wrong_is_refused(line: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        parser().parse_args(line)
    assert end.value.code == 2
    assert "usage: p" in capsys.readouterr().err


@pytest.mark.parametrize("verb", [v.name for v in VERBS])
def test_every_verb_tells_its_words_and_flags(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        whole_parser().parse_args([verb, "--help"])
    assert end.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: holdfast {verb}")


def test_the_help_tells_words_too(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(["ks", "-n", "apps", "web", "--help"])
    told = capsys.readouterr().out
    assert "kind" in told and "names" in told


def test_a_percent_sign_in_a_flag_breaks_no_refusal(capsys: pytest.CaptureFixture[str]) -> None:
    found = parser()
    found.add_argument("--budget", metavar="N|N%%", type=int)
    with pytest.raises(SystemExit):
        found.parse_args(["ks", "-n", "apps", "web", "--budget", "x"])
    assert "usage: p" in capsys.readouterr().err


def test_a_switch_may_have_its_value_behind_it() -> None:
    parser = InterleavedParser()
    parser.add_argument("words", nargs="*")
    parser.add_argument("--force", action="store_true")
    parser.add_argument("--name")
    assert parser.parse_args(["--force=true", "a"]).force
    assert not parser.parse_args(["--force=false", "a"]).force
    assert parser.parse_args(["--name=true", "--", "--force=true"]).words == ["--force=true"]
    with pytest.raises(SystemExit):
        parser.parse_args(["--force=maybe"])

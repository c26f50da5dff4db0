"""Flags read without argparse: what is read is what argparse would have read."""

from __future__ import annotations

import argparse

from hypothesis import given
from hypothesis import strategies as st

from holdfast.cli import kustomize_build

WORDS = st.sampled_from(
    [
        "dir", "other", "-", "--", "-x", "", "NAME=VALUE", "legacy",
        "--enable-helm", "--enable-helm=true", "--enable-h", "--output", "--output=out", "-o", "-oout", "-o=out", "--reorder",
        "--reorder=none", "--load-restrictor", "-e", "--env=A=B", "--env", "--helm-api-versions", "--network", "-h", "--nothing",
    ]
)  # fmt: skip


def by_argparse(words: list[str]) -> dict[str, object] | None:
    parser = argparse.ArgumentParser(add_help=False, exit_on_error=False)
    kustomize_build.add_arguments(parser)
    try:
        found = vars(parser.parse_args(words))
    except (argparse.ArgumentError, SystemExit):
        return None
    return {name: value for name, value in found.items() if name != "handler"}


@given(st.lists(WORDS, max_size=5))
def test_plain_words_are_read_as_by_argparse(words: list[str]) -> None:
    quick = kustomize_build.read(words)
    if quick is not None:
        assert vars(quick) == by_argparse(words)


def test_what_scripts_write_is_plain() -> None:
    quick = kustomize_build.read(
        ["overlay", "--load-restrictor=LoadRestrictionsNone", "-o", "out", "--enable-helm", "-e", "A=B"]
    )
    assert quick is not None
    assert (quick.targets, quick.output, quick.enable_helm, quick.env) == (["overlay"], "out", True, ["A=B"])
    assert quick.load_restrictor == "LoadRestrictionsNone" and quick.reorder is None


def test_help_and_mistakes_are_left_to_argparse() -> None:
    for words in (["--help"], ["--nothing"], ["--output"], ["--enable-helm=1"], ["a", "b"], ["--enable-h"]):
        assert kustomize_build.read(words) is None, words

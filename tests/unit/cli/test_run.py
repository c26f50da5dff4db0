from __future__ import annotations

import argparse

import pytest

from holdfast.base.errors import Stop
from holdfast.cli import run
from holdfast.model.safety import Budget


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    run.add_arguments(parser)
    return parser.parse_args(words)


def test_deletion_is_guarded_and_drift_put_right_unless_the_operator_says_otherwise() -> None:
    args = parsed()
    assert (args.deletion_safety, args.drift, args.no_cross_namespace_refs) == ("guarded", "enabled", False)
    assert run._budget(args.prune_budget) == Budget()
    assert run._budget(args.commit_prune_budget) == Budget(30, 50)
    assert parsed("--deletion-safety", "flux").deletion_safety == "flux"


def test_a_budget_that_cannot_be_read_stops_the_start() -> None:
    with pytest.raises(Stop, match="'lots' is no budget"):
        run._budget("lots")


@pytest.mark.parametrize(
    ("name", "place"), [("", None), ("keys", ("flux-system", "keys")), ("apps/keys", ("apps", "keys"))]
)
def test_the_secret_of_age_keys_is_in_the_controllers_namespace_unless_told(
    name: str, place: tuple[str, str] | None
) -> None:
    assert run._secret(name) == place

"""Versions and constraints as Masterminds/semver reads them."""

from __future__ import annotations

import pytest

from holdfast.base.semver import Constraint, InvalidConstraint, InvalidVersion, Version


@pytest.mark.parametrize(
    ("constraint", "version", "holds"),
    [
        (">=1.0.0", "1.2.0", True),
        (">=1.0.0", "1.2.0-rc.1", False),
        (">=1.0.0-0", "1.2.0-rc.1", True),
        ("~1.2", "1.2.9", True),
        ("~1.2", "1.3.0", False),
        ("~1", "1.9.0", True),
        ("^1.2.3", "1.9.0", True),
        ("^1.2.3", "2.0.0", False),
        ("^0.2.3", "0.2.9", True),
        ("^0.2.3", "0.3.0", False),
        ("^0.0.3", "0.0.4", False),
        ("1.x", "1.5.0", True),
        ("1.2.x", "1.3.0", False),
        ("*", "0.0.1", True),
        ("*", "1.0.0-alpha", False),
        ("1 - 2", "2.0.0", True),
        ("1.0.0 - 2.0.0", "2.0.1", False),
        (">1.0 <2 || >=3", "2.5.0", False),
        (">1.0 <2 || >=3", "3.0.0", True),
        (">=1.0.0, <2", "1.9.9", True),
        ("!=1.2.3", "1.2.3", False),
        ("!=1.x", "1.2.3", False),
        (">1.x", "1.9.0", False),
        (">1.x", "2.0.0", True),
        ("<=1.x", "1.9.0", True),
        ("v1.2.3", "1.2.3", True),
        ("=> 1.2", "1.2.0", True),
    ],
)
def test_a_constraint_holds_or_not(constraint: str, version: str, holds: bool) -> None:
    assert Constraint(constraint).check(Version.parse(version)) is holds


def test_prereleases_sort_by_their_parts() -> None:
    texts = ["1.0.0", "1.0.0-alpha", "1.0.0-rc.1", "1.0.0-rc.11", "1.0.0-rc.2", "1.0.0-alpha.1", "0.9.9"]
    ordered = [v.original for v in sorted(map(Version.parse, texts))]
    assert ordered == ["0.9.9", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-rc.1", "1.0.0-rc.2", "1.0.0-rc.11", "1.0.0"]


@pytest.mark.parametrize("text", ["", "one", "1.2.3.4", "1.2.3-", "a1.2"])
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(InvalidVersion):
        Version.parse(text)


@pytest.mark.parametrize("text", ["one", ">=", "", ">= 1.2.3.4", "1.2 foo"])
def test_what_is_no_constraint_is_refused(text: str) -> None:
    with pytest.raises(InvalidConstraint, match="improper constraint: "):
        Constraint(text)


def test_the_highest_that_satisfies_is_found() -> None:
    versions = [Version.parse(t) for t in ("1.0.0", "v1.10.0", "1.9.0", "2.0.0")]
    best = Constraint("^1").highest(versions)
    assert best is not None and best.original == "v1.10.0"

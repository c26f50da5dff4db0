"""What can be told of a generator without asking it."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.dialects.argo.appset.generators.transform import (
    fill_template,
    kinds,
    repositories_of,
    requeue_seconds,
    uses,
)

GIT: dict[str, Any] = {"git": {"repoURL": "https://git/app", "revision": "main"}}


def test_a_generator_is_what_it_has_an_object_for() -> None:
    assert kinds({"list": {}, "git": None, "selector": {}, "unknown": {}}) == ["list"]


@pytest.mark.parametrize(
    ("spec", "seconds"),
    [
        ({"list": {}}, None),
        ({"clusters": {}}, None),
        (GIT, 180.0),
        ({"git": {**GIT["git"], "requeueAfterSeconds": 7}}, 7.0),
        ({"git": {**GIT["git"], "requeueAfterSeconds": 0}}, None),
        ({"pullRequest": {}}, 1800.0),
        ({"matrix": {"generators": [{"list": {}}, {"plugin": {"requeueAfterSeconds": 60}}, GIT]}}, 60.0),
    ],
)
def test_what_lies_outside_is_asked_again_after_a_while(spec: dict[str, Any], seconds: float | None) -> None:
    assert requeue_seconds(spec) == seconds


def test_a_kind_is_found_inside_of_combinations() -> None:
    spec = {"merge": {"generators": [{"matrix": {"generators": [{"clusters": {}}, GIT]}}, {"list": {}}]}}
    assert uses(spec, "clusters")
    assert not uses(spec, "plugin")


def test_repositories_are_those_of_git_and_of_pull_requests() -> None:
    pulls = [
        {"pullRequest": {"github": {"owner": "o", "repo": "r"}}},
        {"pullRequest": {"gitlab": {"api": "https://gl.example/x", "project": "g/p"}}},
    ]
    assert repositories_of({"matrix": {"generators": [GIT, pulls[0]]}}) == {"https://git/app", "https://github.com/o/r"}
    assert repositories_of(pulls[1]) == {"https://gl.example/g/p"}
    assert repositories_of({"pullRequest": {"gitea": {"api": "https://gt", "owner": "o", "repo": "r"}}}) == {
        "https://gt/o/r"
    }


def test_a_template_is_filled_where_it_is_open() -> None:
    own = {"metadata": {"name": "", "labels": {"a": "own"}}, "spec": {"source": {"helm": {"valuesObject": {"x": 1}}}}}
    base = {
        "metadata": {"name": "base", "labels": {"a": "base", "b": "base"}},
        "spec": {"project": "p", "source": {"path": "p", "helm": {"valuesObject": {"y": 1}}}},
    }
    assert fill_template(own, base) == {
        "metadata": {"name": "base", "labels": {"a": "own", "b": "base"}},
        "spec": {"project": "p", "source": {"path": "p", "helm": {"valuesObject": {"x": 1}}}},
    }

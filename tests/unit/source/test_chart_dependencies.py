"""Dependencies of charts in a tree."""

from __future__ import annotations

import json

import pytest

from holdfast.base.errors import Stop
from holdfast.base.tree import MemoryTree
from holdfast.helm.chart.load import load_chart
from holdfast.helm.chart.model import Dependency
from holdfast.source.below import Below
from holdfast.source.chart_dependencies import bring_missing
from tests.charts import chart


def tree(*dependencies: dict[str, str], **more: str) -> MemoryTree:
    def head(name: str, **rest: object) -> str:
        return json.dumps({"apiVersion": "v2", "name": name, "version": "0.1.0", **rest})

    files = {
        "a/top/Chart.yaml": head("top", dependencies=list(dependencies)),
        "a/beside/Chart.yaml": head("beside"),
        **more,
    }
    return MemoryTree({path: text.encode() for path, text in files.items()})


def brought(found: MemoryTree) -> dict[str, bytes]:
    def bring(dependency: Dependency) -> tuple[str, bytes]:
        return "1.0.0", chart(dependency.name, "1.0.0")

    return bring_missing(load_chart(Below(found, "a/top")), found, "a/top", bring)


def test_a_chart_beside_is_copied_and_a_remote_one_asked_for() -> None:
    found = brought(
        tree(
            {"name": "beside", "version": "*", "repository": "file://../beside"},
            {"name": "far", "version": "1", "repository": "https://charts"},
        )
    )
    assert sorted(found) == ["charts/beside/Chart.yaml", "charts/far-1.0.0.tgz"]


def test_what_is_in_charts_already_is_left_alone() -> None:
    has = {"a/top/charts/far/Chart.yaml": json.dumps({"apiVersion": "v2", "name": "far", "version": "1.0.0"})}
    assert brought(tree({"name": "far", "version": "1", "repository": "https://charts"}, **has)) == {}


def test_the_lock_goes_before_the_wishes() -> None:
    lock = {
        "a/top/Chart.lock": json.dumps(
            {"dependencies": [{"name": "beside", "version": "0.1.0", "repository": "file://../beside"}]}
        )
    }
    assert list(brought(tree({"name": "far", "version": "1", "repository": "https://charts"}, **lock))) == [
        "charts/beside/Chart.yaml"
    ]


@pytest.mark.parametrize(
    ("dependency", "text"),
    [
        ({"repository": "file://../none"}, "failed to add local dependency 'x': no chart found at '/a/none'"),
        ({"repository": "file://../../../../etc"}, "no chart found at '/etc'"),
        ({"repository": "file://../beside", "version": "^2"}, r"can't get a valid version for constraint '\^2'"),
        ({"repository": "file://../beside", "version": "x.y"}, "invalid version/constraint format 'x.y'"),
        ({"repository": "ftp://x"}, "failed to add remote dependency 'x': dependency URL has invalid scheme: ftp://x"),
    ],
)
def test_what_cannot_be_had_is_told_as_flux_tells_it(dependency: dict[str, str], text: str) -> None:
    with pytest.raises(Stop, match=text):
        brought(tree({"name": "x", "version": "*", **dependency}))

"""``helmCharts``: which values an inflation is asked for."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.kustomize.options import ChartRequest


@pytest.mark.parametrize(
    ("entry", "values"),
    [
        pytest.param("{name: c, valuesFile: v.yaml}", {"a": True, "b": 1}, id="a file is Helm's to read: y is true"),
        pytest.param("{name: c, valuesFile: v.yaml, valuesInline: {c: 2}}", {"a": "y", "b": 1, "c": 2}, id="merged"),
        pytest.param(
            "{name: c, valuesFile: v.yaml, valuesInline: {b: 2}, valuesMerge: replace}", {"b": 2}, id="replaced"
        ),
        pytest.param("{name: c}", None, id="the chart's own"),
    ],
)
def test_values_are_those_of_the_entry(repo: Any, entry: str, values: Any) -> None:
    asked: list[ChartRequest] = []

    def inflate(request: ChartRequest) -> str:
        asked.append(request)
        return "apiVersion: v1\nkind: X\nmetadata: {name: x}\n"

    repo.write("kustomization.yaml", f"helmCharts: [{entry}]\n").write("v.yaml", "a: y\nb: 1\n")
    assert [r.name for r in repo.result(enable_helm=True, helm=inflate).resources] == ["x"]
    assert [None if r.values is None else dict(r.values) for r in asked] == [values]

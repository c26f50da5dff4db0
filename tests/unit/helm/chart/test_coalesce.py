"""Values of parents and subcharts: output and errors recorded from helm 4.3."""

from __future__ import annotations

import pytest

from tests.unit.helm.chart.charted import fault, printed


@pytest.mark.parametrize(
    ("files", "text"),
    [
        pytest.param(
            {
                "values.yaml": "s: {a: 1, n: null}\nglobal: {g: 1}\n",
                "charts/s/Chart.yaml": "apiVersion: v2\nname: s\nversion: 1.2.0\n",
                "charts/s/values.yaml": "a: 2\nb: 3\nn: 4\nm: {x: 1}\n",
                "charts/s/templates/a.yaml": "v: {{ toJson .Values }}\n",
                "templates/a.yaml": "v: {{ toJson .Values }}\n",
            },
            '---\n# Source: c/charts/s/templates/a.yaml\nv: {"a":1,"b":3,"false":4,"global":{"g":1},"m":{"x":1}}\n\n---\n# Source: c/templates/a.yaml\nv: {"global":{"g":1},"s":{"a":1,"b":3,"false":4,"global":{"g":1},"m":{"x":1}}}\n',
            id="a parent over a subchart",
        ),
        pytest.param(
            {"values.yaml": "a: {b: null, c: 1}\nd: null\n", "templates/a.yaml": "v: {{ toJson .Values }}\n"},
            '---\n# Source: c/templates/a.yaml\nv: {"a":{"c":1}}\n',
            id="nulls",
        ),
        pytest.param(
            {
                "values.yaml": "global: {a: 1, m: {x: 1}}\n",
                "charts/s/Chart.yaml": "apiVersion: v2\nname: s\nversion: 1.2.0\n",
                "charts/s/values.yaml": "global: {b: 2, m: {y: 2}}\n",
                "charts/s/templates/a.yaml": "v: {{ toJson .Values }}\n",
            },
            '---\n# Source: c/charts/s/templates/a.yaml\nv: {"global":{"a":1,"b":2,"m":{"true":2,"x":1}}}\n',
            id="globals of both",
        ),
        pytest.param(
            {
                "values.yaml": "s: {a: {x: 1}, b: 2}\n",
                "charts/s/Chart.yaml": "apiVersion: v2\nname: s\nversion: 1.2.0\n",
                "charts/s/values.yaml": "a: 1\nb: {y: 1}\n",
                "charts/s/templates/a.yaml": "v: {{ toJson .Values }}\n",
            },
            '---\n# Source: c/charts/s/templates/a.yaml\nv: {"a":{"x":1},"b":2,"global":{}}\n',
            id="a table against a value",
        ),
    ],
)
def test_a_chart_is_rendered_as_helm_renders_it(files: dict[str, str], text: str) -> None:
    assert printed(files) == text


@pytest.mark.parametrize(
    ("files", "text"),
    [
        pytest.param(
            {
                "values.yaml": "s: 1\n",
                "charts/s/Chart.yaml": "apiVersion: v2\nname: s\nversion: 1.2.0\n",
                "charts/s/templates/a.yaml": "v: {{ toJson .Values }}\n",
            },
            "type mismatch on s: %!t(float64=1)",
            id="a subchart that is no table",
        ),
    ],
)
def test_a_fault_is_told_as_helm_tells_it(files: dict[str, str], text: str) -> None:
    assert fault(files) == text

"""What templates see of charts: output and errors recorded from helm 4.3."""

from __future__ import annotations

import pytest

from tests.unit.helm.chart.charted import printed


@pytest.mark.parametrize(
    ("files", "text"),
    [
        pytest.param(
            {
                "charts/s/Chart.yaml": "apiVersion: v2\nname: s\nversion: 1.2.0\n",
                "charts/s/templates/a.yaml": "a: {{ .Template.Name }} {{ .Template.BasePath }}\n",
                "templates/a.yaml": "a: {{ .Template.Name }} {{ .Chart.IsRoot }}\n",
            },
            "---\n# Source: c/charts/s/templates/a.yaml\na: c/charts/s/templates/a.yaml c/charts/s/templates\n\n---\n# Source: c/templates/a.yaml\na: c/templates/a.yaml true\n",
            id="where a template is",
        ),
        pytest.param(
            {
                "charts/s/Chart.yaml": "apiVersion: v2\nname: s\nversion: 1.2.0\n",
                "charts/s/values.yaml": "x: 1\n",
                "templates/a.yaml": "a: {{ .Subcharts.s.Values.x }} {{ .Subcharts.s.Chart.Version }} {{ .Subcharts.s.Chart.IsRoot }}\n",
            },
            "---\n# Source: c/templates/a.yaml\na: 1 1.2.0 false\n",
            id="subcharts from above",
        ),
        pytest.param(
            {
                "Chart.yaml": 'apiVersion: v2\nname: c\nversion: 1.0.0\nappVersion: "7"\ntype: application\nsources: [a]\nmaintainers: [{name: n, email: e}]\ndependencies: []\n',
                "templates/a.yaml": "a: {{ .Chart.AppVersion }} {{ .Chart.Type }} {{ .Chart.Sources }} {{ (first .Chart.Maintainers).Name }} {{ .Chart.APIVersion }}\n",
            },
            "---\n# Source: c/templates/a.yaml\na: 7 application [a] false v2\n",
            id="what the chart says of itself",
        ),
    ],
)
def test_a_chart_is_rendered_as_helm_renders_it(files: dict[str, str], text: str) -> None:
    assert printed(files) == text

"""What a template may ask about cluster and files: output and errors recorded from helm 4.3."""

from __future__ import annotations

import pytest

from tests.unit.helm.chart.charted import fault, printed


@pytest.mark.parametrize(
    ("files", "text"),
    [
        pytest.param(
            {
                "templates/a.yaml": 'a: {{ .Capabilities.KubeVersion }} {{ .Capabilities.KubeVersion.Minor }} {{ .Capabilities.KubeVersion.GitVersion }}\nb: {{ .Capabilities.APIVersions.Has "apps/v1" }}{{ .Capabilities.APIVersions.Has "apps/v1/Deployment" }}{{ .Capabilities.APIVersions.Has "x/v1" }}\n'
            },
            "---\n# Source: c/templates/a.yaml\na: v1.37.0 37 v1.37.0\nb: truefalsefalse\n",
            id="versions",
        ),
        pytest.param(
            {
                "Chart.yaml": 'apiVersion: v2\nname: c\nversion: 1.0.0\nkubeVersion: ">=1.20-0"\n',
                "templates/a.yaml": "a: 1\n",
            },
            "---\n# Source: c/templates/a.yaml\na: 1\n",
            id="a range that fits",
        ),
        pytest.param(
            {
                "x.txt": "a",
                "templates/a.yaml": 'a:{{ (.Files.Glob "*.txt").AsSecrets | nindent 2 }}\nb: {{ .Files.GetBytes "x.txt" | toString }}\n',
            },
            "---\n# Source: c/templates/a.yaml\na:\n  x.txt: YQ==\nb: a\n",
            id="secrets of files",
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
                "Chart.yaml": 'apiVersion: v2\nname: c\nversion: 1.0.0\nkubeVersion: "<1.20"\n',
                "templates/a.yaml": "a: 1\n",
            },
            "chart requires kubeVersion: <1.20 which is incompatible with Kubernetes v1.37.0",
            id="a range that does not",
        ),
    ],
)
def test_a_fault_is_told_as_helm_tells_it(files: dict[str, str], text: str) -> None:
    assert fault(files) == text

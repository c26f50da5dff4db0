""".helmignore: output and errors recorded from helm 4.3."""

from __future__ import annotations

import pytest

from tests.unit.helm.chart.charted import fault, printed


@pytest.mark.parametrize(
    ("files", "text"),
    [
        pytest.param(
            {".helmignore": "d/\n", "d/x": "1", "templates/a.yaml": 'a: {{ .Files.Get "d/x" | quote }}\n'},
            '---\n# Source: c/templates/a.yaml\na: ""\n',
            id="a directory",
        ),
        pytest.param(
            {
                ".helmignore": "*.txt\n",
                "x.txt": "1",
                "d/y.txt": "1",
                "z.md": "1",
                "templates/a.yaml": 'a: {{ (.Files.Glob "**").AsConfig | toJson }}\n',
            },
            '---\n# Source: c/templates/a.yaml\na: ".helmignore: |\\n  *.txt\\nz.md: \\"1\\""\n',
            id="a pattern",
        ),
        pytest.param(
            {
                ".helmignore": "/x.txt\n",
                "x.txt": "1",
                "d/x.txt": "2",
                "templates/a.yaml": 'a: {{ (.Files.Glob "**.txt").AsConfig | toJson }}\n',
            },
            '---\n# Source: c/templates/a.yaml\na: "x.txt: \\"2\\""\n',
            id="a pattern from the top",
        ),
        pytest.param(
            {
                ".helmignore": "templates/b.yaml\n# comment\n\n",
                "templates/a.yaml": "a: 1\n",
                "templates/b.yaml": "b: 1\n",
            },
            "---\n# Source: c/templates/a.yaml\na: 1\n",
            id="templates",
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
                ".helmignore": "*.txt\n!x.txt\n",
                "x.txt": "1",
                "y.txt": "1",
                "templates/a.yaml": 'a: {{ (.Files.Glob "*.txt").AsConfig | toJson }}\n',
            },
            "Chart.yaml file is missing",
            id="taken back",
        ),
    ],
)
def test_a_fault_is_told_as_helm_tells_it(files: dict[str, str], text: str) -> None:
    assert fault(files) == text

"""Charts out of files: output and errors recorded from helm 4.3."""

from __future__ import annotations

import pytest

from tests.unit.helm.chart.charted import fault, printed


@pytest.mark.parametrize(
    ("files", "text"),
    [
        pytest.param(
            {"values.yaml": "a: 1\n---\nb: 2\na: 3\n", "templates/a.yaml": "v: {{ toJson .Values }}\n"},
            '---\n# Source: c/templates/a.yaml\nv: {"a":3,"b":2}\n',
            id="two documents of values",
        ),
        pytest.param(
            {"values.yaml": "\ufeffa: 1\n", "templates/a.yaml": "v: {{ toJson .Values }}\n"},
            '---\n# Source: c/templates/a.yaml\nv: {"a":1}\n',
            id="a mark at the beginning",
        ),
        pytest.param(
            {"charts/_s/x": "", "charts/.s/x": "", "templates/a.yaml": "a: 1\n"},
            "---\n# Source: c/templates/a.yaml\na: 1\n",
            id="hidden subcharts",
        ),
        pytest.param(
            {
                "templates/a.yaml": 'a: {{ .Files.Get "x.txt" | quote }}\nb: {{ (.Files.Glob "d/*").AsConfig | nindent 2 }}\nc: {{ .Files.Lines "x.txt" | toJson }}\n',
                "x.txt": "one\ntwo\n",
                "d/e": "f",
            },
            '---\n# Source: c/templates/a.yaml\na: "one\\ntwo\\n"\nb: \n  e: f\nc: ["one","two"]\n',
            id="files",
        ),
    ],
)
def test_a_chart_is_rendered_as_helm_renders_it(files: dict[str, str], text: str) -> None:
    assert printed(files) == text


@pytest.mark.parametrize(
    ("files", "text"),
    [
        pytest.param(
            {"Chart.yaml": "apiVersion: v2\nversion: 1.0.0\n"},
            "validation: chart.metadata.name is required",
            id="no name",
        ),
        pytest.param(
            {"Chart.yaml": "apiVersion: v2\nname: c\n"},
            "validation: chart.metadata.version is required",
            id="no version",
        ),
        pytest.param(
            {"Chart.yaml": "apiVersion: v2\nname: c\nversion: one\n"},
            'validation: chart.metadata.version "one" is invalid',
            id="a version that is none",
        ),
        pytest.param(
            {"Chart.yaml": "apiVersion: v3\nname: c\nversion: 1.0.0\n"}, "invalid chart apiVersion", id="apiVersion 3"
        ),
        pytest.param(
            {"Chart.yaml": "[a]"},
            "cannot load Chart.yaml: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go value of type loader.chartBase",
            id="a list",
        ),
        pytest.param(
            {"Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\ntype: library\n", "templates/a.yaml": "a: 1\n"},
            "library charts are not installable",
            id="a library",
        ),
        pytest.param(
            {"Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\ntype: odd\n"},
            "validation: chart.metadata.type must be application or library",
            id="an odd type",
        ),
        pytest.param(
            {"values.yaml": "[a]\n"},
            "cannot load values.yaml: cannot unmarshal yaml document: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go value of type map[string]interface {}",
            id="values that are no map",
        ),
        pytest.param(
            {"charts/s/Chart.yaml": "apiVersion: v2\nversion: 1.0.0\n"},
            "error unpacking subchart s in c: validation: chart.metadata.name is required",
            id="a subchart without name",
        ),
    ],
)
def test_a_fault_is_told_as_helm_tells_it(files: dict[str, str], text: str) -> None:
    assert fault(files) == text

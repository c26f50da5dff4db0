"""The types of what is read: output and errors recorded from helm 4.3."""

from __future__ import annotations

import pytest

from tests.unit.helm.chart.charted import fault, printed


@pytest.mark.parametrize(
    ("files", "text"),
    [
        pytest.param(
            {
                "values.yaml": "a: 1\nb: 1.5\nc: 0x10\nd: 1e3\ne: 010\nf: yes\ng: ~\nh: 2020-01-01\ni: 12345678901234567890\n",
                "templates/a.yaml": "v: {{ toJson .Values }}\n",
            },
            '---\n# Source: c/templates/a.yaml\nv: {"a":1,"b":1.5,"c":16,"d":1000,"e":8,"f":true,"h":"2020-01-01","i":12345678901234567000}\n',
            id="numbers in values",
        ),
        pytest.param(
            {"Chart.yaml": "apiVersion: v2\nname: 5\nversion: 1.0.0\n", "templates/a.yaml": "a: {{ .Chart.Name }}\n"},
            "---\n# Source: 5/templates/a.yaml\na: 5\n",
            id="a name that is a number",
        ),
        pytest.param(
            {"Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.2\n", "templates/a.yaml": "a: {{ .Chart.Version }}\n"},
            "---\n# Source: c/templates/a.yaml\na: 1.2\n",
            id="a version that is a number",
        ),
        pytest.param(
            {
                "Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\nannotations: {a: 1, b: true}\n",
                "templates/a.yaml": "a: {{ toJson .Chart.Annotations }}\n",
            },
            '---\n# Source: c/templates/a.yaml\na: {"a":"1","b":"true"}\n',
            id="annotations",
        ),
        pytest.param(
            {"values.yaml": "x: &x {a: 1}\ny:\n  <<: *x\n  b: 2\n", "templates/a.yaml": "v: {{ toJson .Values }}\n"},
            '---\n# Source: c/templates/a.yaml\nv: {"true":{"a":1,"b":2},"x":{"a":1}}\n',
            id="merge keys",
        ),
    ],
)
def test_a_chart_is_rendered_as_helm_renders_it(files: dict[str, str], text: str) -> None:
    assert printed(files) == text


@pytest.mark.parametrize(
    ("files", "text"),
    [
        pytest.param(
            {"Chart.yaml": "apiVersion: v2\nname: [a]\nversion: 1.0.0\n"},
            "cannot load Chart.yaml: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go struct field Metadata.name of type string",
            id="a name that is a list",
        ),
        pytest.param(
            {"Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\nkeywords: a\n"},
            "cannot load Chart.yaml: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal string into Go struct field Metadata.keywords of type []string",
            id="keywords that are a text",
        ),
        pytest.param(
            {"Chart.yaml": 'apiVersion: v2\nname: c\nversion: 1.0.0\ndeprecated: "yes"\n'},
            "cannot load Chart.yaml: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal string into Go struct field Metadata.deprecated of type bool",
            id="deprecated by a text",
        ),
        pytest.param(
            {"Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\nmaintainers: [{name: [a]}]\n"},
            "cannot load Chart.yaml: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go struct field Maintainer.maintainers.name of type string",
            id="maintainers with faults",
        ),
        pytest.param(
            {"values.yaml": "a: b: c\n"},
            "cannot load values.yaml: cannot unmarshal yaml document: error converting YAML to JSON: yaml: mapping values are not allowed in this context",
            id="values that do not parse",
        ),
    ],
)
def test_a_fault_is_told_as_helm_tells_it(files: dict[str, str], text: str) -> None:
    assert fault(files) == text

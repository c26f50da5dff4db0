"""Which subcharts take part: output and errors recorded from helm 4.3."""

from __future__ import annotations

import pytest

from tests.unit.helm.chart.charted import fault, printed


@pytest.mark.parametrize(
    ("files", "text"),
    [
        pytest.param(
            {
                "Chart.yaml": 'apiVersion: v2\nname: c\nversion: 1.0.0\ndependencies:\n- {name: s, version: "*", condition: s.on}\n',
                "values.yaml": "s: {on: false}\n",
                "charts/s/Chart.yaml": "apiVersion: v2\nname: s\nversion: 1.2.0\n",
                "charts/s/templates/a.yaml": "a: 1\n",
                "templates/b.yaml": "b: 1\n",
            },
            "---\n# Source: c/charts/s/templates/a.yaml\na: 1\n\n---\n# Source: c/templates/b.yaml\nb: 1\n",
            id="a condition",
        ),
        pytest.param(
            {
                "Chart.yaml": 'apiVersion: v2\nname: c\nversion: 1.0.0\ndependencies:\n- {name: s, version: "*", condition: "x.on,s.on"}\n',
                "values.yaml": "s: {on: true}\n",
                "charts/s/Chart.yaml": "apiVersion: v2\nname: s\nversion: 1.2.0\n",
                "charts/s/templates/a.yaml": "a: 1\n",
            },
            "---\n# Source: c/charts/s/templates/a.yaml\na: 1\n",
            id="the first condition that is there",
        ),
        pytest.param(
            {
                "Chart.yaml": 'apiVersion: v2\nname: c\nversion: 1.0.0\ndependencies:\n- {name: s, version: "*", tags: [t, u]}\n',
                "values.yaml": "tags: {t: false, u: true}\n",
                "charts/s/Chart.yaml": "apiVersion: v2\nname: s\nversion: 1.2.0\n",
                "charts/s/templates/a.yaml": "a: 1\n",
            },
            "---\n# Source: c/charts/s/templates/a.yaml\na: 1\n",
            id="tags",
        ),
        pytest.param(
            {
                "Chart.yaml": 'apiVersion: v2\nname: c\nversion: 1.0.0\ndependencies:\n- {name: s, version: "*", alias: one}\n- {name: s, version: "^1", alias: two}\n',
                "values.yaml": "one: {a: 1}\ntwo: {a: 2}\n",
                "charts/s/Chart.yaml": "apiVersion: v2\nname: s\nversion: 1.2.0\n",
                "charts/s/templates/a.yaml": "n: {{ .Chart.Name }}\nv: {{ toJson .Values }}\n",
            },
            '---\n# Source: c/charts/one/templates/a.yaml\nn: one\nv: {"a":1,"global":{}}\n\n---\n# Source: c/charts/two/templates/a.yaml\nn: two\nv: {"a":2,"global":{}}\n',
            id="an alias",
        ),
        pytest.param(
            {
                "Chart.yaml": 'apiVersion: v2\nname: c\nversion: 1.0.0\ndependencies:\n- {name: s, version: "*", import-values: [data, {child: deep.x, parent: here}]}\n',
                "charts/s/Chart.yaml": "apiVersion: v2\nname: s\nversion: 1.2.0\n",
                "charts/s/values.yaml": "exports: {data: {p: 1}}\ndeep: {x: {q: 2}}\n",
                "templates/a.yaml": "a: {{ .Values.p }}{{ .Values.here.q }}\n",
            },
            "---\n# Source: c/templates/a.yaml\na: 12\n",
            id="imported values",
        ),
        pytest.param(
            {
                "Chart.yaml": 'apiVersion: v2\nname: c\nversion: 1.0.0\ndependencies:\n- {name: s, version: "^2"}\n',
                "charts/s/Chart.yaml": "apiVersion: v2\nname: s\nversion: 1.2.0\n",
                "charts/s/templates/a.yaml": "a: 1\n",
                "templates/b.yaml": "b: 1\n",
            },
            "---\n# Source: c/charts/s/templates/a.yaml\na: 1\n\n---\n# Source: c/templates/b.yaml\nb: 1\n",
            id="another version",
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
                "Chart.yaml": 'apiVersion: v2\nname: c\nversion: 1.0.0\ndependencies:\n- {name: s, version: "1"}\n- {name: t, version: "1"}\n'
            },
            "an error occurred while checking for chart dependencies. You may need to run 'helm dependency build' to fetch missing dependencies: found in Chart.yaml, but missing in charts/ directory: s, t",
            id="missing",
        ),
        pytest.param(
            {
                "Chart.yaml": 'apiVersion: v2\nname: c\nversion: 1.0.0\ndependencies:\n- {name: s, version: "1"}\n- {name: s, version: "2"}\n'
            },
            'validation: more than one dependency with name or alias "s"',
            id="twice the same",
        ),
        pytest.param(
            {
                "Chart.yaml": 'apiVersion: v2\nname: c\nversion: 1.0.0\ndependencies:\n- {name: s, version: "1", alias: "a b"}\n'
            },
            'validation: dependency "s" has disallowed characters in the alias',
            id="an alias with odd letters",
        ),
    ],
)
def test_a_fault_is_told_as_helm_tells_it(files: dict[str, str], text: str) -> None:
    assert fault(files) == text

"""values.schema.json: output and errors recorded from helm 4.3."""

from __future__ import annotations

import pytest

from tests.unit.helm.chart.charted import fault, printed


@pytest.mark.parametrize(
    ("files", "text"),
    [
        pytest.param(
            {
                "values.yaml": "a: 1\n",
                "values.schema.json": '{"properties": {"a": {"type": "integer"}}}',
                "templates/a.yaml": "v: {{ toJson .Values }}\n",
            },
            '---\n# Source: c/templates/a.yaml\nv: {"a":1}\n',
            id="fits",
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
                "values.yaml": "b: x\n",
                "values.schema.json": '{"properties": {"b": {"type": ["integer", "null"]}}}',
                "templates/a.yaml": "v: {{ toJson .Values }}\n",
            },
            "values don't meet the specifications of the schema(s) in the following chart(s):\nc:\n- at '/b': got string, want null or integer",
            id="types",
        ),
        pytest.param(
            {
                "values.yaml": "a: {}\n",
                "values.schema.json": '{"required": ["b", "c"]}',
                "templates/a.yaml": "v: {{ toJson .Values }}\n",
            },
            "values don't meet the specifications of the schema(s) in the following chart(s):\nc:\n- at '': missing properties 'b', 'c'",
            id="required",
        ),
        pytest.param(
            {
                "values.yaml": "c: [1,1]\n",
                "values.schema.json": '{"properties": {"c": {"uniqueItems": true, "maxItems": 1, "items": {"maximum": 0, "multipleOf": 2}}}}',
                "templates/a.yaml": "v: {{ toJson .Values }}\n",
            },
            "values don't meet the specifications of the schema(s) in the following chart(s):\nc:\n- at '/c': maxItems: got 2, want 1\n- at '/c': items at 0 and 1 are equal\n- at '/c/0': validation failed\n  - at '/c/0': maximum: got 1, want 0\n  - at '/c/0': multipleOf: got 1, want 2\n- at '/c/1': validation failed\n  - at '/c/1': maximum: got 1, want 0\n  - at '/c/1': multipleOf: got 1, want 2",
            id="bounds",
        ),
        pytest.param(
            {
                "values.yaml": "a: x\nb: y\n",
                "values.schema.json": '{"properties": {"a": {"enum": ["p", "q"], "minLength": 2}}}',
                "templates/a.yaml": "v: {{ toJson .Values }}\n",
            },
            "values don't meet the specifications of the schema(s) in the following chart(s):\nc:\n- at '/a': value must be one of 'p', 'q'",
            id="enum and const",
        ),
        pytest.param(
            {
                "values.yaml": "a: 1\nb: 2\n",
                "values.schema.json": '{"additionalProperties": false, "properties": {"a": {}}}',
                "templates/a.yaml": "v: {{ toJson .Values }}\n",
            },
            "values don't meet the specifications of the schema(s) in the following chart(s):\nc:\n- at '': additional properties 'b' not allowed",
            id="nothing more",
        ),
        pytest.param(
            {
                "values.yaml": "a: 1\n",
                "values.schema.json": '{"properties": {"a": {"oneOf": [{"type": "integer"}, {"type": "number"}]}}}',
                "templates/a.yaml": "v: {{ toJson .Values }}\n",
            },
            "values don't meet the specifications of the schema(s) in the following chart(s):\nc:\n- at '/a': 'oneOf' failed, subschemas 0, 1 matched",
            id="one of",
        ),
        pytest.param(
            {
                "values.yaml": "a: 1\n",
                "values.schema.json": '{"properties": {"a": {"anyOf": [{"type": "string"}, {"minimum": 2}]}}}',
                "templates/a.yaml": "v: {{ toJson .Values }}\n",
            },
            "values don't meet the specifications of the schema(s) in the following chart(s):\nc:\n- at '/a': 'anyOf' failed\n  - at '/a': got number, want string\n  - at '/a': minimum: got 1, want 2",
            id="any of",
        ),
        pytest.param(
            {
                "values.yaml": "a: 1\n",
                "values.schema.json": '{"$defs": {"t": {"type": "string"}}, "properties": {"a": {"$ref": "#/$defs/t"}}}',
                "templates/a.yaml": "v: {{ toJson .Values }}\n",
            },
            "values don't meet the specifications of the schema(s) in the following chart(s):\nc:\n- at '/a': got number, want string",
            id="definitions",
        ),
        pytest.param(
            {
                "values.yaml": "a: 1\n",
                "values.schema.json": '{"$defs": {"t": {"type": "string", "minimum": 2}}, "properties": {"a": {"$ref": "#/$defs/t"}}}',
                "templates/a.yaml": "v: {{ toJson .Values }}\n",
            },
            "values don't meet the specifications of the schema(s) in the following chart(s):\nc:\n- at '/a': got number, want string",
            id="a definition with two faults",
        ),
        pytest.param(
            {
                "values.yaml": "a: 1\n",
                "values.schema.json": '{"properties": {"a": {"allOf": [{"type": "string", "minimum": 2}, {"minimum": 3}]}}}',
                "templates/a.yaml": "v: {{ toJson .Values }}\n",
            },
            "values don't meet the specifications of the schema(s) in the following chart(s):\nc:\n- at '/a': 'allOf' failed\n  - at '/a': got number, want string\n  - at '/a': minimum: got 1, want 3",
            id="all of",
        ),
        pytest.param(
            {
                "values.yaml": "a: {x: 1}\n",
                "values.schema.json": '{"properties": {"a": {"if": {"required": ["x"]}, "then": {"required": ["y"], "maxProperties": 0}}}}',
                "templates/a.yaml": "v: {{ toJson .Values }}\n",
            },
            "values don't meet the specifications of the schema(s) in the following chart(s):\nc:\n- at '/a': maxProperties: got 1, want 0\n- at '/a': missing property 'y'",
            id="if and then",
        ),
        pytest.param(
            {
                "values.yaml": "a: {b: {c: 1}}\n",
                "values.schema.json": '{"properties": {"a": {"properties": {"b": {"required": ["d"], "properties": {"c": {"type": "string", "minimum": 5}}}}}}}',
                "templates/a.yaml": "v: {{ toJson .Values }}\n",
            },
            "values don't meet the specifications of the schema(s) in the following chart(s):\nc:\n- at '/a/b': missing property 'd'\n- at '/a/b/c': got number, want string",
            id="nested",
        ),
        pytest.param(
            {
                "values.yaml": "a: 1\n",
                "values.schema.json": '{"properties": {"a": {"not": {"type": "integer"}}}}',
                "templates/a.yaml": "v: {{ toJson .Values }}\n",
            },
            "values don't meet the specifications of the schema(s) in the following chart(s):\nc:\n- at '/a': 'not' failed",
            id="not",
        ),
        pytest.param(
            {
                "charts/s/Chart.yaml": "apiVersion: v2\nname: s\nversion: 1.2.0\n",
                "charts/s/values.yaml": "x: 1\n",
                "charts/s/values.schema.json": '{"properties": {"x": {"type": "string"}}}',
                "templates/a.yaml": "v: {{ toJson .Values }}\n",
            },
            "values don't meet the specifications of the schema(s) in the following chart(s):\ns:\n- at '/x': got number, want string",
            id="of a subchart",
        ),
    ],
)
def test_a_fault_is_told_as_helm_tells_it(files: dict[str, str], text: str) -> None:
    assert fault(files) == text

"""JSON: results and errors recorded from helm 4.3."""

from __future__ import annotations

import pytest

from tests.unit.helm.rendering import fault, rendered


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ('{{ toJson "a\\u2028<>&\\"\\\\" }}', '"a\\u2028\\u003c\\u003e\\u0026\\"\\\\"'),
        ("{{ toJson 1.0 }}", "1"),
        ("{{ toJson 1e21 }}", "1e+21"),
        ("{{ toJson 1e-7 }}", "1e-7"),
        ("{{ toJson (list) }}", "[]"),
        ('{{ toJson (dict "b" nil "a" true) }}', '{"a":true,"b":null}'),
        ("{{ toJson nil }}", "null"),
        (
            '{{ toPrettyJson (dict "a" (list 1 2) "b" (dict) "c" (list)) }}',
            '{\n  "a": [\n    1,\n    2\n  ],\n  "b": {},\n  "c": []\n}',
        ),
        ('{{ fromJson "{}" }}', "map[]"),
        (
            '{{ fromJson "{\\"a\\":1,}" }}',
            "map[Error:invalid character '}' looking for beginning of object key string]",
        ),
        (
            '{{ fromJson "[]" }}',
            "map[Error:json: cannot unmarshal array into Go value of type map[string]interface {}]",
        ),
        ('{{ fromJson "{\\"a\\":01}" }}', "map[Error:invalid character '1' after object key:value pair]"),
        ('{{ fromJson "{\\"a\\" 1}" }}', "map[Error:invalid character '1' after object key]"),
        ('{{ fromJson "nul" }}', "map[Error:invalid character ' ' in literal null (expecting 'l')]"),
        ('{{ fromJsonArray "{}" }}', "[json: cannot unmarshal object into Go value of type []interface {}]"),
        ('{{ mustToJson (dict "a" 1.5) }}', '{"a":1.5}'),
        ('{{ fromJson "{\\"a\\":\\"\\\\ud800\\"}" }}', "map[a:�]"),
    ],
)
def test_the_result_is_that_of_helm(template: str, text: str) -> None:
    assert rendered(template) == text


@pytest.mark.parametrize(
    ("template", "text"),
    [
        (
            '{{ mustFromJson "{\\"a\\":" }}',
            'template: c/templates/a.yaml:1:8: executing "c/templates/a.yaml" at <include "c/templates/_case.tpl" .>: error calling include: template: c/templates/_case.tpl:1:3: executing "c/templates/_case.tpl" at <mustFromJson "{\\"a\\":">: error calling mustFromJson: unexpected end of JSON input',
        ),
    ],
)
def test_the_fault_is_told_as_helm_tells_it(template: str, text: str) -> None:
    assert fault(template) == text

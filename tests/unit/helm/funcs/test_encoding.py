"""JSON and YAML in templates: results and errors recorded from helm 4.3."""

from __future__ import annotations

import pytest

from tests.unit.helm.rendering import rendered


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ('{{ toJson (dict "b" 1 "a" (list 1.5 nil "<")) }}', '{"a":[1.5,null,"\\u003c"],"b":1}'),
        ('{{ toRawJson (dict "a" "<&>") }}', '{"a":"<&>"}'),
        ('{{ toPrettyJson (dict "a" 1) }}', '{\n  "a": 1\n}'),
        ('{{ toYaml (dict "b" "yes" "a" (list 1 "1")) }}', 'a:\n- 1\n- "1"\nb: "yes"'),
        ('{{ fromYaml "a: 1\\nb: [x]" }}', "map[a:1 b:[x]]"),
        ('{{ fromYamlArray "[1, a]" }}', "[1 a]"),
        ('{{ fromJson "{\\"a\\": 1e3}" }}', "map[a:1000]"),
        ('{{ fromJsonArray "[1]" }}', "[1]"),
        ('{{ fromJson "[" }}', "map[Error:unexpected end of JSON input]"),
        (
            '{{ fromYaml "a: b: c" }}',
            "map[Error:error converting YAML to JSON: yaml: mapping values are not allowed in this context]",
        ),
        ('{{ toYaml "a\\nb" }}', "|-\n  a\n  b"),
        ("{{ toYaml 1e20 }}", "1e+20"),
        ("{{ toJson 1e21 }}", "1e+21"),
        ("{{ toYaml nil }}", "null"),
        ('{{ toYamlPretty (dict "a" (list 1)) }}', "a:\n  - 1"),
    ],
)
def test_the_result_is_that_of_helm(template: str, text: str) -> None:
    assert rendered(template) == text

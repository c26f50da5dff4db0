"""Go templates without a chart."""

from __future__ import annotations

from typing import ClassVar

import pytest

from holdfast.helm.text import TemplateFault, TextTemplates


class _Labels(dict[str, str]):
    go_type: ClassVar[str] = "map[string]string"


DATA = {"a": {"b": "x", "n": 3.0, "big": 1000000.0}, "labels": _Labels(team="red"), "list": ["p", "q"]}
TEMPLATES = TextTemplates([("shout", "string", str.upper)])


def test_what_is_missing_is_no_value_unless_told_otherwise() -> None:
    assert TEMPLATES.render("{{ .no }} {{ .no.deeper }} {{ .labels.no }}", DATA) == "<no value> <no value> <no value>"


def test_an_index_of_a_text_map_that_is_missing_is_an_empty_text() -> None:
    assert TEMPLATES.render('[{{ index .labels "no" }}]', DATA) == "[]"


@pytest.mark.parametrize("text", ["{{ .no }}", "{{ .a.no }}", "{{ .labels.no }}", "{{ if .no }}{{ end }}"])
def test_a_missing_key_is_an_error_where_that_was_asked_for(text: str) -> None:
    with pytest.raises(TemplateFault, match='map has no entry for key "no"') as caught:
        TEMPLATES.render(text, DATA, ["missingkey=error"])
    assert caught.value.missing_key


def test_maps_of_parameters_are_ordinary_maps_to_functions() -> None:
    text = '{{ get .a "b" }} {{ dig "a" "b" "" . }} {{ .a | toJson }} {{ (merge (dict "c" 1) .a).b }}'
    assert TEMPLATES.render(text, DATA, ["missingkey=error"]) == 'x x {"b":"x","big":1000000,"n":3} x'


def test_helms_functions_and_the_environment_are_not_there() -> None:
    for name in ("env", "include", "tpl", "lookup", "toToml", "getHostByName"):
        with pytest.raises(TemplateFault, match=f'function "{name}" not defined') as caught:
            TEMPLATES.render("{{ " + name + " }}", DATA)
        assert caught.value.parsing


def test_broken_yaml_is_an_error() -> None:
    with pytest.raises(TemplateFault, match="error calling fromYaml"):
        TEMPLATES.render('{{ fromYaml "a: [" }}', DATA)
    assert TEMPLATES.render('{{ (fromYaml "a: 1").a }} {{ index (fromYamlArray "[4]") 0 }}', DATA) == "1 4"


def test_further_functions_and_numbers_print_as_in_go() -> None:
    assert TEMPLATES.render("{{ .a.b | shout }} {{ .a.n }} {{ .a.big }}", DATA) == "X 3 1e+06"
    assert [TEMPLATES.show(v) for v in (True, None, 2.0, ["a", 1.5])] == ["true", "<nil>", "2", "[a 1.5]"]

"""Templates that would take all memory or forever: refused at their place, in bounded time."""

from __future__ import annotations

import pytest

from holdfast.helm import HelmError, ReleaseOptions, render
from holdfast.helm.chart.load import load_files
from holdfast.helm.gotemplate.runtime import Limits

STEPS = Limits(steps=300_000, output=1_000_000)


def refusal(template: str, values: dict[str, object] | None = None) -> HelmError:
    chart = load_files(
        {"Chart.yaml": b"apiVersion: v2\nname: c\nversion: 1.0.0\n", "templates/a.yaml": template.encode()}
    )
    with pytest.raises(HelmError) as caught:
        render(chart, values or {}, ReleaseOptions(), limits=STEPS)
    return caught.value


GROWING = '{{ $x := "aa" }}{{ range until 200 }}{{ $x = %s }}{{ end }}'
ITSELF = '{{ $d := dict }}{{ $_ := set $d "x" $d }}{{ %s }}'
DOUBLED = '{{ $x := dict "a" 1 }}{{ range until 60 }}{{ $x = dict "a" $x "b" $x }}{{ end }}{{ %s }}'


@pytest.mark.parametrize(
    "expression",
    ["until 1000000000", "seq 1 1000000000", "untilStep 0 2000000000 1", 'repeat 1000000000 "a"', 'indent 1000000000 "a"', "randAlphaNum 1000000000"],
)  # fmt: skip
def test_a_gigantic_result_is_refused_before_it_is_made(expression: str) -> None:
    fault = refusal(f"{{{{ {expression} }}}}")
    assert f"at <{expression}>" in fault.message
    assert "more than" in fault.message


@pytest.mark.parametrize(
    "expression",
    ["print $x $x", 'printf "%s%s" $x $x', "cat $x $x", "toJson (list $x $x $x)", "b64enc $x", "join $x (list 1 2 3)", "quote $x", 'regexReplaceAll "a" $x "aaaa"',
     "concat (list $x) (list $x) | toString"],
)  # fmt: skip
def test_a_text_that_grows_without_end_is_refused(expression: str) -> None:
    fault = refusal(GROWING % expression)
    assert "c/templates/a.yaml:1:" in fault.message
    assert "more than" in fault.message


@pytest.mark.parametrize(
    "expression", ["toYaml $d", "toJson $d", "$d", "deepCopy $d", "merge (dict) $d", "deepEqual $d $d", "print $d"]
)
def test_a_value_that_contains_itself_is_refused(expression: str) -> None:
    assert "contains itself" in refusal(ITSELF % expression).message


@pytest.mark.parametrize("expression", ["toYaml $x", "toJson $x", "$x", "deepCopy $x", "quote $x"])
def test_a_value_that_is_shared_without_end_is_refused(expression: str) -> None:
    assert "more than" in refusal(DOUBLED % expression).message


@pytest.mark.parametrize(
    "template",
    ["{{ range 1000000000 }}x{{ end }}", "{{ range until 1000 }}{{ range until 1000 }}{{ end }}{{ end }}", '{{ range until 1000 }}{{ $x := bcrypt "a" }}{{ end }}'],
)  # fmt: skip
def test_too_much_work_is_refused_with_its_place(template: str) -> None:
    fault = refusal(template)
    assert "the templates took more than 300000 steps" in fault.message
    assert 'executing "c/templates/a.yaml" at <' in fault.message


def test_too_much_output_is_refused_with_its_place() -> None:
    fault = refusal("{{ range until 100000 }}" + "a" * 100 + "{{ end }}")
    assert "produced more than 1000000 characters" in fault.message
    assert "c/templates/a.yaml" in fault.message


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ('{{ define "a" }}{{ include "a" . }}{{ end }}{{ include "a" . }}', "rendering template has a nested reference name: a"),
        ('{{ define "a" }}{{ template "a" . }}{{ end }}{{ template "a" . }}', "exceeded maximum template depth"),
        ("{{ tpl .Values.t . }}", "tpl calls itself through its text more than 200 times"),
    ],
    ids=["include", "template", "tpl"],
)  # fmt: skip
def test_endless_recursion_ends(template: str, text: str) -> None:
    assert text in refusal(template, {"t": "{{ tpl .Values.t . }}"}).message


@pytest.mark.parametrize(
    "text", ["(" * 5000 + "1" + ")" * 5000, "if 1 }}" + "{{ if 1 }}" * 5000 + "{{ end }}" * 5000 + "{{ end"]
)
def test_a_template_that_is_nested_too_deeply_does_not_parse(text: str) -> None:
    assert "nested too deeply" in refusal(f"{{{{ {text} }}}}").message


def test_json_that_is_nested_too_deeply_is_an_error_of_the_function() -> None:
    deep = '{"a":' + "[" * 20000 + "]" * 20000 + "}"
    fault = refusal("{{ mustFromJson .Values.t }}", {"t": deep})
    assert "exceeded max depth" in fault.message

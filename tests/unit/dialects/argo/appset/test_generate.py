"""From an ApplicationSet to its applications."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.dialects.argo.appset.generate import GenerationFailed, merge_patch
from tests.unit.dialects.argo.appset.world import applications, declared, go, names, notes

ONE = [{"list": {"elements": [{"n": "one", "x": "1"}]}}]


def test_an_application_is_the_template_with_parameters_filled_in() -> None:
    (app,) = applications(go(ONE, "{{ .n }}-app", {"x-{{ .n }}": "{{ .x | quote }}"}))
    assert app == {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {
            "name": "one-app",
            "namespace": "argocd",
            "annotations": {"x-one": '"1"'},
            "finalizers": ["resources-finalizer.argocd.argoproj.io"],
        },
        "spec": {
            "project": "default",
            "source": {"repoURL": "https://r", "path": "p"},
            "destination": {"namespace": "n"},
        },
    }


def test_without_go_templates_only_known_keys_are_replaced() -> None:
    obj = declared(ONE, "{{n}}", {"a": "{{ x }}{{ unknown }}", "b": "{{.x}}"})
    assert notes(applications(obj)[0]) == {"a": "1{{ unknown }}", "b": "{{.x}}"}


def test_the_finalizer_is_left_out_where_resources_are_to_stay() -> None:
    obj = go(ONE, "{{ .n }}", syncPolicy={"preserveResourcesOnDeletion": True})
    assert "finalizers" not in applications(obj)[0]["metadata"]


def test_finalizers_of_the_template_stay_as_they_are() -> None:
    obj = go(ONE, "{{ .n }}")
    obj["spec"]["template"]["metadata"]["finalizers"] = ["mine/x"]
    assert applications(obj)[0]["metadata"]["finalizers"] == ["mine/x"]


def test_an_empty_generator_is_no_failure() -> None:
    assert applications(go([{}], "{{ .n }}")) == []


def test_a_set_of_no_parameters_takes_the_template_as_it_is() -> None:
    (app,) = applications(go([{"list": {"elements": [{}]}}], "fixed-{{ .n }}"))
    assert app["metadata"] == {"name": "fixed-{{ .n }}", "namespace": "argocd"}


@pytest.mark.parametrize(
    ("obj", "reason", "message"),
    [
        (
            go(ONE, "{{ .no }}"),
            "RenderTemplateParamsError",
            'failed to execute go template {{ .no }}: template: base:1:3: executing "base" at <.no>: map has no entry for key "no"',
        ),
        (
            go(ONE, "{{ .n"),
            "RenderTemplateParamsError",
            "failed to parse template {{ .n: template: base:1: unclosed action",
        ),
        (
            go([{"matrix": {"generators": ONE}}], "x"),
            "ApplicationGenerationFromParamsError",
            "found less than two generators, Matrix support only two",
        ),
        (
            declared([{"list": {"elements": [{"n": 1}]}}], "{{n}}"),
            "ApplicationGenerationFromParamsError",
            "error parsing value as string %!w(<nil>)",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_reason(obj: dict[str, Any], reason: str, message: str) -> None:
    with pytest.raises(GenerationFailed) as caught:
        applications(obj)
    assert (caught.value.reason, caught.value.message) == (reason, message)


def test_a_generators_own_template_wins_over_the_sets() -> None:
    own = {"metadata": {"annotations": {"x": "own"}}, "spec": {"project": "mine", "source": {"path": "own"}}}
    (app,) = applications(
        go([{"list": {"elements": [{"n": "one"}], "template": own}}], "{{ .n }}", {"x": "set", "y": "set"})
    )
    assert notes(app) == {"x": "own", "y": "set"}
    assert app["spec"]["project"] == "mine"
    assert app["spec"]["source"] == {"repoURL": "https://r", "path": "own"}


def test_a_selector_keeps_the_parameter_sets_that_fit() -> None:
    elements = [{"n": "one", "env": {"name": "dev"}}, {"n": "two", "env": {"name": "prod"}}, {"n": "three"}]
    obj = go([{"list": {"elements": elements}, "selector": {"matchLabels": {"env.name": "prod"}}}], "{{ .n }}")
    assert names(applications(obj)) == ["two"]
    absent = {"matchExpressions": [{"key": "env.name", "operator": "DoesNotExist"}]}
    assert names(applications(go([{"list": {"elements": elements}, "selector": absent}], "{{ .n }}"))) == ["three"]


def test_a_template_patch_is_rendered_and_merged_but_never_moves_the_project() -> None:
    patch = """
metadata: {labels: {who: "{{ .n }}"}}
spec:
  project: other
  source:
    {{- if eq .x "1" }}
    helm: {valueFiles: ["{{ .n }}.yaml"]}
    {{- end }}
  destination: {namespace: null}
"""
    (app,) = applications(go(ONE, "{{ .n }}", templatePatch=patch))
    assert app["metadata"]["labels"] == {"who": "one"}
    assert app["spec"] == {
        "project": "default",
        "source": {"repoURL": "https://r", "path": "p", "helm": {"valueFiles": ["one.yaml"]}},
        "destination": {},
    }


def test_a_template_patch_that_is_no_yaml_is_told() -> None:
    with pytest.raises(GenerationFailed, match="error while converting template to json"):
        applications(go(ONE, "{{ .n }}", templatePatch="a: ["))


@pytest.mark.parametrize(
    ("patch", "told"),
    [
        ("spec: {source: {helm: {parameters: [{name: a, value: {{ .x }}}]}}}",
         (r'invalid templatePatch "{\"spec\":{\"source\":{\"helm\":{\"parameters\":[{\"name\":\"a\",\"value\":1}]}}}}": json: '
         "cannot unmarshal number into Go struct field HelmParameter.spec.source.helm.parameters.value of type string")),
        ("spec: {syncPolicy: {automated: {prune: 'true'}}}",
         "cannot unmarshal string into Go struct field SyncPolicyAutomated.spec.syncPolicy.automated.prune of type bool"),
        ("spec: {source: {kustomize: {images: a=b}}}",
         ("cannot unmarshal string into Go struct field ApplicationSourceKustomize.spec.source.kustomize.images of type "
         "v1alpha1.KustomizeImages")),
        ("spec: {source: {kustomize: {patches: [{options: {a: b}}]}}}",
         "cannot unmarshal string into Go struct field KustomizePatch.spec.source.kustomize.patches.options of type bool"),
        ("metadata: {labels: {a: 1}}",
         "cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string"),
        ("spec: {revisionHistoryLimit: 1.5}",
         "cannot unmarshal number 1.5 into Go struct field ApplicationSpec.spec.revisionHistoryLimit of type int64"),
        ("[]", "json: cannot unmarshal array into Go value of type v1alpha1.Application"),
        ('{ "spec": {"project": 1}}', r'invalid templatePatch "{ \"spec\": {\"project\": 1}}": '),
    ],
)  # fmt: skip
def test_a_template_patch_that_fits_no_application_is_told(patch: str, told: str) -> None:
    with pytest.raises(GenerationFailed) as caught:
        applications(go(ONE, "{{ .n }}", templatePatch=patch))
    assert told in caught.value.message
    assert caught.value.reason == "RenderTemplateParamsError"


def test_a_template_patch_adds_finalizers_and_leaves_out_what_nobody_knows() -> None:
    patch = (
        "{metadata: {finalizers: [mine]}, spec: {nobody: 1, info: [{name: a}], source: {helm: {valuesObject: {a: 1}}}}}"
    )
    (app,) = applications(go(ONE, "{{ .n }}", templatePatch=patch))
    assert app["metadata"]["finalizers"] == ["mine", "resources-finalizer.argocd.argoproj.io"]
    assert app["spec"]["info"] == [{"name": "a", "value": ""}]
    assert app["spec"]["source"]["helm"] == {"valuesObject": {"a": 1}}
    assert "nobody" not in app["spec"]


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ('slugify (dict "a" nil).a', "nil, not string"),
        ("slugify 1.5 .n", "float64, not int"),
        ("slugify 5 .n .n", "string, not bool"),
    ],
)
def test_slugify_tells_what_it_was_not_given(call: str, told: str) -> None:
    with pytest.raises(GenerationFailed) as caught:
        applications(go(ONE, f"{{{{ {call} }}}}"))
    assert f"error calling slugify: interface conversion: interface {{}} is {told}" in caught.value.message


def test_a_fault_in_a_field_that_holds_anything_is_told_so() -> None:
    inner = {"list": {"elements": [{"a": "{{ .nope }}"}]}}
    obj = go([{"matrix": {"generators": [*ONE, inner]}}], "{{ .n }}")
    with pytest.raises(GenerationFailed) as caught:
        applications(obj)
    assert (
        "failed to replace parameters in generator: failed to deeply replace JSON field contents: "
        in caught.value.message
    )


def test_a_patch_may_replace_or_delete_a_table() -> None:
    assert merge_patch({"a": {"b": 1}}, {"a": {"$patch": "replace", "c": 2}}) == {"a": {"c": 2}}
    assert merge_patch({"a": {"b": 1}}, {"a": {"$patch": "delete"}}) == {"a": {}}


def test_values_in_the_template_are_filled_at_every_depth() -> None:
    obj = go(ONE, "{{ .n }}")
    obj["spec"]["template"]["spec"]["source"]["helm"] = {
        "valuesObject": {"{{ .n }}": {"list": ["{{ .x }}", 3]}, "empty": ""},
        "parameters": [{"name": "a", "value": "{{ .x }}"}],
        "skipCrds": False,
    }
    helm = applications(obj)[0]["spec"]["source"]["helm"]
    assert helm == {
        "valuesObject": {"one": {"list": ["1", 3]}, "empty": ""},
        "parameters": [{"name": "a", "value": "1"}],
    }


def test_functions_of_argo_cd_are_there() -> None:
    obj = go(ONE, "{{ .n }}", {"a": '{{ normalize "A_b!" }}', "b": '{{ slugify 10 true "feature/a-long_name" }}'})
    assert notes(applications(obj)[0]) == {"a": "a-b", "b": "feature-a"}


def test_several_generators_add_up() -> None:
    obj = go([*ONE, {"list": {"elementsYaml": "- {k: two}\n- {k: three}\n"}}], '{{ get . "n" }}{{ get . "k" }}')
    assert names(applications(obj)) == ["one", "two", "three"]

"""Application sources as they are rendered."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.base.tree import MemoryTree
from holdfast.dialects.argo.source_shapes import fault
from holdfast.dialects.argo.sources import FIXED_FIELDS, SKIP_MARKER, environment, override_files, read_source
from holdfast.model.app import SourceType
from holdfast.render.tools import (
    Doors,
    NoObjectError,
    Referenced,
    RenderedSource,
    SourceError,
    SourceRequest,
    ToolSettings,
    render_source,
)

CM = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n"


def _tree(files: dict[str, str]) -> MemoryTree:
    return MemoryTree({path: text.encode() for path, text in files.items()})


def _request(files: dict[str, str], source: dict[str, Any], **more: Any) -> SourceRequest:
    read = read_source({"repoURL": "https://example.com/r.git", **source})
    values = environment("web", "prod", "default", read, "0123456789abcdef0123456789abcdef01234567")
    return SourceRequest(
        name="web",
        namespace="prod",
        source=read,
        tree=_tree(files),
        tree_identity="1",
        reread=read_source,
        fault=fault,
        environment=values,
        override_files=override_files("web"),
        fixed_fields=FIXED_FIELDS,
        skip_marker=SKIP_MARKER,
        **more,
    )


def _render(files: dict[str, str], source: dict[str, Any], **more: Any) -> RenderedSource:
    return render_source(_request(files, source, **more))


def _names(made: RenderedSource) -> list[str]:
    return [o["metadata"]["name"] for o in made.objects]


def _refusal(files: dict[str, str], source: dict[str, Any], **more: Any) -> str:
    with pytest.raises(SourceError) as caught:
        _render(files, source, **more)
    return caught.value.message


def test_a_directory_gives_its_manifests_in_the_order_of_their_names_and_skips_what_is_none() -> None:
    files = {
        "app/b.yaml": CM.format(name="b"),
        "app/a.yml": CM.format(name="a1") + "---\n# nothing\n---\n" + CM.format(name="a2"),
        "app/README.md": "no manifest",
        "app/values.yaml": "just: values\n",
        "app/sub/c.yaml": CM.format(name="c"),
    }
    made = _render(files, {"path": "app"})
    assert (made.type, _names(made)) == (SourceType.DIRECTORY, ["a1", "a2", "b"])


def test_recursion_inclusion_and_exclusion_choose_files() -> None:
    files = {f"app/{p}.yaml": CM.format(name=p.replace("/", "-")) for p in ("a", "b", "x/a", "x/y/b")}
    choices: dict[str, Any] = {"recurse": True, "exclude": "{x/a.yaml,b.yaml}"}
    assert _names(_render(files, {"path": "app", "directory": choices})) == ["a", "x-y-b"]
    assert _names(_render(files, {"path": "app", "directory": {"include": "a.yaml"}})) == ["a"]


def test_a_list_is_taken_apart() -> None:
    files = {"l.yaml": "apiVersion: v1\nkind: List\nitems:\n- " + CM.format(name="one").replace("\n", "\n  ")}
    assert _names(_render(files, {"path": "."})) == ["one"]


def test_a_file_that_asks_for_it_is_not_rendered() -> None:
    files = {"a.yaml": "# +argocd:skip-file-rendering\n" + CM.format(name="a"), "b.yaml": CM.format(name="b")}
    assert _names(_render(files, {"path": "."})) == ["b"]


def test_jsonnet_gets_variables_libraries_and_the_build_environment() -> None:
    files = {
        "app/x.jsonnet": "function(tier) [{apiVersion: 'v1', kind: 'ConfigMap', metadata: {name: n}, data: {tier: tier, "
        "app: std.extVar('app')}} for n in import 'names.libsonnet']",
        "lib/names.libsonnet": "['one', 'two']",
    }
    jsonnet = {
        "libs": ["lib"],
        "tlas": [{"name": "tier", "value": "'a' + 'b'", "code": True}],
        "extVars": [{"name": "app", "value": "$ARGOCD_APP_NAME"}],
    }
    made = _render(files, {"path": "app", "directory": {"jsonnet": jsonnet}})
    assert [o["data"] for o in made.objects] == [{"tier": "ab", "app": "web"}] * 2


def test_broken_yaml_among_objects_is_refused_with_the_file_and_the_line() -> None:
    text = _refusal({"a.yaml": CM.format(name="a") + "---\nkind: X\napiVersion: v1\nmetadata: [\n"}, {"path": "."})
    assert text.startswith(
        'Failed to unmarshal "a.yaml": failed to unmarshal manifest: error converting YAML to JSON: yaml: '
    )


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("nowhere", "nowhere: app path does not exist"),
        ("a.yaml", "a.yaml: app path is not a directory"),
        ("../up", "../up: app path outside root"),
        ("/etc", "/etc: app path is absolute"),
    ],
)
def test_a_path_that_is_none_is_refused(path: str, words: str) -> None:
    assert _refusal({"a.yaml": CM.format(name="a")}, {"path": path}) == words


KUSTOMIZATION = {
    "base/kustomization.yaml": "resources: [cm.yaml]\n",
    "base/cm.yaml": CM.format(name="cm"),
    "comp/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnamePrefix: c-\n",
}


def test_a_kustomization_is_found_by_its_file_and_takes_the_applications_choices() -> None:
    choices = {
        "nameSuffix": "-s",
        "namespace": "there",
        "commonLabels": {"of": "${ARGOCD_APP_NAME}"},
        "labelWithoutSelector": True,
        "commonAnnotations": {"note": "$ARGOCD_APP_NAME"},
        "components": ["../comp", "../absent"],
        "ignoreMissingComponents": True,
        "patches": [{"target": {"kind": "ConfigMap"}, "patch": "- {op: add, path: /data, value: {k: v}}"}],
    }
    made = _render(KUSTOMIZATION, {"path": "base", "kustomize": choices})
    (obj,) = made.objects
    assert made.type is SourceType.KUSTOMIZE
    assert obj["metadata"] == {
        "name": "c-cm-s",
        "namespace": "there",
        "labels": {"of": "web"},
        "annotations": {"note": "$ARGOCD_APP_NAME"},
    }
    assert obj["data"] == {"k": "v"}


def test_a_choice_that_kustomize_refuses_names_the_command() -> None:
    files = {**KUSTOMIZATION, "base/kustomization.yaml": "resources: [cm.yaml]\ncommonLabels: {a: b}\n"}
    text = _refusal(files, {"path": "base", "kustomize": {"commonLabels": {"a": "c"}}})
    assert text == (
        "`kustomize edit add label a:c` failed exit status 1: Error: label a already in kustomization file. "
        "Use --force to override."
    )


CHART = {
    "c/Chart.yaml": "apiVersion: v2\nname: c\nversion: 0.1.0\n",
    "c/values.yaml": "who: default\nlist: none\n",
    "c/prod.yaml": "who: prod\n",
    "c/templates/cm.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: '{{ .Release.Name }}'}\n"
    "data: {who: '{{ .Values.who }}', ns: '{{ .Release.Namespace }}', list: '{{ .Values.list }}'}\n",
    "c/crds/x.yaml": "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: xs.example.com}\n",
}


@pytest.mark.parametrize(
    ("choices", "who"),
    [
        ({}, "default"),
        ({"valueFiles": ["prod.yaml"]}, "prod"),
        ({"valueFiles": ["prod.yaml"], "values": "who: text"}, "text"),
        ({"values": "who: text", "valuesObject": {"who": "object"}}, "object"),
        ({"valuesObject": {"who": "object"}, "parameters": [{"name": "who", "value": "$ARGOCD_APP_NAME"}]}, "web"),
        ({"valueFiles": ["absent.yaml"], "ignoreMissingValueFiles": True}, "default"),
        ({"valueFiles": ["p*.yaml"]}, "prod"),
    ],
)
def test_values_of_a_chart_come_in_their_order(choices: dict[str, Any], who: str) -> None:
    made = _render(CHART, {"path": "c", "helm": {"skipCrds": True, **choices}})
    assert [o["data"]["who"] for o in made.objects] == [who]


def test_a_chart_is_released_under_the_applications_name_with_its_definitions() -> None:
    made = _render(CHART, {"path": "c"})
    assert _names(made) == ["xs.example.com", "web"]
    assert made.objects[1]["data"]["ns"] == "prod"


def test_commas_in_a_parameter_do_not_separate() -> None:
    made = _render(CHART, {"path": "c", "helm": {"parameters": [{"name": "list", "value": "a,b"}]}})
    assert made.objects[1]["data"]["list"] == "a,b"


def test_value_files_of_another_source_are_found_by_its_ref() -> None:
    refs = {"$vals": Referenced(_tree({"env/p.yaml": "who: elsewhere\n"}), "2")}
    helm = {"valueFiles": ["$vals/env/p.yaml"], "skipCrds": True}
    made = _render(CHART, {"path": "c", "helm": helm}, refs=refs, several=True)
    assert made.objects[0]["data"]["who"] == "elsewhere"
    assert made.reads["$vals"]


def test_a_ref_that_nobody_declares_is_refused() -> None:
    refs = {"$vals": Referenced(_tree({}), "2")}
    text = _refusal(CHART, {"path": "c", "helm": {"valueFiles": ["$nope/x.yaml"]}}, refs=refs, several=True)
    assert text == 'source referenced "$nope", which is not one of the available sources ($vals)'


def test_a_template_that_fails_tells_the_command_that_was_meant() -> None:
    files = {**CHART, "c/templates/cm.yaml": '{{ fail "stop here" }}'}
    text = _refusal(files, {"path": "c"}, kube_version="1.36.3")
    assert text == (
        "failed to execute helm template command: failed running helm: `helm template . --name-template web --namespace prod "
        "--kube-version 1.36.3 <api versions removed> --include-crds` failed exit status 1: Error: execution error at "
        "(c/templates/cm.yaml:1:3): stop here\n\nUse --debug flag to render out invalid YAML"
    )


def test_a_dependency_in_the_repository_is_taken_from_there() -> None:
    files = {
        **CHART,
        "c/Chart.yaml": CHART["c/Chart.yaml"]
        + "dependencies:\n- {name: sub, version: 0.1.0, repository: 'file://../sub'}\n",
        "sub/Chart.yaml": "apiVersion: v2\nname: sub\nversion: 0.1.0\n",
        "sub/templates/cm.yaml": CM.format(name="sub"),
    }
    assert set(_names(_render(files, {"path": "c", "helm": {"skipCrds": True}}))) == {"web", "sub"}


def test_a_dependency_elsewhere_comes_through_the_door() -> None:
    asked: list[tuple[str, str, str]] = []

    def chart(repository: str, name: str, version: str) -> bytes:
        asked.append((repository, name, version))
        raise SourceError("not today")

    declared = "dependencies:\n- {name: sub, version: 1.x, repository: 'https://charts.example.com'}\n"
    files = {**CHART, "c/Chart.yaml": CHART["c/Chart.yaml"] + declared}
    text = _refusal(files, {"path": "c"}, doors=Doors(chart=chart))
    assert asked == [("https://charts.example.com", "sub", "1.x")]
    assert text.endswith("`helm dependency build` failed exit status 1: Error: not today")


def test_files_beside_the_manifests_override_the_source_but_not_where_it_is_from() -> None:
    files = {
        **CHART,
        "c/.argocd-source.yaml": "helm: {releaseName: everywhere, valuesObject: {who: file}}\nrepoURL: other\n",
        "c/.argocd-source-web.yaml": "helm: {releaseName: here}\n",
    }
    made = _render(files, {"path": "c", "helm": {"skipCrds": True}})
    assert (_names(made), made.objects[0]["data"]["who"]) == (["here"], "file")


def test_a_plugin_is_refused_with_what_to_do() -> None:
    text = _refusal({"a.yaml": ""}, {"path": ".", "plugin": {"name": "mine"}})
    assert text.startswith('CMP processing failed for application "web"')


def test_two_tools_at_once_are_refused() -> None:
    text = _refusal(CHART, {"path": "c", "helm": {"releaseName": "x"}, "kustomize": {"namePrefix": "y"}})
    assert text == "error getting app source type: multiple application sources defined: Kustomize,Helm"


VALUES = "error resolving helm value files: error resolving value file path: "
PLAIN_CHART = {"c/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n", "c/templates/cm.yaml": CM.format(name="c")}


@pytest.mark.parametrize(
    ("helm", "words"),
    [
        ({"valueFiles": ["../../x.yaml"]}, f"{VALUES}file '../../x.yaml' resolved to outside repository root"),
        ({"valueFiles": ["$v/../x.yaml"]}, f"{VALUES}error resolving value file path: file '/../x.yaml' resolved to"),
        ({"valueFiles": ["$v/no.yaml"]}, "--values <path to cached source>/no.yaml <api versions removed>"),
        ({"valueFiles": ["$v/no.yaml"]}, "Error: open <path to cached source>/no.yaml: no such file or directory"),
        (
            {"fileParameters": [{"name": "f", "path": "../../x"}]},
            "error resolving helm value file path: file '../../x'",
        ),
        (
            {"fileParameters": [{"name": "f", "path": "$v/../x"}]},
            "error resolving set-file path: error resolving value",
        ),
        ({"valueFiles": ["https://x.example/y"]}, "failed exit status 1: Error: failed to fetch https://x.example/y"),
        ({"values": "a: b: c\n"}, "Error: failed to parse /tmp/holdfast_tmp/values: cannot unmarshal yaml document"),
        (
            {"releaseName": "Bad!"},
            'level=ERROR msg="release name check failed" error="release name \\"Bad!\\": invalid',
        ),
        ({"releaseName": "Bad!"}, '\nError: release name check failed: release name "Bad!": invalid release name'),
    ],
)
def test_what_is_wrong_with_a_charts_choices_is_told_as_argo_cd_tells_it(helm: dict[str, Any], words: str) -> None:
    refs = {"$v": Referenced(_tree({"there.yaml": ""}), "2")}
    assert words in _refusal(PLAIN_CHART, {"path": "c", "helm": helm}, refs=refs, several=True)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"a/x.txt": ""}, "error reading helm chart from <path to cached source>/a/Chart.yaml: open <path to cached"),
        (
            {"a/Chart.yaml": "name: [\n"},
            "error unmarshalling the helm chart while getting helm dependency repos: error",
        ),
    ],
)
def test_a_chart_without_a_description_is_told_before_helm_is_asked(files: dict[str, str], words: str) -> None:
    assert f"error getting helm repos: error retrieving helm dependency repos: {words}" in _refusal(
        files, {"path": "a", "helm": {"releaseName": "x"}}
    )


def test_a_repository_behind_https_that_is_away_is_told_by_the_command_that_adds_it() -> None:
    def door(repository: str, name: str, version: str) -> bytes:
        raise SourceError(
            f'`helm pull` failed exit status 1: Error: looks like "{repository}" is not a valid chart repository'
        )

    text = "apiVersion: v2\nname: c\nversion: 1.0.0\ndependencies: [{name: s, version: 1.0.0, repository: %s}]\n"
    told = _refusal({"c/Chart.yaml": text % "https://x.example/y"}, {"path": "c"}, doors=Doors(chart=door))
    assert "`helm repo add https:--x.example-y https://x.example/y` failed exit status 1: Error: looks like" in told
    told = _refusal({"c/Chart.yaml": text % "http://x.example/y"}, {"path": "c"}, doors=Doors(chart=door))
    assert "`helm dependency build` failed exit status 1: Error: looks like" in told


def test_a_version_of_kustomize_has_to_be_registered_by_the_operator() -> None:
    files = {"kustomization.yaml": "resources: [a.yaml]\n", "a.yaml": CM.format(name="a")}
    source = {"path": ".", "kustomize": {"version": "v4.5"}}
    assert _refusal(files, source) == "error getting kustomize binary path: kustomize version v4.5 is not registered"
    settings = ToolSettings(kustomize_versions=frozenset({"v4.5"}))
    assert _names(_render(files, source, settings=settings)) == ["a"]


def test_a_change_of_a_kustomization_that_is_not_there_names_the_command() -> None:
    told = _refusal({"a.yaml": CM.format(name="a")}, {"path": ".", "kustomize": {"namePrefix": "x-"}})
    assert told.startswith("`kustomize edit set nameprefix -- x-` failed exit status 1: Error: Missing kustomization")


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"a.json": "{"}, 'Failed to unmarshal "a.json": unexpected EOF'),
        ({"a.json": '{"a": tru}'}, "invalid character '}' in literal true (expecting 'e')"),
        ({"a.json": '"text"'}, "json: cannot unmarshal string into Go value of type map[string]interface {}"),
        ({"a.json": '{"config": 1}'}, "Failed to unmarshal \"a.json\": Object 'Kind' is missing in '{\"config\":1}'"),
        ({"a.yaml": "apiVersion: v1\nkind: List\nitems: [1]\n"}, "items member is not an object"),
        (
            {"Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n", "templates/a.yaml": "a: b\n"},
            "failed to unmarshal manifest: error unmarshaling JSON: while decoding JSON: Object 'Kind' is missing in",
        ),
        ({"a.jsonnet": '"text"'}, "json: cannot unmarshal string into Go value of type map[string]interface {}"),
        ({"a.jsonnet": 'import "no"'}, 'RUNTIME ERROR: couldn\'t open import "no": no match locally'),
        (
            {"a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, annotations: {a: true}}\n"},
            'failed to get annotations for /v1, Kind=ConfigMap /x: .metadata.annotations accessor error: contains non-string value in the map under key "a": true is of the type bool, expected string',
        ),
        (
            {"a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: hello\n"},
            ".metadata.annotations accessor error: hello is of the type string, expected map[string]interface{}",
        ),
    ],
)
def test_what_is_no_manifest_is_told_as_go_tells_it(files: dict[str, str], words: str) -> None:
    assert words in _refusal(files, {"path": "."})


def test_a_namespace_that_is_no_text_is_none() -> None:
    made = _render({"a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: 1}\n"}, {"path": "."})
    assert made.objects[0]["metadata"] == {"name": "x"}


def test_an_unknown_name_in_the_build_environment_is_empty() -> None:
    variables = [{"name": "v", "value": "$ARGOCD_APP_NAME-$NOPE-$$"}]
    text = '{apiVersion: "v1", kind: "ConfigMap", metadata: {name: std.extVar("v")}}'
    made = _render({"a.jsonnet": text}, {"path": ".", "directory": {"jsonnet": {"extVars": variables}}})
    assert _names(made) == ["web--$"]


def test_json_without_a_kind_is_handed_on_to_be_told_with_its_marks() -> None:
    with pytest.raises(NoObjectError) as caught:
        _render({"package.json": '{"name": "x"}'}, {"path": "."})
    assert caught.value.found == {"name": "x"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("directory: [\n", "yaml: line 1: did not find expected node content"),
        ("text\n", "cannot unmarshal string into Go value of type v1alpha1.ApplicationSource"),
        ("directory: x\n", "field ApplicationSource.directory of type v1alpha1.ApplicationSourceDirectory"),
        (
            "helm: {parameters: [{name: a}, {name: true}]}\n",
            "bool into Go struct field HelmParameter.helm.parameters.name",
        ),
        (
            "helm: {parameters: {a: b}}\n",
            "object into Go struct field ApplicationSourceHelm.helm.parameters of type []",
        ),
        (
            "helm: {valueFiles: [a, 1]}\n",
            "number into Go struct field ApplicationSourceHelm.helm.valueFiles of type string",
        ),
        ("kustomize: {commonLabels: {a: 1}}\n", "ApplicationSourceKustomize.kustomize.commonLabels of type string"),
        ("directory: {jsonnet: {tlas: [{code: x}]}}\n", "JsonnetVar.directory.jsonnet.tlas.code of type bool"),
    ],
)
def test_a_file_that_overrides_with_what_is_no_source_is_refused(text: str, words: str) -> None:
    told = _refusal({"a.yaml": CM.format(name="a"), ".argocd-source.yaml": text}, {"path": "."})
    assert told.startswith(
        "error getting app source type: error while parsing source parameters: <path to cached source>/"
    )
    assert words in told


def test_a_count_of_replicas_has_to_be_a_number() -> None:
    files = {"kustomization.yaml": "resources: [a.yaml]\n", "a.yaml": CM.format(name="a")}
    told = _refusal(files, {"path": ".", "kustomize": {"replicas": [{"name": "a", "count": "x"}]}})
    assert told == "expected integer value for count. Received: x"


def test_null_of_jsonnet_is_nothing_and_what_is_no_object_is_shown_as_it_was_printed() -> None:
    assert _names(_render({"a.jsonnet": "null", "b.yaml": CM.format(name="b")}, {"path": "."})) == ["b"]
    told = _refusal({"a.jsonnet": "{a: {b: 1}}"}, {"path": "."})
    assert told.endswith("Object 'Kind' is missing in '{\n   \"a\": {\n      \"b\": 1\n   }\n}'")


def test_a_failed_build_tells_of_deprecated_fields_first() -> None:
    files = {
        "kustomization.yaml": "resources: [a.yaml]\npatchesStrategicMerge: [no.yaml]\n",
        "a.yaml": CM.format(name="a"),
    }
    told = _refusal(files, {"path": "."})
    assert "failed exit status 1: # Warning: 'patchesStrategicMerge' is deprecated." in told
    assert "\nError: trouble configuring builtin PatchStrategicMergeTransformer" in told


BUILD = "`helm dependency build` failed exit status 1: Error: "


@pytest.mark.parametrize(
    ("repository", "version", "words"),
    [
        (
            "file://../lib",
            "2.x",
            f'{BUILD}can\'t get a valid version for 1 subchart(s): "lib" (repository "file://../lib"',
        ),
        ("file://../no", "1.0.0", f"{BUILD}directory ../no not found"),
        ("", "1.0.0", f"{BUILD}directory charts/lib not found"),
        (
            '"@known"',
            "1.0.0",
            "`helm repo add known ` failed exit status 1: Error: could not find protocol handler for:",
        ),
        (
            "oci://r.example/x",
            "1.0.0",
            f"{BUILD}could not download oci://r.example/x/lib: could not download lib-1.0.0",
        ),
    ],
)
def test_a_dependency_that_cannot_be_had_is_told_as_helm_tells_it(repository: str, version: str, words: str) -> None:
    files = {
        "c/Chart.yaml": f"apiVersion: v2\nname: c\nversion: 1.0.0\ndependencies:\n- name: lib\n  version: {version}\n"
        f"  repository: {repository}\n",
        "lib/Chart.yaml": "apiVersion: v2\nname: lib\nversion: 1.0.0\n",
    }
    assert words in _refusal(files, {"path": "c"})

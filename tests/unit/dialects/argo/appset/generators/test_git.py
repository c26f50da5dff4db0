"""The git generator."""

from __future__ import annotations

import pytest

from holdfast.base.tree import MemoryTree
from holdfast.dialects.argo.appset.facts import GitTree, Problem, Question
from holdfast.dialects.argo.appset.generate import GenerationFailed
from holdfast.dialects.argo.project import read
from tests.unit.dialects.argo.appset.world import applications, declared, files, go, names, notes

DIRECTORIES = {"repoURL": "https://git/app.git", "revision": "main", "directories": [{"path": "apps/*"}]}
FILES = {"repoURL": "https://git/app.git", "revision": "main", "files": [{"path": "cfg/*"}]}
TREE = files(**{"apps/one/a": "", "apps/two_2/deep/a": "", "apps/.hidden/a": "", "apps/file": "", "other/a": ""})


def test_every_directory_that_fits_is_an_application() -> None:
    obj = go(
        [{"git": DIRECTORIES}], "{{ .path.basenameNormalized }}", {"p": "{{ .path.path }} {{ index .path.segments 0 }}"}
    )
    apps = applications(obj, TREE)
    assert names(apps) == ["one", "two-2"]
    assert notes(apps[1]) == {"p": "apps/two_2 apps"}


def test_an_exclusion_wins_wherever_it_stands() -> None:
    items = [{"path": "apps/one", "exclude": True}, {"path": "apps/*"}, {"path": "apps/*/deep"}, {"path": "[x"}]
    obj = go([{"git": {**DIRECTORIES, "directories": items}}], "{{ .path.basename | normalize }}")
    assert names(applications(obj, TREE)) == ["two-2", "deep"]


def test_without_go_templates_a_path_has_dots_and_brackets() -> None:
    obj = declared(
        [{"git": {**DIRECTORIES, "pathParamPrefix": "my", "values": {"v": "{{my.path[1]}}-x"}}}],
        "{{my.path.basenameNormalized}}",
        {"p": "{{my.path}} {{my.path[0]}} {{values.v}} {{path}}"},
    )
    assert notes(applications(obj, TREE)[1]) == {"p": "apps/two_2 apps two_2-x {{path}}"}


def test_values_may_use_what_the_generator_gives() -> None:
    generator = {"git": {**DIRECTORIES, "pathParamPrefix": "my", "values": {"v": "{{ .my.path.basename }}-x"}}}
    assert notes(
        applications(go([generator], "{{ .my.path.basenameNormalized }}", {"v": "{{ .values.v }}"}), TREE)[0]
    ) == {"v": "one-x"}


def test_the_objects_of_files_are_parameters() -> None:
    tree = files(
        **{
            "cfg/a.json": '{"name": "one", "at": {"ns": "x"}, "num": 3, "list": ["p", "q"]}',
            "cfg/deep/b.yaml": "- name: two\n  at: {ns: w}\n- name: three\n  at: {ns: z}\n",
            "cfg/ex.json": '{"name": "no"}',
        }
    )
    git = {**FILES, "files": [{"path": "cfg/*"}, {"path": "cfg/ex.json", "exclude": True}]}
    apps = applications(
        go([{"git": git}], "{{ .name }}", {"a": "{{ .at.ns }} {{ .path.path }} {{ .path.filename }}"}), tree
    )
    assert [(a["metadata"]["name"], notes(a)["a"]) for a in apps] == [
        ("one", "x cfg a.json"),
        ("two", "w cfg/deep b.yaml"),
        ("three", "z cfg/deep b.yaml"),
    ]


def test_without_go_templates_objects_are_flat_texts() -> None:
    tree = files(
        **{"cfg/a.json": '{"name": "one", "at": {"ns": "x"}, "num": 3, "on": true, "list": ["p", {"k": "v"}]}'}
    )
    obj = declared(
        [{"git": FILES}],
        "{{name}}",
        {"a": "{{at.ns}} {{num}} {{on}} {{list.0}} {{list.1.k}} {{path.filenameNormalized}}"},
    )
    assert notes(applications(obj, tree)[0]) == {"a": "x 3 true p v a.json"}


def test_an_old_yaml_boolean_is_a_key_too() -> None:
    assert names(applications(go([{"git": FILES}], 'x{{ index . "false" }}'), files(**{"cfg/a.yaml": "n: 1\n"}))) == [
        "x1"
    ]


def test_an_empty_file_is_an_object_without_keys() -> None:
    assert names(applications(go([{"git": FILES}], "{{ .path.filename }}"), files(**{"cfg/a.yaml": ""}))) == ["a.yaml"]


def test_links_are_followed_inside_of_the_repository() -> None:
    tree = MemoryTree({"real/a.yaml": b"name: one"}, links={"cfg/a.yaml": "../real/a.yaml"})
    assert names(applications(go([{"git": FILES}], "{{ .name }}"), lambda q: tree)) == ["one"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "a: [\n",
            "unable to parse file: error converting YAML to JSON: yaml: line 1: did not find expected node content",
        ),
        ("text", "json: cannot unmarshal string into Go value of type []map[string]interface {}"),
        ("[1]", "json: cannot unmarshal number into Go value of type map[string]interface {}"),
    ],
)
def test_a_file_that_is_no_object_is_named(content: str, message: str) -> None:
    with pytest.raises(GenerationFailed) as caught:
        applications(go([{"git": FILES}], "x"), files(**{"cfg/b.yaml": content}))
    start = (
        "error generating params from git: unable to process file 'cfg/b.yaml' from repository 'https://git/app.git': "
    )
    assert caught.value.message.startswith(start)
    assert caught.value.message.endswith(message)


def test_a_repository_that_cannot_be_read_is_told_with_what_was_done() -> None:
    def answer(question: Question) -> Problem:
        assert question == GitTree("https://git/app.git", "main", "default")
        return Problem("rpc error: code = Internal desc = boom")

    with pytest.raises(GenerationFailed) as caught:
        applications(go([{"git": DIRECTORIES}], "x"), answer)
    assert caught.value.message == (
        "error generating params from git: error getting directories from repo: error retrieving Git Directories: "
        "rpc error: code = Internal desc = boom"
    )
    with pytest.raises(GenerationFailed, match="from git: error retrieving Git files: rpc error"):
        applications(go([{"git": FILES}], "x"), answer)


def test_the_project_has_to_exist_unless_the_parameters_name_it() -> None:
    obj = go([{"git": DIRECTORIES}], "{{ .path.basenameNormalized }}")
    with pytest.raises(GenerationFailed, match="error getting project default: "):
        applications(obj, TREE, projects={})
    obj["spec"]["template"]["spec"]["project"] = "{{ .path.basename }}"
    assert len(applications(obj, TREE, projects={})) == 2


def test_where_commits_have_to_be_signed_nothing_is_read() -> None:
    signed = read({"metadata": {"name": "default"}, "spec": {"signatureKeys": [{"keyID": "4AEE18F83AFDEB23"}]}})
    with pytest.raises(GenerationFailed, match=r"wants the commits of https://git/app.git to be signed"):
        applications(go([{"git": DIRECTORIES}], "x"), TREE, projects={"default": signed})


def test_neither_directories_nor_files_is_nothing_to_generate_from() -> None:
    with pytest.raises(GenerationFailed, match="ApplicationSet is empty"):
        applications(go([{"git": {"repoURL": "https://r"}}], "x"), TREE)

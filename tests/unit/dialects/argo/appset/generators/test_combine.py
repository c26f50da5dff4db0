"""Generators over generators."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.base.tree import MemoryTree
from holdfast.dialects.argo.appset.facts import GitTree, Question
from holdfast.dialects.argo.appset.generate import GenerationFailed
from tests.unit.dialects.argo.appset.world import applications, cluster, declared, go, names, notes


def elements(*found: dict[str, Any]) -> dict[str, Any]:
    return {"list": {"elements": list(found)}}


def test_a_matrix_is_every_set_with_every_other_and_the_first_wins() -> None:
    matrix = {"generators": [elements({"n": "a", "x": "1"}, {"n": "b", "x": "2"}), elements({"m": "c", "x": "9"})]}
    apps = applications(go([{"matrix": matrix}], "{{ .n }}{{ .m }}", {"x": "{{ .x }}"}))
    assert [(a["metadata"]["name"], notes(a)["x"]) for a in apps] == [("ac", "1"), ("bc", "2")]


def test_without_go_templates_two_values_of_one_key_are_a_mistake() -> None:
    matrix = {"generators": [elements({"n": "a", "x": "1"}), elements({"m": "c", "x": "9"})]}
    with pytest.raises(GenerationFailed, match="found duplicate key x with different value, a: 1 ,b: 9"):
        applications(declared([{"matrix": matrix}], "{{n}}{{m}}"))


def test_the_second_generator_is_filled_with_the_firsts_parameters() -> None:
    asked: list[GitTree] = []

    def answer(question: Question) -> Any:
        assert isinstance(question, GitTree)
        asked.append(question)
        return MemoryTree({f"{question.revision}/app/x": b""})

    git = {
        "repoURL": "https://{{ .repo }}",
        "revision": "{{ .branch }}",
        "directories": [{"path": "{{ .branch }}/*"}],
        "values": {"where": "{{ .branch }}", "dir": "{{ .path.basename }}"},
    }
    first = elements({"repo": "one", "branch": "dev"}, {"repo": "two", "branch": "prod"})
    apps = applications(
        go(
            [{"matrix": {"generators": [first, {"git": git}]}}],
            "{{ .path.basename }}-{{ .repo }}",
            {"v": "{{ .values.where }} {{ .values.dir }}"},
        ),
        answer,
    )
    assert [(a["metadata"]["name"], notes(a)["v"]) for a in apps] == [("app-one", "dev app"), ("app-two", "prod app")]
    assert {(q.url, q.revision) for q in asked} == {("https://one", "dev"), ("https://two", "prod")}


def test_clusters_times_directories() -> None:
    git = {"git": {"repoURL": "https://r", "revision": "main", "directories": [{"path": "*"}]}}
    clusters = {"clusters": {"selector": {"matchLabels": {"env": "dev"}}}}
    apps = applications(
        go([{"matrix": {"generators": [git, clusters]}}], "{{ .path.basename }}-{{ .name }}"),
        lambda q: MemoryTree({"a/x": b"", "b/x": b""}),
        clusters=[cluster("eu", "https://eu", env="dev"), cluster("us", "https://us", env="prod")],
    )
    assert names(apps) == ["a-eu", "b-eu"]


@pytest.mark.parametrize(
    ("generators", "message"),
    [
        ([elements({})], "found less than two generators, Matrix support only two"),
        ([elements({}), elements({}), elements({})], "found more than two generators, Matrix support only two"),
        (
            [{}, elements({})],
            "error failed to get params for first generator in matrix generator: child generator generated no parameters",
        ),
        (
            [elements({"n": "a"}), {"list": {}, "clusters": {}}],
            "failed to get params for second generator in the matrix generator: found more than one generator in matrix.Generators",
        ),
    ],
)
def test_a_matrix_has_two_generators_of_one_kind_each(generators: list[Any], message: str) -> None:
    with pytest.raises(GenerationFailed) as caught:
        applications(go([{"matrix": {"generators": generators}}], "x"))
    assert caught.value.message == message


def test_combinations_nest_once_and_no_deeper() -> None:
    inner = {"matrix": {"generators": [elements({"a": "1"}), elements({"b": "2"})]}}
    apps = applications(go([{"matrix": {"generators": [inner, elements({"c": "3"})]}}], "{{ .a }}{{ .b }}{{ .c }}"))
    assert names(apps) == ["123"]
    deeper = {"matrix": {"generators": [inner, elements({"c": "3"})]}}
    with pytest.raises(GenerationFailed, match="child generator generated no parameters"):
        applications(go([{"matrix": {"generators": [deeper, elements({"d": "4"})]}}], "x"))


def test_a_merge_overrides_by_key_and_ignores_what_has_no_base() -> None:
    merge = {
        "mergeKeys": ["n"],
        "generators": [
            elements({"n": "one", "v": {"a": "1", "b": "1"}}, {"n": "two", "v": {"a": "1"}}),
            elements({"n": "one", "v": {"b": "2"}}, {"n": "ghost"}),
        ],
    }
    apps = applications(go([{"merge": merge}], "{{ .n }}", {"v": "{{ .v | toJson }}"}))
    assert [(a["metadata"]["name"], notes(a)["v"]) for a in apps] == [
        ("one", '{"a":"1","b":"2"}'),
        ("two", '{"a":"1"}'),
    ]


@pytest.mark.parametrize(
    ("merge", "message"),
    [
        (
            {"mergeKeys": ["n"], "generators": [elements({})]},
            "found less than two generators, Merge requires two or more",
        ),
        (
            {"mergeKeys": [], "generators": [elements({}), elements({})]},
            "error getting param sets by merge key: no merge keys were specified, Merge requires at least one",
        ),
        (
            {"mergeKeys": ["n"], "generators": [elements({"n": "one"}, {"n": "one"}), elements({})]},
            'error getting param sets by merge key: the parameters from a generator were not unique by the given mergeKeys, Merge requires all param sets to be unique. Duplicate key was {"n":"one"}',
        ),
    ],
)
def test_a_merge_needs_keys_that_tell_sets_apart(merge: dict[str, Any], message: str) -> None:
    with pytest.raises(GenerationFailed) as caught:
        applications(go([{"merge": merge}], "x"))
    assert caught.value.message == message


def test_a_selector_inside_of_a_combination_counts() -> None:
    chosen = {
        **elements({"n": "a", "env": "dev"}, {"n": "b", "env": "prod"}),
        "selector": {"matchLabels": {"env": "prod"}},
    }
    assert names(
        applications(go([{"matrix": {"generators": [chosen, elements({"m": "c"})]}}], "{{ .n }}{{ .m }}"))
    ) == ["bc"]

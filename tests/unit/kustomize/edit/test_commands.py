"""What edit commands do to the data."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.kustomize import KustomizeError
from holdfast.kustomize.edit import commands


@pytest.mark.parametrize(
    ("argument", "entry"),
    [
        ("web:1", {"name": "web", "newTag": "1"}),
        ("web=r/web:1", {"name": "web", "newName": "r/web", "newTag": "1"}),
        ("web=r/web@sha256:a", {"name": "web", "newName": "r/web", "digest": "sha256:a"}),
    ],
)
def test_an_image_argument_becomes_an_entry(argument: str, entry: dict[str, str]) -> None:
    data: dict[str, Any] = {}
    commands.set_images(data, [argument])
    assert data["images"] == [entry]


def test_a_star_keeps_what_is_there() -> None:
    data = {"images": [{"name": "web", "newName": "r/web", "newTag": "1"}]}
    commands.set_images(data, ["web=*:2"])
    assert data["images"] == [{"name": "web", "newName": "r/web", "newTag": "2"}]


def test_an_image_without_anything_to_set_is_refused() -> None:
    with pytest.raises(KustomizeError, match="invalid format of image"):
        commands.set_images({}, ["web"])


def test_labels_that_are_there_need_force() -> None:
    data: dict[str, Any] = {"commonLabels": {"a": "b"}}
    with pytest.raises(KustomizeError, match="label a already in kustomization file"):
        commands.add_pairs(data, "commonLabels", ["a:c"], "label", False)
    commands.add_pairs(data, "commonLabels", ["a:c"], "label", True)
    assert data["commonLabels"] == {"a": "c"}


def test_removing_matches_patterns_and_tidies_up() -> None:
    data: dict[str, Any] = {"resources": ["a.yaml", "b/c.yaml"]}
    assert commands.remove_entries(data, "resources", ["*.yaml", "nope"]) == ["nope"]
    assert data == {"resources": ["b/c.yaml"]}


def test_a_generator_of_the_same_name_takes_more_sources() -> None:
    data: dict[str, Any] = {"configMapGenerator": [{"name": "c", "literals": ["a=1"]}]}
    commands.add_generator(data, "configMapGenerator", {"name": "c", "literals": ["b=2"]})
    assert data["configMapGenerator"] == [{"name": "c", "literals": ["a=1", "b=2"]}]


def test_fix_moves_every_deprecated_field() -> None:
    data: dict[str, Any] = {
        "bases": ["b"],
        "resources": ["r"],
        "patchesStrategicMerge": ["p.yaml", "inline: true"],
        "commonLabels": {"a": "b"},
    }
    commands.fix(data, lambda path: path == "p.yaml")
    assert data == {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": ["r", "b"],
        "patches": [{"path": "p.yaml"}, {"patch": "inline: true"}],
        "labels": [{"includeSelectors": True, "pairs": {"a": "b"}}],
    }


def test_of_several_entries_for_one_image_the_one_that_was_asked_for_stays() -> None:
    data = {
        "images": [{"name": "web", "newTag": "1", "tagSuffix": "-x"}, {"name": "api"}, {"name": "web", "newTag": "2"}]
    }
    commands.set_images(data, ["web:3"])
    assert data["images"] == [{"name": "web", "newTag": "3"}, {"name": "api"}]


def test_images_are_sorted_where_their_order_tells_in_a_build() -> None:
    data = {"images": [{"name": "web", "newTag": "1"}, {"name": "b", "newTag": "1"}]}
    commands.set_images(data, ["a:1"])
    assert [entry["name"] for entry in data["images"]] == ["web", "b", "a"]
    commands.set_images(data, ["a=web:1"])
    assert [entry["name"] for entry in data["images"]] == ["a", "b", "web"]


def test_a_secret_that_is_there_keeps_its_type() -> None:
    data: dict[str, Any] = {"secretGenerator": [{"name": "s", "type": "kubernetes.io/tls", "files": ["a"]}]}
    commands.add_generator(data, "secretGenerator", {"name": "s", "files": ["b"], "type": "Opaque"})
    assert data["secretGenerator"] == [{"name": "s", "type": "kubernetes.io/tls", "files": ["a", "b"]}]


def test_generators_are_removed_by_name_and_namespace_all_of_them() -> None:
    data: dict[str, Any] = {
        "configMapGenerator": [{"name": "c"}, {"name": "c", "namespace": "default"}, {"name": "c", "namespace": "x"}]
    }
    assert commands.remove_generators(data, "configMapGenerator", ["c", "d"], "") == ["d"]
    assert data["configMapGenerator"] == [{"name": "c", "namespace": "x"}]


def test_literals_are_changed_by_their_key() -> None:
    data: dict[str, Any] = {"configMapGenerator": [{"name": "c", "literals": ["a=1", "b=2", "a=3"]}]}
    commands.set_generator(data, "configMapGenerator", "ConfigMap", {"name": "c", "literals": ["b=9"]}, "ns")
    assert data["configMapGenerator"] == [{"name": "c", "namespace": "ns", "literals": ["a=3", "b=9"]}]
    for literal, problem in (("z=1", "key 'z' not found"), ("a", "key=value format"), ("a=b=c", "key=value format")):
        wanted = {"name": "c", "namespace": "ns", "literals": [literal]}
        with pytest.raises(KustomizeError, match=problem):
            commands.set_generator(data, "configMapGenerator", "ConfigMap", wanted, "")


def test_labels_that_are_not_there_are_refused() -> None:
    with pytest.raises(KustomizeError, match="commonLabels is not defined"):
        commands.remove_pairs({}, "commonLabels", ["a"], "label", False)
    with pytest.raises(KustomizeError, match="label a is not defined"):
        commands.remove_pairs({"commonLabels": {"b": "c"}}, "commonLabels", ["a"], "label", False)
    commands.remove_pairs({}, "commonLabels", ["a"], "label", True)


@pytest.mark.parametrize(
    ("pattern", "left"),
    [("*", ["b/c.yaml"]), ("*/*", ["a.yaml"]), ("[^b]*", ["b/c.yaml"]), ("b/c.yaml", ["a.yaml"]), ("[a", None)],
)
def test_patterns_are_those_of_go(pattern: str, left: list[str] | None) -> None:
    data = {"resources": ["a.yaml", "b/c.yaml"]}
    if left is None:
        with pytest.raises(KustomizeError, match="syntax error in pattern"):
            commands.remove_entries(data, "resources", [pattern])
    else:
        commands.remove_entries(data, "resources", [pattern])
        assert data["resources"] == left

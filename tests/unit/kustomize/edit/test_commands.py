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

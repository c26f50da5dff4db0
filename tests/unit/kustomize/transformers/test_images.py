"""Image names, tags and digests."""

from __future__ import annotations

import pytest

from holdfast.kustomize import Resource
from holdfast.kustomize.resmap import ResMap
from holdfast.kustomize.transformers.images import set_images, split


@pytest.mark.parametrize(
    ("image", "parts"),
    [
        ("nginx", ("nginx", "", "")),
        ("nginx:1", ("nginx", "1", "")),
        ("host:5000/nginx", ("host:5000/nginx", "", "")),
        ("host:5000/nginx:1@sha256:a", ("host:5000/nginx", "1", "sha256:a")),
        ("nginx@sha256:a", ("nginx", "", "sha256:a")),
    ],
)
def test_an_image_is_taken_apart(image: str, parts: tuple[str, str, str]) -> None:
    assert split(image) == parts


@pytest.mark.parametrize(
    ("entry", "before", "after"),
    [
        pytest.param({"name": "nginx", "newTag": "2"}, "nginx:1@sha256:a", "nginx:2", id="a tag drops the digest"),
        pytest.param({"name": "nginx", "digest": "sha256:b"}, "nginx:1", "nginx@sha256:b", id="a digest drops the tag"),
        pytest.param({"name": "nginx", "newName": "r/n"}, "nginx:1", "r/n:1", id="a name keeps the tag"),
        pytest.param({"name": "nginx", "newTag": "2"}, "nginx-x:1", "nginx-x:1", id="other images stay"),
        pytest.param({"name": "a.b/c", "newTag": "2"}, "a.b/c:1", "a.b/c:2", id="dots in host names match"),
        pytest.param({"name": "n.*x", "newName": "z"}, "nginx:1", "z:1", id="the name is an expression"),
    ],
)
def test_an_entry_changes_what_it_names(entry: dict[str, str], before: str, after: str) -> None:
    resource = Resource({"kind": "X", "spec": {"anything": {"containers": [{"image": before}]}}})
    set_images(ResMap([resource]), [entry], ())
    assert resource.manifest["spec"]["anything"]["containers"][0]["image"] == after


def test_definitions_of_kinds_are_left_alone() -> None:
    resource = Resource({"kind": "CustomResourceDefinition", "containers": [{"image": "nginx"}]})
    set_images(ResMap([resource]), [{"name": "nginx", "newTag": "2"}], ())
    assert resource.manifest["containers"] == [{"image": "nginx"}]


def test_an_image_that_is_a_number_stays_one_wherever_it_is_not_meant() -> None:
    containers = [{"image": 5}, {"image": 5}]
    set_images(ResMap([Resource({"kind": "X", "containers": containers})]), [{"name": "nginx", "newTag": "2"}], ())
    assert containers == [{"image": 5}, {"image": 5}]

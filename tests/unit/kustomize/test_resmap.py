"""Resources by what they are called, and were."""

from __future__ import annotations

import pytest

from holdfast.kustomize.errors import KustomizeError
from holdfast.kustomize.ids import Key
from holdfast.kustomize.resmap import ResMap, index_of
from holdfast.kustomize.resource import Resource


def config(name: str) -> Resource:
    return Resource({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}})


def key(name: str) -> Key:
    return Key("v1", "ConfigMap", "default", name)


def renamed(name: str, now: str) -> Resource:
    resource = config(name)
    resource.store_previous()
    resource.set_name(now)
    return resource


def test_a_resource_is_found_by_its_name_and_by_its_former_one() -> None:
    one, other = renamed("a", "x"), config("b")
    found = ResMap([one, other])
    assert found.by_any_key(key("a")) == found.by_any_key(key("x")) == [one]
    assert found.by_any_key(key("b")) == [other] and found.by_any_key(key("c")) == []


def test_a_name_that_one_has_and_another_had_finds_both() -> None:
    one, other = renamed("a", "x"), config("a")
    found = ResMap([one])
    found.append(other)
    assert {id(r) for r in found.by_any_key(key("a"))} == {id(one), id(other)}


def test_two_of_one_name_are_both_found_once_a_transformer_made_them() -> None:
    one, other = config("a"), config("b")
    found = ResMap([one, other])
    other.set_name("a")
    found.touched()
    assert found.by_any_key(key("a")) == [one, other]


def test_what_a_patch_deleted_is_not_found() -> None:
    one = config("a")
    found = ResMap([one, config("b")])
    one.manifest = {}
    assert found.by_any_key(key("a")) == []


def test_a_whole_map_is_taken_in_and_doubles_are_refused() -> None:
    found = ResMap([config("a")])
    new = [config("b"), config("c")]
    found.append_new(new, index_of(new))
    assert [r.name for r in found] == ["a", "b", "c"]
    new = [config("d"), config("a")]
    with pytest.raises(KustomizeError, match="already registered id"):
        found.append_new(new, index_of(new))

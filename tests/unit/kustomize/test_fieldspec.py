"""Field specs: paths, creation and merging."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.kustomize import KustomizeError, Resource
from holdfast.kustomize.fieldspec import FieldSpec, Walk, apply_spec, merge_specs, split_path


def put(node: Any, key: Any) -> None:
    node[key] = "X"


def applied(manifest: Any, path: str, create: bool = False, creates: str = "scalar") -> Any:
    resource = Resource(manifest)
    apply_spec(resource, FieldSpec(path, create=create), put, Walk(creates, ""))
    return resource.manifest


def test_lists_on_the_way_are_walked_into() -> None:
    assert applied({"a": [{"b": 1}, {"b": 2}]}, "a/b") == {"a": [{"b": "X"}, {"b": "X"}]}


def test_what_is_missing_is_made_only_when_the_spec_says_so() -> None:
    assert applied({}, "a/b") == {}
    assert applied({}, "a/b", create=True) == {"a": {"b": "X"}}


def test_a_list_is_never_made() -> None:
    assert applied({}, "a[]/b", create=True) == {}


def test_a_backslash_keeps_a_slash_in_a_key() -> None:
    assert split_path("a/b\\/c/d") == ("a", "b/c", "d")


def test_a_text_on_the_way_is_an_error_that_names_field_and_object() -> None:
    with pytest.raises(KustomizeError) as caught:
        applied({"apiVersion": "v1", "kind": "K", "metadata": {"name": "n"}, "a": "text"}, "a/b")
    assert caught.value.message == (
        "considering field 'a/b' of object K.v1.[noGrp]/n.[noNs]: expected sequence or mapping node"
    )


def test_specs_that_disagree_about_creation_are_refused() -> None:
    with pytest.raises(KustomizeError, match="conflicting fieldspecs"):
        merge_specs([FieldSpec("a")], [FieldSpec("a", create=True)])


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(("", "K", "L")))))
def test_merging_twice_adds_nothing(pairs: list[tuple[str, str]]) -> None:
    specs = [FieldSpec(path, kind=kind) for path, kind in pairs]
    once = merge_specs((), specs)
    assert merge_specs(once, specs) == once

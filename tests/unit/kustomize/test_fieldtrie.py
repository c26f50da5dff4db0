"""One walk for all specs of a kind does what one walk for each does."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from holdfast.kustomize.errors import KustomizeError
from holdfast.kustomize.fieldspec import NO_CREATION, FieldSpec, SpecIndex, Walk, apply_spec, wrong_kind
from holdfast.kustomize.resource import Resource

PARTS = st.sampled_from(["a", "b", "c[]", "c", "metadata", "0", "*", ""])
SPECS = st.tuples(st.lists(PARTS, min_size=1, max_size=4), st.booleans()).map(
    lambda drawn: FieldSpec("/".join(drawn[0]), create=drawn[1])
)
LEAVES = st.none() | st.sampled_from(["x", 1, True])
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "c", "metadata"]), inner, max_size=3)
    ),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.sampled_from(["a", "b", "c"]), VALUES, max_size=3)
WALKS = st.sampled_from([NO_CREATION, Walk("map"), Walk("scalar", "")])


def resource_of(data: dict[str, Any]) -> Resource:
    meta = {"name": "n", **data["metadata"]} if isinstance(data.get("metadata"), dict) else {"name": "n"}
    return Resource({**copy.deepcopy(data), "apiVersion": "v1", "kind": "Thing", "metadata": meta})


def marking(node: Any, key: Any) -> None:
    """Sets an entry where there is a mapping, and refuses text; to do so twice changes nothing."""
    if type(node[key]) is dict:
        node[key]["marked"] = True
    elif type(node[key]) is str and node[key]:
        raise wrong_kind("MappingNode", node[key])


@given(OBJECTS, st.lists(SPECS, max_size=5), WALKS)
def test_one_walk_does_what_many_do(data: dict[str, Any], specs: list[FieldSpec], walk: Walk) -> None:
    one, many = resource_of(data), resource_of(data)
    faults = []
    try:
        SpecIndex(specs, walk).apply(one, marking)
    except KustomizeError as err:
        faults.append(err.message)
    try:
        for spec in specs:
            apply_spec(many, spec, marking, walk)
    except KustomizeError:
        assert faults
    else:
        assert not faults
        assert one.manifest == many.manifest


def test_fields_in_lists_of_lists_are_reached_and_missing_ones_made() -> None:
    resource = resource_of({"a": [[{"b": {}}], {"b": {}}, None]})
    specs = [FieldSpec("a/b"), FieldSpec("metadata/labels", create=True), FieldSpec("c/d")]
    SpecIndex(specs, Walk("map")).apply(resource, marking)
    assert resource.manifest["a"] == [[{"b": {"marked": True}}], {"b": {"marked": True}}, None]
    assert resource.manifest["metadata"]["labels"] == {"marked": True}
    assert "c" not in resource.manifest

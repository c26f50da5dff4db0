from __future__ import annotations

import copy
from typing import Any

import pytest

from holdfast.kube.patch import PatchError, strategic_merge
from holdfast.kube.refs import GroupVersionKind
from holdfast.kube.schema import Schema, builtin


def schema(kind: str, group: str = "", version: str = "v1") -> Schema:
    found = builtin().lookup(GroupVersionKind(group, version, kind))
    assert found is not None
    return found


def pod(*containers: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {"spec": {"containers": list(containers), **spec}}


def patched(before: dict[str, Any], patch: dict[str, Any], kind: str = "Pod") -> Any:
    kept = copy.deepcopy((before, patch))
    found = strategic_merge(before, patch, schema(kind))
    assert (before, patch) == kept, "inputs are left alone"
    return found


A, B = {"name": "a", "image": "1"}, {"name": "b", "image": "1"}


def test_containers_merge_by_name_and_a_new_one_goes_to_the_front() -> None:
    new = {"name": "n", "image": "1"}
    assert patched(pod(A, B), pod({"name": "b", "image": "2"}, new)) == pod(A, {"name": "b", "image": "2"}, new)
    assert patched(pod(A), pod(new)) == pod(new, A)


def test_an_item_is_deleted_by_its_key() -> None:
    assert patched(pod(A, B), pod({"$patch": "delete", "name": "a"})) == pod(B)


def test_a_list_is_replaced_by_directive() -> None:
    assert patched(pod(A, B), pod({"$patch": "replace"}, {"name": "c"})) == pod({"name": "c"})


def test_a_map_is_replaced_or_emptied_by_directive() -> None:
    before = {"metadata": {"labels": {"a": "1", "b": "2"}}}
    assert patched(before, {"metadata": {"labels": {"$patch": "replace", "c": "3"}}}) == {
        "metadata": {"labels": {"c": "3"}}
    }
    assert patched(before, {"metadata": {"labels": {"$patch": "delete"}}}) == {"metadata": {"labels": {}}}


def test_null_removes_and_is_not_stored_in_new_parts() -> None:
    before = {"metadata": {"labels": {"a": "1"}}}
    patch = {"metadata": {"labels": {"a": None, "x": None}, "annotations": {"y": None, "z": "1"}}}
    assert patched(before, patch) == {"metadata": {"labels": {}, "annotations": {"z": "1"}}}


def test_lists_without_a_merge_strategy_are_replaced() -> None:
    before = pod({"name": "a", "args": ["1", "2"]})
    assert patched(before, pod({"name": "a", "args": ["3"]})) == pod({"name": "a", "args": ["3"]})


def test_primitive_lists_are_joined_and_deleted_from() -> None:
    before = {"metadata": {"finalizers": ["a", "b"]}}
    assert patched(before, {"metadata": {"finalizers": ["c", "a"]}})["metadata"]["finalizers"] == ["c", "a", "b"]
    assert patched(before, {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"]}}) == {
        "metadata": {"finalizers": ["b"]}
    }


def test_the_order_directive_sorts_what_it_names_and_keeps_the_rest_in_place() -> None:
    order = {"spec": {"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]}}
    assert patched(pod(A, B), order) == pod(B, A)
    other = {"name": "x", "image": "1"}
    assert patched(pod(other, A, B), order) == pod(other, B, A)


def test_an_order_that_lacks_a_patched_item_is_refused_with_both_lists() -> None:
    patch = {"spec": {"$setElementOrder/containers": [{"name": "a"}], "containers": [{"name": "zz", "image": "i"}]}}
    with pytest.raises(PatchError) as caught:
        patched(pod(A), patch)
    assert caught.value.message == (
        "The order in patch list:\n[map[image:i name:zz]]\n doesn't match $setElementOrder list:\n[map[name:a]]\n"
    )


def test_retained_keys_clear_the_other_members_of_a_union() -> None:
    before = pod(A, volumes=[{"name": "v", "emptyDir": {}}])
    patch = {"spec": {"volumes": [{"name": "v", "secret": {"secretName": "s"}, "$retainKeys": ["name", "secret"]}]}}
    assert patched(before, patch)["spec"]["volumes"] == [{"name": "v", "secret": {"secretName": "s"}}]


def test_service_ports_merge_by_port_alone() -> None:
    before = {"spec": {"ports": [{"port": 53, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}, {"port": 80}]}}
    assert patched(before, {"spec": {"ports": [{"$patch": "delete", "port": 53}]}}, "Service") == {
        "spec": {"ports": [{"port": 80}]}
    }


@pytest.mark.parametrize(
    ("patch", "code", "message"),
    [
        (pod({"image": "i"}), 500, "map: map[image:i] does not contain declared merge key: name"),
        (pod({"$patch": "merge", "name": "a"}), 500, "merging lists cannot yet be specified in the patch"),
        ({"spec": {"$patch": "merge", "z": 3}}, 500, "unknown patch type: merge in map: map[$patch:merge z:3]"),
        ({"metadata": {"$patch": "frobnicate"}}, 500, "unknown patch type: frobnicate in map: map[$patch:frobnicate]"),
        ({"spec": {"$retainKeys": ["x"], "y": 1}}, 400, "invalid patch format of retainKeys"),
        ({"spec": {"$setElementOrder": []}}, 400, "invalid patch format of setElementOrder list"),
        ({"spec": {"$deleteFromPrimitiveList": []}}, 400, "invalid patch format of primitive list"),
        ({"spec": {"$setElementOrder/containers": "a"}}, 500, "expected a []interface {}, but received a string"),
        (
            {"spec": {"$setElementOrder/nope": []}},
            500,
            'unable to find api field in struct PodSpec for the json field "nope"',
        ),
        (pod("a"), 500, "list element types are not identical: [[map[image:1 name:a]] [a]]"),  # type: ignore[arg-type]
    ],
)
def test_bad_directives_are_refused_in_the_words_of_the_api_server(
    patch: dict[str, Any], code: int, message: str
) -> None:
    before = {**pod(A), "metadata": {"name": "p"}}
    with pytest.raises(PatchError) as caught:
        patched(before, patch)
    assert (caught.value.code, caught.value.message) == (code, message)


def test_a_kind_without_a_schema_has_no_strategic_merge() -> None:
    with pytest.raises(PatchError, match="not supported") as caught:
        strategic_merge({}, {}, None)
    assert caught.value.code == 400


def test_an_unnamed_item_keeps_its_place_relative_to_what_took_a_deleted_one() -> None:
    patch = {
        "spec": {
            "$setElementOrder/containers": [{"name": "e"}, {"name": "b"}],
            "containers": [{"name": "e"}, {"$patch": "delete", "name": "b"}],
        }
    }
    assert patched(pod(A, B), patch) == pod(A, {"name": "e"})


def test_a_directive_after_the_last_ordered_item_does_not_match_the_order() -> None:
    patch = {
        "spec": {"$setElementOrder/containers": [{"name": "e"}], "containers": [{"name": "e"}, {"$patch": "replace"}]}
    }
    with pytest.raises(PatchError, match=r"doesn't match \$setElementOrder"):
        patched(pod(A), patch)

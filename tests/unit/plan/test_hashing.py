from __future__ import annotations

from holdfast.plan.hashing import intended_hash, owned_hash, project, union


def test_projection_follows_the_field_set_through_maps_and_keyed_lists() -> None:
    live = {
        "spec": {
            "replicas": 3,
            "containers": [{"name": "a", "image": "i", "env": []}, {"name": "b", "image": "j"}],
            "finalizers": ["x", "y"],
        }
    }
    fields = {
        "f:spec": {
            "f:containers": {'k:{"name":"a"}': {".": {}, "f:name": {}, "f:image": {}}},
            "f:finalizers": {'v:"y"': {}},
        }
    }
    assert project(live, fields) == {"spec": {"containers": [{"name": "a", "image": "i"}], "finalizers": ["y"]}}


def test_what_was_applied_hashes_like_what_is_desired() -> None:
    fields = {"f:data": {"f:a": {}}, "f:metadata": {"f:labels": {"f:l": {}}}}
    entries = [{"manager": "m", "operation": "Apply", "fieldsV1": fields}]
    meta = {"name": "x", "uid": "u", "labels": {"l": "1", "other": "2"}, "managedFields": entries}
    live = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"a": "1", "b": "2"}}
    desired = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "x", "labels": {"l": "1"}},
        "data": {"a": "1"},
    }
    assert owned_hash(live, "m") == intended_hash(desired)
    assert owned_hash(live, "nobody") == ""


def test_a_union_keeps_membership_of_a_node_that_gets_children() -> None:
    assert union({"f:a": {}}, {"f:a": {"f:b": {}}}) == {"f:a": {"f:b": {}, ".": {}}}

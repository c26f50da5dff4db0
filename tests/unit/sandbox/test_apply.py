from __future__ import annotations

import copy
from typing import Any

import pytest

from holdfast.kube.refs import GroupVersionKind, Manifest
from holdfast.kube.schema import builtin, custom_resource
from holdfast.sandbox.apply import LAST_APPLIED, apply_patch, ignored_fields, track_update
from holdfast.sandbox.status import StatusError

NOW = "2026-01-01T00:00:00Z"


def config_map(data: dict[str, Any] | None = None, **metadata: Any) -> Manifest:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", **metadata}, "data": data or {"k": "1"}}


def write(obj: Manifest) -> dict[str, Any]:
    gvk = GroupVersionKind.of(obj)
    return {"schema": builtin().lookup(gvk), "api_version": gvk.api_version, "subresource": "", "now": NOW}


def applied(live: Manifest | None, obj: Manifest, manager: str = "a", *, force: bool = False) -> Manifest:
    return apply_patch(live, obj, manager=manager, force=force, **write(obj))


def tracked(old: Manifest | None, new: Manifest, manager: str = "ed") -> Manifest:
    return track_update(old, new, manager=manager, **write(new))


def owners(obj: Manifest) -> dict[str, Any]:
    return {e["manager"]: e["fieldsV1"] for e in obj["metadata"].get("managedFields") or ()}


def refused(call: Any) -> StatusError:
    with pytest.raises(StatusError) as caught:
        call()
    return caught.value


def test_a_typed_failure_is_a_500_without_a_reason() -> None:
    bad = {**config_map(), "nope": 1}
    error = refused(lambda: applied(None, bad))
    assert (error.code, error.reason, error.details) == (500, "", None)
    assert (
        error.message
        == "failed to create typed patch object (/a; /v1, Kind=ConfigMap): .nope: field not declared in schema"
    )


def test_another_kind_and_sent_managers_are_bad_requests() -> None:
    other = {**config_map(), "kind": "Secret"}
    error = refused(lambda: apply_patch(None, other, manager="a", force=False, kind="ConfigMap", **write(config_map())))
    assert (error.code, error.message) == (400, "invalid object type: /v1, Kind=Secret")
    error = refused(lambda: applied(None, config_map(managedFields=[])))
    assert (error.code, error.message) == (400, "metadata.managedFields must be nil")
    assert applied(None, config_map(managedFields=None))


def test_a_conflict_is_a_409_with_causes() -> None:
    live = tracked(None, config_map())
    error = refused(lambda: applied(live, config_map({"k": "2"})))
    assert (error.code, error.reason) == (409, "Conflict")
    assert error.details == {
        "causes": [{"reason": "FieldManagerConflict", "message": 'conflict with "ed" using v1', "field": ".data.k"}]
    }


def test_the_first_apply_to_an_untracked_object_meets_before_first_apply() -> None:
    error = refused(lambda: applied(config_map(uid="u"), config_map({"k": "2"})))
    assert 'conflict with "before-first-apply" using v1: .data.k' in error.message
    found = applied(config_map(uid="u"), config_map())
    assert set(owners(found)) == {"a", "before-first-apply"}


def test_a_create_owns_what_is_set_but_not_what_every_object_has() -> None:
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": {"type": "ClusterIP"}}
    assert owners(tracked(None, service)) == {"ed": {"f:spec": {"f:type": {}}}}


def test_an_object_that_nobody_tracks_stays_untracked() -> None:
    assert "managedFields" not in tracked(config_map(uid="u"), config_map({"k": "2"}, uid="u"))["metadata"]


@pytest.mark.parametrize("reset", [[], [{}]])
def test_an_empty_list_gives_up_tracking(reset: list[Any]) -> None:
    live = tracked(None, config_map())
    assert owners(tracked(live, config_map({"k": "2"}, managedFields=reset))) == {}


def test_entries_that_cannot_be_read_are_ignored() -> None:
    live = tracked(None, config_map())
    sent = config_map({"k": "1", "n": "1"}, managedFields=[{"manager": "x"}])
    assert set(owners(tracked(live, sent, "m"))) == {"ed", "m"}


def test_a_version_that_does_not_parse_wipes_all_entries() -> None:
    live = tracked(None, config_map())
    entry = {"manager": "x", "operation": "Update", "apiVersion": "a/b/c", "fieldsType": "FieldsV1", "fieldsV1": {}}
    assert owners(tracked(live, config_map({"n": "1"}, managedFields=[entry]))) == {}


def test_the_result_shares_nothing_with_the_inputs() -> None:
    live, sent = applied(None, config_map({"k": "1", "l": "1"})), config_map({"k": "1"}, labels={"a": "b"})
    kept = copy.deepcopy((live, sent))
    found = applied(live, sent)
    found["data"]["x"] = found["metadata"]["labels"]["x"] = "y"
    assert (live, sent) == kept


def test_kubectl_takes_over_what_its_annotation_lists_and_renews_it() -> None:
    last = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"k":"1"}}'
    live = tracked(None, config_map({"k": "1"}, annotations={LAST_APPLIED: last}))
    refused(lambda: applied(live, config_map({"k": "2"}), "other"))
    found = applied(live, config_map({"k": "2"}), "kubectl")
    assert found["data"] == {"k": "2"}
    text = found["metadata"]["annotations"][LAST_APPLIED]
    assert text == '{"apiVersion":"v1","data":{"k":"2"},"kind":"ConfigMap","metadata":{"name":"a"}}\n'


def test_kubectl_meets_conflicts_on_fields_that_changed_since() -> None:
    last = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"k":"0"}}'
    live = tracked(None, config_map({"k": "1"}, annotations={LAST_APPLIED: last}))
    assert refused(lambda: applied(live, config_map({"k": "2"}), "kubectl")).code == 409


def test_status_is_written_by_its_own_endpoint_only() -> None:
    pod = GroupVersionKind("", "v1", "Pod")
    assert ignored_fields(pod, "", has_status=True, custom=False) == {"f:status": {}}
    assert "f:spec" in ignored_fields(pod, "status", has_status=True, custom=False)
    widget = GroupVersionKind("example.com", "v1", "Widget")
    assert ignored_fields(widget, "", has_status=False, custom=True) == {}
    assert ignored_fields(widget, "status", has_status=True, custom=True) == {"f:metadata": {}, "f:spec": {}}


def test_a_custom_object_owned_in_two_versions_conflicts_across_them() -> None:
    shape = custom_resource(
        {"type": "object", "properties": {"spec": {"type": "object", "properties": {"a": {"type": "string"}}}}}
    )

    def widget(version: str, value: str, **metadata: Any) -> Manifest:
        metadata = {"name": "w", **metadata}
        return {"apiVersion": f"example.com/{version}", "kind": "Widget", "metadata": metadata, "spec": {"a": value}}

    def options(version: str) -> dict[str, Any]:
        return {
            "schema": shape,
            "api_version": f"example.com/{version}",
            "subresource": "",
            "now": NOW,
            "custom": True,
            "versions": lambda version: shape,
        }

    live = track_update(None, widget("v1", "1"), manager="old", **options("v1"))
    error = refused(
        lambda: apply_patch(
            {**live, "apiVersion": "example.com/v2"}, widget("v2", "2"), manager="new", force=False, **options("v2")
        )
    )
    assert error.message == 'Apply failed with 1 conflict: conflict with "old" using example.com/v1: .spec.a'

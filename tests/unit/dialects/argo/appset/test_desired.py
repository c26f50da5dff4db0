"""Wanted applications against those that are."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from holdfast.dialects.argo.appset import desired, spec
from holdfast.kube.refs import Manifest
from tests.unit.dialects.argo.appset.world import applications, go

LIST = [{"list": {"elements": [{"n": "one"}]}}]


def never(obj: Manifest, expression: str) -> Manifest:
    raise AssertionError(expression)


def pair(**more: Any) -> tuple[spec.ApplicationSet, Manifest, Manifest]:
    """The set, its application, and that application as it was created."""
    obj = go(LIST, "{{ .n }}", **more)
    (app,) = applications(obj)
    wanted = spec.read(obj)
    live = desired.create(app, wanted)
    live["status"] = {"sync": {"status": "Synced"}}
    live["metadata"]["uid"] = "x"
    return wanted, app, live


def test_an_application_belongs_to_its_set() -> None:
    _, _, live = pair()
    assert live["metadata"]["ownerReferences"] == [
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "ApplicationSet",
            "name": "s",
            "uid": "u",
            "controller": True,
            "blockOwnerDeletion": True,
        }
    ]
    assert desired.is_owned(live, "s")
    assert not desired.is_owned(live, "other")


def test_what_is_as_it_should_be_is_left_alone() -> None:
    wanted, app, live = pair()
    assert desired.change(app, live, wanted, never) is None


def test_drift_is_put_right_with_the_smallest_patch() -> None:
    wanted, app, live = pair()
    live["spec"]["source"]["path"] = "other"
    live["spec"]["info"] = [{"name": "a", "value": "b"}]
    live["metadata"]["labels"] = {"foreign": "1"}
    live["metadata"]["annotations"] = {"foreign": "1"}
    assert desired.change(app, live, wanted, never) == {
        "metadata": {"labels": None, "annotations": None},
        "spec": {"source": {"path": "p"}, "info": None},
    }


def test_preserved_fields_and_argo_cds_own_annotations_stay() -> None:
    wanted, app, live = pair(preservedFields={"annotations": ["keep"], "labels": ["keepl"]})
    live["metadata"]["annotations"] = {"keep": "1", "argocd.argoproj.io/refresh": "normal", "no": "1"}
    live["metadata"]["labels"] = {"keepl": "1"}
    live["metadata"]["finalizers"] = [
        *live["metadata"]["finalizers"],
        "post-delete-finalizer.argocd.argoproj.io/cleanup",
    ]
    assert desired.change(app, live, wanted, never) == {"metadata": {"annotations": {"no": None}}}


def test_ignored_differences_are_not_the_sets_to_decide() -> None:
    ignored = [
        {"jsonPointers": ["/spec/source/targetRevision"]},
        {"name": "one", "jqPathExpressions": [".spec.info"]},
        {"name": "other", "jsonPointers": ["/spec/source/path"]},
    ]
    wanted, app, live = pair(ignoreApplicationDifferences=ignored)
    live["spec"]["source"] |= {"targetRevision": "mine", "path": "drift"}
    live["spec"]["info"] = [{"name": "a", "value": "b"}]

    def delete(obj: Manifest, expression: str) -> Manifest:
        assert expression == ".spec.info"
        return {**obj, "spec": {k: v for k, v in obj["spec"].items() if k != "info"}}

    assert desired.change(app, live, wanted, delete) == {"spec": {"source": {"path": "p"}}}


def test_a_list_that_is_empty_but_for_what_is_ignored_is_no_difference() -> None:
    wanted, app, live = pair(ignoreApplicationDifferences=[{"jsonPointers": ["/spec/info/0"]}])
    live["spec"]["info"] = [{"name": "a", "value": "b"}]
    assert desired.change(app, live, wanted, never) is None


def test_finalizers_of_hooks_stay() -> None:
    wanted, app, live = pair()
    hooks = ["pre-delete-finalizer.argocd.argoproj.io", "post-delete-finalizer.argocd.argoproj.io/cleanup"]
    live["metadata"]["finalizers"] = [*app["metadata"]["finalizers"], *hooks]
    assert desired.change(app, live, wanted, never) is None
    live["metadata"]["finalizers"] = [*reversed(hooks), "foreign/f"]
    patch = desired.change(app, live, wanted, never)
    assert patch == {"metadata": {"finalizers": [*app["metadata"]["finalizers"], *hooks]}}


def test_an_operation_is_handed_over_once() -> None:
    wanted, app, live = pair()
    app["operation"] = {"sync": {}}
    assert desired.change(app, live, wanted, never) == {"operation": {"sync": {}}}
    assert desired.change(app, {**live, "operation": {"sync": {}}}, wanted, never) is None


def test_an_application_of_another_set_is_not_taken() -> None:
    wanted, _, live = pair()
    assert desired.foreign_owner(live, wanted) == ""
    live["metadata"]["ownerReferences"][0] |= {"uid": "other", "name": "rival"}
    assert desired.foreign_owner(live, wanted) == "rival"


def test_what_no_generator_gives_any_more_is_superfluous() -> None:
    _, app, live = pair()
    gone = copy.deepcopy(live)
    gone["metadata"]["name"] = "gone"
    assert desired.superfluous([live, gone], [app]) == [gone]


tables = st.recursive(
    st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2),
    lambda below: st.dictionaries(st.sampled_from("abc"), below, max_size=3),
    max_leaves=8,
)


def merged(target: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, dict):
        return patch
    out = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            out.pop(key, None)
        else:
            out[key] = merged(out.get(key), value)
    return out


@given(st.dictionaries(st.sampled_from("abc"), tables), st.dictionaries(st.sampled_from("abc"), tables))
def test_a_difference_is_a_merge_patch(before: dict[str, Any], after: dict[str, Any]) -> None:
    patch = desired.diff(before, after)
    assert merged(before, patch) == after
    assert (patch == {}) == (before == after)

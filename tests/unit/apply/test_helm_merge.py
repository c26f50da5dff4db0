"""The merge on our side: what was, what is wanted, what is live."""

from __future__ import annotations

import copy
from typing import Any

from holdfast.apply.helm_merge import merged
from holdfast.kube.patch_json import merge_patch


def deployment(*containers: dict[str, Any], **spec: Any) -> dict[str, Any]:
    template = {"spec": {"containers": list(containers)}}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"template": template, **spec}}  # fmt: skip


def after(original: Any, target: Any, live: Any, **options: Any) -> Any:
    return merge_patch(copy.deepcopy(live), merged(original, target, live, **options))


def test_what_others_added_stays_and_what_is_no_longer_wanted_goes() -> None:
    original = deployment({"name": "a", "image": "1"}, replicas=1, paused=True)
    target = deployment({"name": "a", "image": "2"}, replicas=1)
    live = deployment({"name": "a", "image": "1", "tty": True}, replicas=5, paused=True, minReadySeconds=3)
    assert after(original, target, live)["spec"] == {
        "template": {"spec": {"containers": [{"name": "a", "image": "2", "tty": True}]}},
        "replicas": 1,
        "minReadySeconds": 3,
    }


def test_items_of_a_list_are_told_apart_by_their_merge_key() -> None:
    original = deployment({"name": "a"}, {"name": "b"})
    live = deployment({"name": "injected"}, {"name": "a"}, {"name": "b"})
    found = after(original, deployment({"name": "a"}), live)
    # What others put in front stays in front, as strategic merge patches have it.
    assert [c["name"] for c in found["spec"]["template"]["spec"]["containers"]] == ["injected", "a"]


def test_nothing_to_change_is_no_patch() -> None:
    one = deployment({"name": "a"}, replicas=1)
    assert merged(one, one, {**one, "status": {"replicas": 1}}) == {}


def test_custom_resources_get_only_what_changed_between_two_charts_unless_all_three_are_asked() -> None:
    def widget(**spec: Any) -> dict[str, Any]:
        return {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": spec}

    original, target, live = widget(a=1, b=1), widget(a=1, b=2), widget(a=9, b=1)
    assert after(original, target, live)["spec"] == {"a": 9, "b": 2}
    assert after(original, target, live, three_way=True)["spec"] == {"a": 1, "b": 2}

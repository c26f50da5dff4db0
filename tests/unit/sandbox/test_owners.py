from __future__ import annotations

from typing import Any

from holdfast.sandbox.owners import deduplicate


def owner(uid: str, **more: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "name": "x", "uid": uid, **more}


def test_equal_references_are_kept_once_and_told() -> None:
    obj = {"metadata": {"ownerReferences": [owner("1"), owner("2"), owner("1"), owner("1")]}}
    told: list[str] = []
    deduplicate(obj, told.append, after_admission=False)
    assert obj["metadata"]["ownerReferences"] == [owner("1"), owner("2")]
    assert len(told) == 1 and told[0].endswith("duplicate UID(s) observed: 1")


def test_references_that_differ_in_anything_stay() -> None:
    obj = {"metadata": {"ownerReferences": [owner("1"), owner("1", controller=True)]}}
    told: list[str] = []
    deduplicate(obj, told.append, after_admission=True)
    assert len(obj["metadata"]["ownerReferences"]) == 2 and told == []

"""What is recorded of objects that are about to be deleted."""

from __future__ import annotations

import random
import string

from holdfast.controller.pruned import as_applied, decode, encode, make
from holdfast.kube.refs import Manifest
from holdfast.model.delivery import Ownership, UnitKey

OWNER = Ownership("kustomize-controller", "kustomize.toolkit.fluxcd.io")
UNIT = UnitKey("Kustomization", "apps", "web")


def live(name: str, kind: str = "ConfigMap", **data: str) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": "apps",
            "uid": "1",
            "resourceVersion": "7",
            "labels": {"ours": "1", "theirs": "2"},
            "managedFields": [
                {
                    "manager": OWNER.manager,
                    "operation": "Apply",
                    "fieldsV1": {"f:metadata": {"f:labels": {"f:ours": {}}}, "f:data": {f"f:{k}": {} for k in data}},
                },
                {"manager": "other", "operation": "Update", "fieldsV1": {"f:data": {"f:extra": {}}}},
            ],
        },
        "data": {**data, "extra": "theirs"},
    }


def test_only_what_the_unit_had_applied_is_kept() -> None:
    assert as_applied(live("a", x="1"), OWNER.manager) == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "a", "namespace": "apps", "labels": {"ours": "1"}},
        "data": {"x": "1"},
    }


def test_where_managers_are_not_known_all_that_users_write_is_kept() -> None:
    obj = live("a", x="1")
    del obj["metadata"]["managedFields"]
    kept = as_applied({**obj, "status": {"a": "b"}}, OWNER.manager)
    assert kept["data"] == {"x": "1", "extra": "theirs"}
    assert kept["metadata"] == {"name": "a", "namespace": "apps", "labels": {"ours": "1", "theirs": "2"}}
    assert "status" not in kept


def test_a_record_survives_being_written_down() -> None:
    record = make(OWNER, UNIT, "main@sha1:1", [live("a", x="1"), live("s", "Secret", token="canary")], now=0)
    assert decode({"data": {"record": encode(record)}}) == record
    assert record.named == ("Secret/apps/s",)
    assert "canary" not in repr(record)
    assert record.at == "1970-01-01T00:00:00Z"


def test_what_is_too_large_for_a_record_is_named_only() -> None:
    noise = random.Random(1)
    text = "".join(noise.choices(string.printable, k=900_000))
    record = make(OWNER, UNIT, "main@sha1:1", [live("large", x=text), live("small", x="1")], now=0)
    assert [o["metadata"]["name"] for o in record.objects] == ["small"]
    assert record.named == ("ConfigMap/apps/large",)
    assert len(encode(record)) < 1_000_000

from __future__ import annotations

from typing import Any

import pytest

from holdfast.apply.valid import is_plainly_valid


def obj(kind: str = "ConfigMap", **fields: Any) -> dict[str, Any]:
    meta = {"name": "a", "namespace": "n", "labels": {"g.io/name": "x"}, **fields.pop("meta", {})}
    return {"apiVersion": "v1", "kind": kind, "metadata": meta, **fields}


@pytest.mark.parametrize(
    "found",
    [
        obj(data={"a.b-c_d": "x"}),
        obj("Secret", data={"a": "eA=="}, type="Opaque"),
        obj("ServiceAccount", automountServiceAccountToken=False),
    ],
)
def test_plain_data_needs_no_rehearsal(found: dict[str, Any]) -> None:
    assert is_plainly_valid(found)


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(obj("Service"), id="a kind with rules of its own"),
        pytest.param(obj(data={"a": 1}), id="a value of the wrong type"),
        pytest.param(obj(data={"a/b": "x"}), id="a key that is not allowed"),
        pytest.param(obj(more={}), id="a field that is not known"),
        pytest.param(obj("Secret", data={"a": "no base64"}), id="data that is not base64"),
        pytest.param(obj("Secret", type="kubernetes.io/tls"), id="a type with rules of its own"),
        pytest.param(obj(meta={"name": "A_b"}), id="a bad name"),
        pytest.param(obj(meta={"labels": {"a": "b c"}}), id="a bad label"),
        pytest.param(obj(meta={"finalizers": ["x"]}), id="other metadata"),
        pytest.param(obj(data={"a": "x" * 600_000}), id="too large"),
    ],
)
def test_what_is_not_surely_valid_is_tried_first(found: dict[str, Any]) -> None:
    assert not is_plainly_valid(found)

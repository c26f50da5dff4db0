"""Columns of custom resources."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.sandbox.tables import custom

OBJECT = {
    "metadata": {"labels": {"a.b/c": "lab"}},
    "spec": {"n": 3, "l": ["x", "y"], "o": {"k": 1}},
    "status": {"conditions": [{"type": "Other", "status": "False"}, {"type": "Ready", "status": "True"}]},
}


@pytest.mark.parametrize(
    ("path", "values"),
    [
        (".spec.n", [3]),
        (".spec.missing.deeper", []),
        (".spec.l[*]", ["x", "y"]),
        (".spec.l[0]", ["x"]),
        (".spec.l[-1]", ["y"]),
        (".spec.l[7]", []),
        (".spec.l[1:]", ["y"]),
        (".status.conditions[?(@.type!='Ready')].type", ["Other"]),
        (".status.conditions[?(@.status)].type", ["Other", "Ready"]),
        (".status.conditions[?(@.type == 3)].type", []),
        ('.status.conditions[?(@.type=="Ready")].status', ["True"]),
        (".metadata.labels['a\\.b/c']", ["lab"]),
        (".spec[?broken", []),
    ],
)
def test_a_path_finds(path: str, values: list[Any]) -> None:
    assert custom.find(OBJECT, path) == values

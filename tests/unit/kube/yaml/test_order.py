"""The order of keys."""

from __future__ import annotations

import pytest

from holdfast.kube.yaml.order import ordered


@pytest.mark.parametrize(
    "keys",
    [
        ("A", "B", "a", "aa", "b"),
        ("a1", "a2", "a10", "a11b"),
        ("1", "2", "10", "a"),
        ("a-b", "a.b", "a/b", "a_b", "ab"),
        ("k8s", "k8s.io", "k8s.io/name", "k9s"),
        ("1.2", "1.10", "10.1"),
        ("v1", "v1alpha1", "v1beta1", "v2"),
        ("x100", "x101", "x110"),
        ("", "a"),
    ],
)
def test_keys_come_in_natural_order(keys: tuple[str, ...]) -> None:
    assert ordered(keys[::-1]) == keys
    assert ordered(keys) == keys

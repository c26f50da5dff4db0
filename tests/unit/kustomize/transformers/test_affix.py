"""Prefixes and suffixes of names."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize(
    ("name", "affixes", "result"),
    [
        ("web", "namePrefix: p-\nnameSuffix: -s\n", "p-web-s"),
        ("1.0", "namePrefix: p-\n", "p-1.0"),
        ("0x1F", "nameSuffix: -s\n", "0x1F-s"),
        ("2020-01-01", "namePrefix: p-\n", "p-2020-01-01"),
        ("1", "namePrefix: '1'\n", 11),
        ("'1'", "namePrefix: '1'\n", "11"),
    ],
)
def test_an_affix_is_put_to_the_name_as_it_was_written(repo: Any, name: str, affixes: str, result: object) -> None:
    repo.write("kustomization.yaml", f"resources: [c.yaml]\n{affixes}")
    repo.write("c.yaml", f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n")
    assert repo.result().manifests[0]["metadata"]["name"] == result

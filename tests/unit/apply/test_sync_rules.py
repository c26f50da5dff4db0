"""Permissions that are missing in a list of rules."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.apply.sync_rules import missing_rules


def rule(verbs: str, resources: str = "", groups: str = "core", **more: Any) -> dict[str, Any]:
    named = ["" if g == "core" else g for g in groups.split()] if resources else []
    return {"verbs": verbs.split(), "apiGroups": named, "resources": resources.split(), **more}


def test_a_rule_that_is_partly_there_gives_what_is_not_one_by_one() -> None:
    known = [rule("get", "pods secrets")]
    assert missing_rules([rule("get list", "pods secrets", "core apps")], known) == [
        {"verbs": ["list"], "apiGroups": [""], "resources": ["pods"]},
        {"verbs": ["list"], "apiGroups": [""], "resources": ["secrets"]},
        {"verbs": ["get"], "apiGroups": ["apps"], "resources": ["pods"]},
        {"verbs": ["list"], "apiGroups": ["apps"], "resources": ["pods"]},
        {"verbs": ["get"], "apiGroups": ["apps"], "resources": ["secrets"]},
        {"verbs": ["list"], "apiGroups": ["apps"], "resources": ["secrets"]},
    ]


@pytest.mark.parametrize(
    ("wanted", "known", "covered"),
    [
        (rule("get", "pods"), rule("*", "*", "*"), True),
        (rule("get", "pods/log"), rule("get", "*/log"), True),
        (rule("get", "log"), rule("get", "*/log"), False),
        (rule("get", "pods", "apps"), rule("get", "pods"), False),
        (rule("get", "pods", resourceNames=["a"]), rule("get", "pods"), True),
        (rule("get", "pods"), rule("get", "pods", resourceNames=["a"]), False),
        (rule("get", "pods", resourceNames=["b"]), rule("get", "pods", resourceNames=["a"]), False),
        (rule("get", nonResourceURLs=["/metrics/x"]), rule("get", nonResourceURLs=["/metrics*"]), True),
        (rule("get", nonResourceURLs=["/other"]), rule("get", nonResourceURLs=["/metrics*"]), False),
    ],
)
def test_wildcards_and_names_cover(wanted: dict[str, Any], known: dict[str, Any], covered: bool) -> None:
    assert (missing_rules([wanted], [known]) == []) is covered

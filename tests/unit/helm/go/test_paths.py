"""Slash paths: results and errors recorded from helm 4.3."""

from __future__ import annotations

import pytest

from tests.unit.helm.rendering import rendered


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ('{{ clean "" }}', "."),
        ('{{ clean "." }}', "."),
        ('{{ clean "/" }}', "/"),
        ('{{ clean "a//b" }}', "a/b"),
        ('{{ clean "/../a" }}', "/a"),
        ('{{ clean "a/../../b" }}', "../b"),
        ('{{ clean "./a/" }}', "a"),
        ('{{ base "" }}', "."),
        ('{{ base "/" }}', "/"),
        ('{{ base "a/" }}', "a"),
        ('{{ base "/a/b" }}', "b"),
        ('{{ dir "" }}', "."),
        ('{{ dir "/" }}', "/"),
        ('{{ dir "a" }}', "."),
        ('{{ dir "a/b/" }}', "a/b"),
        ('{{ dir "/a/b" }}', "/a"),
        ('{{ ext "a" }}', ""),
        ('{{ ext ".a" }}', ".a"),
        ('{{ ext "a.b.c" }}', ".c"),
        ('{{ ext "a.b/c" }}', ""),
        ('{{ isAbs "a" }}', "false"),
        ('{{ isAbs "/a" }}', "true"),
    ],
)
def test_the_result_is_that_of_helm(template: str, text: str) -> None:
    assert rendered(template) == text

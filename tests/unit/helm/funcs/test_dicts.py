"""Functions on dicts: results and errors recorded from helm 4.3."""

from __future__ import annotations

import pytest

from tests.unit.helm.rendering import rendered


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ('{{ dict "a" 1 "b" }}', "map[a:1 b:]"),
        ('{{ get (dict "a" 1) "a" }}', "1"),
        ('{{ get (dict) "a" }}', ""),
        ('{{ hasKey (dict "a" 1) "a" }}', "true"),
        ('{{ pluck "a" (dict "a" 1) (dict "a" 2) }}', "[1 2]"),
        ('{{ pick (dict "a" 1 "b" 2) "a" }}', "map[a:1]"),
        ('{{ omit (dict "a" 1 "b" 2) "a" }}', "map[b:2]"),
        ('{{ merge (dict "a" 1) (dict "a" 2 "b" 3) }}', "map[a:1 b:3]"),
        ('{{ mergeOverwrite (dict "a" 1) (dict "a" 2 "b" 3) }}', "map[a:2 b:3]"),
        ('{{ dig "a" "b" "none" (dict "a" (dict "b" 1)) }}', "1"),
        ('{{ dig "a" "c" "none" (dict "a" (dict "b" 1)) }}', "none"),
        ('{{ deepCopy (dict "a" (list 1)) }}', "map[a:[1]]"),
        ('{{ set (dict "a" 1) "b" 2 }}', "map[a:1 b:2]"),
        ('{{ unset (dict "a" 1) "a" }}', "map[]"),
        ('{{ deepEqual (dict "a" 1) (dict "a" 1) }}', "true"),
        ('{{ keys (dict "a" 1) }}', "[a]"),
        ('{{ values (dict "a" 1) }}', "[1]"),
    ],
)
def test_the_result_is_that_of_helm(template: str, text: str) -> None:
    assert rendered(template) == text

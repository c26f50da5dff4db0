"""Functions on lists: results and errors recorded from helm 4.3."""

from __future__ import annotations

import pytest

from tests.unit.helm.rendering import rendered


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ first (list 1 2) }}", "1"),
        ("{{ last (list 1 2) }}", "2"),
        ("{{ rest (list 1 2 3) }}", "[2 3]"),
        ("{{ initial (list 1 2 3) }}", "[1 2]"),
        ("{{ append (list 1) 2 }}", "[1 2]"),
        ("{{ prepend (list 1) 2 }}", "[2 1]"),
        ("{{ concat (list 1) (list 2 3) }}", "[1 2 3]"),
        ("{{ reverse (list 1 2 3) }}", "[3 2 1]"),
        ('{{ uniq (list 1 1 "1" 2) }}', "[1 1 2]"),
        ("{{ without (list 1 2 3) 2 }}", "[1 3]"),
        ("{{ has 2 (list 1 2) }}", "true"),
        ("{{ slice (list 1 2 3 4) 1 3 }}", "[2 3]"),
        ("{{ chunk 2 (list 1 2 3) }}", "[[1 2] [3]]"),
        ('{{ compact (list 0 1 "" "a" nil) }}', "[1 a]"),
        ("{{ first (list) }}", "<no value>"),
        ("{{ index (list 1 2) 1 }}", "2"),
        ("{{ until 3 }}", "[0 1 2]"),
        ("{{ untilStep 1 7 3 }}", "[1 4]"),
        ("{{ seq 1 2 7 }}", "1 3 5 7"),
        ('{{ tuple 1 "a" }}', "[1 a]"),
    ],
)
def test_the_result_is_that_of_helm(template: str, text: str) -> None:
    assert rendered(template) == text

"""Functions on kinds and defaults: results and errors recorded from helm 4.3."""

from __future__ import annotations

import pytest

from tests.unit.helm.rendering import rendered


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ('{{ kindOf "a" }}', "string"),
        ("{{ kindOf 1 }}", "int"),
        ("{{ kindOf (list) }}", "slice"),
        ("{{ kindOf nil }}", "invalid"),
        ("{{ typeOf 1.5 }}", "float64"),
        ("{{ typeOf (dict) }}", "map[string]interface {}"),
        ('{{ kindIs "map" (dict) }}', "true"),
        ('{{ typeIs "string" "a" }}', "true"),
        ('{{ typeIsLike "map[string]interface {}" (dict) }}', "true"),
        ('{{ empty "" }}', "true"),
        ("{{ empty (list) }}", "true"),
        ("{{ empty 1 }}", "false"),
        ('{{ default "d" "" }}', "d"),
        ('{{ default "d" 0 }}', "d"),
        ('{{ default "d" "v" }}', "v"),
        ('{{ coalesce "" nil "x" }}', "x"),
        ('{{ ternary "y" "n" true }}', "y"),
        ('{{ all 1 "a" }}', "true"),
        ('{{ any 0 "" }}', "false"),
        ('{{ all 1 "" }}', "false"),
        ("{{ deepEqual (list 1) (list 1) }}", "true"),
    ],
)
def test_the_result_is_that_of_helm(template: str, text: str) -> None:
    assert rendered(template) == text

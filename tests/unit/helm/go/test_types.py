"""The names of types: results and errors recorded from helm 4.3."""

from __future__ import annotations

import pytest

from tests.unit.helm.rendering import rendered


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ typeOf 1 | print }}", "int"),
        ("{{ typeOf 1.5 | print }}", "float64"),
        ('{{ typeOf "a" | print }}', "string"),
        ("{{ typeOf true | print }}", "bool"),
        ("{{ typeOf (list) | print }}", "[]interface {}"),
        ("{{ typeOf (dict) | print }}", "map[string]interface {}"),
        ("{{ typeOf (int64 1) | print }}", "int64"),
        ("{{ typeOf (until 2) | print }}", "[]int"),
        ('{{ typeOf (splitList "," "a") | print }}', "[]string"),
        ("{{ typeOf .Values | print }}", "common.Values"),
        ("{{ typeOf .Chart | print }}", "map[string]interface {}"),
        ("{{ typeOf .Release | print }}", "map[string]interface {}"),
        ("{{ typeOf .Capabilities | print }}", "*common.Capabilities"),
        ("{{ typeOf .Files | print }}", "engine.files"),
        ('{{ typeOf (semver "1.2.3") | print }}', "*semver.Version"),
        ("{{ typeOf .Chart.Version | print }}", "string"),
        ("{{ typeOf 'a' | print }}", "int"),
        ("{{ typeOf (duration 1) | print }}", "string"),
        ('{{ typeOf (len "a") | print }}', "int"),
        ('{{ typeOf (fromYaml "a: 1").a | print }}', "float64"),
        ('{{ typeOf (fromJson "{\\"a\\":[1]}").a | print }}', "[]interface {}"),
        ("{{ typeOf (first (list 1)) | print }}", "int"),
        ('{{ typeOf (toDate "2006" "2020") | print }}', "time.Time"),
        ('{{ typeOf (split "." "a.b") | print }}', "map[string]string"),
    ],
)
def test_the_result_is_that_of_helm(template: str, text: str) -> None:
    assert rendered(template) == text

"""Functions on words: results and errors recorded from helm 4.3."""

from __future__ import annotations

import pytest

from tests.unit.helm.rendering import rendered


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ('{{ snakecase "FirstName HTTPServer" }}', "first_name_http_server"),
        ('{{ camelcase "http_server" }}', "HttpServer"),
        ('{{ kebabcase "FirstName" }}', "first-name"),
        ('{{ wrap 5 "one two three" }}', "one\ntwo\nthree"),
        ('{{ wrapWith 5 "\\t" "one two three" }}', "one\ttwo\tthree"),
        ('{{ title "a-b c" }}', "A-B C"),
        ('{{ camelcase "a__b" }}', "A_B"),
        ('{{ snakecase "A1bC" }}', "a_1b_c"),
    ],
)
def test_the_result_is_that_of_helm(template: str, text: str) -> None:
    assert rendered(template) == text

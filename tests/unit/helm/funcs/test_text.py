"""Functions on texts: results and errors recorded from helm 4.3."""

from __future__ import annotations

import pytest

from tests.unit.helm.rendering import rendered


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ('{{ upper "aé" }}', "AÉ"),
        ('{{ lower "AÉ" }}', "aé"),
        ('{{ title "hello wOrld" }}', "Hello WOrld"),
        ('{{ untitle "Hello World" }}', "hello world"),
        ('{{ trim "  a b " }}', "a b"),
        ('{{ trimAll "$" "$5$" }}', "5"),
        ('{{ trimPrefix "-" "-a-" }}', "a-"),
        ('{{ trimSuffix "-" "-a-" }}', "-a"),
        ('{{ repeat 3 "ab" }}', "ababab"),
        ('{{ substr 1 3 "hello" }}', "el"),
        ('{{ substr 1 -1 "hello" }}', "ello"),
        ('{{ trunc 3 "hello" }}', "hel"),
        ('{{ trunc -3 "hello" }}', "llo"),
        ('{{ abbrev 5 "hello world" }}', "he..."),
        ('{{ abbrevboth 5 10 "1234 5678 9123" }}', "...5678..."),
        ('{{ nospace "a b  c" }}', "abc"),
        ('{{ initials "First Try" }}', "FT"),
        ('{{ swapcase "aBc" }}', "AbC"),
        ('{{ cat "a" 1 nil "b" }}', "a 1 b"),
        ('{{ quote "a" 1 nil "b\\"c" }}', '"a" "1" "b\\"c"'),
        ('{{ squote "a" 1 }}', "'a' '1'"),
        ('{{ replace " " "-" "a b c" }}', "a-b-c"),
        ('{{ plural "one" "many" 2 }}', "many"),
        ('{{ contains "a" "cat" }}', "true"),
        ('{{ hasPrefix "c" "cat" }}', "true"),
        ('{{ hasSuffix "t" "cat" }}', "true"),
        ('{{ indent 2 "a\\nb" }}', "  a\n  b"),
        ('{{ nindent 2 "a\\nb" }}', "\n  a\n  b"),
        ('{{ splitList "," "a,b,,c" }}', "[a b  c]"),
        ('{{ (split "," "a,b")._1 }}', "b"),
        ('{{ (splitn "," 2 "a,b,c")._1 }}', "b,c"),
        ('{{ join "-" (list 1 "a" nil true) }}', "1-a-true"),
        ('{{ sortAlpha (list "b" "a" 3) }}', "[3 a b]"),
        ("{{ toStrings (list 1 true) }}", "[1 true]"),
        ('{{ b64enc "hello" }}', "aGVsbG8="),
        ('{{ b64dec "aGVsbG8=" }}', "hello"),
        ('{{ b64dec "?" }}', "illegal base64 data at input byte 0"),
        ('{{ b32enc "hello" }}', "NBSWY3DP"),
        ('{{ b32dec "NBSWY3DP" }}', "hello"),
    ],
)
def test_the_result_is_that_of_helm(template: str, text: str) -> None:
    assert rendered(template) == text

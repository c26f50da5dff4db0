"""Paths, URLs, versions and patterns: results and errors recorded from helm 4.3."""

from __future__ import annotations

import pytest

from tests.unit.helm.rendering import fault, rendered


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ('{{ base "/a/b.c" }}', "b.c"),
        ('{{ dir "/a/b.c" }}', "/a"),
        ('{{ ext "a.tar.gz" }}', ".gz"),
        ('{{ clean "/a/../b/./c" }}', "/b/c"),
        ('{{ isAbs "/a" }}', "true"),
        ('{{ osBase "/a/b" }}', "b"),
        ('{{ (urlParse "https://u:p@h:1/p?q=1#f").host }}', "h:1"),
        ('{{ urlJoin (dict "scheme" "http" "host" "h" "path" "/p" "query" "a=b") }}', "http://h/p?a=b"),
        ('{{ semver "1.2.3-rc.1+b" | toString }}', "1.2.3-rc.1+b"),
        ('{{ semverCompare "^1.2" "1.3.0" }}', "true"),
        ('{{ semverCompare ">=1.0.0-0" "1.0.0-rc.1" }}', "true"),
        ('{{ (semver "1.2.3").Minor }}', "2"),
        ('{{ regexReplaceAll "a(x*)b" "-ab-axxb-" "${1}W" }}', "-W-xxW-"),
        ('{{ regexFind "[a-c]+" "xxabcx" }}', "abc"),
        ('{{ regexFindAll "a." "aabac" -1 }}', "[aa ac]"),
        ('{{ regexSplit "," "a,b,c" 2 }}', "[a b,c]"),
        ('{{ regexQuoteMeta "1.2*" }}', "1\\.2\\*"),
        ('{{ regexReplaceAllLiteral "a" "bab" "$1" }}', "b$1b"),
        ('{{ regexMatch "(" "a" }}', "false"),
    ],
)
def test_the_result_is_that_of_helm(template: str, text: str) -> None:
    assert rendered(template) == text


@pytest.mark.parametrize(
    ("template", "text"),
    [
        (
            '{{ urlParse "::" }}',
            'template: c/templates/a.yaml:1:8: executing "c/templates/a.yaml" at <include "c/templates/_case.tpl" .>: error calling include: template: c/templates/_case.tpl:1:3: executing "c/templates/_case.tpl" at <urlParse "::">: error calling urlParse: unable to parse url: parse "::": missing protocol scheme',
        ),
    ],
)
def test_the_fault_is_told_as_helm_tells_it(template: str, text: str) -> None:
    assert fault(template) == text

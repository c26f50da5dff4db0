"""URLs: results and errors recorded from helm 4.3."""

from __future__ import annotations

import pytest

from tests.unit.helm.rendering import fault, rendered


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ('{{ urlParse "http://a" }}', "map[fragment: host:a hostname:a opaque: path: query: scheme:http userinfo:]"),
        (
            '{{ urlParse "https://u:p@h:80/p/q?x=1&y=2#f" }}',
            "map[fragment:f host:h:80 hostname:h opaque: path:/p/q query:x=1&y=2 scheme:https userinfo:u:p]",
        ),
        ('{{ urlParse "//h/p" }}', "map[fragment: host:h hostname:h opaque: path:/p query: scheme: userinfo:]"),
        ('{{ urlParse "/p?q" }}', "map[fragment: host: hostname: opaque: path:/p query:q scheme: userinfo:]"),
        (
            '{{ urlParse "mailto:a@b.c" }}',
            "map[fragment: host: hostname: opaque:a@b.c path: query: scheme:mailto userinfo:]",
        ),
        (
            '{{ urlParse "http://[::1]:8/" }}',
            "map[fragment: host:[::1]:8 hostname:::1 opaque: path:/ query: scheme:http userinfo:]",
        ),
        (
            '{{ urlJoin (dict "scheme" "https" "host" "h:1" "path" "a b" "query" "x=1" "fragment" "f" "userinfo" "u:p") }}',
            "https://u:p@h:1/a%20b?x=1#f",
        ),
        ('{{ urlquery "a b/c?d=é&" }}', "a+b%2Fc%3Fd%3D%C3%A9%26"),
        ("{{ urlJoin (dict) }}", ""),
    ],
)
def test_the_result_is_that_of_helm(template: str, text: str) -> None:
    assert rendered(template) == text


@pytest.mark.parametrize(
    ("template", "text"),
    [
        (
            '{{ urlParse "http://a b/" }}',
            'template: c/templates/a.yaml:1:8: executing "c/templates/a.yaml" at <include "c/templates/_case.tpl" .>: error calling include: template: c/templates/_case.tpl:1:3: executing "c/templates/_case.tpl" at <urlParse "http://a b/">: error calling urlParse: unable to parse url: parse "http://a b/": invalid character " " in host name',
        ),
        (
            '{{ urlParse "http://h/%zz" }}',
            'template: c/templates/a.yaml:1:8: executing "c/templates/a.yaml" at <include "c/templates/_case.tpl" .>: error calling include: template: c/templates/_case.tpl:1:3: executing "c/templates/_case.tpl" at <urlParse "http://h/%zz">: error calling urlParse: unable to parse url: parse "http://h/%zz": invalid URL escape "%zz"',
        ),
        (
            '{{ urlParse "%" }}',
            'template: c/templates/a.yaml:1:8: executing "c/templates/a.yaml" at <include "c/templates/_case.tpl" .>: error calling include: template: c/templates/_case.tpl:1:3: executing "c/templates/_case.tpl" at <urlParse "%">: error calling urlParse: unable to parse url: parse "%": invalid URL escape "%"',
        ),
        (
            '{{ urlParse "http://h:x/" }}',
            'template: c/templates/a.yaml:1:8: executing "c/templates/a.yaml" at <include "c/templates/_case.tpl" .>: error calling include: template: c/templates/_case.tpl:1:3: executing "c/templates/_case.tpl" at <urlParse "http://h:x/">: error calling urlParse: unable to parse url: parse "http://h:x/": invalid port ":x" after host',
        ),
    ],
)
def test_the_fault_is_told_as_helm_tells_it(template: str, text: str) -> None:
    assert fault(template) == text

"""Hashes, passwords and random texts: results and errors recorded from helm 4.3."""

from __future__ import annotations

import pytest

from tests.unit.helm.rendering import rendered


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ('{{ sha1sum "a" }}', "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8"),
        ('{{ sha256sum "a" }}', "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"),
        ('{{ sha512sum "a" | trunc 16 }}', "1f40fc92da241694"),
        ('{{ adler32sum "a" }}', "6422626"),
        ('{{ derivePassword 1 "long" "password" "user" "example.com" }}', "ZedaFaxcZaso9*"),
        ('{{ decryptAES "secretkey" (encryptAES "secretkey" "plain") }}', "plain"),
        ("{{ len (randAlphaNum 7) }}", "7"),
        ("{{ len (randNumeric 5) }}", "5"),
        ("{{ len (uuidv4) }}", "36"),
        ('{{ bcrypt "a" | trunc 7 }}', "$2a$10$"),
        ('{{ htpasswd "u" "p" | trunc 9 }}', "u:$2a$10$"),
        ('{{ regexMatch "^[a-z]+$" (randAlpha 9 | lower) }}', "true"),
    ],
)
def test_the_result_is_that_of_helm(template: str, text: str) -> None:
    assert rendered(template) == text

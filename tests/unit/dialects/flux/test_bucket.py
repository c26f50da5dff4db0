"""Buckets as they are declared, and the revision of their contents."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from holdfast.dialects.flux.bucket import read, revision


def test_the_revision_is_the_digest_of_sorted_keys_with_their_etags() -> None:
    wanted = hashlib.sha256(b"B.yaml 2\na/b.yaml 1\nz\xc3\xa4 3\n").hexdigest()
    assert revision({"a/b.yaml": "1", "z\xe4": "3", "B.yaml": "2"}) == f"sha256:{wanted}"


def test_an_empty_bucket_has_a_revision_too() -> None:
    assert revision({}) == f"sha256:{hashlib.sha256(b'').hexdigest()}"


@pytest.mark.parametrize(
    ("spec", "what"),
    [
        ({}, ""),
        ({"provider": "aws", "secretRef": {"name": "s"}}, ""),
        ({"provider": "aws"}, "spec.provider 'aws' without spec.secretRef"),
        ({"provider": "azure", "secretRef": {"name": "s"}}, "spec.provider 'azure'"),
        ({"sts": {"provider": "ldap", "endpoint": "https://sts.example"}}, "spec.sts"),
    ],
)
def test_what_is_not_built_is_named(spec: dict[str, Any], what: str) -> None:
    assert read({"spec": spec}).not_built == what

"""Encrypted files with placeholders, in every format that SOPS writes."""

from __future__ import annotations

import json

import pytest

from holdfast.offline.placeholders import hidden_file

VALUE = "ENC[AES256_GCM,data:AA==,iv:AA==,tag:AA==,type:str]"
JSON = {"k": VALUE, "n": {"l": [VALUE, "plain"]}, "sops": {"mac": VALUE, "version": "3.9.0"}}


def test_settings_keep_their_names() -> None:
    data = f"TOKEN={VALUE}\nPLAIN=a\nsops_mac={VALUE}\nsops_version=3.9.0\n".encode()
    assert hidden_file(data) == b"TOKEN=**ENCRYPTED**\nPLAIN=a\n"


def test_json_keeps_its_shape() -> None:
    hidden = hidden_file(json.dumps(JSON).encode())
    assert hidden is not None
    assert json.loads(hidden) == {"k": "**ENCRYPTED**", "n": {"l": ["**ENCRYPTED**", "plain"]}}


def test_a_file_of_no_format_is_one_placeholder() -> None:
    assert hidden_file(json.dumps({"data": VALUE, "sops": JSON["sops"]}).encode()) == b"**ENCRYPTED**"


def test_values_of_a_chart_are_hidden_as_objects_are() -> None:
    data = f"password: {VALUE}\nreplicas: 2\nsops:\n  mac: {VALUE}\n  version: 3.9.0\n".encode()
    assert hidden_file(data) == b"password: '**ENCRYPTED**'\nreplicas: 2\n"


@pytest.mark.parametrize(
    "data", [b"a: b\n", b"# sops: nothing\n", b'{"sops": 1}', b"sops_version=1\n", b"\xff\xfe sops"]
)
def test_what_is_not_encrypted_is_left_alone(data: bytes) -> None:
    assert hidden_file(data) is None

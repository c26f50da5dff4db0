"""SOPS files made by the real sops are opened, and nothing else is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from holdfast.kube import yaml
from holdfast.secrets import DecryptionError, Format, InvalidKey, Keyring, decrypt_file, decrypt_object, is_encrypted
from holdfast.secrets.sops import stores
from holdfast.secrets.sops.shamir import combine
from holdfast.secrets.sops.told import Problem, told

DATA = Path(__file__).parent / "data"


def _keys(*numbers: int) -> Keyring:
    return Keyring.from_secret({f"{n}.agekey": (DATA / f"key{n}.agekey").read_bytes() for n in numbers})


def _read(name: str) -> bytes:
    return (DATA / name).read_bytes()


def test_a_key_that_is_none_is_told_by_its_name() -> None:
    with pytest.raises(InvalidKey) as caught:
        Keyring.from_secret({"me.agekey": b"# mine\nnonsense\n"})
    assert caught.value.attempt == "failed to import 'me.agekey' data"
    assert caught.value.problem == "failed to parse and add to age identities: unknown identity type"


def test_a_secret_keeps_its_types_and_loses_its_metadata() -> None:
    value = yaml.load(_read("secret.enc.yaml"))
    assert is_encrypted(value)
    plain = decrypt_object(value, _keys(1))
    assert plain == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "db"},
        "stringData": {
            "user": "canary-user",
            "number": 42,
            "ratio": 1.5,
            "yes_no": True,
            "empty": "",
            "many": ["canary-one", 2],
        },
    }


@pytest.mark.parametrize(
    ("name", "source", "expected"),
    [
        ("v.enc.env", Format.DOTENV, b"USER=canary\nMULTI=a\\nb\n"),
        ("v.enc.ini", Format.INI, b"[one]\nk = canary\n\n[two]\nz = 1\n"),
        ("v.enc.bin", Format.BINARY, b"canary \x00\x01 bytes\n"),
    ],
)
def test_every_format_is_decrypted_with_its_mac_verified(name: str, source: Format, expected: bytes) -> None:
    assert decrypt_file(_read(name), _keys(1), source) == expected


def test_json_numbers_survive() -> None:
    plain = json.loads(decrypt_file(_read("v.enc.json"), _keys(1), Format.JSON))
    assert plain == {"a": {"b": "canary", "n": 1e21, "f": 0.1}, "plain_unencrypted": "x"}


@pytest.mark.parametrize("numbers", [(1, 2), (2, 3), (1, 3), (1, 2, 3)])
def test_enough_key_groups_open_a_shared_key(numbers: tuple[int, ...]) -> None:
    assert decrypt_file(_read("shamir.enc.yaml"), _keys(*numbers), Format.YAML) == b"a: canary\nb: 1\n"


@pytest.mark.parametrize("numbers", [(), (2,), (3,)])
def test_too_few_keys_are_told_without_a_value(numbers: tuple[int, ...]) -> None:
    with pytest.raises(DecryptionError, match="cannot get sops data key") as caught:
        decrypt_file(_read("shamir.enc.yaml"), _keys(*numbers), Format.YAML)
    assert "canary" not in caught.value.message and "AGE-SECRET" not in caught.value.message


def test_a_changed_file_is_refused() -> None:
    moved = _read("v.enc.json").replace(b'"plain_unencrypted": "x"', b'"plain_unencrypted": "y"')
    with pytest.raises(DecryptionError, match="MAC mismatch"):
        decrypt_file(moved, _keys(1), Format.JSON)


def test_a_value_moved_to_another_key_is_refused() -> None:
    value = yaml.load(_read("secret.enc.yaml"))
    value["stringData"]["user"], value["stringData"]["number"] = (
        value["stringData"]["number"],
        value["stringData"]["user"],
    )
    with pytest.raises(DecryptionError, match="Could not decrypt with AES_GCM: cipher: message authentication failed"):
        decrypt_object(value, _keys(1))


@pytest.mark.parametrize("data", [b"", b"sops: 3\n", b"a: 1\n", b"\xff\xfe", b"sops: {mac: x}\n", b"- 1\n"])
def test_what_is_no_sops_file_is_an_error_of_ours(data: bytes) -> None:
    with pytest.raises(DecryptionError):
        decrypt_file(data, _keys(1), Format.YAML)


def test_the_format_is_found_by_the_mark_that_sops_leaves() -> None:
    names = {
        "secret.enc.yaml": Format.YAML,
        "v.enc.json": Format.JSON,
        "v.enc.env": Format.DOTENV,
        "v.enc.ini": Format.INI,
    }
    assert {n: Format.of_content(_read(n)) for n in names} == names
    assert Format.of_content(b"a: sops\n") is None


def test_a_keyring_never_shows_its_keys() -> None:
    keyring = _keys(1, 2)
    assert keyring.age and "AGE-SECRET" not in repr(keyring)


def test_shares_that_do_not_fit_are_refused() -> None:
    with pytest.raises(DecryptionError):
        combine([b"\x01\x01", b"\x02\x01"])


def test_plain_files_are_laid_out_as_sops_lays_them_out() -> None:
    value = {"z": {"l": ["m", {"a": 1, "b": {"c": "x\ny\n"}}], "e": []}, "a": "1"}
    assert stores.dump([value], Format.YAML).decode() == (
        "z:\n    l:\n        - m\n        - a: 1\n          b:\n            c: |\n                x\n                y\n"
        '    e: []\na: "1"\n'
    )
    assert yaml.load(stores.dump([value], Format.YAML)) == value
    assert stores.dump([{"x": "y"}], Format.JSON) == b'{\n\t"x": "y"\n}\n'


def test_keys_that_do_not_fit_are_told_as_sops_tells_people() -> None:
    problem = (
        "failed to create reader for decrypting sops data key with age: identity did not match any of the recipients"
    )
    assert told([[Problem("age1abc", problem)]]) == (
        "Failed to get the data key required to decrypt the SOPS file.\n\nGroup 0: FAILED\n  age1abc: FAILED\n"
        "    - | failed to create reader for decrypting sops data key with\n      | age: identity did not match any of the recipients\n\n"
        "Recovery failed because no master key was able to decrypt the file. In\n"
        "order for SOPS to recover the file, at least one key has to be successful,\nbut none were."
    )
    assert "Group 0: SUCCESS\n\nGroup 1: FAILED" in told([[], [Problem("x", "y")]], 2)

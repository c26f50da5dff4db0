"""SOPS in a rendering: generators' files before the build, objects after it."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from holdfast.base.tree import MemoryTree
from holdfast.kube import yaml
from holdfast.render.decrypt import SopsDecryptor
from holdfast.secrets import DecryptionError, Keyring

DATA = Path(__file__).parents[1] / "secrets" / "data"


@pytest.fixture
def decryptor() -> SopsDecryptor:
    return SopsDecryptor(Keyring.from_secret({"a.agekey": (DATA / "key1.agekey").read_bytes()}))


def test_files_of_secret_generators_are_decrypted_through_bases(decryptor: SopsDecryptor) -> None:
    tree = MemoryTree(
        {
            "app/kustomization.yaml": b"resources: [../base, secret.yaml]\n",
            "app/secret.yaml": (DATA / "secret.enc.yaml").read_bytes(),
            "base/kustomization.yaml": b"secretGenerator: [{name: s, files: [k=v.json, plain.txt], envs: [v.env]}]\n",
            "base/v.json": (DATA / "v.enc.json").read_bytes(),
            "base/v.env": (DATA / "v.enc.env").read_bytes(),
            "base/plain.txt": b"plain",
        }
    )
    plain = decryptor.sources(tree, "app")
    assert plain.read("base/v.env") == b"USER=canary\nMULTI=a\\nb\n"
    assert b"canary" in plain.read("base/v.json")
    assert plain.read("base/plain.txt") == b"plain"
    assert b"canary" not in plain.read("app/secret.yaml")


def test_a_secrets_entries_are_looked_into(decryptor: SopsDecryptor) -> None:
    inside = base64.b64encode((DATA / "v.enc.env").read_bytes()).decode()
    secret = {"kind": "Secret", "data": {"x.env": inside, "y": base64.b64encode(b"plain").decode()}}
    plain = decryptor.decrypt(secret)
    assert plain is not None
    assert base64.b64decode(plain["data"]["x.env"]) == b"USER=canary\nMULTI=a\\nb\n"
    assert plain["data"]["y"] == secret["data"]["y"]


def test_plain_objects_and_those_marked_disabled_are_left_alone(decryptor: SopsDecryptor) -> None:
    assert decryptor.decrypt({"kind": "ConfigMap", "data": {"a": "b"}}) is None
    marked = yaml.load((DATA / "secret.enc.yaml").read_bytes())
    marked["metadata"]["annotations"] = {"kustomize.toolkit.fluxcd.io/decrypt": "Disabled"}
    assert decryptor.decrypt(marked) is None


def test_a_file_that_cannot_be_decrypted_is_named() -> None:
    tree = MemoryTree(
        {
            "kustomization.yaml": b"secretGenerator: [{name: s, files: [v.json]}]\n",
            "v.json": (DATA / "v.enc.json").read_bytes(),
        }
    )
    with pytest.raises(DecryptionError, match="Failed to get the data key required to decrypt the SOPS file") as caught:
        SopsDecryptor(Keyring()).sources(tree, "")
    assert caught.value.place is not None and caught.value.place.path == "v.json"

"""Signatures of commits and tags."""

from __future__ import annotations

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from holdfast.controller.verify import VerificationFailed, verify
from holdfast.model.source import CommitInfo

SIGNED = b"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\na commit\n"
KEY = Ed25519PrivateKey.generate()


def string(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


def authorized(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)


def signature(key: Ed25519PrivateKey, data: bytes, *, namespace: bytes = b"git") -> bytes:
    """An SSHSIG as ``ssh-keygen -Y sign`` makes it."""
    digest = hashlib.sha512(data).digest()
    message = b"SSHSIG" + string(namespace) + string(b"") + string(b"sha512") + string(digest)
    public = base64.b64decode(authorized(key).split()[1])
    raw = string(b"ssh-ed25519") + string(key.sign(message))
    blob = (
        b"SSHSIG\x00\x00\x00\x01" + string(public) + string(namespace) + string(b"") + string(b"sha512") + string(raw)
    )
    return b"-----BEGIN SSH SIGNATURE-----\n" + base64.b64encode(blob) + b"\n-----END SSH SIGNATURE-----\n"


def commit(sig: bytes = b"", **tag: bytes | str) -> CommitInfo:
    return CommitInfo("abc", "a commit", "A <a@example.com>", 0, signature=sig, signed=SIGNED, **tag)  # type: ignore[arg-type]


def test_a_commit_signed_with_a_known_key_is_verified() -> None:
    text = verify(commit(signature(KEY, SIGNED)), [authorized(KEY)], head=True, tag=False)
    assert text.startswith("verified signature of\n\t- commit 'abc' with key 'SHA256:")


def test_a_tag_and_its_commit_are_verified_together() -> None:
    both = commit(signature(KEY, SIGNED), tag="v1", tag_signature=signature(KEY, b"tag"), tag_signed=b"tag")
    text = verify(both, [authorized(KEY)], head=True, tag=True)
    assert [line.split("'")[1] for line in text.splitlines()[1:]] == ["v1", "abc"]


@pytest.mark.parametrize(
    ("found", "mode", "reason"),
    [
        pytest.param(commit(), "head", "InvalidCommitSignature", id="no signature"),
        pytest.param(
            commit(signature(Ed25519PrivateKey.generate(), SIGNED)),
            "head",
            "InvalidCommitSignature",
            id="another's key",
        ),
        pytest.param(commit(signature(KEY, b"other")), "head", "InvalidCommitSignature", id="other content"),
        pytest.param(
            commit(signature(KEY, SIGNED, namespace=b"file")), "head", "InvalidCommitSignature", id="not made for git"
        ),
        pytest.param(commit(b"scribble"), "head", "InvalidCommitSignature", id="not a signature"),
        pytest.param(commit(), "tag", "InvalidVerificationMode", id="no tag"),
        pytest.param(commit(tag="v1"), "tag", "InvalidGitObject", id="a tag without signature"),
        pytest.param(
            commit(tag="v1", tag_signature=signature(KEY, b"other"), tag_signed=b"tag"),
            "tag",
            "InvalidTagSignature",
            id="a tag with other content",
        ),
    ],
)
def test_anything_else_is_refused_with_fluxs_reason(found: CommitInfo, mode: str, reason: str) -> None:
    with pytest.raises(VerificationFailed) as caught:
        verify(found, [authorized(KEY)], head=mode == "head", tag=mode == "tag")
    assert caught.value.reason == reason


def test_an_unsigned_commit_is_told_in_the_words_of_flux() -> None:
    with pytest.raises(VerificationFailed) as caught:
        verify(commit(), [], head=True, tag=False)
    assert caught.value.message == "signature verification of commit 'abc' failed: unsupported signature type: empty"

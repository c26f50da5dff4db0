"""Signatures of commits and tags, checked against the public keys of a Secret: OpenPGP and SSH.

In: what a fetch found out about a commit, and keys. Out: one line saying what was verified, or ``VerificationFailed`` with
Flux's reason and words.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_ssh_public_key

from holdfast.base.errors import Stop
from holdfast.model.source import CommitInfo

_PGP = (b"-----BEGIN PGP SIGNATURE-----", b"-----BEGIN PGP MESSAGE-----")
_SSH = b"-----BEGIN SSH SIGNATURE-----"
_NAMESPACE = b"git"


class VerificationFailed(Stop):
    """``reason`` is the condition's reason."""


def verify(commit: CommitInfo | None, keys: Sequence[bytes], *, head: bool, tag: bool) -> str:
    """Verifies the commit (``head``), the tag that led to it (``tag``), or both."""
    if commit is None:
        raise VerificationFailed("there is no commit to verify", reason="InvalidGitObject")
    verified = []
    if tag:
        verified.append(f"tag '{commit.tag}' with key '{_tag(commit, keys)}'")
    if head:
        verified.append(f"commit '{commit.id}' with key '{_commit(commit, keys)}'")
    return "verified signature of\n" + "\n".join(f"\t- {v}" for v in verified)


def _tag(commit: CommitInfo, keys: Sequence[bytes]) -> str:
    if not commit.tag:
        raise VerificationFailed(
            "cannot verify tag object's signature if a tag reference is not specified", reason="InvalidVerificationMode"
        )
    if not commit.tag_signature:
        raise VerificationFailed(
            f"cannot verify signature of tag '{commit.tag}' since it is not signed", reason="InvalidGitObject"
        )
    try:
        return _check(commit.tag_signature, commit.tag_signed, keys)
    except ValueError as error:
        text = f"signature verification of tag '{commit.tag}' failed: {error}"
        raise VerificationFailed(text, reason="InvalidTagSignature") from None


def _commit(commit: CommitInfo, keys: Sequence[bytes]) -> str:
    try:
        return _check(commit.signature, commit.signed, keys)
    except ValueError as error:
        text = f"signature verification of commit '{commit.id}' failed: {error}"
        raise VerificationFailed(text, reason="InvalidCommitSignature") from None


def _check(signature: bytes, signed: bytes, keys: Sequence[bytes]) -> str:
    """The key that made a signature. Raises ValueError with the cause."""
    if not signature:
        raise ValueError("unsupported signature type: empty")
    if signature.lstrip().startswith(_PGP):
        return _pgp(signature, signed, keys)
    if signature.lstrip().startswith(_SSH):
        return _ssh(signature, signed, keys)
    raise ValueError("unsupported signature type: unknown")


def _pgp(signature: bytes, signed: bytes, keys: Sequence[bytes]) -> str:
    try:
        import pysequoia
    except ImportError:
        raise ValueError("OpenPGP support is not installed: pip install 'holdfast[pgp]'") from None
    certificates = []
    for key in keys:
        try:
            certificates += [pysequoia.Cert.from_bytes(key)]
        except Exception:  # noqa: BLE001 - the library raises bare exceptions; other keys may be readable
            continue
    try:
        found = pysequoia.verify(signed, store=lambda ids: certificates, signature=pysequoia.Sig.from_bytes(signature))
        return str(found.valid_sigs[0].certificate)
    except Exception:  # noqa: BLE001 - as above; what matters is that none of the keys fits
        raise ValueError("unable to verify payload with any of the given key rings") from None


def _ssh(signature: bytes, signed: bytes, keys: Sequence[bytes]) -> str:
    """The SSHSIG format of OpenSSH's PROTOCOL.sshsig, in the namespace ``git``."""
    body = b"".join(line for line in signature.strip().splitlines() if not line.startswith(b"-----"))
    try:
        blob = base64.b64decode(body, validate=True)
        public, namespace, algorithm, raw = _unpack(blob)
    except (binascii.Error, IndexError):
        raise ValueError("the SSH signature cannot be read") from None
    allowed = {fingerprint for key in keys for fingerprint in _blobs(key)}
    if public not in allowed or namespace != _NAMESPACE or algorithm not in (b"sha256", b"sha512"):
        raise ValueError("unable to verify payload with any of the given authorized keys")
    digest = hashlib.new(algorithm.decode(), signed).digest()
    message = b"SSHSIG" + _string(namespace) + _string(b"") + _string(algorithm) + _string(digest)
    _verify_ssh(public, raw, message)
    return "SHA256:" + base64.b64encode(hashlib.sha256(public).digest()).decode().rstrip("=")


def _string(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


def _take(data: bytes) -> tuple[bytes, bytes]:
    size = int.from_bytes(data[:4], "big")
    if len(data) < 4 + size:
        raise IndexError
    return data[4 : 4 + size], data[4 + size :]


def _unpack(blob: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    if not blob.startswith(b"SSHSIG\x00\x00\x00\x01"):
        raise IndexError
    public, rest = _take(blob[10:])
    namespace, rest = _take(rest)
    _, rest = _take(rest)
    algorithm, rest = _take(rest)
    raw, _ = _take(rest)
    return public, namespace, algorithm, raw


def _blobs(text: bytes) -> list[bytes]:
    """The public keys of authorized_keys lines, as wire blobs."""
    found = []
    for line in text.splitlines():
        for word in line.split():
            if word.startswith(b"AAAA"):
                try:
                    found.append(base64.b64decode(word, validate=True))
                except binascii.Error:
                    continue
    return found


def _verify_ssh(public: bytes, raw: bytes, message: bytes) -> None:
    kind, data = _take(raw)
    data, _ = _take(data)
    key_type, _ = _take(public)
    try:
        key = load_ssh_public_key(key_type + b" " + base64.b64encode(public))
        if isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(data, message)
        elif isinstance(key, rsa.RSAPublicKey) and kind in (b"rsa-sha2-256", b"rsa-sha2-512"):
            key.verify(data, message, padding.PKCS1v15(), hashes.SHA512() if kind.endswith(b"512") else hashes.SHA256())
        elif isinstance(key, ec.EllipticCurvePublicKey):
            r, rest = _take(data)
            s, _ = _take(rest)
            pair = encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
            key.verify(pair, message, ec.ECDSA(_hash_of(key)))
        else:
            raise ValueError("the SSH key's type is not supported")
    except (InvalidSignature, UnsupportedAlgorithm):
        raise ValueError("unable to verify payload with any of the given authorized keys") from None


def _hash_of(key: ec.EllipticCurvePublicKey) -> hashes.HashAlgorithm:
    return {256: hashes.SHA256(), 384: hashes.SHA384()}.get(key.curve.key_size, hashes.SHA512())

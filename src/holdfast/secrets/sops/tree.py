"""Decrypting a document's values and checking its MAC."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from holdfast.secrets.errors import DecryptionError
from holdfast.secrets.sops.metadata import Metadata

_WALKING = "error decrypting sops tree: Error walking tree: Could not decrypt value: "
_VALUE = re.compile(r"ENC\[AES256_GCM,data:(.*),iv:(.+),tag:(.+),type:(.+)\]", re.S)


def decrypt_tree(value: Any, metadata: Metadata, key: bytes, *, verify: bool) -> Any:
    """``value`` is a mapping, or a list of them for a stream of several documents."""
    walk = _Walk(metadata, key)
    plain = [walk.visit(v, ()) for v in value] if isinstance(value, list) else walk.visit(value, ())
    if verify:
        walk.check_mac()
    return plain


class _Walk:
    def __init__(self, metadata: Metadata, key: bytes) -> None:
        self._metadata = metadata
        self._cipher = AESGCM(key)
        self._hash = hashlib.sha512()

    def visit(self, value: Any, path: tuple[str, ...]) -> Any:
        if isinstance(value, dict):
            return {k: self.visit(v, (*path, str(k))) for k, v in value.items()}
        if isinstance(value, list):
            return [self.visit(v, path) for v in value]  # items share their list's path
        return self._leaf(value, path)

    def _leaf(self, value: Any, path: tuple[str, ...]) -> Any:
        encrypted = self._metadata.encrypts(path)
        if encrypted and isinstance(value, str) and value:
            value = self._decrypted(value, path)
        if value is not None and (encrypted or not self._metadata.mac_only_encrypted):
            self._hash.update(_bytes(value))
        return value

    def _decrypted(self, text: str, path: tuple[str, ...]) -> Any:
        where = ".".join(path)
        match = _VALUE.fullmatch(text)
        if not match:
            raise DecryptionError(f"{_WALKING}the value at '{where}' does not match sops' data format")
        plain, kind = _open(self._cipher, match, ":".join(path) + ":")
        return _typed(plain, kind, where)

    def check_mac(self) -> None:
        match = _VALUE.fullmatch(self._metadata.mac)
        if not match:
            raise DecryptionError("the MAC of the file is missing or damaged")
        told, _ = _open(self._cipher, match, self._metadata.last_modified)
        if not hmac.compare_digest(told, self._hash.hexdigest().upper().encode()):
            raise DecryptionError("MAC mismatch: the file was changed after it was encrypted")


def _open(cipher: AESGCM, match: re.Match[str], bound_to: str) -> tuple[bytes, str]:
    data, nonce, tag = (_decoded(match[i], part) for i, part in ((1, "data"), (2, "iv"), (3, "tag")))
    try:
        return cipher.decrypt(nonce, data + tag, bound_to.encode()), match[4]
    except (InvalidTag, ValueError):
        text = "Could not decrypt with AES_GCM: cipher: message authentication failed"
        raise DecryptionError(f"{_WALKING}{text}") from None


def _decoded(text: str, part: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise DecryptionError(f"{_WALKING}Error base64-decoding {part}: illegal base64 data") from None


def _typed(plain: bytes, kind: str, where: str) -> Any:
    try:
        if kind in ("str", "comment"):
            # A binary file is one "str" whatever its bytes; those that are no UTF-8 survive as lone surrogates.
            return plain.decode("utf-8", "surrogateescape")
        if kind == "int":
            return int(plain)
        if kind == "float":
            return float(plain)
        if kind == "bool":
            return plain.lower() == b"true"
    except ValueError:
        raise DecryptionError(f"the value at '{where}' is not the {kind} it says to be") from None
    if kind == "bytes":
        return plain.decode("utf-8", "surrogateescape")
    raise DecryptionError(f"the value at '{where}' has the unknown type {kind}")


def _bytes(value: Any) -> bytes:
    """A value as SOPS writes it into its MAC."""
    if isinstance(value, bool):
        return b"True" if value else b"False"
    if isinstance(value, float):
        text = repr(value)
        return (f"{value:f}".rstrip("0").rstrip(".") if "e" in text else text.removesuffix(".0")).encode()
    return str(value).encode("utf-8", "surrogateescape")

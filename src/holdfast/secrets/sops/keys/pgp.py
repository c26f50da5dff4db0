"""OpenPGP private keys."""

from __future__ import annotations

from collections.abc import Sequence

from holdfast.secrets.errors import DecryptionError
from holdfast.secrets.sops.metadata import Recipient


def decrypt(recipient: Recipient, keys: Sequence[bytes]) -> bytes:
    name = str(recipient.fields.get("fp") or "pgp")
    try:
        import pysequoia
    except ImportError:
        raise DecryptionError(
            f"cannot decrypt for the PGP key {name}: OpenPGP support is not installed",
            hint="pip install 'holdfast[pgp]'",
        ) from None
    for key in keys:
        try:
            secrets = pysequoia.Cert.from_bytes(key).secrets
            if secrets is None:
                continue
            opened = pysequoia.decrypt(recipient.encrypted.encode(), decryptor=secrets.decryptor())
            return bytes(opened.bytes or b"")
        except Exception:  # noqa: BLE001 - the library raises bare exceptions; another key may do
            continue
    raise DecryptionError(f"no private key for the PGP recipient {name}")

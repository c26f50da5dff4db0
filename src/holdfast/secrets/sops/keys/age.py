"""age: X25519 and SSH identities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from holdfast.secrets.errors import DecryptionError
from holdfast.secrets.sops.metadata import Recipient


def decrypt(recipient: Recipient, identities: Sequence[str]) -> bytes:
    import pyrage

    known = [i for text in identities if (i := _identity(text)) is not None]
    if not known:
        raise DecryptionError("failed to load age identities")
    try:
        return bytes(pyrage.decrypt(recipient.encrypted.encode(), known))
    except pyrage.DecryptError:
        problem = (
            "identity did not match any of the recipients: incorrect identity for recipient block"
            if len(known) == 1
            else "no identity matched any of the recipients"
        )
        text = "failed to create reader for decrypting sops data key with age"
        raise DecryptionError(f"{text}: {problem}") from None


def _identity(text: str) -> Any:
    """None for what cannot be read: another key may do."""
    import pyrage

    try:
        if text.startswith("-----BEGIN"):
            return pyrage.ssh.Identity.from_buffer(text.encode())
        return pyrage.x25519.Identity.from_str(text)
    except (pyrage.IdentityError, ValueError):
        return None

"""Errors of decryption. None of them ever holds a key, a plain value or a piece of one."""

from __future__ import annotations

from holdfast.base.errors import RetryLater, Stop


class DecryptionError(Stop):
    """The data cannot be decrypted with the keys at hand, or is damaged."""


class KeyServiceUnavailable(RetryLater):
    """A key service did not answer; it may later."""

"""Encrypted files to plain bytes, given keys. One module per provider; never logs, never writes.

In: bytes (or a parsed object) and a ``Keyring``. Out: plain bytes or a plain object. What is decrypted lives in memory only;
no error carries a plain value.
"""

from holdfast.secrets.errors import DecryptionError, KeyServiceUnavailable
from holdfast.secrets.sops import Format, InvalidKey, Keyring, decrypt_file, decrypt_object, is_encrypted

__all__ = [
    "DecryptionError",
    "Format",
    "InvalidKey",
    "KeyServiceUnavailable",
    "Keyring",
    "decrypt_file",
    "decrypt_object",
    "is_encrypted",
]

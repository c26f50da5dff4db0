"""SOPS documents: YAML, JSON, dotenv, INI and binary files whose values are encrypted one by one.

The format is that of getsops/sops v3: every leaf is ``ENC[AES256_GCM,data:..,iv:..,tag:..,type:..]`` under a data key that
the ``sops`` section keeps encrypted for each of its recipients; a MAC over all values guards the whole.
"""

from __future__ import annotations

from typing import Any

from holdfast.secrets.errors import DecryptionError
from holdfast.secrets.sops import stores
from holdfast.secrets.sops.keyring import InvalidKey, Keyring, data_key
from holdfast.secrets.sops.metadata import Metadata
from holdfast.secrets.sops.stores import Format

__all__ = ["Format", "InvalidKey", "Keyring", "decrypt_file", "decrypt_object", "is_encrypted"]


def is_encrypted(value: Any) -> bool:
    """Whether a parsed document has a SOPS section."""
    section = value.get("sops") if isinstance(value, dict) else None
    return isinstance(section, dict) and ("mac" in section or "version" in section)


def decrypt_object(value: dict[str, Any], keyring: Keyring) -> dict[str, Any]:
    """A Kubernetes object as a build left it, decrypted and without its ``sops`` section.

    The MAC is not checked: it covers the values in the file's own order, which a build does not keep. (Flux does not
    check it here either.) Raises DecryptionError or KeyServiceUnavailable.
    """
    body = {k: v for k, v in value.items() if k != "sops"}
    metadata = Metadata.parse(value["sops"])
    plain = _decrypt_tree(body, metadata, data_key(metadata, keyring), verify=False)
    assert isinstance(plain, dict)
    return plain


def decrypt_file(data: bytes, keyring: Keyring, source: Format, target: Format | None = None) -> bytes:
    """A whole file, its MAC verified. ``target`` is the format to write (the same one unless told)."""
    documents = stores.load(data, source)
    if not documents or not any(is_encrypted(d) for d in documents):
        raise DecryptionError("sops metadata not found")
    metadata = Metadata.parse(next(d["sops"] for d in documents if is_encrypted(d)))
    bodies = [{k: v for k, v in d.items() if k != "sops"} for d in documents]
    plain = _decrypt_tree(bodies, metadata, data_key(metadata, keyring), verify=True)
    return stores.dump(plain, target or source)


def _decrypt_tree(value: Any, metadata: Metadata, key: bytes, *, verify: bool) -> Any:
    from holdfast.secrets.sops.tree import decrypt_tree  # the ciphers take 7 MB: only for who has secrets

    return decrypt_tree(value, metadata, key, verify=verify)

"""The ``sops`` section: who can decrypt, what is encrypted, and the MAC."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from holdfast.secrets.errors import DecryptionError

PROVIDERS = ("age", "pgp", "hc_vault", "kms", "gcp_kms", "azure_kv")
DEFAULT_SUFFIX = "_unencrypted"


@dataclass(frozen=True, slots=True)
class Recipient:
    """One copy of the data key (or of a share of it), as its provider wrote it."""

    provider: str
    fields: Mapping[str, Any]

    @property
    def name(self) -> str:
        """As SOPS names it to people."""
        keys = ("recipient", "fp", "arn", "resource_id", "vault_address", "vaultUrl", "vault_url")
        return next((str(self.fields[k]) for k in keys if self.fields.get(k)), self.provider)

    @property
    def encrypted(self) -> str:
        return str(self.fields.get("enc") or "")


@dataclass(frozen=True, slots=True)
class Metadata:
    """``groups``: of each group any one recipient will do; with a ``threshold`` the groups hold shares of the key."""

    groups: tuple[tuple[Recipient, ...], ...]
    threshold: int
    mac: str
    last_modified: str
    mac_only_encrypted: bool
    _rules: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, section: Any) -> Metadata:
        if not isinstance(section, Mapping):
            raise DecryptionError("sops metadata is not a mapping")
        groups = [_recipients(g) for g in section.get("key_groups") or () if isinstance(g, Mapping)]
        if not groups:
            groups = [_recipients(section)]
        rules = {
            name: str(section[name])
            for name in ("unencrypted_suffix", "encrypted_suffix", "unencrypted_regex", "encrypted_regex")
            if section.get(name)
        }
        return cls(
            tuple(tuple(g) for g in groups),
            int(section.get("shamir_threshold") or 0),
            str(section.get("mac") or ""),
            str(section.get("lastmodified") or ""),
            str(section.get("mac_only_encrypted") or "").lower() == "true",
            rules or {"unencrypted_suffix": DEFAULT_SUFFIX},
        )

    def encrypts(self, path: Sequence[str]) -> bool:
        """Whether the value at a path of keys is meant to be encrypted."""
        rules, result = self._rules, True
        if "unencrypted_suffix" in rules:
            result = not any(k.endswith(rules["unencrypted_suffix"]) for k in path)
        if "encrypted_suffix" in rules:
            result = any(k.endswith(rules["encrypted_suffix"]) for k in path)
        if "unencrypted_regex" in rules:
            result = not any(_matches(rules["unencrypted_regex"], k) for k in path)
        if "encrypted_regex" in rules:
            result = any(_matches(rules["encrypted_regex"], k) for k in path)
        return result


def _matches(pattern: str, key: str) -> bool:
    try:
        return re.search(pattern, key) is not None
    except re.error:
        raise DecryptionError(f"sops metadata has a regular expression that cannot be read: {pattern}") from None


def _recipients(section: Mapping[str, Any]) -> list[Recipient]:
    found = []
    for provider in PROVIDERS:
        entries = section.get(provider) or ()
        if isinstance(entries, Sequence) and not isinstance(entries, str):
            found += [Recipient(provider, e) for e in entries if isinstance(e, Mapping)]
    return found

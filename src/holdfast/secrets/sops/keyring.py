"""The keys at hand, and finding the data key with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from holdfast.base.errors import HoldfastError
from holdfast.secrets.errors import DecryptionError
from holdfast.secrets.sops.metadata import Metadata, Recipient
from holdfast.secrets.sops.shamir import combine
from holdfast.secrets.sops.told import Problem, told

_IDENTITIES = ("AGE-SECRET-KEY-", "AGE-PLUGIN-", "-----BEGIN")


class InvalidKey(DecryptionError):
    """What a Secret calls a key is none; ``attempt`` and ``problem`` leave room for the Secret's name."""

    def __init__(self, attempt: str, problem: str) -> None:
        super().__init__(f"{attempt}: {problem}")
        self.attempt = attempt
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Keyring:
    """Private keys and credentials. ``repr`` shows none of them.

    ``cloud`` holds the credentials of key services by provider (``kms``, ``gcp_kms``, ``azure_kv``); without an entry the
    environment's own identity is used.
    """

    age: tuple[str, ...] = field(default=(), repr=False)
    pgp: tuple[bytes, ...] = field(default=(), repr=False)
    vault_token: str = field(default="", repr=False)
    cloud: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def from_secret(cls, data: Mapping[str, bytes]) -> Keyring:
        """The keys of a Flux decryption Secret: ``*.agekey``, ``*.asc``, ``sops.vault-token`` and the key services' files.

        Raises InvalidKey."""
        age: list[str] = []
        pgp: list[bytes] = []
        for name, value in sorted(data.items()):
            if name.endswith(".agekey"):
                age += _imported(name, age_identities(value.decode("utf-8", "replace")))
            elif name.endswith(".asc"):
                pgp.append(value)
        files = {"sops.aws-kms": "kms", "sops.gcp-kms": "gcp_kms", "sops.azure-kv": "azure_kv"}
        return cls(
            tuple(age),
            tuple(pgp),
            data.get("sops.vault-token", b"").decode("utf-8", "replace").strip(),
            {provider: data[name].decode("utf-8", "replace") for name, provider in files.items() if name in data},
        )


def _imported(name: str, identities: list[str]) -> list[str]:
    if all(i.startswith(_IDENTITIES) for i in identities):
        return identities
    raise InvalidKey(
        f"failed to import '{name}' data", "failed to parse and add to age identities: unknown identity type"
    )


def age_identities(text: str) -> list[str]:
    """The secret keys of an age key file, comments left out. An SSH private key is one identity as a whole."""
    if "-----BEGIN" in text:
        return [text]
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def data_key(metadata: Metadata, keyring: Keyring) -> bytes:
    """The key all values are encrypted with. Raises DecryptionError naming every recipient that was tried."""
    shares: list[bytes] = []
    groups: list[list[Problem]] = []
    for group in metadata.groups:
        share, problems = _from_group(group, keyring)
        groups.append([] if share is not None else problems)
        shares += [share] if share is not None else []
    if len(metadata.groups) > 1:
        needed = metadata.threshold or len(metadata.groups)
        if len(shares) >= needed:
            return combine(shares[:needed])
        raise DecryptionError(f"cannot get sops data key: {told(groups, needed)}")
    if shares:
        return shares[0]
    raise DecryptionError(f"cannot get sops data key: {told(groups)}")


def _from_group(group: tuple[Recipient, ...], keyring: Keyring) -> tuple[bytes | None, list[Problem]]:
    problems = []
    for recipient in group:
        try:
            return _decrypt(recipient, keyring), []
        except HoldfastError as error:
            problems.append(Problem(recipient.name, error.message))
    return None, problems or [Problem("sops", "the sops metadata names no recipient")]


def _decrypt(recipient: Recipient, keyring: Keyring) -> bytes:
    if recipient.provider == "age":
        from holdfast.secrets.sops.keys import age

        return age.decrypt(recipient, keyring.age)
    if recipient.provider == "pgp":
        from holdfast.secrets.sops.keys import pgp

        return pgp.decrypt(recipient, keyring.pgp)
    if recipient.provider == "hc_vault":
        from holdfast.secrets.sops.keys import vault

        return vault.decrypt(recipient, keyring.vault_token)
    from holdfast.secrets.sops.keys import cloud

    return cloud.decrypt(recipient, keyring.cloud.get(recipient.provider))

"""The rules about the names of objects, by kind."""

from __future__ import annotations

import re
from collections.abc import Callable

_SUBDOMAIN = "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_OLD_LABEL = "[a-z]([-a-z0-9]*[a-z0-9])?"
_END = "must start and end with an alphanumeric character"
_FREE = frozenset(("certificatesigningrequest",))
_SEGMENTS = frozenset(("role", "clusterrole", "rolebinding", "clusterrolebinding"))


def name_faults(kind: str, name: str) -> list[str]:
    """What is wrong with the name of an object of that kind."""
    return _RULES.get(kind.lower(), _subdomain)(name)


def _checked(name: str, pattern: str, longest: int, text: str, examples: str) -> list[str]:
    found = [f"must be no more than {longest} characters"] if len(name.encode()) > longest else []
    if not re.fullmatch(pattern, name, re.ASCII):
        found.append(f"{text} (e.g. {examples}, regex used for validation is '{pattern}')")
    return found


def _subdomain(name: str) -> list[str]:
    text = f"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and {_END}"
    return _checked(name, _SUBDOMAIN, 253, text, "'example.com'")


def _label(name: str) -> list[str]:
    text = f"a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and {_END}"
    return _checked(name, _LABEL, 63, text, "'my-name',  or '123-abc'")


def _service(name: str) -> list[str]:
    text = (
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and"
        " end with an alphanumeric character"
    )
    return _checked(name, _OLD_LABEL, 63, text, "'my-name',  or 'abc-123'")


def _segment(name: str) -> list[str]:
    if name in (".", ".."):
        return [f"may not be '{name}'"]
    return [f"may not contain '{c}'" for c in "/%" if c in name]


def _anything(name: str) -> list[str]:
    return []


_RULES: dict[str, Callable[[str], list[str]]] = {
    "service": _service,
    "namespace": _label,
    **dict.fromkeys(_FREE, _anything),
    **dict.fromkeys(_SEGMENTS, _segment),
}

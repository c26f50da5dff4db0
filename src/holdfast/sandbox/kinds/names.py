"""What names, labels and keys may look like, in the API's own words.

In: a text. Out: a list of complaints, empty when it is fine. Never: the field it belongs to.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = _LABEL + r"(\." + _LABEL + ")*"
_LABEL_UNDERSCORE = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_SUBDOMAIN_UNDERSCORE = _LABEL_UNDERSCORE + r"(\." + _LABEL_UNDERSCORE + ")*"
_QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_label_re = re.compile(_LABEL).fullmatch
_subdomain_re = re.compile(_SUBDOMAIN).fullmatch
_underscore_re = re.compile(_SUBDOMAIN_UNDERSCORE).fullmatch
_qualified_re = re.compile(_QUALIFIED).fullmatch
_1035_re = re.compile("[a-z]([-a-z0-9]*[a-z0-9])?").fullmatch
_config_key_re = re.compile("[-._a-zA-Z0-9]+").fullmatch
_wildcard_re = re.compile(r"\*\." + _SUBDOMAIN).fullmatch
_header_re = re.compile("[-A-Za-z0-9]+").fullmatch
_percent_re = re.compile("[0-9]+%").fullmatch
_http_path_re = re.compile(r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+").fullmatch
_c_identifier_re = re.compile("[A-Za-z_][A-Za-z0-9_]*").fullmatch

NameRule = Callable[[str], list[str]]


def regex_error(text: str, pattern: str, *examples: str) -> str:
    if not examples:
        return f"{text} (regex used for validation is '{pattern}')"
    listed = " or ".join(f"'{example}', " for example in examples)
    return f"{text} (e.g. {listed}regex used for validation is '{pattern}')"


_LABEL_TEXT = regex_error(
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
    _LABEL, "my-name", "123-abc",
)  # fmt: skip
_SUBDOMAIN_TEXT = regex_error(
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
    _SUBDOMAIN, "example.com",
)  # fmt: skip
_UNDERSCORE_TEXT = regex_error(
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character",
    _SUBDOMAIN_UNDERSCORE, "example.com",
)  # fmt: skip
_QUALIFIED_TEXT = regex_error(
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    _QUALIFIED, "MyName", "my.name", "123-abc",
)  # fmt: skip
_VALUE_TEXT = regex_error(
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    f"({_QUALIFIED})?", "MyValue", "my_value", "12345",
)  # fmt: skip
_1035_TEXT = regex_error(
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
    "[a-z]([-a-z0-9]*[a-z0-9])?", "my-name", "abc-123",
)  # fmt: skip
_WILDCARD_TEXT = regex_error(
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
    r"\*\." + _SUBDOMAIN, "*.example.com",
)  # fmt: skip
_CONFIG_KEY_TEXT = regex_error(
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
    "[-._a-zA-Z0-9]+",
    "key.name",
    "KEY_NAME",
    "key-name",
)
_PERCENT_TEXT = regex_error(
    "a valid percent string must be a numeric string followed by an ending '%'", "[0-9]+%", "1%", "93%"
)
_HEADER_TEXT = regex_error(
    "a valid HTTP header must consist of alphanumeric characters or '-'", "[-A-Za-z0-9]+", "X-Header-Name"
)


def too_long(limit: int, unit: str = "characters") -> str:
    return f"must be no more than {limit} {unit}"


def between(low: int, high: int) -> str:
    return f"must be between {low} and {high}, inclusive"


def dns_label(text: str) -> list[str]:
    problems = [too_long(63)] if len(text) > 63 else []
    if not _label_re(text):
        problems.append("must not contain dots" if _subdomain_re(text) else _LABEL_TEXT)
    return problems


def dns_subdomain(text: str) -> list[str]:
    problems = [too_long(253)] if len(text) > 253 else []
    if not _subdomain_re(text):
        problems.append(_SUBDOMAIN_TEXT)
    return problems


def dns_subdomain_bytes(text: str) -> list[str]:
    """The same rule in the words of declarative validation."""
    problems = [too_long(253, "bytes")] if len(text) > 253 else []
    if not _subdomain_re(text):
        problems.append(_SUBDOMAIN_TEXT)
    return problems


def dns_subdomain_underscore(text: str) -> list[str]:
    problems = [too_long(253)] if len(text) > 253 else []
    if not _underscore_re(text):
        problems.append(_UNDERSCORE_TEXT)
    return problems


def dns_1035_label(text: str) -> list[str]:
    problems = [too_long(63)] if len(text) > 63 else []
    if not _1035_re(text):
        problems.append(_1035_TEXT)
    return problems


def wildcard_subdomain(text: str) -> list[str]:
    return [] if _wildcard_re(text) else [_WILDCARD_TEXT]


def path_segment(text: str) -> list[str]:
    """Names of kinds that take almost anything."""
    if text in (".", ".."):
        return [f"may not be '{text}'"]
    return [f"may not contain '{char}'" for char in "/%" if char in text]


def _masked(rule: NameRule) -> NameRule:
    return lambda text: rule(text[:-2] + "a" if len(text) > 1 and text.endswith("-") else text)


def for_prefix(rule: NameRule) -> NameRule:
    """The rule for a generateName, which may end in a dash."""
    return path_segment if rule is path_segment else _masked(rule)


def qualified(text: str) -> list[str]:
    """Label keys, resource names, finalizers: an optional subdomain, a slash, a name."""
    prefix, slash, name = text.partition("/")
    if not slash:
        prefix, name = "", text
    elif "/" in name:
        return [
            f"a valid label key {_QUALIFIED_TEXT} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        ]
    problems = []
    if slash:
        problems = (
            [f"prefix part {problem}" for problem in dns_subdomain(prefix)]
            if prefix
            else ["prefix part must be non-empty"]
        )
    if not name:
        problems.append("name part must be non-empty")
    elif len(name) > 63:
        problems.append(f"name part {too_long(63, 'bytes')}")
    if not _qualified_re(name):
        problems.append(f"name part {_QUALIFIED_TEXT}")
    return problems


def label_value(text: str) -> list[str]:
    problems = [too_long(63, "bytes")] if len(text) > 63 else []
    if text and not _qualified_re(text):
        problems.append(_VALUE_TEXT)
    return problems


def _parent_dir(text: str) -> list[str]:
    if text in (".", ".."):
        return [f"must not be '{text}'"]
    return ["must not start with '..'"] if text.startswith("..") else []


def config_key(text: str) -> list[str]:
    problems = [too_long(253)] if len(text) > 253 else []
    if not _config_key_re(text):
        problems.append(_CONFIG_KEY_TEXT)
    return problems + _parent_dir(text)


def env_name(text: str) -> list[str]:
    if all(" " <= char <= "~" and char != "=" for char in text):
        return []
    return ["a valid environment variable name must consist only of printable ASCII characters other than '='"]


def port_name(text: str) -> list[str]:
    problems = [too_long(15)] if len(text) > 15 else []
    if not re.fullmatch("[-a-z0-9]+", text):
        problems.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not re.search("[a-z]", text):
        problems.append("must contain at least one letter (a-z)")
    if "--" in text:
        problems.append("must not contain consecutive hyphens")
    if text and "-" in (text[0], text[-1]):
        problems.append("must not begin or end with a hyphen")
    return problems


def port_number(port: int) -> list[str]:
    return [] if 1 <= port <= 65535 else [between(1, 65535)]


def percent(text: str) -> list[str]:
    return [] if _percent_re(text) else [_PERCENT_TEXT]


def http_header(text: str) -> list[str]:
    return [] if _header_re(text) else [_HEADER_TEXT]


def http_path(text: str) -> bool:
    return bool(_http_path_re(text))


def ip_address(text: str) -> list[str]:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return ["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"]
    return []


def user_id(number: int) -> list[str]:
    return [] if 0 <= number <= 2**31 - 1 else [between(0, 2**31 - 1)]

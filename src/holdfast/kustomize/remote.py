"""URLs of remote repositories and files, told apart from paths as kustomize does.

Source: kustomize ``internal/git/repospec.go``.
"""

from __future__ import annotations

import posixpath
import re

from holdfast.base.lazy import pattern
from holdfast.base.record import Record

_SCHEMES = ("ssh://", "https://", "http://", "file://")
_USER = pattern(r"([a-zA-Z][a-zA-Z0-9-]*)@")
_BAD_QUERY = pattern(r";|%(?![0-9a-fA-F]{2})")


class RepoSpec(Record):
    """``raw`` is the URL as written; ``clone`` what Git is given; ``path`` the directory in it; ``ref`` "" for the default."""

    raw: str
    clone: str
    path: str
    ref: str
    submodules: bool = True
    timeout: float = 27.0


def is_remote_file(path: str) -> bool:
    lowered = path[:8].lower()
    return lowered.startswith(("http://", "https://"))


def parse_repo_url(text: str) -> RepoSpec | None:
    """What the URL says; None where the text is not a repository's URL, so that it must be a path."""
    if text.startswith("/"):
        return None
    address, _, query = text.partition("?")
    found = _host(address)
    if found is None:
        return None
    host, rest = found
    split = _split_path(rest, host)
    if split is None:
        return None
    repo, path = split
    clean = posixpath.normpath(path.lstrip("/")) if path else "."
    if not repo or clean.split("/")[0] == "..":
        return None
    ref, submodules, timeout = _query(query)
    return RepoSpec(text, host + repo, path.removeprefix("/"), ref, submodules, timeout)


def _host(address: str) -> tuple[str, str] | None:
    if address[:5].lower() == "git::":
        address = address[5:]
    scheme = next((s for s in _SCHEMES if address[: len(s)].lower() == s), "")
    rest = address[len(scheme) :]
    user_match = _USER.match(rest)
    user = user_match.group(0) if user_match else ""
    rest = rest[len(user) :]
    github = rest.lower().startswith(("github.com/", "github.com:"))
    scp = not scheme and bool(user or github)
    if not scheme and not scp:
        return None
    if scheme == "file://":
        return scheme, user + rest
    at = rest.find("/")
    colon = rest.find(":")
    if scp and (at == -1 or 0 < colon < at):
        at = colon
    host, rest = (rest[: at + 1], rest[at + 1 :]) if at >= 0 else (rest, "")
    if github:
        if scheme == "ssh://" or user:
            scheme, host = "", "github.com:"
        else:
            scheme, user, host = "https://", "", "github.com/"
    return (scheme + user + host, rest) if host else None


def _split_path(rest: str, host: str) -> tuple[str, str] | None:
    if (at := rest.find("_git/")) >= 0:
        name, _, path = rest[at + 5 :].partition("/")
        return rest[: at + 5] + name, path
    if (at := rest.find("//")) >= 0:
        return rest[:at], rest[at + 2 :]
    if (at := rest.find(".git")) >= 0:
        return rest[: at + 4], rest[at + 4 :]
    if host.startswith("file://"):
        return rest, ""
    segments = rest.split("/")
    if len(segments) < 2:
        return None
    return "/".join(segments[:2]), "/".join(segments[2:])


def _query(query: str) -> tuple[str, bool, float]:
    values: dict[str, str] = {}
    if not _BAD_QUERY.search(query):
        for pair in query.split("&") if query else ():
            key, _, value = pair.partition("=")
            values.setdefault(_unescaped(key), _unescaped(value))
    ref = values.get("ref") or values.get("version") or ""
    submodules = values.get("submodules", "") not in ("0", "f", "F", "false", "FALSE", "False")
    return ref, submodules, _seconds(values.get("timeout", ""))


def _unescaped(text: str) -> str:
    if "%" not in text and "+" not in text:
        return text
    from urllib.parse import unquote_plus

    return unquote_plus(text)


_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


def _seconds(text: str) -> float:
    if text.isdigit() and int(text) > 0:
        return float(text)
    parts = re.findall(r"([0-9.]+)(ms|h|m|s)", text)
    if parts and "".join(n + u for n, u in parts) == text:
        total = sum(float(n) * _UNITS[u] for n, u in parts)
        if total > 0:
            return total
    return 27.0

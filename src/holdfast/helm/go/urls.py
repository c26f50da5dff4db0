"""net/url: parsing and writing URLs as Go does, escapes and error texts included."""

from __future__ import annotations

import re
from dataclasses import dataclass

from holdfast.helm.go.errors import GoError
from holdfast.helm.go.strconv import quote
from holdfast.helm.go.types import from_bytes, to_bytes

_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~")
_KEPT = {
    "path": frozenset(b"$&+,/:;=@"),
    "segment": frozenset(b"$&+:=@"),
    "host": frozenset(b"!$&'()*+,;=:[]<>\""),
    "zone": frozenset(b"!$&'()*+,;=:[]<>\""),
    "user": frozenset(b"$&+,;="),
    "query": frozenset(b""),
    "fragment": frozenset(b"$&+,/:;=?@!()*"),
}
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*\Z")
_HEX = frozenset("0123456789abcdefABCDEF")


@dataclass
class URL:
    scheme: str = ""
    opaque: str = ""
    username: str | None = None
    password: str | None = None
    host: str = ""
    path: str = ""
    raw_path: str = ""
    force_query: bool = False
    query: str = ""
    fragment: str = ""
    raw_fragment: str = ""
    omit_host: bool = False

    def hostname(self) -> str:
        host = self.host
        if host.startswith("["):
            end = host.find("]")
            return host[1:end] if end >= 0 else host
        colon = host.rfind(":")
        return host[:colon] if colon >= 0 and host[colon + 1 :].isdigit() | (host[colon + 1 :] == "") else host

    def userinfo(self) -> str:
        if self.username is None:
            return ""
        text = escape(self.username, "user")
        return text + (":" + escape(self.password, "user") if self.password is not None else "")

    def escaped_path(self) -> str:
        if (
            self.raw_path
            and _valid_encoded(self.raw_path, "path")
            and _unescape_or_none(self.raw_path, "path") == self.path
        ):
            return self.raw_path
        return "*" if self.path == "*" else escape(self.path, "path")

    def escaped_fragment(self) -> str:
        raw = self.raw_fragment
        if raw and _valid_encoded(raw, "fragment") and _unescape_or_none(raw, "fragment") == self.fragment:
            return raw
        return escape(self.fragment, "fragment")

    def __str__(self) -> str:
        out = f"{self.scheme}:" if self.scheme else ""
        out += self.opaque if self.opaque else self._hierarchy()
        if self.force_query or self.query:
            out += "?" + self.query
        return out + ("#" + self.escaped_fragment() if self.fragment else "")

    def _hierarchy(self) -> str:
        out = ""
        named = bool(self.host) or self.username is not None
        if named or (self.scheme and not self.omit_host):
            if named or self.path:
                out += "//"
            if self.username is not None:
                out += self.userinfo() + "@"
            out += escape(self.host, "host")
        path = self.escaped_path()
        if path and path[0] != "/" and self.host:
            out += "/"
        if not out and not self.scheme and ":" in path.split("/", 1)[0]:
            out += "./"
        return out + path


def _should_escape(byte: int, mode: str) -> bool:
    return byte not in _UNRESERVED and byte not in _KEPT[mode]


def escape(text: str, mode: str) -> str:
    out: list[str] = []
    for byte in to_bytes(text):
        if byte == 32 and mode == "query":
            out.append("+")
        else:
            out.append(f"%{byte:02X}" if _should_escape(byte, mode) else chr(byte))
    return "".join(out)


def unescape(text: str, mode: str) -> str:
    """Raises GoError with the text of EscapeError."""
    if "%" not in text and not (mode == "query" and "+" in text):
        if mode in ("host", "zone"):
            _check_host(text)
        return text
    data, out, i = text, bytearray(), 0
    while i < len(data):
        c = data[i]
        if c == "%":
            digits = data[i + 1 : i + 3]
            if len(digits) < 2 or not set(digits) <= _HEX:
                raise GoError(f"invalid URL escape {quote(data[i : i + 3])}")
            value = int(digits, 16)
            if mode == "host" and value < 128 and data[i : i + 3] != "%25":
                raise GoError(f"invalid URL escape {quote(data[i : i + 3])}")
            out.append(value)
            i += 3
        else:
            out += b" " if c == "+" and mode == "query" else to_bytes(c)
            i += 1
    return from_bytes(bytes(out))


def _check_host(text: str) -> None:
    for c in text:
        if ord(c) < 128 and _should_escape(ord(c), "host"):
            raise GoError(f"invalid character {quote(c)} in host name")


def _unescape_or_none(text: str, mode: str) -> str | None:
    try:
        return unescape(text, mode)
    except GoError:
        return None


def _valid_encoded(text: str, mode: str) -> bool:
    kept = frozenset("!$&'()*+,;=:@[]%")
    return all(c in kept or ord(c) > 127 or not _should_escape(ord(c), mode) for c in text) and text.isascii()


def parse_url(raw: str) -> URL:
    """url.Parse; raises GoError("parse ...: ...")."""
    text, mark, fragment = raw.partition("#")
    try:
        found = _parse(text)
        if mark:
            found.fragment = unescape(fragment, "fragment")
            found.raw_fragment = "" if escape(found.fragment, "fragment") == fragment else fragment
    except GoError as fault:
        raise GoError(f"parse {quote(text if not mark else raw)}: {fault.text}") from None
    return found


def _parse(raw: str) -> URL:
    if any(ord(c) < 32 or c == "\x7f" for c in raw):
        raise GoError("net/url: invalid control character in URL")
    found = URL()
    if raw == "*":
        found.path = "*"
        return found
    found.scheme, rest = _scheme(raw)
    if rest.endswith("?") and rest.count("?") == 1:
        found.force_query, rest = True, rest[:-1]
    else:
        rest, _, found.query = rest.partition("?")
    if not rest.startswith("/"):
        if found.scheme:
            found.opaque = rest
            return found
        if ":" in rest.split("/", 1)[0]:
            raise GoError("first path segment in URL cannot contain colon")
    rest = _authority(found, rest)
    found.path = unescape(rest, "path")
    found.raw_path = "" if escape(found.path, "path") == rest else rest
    return found


def _scheme(raw: str) -> tuple[str, str]:
    for i, c in enumerate(raw):
        if c.isascii() and c.isalpha():
            continue
        if c in "0123456789+-.":
            if i == 0:
                return "", raw
            continue
        if c == ":":
            if i == 0:
                raise GoError("missing protocol scheme")
            return raw[:i].lower(), raw[i + 1 :]
        return "", raw
    return "", raw


def _authority(found: URL, rest: str) -> str:
    if (found.scheme or not rest.startswith("///")) and rest.startswith("//"):
        authority, slash, path = rest[2:].partition("/")
        _parse_authority(found, authority)
        return slash + path
    if found.scheme and rest.startswith("/"):
        found.omit_host = True
    return rest


def _parse_authority(found: URL, authority: str) -> None:
    at = authority.rfind("@")
    found.host = _parse_host(authority[at + 1 :])
    if at < 0:
        return
    info = authority[:at]
    if not all((c.isalnum() and c.isascii()) or c in "-._:~!$&'()*+,;=%@" for c in info):
        raise GoError("net/url: invalid userinfo")
    user, colon, password = info.partition(":")
    found.username = unescape(user, "user")
    found.password = unescape(password, "user") if colon else None


def _parse_host(host: str) -> str:
    if host.startswith("["):
        end = host.rfind("]")
        if end < 0:
            raise GoError("missing ']' in host")
        port = host[end + 1 :]
    else:
        colon = host.rfind(":")
        port = host[colon:] if colon >= 0 else ""
    if port and not re.fullmatch(r":[0-9]*", port):
        raise GoError(f"invalid port {quote(port)} after host")
    return unescape(host, "host")

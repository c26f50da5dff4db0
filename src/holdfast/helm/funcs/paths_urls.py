"""Paths, URLs, regular expressions, versions: thin tables over Go's libraries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from holdfast.helm.go import paths, regexp
from holdfast.helm.go.errors import NIL_POINTER, GoError
from holdfast.helm.go.semver import semver, semver_compare
from holdfast.helm.go.types import kind_name
from holdfast.helm.go.urls import URL, parse_url


def _url_parse(text: str) -> dict[str, Any]:
    try:
        url = parse_url(text)
    except GoError as fault:
        raise GoError(f"unable to parse url: {fault.text}") from None
    return {
        "scheme": url.scheme, "host": url.host, "hostname": url.hostname(), "path": url.path, "query": url.query,
        "opaque": url.opaque, "fragment": url.fragment, "userinfo": url.userinfo(),
    }  # fmt: skip


def _text(values: dict[str, Any], key: str) -> str:
    if key not in values:
        return ""
    value = values[key]
    if value is None:
        raise GoError(NIL_POINTER)
    if not isinstance(value, str):
        raise GoError(f"unable to parse {key} key, must be of type string, but {kind_name(value)} found")
    return value


def _url_join(values: dict[str, Any] | None) -> str:
    parts = values or {}
    url = URL(_text(parts, "scheme"), host=_text(parts, "host"), path=_text(parts, "path"), query=_text(parts, "query"))
    url.opaque, url.fragment = _text(parts, "opaque"), _text(parts, "fragment")
    userinfo = _text(parts, "userinfo")
    if userinfo:
        try:
            found = parse_url(f"proto://{userinfo}@host")
        except GoError as fault:
            raise GoError(f"unable to parse userinfo in dict: {fault.text}") from None
        url.username, url.password = found.username, found.password
    return str(url)


_REGEX: tuple[tuple[str, str, Callable[..., Any]], ...] = (
    ("regexMatch", "string, string", regexp.match_or_false),
    ("mustRegexMatch", "string, string", regexp.match),
    ("regexFindAll", "string, string, int", regexp.find_all),
    ("mustRegexFindAll", "string, string, int", regexp.must_find_all),
    ("regexFind", "string, string", regexp.find),
    ("mustRegexFind", "string, string", regexp.must_find),
    ("regexReplaceAll", "string, string, string", regexp.replace_all),
    ("mustRegexReplaceAll", "string, string, string", regexp.must_replace_all),
    ("regexReplaceAllLiteral", "string, string, string", regexp.replace_all_literal),
    ("mustRegexReplaceAllLiteral", "string, string, string", regexp.must_replace_all_literal),
    ("regexSplit", "string, string, int", regexp.split),
    ("mustRegexSplit", "string, string, int", regexp.must_split),
    ("regexQuoteMeta", "string", regexp.quote_meta),
)

TABLE: tuple[tuple[str, str, Callable[..., Any]], ...] = (
    *((name, "string", paths.base) for name in ("base", "osBase")),
    *((name, "string", paths.directory) for name in ("dir", "osDir")),
    *((name, "string", paths.clean) for name in ("clean", "osClean")),
    *((name, "string", paths.extension) for name in ("ext", "osExt")),
    *((name, "string", paths.is_absolute) for name in ("isAbs", "osIsAbs")),
    ("urlParse", "string", _url_parse),
    ("urlJoin", "map[string]interface {}", _url_join),
    ("semver", "string", semver),
    ("semverCompare", "string, string", semver_compare),
    *_REGEX,
)

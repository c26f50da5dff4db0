"""The rules about Chart.yaml."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from holdfast.helm.chart.load import fill_metadata
from holdfast.helm.chart.model import Metadata
from holdfast.helm.chart.reading import floats, read
from holdfast.helm.go.errors import GoError
from holdfast.helm.go.semver import parse_constraints, parse_version
from holdfast.helm.go.strconv import quote
from holdfast.helm.go.types import type_name
from holdfast.helm.lint.report import Report
from holdfast.kube import yaml

FILE = "Chart.yaml"
_STRICT = re.compile(r"(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*)){2}(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?", re.ASCII)
_FIELDS = {
    "": "name home sources version description keywords maintainers icon apiVersion condition tags appVersion deprecated annotations"
    " kubeVersion dependencies type",
    "maintainers": "name email url",
    "dependencies": "name version repository condition tags enabled import-values alias",
}
_KNOWN = {place: {n.lower() for n in names.split()} for place, names in _FIELDS.items()}

_WIDE = "\u00a0-\ud7ff\uf900-\ufdcf\ufdf0-\uffef"
_ATOM = rf"[a-zA-Z0-9!#$%&'*+/=?^_`{{|}}~{_WIDE}-]+"
_EDGE, _LETTER, _MIDDLE = f"[a-zA-Z0-9{_WIDE}]", f"[a-zA-Z{_WIDE}]", f"[a-zA-Z0-9._~{_WIDE}-]*"
_QUOTED = rf'"(?:[\x20\x09\x01-\x08\x0b\x0c\x0e-\x1f\x7f\x21\x23-\x5b\x5d-\x7e{_WIDE}]|\\[\x01-\x7f{_WIDE}])*"'
_EMAIL = re.compile(
    rf"(?:{_ATOM}(?:\.{_ATOM})*|{_QUOTED})@(?:(?:{_EDGE}|{_EDGE}{_MIDDLE}{_EDGE})\.)+"
    rf"(?:{_LETTER}|{_LETTER}{_MIDDLE}{_LETTER})\.?"
)
_HOST = r"(?:\[[0-9A-Fa-f:.]+\]|[a-zA-Z0-9\u00a1-\uffff](?:[a-zA-Z0-9\u00a1-\uffff_.-]*[a-zA-Z0-9\u00a1-\uffff])?)"
_URL = re.compile(rf"(?:(?:ftp|tcp|udp|wss?|https?)://)?(?:\S+(?::\S*)?@)?{_HOST}\.?(?::\d{{1,5}})?(?:[/?#]\S*)?")
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")


def check_chartfile(data: bytes, report: Report) -> None:
    """Everything that the file itself tells."""
    try:
        raw = read(data)
        metadata = _metadata(raw)
    except GoError as fault:
        report.error(FILE, f"unable to parse YAML\n\t{fault.text}")
        return
    strict = _strict_fault(data, raw)
    report.warning(FILE, f"failed to strictly parse chart metadata file\n\t{strict}" if strict else "")
    raw = raw if isinstance(raw, dict) else {}
    report.error(FILE, _name(metadata))
    report.error(FILE, _api_version(metadata))
    report.error(FILE, _text_type(raw, "version"))
    report.error(FILE, _version(metadata))
    report.error(FILE, _text_type(raw, "appVersion"))
    report.error(FILE, _maintainers(metadata, raw))
    report.error(FILE, next((f"invalid source URL '{s}'" for s in metadata.sources if not is_request_url(s)), ""))
    report.info(FILE, "" if metadata.icon else "icon is recommended")
    bad_icon = metadata.icon and not is_request_url(metadata.icon)
    report.error(FILE, f"invalid icon URL '{metadata.icon}'" if bad_icon else "")
    old = metadata.api_version != "v2"
    only = f"apiVersion '{metadata.api_version}'. %s valid in apiVersion 'v2'"
    report.error(FILE, f"chart type is not valid in {only % 'It is'}" if old and metadata.type else "")
    wrong = f"dependencies are not valid in the Chart file with {only % 'They are'}"
    report.error(FILE, wrong if old and metadata.dependencies else "")
    report.warning(
        FILE, "" if _is_strict(metadata.version) else f"version '{metadata.version}' is not a valid SemVerV2"
    )


def _metadata(raw: Any) -> Metadata:
    """As it is decoded: nothing is checked, and empty entries of lists are left out."""
    found = Metadata()
    if isinstance(raw, dict):
        lists = {k: [x for x in v if x is not None] for k, v in raw.items() if isinstance(v, list)}
        raw = {**raw, **lists}
    fill_metadata(found, raw)
    return found


def _strict_fault(data: bytes, raw: Any) -> str:
    try:
        yaml.load(data, strict=True)
    except yaml.YAMLError as fault:
        return f"error converting YAML to JSON: {fault.message.removeprefix('error converting YAML to JSON: ')}"
    unknown = _unknown(raw)
    return f'error unmarshaling JSON: while decoding JSON: json: unknown field "{unknown}"' if unknown else ""


def _unknown(raw: Any) -> str:
    """The first field in the order of decoding, which is that of the keys, that Helm does not know."""
    if not isinstance(raw, dict):
        return ""
    for key in sorted(raw):
        if key.lower() not in _KNOWN[""]:
            return str(key)
        rows = raw[key] if key.lower() in _KNOWN and isinstance(raw[key], list) else ()
        for row in rows:
            found = (
                next((k for k in sorted(row) if k.lower() not in _KNOWN[key.lower()]), "")
                if isinstance(row, dict)
                else ""
            )
            if found:
                return str(found)
    return ""


def _name(m: Metadata) -> str:
    if not m.name:
        return "name is required"
    base = m.name.rstrip("/").rpartition("/")[2] or "/"
    return "" if base == m.name else f"chart name {quote(m.name)} is invalid"


def _api_version(m: Metadata) -> str:
    must = 'The value must be either "v1" or "v2"'
    if not m.api_version:
        return f"apiVersion is required. {must}"
    return "" if m.api_version in ("v1", "v2") else f"apiVersion '{m.api_version}' is not valid. {must}"


def _text_type(raw: dict[str, Any], key: str) -> str:
    if key not in raw or isinstance(raw[key], str):
        return ""
    return f"{key} should be of type string but it's of type {type_name(floats(raw[key]))}"


def _version(m: Metadata) -> str:
    if not m.version:
        return "version is required"
    try:
        version = parse_version(m.version)
    except GoError:
        return f"version '{m.version}' is not a valid SemVer"
    if parse_constraints(">0.0.0-0").check(version):
        return ""
    return f'version "{m.version}" is less than or equal to "0.0.0-0"'


def _is_strict(version: str) -> bool:
    try:
        parse_version(version)
    except GoError:
        return False
    return _STRICT.fullmatch(version) is not None


def _maintainers(m: Metadata, raw: dict[str, Any]) -> str:
    rows = raw.get("maintainers") or []
    known = iter(m.maintainers)
    for row in rows:
        if row is None:
            return "a maintainer entry is empty"
        one = next(known)
        if not one.name:
            return "each maintainer requires a name"
        if one.email and not is_email(one.email):
            return f"invalid email '{one.email}' for maintainer '{one.name}'"
        if one.url and not is_url(one.url):
            return f"invalid url '{one.url}' for maintainer '{one.name}'"
    return ""


def is_email(text: str) -> bool:
    return _EMAIL.fullmatch(text) is not None


def is_url(text: str) -> bool:
    """An address as people write it: the scheme may be absent."""
    if not len(text.encode()) > 3 or len(text) >= 2083 or text.startswith("."):
        return False
    try:
        parts = urlsplit(f"http://{text}" if ":" in text and "://" not in text else text)
    except ValueError:
        return False
    if parts.netloc.startswith(".") or (not parts.netloc and parts.path and "." not in parts.path):
        return False
    return _URL.fullmatch(text) is not None


def is_request_url(text: str) -> bool:
    """An absolute address with a scheme, as in an HTTP request."""
    scheme = _SCHEME.match(text)
    if scheme is None or any(ord(c) < 0x20 or ord(c) == 0x7F for c in text):
        return False
    rest = text[scheme.end() :]
    if not rest.startswith("/"):
        return False
    host = rest[2:].partition("/")[0].partition("?")[0].rpartition("@")[2] if rest.startswith("//") else ""
    return re.fullmatch(r"(?:\[[^\]]*\]|[^\s\[\]<>\"`{}|\\^:]*)(?::\d*)?", host) is not None

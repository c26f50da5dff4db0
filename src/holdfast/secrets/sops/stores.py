"""The file formats that SOPS encrypts, to and from plain data."""

from __future__ import annotations

import json
import re
from enum import Enum
from typing import Any

from holdfast.kube import yaml
from holdfast.secrets.errors import DecryptionError
from holdfast.secrets.sops.emit import to_json, to_yaml

Document = dict[str, Any]


class Format(Enum):
    YAML = "yaml"
    JSON = "json"
    DOTENV = "dotenv"
    INI = "ini"
    BINARY = "binary"

    @classmethod
    def of_path(cls, path: str) -> Format:
        lower = path.lower()
        if lower.endswith((".yaml", ".yml")):
            return cls.YAML
        if lower.endswith(".json"):
            return cls.JSON
        if lower.endswith(".env"):
            return cls.DOTENV
        return cls.INI if lower.endswith(".ini") else cls.BINARY

    @classmethod
    def of_content(cls, data: bytes) -> Format | None:
        """The format of an encrypted file by the mark that SOPS leaves in it; None where there is none."""
        for mark, found in (
            (b'"sops":', cls.JSON),
            (b"\nsops:", cls.YAML),
            (b"sops_version=", cls.DOTENV),
            (b"[sops]", cls.INI),
        ):
            if mark in data or (found is cls.YAML and data.startswith(b"sops:")):
                return found
        return None


def load(data: bytes, source: Format) -> list[Document]:
    """The documents of a file, in the file's own order of keys."""
    try:
        if source is Format.YAML:
            found = [d.value for d in yaml.load_all(data)]
        elif source in (Format.JSON, Format.BINARY):
            found = [json.loads(data)]
        else:
            text = data.decode()
            found = [_load_dotenv(text) if source is Format.DOTENV else _load_ini(text)]
    except (ValueError, yaml.YAMLError):
        raise DecryptionError(f"the file cannot be read as {source.value}") from None
    if not all(isinstance(d, dict) for d in found):
        raise DecryptionError(f"the file is not a {source.value} mapping")
    return found


def dump(documents: list[Document], target: Format) -> bytes:
    if target is Format.YAML:
        return to_yaml(documents)
    document = documents[0] if documents else {}
    if target is Format.JSON:
        return to_json(document)
    if target is Format.BINARY:
        value = document.get("data")
        if isinstance(value, str) and set(document) == {"data"}:
            return value.encode("utf-8", "surrogateescape")
        return to_json(document)
    if target is Format.DOTENV:
        return "".join(f"{k}={_escaped(v)}\n" for k, v in document.items()).encode()
    return _dump_ini(document).encode()


def _escaped(value: Any) -> str:
    return str(value).replace("\n", "\\n")


def _load_dotenv(text: str) -> Document:
    body: Document = {}
    flat: dict[str, str] = {}
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        key, equals, value = line.partition("=")
        if not equals:
            raise ValueError(line)
        value = value.replace("\\n", "\n")
        if key.startswith("sops_"):
            flat[key.removeprefix("sops_")] = value
        else:
            body[key] = value
    return {**body, "sops": _unflatten(flat)} if flat else body


def _load_ini(text: str) -> Document:
    body: Document = {}
    section = "DEFAULT"
    flat: dict[str, str] = {}
    for line in text.splitlines():
        line = line.strip()
        if not line or line[0] in "#;":
            continue
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
            if section != "sops":
                body.setdefault(section, {})
            continue
        key, _, value = line.partition("=")
        key, value = key.strip(), _unquoted(value.strip())
        if section == "sops":
            flat[key] = value.replace("\\n", "\n")
        else:
            body.setdefault(section, {})[key] = value
    return {**body, "sops": _unflatten(flat)} if flat else body


def _unquoted(value: str) -> str:
    for quote in ('"""', '"', "`", "'"):
        if len(value) >= 2 * len(quote) and value.startswith(quote) and value.endswith(quote):
            return value[len(quote) : -len(quote)]
    return value


def _dump_ini(document: Document) -> str:
    lines = []
    for section, values in document.items():
        if section != "DEFAULT" or len(document) > 1:
            lines.append(f"[{section}]")
        lines += [f"{k} = {_escaped(v)}" for k, v in values.items()] if isinstance(values, dict) else []
        lines.append("")
    return "\n".join(lines)


_STEP = re.compile(r"__(list|map)_")


def _unflatten(flat: dict[str, str]) -> Document:
    """``age__list_0__map_enc`` and its like back into lists and mappings."""
    out: Document = {}
    for name, value in sorted(flat.items(), key=lambda item: _natural(item[0])):
        parts = _STEP.split(name)
        node: Any = out
        key: Any = parts[0]
        for kind, following in zip(parts[1::2], parts[2::2], strict=True):
            fresh: Any = [] if kind == "list" else {}
            node = _child(node, key, fresh)
            key = int(following) if kind == "list" else following
        _child(node, key, value)
    return out


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(p), "") if p.isdigit() else (-1, p) for p in re.split(r"(\d+)", name)]


def _child(node: Any, key: Any, fresh: Any) -> Any:
    if isinstance(node, list):
        while len(node) <= key:
            node.append(None)
        if node[key] is None:
            node[key] = fresh
        return node[key]
    return node.setdefault(key, fresh)

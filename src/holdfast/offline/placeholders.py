"""Encrypted objects without a key: the same object with a placeholder wherever a value is encrypted."""

from __future__ import annotations

import json
import re
from typing import Any

from holdfast.base.errors import HoldfastError
from holdfast.base.tree import OverlayTree, Tree
from holdfast.kube import yaml
from holdfast.kube.refs import Manifest

PLACEHOLDER = "**ENCRYPTED**"


class Placeholders:
    """Implements ``render.Decryptor`` without any key: shapes stay, values never show."""

    def sources(self, tree: Tree, directory: str) -> Tree:
        del directory
        return OverlayTree(tree, {})

    def decrypt(self, obj: Manifest) -> Manifest | None:
        if "sops" not in obj:
            return None
        from holdfast.secrets import is_encrypted

        if not is_encrypted(obj):
            return None
        plain = {k: _hidden(v) for k, v in obj.items() if k != "sops"}
        if plain.get("kind") == "Secret" and isinstance(plain.get("data"), dict):
            # Placeholders are no base64, which ``data`` must be.
            shown = {**plain["data"], **(plain.get("stringData") or {})}
            plain = {**{k: v for k, v in plain.items() if k != "data"}, "stringData": shown}
        return plain


def _hidden(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _hidden(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_hidden(v) for v in value]
    if isinstance(value, str) and value.startswith("ENC["):
        return PLACEHOLDER
    return value


def hidden_file(data: bytes) -> bytes | None:
    """An encrypted file of any of SOPS's formats with placeholders; None for one that is not encrypted."""
    from holdfast.secrets import Format

    found = Format.of_content(data) if b"sops" in data and b"ENC[" in data else None
    if found is None:
        return None
    try:
        return {Format.YAML: _hidden_yaml, Format.JSON: _hidden_json}.get(found, _hidden_lines)(data)
    except (HoldfastError, ValueError):
        return None


def _hidden_yaml(data: bytes) -> bytes:
    documents = [d.value for d in yaml.load_all(data)]
    hidden = Placeholders()
    return yaml.dump_all([_shown(hidden, d) for d in documents]).encode()


def _shown(hidden: Placeholders, document: Any) -> Any:
    """An object, or the values of a chart or generator."""
    if not isinstance(document, dict) or "sops" not in document:
        return document
    return hidden.decrypt(document) or {k: _hidden(v) for k, v in document.items() if k != "sops"}


def _hidden_json(data: bytes) -> bytes:
    content = json.loads(data)
    if content.keys() == {"data", "sops"} and isinstance(content["data"], str):
        return PLACEHOLDER.encode()  # a file of no format of its own
    return json.dumps({k: _hidden(v) for k, v in content.items() if k != "sops"}, indent=2).encode()


def _hidden_lines(data: bytes) -> bytes:
    """Settings, a line each; what SOPS keeps for itself is in lines of its own, or in the last section."""
    text = data.decode("utf-8", "replace").partition("\n[sops]")[0]
    lines = [line for line in text.splitlines() if not line.startswith("sops_")]
    return ("\n".join(_ENCRYPTED.sub(PLACEHOLDER, line) for line in lines) + "\n").encode()


_ENCRYPTED = re.compile(r"ENC\[[^\]]*\]")

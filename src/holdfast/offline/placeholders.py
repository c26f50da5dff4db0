"""Encrypted objects without a key: the same object with a placeholder wherever a value is encrypted."""

from __future__ import annotations

from typing import Any

from holdfast.base.tree import OverlayTree, Tree
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


def encrypted_file(data: bytes) -> bool:
    from holdfast.secrets import Format

    return Format.of_content(data) is not None

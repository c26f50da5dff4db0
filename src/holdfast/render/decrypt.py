"""SOPS in a rendering: files that generators read are decrypted before the build, objects after it.

In: a Keyring. Out: trees and objects whose plain values live in memory only. Follows kustomize-controller: a generator's
file is decrypted when it carries SOPS metadata, into the format that its name says; an object with a ``sops`` section is
decrypted as a whole; a Secret's ``data`` entries are looked into one by one.
"""

from __future__ import annotations

import base64
import binascii
import posixpath
from collections.abc import Iterator
from typing import Any

from holdfast.base.errors import HoldfastError, Place
from holdfast.base.tree import EntryKind, OverlayTree, Tree
from holdfast.kube import yaml
from holdfast.kube.refs import Manifest
from holdfast.secrets import DecryptionError, Format, Keyring, decrypt_file, decrypt_object, is_encrypted

_NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_DISABLED = "kustomize.toolkit.fluxcd.io/decrypt"


class SopsDecryptor:
    """Implements ``render.Decryptor`` with the keys of one unit."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def sources(self, tree: Tree, directory: str) -> Tree:
        plain: dict[str, bytes] = {}
        for path in sorted(_generator_files(tree, directory, set())):
            entry = tree.lookup(path)
            if entry is None or entry.kind is not EntryKind.FILE:
                continue
            data = tree.read(path)
            found = Format.of_content(data)
            if found is not None:
                plain[path] = self._file(data, found, path)
        return OverlayTree(tree, plain) if plain else tree

    def _file(self, data: bytes, found: Format, path: str) -> bytes:
        target = Format.of_path(path)
        try:
            return decrypt_file(
                data,
                self._keyring,
                Format.BINARY if target is Format.BINARY and found is Format.JSON else found,
                target,
            )
        except HoldfastError as error:
            raise DecryptionError(error.message, place=Place(path)) from None

    def decrypt(self, obj: Manifest) -> Manifest | None:
        annotations = (obj.get("metadata") or {}).get("annotations") or {}
        if str(annotations.get(_DISABLED) or "").lower() == "disabled":
            return None
        if is_encrypted(obj):
            try:
                return decrypt_object(obj, self._keyring)
            except DecryptionError as error:
                text = f"failed to decrypt and format '{_place(obj)}' {obj.get('kind')} data: {error.message}"
                raise DecryptionError(text) from None
        if obj.get("kind") == "Secret" and isinstance(obj.get("data"), dict):
            return self._secret(obj)
        return None

    def _secret(self, secret: Manifest) -> Manifest | None:
        changed = {}
        for name, value in secret["data"].items():
            data = _decoded(value)
            found = Format.of_content(data) if data is not None else None
            if data is not None and found is not None:
                try:
                    changed[name] = base64.b64encode(self._file(data, found, name)).decode()
                except DecryptionError as error:
                    text = f"failed to decrypt and format '{_place(secret)}' Secret field '{name}': {error.message}"
                    raise DecryptionError(text) from None
        return {**secret, "data": {**secret["data"], **changed}} if changed else None


def _place(obj: Manifest) -> str:
    meta = obj.get("metadata") or {}
    return f"{meta.get('namespace') or ''}/{meta.get('name') or ''}"


def _decoded(value: Any) -> bytes | None:
    try:
        return base64.b64decode(value) if isinstance(value, str) else None
    except (ValueError, binascii.Error):
        return None


def _generator_files(tree: Tree, directory: str, seen: set[str]) -> Iterator[str]:
    """The files and env files of every secretGenerator under a kustomization, bases and components included."""
    if directory in seen:
        return
    seen.add(directory)
    kustomization = _kustomization(tree, directory)
    for generator in _list(kustomization, "secretGenerator"):
        if not isinstance(generator, dict):
            continue
        for entry in _list(generator, "files"):
            yield _join(directory, str(entry).partition("=")[2] or str(entry))
        for entry in [*_list(generator, "envs"), *([generator["env"]] if generator.get("env") else [])]:
            yield _join(directory, str(entry))
    for field in ("resources", "components", "bases"):
        for entry in _list(kustomization, field):
            path = _join(directory, str(entry))
            found = tree.lookup(path) if not path.startswith("..") else None
            if found is not None and found.kind is EntryKind.DIRECTORY:
                yield from _generator_files(tree, path, seen)


def _kustomization(tree: Tree, directory: str) -> dict[str, Any]:
    for name in _NAMES:
        path = _join(directory, name)
        if tree.lookup(path) is not None:
            try:
                value = yaml.load(tree.read(path), source=path)
            except (HoldfastError, OSError):
                return {}  # the build will say what is wrong with it
            return value if isinstance(value, dict) else {}
    return {}


def _list(mapping: dict[str, Any], field: str) -> list[Any]:
    value = mapping.get(field)
    return value if isinstance(value, list) else []


def _join(directory: str, path: str) -> str:
    joined = posixpath.normpath(posixpath.join(directory, path))
    return "" if joined == "." else joined

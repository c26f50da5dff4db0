"""Units for a repository that declares none: its kustomizations that no other one builds on, a Kustomization each.

What declares the units of such a repository is somewhere else; here every overlay is taken to be delivered as it stands.
"""

from __future__ import annotations

import posixpath
from typing import Any

from holdfast.base.errors import HoldfastError, Place
from holdfast.base.tree import EntryKind, Tree
from holdfast.kube import yaml
from holdfast.kube.refs import Manifest
from holdfast.offline.documents import Document, kustomization_files

IMPLIED = "holdfast.dev/implied"
_REFERRING = ("resources", "bases", "components")


def implied_units(tree: Tree) -> list[Document]:
    """One document for each overlay, placed at its kustomization."""
    found: dict[str, str] = {}
    used: set[str] = set()
    for path in kustomization_files(tree):
        directory = posixpath.dirname(path)
        content = _content(tree, path)
        if content is None or path.startswith(".") or "/." in path:
            continue
        used |= _used(content, directory)
        if content.get("kind") != "Component":
            found.setdefault(directory, path)
    tops = sorted(d for d in found if d not in used)
    return [Document(_unit(d), Place(found[d], 1)) for d in tops]


def built_on(tree: Tree) -> set[str]:
    """Directories that some kustomization names."""
    found: set[str] = set()
    for path in kustomization_files(tree):
        found |= _used(_content(tree, path) or {}, posixpath.dirname(path))
    return found


def _content(tree: Tree, path: str) -> dict[str, Any] | None:
    try:
        entry = tree.lookup(path)
        content = yaml.load(tree.read(path)) if entry is not None and entry.kind is EntryKind.FILE else None
    except HoldfastError:
        return {}  # the build says what is wrong with it
    return content if isinstance(content, dict) else None


def _used(content: dict[str, Any], directory: str) -> set[str]:
    entries = [e for f in _REFERRING if isinstance(content.get(f), list) for e in content[f] if isinstance(e, str)]
    return {posixpath.normpath(posixpath.join(directory, e)) for e in entries if "://" not in e}


def _unit(directory: str) -> Manifest:
    name = directory.replace("/", "-").replace("_", "-").replace(".", "-").lower() or "root"
    return {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {"name": name, "namespace": "flux-system", "annotations": {IMPLIED: "true"}},
        "spec": {
            "interval": "10m",
            "prune": True,
            "wait": True,
            "timeout": "2m",
            "path": f"./{directory}",
            "sourceRef": {"kind": "GitRepository", "name": "flux-system"},
        },
    }

"""Which repository an Argo CD source means: this one, or one that is not at hand.

A repository is taken to be this one as soon as a path that is asked of it exists here: that is what the well-known layouts
have, and addresses differ between mirrors and forks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from holdfast.base.tree import Tree
from holdfast.dialects.argo.project import normalize_url
from holdfast.model.delivery import UnitKey
from holdfast.offline.unit import World

GROUP = "argoproj.io"


def is_here(url: str, world: World) -> bool:
    """Whether anything in the repository speaks of it as of itself."""
    key = UnitKey("Repository", "", normalize_url(url) or url)
    if key in world.local:
        return True
    for document in world.survey.documents:
        for other, path in asked(document.object):
            if normalize_url(other) == key.name and stands(world.survey.tree, path):
                world.local.add(key)
                return True
    return False


def stands(tree: Tree, path: str) -> bool:
    """Whether a path that says something exists."""
    clean = path.removeprefix("./").strip("/")
    return clean not in ("", ".") and ".." not in clean.split("/") and tree.lookup(clean) is not None


def asked(obj: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(address, path) of everything that an Application or an ApplicationSet takes from repositories."""
    if not str(obj.get("apiVersion") or "").startswith(f"{GROUP}/") or not isinstance(obj.get("spec"), dict):
        return
    if obj.get("kind") == "Application":
        yield from _sources(obj["spec"])
    elif obj.get("kind") == "ApplicationSet":
        yield from _sources(_table(_table(obj["spec"].get("template")).get("spec")))
        for generator in _tables(obj["spec"].get("generators")):
            yield from _generator(generator)


def _generator(spec: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    git = _table(spec.get("git"))
    for item in (*_tables(git.get("directories")), *_tables(git.get("files"))):
        yield str(git.get("repoURL") or ""), _before(str(item.get("path") or ""), "*{[?")
    for kind in ("matrix", "merge"):
        for below in _tables(_table(spec.get(kind)).get("generators")):
            yield from _generator(below)


def _sources(spec: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for source in (_table(spec.get("source")), *_tables(spec.get("sources"))):
        if not source.get("chart"):
            yield str(source.get("repoURL") or ""), _before(str(source.get("path") or ""), "{")


def _before(path: str, special: str) -> str:
    """The directories of a path up to the first part that is a pattern or a template."""
    parts = path.split("/")
    fixed = next((i for i, p in enumerate(parts) if set(p) & set(special)), len(parts))
    return "/".join(parts[:fixed])


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _tables(value: Any) -> list[Mapping[str, Any]]:
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []

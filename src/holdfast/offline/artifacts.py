"""ExternalArtifacts that an ArtifactGenerator would make out of this repository, as trees."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from typing import Any

from holdfast.base.tree import Entry, EntryKind, MemoryTree, Tree, walk
from holdfast.kube.refs import Manifest


def artifact_tree(tree: Tree, generator: Manifest, name: str, tops: Sequence[str] = ()) -> Tree | None:
    """The tree of the named artifact; None where the generator does not make it. ``copy`` is done in order. What is not at
    the root is looked for in ``tops``, for the generator's own source may be made of one directory of the repository.
    """
    spec = generator.get("spec") or {}
    wanted = next((a for a in spec.get("artifacts") or () if a.get("name") == name), None)
    if wanted is None:
        return None
    files: dict[str, bytes] = {}
    for copy in wanted.get("copy") or ():
        for top in ("", *tops):
            found = list(_copied(tree, copy, top))
            for source, target in found:
                files[target] = tree.read(source)
            if found:
                break
    return MemoryTree(files)


def _copied(tree: Tree, copy: dict[str, Any], top: str) -> Iterator[tuple[str, str]]:
    pattern = str(copy.get("from") or "").partition("/")[2]
    if top:
        pattern = f"{top}/{pattern}"
    fixed = _fixed_part(pattern).strip("/")
    if fixed and tree.lookup(fixed) is None:
        return
    target = str(copy.get("to") or "").partition("/")[2]
    excluded = [_regex(str(e)) for e in copy.get("exclude") or ()]
    matches, base = _regex(pattern), _fixed_part(pattern)
    for path, entry in _below(tree, fixed):
        if entry.kind is not EntryKind.FILE or not matches.fullmatch(path):
            continue
        inner = path[len(base) :].lstrip("/") if base else path
        if any(e.fullmatch(path) or e.fullmatch(inner) for e in excluded):
            continue
        whole_file = "*" not in pattern and path == pattern
        name = posixpath.basename(path) if whole_file else inner
        keep_name = whole_file and target and not target.endswith("/")
        yield path, target if keep_name else posixpath.normpath(posixpath.join(target, name))


def _below(tree: Tree, top: str) -> Iterator[tuple[str, Entry]]:
    entry = tree.lookup(top) if top else None
    if entry is not None and entry.kind is not EntryKind.DIRECTORY:
        yield top, entry
    else:
        yield from walk(tree, top)


def _fixed_part(pattern: str) -> str:
    """The directory before the first wildcard, or the pattern itself where it has none (a directory or a file)."""
    head = pattern.split("*", 1)[0]
    return pattern if head == pattern else head.rpartition("/")[0]


def _regex(pattern: str) -> re.Pattern[str]:
    """Globs with ``**``; a pattern without wildcards means the file, or everything under the directory."""
    out, i = "", 0
    while i < len(pattern):
        if pattern.startswith("**", i):
            out, i = out + ".*", i + 2
            if pattern.startswith("/", i):
                out, i = out + "/?", i + 1
        elif pattern[i] == "*":
            out, i = out + "[^/]*", i + 1
        elif pattern[i] == "?":
            out, i = out + "[^/]", i + 1
        else:
            out, i = out + re.escape(pattern[i]), i + 1
    return re.compile(out if "*" in pattern else out.rstrip("/") + "(/.*)?")

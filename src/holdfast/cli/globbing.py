"""Patterns for files, as kustomize's commands expand them: Go's ``filepath.Glob`` without what is hidden.

Comes in: a pattern relative to the current directory. Goes out: the paths there are, sorted. ``**`` is no more than ``*``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from holdfast.base.globs import BadPattern, path_match

_MAGIC = frozenset("*?[\\")


def visible(pattern: str) -> list[str]:
    """The paths that a pattern names; hidden ones only where it says so. Raises KustomizeError for what is no pattern."""
    from holdfast.kustomize import KustomizeError

    try:
        path_match(pattern, "")
        found = list(_matching(pattern))
    except BadPattern as err:
        raise KustomizeError(f"error checking the filesystem: {err}: '{pattern}'") from None
    if os.path.basename(pattern.rstrip("/")).startswith("."):
        return found
    return [path for path in found if not os.path.basename(path.rstrip("/")).startswith(".")]


def _matching(pattern: str) -> Iterator[str]:
    if not _MAGIC.intersection(pattern):
        if os.path.lexists(pattern):
            yield pattern
        return
    directory, slash, name = pattern.rpartition("/")
    directory = directory or slash or "."
    for place in _matching(directory) if _MAGIC.intersection(directory) else [directory]:
        for each in _names(place):
            if path_match(name, each):
                yield os.path.normpath(os.path.join(place, each))


def _names(directory: str) -> list[str]:
    try:
        return sorted(os.listdir(directory))
    except OSError:
        return []

"""What an artifact leaves out: gitignore patterns as Flux's source-controller reads them.

In: a tree, the text of ``spec.ignore``. Out: a tree without what is ignored. Patterns come from every ``.sourceignore``
(each holds under its own directory), then from ``spec.ignore``; the last pattern that matches decides. Git's own files
are left out unless a pattern brings them back. The default exclusions (images, archives, CI files) hold only while
nobody wrote any pattern. Matching follows go-git's ``plumbing/format/gitignore``, which is close to Git's own rules.
"""

from __future__ import annotations

import fnmatch
import functools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from holdfast.base.tree import Entry, EntryKind, Tree

FILE_NAME = ".sourceignore"
_VCS = (".git/", ".gitignore", ".gitmodules", ".gitattributes")
_DEFAULTS = (
    *("*.jpg", "*.jpeg", "*.gif", "*.png", "*.wmv", "*.flv", "*.tar.gz", "*.zip"),
    *(".github/", ".circleci/", ".travis.yml", ".gitlab-ci.yml", "appveyor.yml", ".drone.yml"),
    *("cloudbuild.yaml", "codeship-services.yml", "codeship-steps.yml"),
    *("**/.goreleaser.yml", "**/.sops.yaml", "**/.flux.yaml"),
)


@dataclass(frozen=True, slots=True)
class Pattern:
    """One line of an ignore file. ``domain`` is the directory it stands in, as segments."""

    segments: tuple[str, ...]
    domain: tuple[str, ...]
    include: bool
    directory_only: bool
    anchored: bool

    @classmethod
    def parse(cls, line: str, domain: tuple[str, ...] = ()) -> Pattern:
        include = line.startswith("!")
        text = line[1:] if include else line
        if not text.endswith("\\ "):
            text = text.rstrip(" ")
        directory_only = text.endswith("/")
        text = text.removesuffix("/")
        return cls(tuple(text.split("/")), domain, include, directory_only, "/" in text)

    @property
    def needed(self) -> str | None:
        """A glob that some name on a path has to match, or the pattern cannot; None for a pattern that never does."""
        if not self.anchored:
            return self.segments[0]
        return next((s for s in reversed(self.segments) if s not in ("", "**")), None)

    def matches(self, path: Sequence[str], is_directory: bool) -> bool:
        depth = len(self.domain)
        if len(path) <= depth or tuple(path[:depth]) != self.domain:
            return False
        rest = path[depth:]
        return self._anchored(rest, is_directory) if self.anchored else self._by_name(rest, is_directory)

    def _by_name(self, path: Sequence[str], is_directory: bool) -> bool:
        last = len(path) - 1
        for i, name in enumerate(path):
            if _segment(self.segments[0], name):
                return not (self.directory_only and not is_directory and i == last)
        return False

    def _anchored(self, path: Sequence[str], is_directory: bool) -> bool:
        matched = traverse = False
        rest = list(path)
        for i, segment in enumerate(self.segments):
            if segment == "":
                traverse = False
            elif segment == "**":
                if i == len(self.segments) - 1:
                    break
                traverse = True
            elif "**" in segment or not rest:
                return False
            elif traverse:
                traverse, matched = False, False
                while rest and not matched:
                    matched = _segment(segment, rest.pop(0))
                if not matched:
                    return False
            else:
                if not _segment(segment, rest.pop(0)):
                    return False
                matched = True
        return matched and not (self.directory_only and not is_directory and not rest)


@functools.lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    # In Go's filepath.Match a backslash quotes and [^a] negates; fnmatch knows [!a] only.
    text = re.sub(r"\\(.)", lambda m: f"[{m[1]}]", pattern).replace("[^", "[!")
    return re.compile(fnmatch.translate(text))


def _segment(pattern: str, name: str) -> bool:
    return _compiled(pattern).match(name) is not None


def parse(text: str, domain: tuple[str, ...] = ()) -> list[Pattern]:
    lines = (line for line in text.splitlines() if line.strip() and not line.startswith("#"))
    return [Pattern.parse(line, domain) for line in lines]


class Rules:
    """An ordered list of patterns; the last match decides."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self._patterns = tuple(reversed(tuple(patterns)))
        needed = {p.needed for p in self._patterns} - {None}
        # Most paths of a repository have no name that any pattern is about: they cost one look for all patterns together.
        any_of = re.compile("|".join(_compiled(n).pattern for n in sorted(filter(None, needed))) if needed else r"(?!)")
        self._concerns = functools.lru_cache(maxsize=2048)(lambda name: any_of.match(name) is not None)

    def excludes(self, path: str, is_directory: bool = False) -> bool:
        segments = path.split("/")
        if not any(map(self._concerns, segments)):
            return False
        for pattern in self._patterns:
            if pattern.matches(segments, is_directory):
                return not pattern.include
        return False


def rules_of(tree: Tree, ignore: str | None, ignore_files: Sequence[str]) -> Rules:
    """The rules of a tree: ``ignore_files`` are the paths of its ``.sourceignore`` files, ``ignore`` is ``spec.ignore``."""
    own: list[Pattern] = []
    for path in sorted(ignore_files, key=lambda p: (p.count("/"), p)):
        directory = path.rpartition("/")[0]
        own += parse(tree.read(path).decode("utf-8", "replace"), tuple(directory.split("/")) if directory else ())
    own += parse(ignore or "")
    fixed = _VCS if own or ignore is not None else (*_VCS, *_DEFAULTS)
    return Rules([*(Pattern.parse(p) for p in fixed), *own])


def plain_rules(tree: Tree, ignore: str | None, ignore_files: Sequence[str]) -> Rules:
    """The rules of what did not come from Git: only those that somebody wrote."""
    own: list[Pattern] = []
    for path in sorted(ignore_files, key=lambda p: (p.count("/"), p)):
        directory = path.rpartition("/")[0]
        own += parse(tree.read(path).decode("utf-8", "replace"), tuple(directory.split("/")) if directory else ())
    return Rules([*own, *parse(ignore or "")])


class FilteredTree:
    """A tree without what its rules exclude. Symbolic links that the rules let through stay.

    A directory is judged by its files: as in Flux's archives, a file is looked at by its own full path, so that a
    negated pattern below an excluded directory brings that file back.
    """

    def __init__(self, tree: Tree, rules: Rules) -> None:
        self._tree = tree
        self._rules = rules

    def lookup(self, path: str) -> Entry | None:
        entry = self._tree.lookup(path)
        if entry is None or entry.kind is EntryKind.DIRECTORY:
            return entry
        return None if self._rules.excludes(path) else entry

    def read(self, path: str) -> bytes:
        if self._rules.excludes(path):
            raise FileNotFoundError(path)
        return self._tree.read(path)

    def entries(self, path: str) -> Sequence[Entry]:
        top = path + "/" if path else ""
        return [
            e
            for e in self._tree.entries(path)
            if not self._rules.excludes(top + e.name, e.kind is EntryKind.DIRECTORY) or self._has_survivor(top, e)
        ]

    def _has_survivor(self, top: str, entry: Entry) -> bool:
        if entry.kind is not EntryKind.DIRECTORY:
            return False
        return bool(self.entries(top + entry.name))

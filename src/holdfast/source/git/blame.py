"""Which commit wrote a line.

In: a bare mirror, a commit, a path and lines of it. Out: a `LineCommit` per line. A shallow mirror ends where it was cut off:
a line that is older than that is given to the oldest commit that is there, and said to be ``at_least`` as old.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pygit2


@dataclass(frozen=True, slots=True)
class LineCommit:
    """``time`` is in seconds since the epoch; ``at_least``: it may be older than this commit."""

    commit: str
    author: str
    time: int
    subject: str
    at_least: bool = False


def blame_lines(repository: str, commit: str, path: str, lines: Iterable[int]) -> dict[int, LineCommit]:
    """Lines that are not in the file are left out. A path that the commit does not have gives nothing."""
    wanted = sorted({n for n in lines if n > 0})
    if not wanted:
        return {}
    repo = pygit2.Repository(repository)
    try:
        found = repo.blame(path, newest_commit=pygit2.Oid(hex=commit), min_line=wanted[0], max_line=wanted[-1])
    except (KeyError, ValueError, pygit2.GitError):
        return {}
    out: dict[int, LineCommit] = {}
    for line in wanted:
        try:
            hunk = found.for_line(line)
        except (IndexError, ValueError):
            continue
        out[line] = _of(repo, hunk)
    return out


def _of(repo: pygit2.Repository, hunk: pygit2.BlameHunk) -> LineCommit:
    commit = repo[hunk.final_commit_id].peel(pygit2.Commit)
    cut = repo.is_shallow and bool(hunk.boundary)
    author = commit.author
    return LineCommit(
        str(commit.id), f"{author.name} <{author.email}>", author.time, commit.message.partition("\n")[0], cut
    )

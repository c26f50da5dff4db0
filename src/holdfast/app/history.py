"""What a unit went through: its status's history, with the commit's subject where a repository is at hand.

In: a unit as it is in the cluster. Out: entries, newest first. Flux's Kustomizations count reconciliations per digest, HelmReleases
keep releases, Applications keep syncs; all become the same few columns. Reads only.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pygit2


@dataclass(frozen=True, slots=True)
class Entry:
    """``id`` is what a rollback is told: a revision, a release's version, a sync's number."""

    id: str
    revision: str
    status: str
    first: str
    last: str = ""
    note: str = ""


def history(obj: Mapping[str, Any], repositories: Sequence[str] = ()) -> list[Entry]:
    """Newest first. ``repositories``: directories that may have the commits."""
    status = obj.get("status") or {}
    read = {"HelmRelease": _releases, "Application": _syncs}.get(str(obj.get("kind")), _reconciliations)
    subjects = _Subjects(repositories)
    return [_with_subject(e, subjects) for e in read(status.get("history") or ())]


def _reconciliations(entries: Sequence[Mapping[str, Any]]) -> Iterator[Entry]:
    for entry in entries:
        revision = str((entry.get("metadata") or {}).get("revision") or "")
        times = int(entry.get("totalReconciliations") or 1)
        yield Entry(
            id=revision,
            revision=revision,
            status=str(entry.get("lastReconciledStatus") or ""),
            first=str(entry.get("firstReconciled") or ""),
            last=str(entry.get("lastReconciled") or ""),
            note=f"{times} times" if times > 1 else "",
        )


def _releases(entries: Sequence[Mapping[str, Any]]) -> Iterator[Entry]:
    for entry in entries:
        yield Entry(
            id=str(entry.get("version") or ""),
            revision=f"{entry.get('chartName')}@{entry.get('chartVersion')}",
            status=str(entry.get("status") or ""),
            first=str(entry.get("firstDeployed") or ""),
            last=str(entry.get("lastDeployed") or ""),
            note=f"app {entry['appVersion']}" if entry.get("appVersion") else "",
        )


def _syncs(entries: Sequence[Mapping[str, Any]]) -> Iterator[Entry]:
    for entry in reversed(entries):
        by = entry.get("initiatedBy") or {}
        yield Entry(
            id=str(entry.get("id") or 0),
            revision=str(entry.get("revision") or ", ".join(map(str, entry.get("revisions") or ()))),
            status="Synced",
            first=str(entry.get("deployStartedAt") or ""),
            last=str(entry.get("deployedAt") or ""),
            note="automated" if by.get("automated") else str(by.get("username") or ""),
        )


def _with_subject(entry: Entry, subjects: _Subjects) -> Entry:
    subject = subjects.of(entry.revision)
    note = ", ".join(n for n in (entry.note, subject) if n)
    return Entry(entry.id, entry.revision, entry.status, entry.first, entry.last, note)


class _Subjects:
    """First lines of commit messages, out of whichever repository has the commit."""

    def __init__(self, repositories: Sequence[str]) -> None:
        homes = (pygit2.discover_repository(p) for p in repositories if os.path.isdir(p))
        self._repositories = [pygit2.Repository(h) for h in homes if h]

    def of(self, revision: str) -> str:
        commit = revision.rpartition(":")[2]
        if len(commit) != 40 or any(c not in "0123456789abcdef" for c in commit):
            return ""
        for repository in self._repositories:
            if commit in repository:
                return repository[commit].peel(pygit2.Commit).message.partition("\n")[0]
        return ""

"""Who put each value of an object there: a line of a file with its commit and author, or a foreign field manager.

In: an object in a cluster and the places where its repository may be at hand. Out: rows. The owner labels lead to the unit, the
unit to its source and the revision that is applied; the unit is rendered once more from that revision with its steps watched.
Reads only.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pygit2

from holdfast.app.units import source_of
from holdfast.base.clock import SystemClock
from holdfast.base.errors import Stop
from holdfast.cluster.client import Client
from holdfast.cluster.errors import NotFound
from holdfast.cluster.watches import Watches
from holdfast.controller.units_keys import sops_keys
from holdfast.dialects.flux import kustomization as flux
from holdfast.kube.leaves import Path, leaves, shown
from holdfast.kube.managers import managers_of
from holdfast.kube.refs import Manifest, ObjectRef
from holdfast.model.delivery import Delivery, UnitKey
from holdfast.model.rendered import Rendered, RenderRequest
from holdfast.model.source import Snapshot
from holdfast.reconcile import ClusterState, Runner, SourceState, World
from holdfast.reconcile.around import Alone, Keys
from holdfast.reconcile.decide import Settings
from holdfast.reconcile.targets import Targets
from holdfast.render.blame import HIDDEN, FieldOrigin, blame
from holdfast.render.blame_lines import Origin
from holdfast.render.memo import Packed, RenderMemo
from holdfast.render.render import Engine
from holdfast.source.git.blame import LineCommit, blame_lines
from holdfast.source.git.tree import GitTree

_GROUP = "kustomize.toolkit.fluxcd.io"
_HELM = "helm.toolkit.fluxcd.io"
_SERVERS_OWN = {"managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink"}


@dataclass(frozen=True, slots=True)
class Row:
    """One value. ``origin`` None: nothing in Git says it; ``manager`` is then who wrote it. ``wanted`` is set where Git says
    something else than what is live."""

    path: Path
    value: Any
    origin: Origin | None = None
    commit: LineCommit | None = None
    manager: str = ""
    wanted: Any = None
    earlier: tuple[tuple[Any, Origin], ...] = ()


@dataclass(frozen=True, slots=True)
class Blame:
    """``unit`` and ``revision`` of what keeps the object; ``notes`` are for people (what could not be had, and what to do)."""

    rows: tuple[Row, ...]
    unit: str = ""
    revision: str = ""
    notes: tuple[str, ...] = ()


async def blame_object(client: Client, obj: Manifest, repositories: Sequence[str]) -> Blame:
    """``repositories``: directories of clones and mirrors that may hold the commit, the likeliest first."""
    key, kind = _owner(obj)
    if key is None:
        return Blame(tuple(_live_rows(obj)), notes=("No unit owns it: its fields are told by who wrote them.",))
    if kind == _HELM:
        note = (
            f"guess: all of it was rendered from the chart and the values of {key}; see holdfast explain hr {key.name}"
        )
        return Blame(tuple(_live_rows(obj, guess=f"chart of {key}")), str(key), notes=(note,))
    unit = await _get(client, ObjectRef(_GROUP, flux.KIND, key.namespace, key.name))
    revision = str((unit.get("status") or {}).get("lastAppliedRevision") or "")
    repository, commit = _at_hand([*repositories, *await _local_source(client, unit)], revision)
    tree = GitTree(repository, str(_tree_id(repository, commit)))
    fields = await _fields(client, unit, Snapshot(revision, tree, str(commit)), ObjectRef.of(obj))
    if fields is None:
        note = f"{key} renders no such object at {revision}: it was there before, or the labels are copied."
        return Blame(tuple(_live_rows(obj)), str(key), revision, (note,))
    rows = _merged(obj, fields)
    return Blame(tuple(_with_commits(rows, repository, commit)), str(key), revision, tuple(_notes(repository)))


def _owner(obj: Manifest) -> tuple[UnitKey | None, str]:
    labels = (obj.get("metadata") or {}).get("labels") or {}
    for group, kind in ((_GROUP, flux.KIND), (_HELM, "HelmRelease")):
        if labels.get(f"{group}/name"):
            return UnitKey(kind, labels.get(f"{group}/namespace", ""), labels[f"{group}/name"]), group
    return None, ""


async def _get(client: Client, ref: ObjectRef) -> Manifest:
    try:
        return await client.get(ref, version="v1")
    except NotFound:
        raise Stop(f"the labels name {ref}, which does not exist: nobody keeps this object") from None


# --- the repository


async def _local_source(client: Client, unit: Manifest) -> list[str]:
    """The source's own directory, where it is one of this machine."""
    found = source_of(unit)
    if found is None:
        return []
    kind, namespace, name = found
    try:
        source = await client.get(ObjectRef(kind.gvk.group, kind.gvk.kind, namespace, name), version=kind.gvk.version)
    except NotFound:
        return []
    url = str((source.get("spec") or {}).get("url") or "")
    return [url.removeprefix("file://")] if url.startswith("file://") else []


def _at_hand(repositories: Sequence[str], revision: str) -> tuple[str, str]:
    """The first repository that has the commit."""
    commit = revision.rpartition(":")[2]
    if len(commit) != 40:
        raise Stop(f"revision {revision or '(none applied)'} is no Git commit: fields can be traced to Git only")
    for path in repositories:
        home = pygit2.discover_repository(path) if os.path.isdir(path) else None
        if home and commit in pygit2.Repository(home):
            return home, commit
    raise Stop(
        f"no repository at hand has commit {commit[:12]}",
        hint="run this in a clone of the repository, or name one with --repo DIR",
    )


def _tree_id(repository: str, commit: str) -> pygit2.Oid:
    return pygit2.Repository(repository)[commit].peel(pygit2.Commit).tree_id


def _notes(repository: str) -> Iterable[str]:
    if pygit2.Repository(repository).is_shallow:
        yield "The repository at hand has no history: commits are the oldest known (--repo DIR names a whole clone)."


# --- rendering once more


class _Request(RenderMemo):
    """Keeps the request of the unit's rendering, which is all that is wanted of it."""

    def __init__(self) -> None:
        super().__init__()
        self.request: RenderRequest | None = None

    def keep(self, request: RenderRequest, rendered: Rendered | Packed) -> None:
        self.request = request


class _Around(Alone):
    """Keys, as the controller gets them."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.found: Keys | None = None

    async def keys(self, delivery: Delivery) -> Keys | None:
        self.found = await sops_keys(self._client, delivery) if delivery.policy.decryption else None
        return self.found


async def _fields(client: Client, unit: Manifest, snapshot: Snapshot, ref: ObjectRef) -> list[FieldOrigin] | None:
    clock, memo, around = SystemClock(), _Request(), _Around(client)
    async with Watches(client, clock=clock) as watches:
        targets = Targets(ClusterState(client, watches, flux.OWNER, clock), flux.OWNER, clock)
        try:
            runner = Runner(targets, memo, Settings(), clock, around)
            await runner.plan(World(flux.read(unit), SourceState(snapshot)))
        finally:
            await targets.close()
    if memo.request is None:
        raise Stop("the unit could not be rendered")
    engine = Engine(decryptor=around.found.decryptor if around.found else None)
    return await asyncio.to_thread(blame, memo.request, ref, engine)


# --- rows


def _merged(obj: Manifest, fields: Sequence[FieldOrigin]) -> list[Row]:
    """What Git says beside what is live: drift is told, and what others added is told by who did."""
    live, secret = _live(obj), obj.get("kind") == "Secret" and "/" not in str(obj.get("apiVersion"))
    managers = managers_of(obj)
    rows = []
    for each in fields:
        now = live.pop(each.path, None)
        differs = each.value != HIDDEN and now is not None and str(now) != str(each.value)
        value = HIDDEN if secret and each.path[0] in ("data", "stringData") else now if now is not None else each.value
        row = Row(each.path, value, each.origin, earlier=each.earlier)
        rows.append(replace(row, wanted=each.value, manager=managers.get(each.path, "")) if differs else row)
    foreign = _live_rows(obj, paths=set(live))
    return [*rows, *foreign]


def _live(obj: Manifest) -> dict[Path, Any]:
    meta = {k: v for k, v in obj["metadata"].items() if k not in _SERVERS_OWN}
    return leaves({**{k: v for k, v in obj.items() if k != "status"}, "metadata": meta})


def _live_rows(obj: Manifest, *, paths: set[Path] | None = None, guess: str = "") -> list[Row]:
    secret, managers = obj.get("kind") == "Secret", managers_of(obj)
    origin = Origin(how=guess, guess=True) if guess else None
    return [
        Row(p, HIDDEN if secret and p[0] == "data" else v, origin, manager=managers.get(p, "the API server's default"))
        for p, v in _live(obj).items()
        if paths is None or p in paths
    ]


def _with_commits(rows: Sequence[Row], repository: str, commit: str) -> list[Row]:
    wanted: dict[str, set[int]] = {}
    for row in rows:
        if row.origin is not None and row.origin.file and row.origin.line:
            wanted.setdefault(row.origin.file, set()).add(row.origin.line)
    found = {file: blame_lines(repository, commit, file, lines) for file, lines in wanted.items()}
    return [
        replace(r, commit=found.get(r.origin.file, {}).get(r.origin.line)) if r.origin is not None else r for r in rows
    ]


def selected(rows: Sequence[Row], path: Path) -> list[Row]:
    """The rows at or below a path. A step may be a name or number where the row's is ``[name=x]``."""
    return [
        r for r in rows if len(r.path) >= len(path) and all(_fits(s, p) for s, p in zip(path, r.path, strict=False))
    ]


def _fits(step: str, of: str) -> bool:
    return step == of or (of.startswith("[name=") and step in (of[6:-1], f"[{of[6:-1]}]"))


def plain(found: Blame) -> Mapping[str, Any]:
    """For ``-o json``."""
    rows = []
    for row in found.rows:
        entry: dict[str, Any] = {"field": shown(row.path), "value": row.value}
        if row.origin is not None:
            entry |= {
                "file": row.origin.file,
                "line": row.origin.line,
                "how": row.origin.how,
                "guess": row.origin.guess,
            }
        if row.commit is not None:
            entry |= {"commit": row.commit.commit, "author": row.commit.author, "subject": row.commit.subject}
        if row.manager:
            entry["manager"] = row.manager
        if row.wanted is not None:
            entry["wanted"] = row.wanted
        rows.append({k: v for k, v in entry.items() if v not in ("", 0, False)})
    return {"unit": found.unit, "revision": found.revision, "fields": rows, "notes": list(found.notes)}


__all__ = ["Blame", "Row", "blame_object", "plain", "selected"]

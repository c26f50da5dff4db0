"""Taking a unit back: held at an earlier revision until Git catches up, or reverted in Git itself.

A pin is two annotations on the unit; the controller does the rest (`controller.pins`). A revert is one commit in a clone of ours that
puts the files which the unit is made of back to what they were; nothing else of the repository changes, and nothing is pushed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import pygit2

from holdfast.app.history import history
from holdfast.app.units import Kind
from holdfast.base.errors import Stop
from holdfast.base.tree import Tree
from holdfast.cluster.client import Client, PatchType
from holdfast.dialects.flux import kustomization as flux
from holdfast.kube.refs import Manifest, ObjectRef
from holdfast.model.rendered import RenderRequest
from holdfast.model.safety import PIN, PIN_FROM
from holdfast.render.render import render
from holdfast.source.git.tree import GitTree


@dataclass(frozen=True, slots=True)
class Choice:
    """``to`` and ``bad`` are whole revisions (``main@sha1:...``): back to which, away from which."""

    to: str
    bad: str


def choose(obj: Manifest, wanted: str = "") -> Choice:
    """Which revision is meant: the one before, unless it is named (whole, or the beginning of its commit)."""
    status = obj.get("status") or {}
    now = str(status.get("lastAttemptedRevision") or status.get("lastAppliedRevision") or "")
    label = now.rpartition("@")[0]
    known = list(dict.fromkeys(e.revision for e in history(obj) if e.revision))
    if not wanted:
        good = [e.revision for e in history(obj) if e.status == "ReconciliationSucceeded" and e.revision != now]
        if not good:
            raise Stop(
                "its history has no other revision that was applied",
                hint="name one: holdfast rollback ks NAME REVISION",
            )
        return Choice(good[0], now)
    for revision in known:
        if revision == wanted or revision.rpartition(":")[2].startswith(wanted.rpartition(":")[2]):
            return Choice(revision, now)
    digest = wanted.rpartition(":")[2]
    if len(digest) == 40:
        return Choice(wanted if ":" in wanted else f"{label}@sha1:{digest}" if label else f"sha1:{digest}", now)
    raise Stop(
        f"no revision of its history begins with {wanted}", hint="give the whole commit, or see: holdfast history"
    )


async def pin(client: Client, kind: Kind, obj: Manifest, choice: Choice) -> Manifest:
    if choice.to == choice.bad:
        raise Stop(f"it is at {choice.to} already")
    meta = obj["metadata"]
    ref = ObjectRef(kind.gvk.group, kind.gvk.kind, meta["namespace"], meta["name"])
    body = {"metadata": {"annotations": {PIN: choice.to, PIN_FROM: choice.bad}}}
    return await client.patch(ref, body, PatchType.MERGE, version=kind.gvk.version, manager="holdfast")


# --- in Git


def revert(obj: Manifest, choice: Choice, directory: str) -> tuple[str, list[str]]:
    """Commits the unit's files as they were; returns the commit and the paths that changed.

    Raises `Stop` where the clone has uncommitted changes in them, lacks the revision, or nothing is to be changed.
    """
    home = pygit2.discover_repository(directory)
    if home is None:
        raise Stop(f"{directory} is in no Git repository", hint="name a clone: --repo DIR")
    repository = pygit2.Repository(home)
    old = _commit(repository, choice.to.rpartition(":")[2])
    head = repository[repository.head.target].peel(pygit2.Commit)
    paths = _concerned(obj, GitTree(home, str(old.tree_id)), GitTree(home, str(head.tree_id)))
    before, after = _files(old.tree, paths), _files(head.tree, paths)
    changed = sorted(p for p in paths if before.get(p) != after.get(p))
    if not changed:
        raise Stop(f"the files of this unit are at HEAD as they were at {choice.to}")
    _refuse_dirty(repository, changed)
    return _write(repository, head, before, changed, _message(obj, choice)), changed


def _commit(repository: pygit2.Repository, commit: str) -> pygit2.Commit:
    if commit not in repository:
        raise Stop(f"the clone does not have commit {commit[:12]}", hint="git fetch first")
    return repository[commit].peel(pygit2.Commit)


def _concerned(obj: Manifest, *trees: Tree) -> set[str]:
    """Every file that a rendering of either tree read, or looked for."""
    delivery = flux.read(obj)
    # Which files are read does not depend on variables, and their values are in the cluster.
    build = replace(delivery.build, substitution=None)
    found: set[str] = set()
    for tree in trees:
        request = RenderRequest(delivery.key, delivery.owner, build, tree, "")
        found |= set(render(request).reads)
    return {p for p in found if p and not p.endswith("/")}


def _files(tree: pygit2.Tree, paths: Iterable[str]) -> Mapping[str, tuple[str, int]]:
    found = {}
    for path in paths:
        try:
            entry = tree[path]
        except KeyError:
            continue
        if entry.type_str == "blob":
            found[path] = (str(entry.id), int(entry.filemode))
    return found


def _refuse_dirty(repository: pygit2.Repository, paths: Iterable[str]) -> None:
    if repository.is_bare:
        return
    for path in paths:
        try:
            status = repository.status_file(path)
        except KeyError:
            continue
        if status not in (pygit2.enums.FileStatus.CURRENT, pygit2.enums.FileStatus.IGNORED):
            raise Stop(f"{path} has changes that are not committed", hint="commit or stash them first")


def _write(
    repository: pygit2.Repository,
    head: pygit2.Commit,
    before: Mapping[str, tuple[str, int]],
    changed: Iterable[str],
    message: str,
) -> str:
    index = pygit2.Index() if repository.is_bare else repository.index
    index.read_tree(head.tree)
    for path in changed:
        if path in before:
            blob, mode = before[path]
            index.add(pygit2.IndexEntry(path, pygit2.Oid(hex=blob), pygit2.enums.FileMode(mode)))
        else:
            index.remove(path)
    tree = index.write_tree(repository)
    author = _author(repository)
    made = repository.create_commit(repository.head.name, author, author, message, tree, [head.id])
    if not repository.is_bare:
        index.write()
        force = pygit2.enums.CheckoutStrategy.FORCE
        repository.checkout_index(index, strategy=force, paths=list(changed))  # type: ignore[no-untyped-call]  # untyped upstream
        _remove_gone(repository, before, changed)
    return str(made)


def _remove_gone(repository: pygit2.Repository, before: Mapping[str, tuple[str, int]], changed: Iterable[str]) -> None:
    import os

    for path in changed:
        file = os.path.join(repository.workdir, path)
        if path not in before and os.path.lexists(file):
            os.unlink(file)


def _author(repository: pygit2.Repository) -> pygit2.Signature:
    try:
        return repository.default_signature
    except KeyError:
        raise Stop("git does not know who you are", hint='git config --global user.name "..." and user.email') from None


def _message(obj: Manifest, choice: Choice) -> str:
    name = f"{obj['kind']} {obj['metadata']['namespace']}/{obj['metadata']['name']}"
    return f"Revert {name} to {choice.to.rpartition(':')[2][:12]}\n\nIts files are as they were at {choice.to}.\n"

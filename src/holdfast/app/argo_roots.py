"""The roots of an Argo CD repository: the applications, sets and projects that no other application of it delivers.

In: a tree. Out: the objects to apply first; from them everything else follows. And how an application that was made so is
told to be as it should.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

from holdfast.base.tree import Tree
from holdfast.dialects.argo import application as dialect
from holdfast.dialects.argo.defaults import NAMESPACE
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef
from holdfast.offline.documents import Document, documents

KINDS = ("AppProject", "Application", "ApplicationSet")
_ORDER = {kind: i for i, kind in enumerate(KINDS)}


def roots(tree: Tree) -> list[Manifest]:
    """Projects first. What another application's path covers comes with that one."""
    found = [d for d in documents(tree)[0] if GroupVersionKind.of(d.object).group == dialect.GROUP and _is_plain(d)]
    wanted = [d for d in found if d.object.get("kind") in KINDS]
    covered = set(_covered(wanted))
    top = [d for d in wanted if not _is_below(posixpath.dirname(d.place.path), covered)]
    objects = [_placed(d.object) for d in top]
    return sorted(objects, key=lambda o: (_ORDER[str(o["kind"])], ObjectRef.of(o)))


def _is_plain(document: Document) -> bool:
    """Not a template of a chart, and no example with holes in it."""
    return "/templates/" not in f"/{document.place.path}" and "{{" not in str(
        (document.object.get("metadata") or {}).get("name")
    )


def _covered(found: list[Document]) -> Iterator[tuple[str, bool]]:
    """The directories that applications deliver, and whether what is below them too."""
    for document in found:
        if document.object.get("kind") != "Application":
            continue
        own = posixpath.dirname(document.place.path)
        for source in dialect.read_spec(document.object.get("spec") or {}).sources:
            path = posixpath.normpath(source.path).strip("/") if source.path else ""
            path = "" if path == "." else path
            if source.path and path != own:
                yield path, source.directory.recurse


def _is_below(directory: str, covered: set[tuple[str, bool]]) -> bool:
    return any(directory == path or (deep and (not path or directory.startswith(path + "/"))) for path, deep in covered)


def _placed(obj: Manifest) -> Manifest:
    meta = obj.get("metadata") or {}
    return obj if meta.get("namespace") else {**obj, "metadata": {**meta, "namespace": NAMESPACE}}


def standing(obj: Mapping[str, Any]) -> tuple[bool, bool, str]:
    """(as it should be, on its way, what is told) of an Application."""
    app = dialect.read(obj)
    status = app.status
    running = app.operation is not None or (app.state is not None and not app.state.phase.completed)
    code, health = status.sync.code or "not looked at", status.health or "no health"
    told = [f"{code}, {health}"]
    told += [c.message for c in status.conditions if c.type.endswith("Error")][:1]
    if len(told) == 1 and app.state is not None and app.state.phase != "Succeeded":
        told.append(app.state.message)
    fine = code == "Synced" and health in ("Healthy", "Suspended") and not running
    moving = running or health == "Progressing" or status.sync.code is None
    return fine, moving, ": ".join(t for t in told if t)


def first_sync(obj: Mapping[str, Any]) -> dict[str, Any] | None:
    """The order for an application that does not sync by itself; None where it does or one is there."""
    app = dialect.read(obj)
    if app.spec.automated is not None or app.operation is not None or obj.get("kind") != "Application":
        return None
    options = list(app.spec.sync_options)
    sync: dict[str, Any] = {"syncOptions": options} if options else {}
    return {"operation": {"initiatedBy": {"username": "holdfast"}, "sync": sync}, "status": {"operationState": None}}

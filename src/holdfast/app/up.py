"""From nothing to reconciled: register a repository, see to it that a controller runs, follow until all is ready.

In: where the repository and the cluster are. Out: lines of progress, and at the end what blocks, if anything does.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from holdfast.app import argo_set_units
from holdfast.app.argo_roots import first_sync, roots, standing
from holdfast.app.controller import NAMESPACE, install
from holdfast.app.up_place import names_no_namespace
from holdfast.base.errors import Stop
from holdfast.base.tree import Tree
from holdfast.cluster.client import Client, PatchType
from holdfast.cluster.config import ClusterConfig
from holdfast.cluster.errors import AlreadyExists, ApiError, NoMatch
from holdfast.dialects.argo.application import GVK as APPLICATIONS
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef

FOLLOWED = (
    GroupVersionKind("source.toolkit.fluxcd.io", "v1", "GitRepository"),
    GroupVersionKind("kustomize.toolkit.fluxcd.io", "v1", "Kustomization"),
    GroupVersionKind("helm.toolkit.fluxcd.io", "v2", "HelmRelease"),
    APPLICATIONS,
    argo_set_units.APPLICATION_SET,
)
_LOOK_SECONDS = 0.25
_SETTLED_SECONDS = 1.0
_STUCK_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Repository:
    """``path`` is the directory of the first unit in it, ``target_namespace`` that unit's; ``applications`` are the roots of an
    Argo CD repository, which has no such unit unless ``flux`` says so. ``unplaced``: its objects name no namespace."""

    url: str
    branch: str
    path: str
    name: str
    applications: tuple[Manifest, ...] = ()
    flux: bool = True
    unplaced: bool = False
    target_namespace: str = ""


def locate(place: str, branch: str | None, path: str | None) -> Repository:
    """A local checkout, a bare repository or a URL, with what was left out found or guessed."""
    local = os.path.isdir(place)
    url = Path(place).resolve().as_uri() if local else place
    if not local and "://" not in place and "@" not in place:
        raise Stop(f"{place} is neither a directory nor the URL of a Git repository")
    last = os.path.basename(os.path.abspath(place) if local else place.rstrip("/")).removesuffix(".git")
    name = re.sub(r"[^a-z0-9-]+", "-", last.lower()).strip("-")
    if local and not branch:
        branch = _git_branch(place)
    found = tuple(roots(_tree(place, path))) if local else ()
    declares = local and _has_units(_tree(place, path))
    flux = not found or declares
    entry = path or (_entry(place) if local and flux else "./")
    unplaced = local and flux and not declares and names_no_namespace(_tree(place, None), entry)
    return Repository(url, branch or "main", entry, name or "fleet", found, flux, unplaced)


def _tree(place: str, path: str | None) -> Tree:
    from holdfast.base.tree import DiskTree

    return DiskTree(os.path.join(place, path) if path else place)


def _has_units(tree: Tree) -> bool:
    from holdfast.offline.dialects import FLUX
    from holdfast.offline.survey import survey

    return any(s.units for s in survey(tree, dialects=FLUX))


def _git_branch(place: str) -> str:
    done = subprocess.run(
        ["git", "-C", place, "symbolic-ref", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Stop(f"{place} is no Git repository on a branch", hint="commit your files first, or name --branch")
    return done.stdout.strip()


def _entry(place: str) -> str:
    """The directory to start from: the one cluster that the repository declares, else its root."""
    from holdfast.base.tree import DiskTree
    from holdfast.offline.dialects import FLUX
    from holdfast.offline.survey import survey

    found = survey(DiskTree(place), dialects=FLUX)
    roots = [u for s in found for u in s.units.values() if u.parent is None]
    if len(found) > 1:
        names = ", ".join(s.cluster for s in found)
        raise Stop(f"this repository declares several clusters: {names}", hint="choose one with --path")
    directories = {os.path.dirname(u.place.path) for u in roots}
    if not directories:
        return "./"
    common = os.path.commonpath(sorted(directories)) if all(directories) else ""
    return f"./{common.removesuffix('/flux-system')}"


def manifests(repository: Repository) -> list[Manifest]:
    if not repository.flux:
        return list(repository.applications)
    head = {"name": repository.name, "namespace": NAMESPACE}
    return [
        {
            "apiVersion": "source.toolkit.fluxcd.io/v1",
            "kind": "GitRepository",
            "metadata": dict(head),
            "spec": {"interval": "1m", "url": repository.url, "ref": {"branch": repository.branch}},
        },
        {
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
            "kind": "Kustomization",
            "metadata": dict(head),
            "spec": {
                "interval": "10m",
                "path": repository.path,
                "prune": True,
                "wait": True,
                "timeout": "5m",
                "sourceRef": {"kind": "GitRepository", "name": repository.name},
                **({"targetNamespace": repository.target_namespace} if repository.target_namespace else {}),
            },
        },
        *repository.applications,
    ]


async def register(client: Client, repository: Repository) -> None:
    """Applies the source and the first unit; the definitions are installed where they are absent."""
    await install(client, local_sources=repository.url.startswith("file://"))
    for namespace in filter(None, (NAMESPACE, repository.target_namespace)):
        with contextlib.suppress(AlreadyExists):
            await client.create(
                {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}, manager="holdfast"
            )
    for obj in manifests(repository):
        await client.apply(obj, manager="holdfast-up", force=True)
    for obj in repository.applications:
        order = first_sync(obj)
        if order is not None:
            ref = ObjectRef.of(obj)
            await client.patch(ref, order, PatchType.MERGE, version=APPLICATIONS.version, manager="holdfast-up")


def start_controller(kubeconfig: str, context: str, state: Path, *, local_sources: bool) -> tuple[int, Path]:
    """``holdfast run`` in the background; returns its process id and its log. Where one leads already, this one waits."""
    digest = hashlib.sha256(f"{kubeconfig}\0{context}".encode()).hexdigest()[:12]
    home = state / digest
    home.mkdir(parents=True, exist_ok=True)
    log = home / "controller.log"
    command = [sys.executable, "-m", "holdfast", "run"]
    command += ["--kubeconfig", kubeconfig] if kubeconfig else []
    command += ["--context", context] if context else []
    command += ["--allow-local-sources"] if local_sources else []
    with log.open("ab") as out:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, "HOLDFAST_STATE_DIR": str(home)},
        )
    return process.pid, log


@dataclass(frozen=True, slots=True)
class Seen:
    """One unit as it is now."""

    ready: bool
    waiting: bool
    message: str


@dataclass(frozen=True, slots=True)
class Ending:
    """``blocked`` names each unit that is not ready, with its words."""

    units: int
    blocked: dict[str, str]


async def follow(config: ClusterConfig, say: Callable[[str], None], patience: float) -> Ending:
    """Tells of every change until all units are ready, nothing moves any more, or the time is over."""
    async with Client(config) as client:
        told: dict[str, Seen] = {}
        started = moved = time.monotonic()
        while True:
            seen = await _look(client)
            now = time.monotonic()
            for name, state in seen.items():
                if told.get(name) != state:
                    moved = now
                    if state.message:
                        say(f"{'ready' if state.ready else 'waits'}: {name}: {state.message}")
            told = seen
            waiting = {n: s.message or "nothing told yet" for n, s in seen.items() if not s.ready}
            quiet = now - moved
            if seen and not waiting and quiet > _SETTLED_SECONDS:
                return Ending(len(seen), {})
            stuck = waiting and quiet > _STUCK_SECONDS and not any(s.waiting for s in seen.values())
            if stuck or now - started > patience:
                return Ending(len(seen), waiting)
            await asyncio.sleep(_LOOK_SECONDS)


async def _look(client: Client) -> dict[str, Seen]:
    found: dict[str, Seen] = {}
    for gvk in FOLLOWED:
        try:
            listed = await client.list(gvk, fresh=False)
        except (NoMatch, ApiError):
            continue
        for obj in listed.items:
            meta = obj["metadata"]
            found[f"{gvk.kind}/{meta.get('namespace')}/{meta['name']}"] = _seen(obj)
    return found


def _seen(obj: Manifest) -> Seen:
    if obj.get("kind") == APPLICATIONS.kind:
        return Seen(*standing(obj))
    if argo_set_units.is_set(obj):
        told = argo_set_units.readiness(obj)
        return Seen(told["status"] == "True", told["status"] == "Unknown", str(told["message"]))
    if (obj.get("spec") or {}).get("suspend"):
        return Seen(True, False, "suspended")
    status = obj.get("status") or {}
    ready_conditions = (c for c in status.get("conditions") or () if c["type"] == "Ready")
    condition: Manifest = next(ready_conditions, {})
    current = status.get("observedGeneration") == obj["metadata"].get("generation")
    ready = condition.get("status") == "True" and current
    return Seen(ready, condition.get("status") == "Unknown", str(condition.get("message") or "").strip())

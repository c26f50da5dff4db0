"""A repository tried out: a sandbox, the real controller, the working tree in place of its Git URLs, until all is ready.

In: a directory. Out: for every unit when it became ready, or why it did not. The sandbox and everything written for it are
gone at the end. Nothing of this machine's clusters is touched.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from holdfast.app import sandbox
from holdfast.app.controller import NAMESPACE, Settings, work
from holdfast.app.trial_git import WorkingTreeStore, snapshot
from holdfast.base.errors import HoldfastError, RetryLater, Stop
from holdfast.base.tree import DiskTree
from holdfast.cluster.client import Client
from holdfast.cluster.config import ClusterConfig, load
from holdfast.cluster.errors import AlreadyExists, ApiError, NoMatch
from holdfast.kube.refs import GroupVersionKind, Manifest
from holdfast.model.delivery import UnitKey
from holdfast.offline.survey import Options, Survey, survey
from holdfast.offline.unit import SOURCE_KINDS, Unit, key_of

FOLLOWED = (
    *(GroupVersionKind("source.toolkit.fluxcd.io", "v1", k) for k in ("GitRepository", "OCIRepository", "Bucket")),
    *(GroupVersionKind("source.toolkit.fluxcd.io", "v1", k) for k in ("HelmRepository", "HelmChart")),
    GroupVersionKind("kustomize.toolkit.fluxcd.io", "v1", "Kustomization"),
    GroupVersionKind("helm.toolkit.fluxcd.io", "v2", "HelmRelease"),
)
_LOOK_SECONDS = 0.2
_SETTLED_SECONDS = 1.0
_REQUEUE = 2.0


@dataclass(frozen=True, slots=True)
class Seen:
    """One object of the controller's as it is now. ``waits_on`` is what its spec says comes first."""

    ready: bool
    reason: str
    message: str
    suspended: bool = False
    waits_on: tuple[UnitKey, ...] = ()


@dataclass(slots=True)
class Trial:
    """``elsewhere`` are units of which the repository does not have the files or the chart, with the reason; ``ready_after``
    seconds since the start; ``missing`` were expected from the files and never came to be."""

    expected: dict[UnitKey, Unit] = field(default_factory=dict)
    elsewhere: dict[UnitKey, str] = field(default_factory=dict)
    seen: dict[UnitKey, Seen] = field(default_factory=dict)
    ready_after: dict[UnitKey, float] = field(default_factory=dict)
    refused: dict[UnitKey, str] = field(default_factory=dict)
    seconds: float = 0.0
    timed_out: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """``quiet`` seconds without any change end a trial that is not ready; ``timeout`` ends it in any case."""

    path: str
    cluster: str = ""
    timeout: float = 120.0
    quiet: float = 8.0
    options: Options = field(default_factory=Options)


def run(order: Order, say: Callable[[str], None]) -> Trial:
    """Raises Stop where there is nothing to try, RetryLater where the sandbox does not start."""
    found = _chosen(order)
    with tempfile.TemporaryDirectory(prefix="holdfast-trial-") as scratch:
        local = snapshot(order.path, Path(scratch) / "working-tree.git")
        name = f"trial-{uuid.uuid4().hex[:8]}"
        say("starting a sandbox")
        kubeconfig = Path(scratch) / "kubeconfig"
        _start(name, kubeconfig)
        try:
            return asyncio.run(_try(order, found, load([kubeconfig]), Path(scratch), local, say))
        finally:
            sandbox.stop(name)
            _forget(name)


def _start(name: str, kubeconfig: Path) -> None:
    """As a command of its own: whoever runs a trial may have threads, which do not survive a fork."""
    command = [sys.executable, "-m", "holdfast", "sandbox", "start", "--name", name, "--kubeconfig", str(kubeconfig)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RetryLater(f"the sandbox did not start: {done.stderr.strip()}")


def _forget(name: str) -> None:
    import shutil

    from holdfast.app.sandbox_state import folder

    shutil.rmtree(folder(name), ignore_errors=True)


def _chosen(order: Order) -> Survey:
    surveys = [s for s in survey(DiskTree(order.path), order.options) if s.units]
    wanted = order.cluster.strip("./")
    if wanted:
        surveys = [s for s in surveys if s.cluster == wanted or s.cluster.rpartition("/")[2] == wanted]
    if not surveys:
        raise Stop("no units found here", hint="no YAML file of this directory declares a unit of Flux or Argo CD")
    if len(surveys) > 1:
        names = ", ".join(s.cluster for s in surveys)
        raise Stop(f"this repository has several clusters: {names}", hint="choose one with --cluster")
    return surveys[0]


# -- what is applied by hand ---------------------------------------------------------------------------------------------


def roots(found: Survey) -> list[Unit]:
    """Units that no other unit makes; what an operator makes of a FluxInstance counts as of the top."""
    made = {k for k in found.units if k.kind == "FluxInstance"}
    flux = [u for u in found.units.values() if u.key.kind in _FLUX and not u.loose]
    return [u for u in flux if u.parent is None or u.parent == u.key or u.parent in made]


_FLUX = ("Kustomization", "HelmRelease")


def seeds(found: Survey) -> list[Manifest]:
    """Namespaces, sources and units of the top, and Secrets with nothing in them for those that a bootstrap would make."""
    tops = roots(found)
    directories = {u.place.path.rpartition("/")[0] for u in tops}
    wanted = {u.source for u in tops}
    sources = {
        key_of(d.object): d.object
        for d in found.documents
        if d.object["kind"] in SOURCE_KINDS
        and (d.place.path.rpartition("/")[0] in directories or key_of(d.object) in wanted)
    }
    for unit in found.units.values():
        if unit.key.kind == "FluxInstance" and unit.rendered is not None:
            sources |= {key_of(o): o for o in unit.rendered.objects if o["kind"] in SOURCE_KINDS}
    for key in wanted:
        if key is not None and key.kind == "GitRepository" and key not in sources:
            sources[key] = _bootstrapped(key)
    objects = [*sources.values(), *(_without_status(u.object) for u in tops)]
    secrets = _secrets(found, [*sources.values(), *(d.object for d in found.documents)])
    names = sorted({NAMESPACE, *(str(o["metadata"].get("namespace") or "default") for o in [*objects, *secrets])})
    return [*(_namespace(n) for n in names), *secrets, *objects]


def _without_status(obj: Manifest) -> Manifest:
    meta = {k: v for k, v in obj["metadata"].items() if k in ("name", "namespace", "labels", "annotations")}
    return {**{k: v for k, v in obj.items() if k != "status"}, "metadata": meta}


def _namespace(name: str) -> Manifest:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def _bootstrapped(key: UnitKey) -> Manifest:
    return {
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "GitRepository",
        "metadata": {"name": key.name, "namespace": key.namespace},
        "spec": {"interval": "1m", "url": WORKING_TREE_URL, "ref": {"branch": "main"}},
    }


WORKING_TREE_URL = "https://working-tree.invalid/repository"
_NOTHING = {"username": "nobody", "password": "nothing", "identity": "nothing", "known_hosts": "nothing"}


def _secrets(found: Survey, objects: list[Manifest]) -> list[Manifest]:
    """The Secrets of Git sources that are served from the working tree, and of keys that nobody has here."""
    present = {(o["metadata"].get("namespace"), o["metadata"]["name"]) for o in objects if o["kind"] == "Secret"}
    names = set()
    for obj in objects:
        spec = obj.get("spec")
        ref = spec.get("secretRef") if isinstance(spec, dict) and obj["kind"] == "GitRepository" else None
        if isinstance(ref, dict) and ref.get("name"):
            names.add((str(obj["metadata"].get("namespace") or ""), str(ref["name"]), True))
    for unit in found.units.values():
        wanted = unit.delivery.policy.decryption if unit.delivery else None
        if wanted is not None and wanted.secret_name:
            names.add((unit.key.namespace, wanted.secret_name, False))
    return [_secret(ns, name, login) for ns, name, login in sorted(names) if (ns, name) not in present and ns]


def _secret(namespace: str, name: str, login: bool) -> Manifest:
    meta = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": _NOTHING if login else {}}


def local_urls(found: Survey) -> set[str]:
    """The URLs of Git sources from which units of this repository are built."""
    mine = {u.source for u in found.units.values() if not u.external and u.source is not None}
    documents = [d.object for d in found.documents] + [o for _, o in found.objects()]
    urls = {
        str((o.get("spec") or {}).get("url") or "")
        for o in documents
        if o["kind"] == "GitRepository" and key_of(o) in mine
    }
    return {u for u in urls if u} | {WORKING_TREE_URL}


# -- the run -----------------------------------------------------------------------------------------------------------


async def _try(
    order: Order, found: Survey, config: ClusterConfig, scratch: Path, local: str, say: Callable[[str], None]
) -> Trial:
    store = WorkingTreeStore(str(scratch / "git"), local, local_urls(found))
    settings = Settings(
        config=config, state=scratch / "state", requeue_dependency=_REQUEUE, git=store, remote_bases=False
    )
    stop, ready = asyncio.Event(), asyncio.Event()
    controller = asyncio.create_task(work(settings, stop, ready))
    try:
        started = asyncio.create_task(ready.wait())
        await asyncio.wait({controller, started}, return_when=asyncio.FIRST_COMPLETED)
        if controller.done():
            controller.result()
        async with Client(config) as client:
            trial = _expected(found)
            for obj in seeds(found):
                await _apply(client, obj, trial)
            say("the controller is at work")
            return await _follow(client, order, trial, say)
    finally:
        stop.set()
        await asyncio.wait({controller}, timeout=10.0)
        controller.cancel()
        await asyncio.gather(controller, return_exceptions=True)


async def _apply(client: Client, obj: Manifest, trial: Trial) -> None:
    if obj["kind"] == "Namespace":
        with contextlib.suppress(AlreadyExists):
            await client.create(obj, manager="holdfast-trial")
        return
    try:
        await client.apply(obj, manager="holdfast-trial", force=True)
    except HoldfastError as error:
        trial.refused[key_of(obj)] = f"the API server refuses it: {error.message}"


def _expected(found: Survey) -> Trial:
    trial = Trial(expected={k: u for k, u in found.units.items() if not u.loose and k.kind != "FluxInstance"})
    trial.elsewhere = {k: u.problem for k, u in trial.expected.items() if u.external}
    for key, unit in trial.expected.items():
        if key.kind not in _FLUX:
            trial.elsewhere[key] = f"{key.kind}s are not tried in a sandbox yet"
        if key.kind == "Kustomization" and unit.source is not None and unit.source.kind != "GitRepository":
            trial.elsewhere[key] = f"its source is {unit.source}, and only Git is served here"
    return trial


async def _follow(client: Client, order: Order, trial: Trial, say: Callable[[str], None]) -> Trial:
    started = moved = time.monotonic()
    while True:
        seen = await _look(client)
        now = time.monotonic()
        if seen != trial.seen:
            moved = now
            _tell(trial, seen, now - started, say)
        trial.seen, trial.seconds = seen, now - started
        finished = set(trial.expected) - set(trial.elsewhere) <= {k for k, s in seen.items() if s.ready or s.suspended}
        if finished and now - moved > _SETTLED_SECONDS and all(_done(k, s, trial) for k, s in seen.items()):
            return trial
        trial.timed_out = now - started > order.timeout
        if trial.timed_out or now - moved > order.quiet:
            return trial
        await asyncio.sleep(_LOOK_SECONDS)


def _done(key: UnitKey, seen: Seen, trial: Trial) -> bool:
    """Sources that are elsewhere never get ready here, which holds nobody up."""
    return seen.ready or seen.suspended or key in trial.elsewhere or key.kind in SOURCE_KINDS


def _tell(trial: Trial, seen: dict[UnitKey, Seen], after: float, say: Callable[[str], None]) -> None:
    for key, state in seen.items():
        if state.ready and key not in trial.ready_after:
            trial.ready_after[key] = after
            say(f"{after:6.1f} s  ready: {key}")
        elif not state.ready:
            trial.ready_after.pop(key, None)


async def _look(client: Client) -> dict[UnitKey, Seen]:
    found: dict[UnitKey, Seen] = {}
    for gvk in FOLLOWED:
        try:
            listed = await client.list(gvk, fresh=False)
        except (NoMatch, ApiError):
            continue
        for obj in listed.items:
            key = UnitKey(gvk.kind, str(obj["metadata"].get("namespace") or ""), str(obj["metadata"]["name"]))
            found[key] = _seen(key, obj)
    return found


def _seen(key: UnitKey, obj: Manifest) -> Seen:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    condition: Manifest = next((c for c in status.get("conditions") or () if c["type"] == "Ready"), {})
    current = status.get("observedGeneration") == obj["metadata"].get("generation")
    waits = [
        UnitKey(key.kind, str(d.get("namespace") or key.namespace), str(d.get("name")))
        for d in spec.get("dependsOn") or ()
    ]
    ref = (
        spec.get("sourceRef") or spec.get("chartRef") or ((spec.get("chart") or {}).get("spec") or {}).get("sourceRef")
    )
    if isinstance(ref, dict):
        waits.append(UnitKey(str(ref.get("kind")), str(ref.get("namespace") or key.namespace), str(ref.get("name"))))
    return Seen(
        condition.get("status") == "True" and current,
        str(condition.get("reason") or ""),
        str(condition.get("message") or "").strip(),
        bool(spec.get("suspend")),
        tuple(waits),
    )

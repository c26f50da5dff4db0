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
from dataclasses import dataclass, field, replace
from pathlib import Path

from holdfast.app import sandbox
from holdfast.app.controller import Settings, work
from holdfast.app.trial_causes import causes
from holdfast.app.trial_charts import Kept
from holdfast.app.trial_gaps import definitions, elsewhere
from holdfast.app.trial_git import Snapshot, WorkingTreeStore, snapshot
from holdfast.app.trial_look import MANAGER, Hands, Seen
from holdfast.app.trial_seeds import local_urls, placed, revisions, seeds
from holdfast.app.trial_sources import Served, serve
from holdfast.base.errors import HoldfastError, RetryLater, Stop
from holdfast.base.tree import DiskTree, Tree
from holdfast.cluster.client import Client
from holdfast.cluster.config import ClusterConfig, load
from holdfast.cluster.errors import AlreadyExists
from holdfast.kube.refs import Manifest
from holdfast.model.delivery import UnitKey
from holdfast.offline.charts import ChartAbsent
from holdfast.offline.survey import Options, Survey, survey
from holdfast.offline.unit import SOURCE_KINDS, ChartWanted, Unit, key_of
from holdfast.source.http import STAND_IN

_SETTLED_SECONDS = 1.0
_LOOK_SECONDS = 0.2
_STOP_SECONDS = 2.0
"""So long a controller may finish what it is at; nothing of it is needed any more."""
_REQUEUE = 2.0


@dataclass(slots=True)
class Trial:
    """``elsewhere`` are units of which the repository does not have the files or the chart, with the reason; ``ready_after``
    seconds since the start; ``causes`` are the objects that units wait for in the end, and why; ``hidden`` counts files whose
    encrypted values are placeholders, ``stood_in`` are kinds with a definition that takes anything."""

    expected: dict[UnitKey, Unit] = field(default_factory=dict)
    elsewhere: dict[UnitKey, str] = field(default_factory=dict)
    seen: dict[UnitKey, Seen] = field(default_factory=dict)
    ready_after: dict[UnitKey, float] = field(default_factory=dict)
    refused: dict[UnitKey, str] = field(default_factory=dict)
    causes: dict[UnitKey, dict[UnitKey, str]] = field(default_factory=dict)
    seconds: float = 0.0
    timed_out: bool = False
    hidden: int = 0
    stood_in: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Order:
    """``quiet`` seconds without any change end a trial that is not ready; ``timeout`` ends it in any case; ``offline``
    forbids the network."""

    path: str
    cluster: str = ""
    timeout: float = 120.0
    quiet: float = 8.0
    offline: bool = False
    options: Options = field(default_factory=Options)


@dataclass(frozen=True, slots=True)
class _Set:
    """What a trial runs on."""

    found: Survey
    served: Served
    snapshot: Snapshot
    config: ClusterConfig
    scratch: Path


def run(order: Order, say: Callable[[str], None]) -> Trial:
    """Raises Stop where there is nothing to try, RetryLater where the sandbox does not start."""
    charts = Kept(order.options.charts or _NoCharts())
    order = replace(order, options=replace(order.options, charts=charts))
    found = _chosen(order)
    with tempfile.TemporaryDirectory(prefix="holdfast-trial-") as scratch:
        taken = snapshot(order.path, Path(scratch) / "working-tree.git")
        served = serve(found, order.options, taken.tree, charts, offline=order.offline)
        name = f"trial-{uuid.uuid4().hex[:8]}"
        say("starting a sandbox")
        kubeconfig = Path(scratch) / "kubeconfig"
        _start(name, kubeconfig)
        try:
            return asyncio.run(_try(order, _Set(found, served, taken, load([kubeconfig]), Path(scratch)), say))
        finally:
            sandbox.stop(name)
            _forget(name)


class _NoCharts:
    def find(self, wanted: ChartWanted) -> bytes | Tree:
        raise ChartAbsent(f"{wanted} is not in this repository")


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


# -- the run -----------------------------------------------------------------------------------------------------------


async def _try(order: Order, given: _Set, say: Callable[[str], None]) -> Trial:
    urls, names = local_urls(given.found, order.options), revisions(given.found)
    store = WorkingTreeStore(str(given.scratch / "git"), given.snapshot.path, urls, names)
    settings = Settings(
        config=given.config,
        state=given.scratch / "state",
        requeue_dependency=_REQUEUE,
        git=store,
        remote_bases=not order.offline,
        buckets=False,
        external_artifacts=True,
        argo_core="off",
    )
    STAND_IN.set(given.served.answers)
    stop, ready = asyncio.Event(), asyncio.Event()
    controller = asyncio.create_task(work(settings, stop, ready))
    try:
        started = asyncio.create_task(ready.wait())
        await asyncio.wait({controller, started}, return_when=asyncio.FIRST_COMPLETED)
        if controller.done():
            controller.result()
        async with Client(given.config) as client:
            trial, gaps = _expected(given, order.options), definitions(given.found)
            trial.stood_in = frozenset(str(d["spec"]["names"]["kind"]) for d in gaps)
            for obj in (*gaps, *seeds(given.found, given.served)):
                await _apply(client, obj, trial)
            say("the controller is at work")
            await _follow(client, order, trial, given.served, say)
            for key in unsettled(trial):
                trial.causes[key] = await causes(client, trial.expected[key])
            return trial
    finally:
        stop.set()
        await asyncio.wait({controller}, timeout=_STOP_SECONDS)
        controller.cancel()
        await asyncio.gather(controller, return_exceptions=True)


async def _apply(client: Client, obj: Manifest, trial: Trial) -> None:
    if obj["kind"] in ("Namespace", "CustomResourceDefinition"):
        with contextlib.suppress(AlreadyExists):
            await client.create(obj, manager=MANAGER)
        return
    try:
        await client.apply(obj, manager=MANAGER, force=True)
    except HoldfastError as error:
        trial.refused[key_of(obj)] = f"the API server refuses it: {error.message}"


def _expected(given: _Set, options: Options) -> Trial:
    units = {k: u for k, u in given.found.units.items() if not u.loose and k.kind != "FluxInstance"}
    trial = Trial({placed(k): _with_parent(u) for k, u in units.items()}, hidden=given.snapshot.hidden)
    trial.elsewhere |= {placed(key): why for key, why in elsewhere(given.found, options)}
    for key, unit in trial.expected.items():
        if unit.facts.get("remote") and not given.served.reaches_out:
            trial.elsewhere[key] = f"it builds on {', '.join(unit.facts['remote'])}, which is not at hand"
        elif unit.source in given.served.refused:
            trial.elsewhere[key] = given.served.refused[unit.source]
    return trial


def _with_parent(unit: Unit) -> Unit:
    return unit if unit.parent is None else replace(unit, parent=placed(unit.parent))


async def _follow(client: Client, order: Order, trial: Trial, served: Served, say: Callable[[str], None]) -> None:
    """Until all is ready, nothing moves any more, or the time is over."""
    started = moved = time.monotonic()
    hands = Hands(client, served.statuses)
    while True:
        seen = await hands.look()
        now = time.monotonic()
        if seen != trial.seen:
            moved = now
            _tell(trial, seen, now - started, say)
        trial.seen, trial.seconds = seen, now - started
        finished = set(trial.expected) - set(trial.elsewhere) <= {k for k, s in seen.items() if s.ready or s.suspended}
        if finished and now - moved > _SETTLED_SECONDS and all(_done(k, s, trial) for k, s in seen.items()):
            return
        trial.timed_out = now - started > order.timeout
        if trial.timed_out or now - moved > order.quiet:
            return
        await asyncio.sleep(_LOOK_SECONDS)


WAITING = ("", "Progressing", "ProgressingWithRetry", "HealthCheckFailed")
"""Reasons of a unit that was applied and wants its objects ready."""


def unsettled(trial: Trial) -> list[UnitKey]:
    """Units that were applied and are not ready."""
    found = ((k, trial.seen.get(k)) for k in trial.expected if k not in trial.elsewhere)
    return [k for k, s in found if s is not None and not s.ready and not s.suspended and s.reason in WAITING]


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

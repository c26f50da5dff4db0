"""Wiring of the controller: client, watches, reconcilers, artifacts, HTTP, lease."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import os
import signal
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.api.server import ApiServer, Doors
from holdfast.app.argo_core import core_door
from holdfast.app.memo import memo_of
from holdfast.app.part import Part, imported
from holdfast.app.sharing import shared
from holdfast.app.tracing import tracing
from holdfast.base.clock import SystemClock
from holdfast.base.work import Workers
from holdfast.cluster.client import Client, Selectors
from holdfast.cluster.config import ClusterConfig
from holdfast.cluster.errors import AlreadyExists, ApiError
from holdfast.cluster.watches import Watches
from holdfast.controller.artifacts import ArtifactStore
from holdfast.controller.buckets import Buckets
from holdfast.controller.events import EventRecorder
from holdfast.controller.lease import Lease, identity, lead
from holdfast.controller.manager import Manager
from holdfast.controller.metrics import Metrics, requests_of
from holdfast.controller.oci import OCIRepositories
from holdfast.controller.receivers import Receivers
from holdfast.controller.remote import RemoteBases
from holdfast.controller.sources import GitRepositories
from holdfast.controller.units import Kustomizations, UnitOptions
from holdfast.dialects.argo import defaults
from holdfast.dialects.argo.crds import all_crds as argo_crds
from holdfast.dialects.flux.crds import all_crds
from holdfast.kube import yaml
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef
from holdfast.model.safety import COMMIT_BUDGET, Budget, Safety
from holdfast.reconcile.decide import Settings as UnitSettings
from holdfast.render.apart import Apart
from holdfast.source.git import GitStore

log = logging.getLogger(__name__)

if TYPE_CHECKING:
    from holdfast.app.argo import Argo
    from holdfast.controller.releases import HelmReleases

NAMESPACE = "flux-system"
ARGO = "argoproj.io"
HELM_KINDS = (
    GroupVersionKind("helm.toolkit.fluxcd.io", "v2", "HelmRelease"),
    GroupVersionKind("source.toolkit.fluxcd.io", "v1", "HelmRepository"),
    GroupVersionKind("source.toolkit.fluxcd.io", "v1", "HelmChart"),
)
ARGO_KINDS = tuple(GroupVersionKind(ARGO, "v1alpha1", k) for k in ("Application", "ApplicationSet", "AppProject"))


@dataclass(frozen=True, slots=True)
class Settings:
    """What ``holdfast run`` was told. ``listen`` is host:port, port 0 for any; ``state`` keeps mirrors and artifacts;
    without ``buckets``, somebody else gives Bucket objects their artifacts."""

    config: ClusterConfig = field(repr=False)
    namespace: str = ""
    concurrency: int = 20
    listen: str = "127.0.0.1:0"
    requeue_dependency: float = 30.0
    state: Path = Path()
    local_sources: bool = False
    memo: str = "file"
    safety: Safety = field(default_factory=Safety)
    commit_budget: Budget = COMMIT_BUDGET
    cross_namespace: bool = True
    service_account: str = ""
    age_secret: tuple[str, str] | None = None
    external_artifacts: bool = False
    remote_bases: bool = True
    buckets: bool = True
    argo_core: str = "auto"
    selector: str = ""
    shared: bool = False
    git: GitStore | None = None
    """Where Git repositories come from; None for mirrors of their URLs below ``state``."""


def default_state() -> Path:
    """Where mirrors and artifacts are kept: $HOLDFAST_STATE_DIR, or the user's cache."""
    named = os.environ.get("HOLDFAST_STATE_DIR")
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "holdfast" / "controller"


def run(settings: Settings) -> None:
    """Works until SIGTERM or SIGINT, then stops in order."""
    try:
        import uvloop

        runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
    except ImportError:
        runner = asyncio.Runner()
    with runner:
        runner.run(_main(settings))


async def _main(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def asked(number: signal.Signals) -> None:
        log.info("stopping: %s", number.name)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked, number)
    await work(settings, stop)


async def work(settings: Settings, stop: asyncio.Event, ready: asyncio.Event | None = None) -> None:
    """The whole controller until ``stop`` is set; ``ready`` is set once it leads and listens."""
    yaml.prepare()
    clock = SystemClock()
    async with Client(settings.config, clock=clock) as client:
        await install(client, local_sources=settings.local_sources)
        place = (_lease_name(settings.selector), await _home(client))
        if settings.shared:
            async with _machine(settings, client, clock, stop) as manager, shared(manager, stop, *place):
                await _run(manager, settings, stop, ready)
            return
        lease = Lease(client, clock, name=place[0], namespace=place[1], who=identity())
        leading = await _lead(lease, stop)
        if leading is None:
            return
        try:
            async with _machine(settings, client, clock, stop) as manager:
                await _run(manager, settings, stop, ready)
        finally:
            leading.cancel()
            await asyncio.gather(leading, return_exceptions=True)
            await lease.release()


async def _run(manager: Manager, settings: Settings, stop: asyncio.Event, ready: asyncio.Event | None) -> None:
    if ready is not None:
        ready.set()
    log.info("at work against %s", settings.config.server)
    await manager.run(stop)


async def _lead(lease: Lease, stop: asyncio.Event) -> asyncio.Task[None] | None:
    """Leading, or nothing when it was told to stop first."""
    acquiring, stopped = asyncio.create_task(lead(lease, stop)), asyncio.create_task(stop.wait())
    await asyncio.wait({acquiring, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if acquiring.done():
        return acquiring.result()
    acquiring.cancel()
    await asyncio.gather(acquiring, return_exceptions=True)
    return None


class _Recorders:
    """Who tells events, by the component that Flux's and Argo CD's users look for."""

    def __init__(self, client: Client, clock: SystemClock) -> None:
        self.sources = EventRecorder(client, "source-controller", clock)
        self.units = EventRecorder(client, "kustomize-controller", clock)
        self.helm = EventRecorder(client, "helm-controller", clock)
        self.sets = EventRecorder(client, "applicationset-controller", clock)
        self.apps = EventRecorder(client, "argocd-application-controller", clock, folded=False)

    @property
    def all(self) -> tuple[EventRecorder, ...]:
        return (self.sources, self.units, self.helm, self.sets, self.apps)

    @contextlib.asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        writers = [asyncio.create_task(r.run(), name="events") for r in self.all]
        try:
            yield
        finally:
            for writer in writers:
                writer.cancel()
            await asyncio.gather(*writers, return_exceptions=True)

    async def drain(self) -> None:
        await asyncio.gather(*(r.drain() for r in self.all))


@dataclass(slots=True)
class _Doors:
    """What the HTTP server hands on, once somebody is there to take it."""

    client: Client
    metrics: Metrics
    artifacts: ArtifactStore
    hooks: list[Receivers] = field(default_factory=list)
    argo: Part[Argo] | None = None

    async def push(self, body: bytes, headers: dict[str, str]) -> int:
        wiring = await imported("holdfast.app.applications")
        argo = self.argo.ready if self.argo is not None else None
        code: int = await wiring.pushed_to(self.client, argo.listeners if argo is not None else (), body, headers)
        return code

    async def hook(self, digest: str, body: bytes, headers: dict[str, str]) -> bool:
        return any([await r.hook(digest, body, headers) for r in self.hooks])


@contextlib.asynccontextmanager
async def _machine(
    settings: Settings, client: Client, clock: SystemClock, stop: asyncio.Event
) -> AsyncIterator[Manager]:
    artifacts = ArtifactStore(settings.state / "artifacts", clock, others=_other_stores(settings.state))
    doors = _Doors(client, Metrics(), artifacts)
    recorders = _Recorders(client, clock)
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(_served(settings, client, doors, stop))
        await stack.enter_async_context(recorders.writing())
        watches = await stack.enter_async_context(Watches(client, namespace=settings.namespace, clock=clock))
        manager = Manager(
            client,
            watches,
            clock=clock,
            metrics=doors.metrics,
            concurrency=settings.concurrency,
            selectors=Selectors(labels=settings.selector),
        )
        manager.safety = settings.safety
        stack.push_async_callback(recorders.drain)
        await _populate(manager, settings, doors, recorders, stack)
        yield manager


@contextlib.asynccontextmanager
async def _served(settings: Settings, client: Client, doors: _Doors, stop: asyncio.Event) -> AsyncIterator[None]:
    """Artifacts, metrics and webhooks over HTTP."""
    handed_on = Doors(doors.artifacts.local, doors.metrics.text, lambda: not stop.is_set(), doors.hook, doors.push)
    server = ApiServer(handed_on)
    host, _, port = settings.listen.rpartition(":")
    bound = await server.start(host or "0.0.0.0", int(port))
    doors.artifacts.base_url = f"http://{_advertised(host)}:{bound}"
    doors.metrics.gauge(
        "rest_client_requests_total",
        "Number of HTTP requests by code and method.",
        lambda: requests_of(client.codes, settings.config.server),
    )
    try:
        yield
    finally:
        await server.stop()


async def _populate(
    manager: Manager, settings: Settings, doors: _Doors, recorders: _Recorders, stack: contextlib.AsyncExitStack
) -> None:
    """Every reconciler, started; the stack closes them in the opposite order."""
    artifacts, clock = doors.artifacts, SystemClock()
    git = settings.git or GitStore(str(settings.state / "git"), local=settings.local_sources)
    bases = RemoteBases(git) if settings.remote_bases else None
    past = _add_sources(manager, settings, git, artifacts, recorders.sources).past
    doors.hooks.append(Receivers(manager, clock))
    manager.add(doors.hooks[0])
    argo = doors.argo = _argo(manager, git, recorders, bases, stack)
    stack.push_async_callback(argo.close)
    # One of several shards is enough, the one that has everything.
    core = "off" if settings.selector else settings.argo_core
    await stack.enter_async_context(core_door(core, manager.client, argo.get))
    stack.push_async_callback(_helm(manager, settings, artifacts, recorders, stack).close)
    memo, store = memo_of(settings.memo, settings.state, clock)
    if store is not None:
        stack.callback(store.close)
    traces = tracing()
    stack.push_async_callback(asyncio.to_thread, traces.close)
    options = _unit_options(settings)
    kustomizations = Kustomizations(
        manager, artifacts, recorders.units, options=options, past=past, memo=memo, tracing=traces
    )
    stack.push_async_callback(kustomizations.close)
    if bases is not None:
        kustomizations.runner.rendering.options = bases.options
    workers = Workers(clock)
    stack.push_async_callback(workers.close)
    kustomizations.runner.rendering.apart = Apart(workers)
    kustomizations.start()


def _argo(
    manager: Manager, git: GitStore, recorders: _Recorders, bases: RemoteBases | None, stack: contextlib.AsyncExitStack
) -> Part[Argo]:
    async def make() -> Argo:
        wiring = await imported("holdfast.app.argo")
        found: Argo = wiring.start(manager, git, recorders.apps, recorders.sets, bases, stack)
        return found

    def counts(obj: Manifest) -> bool:
        """The projects that come with the definitions ask for nothing."""
        return obj.get("kind") != "AppProject" or bool(obj["metadata"].get("finalizers"))

    return Part(manager, ARGO_KINDS, make, counts=counts)


def _helm(
    manager: Manager,
    settings: Settings,
    artifacts: ArtifactStore,
    recorders: _Recorders,
    stack: contextlib.AsyncExitStack,
) -> Part[HelmReleases]:
    async def make() -> HelmReleases:
        wiring = await imported("holdfast.app.helm")
        found: HelmReleases = wiring.start(
            manager,
            artifacts,
            recorders.sources,
            recorders.helm,
            stack,
            requeue=settings.requeue_dependency,
            default_service_account=settings.service_account,
            cross_namespace=settings.cross_namespace,
            external_artifacts=settings.external_artifacts,
        )
        return found

    return Part(manager, HELM_KINDS, make)


def _add_sources(
    manager: Manager, settings: Settings, git: GitStore, artifacts: ArtifactStore, events: EventRecorder
) -> GitRepositories:
    """The reconcilers of sources; the one of Git is returned, because it knows the past."""
    client, clock, again = manager.client, manager.clock, settings.requeue_dependency
    reconciler = GitRepositories(
        client, manager.mine(GitRepositories.gvk), git, artifacts, events, clock, requeue_dependency=again
    )
    manager.add(reconciler)
    for kind in (OCIRepositories, *([Buckets] if settings.buckets else [])):
        manager.add(kind(client, manager.mine(kind.gvk), artifacts, events, clock, requeue_dependency=again))
    return reconciler


def _other_stores(state: Path) -> list[Path]:
    """Where `holdfast up` keeps artifacts beside those of `holdfast run`, and the other way round."""
    return [*state.glob("up/*/artifacts"), *([state.parent.parent / "artifacts"] if state.parent.name == "up" else [])]


def _unit_options(settings: Settings) -> UnitOptions:
    return UnitOptions(
        settings=UnitSettings(requeue=settings.requeue_dependency),
        default_service_account=settings.service_account,
        cross_namespace=settings.cross_namespace,
        external_artifacts=settings.external_artifacts,
        age_secret=settings.age_secret,
        workers=settings.concurrency,
        safety=settings.safety,
        commit_budget=settings.commit_budget,
        home=NAMESPACE,
    )


def _lease_name(selector: str) -> str:
    """Controllers of different objects lead side by side."""
    return f"holdfast-{hashlib.sha256(selector.encode()).hexdigest()[:8]}" if selector else "holdfast"


def _advertised(host: str) -> str:
    """The address that others reach us at: the pod's own where all addresses are listened on."""
    if host in ("", "0.0.0.0", "::"):
        return os.environ.get("POD_IP") or "127.0.0.1"
    return host


async def _home(client: Client) -> str:
    """The namespace of the lease; made where it is absent."""
    try:
        await client.get(ObjectRef("", "Namespace", "", NAMESPACE), version="v1")
    except ApiError:
        await _made_home(client)
    return NAMESPACE


async def _made_home(client: Client) -> None:
    try:
        await client.create(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}, manager="holdfast"
        )
    except AlreadyExists:
        pass
    except ApiError as error:
        log.debug("namespace %s: %s", NAMESPACE, error)


_CRD = GroupVersionKind("apiextensions.k8s.io", "v1", "CustomResourceDefinition")


async def install(client: Client, *, local_sources: bool = False) -> list[str]:
    """Installs the definitions that are absent; those of a real Flux are left as they are. Returns what was made."""
    present = {o["metadata"]["name"] for o in (await client.list(_CRD)).items}
    wanted = [*all_crds(local_sources=local_sources), *argo_crds()]
    missing = [d for d in wanted if d["metadata"]["name"] not in present]
    if not missing:
        return []
    furniture = defaults.objects()
    plain = [o for o in furniture if o["apiVersion"] == "v1"]
    await asyncio.gather(_furnish(client, plain), *(_create(client, d) for d in missing))
    await asyncio.gather(*(_established(client, d["metadata"]["name"]) for d in missing))
    client.discovery.forget()
    await _furnish(client, [o for o in furniture if o not in plain])
    return [d["metadata"]["name"] for d in missing]


async def _furnish(client: Client, objects: Sequence[Manifest]) -> None:
    """What Argo CD's kinds need beside them; what is there already stays as it is."""
    for obj in objects:
        try:
            await client.create(obj, manager="holdfast")
        except AlreadyExists:
            continue
        except ApiError as error:
            log.warning("%s: %s", ObjectRef.of(obj), error)


async def _create(client: Client, definition: Manifest) -> None:
    with contextlib.suppress(AlreadyExists):
        await client.create(definition, manager="holdfast")


async def _established(client: Client, name: str) -> None:
    """A definition serves its resource a moment after it was made."""
    for _ in range(100):
        found = await client.get(ObjectRef(_CRD.group, _CRD.kind, "", name), version="v1")
        conditions = (found.get("status") or {}).get("conditions") or ()
        if any(c["type"] == "Established" and c["status"] == "True" for c in conditions):
            return
        await asyncio.sleep(0.05)
    log.warning("the definition %s is not served yet", name)

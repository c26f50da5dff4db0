"""What all applications share: the installation's settings, projects, repositories and destination clusters.

Everything is kept by watches, which start with the first application. Knows Argo CD's dialect; decides nothing.
"""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from holdfast.base.clock import Clock
from holdfast.base.errors import Stop
from holdfast.cluster.client import Client, Selectors
from holdfast.cluster.config import ClusterConfig, ExecPlugin
from holdfast.cluster.informer import Informer, full
from holdfast.controller.app_cluster import LiveCluster
from holdfast.controller.manager import Manager
from holdfast.dialects.argo import application, project
from holdfast.dialects.argo.clusters import IN_CLUSTER_NAME, altered
from holdfast.dialects.argo.project import Cluster, Project
from holdfast.dialects.argo.settings import (
    CONFIG,
    PARAMETERS,
    SECRET_TYPE,
    KnownCluster,
    KnownRepository,
    Settings,
    read_cluster,
    read_repository,
    read_settings,
    repository_for,
)
from holdfast.health.argo import assess
from holdfast.helm.go import json as go_json
from holdfast.helm.go.errors import GoError
from holdfast.kube import yaml
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef
from holdfast.model.app import AppDestination, Application, AppSource
from holdfast.model.source import Credentials
from holdfast.model.sync import Tracking
from holdfast.plan.sync.tracking import app_name_of
from holdfast.source.manifests import Entrance

log = logging.getLogger(__name__)

CONFIG_MAPS = GroupVersionKind("", "v1", "ConfigMap")
SECRETS = GroupVersionKind("", "v1", "Secret")
_JSON_KINDS: dict[type, str] = {str: "string", bool: "bool", list: "array"}


class ProjectMissing(Stop):
    """There is no such project."""


class ProjectRefused(Stop):
    """The project is not for applications of that namespace."""


class DestinationUnknown(Stop):
    """The destination names no cluster that is known."""


@dataclass(frozen=True, slots=True)
class Destination:
    known: KnownCluster
    live: LiveCluster

    @property
    def cluster(self) -> Cluster:
        return Cluster(self.known.server, self.known.name)


class AppWorld:
    """One per process. ``home`` is the namespace of the configuration."""

    def __init__(self, manager: Manager, clock: Clock, *, home: str) -> None:
        self.home = home
        self.settings = Settings()
        self.changed: list[Callable[[str], None]] = []
        self.clusters: list[Callable[[Sequence[KnownCluster]], None]] = []
        self.objects: list[Callable[[ObjectRef, frozenset[str], bool], None]] = []
        self.orphans: list[Callable[[ObjectRef], None]] = []
        self._manager = manager
        self._clock = clock
        self._projects = manager.objects(project.GVK)
        self._repositories: tuple[KnownRepository, ...] = ()
        self._clusters: dict[str, KnownCluster] = {}
        self._live: dict[str, tuple[KnownCluster, LiveCluster]] = {}
        self._config: Informer[Manifest] | None = None
        self._secrets: Informer[Manifest] | None = None
        self._ready = False

    async def start(self) -> None:
        """Returns when settings, projects and Secrets are known; later calls return at once."""
        if self._config is None:
            watches = self._manager.watches
            self._config = watches.informer(CONFIG_MAPS, full, namespace=self.home)
            self._secrets = watches.informer(
                SECRETS, full, namespace=self.home, selectors=Selectors(labels=SECRET_TYPE)
            )
            self._config.add_handler(self._config_changed)
            self._secrets.add_handler(self._secret_changed)
            self._projects.add_handler(self._project_changed)
        if not self._ready and self._secrets is not None:
            await self._config.synced.wait()
            await self._secrets.synced.wait()
            await self._projects.synced.wait()
            self._ready = True

    async def close(self) -> None:
        for _, live in self._live.values():
            await live.close()

    # --- settings

    def _config_changed(self, ref: ObjectRef, old: Manifest | None, new: Manifest | None) -> None:
        del old, new
        if ref.name not in (CONFIG, PARAMETERS) or self._config is None:
            return
        data = [(self._config.get(ObjectRef("", "ConfigMap", self.home, n)) or {}) for n in (CONFIG, PARAMETERS)]
        before, self.settings = self.settings, read_settings(*(d.get("data") or {} for d in data))
        if before == self.settings:
            return
        marking = ("tracking", "label_key", "installation_id")
        if any(getattr(before, name) != getattr(self.settings, name) for name in marking):
            for _, live in self._live.values():
                live.remark()
        self._tell("")

    def _tell(self, project_name: str) -> None:
        for listener in self.changed:
            listener(project_name)

    # --- projects

    def _project_changed(self, ref: ObjectRef, old: Manifest | None, new: Manifest | None) -> None:
        # One that is gone is noticed at the next look, as at Argo CD: nothing gets better by knowing it at once.
        if new is not None and ref.namespace == self.home and (old or {}).get("spec") != new.get("spec"):
            self._tell(ref.name)

    def project(self, app: Application) -> Project:
        """Raises ProjectMissing or ProjectRefused."""
        name = app.spec.project
        obj = self._projects.get(ObjectRef(project.GROUP, project.KIND, self.home, name))
        if obj is None:
            raise ProjectMissing(project.not_found(name))
        found = self._whole(project.read(obj))
        if not found.permits_namespace_of_application(app.ref.namespace, self.home):
            raise ProjectRefused(project.foreign_namespace(app.ref.name, app.ref.namespace, name))
        return found

    def _whole(self, found: Project) -> Project:
        entries = yaml.load(self.settings.global_projects) if self.settings.global_projects else None
        if isinstance(entries, list):
            known = {r.name: project.read(o) for r, o in self._projects.items() if r.namespace == self.home}
            found = project.inherit(found, project.global_parents(found, entries, known))
        repositories = [r.url for r in self._repositories if r.project == found.name and not r.template]
        clusters = [
            (Cluster(c.server, c.name), c.namespaces) for c in self._clusters.values() if c.project == found.name
        ]
        return project.with_scoped(found, repositories, clusters)

    def scoped(self, name: str) -> Sequence[Cluster]:
        return [Cluster(c.server, c.name) for c in self._clusters.values() if c.project == name]

    # --- Secrets

    def _secret_changed(self, ref: ObjectRef, old: Manifest | None, new: Manifest | None) -> None:
        del ref, old, new
        if self._secrets is None:
            return
        repositories, clusters = [], {}
        for secret in [obj for _, obj in self._secrets.items()]:
            kind = ((secret.get("metadata") or {}).get("labels") or {}).get(SECRET_TYPE)
            data = _decoded(secret)
            if kind == "cluster":
                cluster = read_cluster(data)
                if cluster is not None:
                    clusters[cluster.server] = cluster
            elif kind in ("repository", "repo-creds"):
                repository = read_repository(data, template=kind == "repo-creds")
                if repository is not None:
                    repositories.append(repository)
        self._repositories = tuple(repositories)
        before, self._clusters = self._clusters, clusters
        changed = altered(before, clusters)
        for listener in self.clusters if changed else ():
            listener(changed)

    def repository(self, source: AppSource, project_name: str) -> KnownRepository:
        return repository_for(source.url, project_name, self._repositories)

    def entrance(self, url: str, project_name: str) -> Entrance:
        return entrance_of(repository_for(url, project_name, self._repositories))

    # --- clusters

    def known_cluster(self, destination: AppDestination) -> KnownCluster:
        """Raises DestinationUnknown."""
        if destination.name and destination.server:
            raise DestinationUnknown(
                "application destination can't have both name and server defined: "
                f"{destination.name} {destination.server}"
            )
        if not destination.name and not destination.server:
            raise DestinationUnknown("Destination server missing from app spec")
        if destination.server:
            server = destination.server.rstrip("/")
            found = self._by_server(server)
            if found is None:
                raise DestinationUnknown(
                    f'error getting cluster by server "{destination.server}": rpc error: code = NotFound desc = '
                    f'cluster "{server}" not found'
                )
            return found
        named = [c for c in (*self._clusters.values(), *self._implied()) if c.name == destination.name]
        if not named:
            raise DestinationUnknown(f"there are no clusters with this name: {destination.name}")
        if len(named) > 1:
            servers = " ".join(sorted(c.server for c in named))
            raise DestinationUnknown(f"there are {len(named)} clusters with the same name: [{servers}]")
        return named[0]

    def _implied(self) -> tuple[KnownCluster, ...]:
        own = application.IN_CLUSTER
        return () if own in self._clusters else (KnownCluster(own, IN_CLUSTER_NAME),)

    def _by_server(self, server: str) -> KnownCluster | None:
        return self._clusters.get(server) or next((c for c in self._implied() if c.server == server), None)

    async def destination(self, app: Application) -> Destination:
        """Raises DestinationUnknown, or what connecting raises."""
        known = self.known_cluster(app.spec.destination)
        held = self._live.get(known.server)
        if held is not None and held[0].connection != known.connection:
            await held[1].close()
            held = None
        if held is None:
            client = self._manager.client
            if known.server != application.IN_CLUSTER or known.connection.given:
                client = Client(cluster_config(known), clock=self._clock)
            live = LiveCluster(
                client, self._clock, server=known.server, name=known.name, marks=self._marks, concerns=self._concerns
            )
            live.listeners.append(self._object_changed)
            live.others.append(self._other_changed)
            await live.start()
            held = self._live[known.server] = (known, live)
        return Destination(known, held[1])

    def live(self, server: str) -> LiveCluster | None:
        """The cluster at an address, if any application goes there."""
        held = self._live.get(server.rstrip("/"))
        return held[1] if held is not None else None

    def goes_to(self, destination: AppDestination, server: str) -> bool:
        try:
            return self.known_cluster(destination).server == server.rstrip("/")
        except DestinationUnknown:
            return False

    def _object_changed(self, ref: ObjectRef, instances: frozenset[str], own: bool) -> None:
        for listener in self.objects:
            listener(ref, instances, own)

    def _other_changed(self, ref: ObjectRef) -> None:
        for listener in self.orphans:
            listener(ref)

    def _marks(self, obj: Mapping[str, Any]) -> frozenset[str]:
        if (obj.get("metadata") or {}).get("ownerReferences"):
            return frozenset()  # what another object owns belongs to that
        name = app_name_of(obj, self.tracking(""))
        return frozenset((name,)) if name else frozenset()

    def _concerns(self, old: Manifest, new: Manifest) -> bool:
        """A status alone is no news, unless it makes the object healthier or less so: most statuses count and tick."""
        if _declared(old) != _declared(new):
            return True
        return assess(old, self.settings.health) != assess(new, self.settings.health)

    def tracking(self, instance: str, namespace: str = "") -> Tracking:
        found = self.settings
        return Tracking(found.tracking, instance, found.label_key, found.installation_id, namespace)


_COUNTED = frozenset({"resourceVersion", "generation", "managedFields"})


def _declared(obj: Manifest) -> Manifest:
    found = {k: v for k, v in obj.items() if k not in ("status", "operation")}
    found["metadata"] = {k: v for k, v in (obj.get("metadata") or {}).items() if k not in _COUNTED}
    return found


def _decoded(secret: Manifest) -> dict[str, str]:
    found = {}
    for key, value in (secret.get("data") or {}).items():
        try:
            found[key] = base64.b64decode(value).decode()
        except ValueError:
            log.warning("%s: %s is not text", ObjectRef.of(secret), key)
    return found


def entrance_of(repository: KnownRepository) -> Entrance:
    return Entrance(
        git=Credentials(
            username=repository.username,
            password=repository.password,
            bearer_token=repository.bearer_token,
            identity=repository.ssh_key,
            ca=repository.ca,
            proxy=repository.proxy,
        ),
        username=repository.username,
        password=repository.password,
        plain_http=repository.plain_http,
        insecure=repository.insecure,
        everywhere=repository.pass_credentials,
        ca=repository.ca,
    )


def cluster_config(known: KnownCluster) -> ClusterConfig:
    """How a cluster Secret says that the cluster is reached."""
    way = known.connection
    plugin = way.plugin
    return ClusterConfig(
        server=known.server,
        ca=_pem(way.ca),
        insecure=way.insecure,
        tls_server_name=way.server_name,
        client_cert=_pem(way.certificate),
        client_key=_pem(way.key),
        token=way.token,
        username=way.username,
        password=way.password,
        proxy_url=way.proxy,
        exec_plugin=None
        if plugin is None
        else ExecPlugin(plugin.command, plugin.args, plugin.env, plugin.api_version, install_hint=plugin.hint),
    )


def _pem(text: str) -> bytes:
    return base64.b64decode(text) if text else b""


def manifest_of(text: str) -> Manifest:
    """A manifest that an order brought with it. Raises ValueError."""
    try:
        found = go_json.decode(text)
    except GoError as error:
        raise ValueError(error.text) from error
    if not isinstance(found, dict):
        kind = _JSON_KINDS.get(type(found), "number")
        raise ValueError(f"json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}")
    if not found.get("kind"):
        raise ValueError(f"Object 'Kind' is missing in '{text}'")
    read: Manifest = json.loads(text)
    return read

"""HelmCharts: one chart of one source, packaged and offered as an artifact.

In: keys of HelmChart objects, and the artifacts of their sources. Out: their status, events and artifacts, as Flux's
source-controller gives them. A new revision of a source wakes its charts.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeVar

from holdfast.base.errors import HoldfastError, Stop
from holdfast.base.semver import InvalidVersion, Version
from holdfast.cluster.informer import Informer
from holdfast.controller.helm_sources import access_of, login_of
from holdfast.controller.manager import Manager
from holdfast.controller.patch import ObjectWriter
from holdfast.controller.source_run import SourceReconciler, SourceRun
from holdfast.dialects.flux import helmchart as flux
from holdfast.dialects.flux import helmrepository
from holdfast.dialects.flux.helmrepository import HelmRepository
from holdfast.dialects.flux.source_status import (
    BUILD_FAILED,
    FETCH_FAILED,
    HELM_CHART,
    SOURCE_VERIFIED,
    STORAGE_FAILED,
    Ending,
    SourceFailure,
    Told,
)
from holdfast.helm.chart.model import Dependency
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef
from holdfast.source import helm_repository
from holdfast.source.chart import (
    IN_BUILD,
    PERSISTENT,
    PULL,
    REFERENCE,
    Build,
    BuildFailed,
    Wanted,
    from_archive,
    from_tree,
)
from holdfast.source.chart_dependencies import Bring
from holdfast.source.helm_registry import words_of
from holdfast.source.helm_repository import Access
from holdfast.source.http import WayOut
from holdfast.source.oci import HELM_LAYER, Address, NotFound, RegistryError, Repository, highest_tag

T = TypeVar("T")


class HelmCharts(SourceReconciler):
    """The reconciler of HelmChart objects. ``follow`` makes it look at the sources of a cluster."""

    gvk: GroupVersionKind = flux.GVK

    _sources: Mapping[str, Informer[Manifest]] = MappingProxyType({})

    def follow(self, manager: Manager) -> None:
        sources: dict[str, Informer[Manifest]] = {}
        for kind in flux.SOURCE_KINDS:
            informer = manager.objects(GroupVersionKind(self.gvk.group, "v1", kind))
            informer.add_handler(lambda ref, old, new: self._source_changed(manager, ref, old, new))
            sources[kind] = informer
        self._sources = sources

    def source(self, kind: str, namespace: str, name: str) -> Manifest | None:
        informer = self._sources.get(kind)
        return informer.get(ObjectRef(self.gvk.group, kind, namespace, name)) if informer is not None else None

    def repository(self, namespace: str, url: str) -> HelmRepository | None:
        """The HelmRepository of a namespace that has an address."""
        informer = self._sources.get("HelmRepository")
        objects = informer.items() if informer is not None else ()
        here = (helmrepository.read(obj) for ref, obj in objects if ref.namespace == namespace)
        return next((r for r in here if r.url.rstrip("/") == url.rstrip("/")), None)

    async def ready(self) -> None:
        await asyncio.gather(*(i.synced.wait() for i in self._sources.values()))

    def _source_changed(self, manager: Manager, ref: ObjectRef, old: Manifest | None, new: Manifest | None) -> None:
        revision = ((new or {}).get("status") or {}).get("artifact", {}).get("revision")
        if not revision:
            return
        for mine, obj in list(self.objects.items()):
            source = (obj.get("spec") or {}).get("sourceRef") or {}
            observed = (obj.get("status") or {}).get("observedSourceArtifactRevision")
            named = (source.get("kind"), mine.namespace, source.get("name"))
            if named == (ref.kind, ref.namespace, ref.name) and observed != revision:
                manager.wake(mine)

    def run_of(self, ref: ObjectRef, obj: Manifest, writer: ObjectWriter) -> SourceRun:
        return _Run(self, ref, obj, writer)


class _Run(SourceRun):
    conditions = HELM_CHART

    def __init__(self, owner: HelmCharts, ref: ObjectRef, obj: Manifest, writer: ObjectWriter) -> None:
        super().__init__(owner, ref, obj, writer)
        self._charts = owner
        self.source = flux.read(obj)

    @property
    def interval(self) -> float:
        return self.source.interval

    async def steps(self) -> Told | None:
        if self.source.verified_by:
            # A chart whose signature nobody checked must not look verified.
            raise self.unsupported(f"spec.verify with provider '{self.source.verified_by}'")
        self.status.conditions.delete(SOURCE_VERIFIED)
        source = await self._source()
        artifact = (source.get("status") or {}).get("artifact")
        if artifact is not None:
            self.status.record({"observedSourceArtifactRevision": artifact.get("revision")})
        try:
            build = await self._build(source, artifact or {})
        except BuildFailed as error:
            raise self._failed(error) from error
        await self._store(build)
        self.status.conditions.delete(FETCH_FAILED, BUILD_FAILED)
        reason = "ChartPackageSucceeded" if build.packaged else "ChartPullSucceeded"
        self.status.stored(build.summary, reason)
        return self.stored_told(build.summary, new=reason, again=reason)

    def _failed(self, error: BuildFailed) -> SourceFailure:
        in_build = error.reason in IN_BUILD
        self.status.conditions.delete(FETCH_FAILED if in_build else BUILD_FAILED)
        return SourceFailure(
            error.message,
            reason=error.reason,
            condition=BUILD_FAILED if in_build else FETCH_FAILED,
            ending=Ending.STALLED if error.reason in PERSISTENT else Ending.FAILED,
        )

    async def _source(self) -> Manifest:
        await self._charts.ready()
        kind, name = self.source.source_kind, self.source.source_name
        found = self._charts.source(kind, self.ref.namespace, name)
        if found is None:
            text = f'failed to get source: {kind}.{self.ref.group} "{name}" not found'
            raise SourceFailure(text, reason="SourceUnavailable", condition=FETCH_FAILED)
        if kind == "HelmRepository" and helmrepository.read(found).oci:
            return found
        artifact = (found.get("status") or {}).get("artifact")
        if artifact is None or not await self.artifacts.present(artifact):
            text = f"no artifact available for {kind} source '{name}'"
            raise SourceFailure(text, reason="NoSourceArtifact", condition=FETCH_FAILED, ending=Ending.WAITING)
        return found

    # -- building -----------------------------------------------------------------------------------------------------

    async def _build(self, source: Manifest, artifact: Manifest) -> Build:
        metadata = flux.version_metadata(self.source, str(artifact.get("revision") or ""))
        wanted = Wanted(self.source.values_files, self.source.ignore_missing, metadata)
        if self.source.source_kind == "HelmRepository":
            repository = helmrepository.read(source)
            from_ = self._from_registry if repository.oci else self._from_repository
            return await from_(repository, artifact, wanted)
        snapshot = await self.artifacts.snapshot(ObjectRef.of(source), artifact)
        if snapshot is None:
            raise BuildFailed("the artifact of the source is gone", reason=PULL)
        root = f"/tmp/helmchart-{self.ref.namespace}-{self.ref.name}/source"
        bring = self._bringer(asyncio.get_running_loop())
        return await asyncio.to_thread(
            from_tree, snapshot.tree, self.source.chart, wanted, shown_root=root, bring=bring
        )

    def _bringer(self, loop: asyncio.AbstractEventLoop) -> Bring:
        """Fetches a dependency, in a thread; with the credentials of a HelmRepository of the namespace that has its address."""

        def bring(dependency: Dependency) -> tuple[str, bytes]:
            known = self._charts.repository(self.ref.namespace, dependency.repository)
            if not dependency.repository.startswith("oci://"):
                access = asyncio.run_coroutine_threadsafe(access_of(self, known), loop).result() if known else Access()
                return _from_index(dependency, access)
            address = Address.parse(f"{dependency.repository.rstrip('/')}/{dependency.name}")
            login, way = None, WayOut()
            if known:
                login, way = asyncio.run_coroutine_threadsafe(login_of(self, known, address), loop).result()
            return _from_tags(dependency, Repository(address, login, insecure=bool(known and known.insecure), way=way))

        return bring

    async def _from_registry(self, source: HelmRepository, artifact: Manifest, wanted: Wanted) -> Build:
        url, name = f"{source.url.rstrip('/')}/{self.source.chart}", self.source.chart.rpartition("/")[2]
        address = _built(lambda: Address.parse(url), REFERENCE)
        login, way = await login_of(self, source, address)
        registry = Repository(address, login, insecure=source.insecure, way=way, words=words_of(login))

        def work() -> Build:
            prefix = "failed to get chart version for remote reference: "
            tag = _built(lambda: _remote_tag(registry, url, name, self.source.version), PULL, prefix)
            version = tag.replace("_", "+")
            if wanted.nothing and flux.is_current(self.source, self.status.fields, name, version):
                return Build(name, version)
            prefix = f"failed to download chart for remote reference: failed to get '{url}:{version}': "
            data = _built(lambda: _fetched(registry, url, tag), PULL, prefix)
            return from_archive(data, name, version, wanted)

        return await asyncio.to_thread(work)

    async def _from_repository(self, repository: HelmRepository, artifact: Manifest, wanted: Wanted) -> Build:
        access = await access_of(self, repository)
        file = self.artifacts.local(str(artifact.get("path")))
        if file is None:
            raise BuildFailed("the index of the repository is gone", reason=PULL)

        def work() -> Build:
            with helm_repository.opened(file) as index:
                entry = _built(lambda: helm_repository.choose(index, self.source.chart, self.source.version), REFERENCE)
            name, version = str(entry["name"]), str(entry["version"])
            if wanted.nothing and flux.is_current(self.source, self.status.fields, name, version):
                return Build(name, version)
            prefix = "failed to download chart for remote reference: "
            data = _built(lambda: helm_repository.fetch_chart(repository.url, entry, access), PULL, prefix)
            return from_archive(data, name, version, wanted)

        return await asyncio.to_thread(work)

    async def _store(self, build: Build) -> None:
        if flux.is_current(self.source, self.status.fields, build.name, build.version):
            return
        if build.name != self.status.fields.get("observedChartName") or build.version != self.status.revision:
            self.status.outdated("NewChart", build.summary, known=self.status.artifact is not None)
        try:
            name = f"{build.name}-{build.version}.tgz"
            artifact = await self.artifacts.store_bytes(self.ref, name, build.data, build.version)
            url = await self.artifacts.link(self.ref, artifact, "latest.tar.gz")
        except OSError as error:
            text = f"unable to copy Helm chart to storage: {error}"
            raise SourceFailure(text, reason="ArchiveOperationFailed", condition=STORAGE_FAILED) from error
        observed = list(build.values_files) if self.source.ignore_missing and build.values_files else None
        self.status.record(
            {"artifact": artifact, "url": url, "observedChartName": build.name, "observedValuesFiles": observed}
        )


def _from_index(dependency: Dependency, access: Access) -> tuple[str, bytes]:
    url = dependency.repository
    with tempfile.TemporaryFile() as file:
        helm_repository.download_index(url, access, file)
        with helm_repository.mapped(file) as index:
            try:
                entry = helm_repository.choose(index, dependency.name, dependency.version)
            except HoldfastError as error:
                text = f"failed to get chart '{dependency.name}' version '{dependency.version}' from '{url}': {error.message}"
                raise Stop(text) from error
    try:
        return str(entry["version"]), helm_repository.fetch_chart(url, entry, access)
    except HoldfastError as error:
        raise Stop(f"chart download of version '{entry['version']}' failed: {error.message}") from error


def _from_tags(dependency: Dependency, registry: Repository) -> tuple[str, bytes]:
    try:
        tag = _tag(registry, dependency.version)
    except HoldfastError as error:
        name, url = dependency.name, dependency.repository
        text = f"failed to get chart '{name}' version '{dependency.version}' from '{url}': {error.message}"
        raise Stop(text) from error
    version = tag.replace("_", "+")
    try:
        return version, _chart_layer(registry, tag)
    except HoldfastError as error:
        raise Stop(f"chart download of version '{version}' failed: {error.message}") from error


def _built(work: Callable[[], T], reason: str, prefix: str = "") -> T:
    try:
        return work()
    except BuildFailed:
        raise
    except HoldfastError as error:
        raise BuildFailed(f"{prefix}{error.message}", reason=reason) from error


def _tag(registry: Repository, version: str) -> str:
    """The tag of a version, or of the highest one in a range; registries have no plus in tags."""
    if _is_exact(version):
        return version.replace("+", "_")
    return highest_tag(registry.tags(), version or "*", chart=True)


def _is_exact(version: str) -> bool:
    try:
        return version.count(".") >= 2 and str(Version.parse(version)) == version
    except InvalidVersion:
        return False


def _remote_tag(registry: Repository, url: str, name: str, version: str) -> str:
    """The tag of the chart that is asked for, or why there is none in Flux's words."""
    if _is_exact(version):
        return version.replace("+", "_")
    try:
        tags = registry.tags()
    except RegistryError as error:
        raise Stop(f'could not get tags for "{name}": could not fetch tags for "{url}": {error.message}') from error
    if version in tags:
        return version
    try:
        return highest_tag(tags, version or "*", chart=True)
    except Stop as error:
        raise Stop(f"could not locate a version matching provided version string {version}") from error


def _fetched(registry: Repository, url: str, tag: str) -> bytes:
    place = f"{url.removeprefix('oci://')}:{tag}"
    try:
        return _chart_layer(registry, tag)
    except NotFound as error:
        raise RegistryError(f'failed to perform "FetchReference" on source: {place}: not found') from error


def _chart_layer(registry: Repository, tag: str) -> bytes:
    layer = next((x for x in registry.artifact(tag).layers if x.media_type == HELM_LAYER), None)
    if layer is None:
        raise BuildFailed(f"manifest does not contain a layer with mediatype {HELM_LAYER}", reason=PULL)
    return registry.blob(layer)

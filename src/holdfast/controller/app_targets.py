"""What an application wants to be there: its sources resolved, fetched and rendered, in threads and from memory.

In: sources and revisions. Out: objects with their source types and exact revisions, or the error that Argo CD's users know.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from holdfast.base.errors import HoldfastError, Stop
from holdfast.base.tree import Tree
from holdfast.controller.app_cluster import LiveCluster
from holdfast.controller.app_world import AppWorld, entrance_of
from holdfast.controller.remote import RemoteBases
from holdfast.dialects.argo.application import instance_name
from holdfast.dialects.argo.project import Project
from holdfast.dialects.argo.source_shapes import fault
from holdfast.dialects.argo.sources import FIXED_FIELDS, SKIP_MARKER, environment, override_files, read_source
from holdfast.kube.refs import Manifest
from holdfast.kustomize import BuildOptions
from holdfast.model.app import Application, AppSource
from holdfast.plan.sync.tracking import stamp
from holdfast.render.tools import (
    Doors,
    NoObjectError,
    Referenced,
    RenderedSource,
    SourceError,
    SourceMemo,
    SourceRequest,
    ToolSettings,
    render_source,
    without_kind,
)
from holdfast.source.manifests import (
    Entrance,
    Found,
    Manifests,
    ManifestsError,
    ManifestSource,
    UnknownRevision,
    Wanted,
)

RESOLVED_SECONDS = 180.0
_NAME = re.compile(r"[a-zA-Z0-9_-]+")


class TargetsError(Stop):
    """The desired state cannot be had; the message says of which source."""


@dataclass(frozen=True, slots=True)
class Desired:
    """``renders`` is how many sources were really rendered."""

    objects: tuple[Manifest, ...]
    types: tuple[str, ...]
    revisions: tuple[str, ...]


def _check_names(refs: Sequence[str]) -> None:
    """Raises TargetsError for names that others cannot refer to."""
    for number, ref in enumerate(refs):
        if not _NAME.fullmatch(ref):
            problem = f"sources.ref {ref} cannot contain any special characters except '_' and '-'"
        elif ref in refs[:number]:
            problem = "invalid sources: multiple sources had the same `ref` key"
        else:
            continue
        raise TargetsError(f"failed to get ref sources: {problem}")


@dataclass(slots=True)
class _Resolved:
    found: Found
    at: float


class AppTargets:
    """Shared by all applications: one mirror, one listing of references, one rendering for all who need the same."""

    def __init__(
        self, world: AppWorld, source: ManifestSource, bases: RemoteBases | None = None, *, workers: int = 4
    ) -> None:
        self.memo = SourceMemo()
        self._world = world
        self._source = source
        self._bases = bases
        self._resolved: dict[Wanted, _Resolved] = {}
        self._working: dict[Wanted, asyncio.Task[Found]] = {}
        self._slots = asyncio.Semaphore(workers)

    async def desired(
        self,
        app: Application,
        project: Project,
        sources: Sequence[AppSource],
        revisions: Sequence[str],
        live: LiveCluster,
        *,
        several: bool,
        anew: bool,
        hard: bool,
    ) -> Desired:
        """``anew``: what revisions mean is asked again; ``hard``: nothing comes from memory. Raises TargetsError."""
        refs = await self._references(app, sources, revisions, several=several, anew=anew)
        objects: list[Manifest] = []
        types: list[str] = []
        exact: list[str] = []
        for i, source in enumerate(sources):
            revision = revisions[i] if i < len(revisions) and len(revisions) == len(sources) else ""
            try:
                made, found = await self._one(
                    app, project, source, revision or source.revision, refs, live, several=several, anew=anew, hard=hard
                )
            except NoObjectError as error:
                tracking = self._world.tracking(
                    instance_name(app.ref, self._world.home), app.spec.destination.namespace
                )
                problem = without_kind(stamp(error.found, tracking))
                text = f"failed to unmarshal manifests for source {i + 1} of {len(sources)}: {problem}"
                raise TargetsError(text) from error
            except SourceError as error:
                raise self._told(i, len(sources), error.message, error.code) from error
            except HoldfastError as error:
                raise self._told(i, len(sources), error.message, "Unknown") from error
            exact.append(found.revision)
            if made is None:
                types.append("")
                continue
            objects += made.objects
            types.append(made.type)
        return Desired(tuple(objects), tuple(types), tuple(exact))

    async def local(self, app: Application, project: Project, tree: Tree, live: LiveCluster) -> Desired:
        """The first source, of files that somebody brought in place of the repository's. Raises SourceError."""
        source = app.spec.sources[0]
        brought = Manifests(tree, "brought along")
        found = Found(source.revision)
        request = await self._request(app, project, source, found, brought, {}, live, app.spec.several)
        async with self._slots:
            made = await asyncio.to_thread(render_source, request)
        return Desired(made.objects, (made.type,), (found.revision,))

    @staticmethod
    def _told(i: int, n: int, text: str, code: str) -> TargetsError:
        return TargetsError(
            f"failed to generate manifest for source {i + 1} of {n}: rpc error: code = {code} desc = {text}"
        )

    async def _one(
        self,
        app: Application,
        project: Project,
        source: AppSource,
        revision: str,
        refs: Mapping[str, Referenced],
        live: LiveCluster,
        *,
        several: bool,
        anew: bool,
        hard: bool,
    ) -> tuple[RenderedSource | None, Found]:
        wanted, entrance = self.wanted(source, revision, project.name)
        found = await self.resolve(wanted, entrance, anew=anew)
        if hard:
            self._source.forget(wanted, found)
        manifests = await self._fetch(wanted, found, entrance)
        if source.only_ref:
            return None, found
        request = await self._request(app, project, source, found, manifests, refs, live, several)
        known = None if hard else self.memo.known(request)
        if known is not None:
            return known, found
        async with self._slots:
            return await asyncio.to_thread(self.memo.render, request, fresh=hard), found

    def wanted(self, source: AppSource, revision: str, project: str) -> tuple[Wanted, Entrance]:
        repository = self._world.repository(source, project)
        oci = repository.oci or (bool(source.chart) and "://" not in source.url)
        return (
            Wanted(source.url, revision, source.chart, source.tag_prefix, oci=oci),
            entrance_of(repository),
        )

    async def resolve(self, wanted: Wanted, entrance: Entrance, *, anew: bool) -> Found:
        """What a revision means; asked once for all who ask at the same time. Raises ManifestsError."""
        known = self._resolved.get(wanted)
        now = asyncio.get_running_loop().time()
        if known is not None and not anew and now - known.at < RESOLVED_SECONDS:
            return known.found
        task = self._working.get(wanted)
        if task is not None and anew:
            # What is under way may have been asked before the push that we were told of: the next asking is ours.
            await asyncio.wait({task})
            task = self._working.get(wanted)
        if task is None:
            task = asyncio.create_task(asyncio.to_thread(self._source.resolve, wanted, entrance))
            self._working[wanted] = task
            task.add_done_callback(lambda _: self._working.pop(wanted, None))
        try:
            found = await asyncio.shield(task)
        except UnknownRevision:
            self._resolved.pop(wanted, None)
            raise
        self._resolved[wanted] = _Resolved(found, asyncio.get_running_loop().time())
        return found

    def forget(self, url: str) -> None:
        """Somebody pushed: what revisions of the repository mean is asked again."""
        for wanted in [w for w in self._resolved if w.url == url]:
            del self._resolved[wanted]

    async def _fetch(self, wanted: Wanted, found: Found, entrance: Entrance) -> Manifests:
        async with self._slots:
            return await asyncio.to_thread(self._source.manifests, wanted, found, entrance)

    async def _references(
        self, app: Application, sources: Sequence[AppSource], revisions: Sequence[str], *, several: bool, anew: bool
    ) -> dict[str, Referenced]:
        refs: dict[str, Referenced] = {}
        _check_names([source.ref for source in sources if source.ref] if several else [])
        for i, source in enumerate(sources if several else ()):
            if not source.ref:
                continue
            revision = revisions[i] if len(revisions) == len(sources) and revisions[i] else source.revision
            if source.chart:
                refs[f"${source.ref}"] = Referenced(None, "", is_chart=True)
                continue
            wanted, entrance = self.wanted(source, revision, app.spec.project)
            try:
                found = await self.resolve(wanted, entrance, anew=anew)
                manifests = await self._fetch(wanted, found, entrance)
            except ManifestsError as error:
                del error
                problem = f"failed to get git client for repo {source.url}"
                refs[f"${source.ref}"] = Referenced(None, "", problem=problem)
                continue
            refs[f"${source.ref}"] = Referenced(manifests.tree, manifests.identity)
        return refs

    async def _request(
        self,
        app: Application,
        project: Project,
        source: AppSource,
        found: Found,
        manifests: Manifests,
        refs: Mapping[str, Referenced],
        live: LiveCluster,
        several: bool,
    ) -> SourceRequest:
        settings = self._world.settings
        instance = instance_name(app.ref, self._world.home)
        namespace = app.spec.destination.namespace
        return SourceRequest(
            name=instance,
            namespace=namespace,
            source=source,
            tree=manifests.tree,
            tree_identity=manifests.identity,
            reread=read_source,
            fault=fault,
            environment=environment(instance, namespace, app.spec.project, source, found.revision),
            refs=refs,
            several=several,
            kube_version=await live.kube_version(),
            api_versions=await live.api_versions(),
            settings=ToolSettings(
                settings.kustomize_options, settings.value_schemes, settings.enabled, settings.kustomize_versions
            ),
            override_files=override_files(instance),
            fixed_fields=FIXED_FIELDS,
            skip_marker=SKIP_MARKER,
            doors=self._doors(project),
        )

    def _doors(self, project: Project) -> Doors:
        def file(url: str) -> bytes:
            try:
                return self._source.file(url)
            except ManifestsError as error:
                raise SourceError(error.message) from error

        def chart(repository: str, name: str, version: str) -> bytes:
            try:
                return self._source.archive(repository, name, version, self._world.entrance(repository, project.name))
            except HoldfastError as error:
                raise SourceError(error.message) from error

        remote = self._bases.options([]) if self._bases is not None else BuildOptions()
        return Doors(
            file=file,
            chart=chart,
            base=remote.fetch,
            resource=remote.fetch_file,
            refused=lambda url: not project.permits_source(url),
        )

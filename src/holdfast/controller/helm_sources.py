"""HelmRepositories: their index is fetched when asked, due or changed, and offered as an artifact.

In: keys of HelmRepository objects. Out: their status, events and artifacts, as Flux's source-controller gives them. A
repository of type oci is only an address: nothing is fetched and nothing said about it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import replace
from pathlib import Path

from holdfast.base.errors import HoldfastError
from holdfast.controller.manager import WHEN_CHANGED, Requeue
from holdfast.controller.patch import ObjectWriter
from holdfast.controller.source_run import SourceReconciler, SourceRun, authentication_failed
from holdfast.dialects.flux import helmrepository as flux
from holdfast.dialects.flux.gitrepository import FINALIZER
from holdfast.dialects.flux.secret_data import CredentialsInvalid, basic_auth, trust
from holdfast.dialects.flux.source_status import (
    FETCH_FAILED,
    HELM_REPOSITORY,
    STORAGE_FAILED,
    Ending,
    SourceFailure,
    Told,
)
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef
from holdfast.kube.yaml.errors import YAMLError
from holdfast.source import helm_repository
from holdfast.source.helm_index import index_pieces
from holdfast.source.helm_repository import Access
from holdfast.source.http import WayOut
from holdfast.source.oci import Address, Login, logins

_NOTE = "validators"


class HelmRepositories(SourceReconciler):
    """The reconciler of HelmRepository objects."""

    gvk: GroupVersionKind = flux.GVK

    def run_of(self, ref: ObjectRef, obj: Manifest, writer: ObjectWriter) -> SourceRun:
        return _Run(self, ref, obj, writer)

    async def act(self, ref: ObjectRef, obj: Manifest, writer: ObjectWriter) -> Requeue:
        if not flux.read(obj).oci:
            return await super().act(ref, obj, writer)
        # It may have been of the other type before.
        await self.artifacts.remove_all(ref)
        await writer.remove_finalizer(FINALIZER)
        await writer.status({})
        return WHEN_CHANGED


class _Run(SourceRun):
    conditions = HELM_REPOSITORY

    def __init__(self, owner: SourceReconciler, ref: ObjectRef, obj: Manifest, writer: ObjectWriter) -> None:
        super().__init__(owner, ref, obj, writer)
        self.source = flux.read(obj)
        self._validators: dict[str, str] = {}

    @property
    def interval(self) -> float:
        return self.source.interval

    async def steps(self) -> Told | None:
        if self.source.url.startswith("oci://"):
            raise _stalled(
                "invalid Helm repository URL: 'oci' URL scheme cannot be used with 'default' HelmRepository type",
                "URLInvalid",
            )
        access = await access_of(self, self.source)
        with self.artifacts.workspace(self.ref) as work:
            revision = await self._fetch(work / "index", access)
            if revision != self.status.revision:
                await self._store(work, revision)
            if self._validators:
                self._remember()
        self.status.conditions.delete(FETCH_FAILED)
        self.status.stored(f"stored artifact: revision '{revision}'")
        size = helm_repository.human_size(int((self.status.artifact or {}).get("size") or 0))
        return self.stored_told(f"stored fetched index of size {size} from '{self.source.url}'")

    async def _fetch(self, target: Path, access: Access) -> str:
        """The revision of the index; where it is another one, ``target`` has it."""
        known = self._known()
        try:
            found = await asyncio.to_thread(_download, self.source.url, access, target, known)
        except HoldfastError as error:
            text = f"failed to fetch Helm repository index: failed to cache index to temporary file: {error.message}"
            raise SourceFailure(text, reason="Failed", condition=FETCH_FAILED) from error
        if found is None:
            return str(self.status.revision)
        self._validators = {"url": self.source.url, "revision": found.revision, **found.validators}
        return found.revision

    def _known(self) -> dict[str, str]:
        """What the server said about the index whose artifact we have."""
        with contextlib.suppress(OSError, ValueError):
            note = json.loads(self.artifacts.note(self.ref, _NOTE).read_text())
            if (note.pop("url"), note.pop("revision")) == (self.source.url, self.status.revision):
                return dict(note)
        return {}

    def _remember(self) -> None:
        """For the next time, also after a restart. Where it cannot be written, the index is fetched again."""
        with contextlib.suppress(OSError):
            self.artifacts.note(self.ref, _NOTE).write_text(json.dumps(self._validators))

    async def _store(self, work: Path, revision: str) -> None:
        try:
            await asyncio.to_thread(_to_json, work / "index", work / "json")
        except (HoldfastError, ValueError) as error:
            message = error.message if isinstance(error, HoldfastError) else str(error)
            message = f"error converting YAML to JSON: {message}" if isinstance(error, YAMLError) else message
            text = f"failed to load Helm repository from index YAML: failed to load index: {message}"
            raise SourceFailure(text, reason="IndexationFailed", condition=FETCH_FAILED) from error
        self.status.outdated("NewRevision", f"new index revision '{revision}'", known=self.status.artifact is not None)
        try:
            name = f"index-{revision.removeprefix('sha256:')}.yaml"
            artifact = await self.artifacts.store_file(self.ref, name, work / "json", revision)
            url = await self.artifacts.link(self.ref, artifact, "index.yaml")
        except OSError as error:
            text = f"unable to save artifact to storage: {error}"
            raise SourceFailure(text, reason="ArchiveOperationFailed", condition=STORAGE_FAILED) from error
        self.status.record({"artifact": artifact, "url": url})


def _download(url: str, access: Access, target: Path, known: dict[str, str]) -> helm_repository.Fetched | None:
    with target.open("wb") as file:
        return helm_repository.download_index(url, access, file, known=known)


def _to_json(source: Path, target: Path) -> None:
    with helm_repository.opened(source) as index, target.open("wb") as file:
        file.writelines(index_pieces(index))


def _stalled(text: str, reason: str) -> SourceFailure:
    return SourceFailure(text, reason=reason, condition=FETCH_FAILED, ending=Ending.STALLED)


async def access_of(run: SourceRun, source: flux.HelmRepository) -> Access:
    """The credentials of a repository, for a run on any object of its namespace. Raises SourceFailure."""
    if source.provider != "generic":
        raise run.unsupported(f"spec.provider '{source.provider}'")
    username = password = ""
    way = await _way_of(run, source)
    if source.secret:
        place = f"{run.ref.namespace}/{source.secret}"
        data = await run.secret(source.secret, f"failed to get authentication secret '{place}': ")
        try:
            username, password = basic_auth(data, place)
        except CredentialsInvalid as error:
            raise authentication_failed(f"failed to detect authentication methods: {error.message}") from error
    return Access(username, password, source.pass_credentials, way)


async def _way_of(run: SourceRun, source: flux.HelmRepository) -> WayOut:
    if not source.cert_secret:
        return WayOut(timeout=source.timeout)
    place = f"{run.ref.namespace}/{source.cert_secret}"
    data = await run.secret(source.cert_secret, f"failed to get TLS authentication secret '{place}': ")
    try:
        found = trust(data, place)
    except CredentialsInvalid as error:
        raise authentication_failed(f"failed to construct Helm client's TLS config: {error.message}") from error
    return WayOut(found.ca, found.certificate, found.key, timeout=source.timeout)


async def login_of(run: SourceRun, source: flux.HelmRepository, address: Address) -> tuple[Login | None, WayOut]:
    """How to reach a repository of type oci: a user and password, or a docker config. Raises SourceFailure."""
    if source.secret:
        data = await run.secret(
            source.secret, f"failed to get authentication secret '{run.ref.namespace}/{source.secret}': "
        )
        if ".dockerconfigjson" in data:
            try:
                found = logins(data[".dockerconfigjson"]).of(address.host, address.repository)
            except HoldfastError as error:
                raise authentication_failed(error.message) from error
            access = await access_of(run, replace(source, secret=""))
            return found, access.way
    access = await access_of(run, source)
    return (Login(access.username, access.password) if access.username else None), access.way

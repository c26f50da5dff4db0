"""OCIRepositories: pulled when asked, due or changed, and offered as artifacts.

In: keys of OCIRepository objects. Out: their status, events and artifacts, as Flux's source-controller gives them. The
registry is spoken to by ``source`` in a thread; what the status says is decided in ``dialects``.
"""

from __future__ import annotations

import asyncio
import re
import tarfile
from collections.abc import Callable, Mapping
from typing import TypeVar

from holdfast.base.errors import HoldfastError
from holdfast.base.tree import walk
from holdfast.cluster.errors import ApiError, NotFound
from holdfast.controller.artifacts import read_tarball
from holdfast.controller.patch import ObjectWriter
from holdfast.controller.source_run import SourceReconciler, SourceRun, authentication_failed, secret_data
from holdfast.dialects.flux import ocirepository as flux
from holdfast.dialects.flux.secret_data import CredentialsInvalid, trust
from holdfast.dialects.flux.source_status import (
    FETCH_FAILED,
    OCI,
    SOURCE_VERIFIED,
    STORAGE_FAILED,
    Ending,
    SourceFailure,
    Told,
)
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef
from holdfast.model.source import Snapshot
from holdfast.source import ignore
from holdfast.source.http import WayOut
from holdfast.source.oci import HELM_LAYER, Address, Artifact, InvalidAddress, Logins, Repository, highest_tag, logins

T = TypeVar("T")
_DIGEST = re.compile(r"[a-z0-9]+:[0-9a-f]{64}")
_READ, _PULL, _LAYER = "ReadOperationFailed", "OCIArtifactPullFailed", "OCIArtifactLayerOperationFailed"


class OCIRepositories(SourceReconciler):
    """The reconciler of OCIRepository objects."""

    gvk: GroupVersionKind = flux.GVK

    def run_of(self, ref: ObjectRef, obj: Manifest, writer: ObjectWriter) -> SourceRun:
        return _Run(self, ref, obj, writer)


class _Run(SourceRun):
    conditions = OCI

    def __init__(self, owner: SourceReconciler, ref: ObjectRef, obj: Manifest, writer: ObjectWriter) -> None:
        super().__init__(owner, ref, obj, writer)
        self.source = flux.read(obj)

    @property
    def interval(self) -> float:
        return self.source.interval

    async def steps(self) -> Told | None:
        self._refuse_what_is_not_built()
        repository = await self._repository()
        tag, revision = await self._revision(repository)
        if revision != self.status.revision:
            shown = f"{repository.address.host}/{repository.address.repository}"
            shown += f":{tag}" if tag else f"@{revision}"
            self.status.outdated(
                "NewRevision", f"new revision '{revision}' for '{shown}'", known=self.status.artifact is not None
            )
        if revision != self.status.revision or flux.content_changed(self.source, self.status.fields):
            await self._pull(repository, revision)
        self.status.conditions.delete(FETCH_FAILED)
        self.status.stored(f"stored artifact for digest '{revision}'")
        return self.stored_told(flux.stored_text(self.source.url, self.status.artifact or {}))

    def _refuse_what_is_not_built(self) -> None:
        if self.source.provider != "generic" and not self.source.secret:
            raise self.unsupported(f"spec.provider '{self.source.provider}'")
        if self.source.verified_by:
            # An artifact whose signature nobody checked must not look verified.
            raise self.unsupported(f"spec.verify with provider '{self.source.verified_by}'")
        self.status.conditions.delete(SOURCE_VERIFIED)

    # -- access -------------------------------------------------------------------------------------------------------

    async def _repository(self) -> Repository:
        login_by_host = await self._logins()
        way = await self._way()
        try:
            address = Address.parse(self.source.url)
        except InvalidAddress as error:
            raise SourceFailure(
                f"URL validation failed for '{self.source.url}': {error.message}",
                reason="URLInvalid",
                condition=FETCH_FAILED,
                ending=Ending.STALLED,
            ) from error
        return Repository(
            address, login_by_host.of(address.host, address.repository), insecure=self.source.insecure, way=way
        )

    async def _logins(self) -> Logins:
        found = Logins()
        for name in [*await self._pull_secrets(), self.source.secret]:
            if not name:
                continue
            data = await self._login_secret(name)
            try:
                found.update(logins(data.get(".dockerconfigjson", b"")))
            except HoldfastError as error:
                raise authentication_failed(f"failed to get credential: {error.message}") from error
        return found

    async def _login_secret(self, name: str) -> Mapping[str, bytes]:
        try:
            return await secret_data(self.owner.client, self.ref.namespace, name)
        except ApiError as error:
            self.tell(Told("AuthenticationFailed", f"auth secret '{name}' not found"))
            text = f"failed to get credential: failed to get secret '{self.ref.namespace}/{name}': {error.message}"
            raise authentication_failed(text) from error

    async def _pull_secrets(self) -> list[str]:
        name = self.source.service_account
        if not name or self.source.secret:
            return []
        try:
            account = await self.owner.client.get(
                ObjectRef("", "ServiceAccount", self.ref.namespace, name), version="v1"
            )
        except NotFound as error:
            text = f"failed to get credential: serviceaccount '{self.ref.namespace}/{name}' not found"
            raise authentication_failed(text) from error
        except ApiError as error:
            raise authentication_failed(f"failed to get credential: {error.message}") from error
        return [str(s.get("name")) for s in account.get("imagePullSecrets") or ()]

    async def _way(self) -> WayOut:
        proxy = ""
        if self.source.proxy_secret:
            proxy = await self.proxy(self.source.proxy_secret, "failed to get proxy address: ")
        if not self.source.cert_secret:
            return WayOut(proxy=proxy, timeout=self.source.timeout)
        place, prefix = f"{self.ref.namespace}/{self.source.cert_secret}", "failed to generate transport for"
        try:
            data = await secret_data(self.owner.client, self.ref.namespace, self.source.cert_secret)
            found = trust(data, place)
        except NotFound as error:
            text = f"{prefix} '{self.source.url}': secret '{place}' not found"
            raise authentication_failed(text) from error
        except (ApiError, CredentialsInvalid) as error:
            raise authentication_failed(f"{prefix} '{self.source.url}': {error.message}") from error
        return WayOut(found.ca, found.certificate, found.key, proxy=proxy, timeout=self.source.timeout)

    # -- pulling ------------------------------------------------------------------------------------------------------

    async def _revision(self, repository: Repository) -> tuple[str, str]:
        """The tag that is followed, empty for a digest, and the revision."""
        if self.source.digest:
            if not _DIGEST.fullmatch(self.source.digest):
                text = f'failed to determine artifact digest: cannot parse hash: "{self.source.digest}"'
                raise SourceFailure(text, reason=_PULL, condition=FETCH_FAILED)
            return "", self.source.digest
        tag = self.source.tag or "latest"
        if self.source.semver:
            tag = await _in_thread(
                lambda: highest_tag(
                    repository.tags(),
                    self.source.semver,
                    pattern=self.source.semver_filter,
                    chart=self.source.media_type == HELM_LAYER,
                ),
                f"failed to determine the artifact tag for '{self.source.url}': ",
                _READ,
            )
        digest = await _in_thread(lambda: repository.digest(tag), "failed to determine artifact digest: ", _PULL)
        return tag, f"{tag}@{digest}"

    async def _pull(self, repository: Repository, revision: str) -> None:
        reference = revision.rpartition("@")[2]
        found = await _in_thread(
            lambda: repository.artifact(reference), f"failed to pull artifact from '{self.source.url}': ", _PULL
        )
        data = await self._layer(repository, found)
        self.status.conditions.delete(FETCH_FAILED)
        try:
            artifact = await self._store(data, revision, found)
        except OSError as error:
            what = "copy" if self.source.copies else "archive"
            text = f"unable to {what} artifact to storage: {error}"
            raise SourceFailure(text, reason="ArchiveOperationFailed", condition=STORAGE_FAILED) from error
        url = await self.artifacts.link(self.ref, artifact, "latest.tar.gz")
        self.status.record({"artifact": artifact, "url": url, **flux.observations(self.source)})

    async def _layer(self, repository: Repository, found: Artifact) -> bytes:
        if not found.layers:
            raise _layer_failed("no layers found in artifact")
        wanted = self.source.media_type
        layer = next((x for x in found.layers if not wanted or x.media_type == wanted), None)
        if layer is None:
            raise _layer_failed(f"failed to find layer with media type '{wanted}' in artifact")
        return await _in_thread(
            lambda: repository.blob(layer), "failed to extract the first layer from artifact: ", _LAYER
        )

    async def _store(self, data: bytes, revision: str, found: Artifact) -> dict[str, object]:
        name = f"{revision.rpartition(':')[2]}.tar.gz"
        if self.source.copies:
            return await self.artifacts.store_bytes(self.ref, name, data, revision, found.annotations)
        try:
            snapshot = await asyncio.to_thread(self._snapshot, data, revision)
        except (tarfile.TarError, EOFError, OSError) as error:
            raise _layer_failed(f"failed to extract layer contents from artifact: {error}") from error
        return await self.artifacts.store(self.ref, name, snapshot, found.annotations)

    def _snapshot(self, data: bytes, revision: str) -> Snapshot:
        tree = read_tarball(data)
        files = [p for p, _ in walk(tree) if p.rpartition("/")[2] == ignore.FILE_NAME]
        patterns = ignore.plain_rules(tree, self.source.ignore, files)
        identity = f"{revision.rpartition('@')[2]}+{self.source.ignore}"
        return Snapshot(revision, ignore.FilteredTree(tree, patterns), identity)


def _layer_failed(text: str) -> SourceFailure:
    return SourceFailure(text, reason=_LAYER, condition=FETCH_FAILED)


async def _in_thread(work: Callable[[], T], prefix: str, reason: str) -> T:
    try:
        return await asyncio.to_thread(work)
    except HoldfastError as error:
        raise SourceFailure(f"{prefix}{error.message}", reason=reason, condition=FETCH_FAILED) from error

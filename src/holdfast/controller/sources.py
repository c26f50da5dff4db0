"""GitRepositories: fetched when asked, due or changed, and offered as artifacts.

In: keys of GitRepository objects. Out: their status, events and artifacts, as Flux's source-controller gives them. What
Git does happens in ``source`` in a thread; what the status says is decided in ``dialects``; here the two meet.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from holdfast.base.clock import Clock
from holdfast.base.errors import HoldfastError
from holdfast.cluster.client import Client
from holdfast.cluster.errors import ApiError
from holdfast.cluster.informer import Informer
from holdfast.controller.artifacts import ArtifactStore
from holdfast.controller.events import EventRecorder
from holdfast.controller.includes import CopyFailed, place
from holdfast.controller.patch import ObjectWriter
from holdfast.controller.source_run import SourceReconciler, SourceRun, authentication_failed, secret_data
from holdfast.dialects.flux import gitrepository as flux
from holdfast.dialects.flux.secret_data import CredentialsInvalid
from holdfast.dialects.flux.source_status import (
    ARTIFACT_OUTDATED,
    FETCH_FAILED,
    GIT,
    INCLUDE_UNAVAILABLE,
    SOURCE_VERIFIED,
    STORAGE_FAILED,
    Ending,
    SourceFailure,
    Told,
)
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef
from holdfast.model.source import Credentials, Snapshot
from holdfast.source import ignore
from holdfast.source.git import GitStore
from holdfast.source.git.tree import MountedTree

C = TypeVar("C")
_GIT_FAILED = "GitOperationFailed"


class GitRepositories(SourceReconciler):
    """The reconciler of GitRepository objects."""

    gvk: GroupVersionKind = flux.GVK

    def __init__(
        self,
        client: Client,
        objects: Informer[Manifest],
        git: GitStore,
        artifacts: ArtifactStore,
        events: EventRecorder,
        clock: Clock,
        *,
        requeue_dependency: float = 30.0,
    ) -> None:
        super().__init__(client, objects, artifacts, events, clock, requeue_dependency=requeue_dependency)
        self.git = git

    def run_of(self, ref: ObjectRef, obj: Manifest, writer: ObjectWriter) -> SourceRun:
        return _Run(self, ref, obj, writer)

    async def past(self, ref: ObjectRef, revision: str) -> Snapshot | None:
        """What a source was at a revision, out of the mirror; None where that is not at hand."""
        obj = self.objects.get(ref) if ref.kind == flux.KIND else None
        if obj is None:
            return None
        source = flux.read(obj)
        label, _, digest = revision.rpartition("@")
        if source.include:
            return None
        return await asyncio.to_thread(self.git.at, source.git, digest.rpartition(":")[2], label)


class _Run(SourceRun):
    """One reconciliation of one GitRepository."""

    conditions = GIT
    tells_what_it_waits_for = True

    def __init__(self, owner: GitRepositories, ref: ObjectRef, obj: Manifest, writer: ObjectWriter) -> None:
        super().__init__(owner, ref, obj, writer)
        self._git = owner.git
        self.source = flux.read(obj)

    @property
    def interval(self) -> float:
        return self.source.interval

    async def steps(self) -> Told | None:
        if self.status.conditions.is_false(SOURCE_VERIFIED):
            self.status.conditions.delete(SOURCE_VERIFIED)
        credentials = await self._credentials()
        included = self._included()
        if flux.includes_differ(included, self.status.fields):
            self.status.outdated(
                "IncludeChange",
                "included artifacts differ from last observed includes",
                known=bool(self.status.fields.get("includedArtifacts")),
            )
        self.status.conditions.delete(ARTIFACT_OUTDATED)
        snapshot = await self._fetch(credentials)
        if self._unchanged(snapshot, included):
            return self._nothing_new(snapshot)
        return await self._new(snapshot, included)

    # -- what is needed first -----------------------------------------------------------------------------------------

    async def _credentials(self) -> Credentials | None:
        proxy = ""
        if self.source.proxy_secret:
            proxy = await self.proxy(self.source.proxy_secret, "failed to configure proxy options: ")
        if self.source.provider == "github" and not self.source.secret:
            raise SourceFailure(
                "secretRef with github app data must be specified when provider is set to github",
                reason="InvalidProviderConfiguration",
                condition=FETCH_FAILED,
                ending=Ending.STALLED,
            )
        if self.source.provider in ("azure", "aws", "github"):
            raise SourceFailure(
                f"spec.provider '{self.source.provider}' is not supported by Holdfast yet; use a Secret with a token",
                reason="InvalidProviderConfiguration",
                condition=FETCH_FAILED,
                ending=Ending.STALLED,
            )
        secret: Mapping[str, bytes] = {}
        if self.source.secret:
            name = f"{self.ref.namespace}/{self.source.secret}"
            secret = await self.secret(self.source.secret, f"failed to get secret '{name}': " * 2)
        if not secret and not self.source.git.url.startswith("ssh:"):
            return Credentials(proxy=proxy) if proxy else None
        return self._checked(lambda: flux.credentials(self.source.git.url, secret, proxy))

    def _checked(self, make: Callable[[], C]) -> C:
        try:
            return make()
        except CredentialsInvalid as error:
            raise authentication_failed(f"failed to configure authentication options: {error.message}") from error

    def _included(self) -> list[Mapping[str, Any]]:
        found = []
        for include in self.source.include:
            other = self.owner.objects.get(self.ref._replace(name=include.name))
            if other is None:
                text = f'GitRepository.source.toolkit.fluxcd.io "{include.name}" not found'
                raise self._unavailable("NotFound", f"could not get resource for include '{include.name}': {text}")
            artifact = (other.get("status") or {}).get("artifact")
            if not artifact:
                raise self._unavailable("NoArtifact", f"no artifact available for include '{include.name}'")
            found.append(artifact)
        self.status.conditions.delete(INCLUDE_UNAVAILABLE)
        return found

    def _unavailable(self, reason: str, message: str) -> SourceFailure:
        return SourceFailure(message, reason=reason, condition=INCLUDE_UNAVAILABLE, ending=Ending.WAITING)

    # -- fetching -----------------------------------------------------------------------------------------------------

    @property
    def _lists_first(self) -> bool:
        """With an artifact the tip of a branch, tag or name is looked at before anything is fetched."""
        ref = self.source.git.ref
        pinned = not ref.name and (ref.commit or (ref.semver and not ref.tag))
        return self.status.artifact is not None and not pinned

    async def _fetch(self, credentials: Credentials | None) -> Snapshot:
        try:
            snapshot = await asyncio.to_thread(
                self._git.fetch,
                self.source.git,
                credentials,
                known=self._lists_first,
                observed=self.status.revision if self._lists_first else "",
            )
        except HoldfastError as error:
            prefix = "" if error.reason else "failed to checkout and determine revision: "
            reason = error.reason or _GIT_FAILED
            raise SourceFailure(f"{prefix}{error.message}", reason=reason, condition=FETCH_FAILED) from error
        if self.source.git.ref.name == "HEAD":
            # A symbolic reference has no id of its own in a listing, and Flux looks no further.
            text = f"failed to checkout and determine revision: unable to resolve commit object for '{'0' * 40}'"
            raise SourceFailure(f"{text}: object not found", reason=_GIT_FAILED, condition=FETCH_FAILED)
        self.status.conditions.delete(FETCH_FAILED)
        return snapshot

    def _unchanged(self, snapshot: Snapshot, included: Sequence[Mapping[str, Any]]) -> bool:
        return (
            self._lists_first
            and snapshot.revision == self.status.revision
            and not flux.content_changed(self.source, self.status.fields, included)
        )

    def _nothing_new(self, snapshot: Snapshot) -> Told | None:
        self.status.stored(f"stored artifact for revision '{snapshot.revision}'")
        self._offer(snapshot)
        if self.status.recovered:
            annotations = self.annotations()
            text = f"stored artifact for commit '{snapshot.revision}'"
            self.tell(Told("Succeeded", text, annotations=annotations))
        return Told(
            "GitOperationSucceeded", f"no changes since last reconciliation: observed revision '{snapshot.revision}'"
        )

    def _offer(self, snapshot: Snapshot) -> None:
        # With includes the artifact is more than the repository: then the stored file is what counts.
        if not self.source.include:
            self.artifacts.offer(self.ref, snapshot)

    async def _new(self, snapshot: Snapshot, included: Sequence[Mapping[str, Any]]) -> Told | None:
        await self._verify(snapshot)
        if self.status.revision != snapshot.revision:
            self.status.outdated(
                "NewRevision", f"new upstream revision '{snapshot.revision}'", known=self.status.artifact is not None
            )
        current = self.status.revision == snapshot.revision
        if not current or flux.content_changed(self.source, self.status.fields, included):
            await self._store(snapshot, included)
        else:
            self._offer(snapshot)
        self.status.stored(f"stored artifact for revision '{snapshot.revision}'")
        message = snapshot.commit.message if snapshot.commit else snapshot.revision
        text = f"stored artifact for commit '{flux.subject(message)}'"
        return self.stored_told(text)

    async def _store(self, snapshot: Snapshot, included: Sequence[Mapping[str, Any]]) -> None:
        name = f"{snapshot.commit.id if snapshot.commit else snapshot.identity}.tar.gz"
        try:
            whole = await self._with_includes(snapshot, included)
            artifact = await self.artifacts.store(self.ref, name, whole)
        except CopyFailed as error:
            raise SourceFailure(error.message, reason="CopyFailure", condition=STORAGE_FAILED) from error
        except OSError as error:
            text = f"unable to archive artifact to storage: {error}"
            raise SourceFailure(text, reason="ArchiveOperationFailed", condition=STORAGE_FAILED) from error
        self.status.record({"artifact": artifact, **flux.observations(self.source, included)})

    async def _with_includes(self, snapshot: Snapshot, included: Sequence[Mapping[str, Any]]) -> Snapshot:
        tree = snapshot.tree
        for include, artifact in zip(self.source.include, included, strict=True):
            other = await self.artifacts.snapshot(self.ref._replace(name=include.name), artifact)
            try:
                if other is None:
                    raise CopyFailed(f"artifact {artifact.get('path')} is not in storage")
                mounted, below = place(tree, include.to_path, other.tree, include.from_path)
            except CopyFailed as error:
                raise CopyFailed(
                    f"failed to copy '{include.name}' include from {include.from_path} to {include.to_path}: {error}"
                ) from error
            tree = MountedTree(tree, {mounted: below})
        if self.source.include:
            tree = ignore.FilteredTree(tree, ignore.rules_of(tree, self.source.git.ignore, []))
        identity = "+".join([snapshot.identity, *(str(a.get("digest")) for a in included)])
        return replace(snapshot, tree=tree, identity=identity)

    # -- verification -------------------------------------------------------------------------------------------------

    async def _verify(self, snapshot: Snapshot) -> None:
        wanted = self.source.verify
        if wanted is None:
            self.status.record({"sourceVerificationMode": None})
            self.status.conditions.delete(SOURCE_VERIFIED)
            return
        from holdfast.controller.verify import VerificationFailed, verify  # with its ciphers, only for who verifies

        try:
            keys = await secret_data(self.owner.client, self.ref.namespace, wanted.secret)
        except ApiError as error:
            text = f"public keys secret error: {error.message}"
            raise SourceFailure(text, reason="VerificationError", condition=SOURCE_VERIFIED, bad=False) from error
        try:
            text = verify(snapshot.commit, list(keys.values()), head=wanted.head, tag=wanted.tag)
        except VerificationFailed as error:
            ending = Ending.STALLED if error.reason == "InvalidVerificationMode" else Ending.FAILED
            raise SourceFailure(
                error.message, reason=error.reason, condition=SOURCE_VERIFIED, ending=ending, bad=False
            ) from error
        self.status.record({"sourceVerificationMode": wanted.mode})
        self.status.conditions.true(SOURCE_VERIFIED, "Succeeded", text)
        self.tell(Told("Succeeded", text))

"""What a release may lose at once: an upgrade that drops most of its objects, its end, and objects that hold others' data.

In: the objects of a release that are about to be deleted. Out: those that stay, or a refusal that names the next step. It is
asked before anything is stored or deleted. Helm itself has no such guard; where none is set, Helm's rules are all there is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from holdfast.apply.errors import HelmActionError
from holdfast.apply.helm_ground import Identity
from holdfast.apply.helm_objects import Objects, Resource
from holdfast.apply.prune import Found
from holdfast.base.errors import HoldfastError
from holdfast.cluster.client import Client
from holdfast.kube.refs import ObjectRef
from holdfast.model.delivery import UnitKey
from holdfast.model.plan import Action, Change, Reason
from holdfast.model.release import Snapshot
from holdfast.model.safety import Safety
from holdfast.plan.guard import Losses, refusal
from holdfast.reconcile.protect import protected
from holdfast.reconcile.prune import kept_message

HELD = "PruneHeld"
_HOLDERS = frozenset({"Namespace", "CustomResourceDefinition", "PersistentVolumeClaim", "PersistentVolume"})


class HelmGuard:
    """``client`` may look everywhere; ``tell`` says what is kept; ``ended`` is the consent that the release's end needs."""

    def __init__(
        self,
        safety: Safety,
        release: ObjectRef,
        client: Client,
        objects: Objects,
        tell: Callable[[str], None],
        ended: str,
    ) -> None:
        self._safety = safety
        self._release = release
        self._client = client
        self._objects = objects
        self._tell = tell
        self._ended = ended

    async def dropped(self, resources: Sequence[Resource], *, had: int, wanted: int, chart: str) -> frozenset[Identity]:
        """Those of an upgrade that stay. Raises `HelmActionError` where it would drop too much."""
        lost = [(r, o) for r in resources if (o := await self._objects.live(r)) is not None]
        refs = tuple(sorted(r.ref for r, _ in lost))
        digest = hashlib.sha256("\n".join(map(str, refs)).encode()).hexdigest()
        revision = f"{chart}@sha256:{digest[:12]}"
        why = refusal(self._safety, _key(self._release), revision, Losses(refs, had, rendered=wanted))
        if why:
            raise HelmActionError(why)
        return await self._stays(resources, frozenset(refs), revision)

    async def ending(self, resources: Sequence[Resource]) -> frozenset[Identity]:
        """Those that outlive the release."""
        return await self._stays(resources, frozenset((*(r.ref for r in resources), self._release)), self._ended)

    async def _stays(
        self, resources: Sequence[Resource], leaving: frozenset[ObjectRef], revision: str
    ) -> frozenset[Identity]:
        if self._safety.consents(revision):
            return frozenset()
        found = [f for r in resources if r.gvk.kind in _HOLDERS and (f := await self._found(r)) is not None]
        stays = await protected(self._client, found, leaving)
        if stays:
            self._tell(kept_message(stays, revision))
        return frozenset(r.identity for r in resources if r.ref in stays)

    async def _found(self, resource: Resource) -> Found | None:
        change = Change(Action.DELETE, Reason.NOT_DESIRED, resource.ref, resource.gvk)
        try:
            live = await self._objects.live(resource)
        except HoldfastError as error:
            return Found(change, Action.DELETE, Reason.NOT_DESIRED, problem=error.message)
        return Found(change, Action.DELETE, Reason.NOT_DESIRED, live) if live is not None else None


def consent_of(latest: Snapshot | None) -> str:
    """What a consent to the end of a release has to name: the revision that runs."""
    return latest.digest if latest is not None else ""


def end_refused(safety: Safety, release: ObjectRef, objects: Sequence[ObjectRef], revision: str) -> str:
    """Why a release that was deleted, or is to be another one, stays for now; empty where it may go."""
    return refusal(safety, _key(release), revision, Losses(tuple(objects), len(objects)))


def _key(release: ObjectRef) -> UnitKey:
    return UnitKey(release.kind, release.namespace, release.name)

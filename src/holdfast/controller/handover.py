"""What the units know of each other when something is about to be deleted.

In: the index of units and their objects as they stand. Out: who renders an object now, what goes with a unit, which objects
delivery itself stands on, how much a commit has taken already. Decides nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from holdfast.base.errors import HoldfastError
from holdfast.controller import pruned
from holdfast.controller.manager import Manager
from holdfast.controller.prune_ledger import PruneLedger
from holdfast.controller.units_index import UnitIndex
from holdfast.controller.units_keys import sops_keys
from holdfast.dialects.flux import helmrelease as helm
from holdfast.dialects.flux import kustomization as flux
from holdfast.dialects.flux.kustomization_status import read_status
from holdfast.kube.refs import Manifest, ObjectRef
from holdfast.model.delivery import DeletionPolicy, Delivery, UnitKey
from holdfast.model.safety import Budget
from holdfast.model.source import Snapshot
from holdfast.reconcile import Runner, SourceState, World
from holdfast.reconcile.around import Alone, Keys, Promised
from holdfast.render.render import PathNotFound

SOURCES = "source.toolkit.fluxcd.io"
Read = Callable[[Manifest], Delivery]
Find = Callable[[Delivery], Awaitable[SourceState]]


class Neighbourhood(Alone):
    """``read`` makes a Delivery of a Kustomization object, with the operator's defaults, ``source`` finds what it is built
    from; ``home`` is our own namespace; ``age_secret`` holds keys for units that name none. ``runner`` has to be set."""

    runner: Runner

    def __init__(
        self,
        manager: Manager,
        index: UnitIndex,
        read: Read,
        source: Find,
        *,
        home: str,
        commit: Budget,
        age_secret: tuple[str, str] | None = None,
    ) -> None:
        self._manager = manager
        self._client = manager.client
        self._objects = manager.objects(flux.GVK)
        self._releases = manager.objects(helm.GVK)
        self._index = index
        self._read = read
        self._source = source
        self._home = home
        self._ledger = PruneLedger(manager.client, home, commit, manager.clock)
        self._age_secret = age_secret

    def claimed(self, ref: ObjectRef, unit: UnitKey) -> bool:
        return self._index.claimed(ref, unit)

    async def keys(self, delivery: Delivery) -> Keys | None:
        if delivery.policy.decryption is None:
            return None
        return await sops_keys(self._client, delivery, default=self._age_secret)

    async def recorded(self, world: World, doomed: Sequence[Manifest]) -> None:
        delivery, now = world.delivery, self._manager.clock.time()
        await pruned.keep(self._client, self._home, delivery.owner, delivery.key, world.applied, doomed, now=now)

    # --- who renders it

    async def promised(self, world: World, wanted: frozenset[ObjectRef], objects: Sequence[Manifest]) -> Promised:
        """Looks at the other units of the source, those that ``objects`` declare, and those that these declare in turn."""
        if world.deleting and world.source.snapshot is None:
            world = replace(world, source=await self._source(world.delivery))
        found = await self._promised(world, wanted, objects)
        for heir in set(found.heirs.values()):
            await self._manager.summon(ref_of(heir))
        return found

    async def _promised(self, world: World, wanted: frozenset[ObjectRef], objects: Sequence[Manifest]) -> Promised:
        snapshot = world.source.snapshot
        if snapshot is None:
            return Promised()
        heirs: dict[ObjectRef, UnitKey] = {}
        built: dict[UnitKey, bool] = {}
        waiting = deque(self._candidates(world.delivery, wanted, objects))
        # A deleted unit that is still declared somewhere comes back: it is its own heir.
        seen = set() if world.deleting else {_shape(world.delivery)}
        while waiting and not wanted <= heirs.keys():
            delivery = self._read(waiting.popleft())
            # A unit counts as it is and as this commit declares it: which of the two comes first is not known.
            if _shape(delivery) in seen or delivery.source != world.delivery.source or not _same_place(delivery, world):
                continue
            seen.add(_shape(delivery))
            found = await rendered(self.runner, delivery, snapshot)
            known = found is not None or delivery.policy.suspend
            built[delivery.key] = built.get(delivery.key, False) or known
            heirs |= {ObjectRef.of(o): delivery.key for o in found or () if ObjectRef.of(o) in wanted}
            waiting.extend(_placed(o, delivery.key.namespace) for o in found or () if _is_unit(o))
        return Promised(heirs, tuple(k for k, good in built.items() if not good))

    def _candidates(
        self, delivery: Delivery, wanted: frozenset[ObjectRef], objects: Sequence[Manifest]
    ) -> list[Manifest]:
        """Declared units first: they are newer than what the cluster has of them. Units that are themselves to go, because
        they are among those asked for, keep nothing; where another one declares them they are found in what it renders."""
        declared = [_placed(o, delivery.key.namespace) for o in objects if _is_unit(o)]
        known = [
            obj
            for key in sorted(self._index.of_source(delivery.source))
            if ref_of(key) not in wanted
            and (obj := self._objects.get(ref_of(key))) is not None
            and not obj["metadata"].get("deletionTimestamp")
        ]
        return [*declared, *known]

    # --- what goes with it

    def cascade(self, ref: ObjectRef, live: Manifest | None = None) -> frozenset[ObjectRef]:
        out = set(self._owned(ref, live)) - {ref}
        waiting = list(out)
        while waiting:
            for below in self._owned(waiting.pop()):
                if below not in out and below != ref:
                    out.add(below)
                    waiting.append(below)
        return frozenset(out)

    def _owned(self, ref: ObjectRef, live: Manifest | None = None) -> frozenset[ObjectRef]:
        if (ref.group, ref.kind) == (helm.GROUP, helm.KIND):
            release = live or self._releases.get(ref) or {}
            gone = not (release.get("spec") or {}).get("suspend")
            return frozenset(e.ref for e in read_status(release).inventory.entries) if gone else frozenset()
        obj = self._unit(ref, live)
        if obj is None:
            return frozenset()
        policy = self._read(obj).policy
        keeps = policy.deletion is DeletionPolicy.ORPHAN or (
            policy.deletion is DeletionPolicy.MIRROR_PRUNE and not policy.prune
        )
        if policy.suspend or keeps:
            return frozenset()
        return frozenset(e.ref for e in read_status(obj).inventory.entries)

    def consent_for(self, ref: ObjectRef) -> str:
        if (ref.group, ref.kind) == (helm.GROUP, helm.KIND):
            history = ((self._releases.get(ref) or {}).get("status") or {}).get("history") or ()
            return str(history[0].get("digest") or "") if history else ""
        obj = self._unit(ref)
        if obj is None:
            return ""
        if not self._read(obj).policy.safety.guarded or not self._owned(ref):
            return ""
        before = read_status(obj)
        return before.applied or before.attempted

    def _unit(self, ref: ObjectRef, live: Manifest | None = None) -> Manifest | None:
        return (live or self._objects.get(ref)) if (ref.group, ref.kind) == (flux.GROUP, flux.KIND) else None

    # --- what delivery stands on

    def exempt(self, ref: ObjectRef, world: World) -> str:
        key = world.delivery.key
        if ref == ref_of(key) and not world.deleting:
            return "it is the unit itself"
        if (ref.group, ref.kind, ref.name) == ("", "Namespace", self._home):
            return "it is the controller's own namespace"
        if ref.group != SOURCES or world.deleting:
            return ""
        source = UnitKey(ref.kind, ref.namespace, ref.name)
        users = [k for k in self._index.of_source(source) if not self._leaving(k)]
        return f"it is the source of {users[0].kind}/{users[0].name}" if key in users else ""

    def _leaving(self, key: UnitKey) -> bool:
        obj = self._objects.get(ref_of(key))
        return obj is None or bool(obj["metadata"].get("deletionTimestamp"))

    # --- what a commit has taken

    async def spend(self, source: UnitKey, revision: str, objects: int) -> tuple[int, int] | None:
        return await self._ledger.spend(str(source), revision, objects, total=self._index.objects_of(source))


def ref_of(key: UnitKey) -> ObjectRef:
    return ObjectRef(flux.GROUP, key.kind, key.namespace, key.name)


def _shape(delivery: Delivery) -> tuple[UnitKey, str]:
    return delivery.key, repr(delivery.build)


def _is_unit(obj: Manifest) -> bool:
    ref = ObjectRef.of(obj)
    return (ref.group, ref.kind) == (flux.GROUP, flux.KIND) and bool((obj.get("spec") or {}).get("sourceRef"))


def _placed(obj: Manifest, namespace: str) -> Manifest:
    """With a namespace: a build may leave it out."""
    meta = obj["metadata"]
    return obj if meta.get("namespace") else {**obj, "metadata": {**meta, "namespace": namespace}}


def _same_place(delivery: Delivery, world: World) -> bool:
    """Whether two units deliver to the same cluster."""
    one, other = delivery.policy.target, world.delivery.policy.target
    same = (one.kubeconfig_secret, one.kubeconfig_config_map) == (other.kubeconfig_secret, other.kubeconfig_config_map)
    return same and (not one.kubeconfig_secret or delivery.key.namespace == world.delivery.key.namespace)


async def rendered(runner: Runner, delivery: Delivery, snapshot: Snapshot) -> Sequence[Manifest] | None:
    """None where nobody can know what the unit renders; a path that is not there renders nothing."""
    try:
        return await runner.renders(World(delivery, SourceState(snapshot)))
    except HoldfastError as error:
        return () if isinstance(error.__cause__, PathNotFound) else None

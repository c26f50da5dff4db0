"""HelmReleases: bound to ``reconcile``, woken by whatever concerns them.

In: keys of HelmRelease objects. Out: releases, their status and events, as Flux's helm-controller gives them. What is next is
decided in ``reconcile``, done in ``apply``, worded in ``dialects``; here the parts meet, and releases are woken: by their own
declaration, their chart's source, what they depend on, the ConfigMaps and Secrets they take values from, and drift.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from holdfast.base.clock import Timer
from holdfast.cluster.client import Selectors
from holdfast.cluster.informer import LightObject, light
from holdfast.controller.artifacts import ArtifactStore
from holdfast.controller.events import EventRecorder
from holdfast.controller.manager import AT_ONCE, WHEN_CHANGED, Manager, Requeue, words
from holdfast.controller.patch import ObjectWriter
from holdfast.controller.release_office import Office, ReleaseSettings
from holdfast.controller.release_turn import Turn
from holdfast.controller.releases_index import ReleaseIndex
from holdfast.dialects.flux import helmrelease as flux
from holdfast.dialects.flux.conditions import said
from holdfast.dialects.flux.helmrelease_chart import CHART_KINDS, problem_of
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef
from holdfast.model.delivery import UnitKey

log = logging.getLogger(__name__)

JITTER = 0.05
DOUBLINGS = 6  # of the wait before drift is looked at, for those who are undone again and again
WORKERS = 512
WATCHED = Selectors(labels="reconcile.fluxcd.io/watch=Enabled")


class HelmReleases:
    """The reconciler of HelmRelease objects. Call ``start`` before the manager runs, ``close`` after."""

    gvk: GroupVersionKind = flux.GVK

    def __init__(
        self,
        manager: Manager,
        artifacts: ArtifactStore,
        events: EventRecorder,
        *,
        settings: ReleaseSettings | None = None,
    ) -> None:
        self.office = Office(manager, artifacts, events, settings or ReleaseSettings())
        self.office.state.drifted.append(self._drifted)
        self.index = ReleaseIndex()
        self._manager = manager
        self._objects = self.office.objects
        self._clock = manager.clock
        self._running: set[UnitKey] = set()
        self._meanwhile: dict[UnitKey, set[ObjectRef]] = defaultdict(set)
        self._drift: dict[UnitKey, Timer] = {}
        self._corrections: dict[UnitKey, int] = {}

    def start(self) -> None:
        self._objects.add_handler(self._release_changed)
        self.office.everyone.add_handler(self._dependency_changed)
        for kind in CHART_KINDS[:2] if not self.office.settings.external_artifacts else CHART_KINDS:
            self.office.sources(kind).add_handler(self._source_changed)
        for kind in ("ConfigMap", "Secret"):
            informer = self._manager.watches.informer(GroupVersionKind("", "v1", kind), light, selectors=WATCHED)
            informer.add_handler(self._values_changed)
        self._manager.add(self, concurrency=WORKERS)

    async def close(self) -> None:
        for timer in self._drift.values():
            timer.cancel()
        await self.office.close()

    # --- who wakes whom

    def _release_changed(self, ref: ObjectRef, old: Manifest | None, new: Manifest | None) -> None:
        key = key_of(ref)
        if old is not None and new is not None and words(old) != words(new):
            self._manager.wake(ref)
        try:
            self.index.put(key, new)
        except (ValueError, KeyError) as error:
            # The definition's validation keeps such objects out; where it is not in force, one must not stop the others.
            log.warning("%s: not a usable HelmRelease: %s", ref, error)

    def _dependency_changed(self, ref: ObjectRef, old: Manifest | None, new: Manifest | None) -> None:
        for dependant in self.index.dependants(key_of(ref)):
            waiting = self._objects.get(ref_of(dependant))
            if waiting is not None and said(waiting).reason == "DependencyNotReady":
                self._manager.wake(ref_of(dependant))

    def _source_changed(self, ref: ObjectRef, old: Manifest | None, new: Manifest | None) -> None:
        """A new artifact wakes everybody; a source that can be used now those who wait for it.

        A source that only fails anew wakes nobody: who waits looks again in time, as in Flux.
        """
        usable = new is not None and not problem_of(new)
        fresh = new is not None and _revision(new) != _revision(old or {})
        for key in self.index.of_source(UnitKey(ref.kind, ref.namespace, ref.name)):
            obj = self._objects.get(ref_of(key))
            if obj is None or not (obj.get("status") or {}).get("conditions"):
                continue
            waits = usable and said(obj).reason in ("SourceNotReady", "ArtifactFailed")
            if waits or (fresh and new is not None and not _has_tried(obj, ref.kind, _revision(new))):
                self._manager.wake(ref_of(key))

    def _values_changed(self, ref: ObjectRef, old: LightObject | None, new: LightObject | None) -> None:
        """A ConfigMap or Secret that asks to be watched: who uses it looks again."""
        if old is not None and new is not None and old.spec_hash == new.spec_hash:
            return
        for key in self.index.of_values(ref.kind, ref.namespace, ref.name):
            obj = self._objects.get(ref_of(key))
            if obj is not None and (obj.get("status") or {}).get("conditions"):
                self._manager.wake(ref_of(key))

    def _drifted(self, unit: UnitKey, ref: ObjectRef) -> None:
        """Looked at a while later, with all that drifted until then; who is undone again and again waits longer each time."""
        obj = self._objects.get(ref_of(unit))
        mode = (((obj or {}).get("spec") or {}).get("driftDetection") or {}).get("mode")
        if obj is None or mode not in ("enabled", "warn"):
            return
        if unit in self._running:
            self._meanwhile[unit].add(ref)
            return
        if unit in self._drift:
            return
        doublings = min(DOUBLINGS, max(0, self._corrections.get(unit, 0) - 2))
        wait = self.office.settings.drift_seconds * 2**doublings
        self._drift[unit] = self._clock.call_later(wait, lambda: self._look_at_drift(unit))

    def _look_back(self, unit: UnitKey) -> None:
        """What looked like drift while the release was at work mostly was the work itself."""
        state = self.office.state
        for ref in self._meanwhile.pop(unit, ()):
            record, live = state.synced(ref), state.get(ref)
            if record is not None and (live is None or live.owned != record[1]):
                self._drifted(unit, ref)

    def _look_at_drift(self, unit: UnitKey) -> None:
        self._drift.pop(unit, None)
        self._corrections[unit] = self._corrections.get(unit, 0) + 1
        self._manager.wake(ref_of(unit))

    # --- one turn

    async def reconcile(self, ref: ObjectRef) -> Requeue:
        key, obj = key_of(ref), self._objects.get(ref)
        if obj is None:
            self._forget(key)
            return WHEN_CHANGED
        writer = ObjectWriter(self._manager.client, obj, flux.MANAGER, self._objects)
        deleting = bool(obj["metadata"].get("deletionTimestamp"))
        if not deleting and await writer.add_finalizer(flux.FINALIZER):
            return AT_ONCE
        self._running.add(key)
        try:
            turn = Turn(self.office, obj, writer)
            requeue = await (turn.finish() if deleting else turn.go())
            if not turn.drifted:
                self._corrections.pop(key, None)
            return requeue
        finally:
            self._running.discard(key)
            self._look_back(key)

    def release(self, ref: ObjectRef) -> None:
        """Another replica goes on with it."""
        key = key_of(ref)
        self._forget(key)
        self._meanwhile.pop(key, None)
        self.office.state.forget(key)

    def _forget(self, key: UnitKey) -> None:
        timer = self._drift.pop(key, None)
        if timer is not None:
            timer.cancel()
        self._corrections.pop(key, None)


def key_of(ref: ObjectRef) -> UnitKey:
    return UnitKey(ref.kind, ref.namespace, ref.name)


def ref_of(key: UnitKey) -> ObjectRef:
    return ObjectRef(flux.GROUP, key.kind, key.namespace, key.name)


def _revision(source: Mapping[str, Any]) -> str:
    return str(((source.get("status") or {}).get("artifact") or {}).get("revision") or "")


def _has_tried(obj: Manifest, kind: str, revision: str) -> bool:
    """Whether a release has taken this revision up, and did not come to grief over something else since."""
    found = obj.get("status") or {}
    working = any(c.get("type") == "Reconciling" and c.get("status") == "True" for c in found.get("conditions") or ())
    attempted = "lastAttemptedRevision" if kind == "HelmChart" else "lastAttemptedRevisionDigest"
    known = str(found.get(attempted) or "")
    same = known in (revision, revision.partition("@")[2] or revision)
    return same and bool(known) and (working or said(obj).ready == "True")

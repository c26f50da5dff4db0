"""ApplicationSets: their applications are made, kept and deleted as the generators say.

In: keys of ApplicationSet objects. Out: Applications, the set's status and events, as Argo CD's own controller gives them.
Woken by the set itself, its applications, the Secrets of clusters and by projects; what lies outside of the cluster is
asked when the generator's time is up, when a refresh is asked for, or when a webhook says that it changed. What is wanted
is decided in ``dialects.argo.appset``; here it is only fetched, carried out and told.
"""

from __future__ import annotations

import asyncio
import base64
import logging
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from holdfast.base.clock import Clock, Timer
from holdfast.base.errors import HoldfastError
from holdfast.cluster.client import PatchType, Selectors
from holdfast.cluster.informer import Informer, full
from holdfast.controller.appset_apply import APPLICATION, Applier, ApplyFailed
from holdfast.controller.appset_facts import Finder
from holdfast.controller.events import EventRecorder
from holdfast.controller.manager import AT_ONCE, FAILED, WHEN_CHANGED, Manager, Requeue
from holdfast.controller.patch import ObjectWriter
from holdfast.dialects.argo import destinations, project
from holdfast.dialects.argo.appset import check, desired, generate, rolling, spec, status
from holdfast.dialects.argo.appset.facts import Facts, GeneratorError, Pending, Question
from holdfast.dialects.argo.appset.generators import transform
from holdfast.dialects.argo.appset.params import FUNCTIONS
from holdfast.helm.text import TextTemplates
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef
from holdfast.model.safety import read_safety
from holdfast.plan.argo_guard import set_refusal

log = logging.getLogger(__name__)

SECRET, CONFIG_MAP = GroupVersionKind("", "v1", "Secret"), GroupVersionKind("", "v1", "ConfigMap")
PARAMETERS = "argocd-cmd-params-cm"
NAMESPACES = "applicationsetcontroller.namespaces"
CLUSTERS = Selectors(labels="argocd.argoproj.io/secret-type=cluster")
ERROR_SECONDS = 180.0
"""How long a set that is wrong waits before it is looked at again without a reason."""
_DELETION_SECONDS = 10.0
_SOON_SECONDS = 0.5
_ROUNDS = 200
_WAIT_SECONDS = 30.0


@dataclass(slots=True)
class _Known:
    """What was found out for a set, good until it changes, its time is up or somebody says otherwise."""

    declared: tuple[str, int]
    """The set's uid and generation."""
    until: float
    answers: dict[Question, Any] = field(default_factory=dict)
    basis: tuple[Any, ...] = ()
    made: list[Manifest] | None = None
    """The applications that came out, from this basis; never changed."""
    settled: dict[str, str] = field(default_factory=dict)
    """The resource version at which an application was found to be as it should be."""


HELD = "PruneHeld"


class ApplicationSets:
    """The reconciler of ApplicationSet objects. ``home`` is the namespace of Argo CD's own objects."""

    gvk: GroupVersionKind = spec.GVK

    def __init__(
        self,
        manager: Manager,
        finder: Finder,
        events: EventRecorder,
        clock: Clock,
        *,
        delete: desired.Delete,
        home: str = "argocd",
    ) -> None:
        self._manager = manager
        self._client = manager.client
        self._finder = finder
        self._events = events
        self._clock = clock
        self._delete = delete
        self._home = home
        self._engine = TextTemplates(FUNCTIONS)
        self._sets: Informer[Manifest] = manager.mine(spec.GVK)
        self._apps: Informer[Manifest] = manager.objects(APPLICATION)
        self._projects: Informer[Manifest] = manager.objects(project.GVK)
        self._clusters: Informer[Manifest] = manager.watches.informer(SECRET, full, namespace=home, selectors=CLUSTERS)
        self._parameters: Informer[Manifest] = manager.watches.informer(
            CONFIG_MAP, full, namespace=home, selectors=Selectors(fields=f"metadata.name={PARAMETERS}")
        )
        self._owned: dict[tuple[str, str], set[ObjectRef]] = defaultdict(set)
        self._known: dict[ObjectRef, _Known] = {}
        self._soon: dict[ObjectRef, Timer] = {}

    def start(self) -> None:
        """Begins to hear of what sets depend on."""
        self._sets.add_handler(self._set_changed)
        self._apps.add_handler(self._app_changed)
        self._projects.add_handler(self._project_changed)
        self._clusters.add_handler(self._cluster_changed)
        self._parameters.add_handler(self._parameters_changed)

    # --- what wakes a set

    def _set_changed(self, ref: ObjectRef, old: Manifest | None, new: Manifest | None) -> None:
        if old is not None and new is not None and _asks(old["metadata"], new["metadata"]):
            self._manager.wake(ref)

    def _app_changed(self, ref: ObjectRef, old: Manifest | None, new: Manifest | None) -> None:
        before, after = _owner(old), _owner(new)
        if before and before != after:
            self._owned[ref.namespace, before].discard(ref)
        if after:
            self._owned[ref.namespace, after].add(ref)
        if old is None or (new is not None and not _matters(old, new)):
            return
        for name in filter(None, {before, after}):
            owner = ObjectRef(spec.GROUP, spec.KIND, ref.namespace, name)
            if new is not None and not _touched(old, new):
                self._wake_soon(owner)
            else:
                self._manager.wake(owner)

    def _wake_soon(self, ref: ObjectRef) -> None:
        """Many applications move on at once: their set looks when some have. A rollout does not wait."""
        obj = self._sets.get(ref)
        if obj is not None and spec.read(obj).rolling:
            self._manager.wake(ref)
        elif ref not in self._soon:
            self._soon[ref] = self._clock.call_later(_SOON_SECONDS, lambda: self._wake_now(ref))

    def _wake_now(self, ref: ObjectRef) -> None:
        self._soon.pop(ref, None)
        self._manager.wake(ref)

    def _cluster_changed(self, ref: ObjectRef, old: Manifest | None, new: Manifest | None) -> None:
        for owner, obj in self._sets.items():
            generators = (obj.get("spec") or {}).get("generators") or ()
            if _broken(obj) or any(
                transform.uses(g, kind) for g in generators for kind in ("clusters", "clusterDecisionResource")
            ):
                self._manager.wake(owner)

    def _project_changed(self, ref: ObjectRef, old: Manifest | None, new: Manifest | None) -> None:
        if old is None or new is None:
            for owner, obj in self._sets.items():
                if _broken(obj):
                    self._manager.wake(owner)

    def _parameters_changed(self, ref: ObjectRef, old: Manifest | None, new: Manifest | None) -> None:
        outside = [owner for owner, _ in self._sets.items() if owner.namespace != self._home]
        for owner in outside:
            self._manager.wake(owner)

    async def repository_changed(self, same: Callable[[str], bool]) -> None:
        """A webhook told of a push: sets that look into the repository find out anew. ``same`` compares addresses."""
        for owner, obj in self._sets.items():
            generators = (obj.get("spec") or {}).get("generators") or ()
            # An address with parameters in it may be any.
            if any("{{" in url or same(url) for g in generators for url in transform.repositories_of(g)):
                self._known.pop(owner, None)
                if self._manager.placement.ours(owner):
                    self._manager.wake(owner)
                else:
                    await self._manager.request(owner, spec.REFRESH, "true")

    # --- one turn

    async def reconcile(self, ref: ObjectRef) -> Requeue:
        obj = self._sets.get(ref)
        if obj is None:
            self._known.pop(ref, None)
            return WHEN_CHANGED
        await asyncio.wait_for(self._synced(), _WAIT_SECONDS)
        if not self._is_ours(ref.namespace):
            return WHEN_CHANGED
        wanted = spec.read(obj)
        writer = ObjectWriter(self._client, obj, spec.MANAGER, self._sets)
        turn = _Turn(self, ref, obj, wanted, writer)
        if obj["metadata"].get("deletionTimestamp"):
            return await turn.finalize()
        if wanted.reverse_deletion and await writer.add_finalizer(spec.FINALIZER):
            return AT_ONCE
        return await turn.run()

    def release(self, ref: ObjectRef) -> None:
        """Another replica goes on with it."""
        self._known.pop(ref, None)

    async def _synced(self) -> None:
        for informer in (self._apps, self._projects, self._clusters, self._parameters):
            await informer.synced.wait()

    def _is_ours(self, namespace: str) -> bool:
        """Sets of other namespaces than Argo CD's own count only where the operator lets them."""
        found = self._parameters.get(ObjectRef("", "ConfigMap", self._home, PARAMETERS))
        patterns = str(((found or {}).get("data") or {}).get(NAMESPACES) or "").split(",")
        return namespace == self._home or any(project.name_fits(p.strip(), namespace) for p in patterns if p.strip())

    def owned(self, ref: ObjectRef) -> list[Manifest]:
        found = (self._apps.get(r) for r in sorted(self._owned.get((ref.namespace, ref.name), ())))
        return [a for a in found if a is not None]

    def projects(self) -> dict[str, project.Project]:
        return {r.name: project.read(o) for r, o in self._projects.items() if r.namespace == self._home}

    def basis(self) -> tuple[Any, ...]:
        """Changes when clusters or projects do."""
        views = (self._clusters, self._projects)
        return tuple(tuple(sorted((r, v.resource_version(r)) for r, _ in v.items())) for v in views)

    def cluster_secrets(self) -> list[Manifest]:
        return [_decoded(o) for _, o in self._clusters.items()]


class _Turn:
    """One reconciliation of one set."""

    def __init__(
        self, owner: ApplicationSets, ref: ObjectRef, obj: Manifest, wanted: spec.ApplicationSet, writer: ObjectWriter
    ) -> None:
        self._owner = owner
        self._ref = ref
        self._object = obj
        self._wanted = wanted
        self._writer = writer
        self._applier = Applier(owner._client, owner._apps, owner._events, obj, wanted, owner._delete)
        self._now = datetime.fromtimestamp(owner._clock.time(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self._secrets = owner.cluster_secrets()
        self._projects = owner.projects()
        self._basis = owner.basis()
        self._status: Manifest = dict(obj.get("status") or {})

    async def run(self) -> Requeue:
        try:
            apps = await self._generate()
        except GeneratorError as error:
            self._owner._known.pop(self._ref, None)
            self._conditions(status.failed(error.reason or generate.PARAMS_FAILED, error.message, generated=False))
            await self._writer.status(self._status)
            return Requeue(after=ERROR_SECONDS)
        self._applier.settled = self._owner._known[self._ref].settled
        wrong = check.problems(apps, self._wanted.name, self._projects, self._resolve)
        valid = sorted((a for a in apps if a["metadata"]["name"] not in wrong), key=lambda a: a["metadata"]["name"])
        valid = self._rolled(apps, valid)
        if wrong:
            self._conditions(status.failed(status.VALIDATION_FAILED, check.summary(wrong), generated=True))
        try:
            await self._carry_out(apps, valid)
        except ApplyFailed as error:
            self._conditions(status.failed(error.reason or status.UPDATE_FAILED, error.message, generated=True))
            await self._writer.status(self._status)
            return FAILED
        return await self._settle(bool(wrong))

    async def _settle(self, wrong: bool) -> Requeue:
        self._status = status.with_resources(self._status, self._owner.owned(self._ref))
        if not wrong:
            self._conditions(status.succeeded())
        await self._writer.status(self._status)
        if self._wanted.refresh:
            body = {"metadata": {"annotations": {spec.REFRESH: None}}}
            await self._owner._client.patch(self._ref, body, PatchType.MERGE, manager=spec.MANAGER)
        if self._status.get("applicationStatus") != (self._object.get("status") or {}).get("applicationStatus"):
            # One move in a rollout leads to the next.
            return AT_ONCE
        seconds = _requeue_seconds(self._wanted)
        if seconds is None:
            return Requeue(after=ERROR_SECONDS) if wrong else WHEN_CHANGED
        known = self._owner._known.get(self._ref)
        left = known.until - self._owner._clock.monotonic() if known else seconds
        return Requeue(after=max(1.0, left))

    # --- what is wanted

    async def _generate(self) -> list[Manifest]:
        """Asks until nothing is left to be found out. Raises GeneratorError."""
        known = self._remembered()
        if known.made is not None and known.basis == self._basis:
            return known.made
        for _ in range(_ROUNDS):
            facts = Facts(self._secrets, self._projects, known.answers)
            try:
                made = await asyncio.to_thread(
                    generate.generate, self._wanted, facts, self._owner._engine, self._owner._home
                )
            except Pending:
                known.answers.update(await self._owner._finder.answers(facts.wanted, fresh=self._wanted.refresh))
            else:
                known.made, known.basis = made, self._basis
                known.settled.clear()
                return made
        raise GeneratorError("the generators ask for ever more", reason=generate.PARAMS_FAILED)

    def _remembered(self) -> _Known:
        now, meta = self._owner._clock.monotonic(), self._object["metadata"]
        declared = (str(meta.get("uid") or ""), int(meta.get("generation") or 0))
        known = self._owner._known.get(self._ref)
        if known is None or self._wanted.refresh or known.declared != declared or known.until <= now:
            seconds = _requeue_seconds(self._wanted) or ERROR_SECONDS
            known = self._owner._known[self._ref] = _Known(declared, now + seconds)
        return known

    def _resolve(self, destination: Mapping[str, Any]) -> object:
        known = [project.Cluster(s["data"].get("server", ""), s["data"].get("name", "")) for s in self._secrets]
        return destinations.resolve(destination, known)

    def _reachable(self, app: Manifest) -> bool:
        try:
            self._resolve((app.get("spec") or {}).get("destination") or {})
        except HoldfastError:
            return False
        return True

    # --- rolling out

    def _rolled(self, apps: Sequence[Manifest], valid: list[Manifest]) -> list[Manifest]:
        if not self._wanted.rolling:
            self._status.pop("applicationStatus", None)
            return valid
        before = self._status.get("applicationStatus") or ()
        rollout = rolling.advance(
            self._wanted, self._owner.owned(self._ref), apps, before, self._now, self._would_change
        )
        self._status["applicationStatus"] = list(rollout.statuses)
        self._conditions([status.rollout(rollout.step)])
        return [rolling.driven(a, rollout) for a in valid] if self._wanted.steps else valid

    def _would_change(self, live: Manifest, app: Manifest) -> bool:
        if self._applier.is_settled(app):
            return False
        still = rolling.driven(app, rolling.Rollout((), None, frozenset()))
        try:
            patch = desired.change(still, live, self._wanted, self._owner._delete)
        except HoldfastError as error:
            # Told when it is written; here it must not start a rollout over and over.
            log.warning("%s: %s", self._ref, error)
            return False
        return bool(patch and "spec" in patch)

    # --- doing

    async def _carry_out(self, apps: Sequence[Manifest], valid: Sequence[Manifest]) -> None:
        """Raises ApplyFailed with the condition's reason."""
        failed = status.UPDATE_FAILED if self._wanted.may_update else status.CREATE_FAILED
        try:
            await self._applier.write(valid)
            gone = desired.superfluous(self._owner.owned(self._ref), apps) if self._wanted.may_delete else []
            held = self._held(gone)
            if not held:
                failed = status.DELETE_FAILED
                await self._applier.remove(gone, self._reachable)
        except ApplyFailed as error:
            raise ApplyFailed(error.message, reason=failed) from error
        if held:
            raise ApplyFailed(held, reason=HELD)

    def _held(self, gone: Sequence[Manifest]) -> str:
        """Why these applications are not deleted now."""
        safety = read_safety(self._object["metadata"].get("annotations") or {}, self._owner._manager.safety)
        return set_refusal(safety, self._ref.name, self._owner.owned(self._ref), gone, self._wanted.generators)

    def _conditions(self, news: list[status.Condition]) -> None:
        self._status = status.with_conditions(self._status, news, self._now, rolling=self._wanted.rolling)

    async def finalize(self) -> Requeue:
        """The garbage collector deletes the applications, unless the policy keeps them or the order matters."""
        apps = self._owner.owned(self._ref)
        if not self._wanted.may_delete:
            await self._applier.disown(apps)
        elif self._wanted.reverse_deletion:
            # One at a time: the next goes when the one before is gone.
            order = rolling.deletion_order(self._wanted, apps)
            if order:
                await self._applier.remove(order[:1], self._reachable)
                return Requeue(after=_DELETION_SECONDS)
        await self._writer.remove_finalizer(spec.FINALIZER)
        return WHEN_CHANGED


def _requeue_seconds(wanted: spec.ApplicationSet) -> float | None:
    found = [transform.requeue_seconds(g) for g in wanted.generators]
    return min((s for s in found if s), default=None)


def _asks(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether a set's metadata changed in a way that is for us; its generation is the manager's to look at."""
    if any(old.get(k) != new.get(k) for k in ("labels", "finalizers")):
        return True
    was, now = old.get("annotations") or {}, new.get("annotations") or {}
    return was != now and not (spec.REFRESH in was and spec.REFRESH not in now)


def _matters(old: Manifest, new: Manifest) -> bool:
    """Whether an application changed where the set owns it, or moved on in a rollout."""
    return _touched(old, new) or _stand(old) != _stand(new)


def _touched(old: Manifest, new: Manifest) -> bool:
    was, now = old["metadata"], new["metadata"]
    fields = ("annotations", "labels", "finalizers", "ownerReferences")
    return any(was.get(k) != now.get(k) for k in fields) or old.get("spec") != new.get("spec")


def _stand(app: Manifest) -> tuple[Any, ...]:
    found = app.get("status") or {}
    operation = found.get("operationState") or {}
    return (
        (found.get("health") or {}).get("status"),
        (found.get("sync") or {}).get("status"),
        (found.get("sync") or {}).get("revision"),
        operation.get("phase"),
        operation.get("startedAt"),
    )


def _owner(app: Manifest | None) -> str:
    for owner in ((app or {}).get("metadata") or {}).get("ownerReferences") or ():
        if (
            owner.get("controller")
            and owner.get("kind") == spec.KIND
            and owner.get("apiVersion") == spec.GVK.api_version
        ):
            return str(owner.get("name") or "")
    return ""


def _broken(obj: Manifest) -> bool:
    conditions = (obj.get("status") or {}).get("conditions") or ()
    return any(c.get("type") == status.ERROR_OCCURRED and c.get("status") == "True" for c in conditions)


def _decoded(secret: Manifest) -> Manifest:
    """The Secret with its data as texts."""
    data = {k: base64.b64decode(v).decode("utf-8", "replace") for k, v in (secret.get("data") or {}).items()}
    return {"metadata": secret.get("metadata") or {}, "data": data}

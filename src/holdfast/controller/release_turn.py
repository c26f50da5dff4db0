"""One turn of one HelmRelease: what has to be there first, then its release; or its end.

In: the object as it was observed. Out: its status, its events, and when to look again. The steps are those of Flux's
helm-controller, in their order: the HelmChart, dependencies, the source, values, the chart, the account to act with.
"""

from __future__ import annotations

import base64
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from holdfast.apply.errors import refused
from holdfast.apply.helm_ground import Ground
from holdfast.base.duration import format_duration
from holdfast.base.errors import HoldfastError
from holdfast.cluster.errors import NotFound
from holdfast.controller.manager import AT_ONCE, FAILED, WHEN_CHANGED, Requeue
from holdfast.controller.patch import ObjectWriter
from holdfast.controller.release_charts import versioned
from holdfast.controller.release_office import Office
from holdfast.dialects.flux import helmrelease as flux
from holdfast.dialects.flux import helmrelease_chart as charts
from holdfast.dialects.flux import helmrelease_status as status
from holdfast.dialects.flux.conditions import said
from holdfast.health.checks import Expression, HealthRules
from holdfast.helm.chart.model import Chart
from holdfast.kube.cel import compile_condition, compile_expression
from holdfast.kube.refs import Manifest, ObjectRef
from holdfast.model.delivery import Dependency
from holdfast.model.outcome import Event
from holdfast.model.release import ReleaseValues
from holdfast.plan.ignore import matching_paths
from holdfast.reconcile.helm_digest import values_digest
from holdfast.reconcile.helm_end import end
from holdfast.reconcile.helm_guard import HELD, HelmGuard, consent_of, end_refused
from holdfast.reconcile.helm_ledger import PROGRESSING, READY, RECONCILING, ChartFacts
from holdfast.reconcile.helm_run import Ending, HelmRun
from holdfast.reconcile.helm_state import moved, must_reset
from holdfast.reconcile.helm_values import ValuesError, compose
from holdfast.reconcile.targets import Reach
from holdfast.render.normalise import normalise

_TERMINAL = "Reconciliation failed terminally due to configuration error"
JITTER = 0.05
_CEL = "InvalidCELExpression"


class NotYet(Exception):
    """Something has to be there first. ``told`` is the event's message, "" for none; ``stalled``: only a change helps."""

    def __init__(
        self,
        reason: str,
        message: str,
        *,
        requeue: Requeue,
        told: str = "",
        warning: bool = True,
        stalled: bool = False,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.requeue = requeue
        self.told = told
        self.warning = warning
        self.stalled = stalled


@dataclass(frozen=True, slots=True)
class _Ready:
    """Everything that a release needs."""

    chart: Chart
    digest: str
    values: Mapping[str, Any]
    ground: Ground


class Turn:
    def __init__(self, owner: Office, obj: Manifest, writer: ObjectWriter) -> None:
        self._owner = owner
        self._obj = obj
        self._writer = writer
        self._settings = owner.settings
        self.release = flux.read(obj, default_service_account=owner.settings.default_service_account)
        self.marks = owner.marks(obj)
        self.ledger = owner.ledger(obj, self.release, self.marks)
        self.drifted = False

    # --- a living release

    async def go(self) -> Requeue:
        if self.release.suspend:
            return await self._close(WHEN_CHANGED, observed=True)
        try:
            rules = HealthRules(self.release.health_expressions, compile_expression)
        except HoldfastError as error:
            return await self._end_early(_cel_error(error))
        try:
            await self._chart_object()
        except HoldfastError as error:
            refusal = refused(ObjectRef(charts.SOURCE_GROUP, "HelmChart", *self._chart_place()), error)
            self._tell("HelmChartSyncErr", f"failed to run server-side apply: {refusal.message}")
            return await self._close(FAILED)
        self.marks.reconciling(PROGRESSING, "Fulfilling prerequisites")
        try:
            ready = await self._prerequisites(rules)
        except NotYet as problem:
            return await self._end_early(problem)
        return await self._go_on(ready)

    async def _go_on(self, ready: _Ready) -> Requeue:
        ledger, metadata = self.ledger, ready.chart.metadata
        ledger.chart = ChartFacts(ready.chart.name, metadata.version, metadata.app_version, ready.digest)
        if moved(ledger):
            return await self._move(ready)
        ledger.note(storage_namespace=self.release.storage_namespace)
        reset, handled = status.handle_request(self._obj, flux.RESET, ledger.said.handled_reset)
        ledger.note(handled_reset=handled)
        if must_reset(ledger, ready.values, asked=reset):
            ledger.clear_failures()
        ledger.note(
            attempted_generation=self.release.generation,
            attempted_revision=metadata.version,
            attempted_digest=ready.digest,
            attempted_config=values_digest(ready.values),
        )
        ledger.force, handled = status.handle_request(self._obj, flux.FORCED, ledger.said.handled_force)
        ledger.note(handled_force=handled)
        run = HelmRun(
            ledger,
            ready.ground,
            flux.MANAGER,
            self._save,
            normalise,
            lambda obj: matching_paths(obj, self.release.ignore),
            flux.DRIFT_SWITCH,
        )
        ending = await run.run()
        self.drifted = bool(run.drifts)
        return await self._ended(ending)

    async def _ended(self, ending: Ending) -> Requeue:
        match ending:
            case Ending.DONE:
                return await self._close(_regular(self.release.interval), observed=True)
            case Ending.RETRY:
                interval = self.ledger.retry_interval or self.release.interval
                return await self._close(_regular(interval), observed=True)
            case Ending.STALLED:
                return await self._close(WHEN_CHANGED, observed=True)
            case Ending.AGAIN:
                return await self._close(AT_ONCE)
            case Ending.FAILED:
                return await self._close(FAILED)

    async def _move(self, ready: _Ready) -> Requeue:
        """It is to be another release: the present one is uninstalled first."""
        held = self._end_held()
        if held:
            return await self._hold(held)
        ground = self._ground(self._reach, self._rules, self.ledger.said.storage_namespace)
        del ready
        try:
            await end(self.ledger, ground)
        except HoldfastError:
            return await self._close(FAILED)
        self.ledger.clear_failures()
        self.ledger.note(history=(), storage_namespace="")
        return await self._close(AT_ONCE)

    # --- what has to be there first

    async def _prerequisites(self, rules: HealthRules) -> _Ready:
        for dependency in self.release.depends_on:
            self._check(dependency)
        self._was("DependencyNotReady")
        source = await self._source()
        self._was("AccessDenied", "ArtifactFailed", "SourceNotReady")
        values = await self._values()
        self._was("ValuesError")
        chart, digest = await self._chart(source)
        self._was("ArtifactFailed")
        try:
            self._reach = await self._owner.targets.reach(self.release.target, self.release.key.namespace)
        except HoldfastError as error:
            raise NotYet("RESTClientError", self._unreachable(error), requeue=FAILED) from error
        self._was("RESTClientError")
        self._rules = rules
        storage = self.release.storage_namespace
        ground = self._ground(self._reach, rules, storage, chart, values)
        return _Ready(chart, digest, values, ground)

    def _unreachable(self, error: HoldfastError) -> str:
        """In this controller's words, which are not those for Kustomizations."""
        target = self.release.target
        name = f"{self.release.key.namespace}/{target.kubeconfig_secret}"
        message = error.message.replace("unable to read KubeConfig", "could not get KubeConfig").replace(
            "' error: ", "': "
        )
        if " does not contain a '" in message:
            keys = f"'{target.kubeconfig_key}'" if target.kubeconfig_key else "'value' or 'value.yaml'"
            return f"KubeConfig secret '{name}' does not contain a {keys} key with data"
        if target.kubeconfig_secret and "could not get" not in message:
            return f"failed to load KubeConfig from secret '{name}': {message}"
        return message

    def _was(self, *reasons: str) -> None:
        """What Ready complained about is in order now."""
        if said({"status": {"conditions": self.marks.as_list()}}).reason in reasons:
            self.marks.unknown(READY, PROGRESSING, "reconciliation in progress")

    def _check(self, dependency: Dependency) -> None:
        name = f"{dependency.key.namespace}/{dependency.key.name}"
        found = self._owner.everyone.get(
            ObjectRef(flux.GROUP, dependency.key.kind, dependency.key.namespace, dependency.key.name)
        )
        problem = ""
        if found is None:
            missing = f'helmreleases.{flux.GROUP} "{dependency.key.name}" not found'
            problem = f"unable to get '{name}' dependency: {missing}"
        elif dependency.ready_expr:
            problem = self._evaluate(dependency, found, name)
        if not problem and found is not None and (not dependency.ready_expr or self._settings.additive_ready_expr):
            current = found["metadata"].get("generation") == (found.get("status") or {}).get("observedGeneration")
            problem = "" if current and said(found).ready == "True" else f"dependency '{name}' is not ready"
        if problem:
            again = Requeue(after=self._settings.requeue)
            raise NotYet("DependencyNotReady", problem, requeue=again, told=problem, warning=False)

    def _evaluate(self, dependency: Dependency, found: Manifest, name: str) -> str:
        try:
            expression: Expression = compile_condition(dependency.ready_expr, ("dep", "self"))
        except HoldfastError as error:
            told = f"failed to evaluate dependency {dependency.key.name}: {error.message}"
            message = f"{_TERMINAL}: terminal error: {told}"
            raise NotYet(_CEL, message, requeue=WHEN_CHANGED, told=f"terminal error: {told}", stalled=True) from error
        try:
            ready = expression.boolean({"dep": found, "self": self._obj})
        except HoldfastError as error:
            return error.message
        return "" if ready else f"dependency '{name}' is not ready according to readyExpr eval"

    async def _source(self) -> Manifest:
        key = self.release.source
        where = f"{key.kind} {key.namespace}/{key.name}"
        if key.namespace != self.release.key.namespace and not self._settings.cross_namespace:
            raise _denied(f"cross-namespace references are not allowed: cannot access {where}")
        if key.kind == "ExternalArtifact" and not self._settings.external_artifacts:
            shown = f"{key.kind}/{key.namespace}/{key.name}"
            raise _denied(f"can't access '{shown}', ExternalArtifact feature gate is disabled")
        informer = self._owner.sources(key.kind)
        await informer.synced.wait()
        found: Manifest | None = informer.get(ObjectRef(charts.SOURCE_GROUP, key.kind, key.namespace, key.name))
        if found is None:
            missing = f'{key.kind}.{charts.SOURCE_GROUP} "{key.name}" not found'
            raise NotYet("ArtifactFailed", f"could not get Source object: {missing}", requeue=FAILED)
        problem = charts.problem_of(found)
        if problem:
            raise NotYet("SourceNotReady", problem, requeue=Requeue(after=self._settings.requeue))
        return found

    async def _values(self) -> dict[str, Any]:
        found = {(r.kind, r.name): await self._data(r) for r in self.release.values_from}
        try:
            return compose(self.release.values, self.release.values_from, found, self.release.key.namespace)
        except ValuesError as error:
            raise NotYet("ValuesError", error.message, requeue=FAILED, told=error.message) from error

    async def _data(self, reference: ReleaseValues) -> Mapping[str, bytes] | HoldfastError:
        ref = ObjectRef("", reference.kind, self.release.key.namespace, reference.name)
        try:
            found = await self._owner.client.get(ref, version="v1")
        except NotFound as error:
            return error
        except HoldfastError as error:
            raise NotYet("ValuesError", error.message, requeue=FAILED, told=error.message) from error
        return _decoded(found)

    async def _chart(self, source: Manifest) -> tuple[Chart, str]:
        artifact = source["status"]["artifact"]
        try:
            chart = await self._owner.charts.load(ObjectRef.of(source), artifact)
        except HoldfastError as error:
            text = f"Could not load chart: {error.message}"
            raise NotYet("ArtifactFailed", text, requeue=FAILED, told=error.message) from error
        if chart is None:
            wait = self._settings.requeue
            text = f"Source not ready: artifact not found. Retrying in {format_duration(wait)}"
            raise NotYet("ArtifactFailed", text, requeue=Requeue(after=wait))
        try:
            return versioned(chart, self.release.source.kind, str(artifact.get("revision") or ""))
        except HoldfastError as error:
            raise NotYet("ChartMutateError", error.message, requeue=FAILED) from error

    # --- the HelmChart

    async def _chart_object(self) -> None:
        """Makes the HelmChart what the release says; one of another name, or of a release that has none any more, goes."""
        desired = charts.chart_object(self._obj, self.release.key, self.release.source)
        source = self.release.source
        name = f"{source.namespace}/{source.name}" if desired is not None else ""
        if self.ledger.said.chart_object not in ("", name):
            await self._delete_chart_object()
        if desired is None:
            return
        ref = ObjectRef.of(desired)
        informer = self._owner.sources("HelmChart")
        await informer.synced.wait()
        live = informer.get(ref)
        if live is None or not charts.is_applied(desired, live):
            answer = await self._owner.client.apply(desired, manager=flux.MANAGER, force=True)
            informer.observe(answer)
            before = (live or {}).get("metadata", {}).get("resourceVersion")
            if answer["metadata"].get("resourceVersion") != before:
                done = "Configured" if live is not None else "Created"
                self._tell(f"HelmChart{done}", f"{done} {ref} with SourceRef '{charts.source_text(desired)}'")
        self.ledger.note(chart_object=name)

    def _chart_place(self) -> tuple[str, str]:
        return self.release.source.namespace, self.release.source.name

    async def _delete_chart_object(self) -> None:
        name = self.ledger.said.chart_object
        namespace, _, plain = name.partition("/")
        ref = ObjectRef(charts.SOURCE_GROUP, "HelmChart", namespace, plain)
        try:
            await self._owner.client.delete(ref, version="v1")
            self._tell("HelmChartDeleted", f"deleted HelmChart '{name}'")
        except NotFound:
            pass
        self.ledger.note(chart_object="")

    # --- a release that goes

    async def finish(self) -> Requeue:
        if flux.FINALIZER not in (self._obj["metadata"].get("finalizers") or ()):
            return WHEN_CHANGED
        if not self.release.suspend:
            held = self._end_held()
            if held:
                return await self._hold(held)
            try:
                await self._uninstall()
                if self.ledger.said.chart_object:
                    await self._delete_chart_object()
            except NotYet as problem:
                self.marks.false(READY, problem.reason, problem.message)
                return await self._close(FAILED)
            except HoldfastError:
                return await self._close(FAILED)
        await self._writer.remove_finalizer(flux.FINALIZER)
        return WHEN_CHANGED

    async def _uninstall(self) -> None:
        release, namespace = self.release, self.ledger.said.storage_namespace
        targets = self._owner.targets
        if not namespace or not await targets.can_impersonate(release.target, release.key.namespace):
            return
        try:
            reach = await targets.reach(release.target, release.key.namespace)
        except HoldfastError as error:
            text = f"failed to build REST client getter to uninstall release: {error.message}"
            raise NotYet("UninstallFailed", text, requeue=FAILED) from error
        ground = self._ground(reach, HealthRules((), compile_expression), namespace)
        await end(self.ledger, ground)
        self.ledger.note(history=(), storage_namespace="")

    # --- what may go

    def _ground(self, reach: Reach, rules: HealthRules, storage: str, *content: Any) -> Ground:
        """``content``: the chart and the values to be released."""
        ground = self._owner.ground(self.release, reach, rules, storage, *content)
        safety = self._owner.safety_of(self._obj)
        if safety.guarded:
            ground.guard = HelmGuard(
                safety,
                self._writer.ref,
                reach.state.client,
                ground.objects,
                lambda text: self._tell(HELD, text, warning=True),
                consent_of(self.ledger.latest),
            )
        return ground

    def _end_held(self) -> str:
        """Why the release's end has to wait for somebody's consent."""
        latest, safety, inventory = self.ledger.latest, self._owner.safety_of(self._obj), self.ledger.said.inventory
        if latest is None or inventory is None or not self.ledger.said.storage_namespace:
            return ""
        objects = [e.ref for e in inventory.entries]
        return end_refused(safety, self._writer.ref, objects, consent_of(latest))

    async def _hold(self, why: str) -> Requeue:
        if said(self._obj).message != why:
            self._tell(HELD, why, warning=True)
        self.marks.false(READY, HELD, why)
        return await self._close(WHEN_CHANGED)

    # --- telling

    def _tell(self, reason: str, message: str, *, warning: bool = False) -> None:
        self.ledger.tell(Event(message, warning=warning, reason=reason))

    async def _end_early(self, problem: NotYet) -> Requeue:
        marks = self.marks
        if problem.told:
            self._tell(problem.reason, problem.told, warning=problem.warning)
        marks.false(READY, problem.reason, problem.message)
        if problem.stalled:
            marks.stalled(problem.reason, problem.message)
            marks.delete(RECONCILING)
        return await self._close(problem.requeue, observed=problem.stalled)

    async def _save(self) -> None:
        # The declaration is the one that is acted on, the status the newest that we wrote.
        seen = {**self._obj, "status": self._writer.object.get("status") or {}}
        await self._writer.status(status.status_of(seen, self.ledger.said, self.marks))

    async def _close(self, requeue: Requeue, *, observed: bool = False) -> Requeue:
        """The last word of a turn: the request is handled, and the generation observed if all was looked at."""
        if observed:
            self.ledger.note(observed_generation=self.release.generation)
        asked = status.request(self._obj)
        if asked:
            self.ledger.note(handled_reconcile=asked)
        await self._save()
        return requeue


def _cel_error(error: HoldfastError) -> NotYet:
    message = f"{_TERMINAL}: {error.message}"
    return NotYet(_CEL, message, requeue=WHEN_CHANGED, told=error.message, stalled=True)


def _denied(message: str) -> NotYet:
    return NotYet("AccessDenied", message, requeue=WHEN_CHANGED, told=message, stalled=True)


def _regular(interval: float) -> Requeue:
    """A little off the beat, so that not all releases have the same one."""
    return Requeue(after=interval * (1 + JITTER * (2 * random.random() - 1)))


def _decoded(obj: Manifest) -> dict[str, bytes]:
    """The data of a ConfigMap or Secret; binary data of ConfigMaps is no text and holds no values."""
    data = obj.get("data") or {}
    if obj.get("kind") == "Secret":
        return {k: base64.b64decode(v) for k, v in data.items()}
    return {k: str(v).encode() for k, v in data.items()}

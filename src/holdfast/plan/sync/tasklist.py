"""Makes the tasks of a pass: objects, hooks with their names and finalizer, the destination namespace; and checks each."""

from __future__ import annotations

from collections.abc import Generator
from datetime import UTC, datetime

from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef
from holdfast.model.sync import (
    Answer,
    AppHealth,
    AppHealthStatus,
    Look,
    OperationPhase,
    Remove,
    ResultCode,
    Serves,
    SyncCommand,
    SyncPhase,
    SyncRequest,
    Unhook,
)
from holdfast.plan.sync import marks
from holdfast.plan.sync import tasks as T
from holdfast.plan.sync.book import Book
from holdfast.plan.sync.tasks import Task

Round = Generator[tuple[SyncCommand, ...], tuple[Answer, ...], None]


class TaskList:
    """Makes the tasks of a pass. ``valid`` is False where one of them cannot be carried out at all."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.tasks: list[Task] = []
        self.valid = True

    def make(self) -> Round:
        book = self.book
        self.tasks = [*self._resources(), *self._hooks()]
        for task in self.tasks:
            self._place(task)
        if book.has("CreateNamespace=true") and book.request.namespace:
            yield from self._namespace()
        for task in self.tasks:
            if task.target is not None and task.live is None:
                task.live = self._live_of(task.ref)
        yield from self._check()
        T.turn_prune_waves(self.tasks, prune_last=book.has("PruneLast=true"))
        self.tasks = T.ordered(self.tasks)
        for task in self.tasks:
            known = book.results.get(task.key)
            if known is not None:
                task.status, task.state, task.message = known.status, known.hook_phase, known.message

    def _resources(self) -> list[Task]:
        pairs = [p for p in self.book.ground.pairs if self.book.selects(p) and not marks.is_hook(p.obj)]
        return [Task(phase, p.target, p.live) for p in pairs for phase in marks.phases(p.obj)]

    def _hooks(self) -> list[Task]:
        if self.book.skips_hooks:
            return []
        return [Task(p, self._hook(h, p), None) for h in self.book.ground.hooks for p in marks.phases(h)]

    def _hook(self, hook: Manifest, phase: SyncPhase) -> Manifest:
        """As it will be applied: with a name that is the same in every pass, and with our finalizer."""
        meta = dict(hook.get("metadata") or {})
        if not meta.get("name"):
            revision = self.book.request.revision
            short = revision[:7] if len(revision) >= 8 else revision
            seconds = int(datetime.fromtimestamp(self.book.request.started, UTC).timestamp())
            meta["name"] = f"{meta.get('generateName') or ''}{f'{short}-{phase.value}-{seconds}'.lower()}"
        finalizers = list(meta.get("finalizers") or ())
        if marks.HOOK_FINALIZER not in finalizers:
            meta["finalizers"] = [*finalizers, marks.HOOK_FINALIZER]
        return {**hook, "metadata": meta}

    def _place(self, task: Task) -> None:
        """Every target gets a namespace, cluster-scoped ones too: what is sent drops it again."""
        if task.target is not None and not task.ref.namespace and self.book.request.namespace:
            meta = {**(task.target.get("metadata") or {}), "namespace": self.book.request.namespace}
            task.target = {**task.target, "metadata": meta}

    def _live_of(self, ref: ObjectRef) -> Manifest | None:
        for pair in self.book.ground.pairs:
            key = ObjectRef.of(pair.live if pair.live is not None else pair.obj)
            same = (key.group, key.kind, key.name) == (ref.group, ref.kind, ref.name)
            if same and key.namespace in ("", ref.namespace):
                return pair.live
        return None

    # --- the destination namespace

    def _namespace(self) -> Round:
        name = self.book.request.namespace
        if any(_is_namespace(p.target, name) for p in self.book.ground.pairs):
            return
        gvk = GroupVersionKind("", "v1", "Namespace")
        (answer,) = yield (Look(gvk, ObjectRef("", "Namespace", "", name)),)
        target: Manifest = {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": name},
            "spec": {},
            "status": {},
        }
        if not answer.ok and not answer.missing:
            task = Task(SyncPhase.PRE_SYNC, target, None)
            text = f"namespace auto creation failed: {answer.message}"
            self.book.note(task, ResultCode.SYNC_FAILED, OperationPhase.ERROR, text)
            self.tasks.append(task)
            return
        managed = _with_metadata(target, self.book.request)
        if managed is not None or answer.live is None:
            self.tasks.append(Task(SyncPhase.PRE_SYNC, managed or target, answer.live))

    # --- whether tasks can be carried out

    def _check(self) -> Round:
        gvks = tuple(dict.fromkeys(t.gvk for t in self.tasks))
        if not gvks:
            return
        answers = yield tuple(Serves(g) for g in gvks)
        served = dict(zip(gvks, answers, strict=True))
        made = T.kinds_made([*self.book.ground.hooks, *(p.target for p in self.book.ground.pairs if p.target)])
        for task in self.tasks:
            self._check_one(task, served[task.gvk], made)

    def _check_one(self, task: Task, answer: Answer, made: frozenset[str]) -> None:
        if answer.ok:
            text = self.book.ground.permitted(task.obj, answer.namespaced)
        elif answer.missing and self._may_be_missing(task, made):
            task.skip_dry_run = True
            return
        else:
            text = answer.message
            self.book.installed[task.gvk.group, task.gvk.kind] = answer.installed
        if text:
            self.book.note(task, ResultCode.SYNC_FAILED, None, text)
            self.valid = False

    def _may_be_missing(self, task: Task, made: frozenset[str]) -> bool:
        option = "SkipDryRunOnMissingResource=true"
        gvk = task.gvk
        return self.book.has(option) or marks.has_option(task.target, option) or f"{gvk.group}/{gvk.kind}" in made


def _is_namespace(obj: Manifest | None, name: str) -> bool:
    return obj is not None and T.namespace_made(obj) == name


def _with_metadata(namespace: Manifest, request: SyncRequest) -> Manifest | None:
    """The namespace with the metadata that the application keeps on it; None where it keeps none."""
    if request.namespace_labels is None and request.namespace_annotations is None:
        return None
    meta = dict(namespace["metadata"])
    if request.namespace_labels:
        meta["labels"] = dict(request.namespace_labels)
    meta["annotations"] = {**(request.namespace_annotations or {}), marks.SYNC_OPTIONS: "ServerSideApply=true"}
    return {**namespace, "metadata": meta}


def phase_of(health: AppHealth | None, name: str) -> tuple[OperationPhase, str]:
    """What a hook's health means for the hook."""
    if health is None or health.status is AppHealthStatus.MISSING:
        return OperationPhase.SUCCEEDED, f"{name} created"
    if health.status is AppHealthStatus.HEALTHY:
        return OperationPhase.SUCCEEDED, health.message
    if health.status in (AppHealthStatus.PROGRESSING, AppHealthStatus.SUSPENDED):
        return OperationPhase.RUNNING, health.message
    return OperationPhase.FAILED, health.message


def removal(task: Task, propagation: str) -> Remove:
    return Remove(task.gvk, task.live_ref, propagation)


def unhook(task: Task) -> Unhook | None:
    """None where the live object has no finalizer of ours."""
    finalizers = ((task.live or {}).get("metadata") or {}).get("finalizers") or ()
    return Unhook(task.live) if task.live is not None and marks.HOOK_FINALIZER in finalizers else None

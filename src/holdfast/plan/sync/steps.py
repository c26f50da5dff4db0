"""The steps of a pass over its tasks: what runs, what is waited for, what ends the sync."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from enum import Enum

from holdfast.kube.refs import Manifest
from holdfast.model.sync import (
    Answer,
    AppHealthStatus,
    Look,
    OperationPhase,
    ResultCode,
    Send,
    SyncCommand,
    SyncPhase,
    Unhook,
)
from holdfast.plan.sync import marks
from holdfast.plan.sync import tasks as T
from holdfast.plan.sync.book import Book
from holdfast.plan.sync.tasklist import Round, TaskList, phase_of, removal, unhook
from holdfast.plan.sync.tasks import Task

RUNNING, FAILED, ERROR, SUCCEEDED = (
    OperationPhase.RUNNING,
    OperationPhase.FAILED,
    OperationPhase.ERROR,
    OperationPhase.SUCCEEDED,
)
_STATES = {
    ResultCode.SYNCED: RUNNING,
    ResultCode.SYNC_FAILED: FAILED,
    ResultCode.PRUNED: SUCCEEDED,
    ResultCode.PRUNE_SKIPPED: SUCCEEDED,
}
INVALID = "one or more synchronization tasks are not valid"
UNSUCCESSFUL = "one or more synchronization tasks completed unsuccessfully"
NOT_APPLIED = "one or more objects failed to apply"


class Run(Enum):
    """How a group of tasks went."""

    DONE = 0
    WAITS = 1
    FAILED = 2


Running = Generator[tuple[SyncCommand, ...], tuple[Answer, ...], Run]
Ending = Generator[tuple[SyncCommand, ...], tuple[Answer, ...], bool]


class Steps:
    def __init__(self, book: Book) -> None:
        self.book = book

    # --- a pass

    def run(self) -> Round:
        made = TaskList(self.book)
        yield from made.make()
        if not made.valid:
            self.book.say(FAILED, self._invalid())
            return
        tasks = made.tasks
        if not self.book.started:
            stopped = yield from self._rehearse(tasks)
            if stopped:
                return
        self._look_at(tasks)
        waits = yield from self._wait(tasks)
        if not waits:
            yield from self._go_on(tasks)

    def _invalid(self) -> str:
        failed = (r for r in self.book.results.values() if r.status is ResultCode.SYNC_FAILED)
        messages = sorted({r.message for r in failed if r.message})
        return f"{INVALID}: {'; '.join(messages)}" if messages else INVALID

    def _rehearse(self, tasks: list[Task]) -> Ending:
        """A dry run of everything before anything is done, once in an operation. The namespace is made first: much is invalid
        without it."""
        name = self.book.request.namespace
        made = next((t for t in tasks if t.live is None and t.target and T.namespace_made(t.target) == name), None)
        if made is not None and name:
            run = yield from self._run([made], dry_run=False)
            if run is Run.FAILED:
                yield from self._fail([], [made], "the namespace failed to apply")
                return True
        rest = self._modified([t for t in tasks if t is not made])
        run = yield from self._run(rest, dry_run=True)
        if run is Run.FAILED:
            self.book.say(FAILED, f"{NOT_APPLIED} (dry run)")
            return True
        return False

    def _modified(self, tasks: list[Task]) -> list[Task]:
        """``ApplyOutOfSyncOnly``: without the objects that are as wanted."""
        if not self.book.has("ApplyOutOfSyncOnly=true"):
            return tasks
        modified = self.book.ground.modified
        return [t for t in tasks if t.is_hook or t.target is None or t.live is None or modified.get(t.live_ref, True)]

    def _look_at(self, tasks: Iterable[Task]) -> None:
        """What has become of the tasks that run."""
        for task in tasks:
            if not task.running or task.live is None:
                continue
            health = self.book.ground.health(task.live)
            if task.is_hook:
                self.book.note(task, task.status, *phase_of(health, task.ref.name))
            elif health is None:
                self.book.note(task, task.status, SUCCEEDED, task.message)
            elif health.status is AppHealthStatus.HEALTHY:
                self.book.note(task, task.status, SUCCEEDED, health.message)
            elif health.status is AppHealthStatus.DEGRADED:
                self.book.note(task, task.status, FAILED, health.message)

    def _wait(self, tasks: Sequence[Task]) -> Ending:
        """Whether something has to happen elsewhere first."""
        several = T.multi_step(tasks)
        running = [t for t in tasks if (several or t.is_hook) and t.running]
        if running:
            yield from self._find_lost([t for t in running if t.live is None])
            self.book.say_running(running)
            return True
        going = [t for t in tasks if t.status is ResultCode.PRUNED and _is_deleting(t.live)]
        if going:
            self.book.say_running(going, deleting=True)
        return bool(going)

    def _find_lost(self, tasks: Sequence[Task]) -> Round:
        """An object that was applied and that is not there any more would be waited for without end."""
        if not tasks:
            return
        answers = yield tuple(Look(t.gvk, t.ref) for t in tasks)
        for task, answer in zip(tasks, answers, strict=True):
            if answer.missing:
                ref = task.ref
                text = f"Resource {ref.group}/{ref.kind}/{ref.name} is missing, it might have been deleted"
                self.book.note(task, ResultCode.SYNC_FAILED, ERROR, text)
            elif not answer.ok:
                self.book.note(task, task.status, ERROR, f"Failed to get live resource {answer.message}")

    def _go_on(self, tasks: list[Task]) -> Round:
        yield from self._free([t for t in tasks if t.is_hook and t.completed])
        ended = [t for t in tasks if t.is_hook and t.live is not None and not t.running]
        on_success = [t for t in ended if t.has_policy(marks.HOOK_SUCCEEDED)]
        on_failure = [t for t in ended if t.has_policy(marks.HOOK_FAILED)]
        for_failure = [t for t in tasks if t.phase is SyncPhase.SYNC_FAIL]
        tasks = [t for t in tasks if t.phase is not SyncPhase.SYNC_FAIL]
        if any(t.completed and t.state is not SUCCEEDED for t in tasks):
            yield from self._delete_hooks(on_failure)
            failed = [t for t in tasks if t.status is ResultCode.SYNC_FAILED]
            yield from self._fail(for_failure, failed, UNSUCCESSFUL)
            return
        tasks = self._modified([t for t in tasks if t.pending])
        if not tasks:
            yield from self._delete_hooks(on_success)
            self.book.say(SUCCEEDED, "successfully synced (no more tasks)")
            return
        yield from self._wave(tasks, for_failure, on_success, on_failure)

    def _wave(
        self, tasks: list[Task], for_failure: list[Task], on_success: list[Task], on_failure: list[Task]
    ) -> Round:
        phase, wave = tasks[0].phase, tasks[0].wave
        now = [t for t in tasks if t.phase is phase and t.wave == wave]
        rest = len(tasks) > len(now)
        self.book.say(RUNNING, "one or more tasks are running")
        run = yield from self._run(now, dry_run=False)
        if run is not Run.FAILED and rest:
            self.book.pause = self.book.ground.wave_pause
        if run is Run.FAILED:
            yield from self._wave_failed(now, for_failure, on_failure)
        elif run is Run.WAITS:
            held = [t for t in now if t.deleted_before or (t.is_prune and t.pending)]
            self.book.say_running(held, deleting=True)
        elif rest or any(t.is_hook for t in now):
            self.book.say_running(now)
        else:
            # Neither hooks nor waves are left: objects that were taken are a success, whatever becomes of them.
            yield from self._delete_hooks(on_success)
            self.book.say(SUCCEEDED, "successfully synced (all tasks run)")

    def _wave_failed(self, tasks: list[Task], for_failure: list[Task], on_failure: list[Task]) -> Round:
        failed = [t for t in tasks if t.status is ResultCode.SYNC_FAILED]
        running = [t for t in tasks if t.running]
        if not running:
            ended = yield from self._fail(for_failure, failed, NOT_APPLIED)
            if ended:
                yield from self._delete_hooks(on_failure)
            return
        if for_failure:
            ended = yield from self._fail(for_failure, failed, NOT_APPLIED)
            if not ended:
                running = [*running, *for_failure]
        self.book.say_running(running)

    def _fail(self, for_failure: list[Task], failed: list[Task], message: str) -> Ending:
        """Runs the SyncFail hooks and ends the sync when they are through; whether it has ended."""
        message = _reasons(message, failed)
        if all(t.completed for t in for_failure):
            broken = [t for t in for_failure if t.status is ResultCode.SYNC_FAILED]
            if broken:
                message += "\n" + _reasons("one or more SyncFail hooks failed", broken)
            self.book.say(FAILED, message)
            return True
        pending = [t for t in for_failure if not t.completed and not t.running]
        yield from self._run(pending, dry_run=False)
        self.book.say_running(pending)
        return False

    # --- running tasks

    def _run(self, tasks: list[Task], *, dry_run: bool) -> Running:
        """Frees hooks of earlier syncs, prunes, deletes hooks that make room, and applies; kind by kind."""
        dry_run = dry_run or self.book.request.dry_run
        if not dry_run:
            run = yield from self._free([t for t in tasks if t.is_hook and t.pending and t.live is not None])
            if run is not Run.DONE:
                return run
        if any(self.book.unconfirmed(t) for t in tasks if t.is_prune):
            return Run.WAITS
        run = yield from self._prune([t for t in tasks if t.is_prune], dry_run)
        if run is Run.DONE and not dry_run:
            run = yield from self._make_room([t for t in tasks if not t.is_prune and t.deleted_before])
        if run is not Run.DONE:
            return run
        for group in _by_kind([t for t in tasks if not t.is_prune]):
            failed = yield from self._apply(group, dry_run)
            run = Run.FAILED if failed else run
        return run

    def _free(self, tasks: Sequence[Task]) -> Running:
        """Takes our finalizer off hooks."""
        found: list[tuple[Task, Unhook]] = []
        for task in tasks:
            command = unhook(task)
            if command is not None:
                found.append((task, command))
        if not found:
            return Run.DONE
        answers = yield tuple(command for _, command in found)
        run = Run.DONE
        for (task, _), answer in zip(found, answers, strict=True):
            if answer.ok or answer.missing:
                task.live = answer.live if answer.live is not None else _unhooked(task.live)
            else:
                run = Run.FAILED
                word = "failed" if task.pending else "Failed"
                self.book.note(task, task.status, ERROR, f"{word} to remove hook finalizer: {answer.message}")
        return run

    def _prune(self, tasks: Sequence[Task], dry_run: bool) -> Running:
        todo = [t for t in tasks if not self.book.allows_pruning(t.live)]
        send = [t for t in todo if not dry_run and not _is_deleting(t.live)]
        answers = (yield tuple(removal(t, self.book.propagation) for t in send)) if send else ()
        errors = {id(t): a.message for t, a in zip(send, answers, strict=True) if not a.ok}
        run = Run.DONE
        for task in tasks:
            if id(task) in errors:
                run, code, message = Run.FAILED, ResultCode.SYNC_FAILED, errors[id(task)]
            elif task in todo:
                code, message = ResultCode.PRUNED, "pruned (dry run)" if dry_run else "pruned"
            else:
                code, message = ResultCode.PRUNE_SKIPPED, self.book.allows_pruning(task.live)
            if not dry_run or self.book.request.dry_run or code is ResultCode.SYNC_FAILED:
                self.book.note(task, code, _STATES[code], message)
        return run

    def _make_room(self, tasks: Sequence[Task]) -> Running:
        """Deletes hooks of earlier syncs; the pass ends there if one was still in place."""
        if not tasks:
            return Run.DONE
        answers = yield tuple(removal(t, self.book.propagation) for t in tasks)
        run = Run.DONE
        for task, answer in zip(tasks, answers, strict=True):
            if answer.missing:
                task.live = None
            elif answer.ok:
                run = run if run is Run.FAILED else Run.WAITS
                self.book.changed = True
            else:
                run = Run.FAILED
                self.book.note(task, task.status, ERROR, f"failed to delete resource: {answer.message}")
        return run

    def _apply(self, tasks: Sequence[Task], dry_run: bool) -> Ending:
        """Whether one of them was refused."""
        tasks = [t for t in tasks if not (dry_run and t.skip_dry_run)]
        if not tasks:
            return False
        answers = yield tuple(self._send(t, dry_run) for t in tasks)
        for task, answer in zip(tasks, answers, strict=True):
            code = ResultCode.SYNCED if answer.ok else ResultCode.SYNC_FAILED
            if dry_run and not self.book.request.dry_run and answer.ok:
                continue
            state = _STATES[code]
            if self.book.request.dry_run and state is RUNNING:
                state = SUCCEEDED
            self.book.note(task, code, state, answer.message)
        return not all(a.ok for a in answers)

    def _send(self, task: Task, dry_run: bool) -> Send:
        target = task.target if task.target is not None else {}
        server_side = not dry_run and self._chosen(target, "ServerSideApply")
        migrates = server_side and not self.book.has("ClientSideApplyMigration=false")
        either = (target, *([task.live] if task.live is not None else []))
        return Send(
            target,
            task.live,
            dry_run=dry_run,
            replace=self.book.has("Replace=true") or any(marks.has_option(o, "Replace=true") for o in either),
            force=self.book.request.force or any(marks.has_option(o, "Force=true") for o in either),
            server_side=server_side,
            migrate=self.book.ground.migrate_manager if migrates else "",
        )

    def _chosen(self, target: Manifest, option: str) -> bool:
        """The object's own word counts before that of the operation."""
        if marks.has_option(target, f"{option}=false"):
            return False
        return self.book.has(f"{option}=true") or marks.has_option(target, f"{option}=true")

    def _delete_hooks(self, tasks: Sequence[Task]) -> Round:
        if not tasks:
            return
        answers = yield tuple(removal(t, self.book.propagation) for t in tasks)
        for task, answer in zip(tasks, answers, strict=True):
            if not answer.ok and not answer.missing:
                self.book.note(task, task.status, ERROR, f"failed to delete resource: {answer.message}")

    # --- ending early

    def terminate(self) -> Round:
        """Ends hooks that run; what was applied stays."""
        made = TaskList(self.book)
        yield from made.make()
        hooks = [t for t in made.tasks if t.is_hook]
        yield from self._free([t for t in hooks if t.completed])
        fine = True
        for task in (t for t in hooks if t.running):
            ended = yield from self._end(task)
            fine = fine and ended
        if fine:
            self.book.say(FAILED, "Operation terminated")
        else:
            self.book.say(ERROR, "Operation termination had errors")

    def _end(self, task: Task) -> Ending:
        if task.live is None:
            (answer,) = yield (Look(task.gvk, task.ref),)
            if not answer.ok and not answer.missing:
                self.book.note(task, task.status, ERROR, f"Failed to get live resource: {answer.message}")
                return False
            task.live = answer.live
        if task.live is None:
            self.book.note(task, task.status, SUCCEEDED, "Terminated")
            return True
        phase, message = phase_of(self.book.ground.health(task.live), task.ref.name)
        run = yield from self._free([task])
        if run is Run.FAILED:
            return False
        if phase is RUNNING or task.has_policy(marks.HOOK_FAILED):
            (answer,) = yield (removal(task, self.book.propagation),)
            if not answer.ok and not answer.missing:
                self.book.note(task, task.status, FAILED, f"Failed to delete: {answer.message}")
                return False
        if phase.completed:
            self.book.note(task, task.status, phase, message)
        else:
            self.book.note(task, task.status, FAILED, "Terminated")
        return True


def _reasons(message: str, tasks: Sequence[Task]) -> str:
    reasons = list(dict.fromkeys(t.message for t in tasks))
    return f"{message}, reason: {','.join(reasons)}" if reasons else message


def _is_deleting(live: Manifest | None) -> bool:
    return bool(((live or {}).get("metadata") or {}).get("deletionTimestamp"))


def _unhooked(live: Manifest | None) -> Manifest | None:
    if live is None:
        return None
    meta = dict(live.get("metadata") or {})
    meta["finalizers"] = [f for f in meta.get("finalizers") or () if f != marks.HOOK_FINALIZER]
    return {**live, "metadata": meta}


def _by_kind(tasks: Sequence[Task]) -> list[list[Task]]:
    """Neighbours of one kind go together."""
    groups: list[list[Task]] = []
    for task in tasks:
        if groups and groups[-1][0].ref.kind == task.ref.kind:
            groups[-1].append(task)
        else:
            groups.append([task])
    return groups

"""Wiring of everything about Argo CD: imported when there is something of its kinds (see `part`)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from holdfast.app.applications import Listener, applications
from holdfast.app.appsets import application_sets
from holdfast.app.argo_answers import Answers, answers
from holdfast.controller.events import EventRecorder
from holdfast.controller.manager import Manager
from holdfast.controller.remote import RemoteBases
from holdfast.source.git import GitStore


@dataclass(frozen=True, slots=True)
class Argo:
    """``listeners`` want to know of pushes; ``answers`` are what ``argocd --core`` is told."""

    listeners: Sequence[Listener]
    answers: Answers


def start(
    manager: Manager,
    git: GitStore,
    apps: EventRecorder,
    sets: EventRecorder,
    bases: RemoteBases | None,
    stack: AsyncExitStack,
) -> Argo:
    """Added to the manager and listening, until the stack is closed."""
    found = applications(manager, git, apps, bases=bases)
    stack.push_async_callback(found.close)
    return Argo((application_sets(manager, git, sets, manager.clock), found), answers(found))

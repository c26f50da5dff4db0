"""What generators know of the world, and how they ask for more.

A generator asks a question (a frozen value); where the answer is not known yet, the question is noted and Pending is
raised. Whoever evaluates the set finds the answers and evaluates again: a page of a listing leads to the next question.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from holdfast.base.errors import Stop
from holdfast.dialects.argo.project import Project
from holdfast.kube.refs import Manifest


@dataclass(frozen=True, slots=True)
class GitTree:
    """The files of a repository at a revision; answered with a ``Tree``. An empty project: its own credentials do not count."""

    url: str
    revision: str
    project: str


@dataclass(frozen=True, slots=True)
class ConfigMap:
    """Answered with its data."""

    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Secret:
    """Answered with its decoded data."""

    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Objects:
    """Objects of a resource (its plural name) in a namespace, one by name or all by labels; answered with a list."""

    group: str
    version: str
    resource: str
    namespace: str
    name: str
    selector: str


@dataclass(frozen=True, slots=True)
class Http:
    """One request; answered with a ``Reply``, whatever its status."""

    url: str
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    method: str = "GET"
    body: str = ""
    ca: str = ""
    insecure: bool = False
    timeout: float = 30.0


@dataclass(frozen=True, slots=True)
class Reply:
    """``headers`` have lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Problem:
    """There is no answer, in the words of the real program. ``absent``: what was asked for does not exist."""

    message: str
    absent: bool = False


Question: TypeAlias = GitTree | ConfigMap | Secret | Objects | Http


class GeneratorError(Stop):
    """A generator cannot do what it was told; ``reason`` is the condition's."""


class NotThere(GeneratorError):
    """What a generator looks into does not exist."""


class Pending(Exception):
    """Something has to be found out first; the questions are in ``Facts.wanted``."""


class Facts:
    """``clusters`` are the Secrets of registered clusters, ``projects`` those that exist by name; None: that is not known."""

    def __init__(
        self,
        clusters: Sequence[Manifest] = (),
        projects: Mapping[str, Project] | None = None,
        answers: Mapping[Question, Any] | None = None,
    ) -> None:
        self.clusters = clusters
        self.projects = projects
        self.wanted: dict[Question, None] = {}
        self._answers = answers if answers is not None else {}

    def ask(self, question: Question) -> Any:
        """Raises Pending, or GeneratorError where the answer is a Problem."""
        if question not in self._answers:
            self.wanted[question] = None
            raise Pending
        answer = self._answers[question]
        if isinstance(answer, Problem):
            raise (NotThere if answer.absent else GeneratorError)(answer.message)
        return answer

"""Who wrote which value: a build watched from outside.

A `Tracer` is given to a build as ``options.observe``. After each step it compares every resource with what it was before and
notes the values that differ as written by that step. The build itself knows nothing of it and pays nothing when nobody watches.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from holdfast.kube.leaves import Path, leaves
from holdfast.kustomize.options import Step
from holdfast.kustomize.resource import Resource, Source


@dataclass(frozen=True, slots=True)
class Write:
    """One value written by one step. ``source`` is where the resource was read, for the step that read it."""

    value: Any
    step: Step
    source: Source | None = None


@dataclass(slots=True)
class Traced:
    """A resource and every write to each of its values, oldest first; a removed value ends with None."""

    resource: Resource
    writes: dict[Path, list[Write]] = field(default_factory=dict)
    now: Mapping[Path, Any] = field(default_factory=dict)


class Tracer:
    """Collects; ask `all` when the build is done."""

    def __init__(self) -> None:
        self._known: dict[int, Traced] = {}

    def __call__(self, step: Step, resources: Sequence[Resource]) -> None:
        for resource in resources:
            entry = self._known.get(id(resource))
            if entry is None:
                # The entry keeps the resource alive, so that its id stays its own.
                entry = self._known[id(resource)] = Traced(resource)
            self._compare(entry, step)

    def _compare(self, entry: Traced, step: Step) -> None:
        before, now = entry.now, leaves(entry.resource.manifest)
        for path, value in now.items():
            if path not in before or before[path] != value:
                source = None if entry.writes.get(path) else entry.resource.source
                entry.writes.setdefault(path, []).append(Write(value, step, source if step.reads else None))
        for path in before.keys() - now.keys():
            entry.writes.setdefault(path, []).append(Write(None, step))
        entry.now = now

    def all(self) -> list[Traced]:
        """Every resource that was seen and was not deleted, in the order of their appearance."""
        return [t for t in self._known.values() if not t.resource.gone]

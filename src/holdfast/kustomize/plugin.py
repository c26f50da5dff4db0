"""What a generator or transformer is once it is configured, and what it may look at while it is."""

from __future__ import annotations

from collections.abc import Callable

from holdfast.base.record import Record
from holdfast.kustomize.loader import Loader
from holdfast.kustomize.openapi import Schemas
from holdfast.kustomize.resmap import ResMap
from holdfast.kustomize.resource import Resource

Transform = Callable[[ResMap], None]
Generate = Callable[[], list[Resource]]


class Plugin(Record):
    """A configured plugin: one of the two callables is set. ``times`` is for how many of upstream's it stands."""

    transform: Transform | None = None
    generate: Generate | None = None
    times: int = 1


class Surroundings(Record):
    """What a plugin may look at while it is configured."""

    loader: Loader
    schemas: Schemas

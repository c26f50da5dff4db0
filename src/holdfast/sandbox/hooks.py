"""Where admission, validation and side effects join the writing of objects."""

from __future__ import annotations

from collections.abc import Callable

from holdfast.kube.refs import Manifest
from holdfast.sandbox import crds, seams
from holdfast.sandbox.context import Call
from holdfast.sandbox.resources import Resource
from holdfast.sandbox.status import FieldError
from holdfast.sandbox.store import Record

Admission = Callable[[Call, Resource, str, Manifest | None, Manifest | None, str], None]
"""Call, resource, CREATE/UPDATE/DELETE, new object, old object, subresource; raises StatusError to refuse."""


class Hooks:
    def __init__(self) -> None:
        self.creating: list[Admission] = []
        """Asked about a new object before anything is made of it: has it a place?"""
        self.mutating: list[Admission] = []
        self.validating: list[Admission] = []
        self.after: list[Callable[[Resource, Record], None]] = []

    def place(self, call: Call, resource: Resource, new: Manifest) -> None:
        for step in self.creating:
            step(call, resource, "CREATE", new, None, "")

    def mutate(
        self,
        call: Call,
        resource: Resource,
        operation: str,
        new: Manifest | None,
        old: Manifest | None,
        subresource: str = "",
    ) -> None:
        for step in self.mutating:
            step(call, resource, operation, new, old, subresource)

    def admit(
        self,
        call: Call,
        resource: Resource,
        operation: str,
        new: Manifest | None,
        old: Manifest | None,
        subresource: str = "",
    ) -> None:
        for step in self.validating:
            step(call, resource, operation, new, old, subresource)

    def prepare(
        self, call: Call, resource: Resource, new: Manifest, old: Manifest | None, subresource: str = ""
    ) -> None:
        """What a write sets by itself, beyond what the kind's own preparation does."""
        if crds.is_definition(resource) and not subresource:
            crds.prepare(call, new, old)

    def validate_create(self, call: Call, resource: Resource, obj: Manifest) -> list[FieldError]:
        del call
        return seams.validate_create(resource.gvk, obj)

    def validate_update(
        self, call: Call, resource: Resource, obj: Manifest, old: Manifest, subresource: str
    ) -> list[FieldError]:
        del call, subresource
        return seams.validate_update(resource.gvk, obj, old)

    def written(self, resource: Resource, record: Record) -> None:
        for step in self.after:
            step(resource, record)

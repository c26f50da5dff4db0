"""What a full server does around the writing of objects: preparation with the caller's name, validation, Service addresses.

In: the registry's hooks. Out: objects prepared and judged. Never: HTTP.
"""

from __future__ import annotations

from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.sandbox import status
from holdfast.sandbox.admission.policy_hooks import problems
from holdfast.sandbox.context import Call
from holdfast.sandbox.crd import custom
from holdfast.sandbox.crds import is_definition
from holdfast.sandbox.hooks import Hooks
from holdfast.sandbox.kinds import prepare_create, prepare_update, validate_create, validate_update
from holdfast.sandbox.kinds.addresses import AddressPool
from holdfast.sandbox.kinds.field import Errors
from holdfast.sandbox.kinds.prepare import Circumstances, Who, prepare_status, settle, sync_profiles
from holdfast.sandbox.kinds.service import Allocation, Refused, hold, release
from holdfast.sandbox.registry import Registry
from holdfast.sandbox.resources import Resource
from holdfast.sandbox.status import FieldError
from holdfast.sandbox.store import Record


class FullHooks(Hooks):
    def __init__(self, registry: Registry) -> None:
        super().__init__()
        self._registry = registry
        self.addresses = AddressPool()
        self._pending: Allocation | None = None

    def prepare(
        self, call: Call, resource: Resource, new: Manifest, old: Manifest | None, subresource: str = ""
    ) -> None:
        super().prepare(call, resource, new, old, subresource)
        if subresource == "status" and is_definition(resource):
            _definition().prepare_status(new)
        if resource.crd and not subresource:
            custom.fill(resource.spec, new)
        if subresource in ("status", "approval") and old is not None and not resource.crd:
            prepare_status(resource.gvk, new, old, Circumstances(call.stamp))
        if _is_service(resource):
            self._give_back()
        if resource.crd or subresource:
            return
        if _is_service(resource):
            self._allocate(new, old)
        user = call.user
        around = Circumstances(call.stamp, Who(user.name, user.uid, tuple(user.groups), dict(user.extra)))
        if old is None:
            prepare_create(resource.gvk, new, around)
            for text in sync_profiles(new) if resource.plural == "pods" else ():
                call.warn(text)
        else:
            prepare_update(resource.gvk, new, old, around)

    def validate_create(self, call: Call, resource: Resource, obj: Manifest) -> list[FieldError]:
        if resource.crd:
            found = custom.validate_create(resource.spec, resource.kind, obj, resource.namespaced)
            return _told(call, (found, [] if found else custom.finalizer_warnings(obj["metadata"])))
        if is_definition(resource):
            return _told(call, _definition().validate_create(obj))
        errs = validate_create(resource.gvk, obj) + problems(resource, obj, None)
        settle(resource.gvk, obj)
        return errs

    def validate_update(
        self, call: Call, resource: Resource, obj: Manifest, old: Manifest, subresource: str
    ) -> list[FieldError]:
        if resource.crd:
            return _told(call, custom.validate_update(resource.spec, obj, old, subresource))
        if is_definition(resource):
            return (
                _definition().validate_status(obj, old)
                if subresource
                else _told(call, _definition().validate_update(obj, old))
            )
        return validate_update(resource.gvk, obj, old, subresource) + problems(resource, obj, old)

    def _give_back(self) -> None:
        """An allocation lasts only when the write does: what an earlier, failed write left goes back."""
        if self._pending is not None:
            self._pending.undo()
            self._pending = None

    def _allocate(self, obj: Manifest, old: Manifest | None) -> None:
        allocation = Allocation(self.addresses)
        try:
            errs = allocation.run(obj["spec"], (old or {}).get("spec"))
        except Refused as refused:
            raise (status.internal_error if refused.internal else status.untyped)(str(refused)) from None
        if errs:
            raise status.invalid("Service", "", str(obj["metadata"].get("name") or ""), errs)
        self._pending = allocation

    def written(self, resource: Resource, record: Record) -> None:
        if _is_service(resource):
            self._settle(resource, record)
        super().written(resource, record)

    def _settle(self, resource: Resource, record: Record) -> None:
        if self._registry.find(resource, record.key) is None:
            release(self.addresses, record.load())
        elif self._pending is not None:
            self._pending.commit()
            self._pending = None

    def restore(self, resource: Resource, obj: Manifest) -> None:
        """A stored object is there at the start."""
        if _is_service(resource):
            hold(self.addresses, obj)


def _definition() -> Any:
    # Imported with the first definition: it brings the CEL library along.
    from holdfast.sandbox.crd import definition

    return definition


def _told(call: Call, found: tuple[Errors, list[str]]) -> list[FieldError]:
    errs, warnings = found
    for text in warnings:
        call.warn(text)
    return errs


def _is_service(resource: Resource) -> bool:
    return resource.plural == "services" and not resource.group and not resource.crd

"""The list of applied objects that a unit keeps in its status, in Flux's format."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from holdfast.kube.refs import GroupVersionKind, ObjectRef

_RBAC_GROUP = "rbac.authorization.k8s.io"


@dataclass(frozen=True, slots=True)
class InventoryEntry:
    ref: ObjectRef
    version: str

    @property
    def id(self) -> str:
        """``<namespace>_<name>_<group>_<kind>``; the colons in RBAC names are written as two underscores."""
        name = self.ref.name.replace(":", "__") if self.ref.group == _RBAC_GROUP else self.ref.name
        return f"{self.ref.namespace}_{name}_{self.ref.group}_{self.ref.kind}"

    @property
    def gvk(self) -> GroupVersionKind:
        return GroupVersionKind(self.ref.group, self.version, self.ref.kind)

    @classmethod
    def parse(cls, id: str, version: str) -> InventoryEntry | None:
        """None for an id that is not of the format. Names may hold underscores only where colons were."""
        namespace, sep, rest = id.partition("_")
        head, sep2, kind = rest.rpartition("_")
        name, sep3, group = head.rpartition("_")
        if not (sep and sep2 and sep3 and name and kind):
            return None
        return cls(ObjectRef(group, kind, namespace, name.replace("__", ":")), version)


@dataclass(frozen=True, slots=True)
class Inventory:
    entries: tuple[InventoryEntry, ...] = ()

    def missing_from(self, other: Inventory) -> tuple[InventoryEntry, ...]:
        """Entries of this inventory that the other one lacks, whatever their version."""
        kept = {e.ref for e in other.entries}
        return tuple(e for e in self.entries if e.ref not in kept)

    def plus(self, entries: Iterable[InventoryEntry]) -> Inventory:
        known = {e.ref for e in self.entries}
        return Inventory((*self.entries, *(e for e in entries if e.ref not in known)))

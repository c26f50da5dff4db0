"""Server-side apply as a pure function: live object, applied object and managers in; new object and managers out.

The API server's part (texts of refusals, times, versions) is the sandbox's; the planner asks ``owned_fields_changed`` what a
forced apply would change instead of asking the server. Parts: ``fieldset`` (sets of paths), ``ssa_types`` (schemas as field
management sees them), ``ssa_values`` (compare, merge, prune), ``ssa_managed`` (who owns what).
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from holdfast.kube import fieldset, quantity, ssa_values
from holdfast.kube.fieldset import Fields, Path
from holdfast.kube.refs import Manifest
from holdfast.kube.schema import Schema
from holdfast.kube.ssa_managed import (
    APPLY,
    UPDATE,
    BadEntryError,
    Conflict,
    Conflicts,
    Manager,
    Managers,
    Owned,
    Updater,
    decode_entries,
    encode_entries,
    entries_of,
)
from holdfast.kube.ssa_types import Type, type_of
from holdfast.kube.ssa_values import MISSING

__all__ = [
    "APPLY",
    "MISSING",
    "UPDATE",
    "BadEntryError",
    "Change",
    "Conflict",
    "Conflicts",
    "Manager",
    "Managers",
    "Owned",
    "Updater",
    "decode_entries",
    "encode_entries",
    "owned_fields_changed",
]

_NOT_CONTENT: Final = fieldset.of_names(
    "apiVersion",
    "kind",
    "status",
    "metadata.creationTimestamp",
    "metadata.generation",
    "metadata.managedFields",
    "metadata.resourceVersion",
    "metadata.selfLink",
    "metadata.uid",
)


class Change(NamedTuple):
    """One field that an apply would write. ``MISSING`` on a side where the field is not there."""

    path: str
    """As in conflict messages: ``.spec.template.spec.containers[name="app"].image``."""
    before: Any
    after: Any

    @property
    def may_be_default(self) -> bool:
        """Whether ``before`` only says more than ``after``: an atomic part (tolerations, claim templates) is replaced whole
        on paper, but the server may fill in the very defaults that are there. Only its dry run knows.
        """
        return isinstance(self.after, dict | list) and _covers(self.before, self.after)


def owned_fields_changed(live: Manifest, desired: Manifest, manager: str, schema: Schema | None) -> list[Change]:
    """What a forced server-side apply of ``desired`` by ``manager`` would change in ``live``, in order of the paths.

    A change is a field of ``desired`` whose live value differs or is absent, or a field that the manager's Apply entry owns,
    ``desired`` no longer has and nobody else owns. Fields of others are no change, whatever their values; neither is status.
    ``schema`` is the kind's (``Schemas.lookup``, or ``custom_resource`` for a CRD's); None treats lists as atomic.

    Quantities compare by value and a Secret's stringData as the data it becomes. Nulls are compared as they stand: the server
    drops most of them. Inside atomic parts ``may_be_default`` tells which changes a dry run has to confirm. managedFields
    that cannot be read count as owning nothing.
    """
    kind = type_of(schema)
    version = str(live.get("apiVersion") or "")
    try:
        managers = decode_entries(entries_of(live))
    except BadEntryError:
        managers = {}
    updater = Updater(kind, version, ignored=fieldset.of_names("status"))
    config = _as_stored({**desired, "apiVersion": version})
    merged, _ = updater.apply(live, config, managers, Manager(manager, APPLY), force=True, now="")
    compare = ssa_values.compare(live, merged, kind)
    found: list[Change] = []
    for fields in compare:
        for path in _outermost(fieldset.recursive_difference(fields, _NOT_CONTENT)):
            (before, of), (after, _) = _at(live, path, kind), _at(merged, path, kind)
            if not _same_quantities(before, after, of):
                found.append(Change(fieldset.path_text(path), before, after))
    return sorted(found, key=lambda change: change.path)


def _as_stored(obj: Manifest) -> Manifest:
    texts = obj.get("stringData")
    if (obj.get("apiVersion"), obj.get("kind")) != ("v1", "Secret") or not isinstance(texts, dict):
        return obj
    data = {key: base64.b64encode(str(text or "").encode()).decode() for key, text in texts.items()}
    out = {**obj, "data": {**(obj.get("data") or {}), **data}}
    del out["stringData"]
    return out


def _same_quantities(before: Any, after: Any, kind: Type) -> bool:
    """Equal but for the notation of quantities in it."""
    if isinstance(before, dict) and isinstance(after, dict):
        same_keys = before.keys() == after.keys()
        return same_keys and all(_same_quantities(before[k], after[k], kind.field(k) or kind) for k in after)
    if isinstance(before, list) and isinstance(after, list):
        return len(before) == len(after) and all(
            _same_quantities(one, other, kind.items) for one, other in zip(before, after, strict=True)
        )
    if kind.is_quantity and isinstance(before, str | int | float) and isinstance(after, str | int | float):
        try:
            return quantity.parse(str(before)) == quantity.parse(str(after))
        except quantity.QuantityError:
            return False
    return ssa_values.same(before, after)


def _covers(more: Any, less: Any) -> bool:
    if isinstance(less, dict):
        return isinstance(more, dict) and all(key in more and _covers(more[key], value) for key, value in less.items())
    if isinstance(less, list):
        return isinstance(more, list) and len(more) == len(less) and all(map(_covers, more, less))
    return ssa_values.same(more, less)


def _outermost(fields: Fields, prefix: Path = ()) -> Iterator[Path]:
    """Members that are not below another member."""
    for element in fieldset.ordered(fields):
        node = fields[element]
        if fieldset.is_member(node):
            yield (*prefix, element)
        else:
            yield from _outermost(node, (*prefix, element))


def _at(value: Any, path: Path, kind: Type) -> tuple[Any, Type]:
    """The value at a path and its type."""
    for element in path:
        if element[0] == "f":
            value = value.get(element[2:], MISSING) if isinstance(value, dict) else MISSING
            kind = kind.field(element[2:]) or kind
        else:
            items = value if isinstance(value, list) else []
            value = next((item for item in items if ssa_values.element_of(kind, item) == element), MISSING)
            kind = kind.items
    return value, kind

"""The last look before an object is sent: what the live one means for it.

Needed where facts are not enough: fields of kubectl to fold, ignore rules to honour, an object nobody compared yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.model.delivery import Ownership, Policy
from holdfast.plan.cleanup import cleanup
from holdfast.plan.hashing import intended_hash, owned_hash
from holdfast.plan.ignore import adjust, matching_paths, without
from holdfast.plan.switches import on, switches


@dataclass(frozen=True, slots=True)
class Prepared:
    """``cleanup`` is a JSON patch to send first, ``desired`` what to apply then; ``in_sync`` where neither is needed."""

    desired: Manifest
    cleanup: tuple[Mapping[str, Any], ...] = ()
    in_sync: bool = False
    skip: bool = False


def prepare(desired: Manifest, live: Mapping[str, Any], policy: Policy, owner: Ownership) -> Prepared:
    """``live`` is the whole object."""
    found, wanted = switches(live, owner.group), switches(desired, owner.group)
    if on(found, "reconcile", "disabled") or on(found, "ssa", "ignore") or on(wanted, "ssa", "ifnotpresent"):
        return Prepared(desired, skip=True)
    merging = on(found, "ssa", "merge") or on(wanted, "ssa", "merge")
    operations = () if merging else tuple(cleanup(live, owner.manager))
    paths = matching_paths(desired, policy.ignore)
    # An ignored field that somebody took over is no difference, whoever has it now.
    compared = (without(desired, paths), without(live, paths)) if paths else (desired, live)
    if not operations and intended_hash(compared[0]) == owned_hash(compared[1], owner.manager):
        return Prepared(desired, in_sync=True)
    return Prepared(adjust(desired, live, paths, owner.manager) if paths else desired, operations)

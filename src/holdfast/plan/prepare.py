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
from holdfast.plan.ignore import adjust, matching_paths
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
    sent = adjust(desired, live, paths, owner.manager) if paths else desired
    in_sync = not operations and intended_hash(sent) == owned_hash(live, owner.manager)
    return Prepared(sent, operations, in_sync)

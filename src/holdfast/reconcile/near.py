"""One unit's answers to what the executor asks: the live view, the rules for live objects, waits."""

from __future__ import annotations

from collections.abc import Sequence

from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef
from holdfast.model.delivery import Delivery
from holdfast.model.plan import Action, Change, Reason
from holdfast.plan import Prepared, prepare
from holdfast.plan.hashing import owned_hash
from holdfast.plan.ignore import matching_paths
from holdfast.plan.switches import on, switches
from holdfast.reconcile.live import ClusterState
from holdfast.reconcile.waiting import Waiter, Wanted, gone


class Near:
    def __init__(self, delivery: Delivery, state: ClusterState) -> None:
        self._delivery = delivery
        self._state = state

    def prepare(self, desired: Manifest, live: Manifest) -> Prepared:
        return prepare(desired, live, self._delivery.policy, self._delivery.owner)

    def owned(self, ref: ObjectRef) -> str | None:
        live = self._state.get(ref)
        return None if live is None else live.owned

    def owned_of(self, live: Manifest) -> str:
        return owned_hash(live, self._delivery.owner.manager)

    def had(self, live: Manifest) -> bool:
        return self._state.had(live)

    def forces(self, desired: Manifest, live: Manifest) -> bool:
        group = self._delivery.owner.group
        return self._delivery.policy.force or any(on(switches(o, group), "force", "enabled") for o in (desired, live))

    def applied(self, desired: Manifest, live: Manifest) -> None:
        ignored = matching_paths(desired, self._delivery.policy.ignore)
        self._state.applied(self._delivery.key, desired, live, ignored)

    async def gone(self, gvk: GroupVersionKind, ref: ObjectRef) -> None:
        await gone(self._state, gvk, ref)

    async def ready(self, objects: Sequence[tuple[GroupVersionKind, ObjectRef]], seconds: float) -> None:
        await Waiter(self._state).ready([Wanted(gvk, ref) for gvk, ref in objects], seconds)

    def needs_live(self, change: Change) -> bool:
        """Whether facts do not suffice and the whole object has to be read before it is applied."""
        if change.desired is None:
            return False
        if change.reason is Reason.FOREIGN_MANAGERS:
            return True
        wanted = switches(change.desired, self._delivery.owner.group)
        if change.action is Action.CREATE:
            return change.reason is Reason.UNVERIFIED or on(wanted, "ssa", "ifnotpresent")
        return bool(matching_paths(change.desired, self._delivery.policy.ignore))

"""Which objects go with an application, in which order, and what its hooks of the end say. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from holdfast.kube.refs import Manifest, ObjectRef
from holdfast.model.app import Application
from holdfast.model.sync import AppHealthStatus
from holdfast.plan.sync import marks

_KEEP = ("helm.sh/resource-policy", "keep")
_RANK = {s: i for i, s in enumerate(AppHealthStatus)}


def deletable(obj: Manifest, app: Application) -> bool:
    """Definitions of kinds stay, as does what asks for it, and the application itself."""
    ref = ObjectRef.of(obj)
    if ref.kind == "CustomResourceDefinition" or ref == app.ref:
        return False
    wish = marks.option(obj, "Delete") or marks.option_of(app.spec.sync_options, "Delete")
    return wish != "false" and marks.annotations_of(obj).get(_KEEP[0]) != _KEEP[1]


def needs_confirmation(ref: ObjectRef, app: Application) -> bool:
    return any(r.ref == ref and r.requires_deletion_confirmation for r in app.status.resources)


def first_wave(objects: Sequence[Manifest]) -> list[Manifest]:
    """The objects of the highest wave: they go first, the others wait for them."""
    if not objects:
        return []
    highest = max(marks.wave(o) for o in objects)
    return [o for o in objects if marks.wave(o) == highest]


@dataclass(frozen=True, slots=True)
class HookTurn:
    waiting: bool
    failed: tuple[ObjectRef, ...] = ()


def hook_turn(healths: Mapping[ObjectRef, AppHealthStatus]) -> HookTurn:
    """What the health of hooks that have been created says: failed ones are to be tried again."""
    failed = tuple(ref for ref, status in healths.items() if status is AppHealthStatus.DEGRADED)
    return HookTurn(any(s is AppHealthStatus.PROGRESSING for s in healths.values()), failed)


def clean_up(hooks: Sequence[Manifest], healths: Sequence[AppHealthStatus]) -> list[Manifest]:
    """The hooks that go at last: all without a policy, and those whose policy fits how all of them ended."""
    worst = max(healths, key=_RANK.__getitem__, default=AppHealthStatus.HEALTHY)
    return [h for h in hooks if _goes(h, worst)]


def _goes(hook: Manifest, worst: AppHealthStatus) -> bool:
    policies = marks.listed(hook, marks.DELETE_POLICY) or marks.listed(hook, marks.HELM_POLICY)
    if not policies:
        return True
    found = marks.delete_policies(hook)
    return (marks.HOOK_FAILED in found and worst is AppHealthStatus.DEGRADED) or (
        marks.HOOK_SUCCEEDED in found and worst is AppHealthStatus.HEALTHY
    )

"""The tasks of a sync and their order.

The order, from the strongest: phase, wave, kind, name. Before that order is final, a Namespace is pulled before the first
task inside it, and a CustomResourceDefinition before the first of its kind, into that task's phase and wave. What is to be
pruned goes in the reverse order of waves, or after everything else where that is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef
from holdfast.model.sync import OperationPhase, ResourceResult, ResultCode, SyncPhase
from holdfast.plan.sync import marks

PHASES: Final = {SyncPhase.PRE_SYNC: -1, SyncPhase.SYNC: 0, SyncPhase.POST_SYNC: 1, SyncPhase.SYNC_FAIL: 2}
KINDS: Final = (
    "Namespace", "NetworkPolicy", "ResourceQuota", "LimitRange", "PodSecurityPolicy", "PodDisruptionBudget",
    "ServiceAccount", "Secret", "SecretList", "ConfigMap", "StorageClass", "PersistentVolume", "PersistentVolumeClaim",
    "CustomResourceDefinition", "ClusterRole", "ClusterRoleList", "ClusterRoleBinding", "ClusterRoleBindingList", "Role",
    "RoleList", "RoleBinding", "RoleBindingList", "Service", "DaemonSet", "Pod", "ReplicationController", "ReplicaSet",
    "Deployment", "HorizontalPodAutoscaler", "StatefulSet", "Job", "CronJob", "IngressClass", "Ingress", "APIService",
)  # fmt: skip
_KIND_ORDER: Final = {kind: i - len(KINDS) for i, kind in enumerate(KINDS)}
_CONTAINERS: Final = (
    ("spec", "containers"),
    ("spec", "template", "spec", "containers"),
    ("spec", "jobTemplate", "spec", "template", "spec", "containers"),
)
Key = tuple[ObjectRef, SyncPhase]


@dataclass(slots=True, eq=False)
class Task:
    """One object in one phase. Without a target it is to be pruned. ``state`` None: not begun."""

    phase: SyncPhase
    target: Manifest | None
    live: Manifest | None
    skip_dry_run: bool = False
    status: ResultCode | None = None
    state: OperationPhase | None = None
    message: str = ""
    override: int | None = None

    @property
    def obj(self) -> Manifest:
        found = self.target if self.target is not None else self.live
        return found if found is not None else {}

    @property
    def ref(self) -> ObjectRef:
        return ObjectRef.of(self.obj)

    @property
    def gvk(self) -> GroupVersionKind:
        return GroupVersionKind.of(self.obj)

    @property
    def key(self) -> Key:
        return self.ref, self.phase

    @property
    def wave(self) -> int:
        return self.override if self.override is not None else marks.wave(self.obj)

    @property
    def is_prune(self) -> bool:
        return self.target is None

    @property
    def is_hook(self) -> bool:
        return marks.is_hook(self.obj)

    @property
    def pending(self) -> bool:
        return self.state is None

    @property
    def running(self) -> bool:
        return self.state is OperationPhase.RUNNING

    @property
    def completed(self) -> bool:
        return self.state is not None and self.state.completed

    @property
    def live_ref(self) -> ObjectRef:
        """Where it is in the cluster: a cluster-scoped object has no namespace there, whatever its target says."""
        ref = self.ref
        if self.live is None:
            return ref
        return ObjectRef(ref.group, ref.kind, ObjectRef.of(self.live).namespace, ref.name)

    def has_policy(self, policy: str) -> bool:
        return self.is_hook and policy in marks.delete_policies(self.obj)

    @property
    def deleted_before(self) -> bool:
        """A hook of an earlier sync that makes room for this one."""
        return self.live is not None and self.pending and self.has_policy(marks.BEFORE_CREATION)


def ordered(tasks: Iterable[Task]) -> list[Task]:
    found = sorted(tasks, key=_order)
    _pull(found, namespace_made, _namespace_used)
    _pull(found, _kind_made, _kind_used)
    return found


def _order(task: Task) -> tuple[int, int, int, str, ObjectRef]:
    ref = task.ref
    return PHASES[task.phase], task.wave, _KIND_ORDER.get(ref.kind, 0), ref.name, ref


def _pull(tasks: list[Task], makes: Callable[[Manifest], str], uses: Callable[[Manifest], str]) -> None:
    """Moves each task that makes something before the first one that uses it, in that one's phase and wave."""
    first: dict[str, int] = {}
    for i, task in enumerate(tasks):
        if task.target is None:
            continue
        made, used = makes(task.target), uses(task.target)
        if made:
            if made in first:
                at = first[made]
                task.override, task.phase = tasks[at].wave, tasks[at].phase
                tasks.insert(at, tasks.pop(i))
                first.update({key: n + 1 for key, n in first.items() if n >= at})
        elif used and used not in first:
            first[used] = i


def namespace_made(obj: Manifest) -> str:
    return ObjectRef.of(obj).name if (obj.get("apiVersion"), obj.get("kind")) == ("v1", "Namespace") else ""


def _namespace_used(obj: Manifest) -> str:
    return ObjectRef.of(obj).namespace


def is_crd(obj: Manifest | None) -> bool:
    gvk = GroupVersionKind.of(obj or {})
    return (gvk.group, gvk.kind) == ("apiextensions.k8s.io", "CustomResourceDefinition")


def _kind_made(obj: Manifest) -> str:
    if not is_crd(obj):
        return ""
    spec: Any = obj.get("spec") or {}
    group, kind = spec.get("group"), (spec.get("names") or {}).get("kind")
    return f"{group}/{kind}" if group and kind else ""


def _kind_used(obj: Manifest) -> str:
    gvk = GroupVersionKind.of(obj)
    return f"{gvk.group}/{gvk.kind}"


def kinds_made(objects: Iterable[Manifest]) -> frozenset[str]:
    """``group/Kind`` of every kind that one of the objects defines."""
    return frozenset(filter(None, map(_kind_made, objects)))


def turn_prune_waves(tasks: Sequence[Task], *, prune_last: bool) -> None:
    """Gives prune tasks the waves of the opposite end; ``PruneLast`` puts them after everything of the sync phase."""
    prunes = [t for t in tasks if t.is_prune]
    waves = sorted({t.wave for t in prunes})
    turned = dict(zip(waves, reversed(waves), strict=True))
    for task in prunes:
        task.override = turned[task.wave]
    last = max([0, *(t.wave for t in tasks if t.phase is SyncPhase.SYNC)]) + 1
    for task in prunes:
        if prune_last or marks.has_option(task.live, "PruneLast=true"):
            task.override = last


def multi_step(tasks: Sequence[Task]) -> bool:
    return bool(tasks) and (tasks[0].phase, tasks[0].wave) != (tasks[-1].phase, tasks[-1].wave)


def images(obj: Manifest) -> tuple[str, ...]:
    """The images of the containers of an object that has a pod template, or is a pod."""
    for path in _CONTAINERS:
        value: Any = obj
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        if isinstance(value, list):
            return tuple(str(c["image"]) for c in value if isinstance(c, dict) and isinstance(c.get("image"), str))
    return ()


def result_of(task: Task) -> ResourceResult:
    return ResourceResult(
        task.ref,
        task.gvk.version,
        task.status,
        task.message,
        task.phase.value if task.is_hook else "",
        task.state,
        task.phase,
        images(task.obj),
    )

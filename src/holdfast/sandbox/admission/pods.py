"""Admission of pods: priority, runtime class, default tolerations.

In: a pod being created, priority and runtime classes. Out: the pod filled in, or a refusal. Never: limits and quotas.
"""

from __future__ import annotations

from holdfast.kube.refs import Manifest
from holdfast.sandbox.admission.request import Request
from holdfast.sandbox.admission.world import World
from holdfast.sandbox.kinds.validate_policy import SYSTEM_PRIORITIES

_TOLERATED = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_PREEMPT = "PreemptLowerPriority"


def priority(world: World, request: Request) -> None:
    assert request.new is not None
    spec = request.new["spec"]
    if request.operation == "UPDATE":
        _keep_priority(request, spec)
        return
    name = spec.get("priorityClassName")
    value, policy = 0, _PREEMPT
    if name:
        value, policy = _of_class(world, request, name)
    else:
        default = _default_class(world)
        if default is not None:
            spec["priorityClassName"] = default["metadata"]["name"]
            value, policy = default.get("value") or 0, default.get("preemptionPolicy") or _PREEMPT
    given = spec.get("priority")
    if given is not None and given != value:
        raise request.forbidden(
            f"the integer value of priority ({given}) must not be provided in pod spec; priority admission controller computed {value} from the given PriorityClass name"
        )
    spec["priority"] = value
    wanted = spec.get("preemptionPolicy")
    if wanted is not None and wanted != policy:
        raise request.forbidden(
            f"the string value of PreemptionPolicy ({wanted}) must not be provided in pod spec; priority admission controller computed {policy} from the given PriorityClass name"
        )
    spec["preemptionPolicy"] = policy


def _keep_priority(request: Request, spec: Manifest) -> None:
    old = (request.old or {}).get("spec") or {}
    for key in ("priority", "preemptionPolicy"):
        if spec.get(key) is None and old.get(key) is not None:
            spec[key] = old[key]


def _of_class(world: World, request: Request, name: str) -> tuple[int, str]:
    found = world.get("scheduling.k8s.io", "v1", "priorityclasses", name)
    if found is not None:
        return found.get("value") or 0, found.get("preemptionPolicy") or _PREEMPT
    if name in SYSTEM_PRIORITIES:
        return SYSTEM_PRIORITIES[name], _PREEMPT
    raise request.forbidden(f"no PriorityClass with name {name} was found")


def _default_class(world: World) -> Manifest | None:
    if not world.any("scheduling.k8s.io", "v1", "priorityclasses"):
        return None
    defaults = [c for c in world.list("scheduling.k8s.io", "v1", "priorityclasses") if c.get("globalDefault")]
    return min(defaults, key=lambda c: c.get("value") or 0) if defaults else None


def one_global_default(world: World, request: Request) -> None:
    """A second class with globalDefault is refused."""
    assert request.new is not None
    if not request.new.get("globalDefault"):
        return
    for other in world.list("scheduling.k8s.io", "v1", "priorityclasses"):
        name = other["metadata"]["name"]
        if other.get("globalDefault") and name != request.name:
            raise request.forbidden(f"PriorityClass {name} is already marked as default. Only one default can exist")


def keep_system_classes(world: World, request: Request) -> None:
    if request.name in SYSTEM_PRIORITIES:
        raise request.forbidden("this is a system priority class and cannot be deleted")


def tolerations(world: World, request: Request) -> None:
    """Every pod tolerates an unready or unreachable node for five minutes, unless it says otherwise."""
    assert request.new is not None
    spec = request.new["spec"]
    found = spec.get("tolerations") or []
    missing = [key for key in _TOLERATED if not any(_tolerates(item, key) for item in found)]
    if missing:
        added = [{"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300} for key in missing]
        spec["tolerations"] = [*found, *added]


def _tolerates(item: Manifest, key: str) -> bool:
    return item.get("key") in (key, None, "") and item.get("effect") in ("NoExecute", None, "")


def runtime_class(world: World, request: Request) -> None:
    assert request.new is not None
    spec = request.new["spec"]
    name = spec.get("runtimeClassName")
    found = None
    if name:
        found = world.get("node.k8s.io", "v1", "runtimeclasses", name)
        if found is None:
            raise request.forbidden(f'pod rejected: RuntimeClass "{name}" not found')
    overhead = ((found or {}).get("overhead") or {}).get("podFixed")
    given = spec.get("overhead")
    if given is not None:
        if overhead is None:
            raise request.forbidden(
                "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead"
            )
        if given != overhead:
            raise request.forbidden("pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead")
    elif overhead:
        spec["overhead"] = dict(overhead)
    _schedule(request, spec, (found or {}).get("scheduling") or {})


def _schedule(request: Request, spec: Manifest, scheduling: Manifest) -> None:
    for key, value in (scheduling.get("nodeSelector") or {}).items():
        chosen = spec.get("nodeSelector") or {}
        if key in chosen and chosen[key] != value:
            raise request.forbidden(
                f"conflict: runtimeClass.scheduling.nodeSelector[{key}] = {value}; pod.spec.nodeSelector[{key}] = {chosen[key]}"
            )
        spec["nodeSelector"] = {**chosen, key: value}
    extra = [item for item in scheduling.get("tolerations") or () if item not in (spec.get("tolerations") or ())]
    if extra:
        spec["tolerations"] = [*(spec.get("tolerations") or ()), *extra]

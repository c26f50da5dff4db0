"""LimitRanger: defaults and bounds of resources per container, pod and claim.

In: limit ranges of the namespace and a pod or claim. Out: the pod filled in, or a refusal listing every bound it breaks. Never: quotas.
"""

from __future__ import annotations

from decimal import Decimal

from holdfast.kube.refs import Manifest
from holdfast.sandbox.admission.request import Request
from holdfast.sandbox.admission.world import World
from holdfast.sandbox.kinds.quantities import Quantity, parse, printed

_ANNOTATION = "kubernetes.io/limit-ranger"


def ranges(world: World, namespace: str) -> list[Manifest]:
    if not world.any("", "v1", "limitranges"):
        return []
    return list(world.list("", "v1", "limitranges", namespace))


def fill(world: World, request: Request) -> None:
    assert request.new is not None
    if request.key != ("", "pods"):
        return
    for found in ranges(world, request.namespace):
        _fill_one(request.new, found)


def _fill_one(pod: Manifest, found: Manifest) -> None:
    limits, requests = _defaults(found)
    if not limits and not requests:
        return
    notes: list[str] = []
    for word, key in (("container", "containers"), ("init container", "initContainers")):
        for item in pod["spec"].get(key) or ():
            notes += _fill_container(item, limits, requests, word)
    if notes:
        annotations = pod["metadata"].setdefault("annotations", {})
        annotations[_ANNOTATION] = "LimitRanger plugin set: " + "; ".join(notes)


def _defaults(found: Manifest) -> tuple[dict[str, str], dict[str, str]]:
    limits: dict[str, str] = {}
    requests: dict[str, str] = {}
    for item in (found.get("spec") or {}).get("limits") or ():
        if item.get("type") == "Container":
            limits.update(item.get("default") or {})
            requests.update(item.get("defaultRequest") or {})
    return limits, requests


def _fill_container(item: Manifest, limits: dict[str, str], requests: dict[str, str], word: str) -> list[str]:
    resources = item.setdefault("resources", {})
    notes = []
    set_limits = [name for name in limits if name not in (resources.get("limits") or {})]
    set_requests = [name for name in requests if name not in (resources.get("requests") or {})]
    if set_limits:
        resources["limits"] = {**(resources.get("limits") or {}), **{name: limits[name] for name in set_limits}}
    if set_requests:
        resources["requests"] = {**(resources.get("requests") or {}), **{name: requests[name] for name in set_requests}}
    if set_requests:
        notes.append(f"{', '.join(sorted(set_requests))} request for {word} {item.get('name')}")
    if set_limits:
        notes.append(f"{', '.join(sorted(set_limits))} limit for {word} {item.get('name')}")
    return notes


def check(world: World, request: Request) -> None:
    if request.key not in (("", "pods"), ("", "persistentvolumeclaims")):
        return
    assert request.new is not None
    for found in ranges(world, request.namespace):
        problems: list[str] = []
        for item in (found.get("spec") or {}).get("limits") or ():
            problems += _problems(request.key[1], item, request.new)
        if problems:
            raise request.forbidden(problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]")


def _problems(plural: str, item: Manifest, obj: Manifest) -> list[str]:
    kind = item.get("type")
    spec = obj["spec"]
    if plural == "persistentvolumeclaims":
        if kind != "PersistentVolumeClaim":
            return []
        return _bounds(
            item,
            kind,
            (spec.get("resources") or {}).get("limits") or {},
            (spec.get("resources") or {}).get("requests") or {},
            limit_needed=False,
        )
    problems: list[str] = []
    if kind == "Container":
        for key in ("containers", "initContainers"):
            for container in spec.get(key) or ():
                resources = container.get("resources") or {}
                problems += _bounds(item, kind, resources.get("limits") or {}, resources.get("requests") or {})
    elif kind == "Pod":
        problems += _bounds(item, kind, total(spec, "limits"), total(spec, "requests"))
    return problems


def total(spec: Manifest, key: str) -> dict[str, str]:
    """Sums over containers; an init container counts where it alone is larger."""
    totals: dict[str, Quantity] = {}
    containers = spec.get("containers") or []
    for container in containers:
        for name, text in ((container.get("resources") or {}).get(key) or {}).items():
            value = parse(text)
            before = totals.get(name)
            totals[name] = value if before is None else made(before.value + value.value, before.form)
    if key == "limits":
        shared = [set((c.get("resources") or {}).get(key) or {}) for c in containers]
        common = set.intersection(*shared) if shared else set()
        totals = {name: value for name, value in totals.items() if name in common}
    for container in spec.get("initContainers") or ():
        for name, text in ((container.get("resources") or {}).get(key) or {}).items():
            value = parse(text)
            if name not in totals or value.value > totals[name].value:
                totals[name] = value
    return {name: value.text for name, value in totals.items()}


def made(value: Decimal, form: str) -> Quantity:
    return Quantity(value, form, printed(value, form))


def _bounds(item: Manifest, kind: str, limits: Manifest, requests: Manifest, limit_needed: bool = True) -> list[str]:
    problems: list[str] = []
    for name, text in sorted((item.get("min") or {}).items()):
        problems += _least(name, text, kind, limits, requests)
    for name, text in sorted((item.get("max") or {}).items()):
        problems += (
            _most(name, text, kind, limits, requests) if limit_needed else _most_request(name, text, kind, requests)
        )
    for name, text in sorted((item.get("maxLimitRequestRatio") or {}).items()):
        problems += _ratio(name, text, kind, limits, requests)
    return problems


def _least(name: str, text: str, kind: str, limits: Manifest, requests: Manifest) -> list[str]:
    bound = parse(text)
    if name not in requests:
        return [f"minimum {name} usage per {kind} is {text}.  No request is specified"]
    problems: list[str] = []
    if parse(requests[name]).value < bound.value:
        problems.append(f"minimum {name} usage per {kind} is {text}, but request is {requests[name]}")
    elif name in limits and parse(limits[name]).value < bound.value:
        problems.append(f"minimum {name} usage per {kind} is {text}, but limit is {limits[name]}")
    return problems


def _most(name: str, text: str, kind: str, limits: Manifest, requests: Manifest) -> list[str]:
    bound = parse(text)
    if name not in limits:
        return [f"maximum {name} usage per {kind} is {text}.  No limit is specified"]
    problems = []
    if parse(limits[name]).value > bound.value:
        problems.append(f"maximum {name} usage per {kind} is {text}, but limit is {limits[name]}")
    elif name in requests and parse(requests[name]).value > bound.value:
        problems.append(f"maximum {name} usage per {kind} is {text}, but request is {requests[name]}")
    return problems


def _most_request(name: str, text: str, kind: str, requests: Manifest) -> list[str]:
    if name not in requests:
        return [f"maximum {name} usage per {kind} is {text}.  No request is specified"]
    if parse(requests[name]).value > parse(text).value:
        return [f"maximum {name} usage per {kind} is {text}, but request is {requests[name]}"]
    return []


def _ratio(name: str, text: str, kind: str, limits: Manifest, requests: Manifest) -> list[str]:
    if name not in requests or parse(requests[name]).value == 0:
        return [f"{name} max limit to request ratio per {kind} is {text}, but no request is specified or request is 0"]
    if name not in limits or parse(limits[name]).value == 0:
        return [f"{name} max limit to request ratio per {kind} is {text}, but no limit is specified or limit is 0"]
    observed = parse(limits[name]).value / parse(requests[name]).value
    if observed > parse(text).value:
        return [f"{name} max limit to request ratio per {kind} is {text}, but provided ratio is {float(observed):f}"]
    return []

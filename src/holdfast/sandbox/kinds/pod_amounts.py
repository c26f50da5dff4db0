"""What the containers of a pod ask for together.

In: a pod spec. Out: amounts by resource. Never: what a pod may ask for.
"""

from __future__ import annotations

from collections.abc import Iterable

from holdfast.kube.refs import Manifest
from holdfast.sandbox.kinds.quantities import Quantity, parse, printed

Amounts = dict[str, Quantity]


def aggregate(spec: Manifest, key: str) -> Amounts:
    """What all containers ask for at once: sidecars stay, other init containers come one after the other."""
    total = _sum(spec.get("containers") or (), key)
    sidecars: Amounts = {}
    peak: Amounts = {}
    for item in spec.get("initContainers") or ():
        own = _sum([item], key)
        if item.get("restartPolicy") == "Always":
            total, sidecars = _plus(total, own), _plus(sidecars, own)
            own = sidecars
        else:
            own = _plus(own, sidecars)
        peak = _highest(peak, own)
    return _highest(total, peak)


def _sum(items: Iterable[Manifest], key: str) -> Amounts:
    total: Amounts = {}
    for item in items:
        found = (item.get("resources") or {}).get(key) or {}
        total = _plus(total, {name: parse(quantity) for name, quantity in found.items()})
    return total


def _plus(left: Amounts, right: Amounts) -> Amounts:
    found = {**right, **left}
    for name in left.keys() & right.keys():
        value, form = left[name].value + right[name].value, left[name].form
        found[name] = Quantity(value, form, printed(value, form))
    return found


def _highest(left: Amounts, right: Amounts) -> Amounts:
    found = {**left, **right}
    for name in left.keys() & right.keys():
        found[name] = max(left[name], right[name], key=lambda amount: amount.value)
    return found

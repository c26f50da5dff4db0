"""Validation of resources that are asked for a pod as a whole, against those of its containers.

In: a decoded pod spec. Out: field errors. Never: what a node has.
"""

from __future__ import annotations

from collections.abc import Mapping

from holdfast.kube.refs import Manifest
from holdfast.sandbox.kinds.field import Errors
from holdfast.sandbox.kinds.pod_amounts import aggregate
from holdfast.sandbox.kinds.quantities import parse
from holdfast.sandbox.kinds.validate_resources import requirements


def pod_resources(errs: Errors, spec: Manifest, path: str) -> None:
    found, place = spec.get("resources"), f"{path}.resources"
    if found is None:
        return
    if (spec.get("os") or {}).get("name") == "windows":
        errs.forbidden(place, "may not be set for a windows pod")
        return
    if found.get("claims") is not None:
        errs.forbidden(f"{place}.claims", "claims may not be set for Resources at pod-level")
    known = [claim["name"] for claim in spec.get("resourceClaims") or () if claim.get("name")]
    requirements(errs, found, place, known, of_pod=True)
    _totals(errs, spec, found, place)
    for index, item in enumerate(spec.get("containers") or ()):
        _within(errs, item, found.get("limits") or {}, f"{place}.containers[{index}]")


def _totals(errs: Errors, spec: Manifest, found: Manifest, path: str) -> None:
    for key, names in (("requests", None), ("limits", "hugepages-")):
        given = found.get(key) or {}
        for name, total in aggregate(spec, key).items():
            if name not in given or (names and not name.startswith(names)):
                continue
            own = parse(given[name])
            if total.value > own.value:
                text = f"must be greater than or equal to aggregate container {key} of {total.text}"
                errs.invalid(f"{path}.{key}[{name}]", own.text, text)


def _within(errs: Errors, item: Manifest, limits: Mapping[str, str], path: str) -> None:
    for name, quantity in ((item.get("resources") or {}).get("limits") or {}).items():
        if name in limits and parse(quantity).value > parse(limits[name]).value:
            text = f"must be less than or equal to pod limits of {parse(limits[name]).text}"
            errs.invalid(f"{path}[{name}].limits", parse(quantity).text, text)

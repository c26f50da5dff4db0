"""The address families of a Service, on a cluster that has IPv4 only.

In: a Service whose addresses are not allocated yet, for updates the stored one. Out: its families and their policy filled in, or
field errors. Never: allocation (see `service`).
"""

from __future__ import annotations

from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.sandbox.kinds.field import Errors
from holdfast.sandbox.kinds.validate_pod import ip, is_ip

STACKS = ("SingleStack", "PreferDualStack", "RequireDualStack")
_FAMILIES = ("IPv4", "IPv6")
_HERE = "IPv4"


def initialise(spec: Manifest, old: Manifest | None) -> Errors:
    errs = Errors()
    if spec.get("type") == "ExternalName" or (old is not None and _kept(spec, old)):
        return errs
    headless = spec.get("clusterIP") == "None" and not spec.get("selector")
    if not spec.get("ipFamilyPolicy"):
        before = (old or {}).get("ipFamilyPolicy")
        spec["ipFamilyPolicy"] = before or ("RequireDualStack" if headless else "SingleStack")
    check(errs, spec, old)
    if not errs:
        _policy(errs, spec, old)
        _infer(errs, spec)
    if errs:
        return errs
    if headless:
        _headless(spec)
        return errs
    _configured(errs, spec)
    if not errs and not spec.get("ipFamilies"):
        spec["ipFamilies"] = [_HERE]
    return errs


def _kept(spec: Manifest, old: Manifest) -> bool:
    """A Service that prefers two families and changes none of its addresses is left as it is."""
    alike = all((spec.get(key) or []) == (old.get(key) or []) for key in ("type", "clusterIPs", "ipFamilies"))
    return alike and spec.get("ipFamilyPolicy") == old.get("ipFamilyPolicy") == "PreferDualStack"


def check(errs: Errors, spec: Manifest, old: Manifest | None) -> None:
    """The rules that hold before and after allocation."""
    if spec.get("type") == "ExternalName":
        return
    single, several = spec.get("clusterIP") or "", spec.get("clusterIPs") or []
    if single and not several:
        errs.required("spec.clusterIPs")
    elif several and not single:
        errs.invalid("spec.clusterIPs", several, "must be empty when `clusterIP` is not specified")
    elif several and several[0] != single:
        errs.invalid("spec.clusterIPs", several, "first value must match `clusterIP`")
    families = spec.get("ipFamilies") or []
    for index, family in enumerate(families):
        if family not in _FAMILIES:
            errs.unsupported(f"spec.ipFamilies[{index}]", family, _FAMILIES)
        if family in families[:index]:
            errs.duplicate(f"spec.ipFamilies[{index}]", family)
    policy = spec.get("ipFamilyPolicy")
    if policy is not None and policy not in STACKS:
        errs.unsupported("spec.ipFamilyPolicy", policy, STACKS)
    _addresses(errs, several, families, (old or {}).get("clusterIPs") or [])


def _addresses(errs: Errors, several: list[Any], families: list[Any], before: list[Any]) -> None:
    sound = True
    for index, address in enumerate(several):
        if index == 0 and address == "None":
            if len(several) > 1:
                errs.invalid("spec.clusterIPs", several, "'None' must be the first and only value")
                sound = False
        elif address not in before:
            sound = ip(errs, address, f"spec.clusterIPs[{index}]") and sound
    if len(several) > 2:
        errs.invalid("spec.clusterIPs", several, "may only hold up to 2 values")
    if not sound:
        return
    found = [family_of(address) for address in several]
    if len(several) > 1 and (len(set(found)) < 2 or len(several) > 2):
        errs.invalid("spec.clusterIPs", several, "may specify no more than one IP for each IP family")
    if several == ["None"]:
        return
    for index, (address, has, wanted) in enumerate(zip(several, found, families, strict=False)):
        if wanted in _FAMILIES and has != wanted:
            text = f"expected an {wanted} value as indicated by `ipFamilies[{index}]`"
            errs.invalid(f"spec.clusterIPs[{index}]", address, text)


def family_of(address: str) -> str:
    return "IPv6" if is_ip(address) and ":" in address else "IPv4"


def _policy(errs: Errors, spec: Manifest, old: Manifest | None) -> None:
    """Whether one family or two are asked for, and what is given agrees with that."""
    path, policy = "spec.ipFamilyPolicy", spec["ipFamilyPolicy"]
    words = {"clusterIPs": ("cluster IP", "cluster IPs"), "ipFamilies": ("IP family", "IP families")}
    for key, (one, _) in words.items() if old is not None else ():
        had, has = (old or {}).get(key) or [], spec.get(key) or []
        if policy == "SingleStack":
            if had == has and len(has) > 1:
                spec[key] = has[:1]
        elif has and len(has) < len(had):
            errs.invalid(path, policy, f"must be 'SingleStack' to release the secondary {one}")
    for key, (_, many) in words.items():
        if policy == "SingleStack" and len(spec.get(key) or ()) == 2:
            text = f"must be 'RequireDualStack' or 'PreferDualStack' when multiple {many} are specified"
            errs.invalid(path, policy, text)


def _infer(errs: Errors, spec: Manifest) -> None:
    """Families that are not given are those of the addresses."""
    several = spec.get("clusterIPs") or []
    for index, address in enumerate(several):
        if address == "None":
            return
        if index < len(spec.get("ipFamilies") or ()):
            continue
        family = family_of(address)
        if family != _HERE:
            errs.invalid(f"spec.clusterIPs[{index}]", several, f"{family} is not configured on this cluster")
        else:
            spec["ipFamilies"] = [*(spec.get("ipFamilies") or ()), family]


def _headless(spec: Manifest) -> None:
    """Without addresses and selector a Service may have families that the cluster lacks."""
    families = spec.get("ipFamilies") or [_HERE]
    if len(families) < 2 and spec["ipFamilyPolicy"] != "SingleStack":
        families = [families[0], next(family for family in _FAMILIES if family != families[0])]
    spec["ipFamilies"] = families


def _configured(errs: Errors, spec: Manifest) -> None:
    policy = spec["ipFamilyPolicy"]
    if policy == "RequireDualStack":
        errs.invalid("spec.ipFamilyPolicy", policy, "this cluster is not configured for dual-stack services")
    for index, family in enumerate(spec.get("ipFamilies") or ()):
        if family != _HERE:
            errs.invalid(f"spec.ipFamilies[{index}]", family, "not configured on this cluster")

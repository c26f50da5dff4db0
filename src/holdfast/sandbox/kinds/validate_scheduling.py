"""Validation of affinity, spreading and tolerations.

In: those parts of a pod spec. Out: field errors. Never: scheduling.
"""

from __future__ import annotations

from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.sandbox import gotext
from holdfast.sandbox.kinds import names
from holdfast.sandbox.kinds.field import Errors
from holdfast.sandbox.kinds.selectors import label_selector, node_selector, node_selector_term

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


def affinity(errs: Errors, found: Manifest, path: str) -> None:
    node = found.get("nodeAffinity")
    if node:
        if _REQUIRED in node:
            node_selector(errs, node[_REQUIRED], f"{path}.nodeAffinity.{_REQUIRED}")
        for index, term in enumerate(node.get(_PREFERRED) or ()):
            place = f"{path}.nodeAffinity.{_PREFERRED}[{index}]"
            _weight(errs, term, place)
            node_selector_term(errs, term.get("preference") or {}, f"{place}.preference", values=False)
    for kind in ("podAffinity", "podAntiAffinity"):
        terms = found.get(kind)
        if not terms:
            continue
        for index, term in enumerate(terms.get(_REQUIRED) or ()):
            _pod_term(errs, term, f"{path}.{kind}.{_REQUIRED}[{index}]")
        for index, term in enumerate(terms.get(_PREFERRED) or ()):
            place = f"{path}.{kind}.{_PREFERRED}[{index}]"
            _weight(errs, term, place)
            _pod_term(errs, term.get("podAffinityTerm") or {}, f"{place}.podAffinityTerm")


def _weight(errs: Errors, term: Manifest, path: str) -> None:
    weight = term.get("weight") or 0
    if not 1 <= weight <= 100:
        errs.invalid(f"{path}.weight", weight, "must be in the range 1-100")


def _pod_term(errs: Errors, term: Manifest, path: str) -> None:
    label_selector(errs, term.get("labelSelector"), f"{path}.labelSelector")
    label_selector(errs, term.get("namespaceSelector"), f"{path}.namespaceSelector")
    for namespace in term.get("namespaces") or ():
        errs.name(f"{path}.namespace", namespace, names.dns_label)
    for field in ("matchLabelKeys", "mismatchLabelKeys"):
        _label_keys(errs, term, field, path)
    others = term.get("mismatchLabelKeys") or ()
    for index, name in enumerate(term.get("matchLabelKeys") or ()):
        if name in others:
            text = "exists in both matchLabelKeys and mismatchLabelKeys"
            errs.invalid(f"{path}.matchLabelKeys[{index}]", name, text)
    key = term.get("topologyKey") or ""
    if not key:
        errs.required(f"{path}.topologyKey", "can not be empty")
    errs.name(f"{path}.topologyKey", key, names.qualified)


def spread(errs: Errors, found: list[Any], path: str) -> None:
    for index, item in enumerate(found):
        place = f"{path}[{index}]"
        skew, key, action = item.get("maxSkew") or 0, item.get("topologyKey") or "", item.get("whenUnsatisfiable") or ""
        if skew <= 0:
            errs.invalid(f"{place}.maxSkew", skew, "must be greater than zero")
        if not key:
            errs.required(f"{place}.topologyKey", "can not be empty")
        if action not in ("DoNotSchedule", "ScheduleAnyway"):
            errs.unsupported(f"{place}.whenUnsatisfiable", action, ("DoNotSchedule", "ScheduleAnyway"))
        for other in found[index + 1 :]:
            if other.get("topologyKey", "") == key and other.get("whenUnsatisfiable", "") == action:
                errs.duplicate(f"{place}.{{topologyKey, whenUnsatisfiable}}", f"{{{key}, {action}}}")
                break
        domains = item.get("minDomains")
        if domains is not None:
            if domains <= 0:
                errs.invalid(f"{place}.minDomains", domains, "must be greater than zero")
            if action != "DoNotSchedule":
                errs.invalid(
                    f"{place}.minDomains",
                    domains,
                    f"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}",
                )
        for field in ("nodeAffinityPolicy", "nodeTaintsPolicy"):
            if item.get(field) is not None and item[field] not in ("Honor", "Ignore"):
                errs.unsupported(f"{place}.{field}", item[field], ("Honor", "Ignore"))
        _label_keys(errs, item, "matchLabelKeys", place)
        label_selector(errs, item.get("labelSelector"), f"{place}.labelSelector")


def _label_keys(errs: Errors, item: Manifest, field: str, path: str) -> None:
    keys = item.get(field) or []
    if keys and item.get("labelSelector") is None:
        errs.forbidden(f"{path}.{field}", "must not be specified when labelSelector is not set")
        return
    for index, key in enumerate(keys):
        errs.name(f"{path}.{field}[{index}]", key, names.qualified)


def tolerations(errs: Errors, found: list[Any], path: str) -> None:
    for index, item in enumerate(found):
        place = f"{path}[{index}]"
        key, operator, effect = item.get("key") or "", item.get("operator") or "", item.get("effect") or ""
        if key:
            errs.name(f"{place}.key", key, names.qualified)
        if not key and operator != "Exists":
            errs.invalid(
                f"{place}.operator",
                operator,
                'operator must be Exists when `key` is empty, which means "match all values and all keys"',
            )
        if item.get("tolerationSeconds") is not None and effect != "NoExecute":
            errs.invalid(f"{place}.effect", effect, "effect must be 'NoExecute' when `tolerationSeconds` is set")
        if operator in ("", "Equal"):
            problems = names.label_value(item.get("value") or "")
            if problems:
                errs.invalid(f"{place}.operator", item.get("value"), ";".join(problems))
        elif operator == "Exists":
            if item.get("value"):
                errs.invalid(f"{place}.operator", item["value"], "value must be empty when `operator` is 'Exists'")
        elif operator in ("Lt", "Gt"):
            errs.unsupported(f"{place}.operator", operator, ("Equal", "Exists", "Lt", "Gt"), ordered=True)
        else:
            errs.unsupported(f"{place}.operator", operator, ("Equal", "Exists"), ordered=True)
        if effect:
            taint_effect(errs, effect, f"{place}.effect")


def taint_effect(errs: Errors, effect: str, path: str) -> None:
    if effect not in _EFFECTS:
        errs.unsupported(path, effect, _EFFECTS, ordered=True)


def toleration_dump(item: Manifest) -> Any:
    from holdfast.sandbox.kinds.field import raw

    names_ = (
        ("Key", "key", ""),
        ("Operator", "operator", ""),
        ("Value", "value", ""),
        ("Effect", "effect", ""),
        ("TolerationSeconds", "tolerationSeconds", None),
    )
    return raw("{" + ",".join(f'"{go}":{gotext.dumps(item.get(key, zero))}' for go, key, zero in names_) + "}")

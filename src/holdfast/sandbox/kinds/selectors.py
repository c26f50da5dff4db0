"""Validation of label selectors, node selectors and set-based expressions.

In: selector data and its path. Out: field errors. Never: matching (see `holdfast.kube.selectors`).
"""

from __future__ import annotations

from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.sandbox import gotext
from holdfast.sandbox.kinds import names
from holdfast.sandbox.kinds.field import Errors, raw
from holdfast.sandbox.kinds.metadata import check_labels
from holdfast.sandbox.status import Literal

_NEEDS_VALUES = "must be specified when `operator` is 'In' or 'NotIn'"
_NO_VALUES = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"


def printed(selector: Any) -> Literal:
    """A label selector in the order of its struct."""
    if selector is None:
        return raw("null")
    parts = []
    if selector.get("matchLabels"):
        parts.append(f'"matchLabels":{gotext.dumps(selector["matchLabels"])}')
    if selector.get("matchExpressions"):
        parts.append(f'"matchExpressions":{gotext.dumps(selector["matchExpressions"])}')
    return raw("{" + ",".join(parts) + "}")


def label_selector(errs: Errors, selector: Manifest | None, path: str, values_checked: bool = True) -> None:
    if not selector:
        return
    check_labels(errs, selector.get("matchLabels") or {}, f"{path}.matchLabels")
    for index, item in enumerate(selector.get("matchExpressions") or ()):
        place = f"{path}.matchExpressions[{index}]"
        operator, values = item.get("operator"), item.get("values") or []
        if operator in ("In", "NotIn"):
            if not values:
                errs.required(f"{place}.values", _NEEDS_VALUES)
        elif operator in ("Exists", "DoesNotExist"):
            if values:
                errs.forbidden(f"{place}.values", _NO_VALUES)
        else:
            errs.invalid(f"{place}.operator", operator or "", "not a valid selector operator")
        errs.name(f"{place}.key", item.get("key") or "", names.qualified)
        if values_checked:
            for number, value in enumerate(values):
                errs.name(f"{place}.values[{number}]", value, names.label_value)


def usable(selector: Manifest | None) -> bool:
    """Whether the selector would convert without error."""
    errs = Errors()
    label_selector(errs, selector, "")
    return not errs


def matches(selector: Manifest | None, found: dict[str, str]) -> bool:
    """Whether a usable selector selects these labels; an absent one selects nothing."""
    if selector is None:
        return False
    if any(found.get(key) != value for key, value in (selector.get("matchLabels") or {}).items()):
        return False
    return all(_expression(item, found) for item in selector.get("matchExpressions") or ())


def _expression(item: Manifest, found: dict[str, str]) -> bool:
    operator, key, values = item.get("operator"), item.get("key"), item.get("values") or []
    if operator == "In":
        return key in found and found[key] in values
    if operator == "NotIn":
        return key not in found or found[key] not in values
    return (key in found) == (operator == "Exists")


def empty(selector: Manifest | None) -> bool:
    return not selector or not (selector.get("matchLabels") or selector.get("matchExpressions"))


# --- node selectors -----------------------------------------------------------------


def node_selector(errs: Errors, selector: Manifest, path: str) -> None:
    terms = selector.get("nodeSelectorTerms") or []
    if not terms:
        errs.required(f"{path}.nodeSelectorTerms", "must have at least one node selector term")
    for index, term in enumerate(terms):
        node_selector_term(errs, term, f"{path}.nodeSelectorTerms[{index}]")


def node_selector_term(errs: Errors, term: Manifest, path: str, *, values: bool = True) -> None:
    """``values``: whether the values of labels are judged; those of preferences are only warned about."""
    for index, item in enumerate(term.get("matchExpressions") or ()):
        _node_requirement(errs, item, f"{path}.matchExpressions[{index}]", values)
    for index, item in enumerate(term.get("matchFields") or ()):
        _field_requirement(errs, item, f"{path}.matchFields[{index}]")


def _node_requirement(errs: Errors, item: Manifest, path: str, checked: bool) -> None:
    operator, values = item.get("operator"), item.get("values") or []
    if operator in ("In", "NotIn"):
        if not values:
            errs.required(f"{path}.values", _NEEDS_VALUES)
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            errs.forbidden(f"{path}.values", _NO_VALUES)
    elif operator in ("Gt", "Lt"):
        if len(values) != 1:
            errs.required(f"{path}.values", "must be specified single value when `operator` is 'Lt' or 'Gt'")
    else:
        errs.invalid(f"{path}.operator", operator or "", "not a valid selector operator")
    errs.name(f"{path}.key", item.get("key") or "", names.qualified)
    for number, value in enumerate(values) if checked else ():
        errs.name(f"{path}.values[{number}]", value, names.label_value)


def _field_requirement(errs: Errors, item: Manifest, path: str) -> None:
    operator, values = item.get("operator"), item.get("values") or []
    if operator in ("In", "NotIn"):
        if len(values) != 1:
            errs.required(
                f"{path}.values", "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
            )
    else:
        errs.invalid(f"{path}.operator", operator or "", "not a valid selector operator")
    if item.get("key") == "metadata.name":
        for number, value in enumerate(values):
            errs.name(f"{path}.values[{number}]", value, names.dns_subdomain)
    else:
        errs.invalid(f"{path}.key", item.get("key") or "", "not a valid field selector key")

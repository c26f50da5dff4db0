"""Small texts that many columns share: ages, selectors, lists cut short."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

UNKNOWN = "<unknown>"
NONE = "<none>"
UNSET = "<unset>"
_YEAR = 365


def human(seconds: float) -> str:
    """A duration as kubectl shows it (apimachinery ``duration.HumanDuration``)."""
    whole = int(seconds)
    if whole < -1:
        return "<invalid>"
    if seconds < 0:
        return "0s"
    if whole < 120:
        return f"{whole}s"
    minutes, hours = whole // 60, whole // 3600
    if minutes < 10:
        return _pair(minutes, "m", whole % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return _pair(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    return _days(hours)


def _days(hours: int) -> str:
    days = hours // 24
    if hours < 24 * 8:
        return _pair(days, "d", hours % 24, "h")
    if days < _YEAR * 2:
        return f"{days}d"
    if days < _YEAR * 8:
        return _pair(days // _YEAR, "y", days % _YEAR, "d")
    return f"{days // _YEAR}y"


def _pair(big: int, unit: str, small: int, small_unit: str) -> str:
    return f"{big}{unit}{small}{small_unit}" if small else f"{big}{unit}"


def moment(text: Any) -> datetime.datetime | None:
    if not isinstance(text, str) or not text:
        return None
    try:
        return datetime.datetime.fromisoformat(text)
    except ValueError:
        return None


def since(text: Any, now: datetime.datetime) -> str:
    """How long ago, ``<unknown>`` for no time at all."""
    then = moment(text)
    return UNKNOWN if then is None else human((now - then).total_seconds())


def between(start: Any, end: Any) -> str:
    first, last = moment(start), moment(end)
    return human((last - first).total_seconds()) if first and last else ""


def some(items: Sequence[str], most: int = 3, empty: str = UNSET) -> str:
    """The first few, and how many more there are."""
    if len(items) > most:
        return f"{','.join(items[:most])} + {len(items) - most} more..."
    return ",".join(items) or empty


def equality(labels: Mapping[str, str] | None) -> str:
    """``a=b,c=d`` of a plain map."""
    return ",".join(f"{k}={v}" for k, v in sorted((labels or {}).items())) or NONE


def selector(found: Mapping[str, Any] | None, empty: str = NONE) -> str:
    """A LabelSelector as one line."""
    if not found:
        return empty
    parts = [(k, f"{k}={v}") for k, v in (found.get("matchLabels") or {}).items()]
    parts += [(str(e.get("key")), _expression(e)) for e in found.get("matchExpressions") or ()]
    return ",".join(text for _, text in sorted(parts, key=lambda p: p[0])) or empty


def dumped(found: Mapping[str, Any]) -> str:
    """A LabelSelector as Go prints the struct."""
    labels = "".join(f"{key}: {value}," for key, value in sorted((found.get("matchLabels") or {}).items()))
    expressions = "".join(
        f"LabelSelectorRequirement{{Key:{e.get('key') or ''},Operator:{e.get('operator') or ''},Values:[{' '.join(e.get('values') or ())}],}},"
        for e in found.get("matchExpressions") or ()
    )
    return f"&LabelSelector{{MatchLabels:map[string]string{{{labels}}},MatchExpressions:[]LabelSelectorRequirement{{{expressions}}},}}"


def _expression(expression: Mapping[str, Any]) -> str:
    key, operator = expression.get("key"), expression.get("operator")
    values = ",".join(sorted(expression.get("values") or ()))
    forms = {
        "In": f"{key} in ({values})",
        "NotIn": f"{key} notin ({values})",
        "Exists": f"{key}",
        "DoesNotExist": f"!{key}",
    }
    return forms.get(str(operator), "<error>")


def containers(spec: Mapping[str, Any] | None) -> tuple[str, str]:
    """Names and images of a pod's containers."""
    found = (spec or {}).get("containers") or ()
    return ",".join(str(c.get("name") or "") for c in found), ",".join(str(c.get("image") or "") for c in found)


def balancers(status: Mapping[str, Any] | None) -> str:
    """Addresses of a load balancer, sorted, each once."""
    ingress = ((status or {}).get("loadBalancer") or {}).get("ingress") or ()
    return ",".join(
        sorted({str(i.get("ip") or i.get("hostname")) for i in ingress if i.get("ip") or i.get("hostname")})
    )


def condition(obj: Mapping[str, Any], type_: str) -> str:
    """The truth of a condition in status, empty when it is not there."""
    for found in (obj.get("status") or {}).get("conditions") or ():
        if found.get("type") == type_:
            return str(found.get("status"))
    return ""

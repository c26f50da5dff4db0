"""Which permissions of one list of RBAC rules another one does not give, one verb on one thing at a time.

In: rules as they stand in roles. Out: the rules that are missing. The meaning is that of ``kubectl auth reconcile``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

Rule = Mapping[str, Any]


def missing_rules(wanted: Iterable[Rule], known: Sequence[Rule]) -> list[dict[str, Any]]:
    return [one for rule in wanted for one in _single(rule) if not any(_covers(owner, one) for owner in known)]


def _list(rule: Rule, name: str) -> list[str]:
    return [str(v) for v in rule.get(name) or ()]


def _single(rule: Rule) -> Iterator[dict[str, Any]]:
    verbs, names = _list(rule, "verbs"), _list(rule, "resourceNames")
    for group in _list(rule, "apiGroups"):
        for resource in _list(rule, "resources"):
            for verb in verbs:
                one = {"verbs": [verb], "apiGroups": [group], "resources": [resource]}
                yield from ({**one, "resourceNames": [name]} for name in names) if names else (one,)
    for url in _list(rule, "nonResourceURLs"):
        yield from ({"verbs": [verb], "nonResourceURLs": [url]} for verb in verbs)


def _covers(owner: Rule, one: Rule) -> bool:
    named = _list(owner, "resourceNames")
    return (
        _has_all(_list(owner, "verbs"), _list(one, "verbs"))
        and _has_all(_list(owner, "apiGroups"), _list(one, "apiGroups"))
        and all(_has_resource(_list(owner, "resources"), r) for r in _list(one, "resources"))
        and all(_has_url(_list(owner, "nonResourceURLs"), u) for u in _list(one, "nonResourceURLs"))
        and (not named or (bool(_list(one, "resourceNames")) and set(_list(one, "resourceNames")) <= set(named)))
    )


def _has_all(owner: list[str], wanted: list[str]) -> bool:
    return "*" in owner or set(wanted) <= set(owner)


def _has_resource(owner: list[str], resource: str) -> bool:
    _, slash, below = resource.partition("/")
    return "*" in owner or resource in owner or (bool(slash) and f"*/{below}" in owner)


def _has_url(owner: list[str], url: str) -> bool:
    return any(url == o or (o.endswith("*") and url.startswith(o[:-1])) for o in owner)

"""Policy rules: which requests one matches, which other rules it covers, how messages print it.

In: rules as their objects have them. Out: booleans, broken-down rules, texts. Never: users or bindings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from holdfast.kube.refs import Manifest
from holdfast.sandbox import gotext
from holdfast.sandbox.auth.attributes import Attributes


class Rule:
    """A rule ready for matching."""

    __slots__ = ("_exact_urls", "_groups", "_names", "_resources", "_url_prefixes", "_verbs", "source")

    def __init__(self, source: Manifest) -> None:
        self.source = source
        self._verbs = frozenset(source.get("verbs") or ())
        self._groups = frozenset(source.get("apiGroups") or ())
        self._resources = frozenset(source.get("resources") or ())
        self._names = frozenset(source.get("resourceNames") or ())
        urls = source.get("nonResourceURLs") or ()
        self._exact_urls = frozenset(urls)
        self._url_prefixes = tuple(u.rstrip("*") for u in urls if u.endswith("*"))

    def allows(self, asked: Attributes) -> bool:
        if asked.verb not in self._verbs and "*" not in self._verbs:
            return False
        if asked.path:
            return asked.path in self._exact_urls or asked.path.startswith(self._url_prefixes)
        if asked.group not in self._groups and "*" not in self._groups:
            return False
        return self._has_resource(asked) and (not self._names or asked.name in self._names)

    def _has_resource(self, asked: Attributes) -> bool:
        known = self._resources
        if "*" in known or asked.combined in known:
            return True
        return bool(asked.subresource) and f"*/{asked.subresource}" in known


# --- covering: may somebody with these rules grant those? ---


def uncovered(owned: Iterable[Manifest], wanted: Iterable[Manifest]) -> list[Manifest]:
    """The parts of ``wanted`` that no rule of ``owned`` covers, each with one verb and one resource."""
    own = list(owned)
    return [part for rule in wanted for part in _parts(rule) if not any(_covers(mine, part) for mine in own)]


def _parts(rule: Manifest) -> Iterator[Manifest]:
    names: Sequence[str | None] = rule.get("resourceNames") or (None,)
    for group in rule.get("apiGroups") or ():
        for resource in rule.get("resources") or ():
            for verb in rule.get("verbs") or ():
                for name in names:
                    part: Manifest = {"apiGroups": [group], "resources": [resource], "verbs": [verb]}
                    yield part if name is None else {**part, "resourceNames": [name]}
    for url in rule.get("nonResourceURLs") or ():
        for verb in rule.get("verbs") or ():
            yield {"nonResourceURLs": [url], "verbs": [verb]}


def _covers(own: Manifest, part: Manifest) -> bool:
    names = own.get("resourceNames") or []
    return (
        _has(own, "verbs", part)
        and _has(own, "apiGroups", part)
        and all(_has_resource(own.get("resources") or (), r) for r in part.get("resources") or ())
        and all(_has_url(own.get("nonResourceURLs") or (), u) for u in part.get("nonResourceURLs") or ())
        and (not names or (bool(part.get("resourceNames")) and set(part["resourceNames"]) <= set(names)))
    )


def _has(own: Manifest, field: str, part: Manifest) -> bool:
    mine = own.get(field) or ()
    return "*" in mine or all(value in mine for value in part.get(field) or ())


def _has_resource(mine: Sequence[str], resource: str) -> bool:
    _, slash, sub = resource.partition("/")
    return "*" in mine or resource in mine or (bool(slash) and f"*/{sub}" in mine)


def _has_url(mine: Sequence[str], url: str) -> bool:
    return any(m == url or (m.endswith("*") and url.startswith(m.rstrip("*"))) for m in mine)


# --- texts ---

_FIELDS = (
    ("APIGroups", "apiGroups"),
    ("Resources", "resources"),
    ("NonResourceURLs", "nonResourceURLs"),
    ("ResourceNames", "resourceNames"),
    ("Verbs", "verbs"),
)


def described(parts: Iterable[Manifest]) -> str:
    """Missing rules, those that differ by verb alone as one, a line each, sorted."""
    compact: dict[str, Manifest] = {}
    for part in parts:
        key = _text({**part, "verbs": []}) if part.get("resources") else _text(part)
        if key in compact:
            compact[key] = {**part, "verbs": [*compact[key]["verbs"], *part["verbs"]]}
        else:
            compact[key] = part
    return "\n".join(sorted({_text(rule) for rule in compact.values()}))


def _text(rule: Manifest) -> str:
    return "{" + ", ".join(f"{word}:{quoted(rule[key])}" for word, key in _FIELDS if rule.get(key)) + "}"


def quoted(values: Iterable[str]) -> str:
    """``%q`` of a slice of strings."""
    return "[" + " ".join(gotext.quote(v) for v in values) + "]"

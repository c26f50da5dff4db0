"""The RBAC authorizer: roles and bindings indexed by subject, kept up to date by the store's events.

In: the store's records of roles and bindings. Out: decisions, and the rules of a user. Never: HTTP, writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from holdfast.kube.refs import Manifest
from holdfast.sandbox import gotext
from holdfast.sandbox.auth.attributes import Attributes, Decision, plain_texts
from holdfast.sandbox.auth.rules import Rule
from holdfast.sandbox.identity import User
from holdfast.sandbox.store import DELETED, Event, Key, Record, Store

GROUP: Final = "rbac.authorization.k8s.io"
_ROLES: Final = (f"{GROUP}/roles", f"{GROUP}/clusterroles")
_BINDINGS: Final = (f"{GROUP}/rolebindings", f"{GROUP}/clusterrolebindings")
_REMEMBERED: Final = 4096

Subject = tuple[str, str, str]
"""Namespace of the binding (empty for cluster scope), ``User`` or ``Group``, name."""


@dataclass(frozen=True, slots=True)
class _Binding:
    key: Key
    role: Key
    reference: Manifest
    subjects: tuple[tuple[tuple[str, str], str], ...]
    """Kind and name of the user or group it comes down to, and how messages describe it."""


@dataclass(frozen=True, slots=True)
class _Grant:
    """What one binding gives a user: rules and where they come from, or why it gives none."""

    rules: tuple[Rule, ...]
    source: str = ""
    problem: str = ""


class Rbac:
    def __init__(self, store: Store) -> None:
        self._roles: dict[Key, tuple[Rule, ...]] = {}
        self._bindings: dict[Key, _Binding] = {}
        self._subjects: dict[Subject, dict[Key, _Binding]] = {}
        self._grants: dict[tuple[str, tuple[str, ...], str], list[_Grant]] = {}
        for table in _ROLES:
            self._follow(store, table, self._role)
        for table in _BINDINGS:
            self._follow(store, table, self._binding)

    def _follow(self, store: Store, table: str, take: Callable[[Record, bool], None]) -> None:
        for record in store.table(table).scan():
            take(record, False)
        store.subscribe(table, partial(self._changed, take))

    def _changed(self, take: Callable[[Record, bool], None], event: Event) -> None:
        self._grants.clear()
        take(event.record, event.type == DELETED)

    # --- the index ---

    def _role(self, record: Record, gone: bool) -> None:
        if gone:
            self._roles.pop(record.key, None)
        else:
            self._roles[record.key] = tuple(Rule(rule) for rule in record.load().get("rules") or ())

    def _binding(self, record: Record, gone: bool) -> None:
        before = self._bindings.pop(record.key, None)
        for subject, _ in before.subjects if before else ():
            self._subjects[(record.key[0], *subject)].pop(record.key, None)
        if gone:
            return
        binding = _read(record.key, record.load())
        self._bindings[record.key] = binding
        for subject, _ in binding.subjects:
            self._subjects.setdefault((record.key[0], *subject), {})[record.key] = binding

    # --- answers ---

    def authorize(self, asked: Attributes) -> Decision:
        if asked.user.is_admin():
            return Decision(True)
        grants = self._granted(asked.user, asked.namespace)
        for grant in grants:
            for rule in grant.rules:
                if rule.allows(asked):
                    return Decision(True, f"RBAC: allowed by {grant.source}")
        problems = plain_texts(g.problem for g in grants if g.problem)
        return Decision(False, f"RBAC: {problems}" if problems else "")

    def rules_for(self, user: User, namespace: str) -> tuple[list[Manifest], str]:
        grants = self._granted(user, namespace)
        return [r.source for g in grants for r in g.rules], plain_texts(g.problem for g in grants if g.problem)

    def referenced(self, reference: Manifest, namespace: str) -> list[Manifest] | None:
        found = self._roles.get(_role_key(reference, namespace))
        return None if found is None else [rule.source for rule in found]

    def _granted(self, user: User, namespace: str) -> list[_Grant]:
        key = (user.name, user.groups, namespace)
        found = self._grants.get(key)
        if found is None:
            if len(self._grants) >= _REMEMBERED:
                self._grants.clear()
            found = self._grants[key] = list(self._resolve(user, namespace))
        return found

    def _resolve(self, user: User, namespace: str) -> Iterator[_Grant]:
        who = {("User", user.name), *(("Group", group) for group in user.groups)}
        for place in ("", namespace) if namespace else ("",):
            found: dict[Key, _Binding] = {}
            for kind, name in who:
                found.update(self._subjects.get((place, kind, name), {}))
            for _, binding in sorted(found.items()):
                yield self._grant(binding, who)

    def _grant(self, binding: _Binding, who: set[tuple[str, str]]) -> _Grant:
        rules = self._roles.get(binding.role)
        name = binding.reference.get("name") or ""
        if rules is None:
            kind = "role" if binding.role[0] else "clusterrole"
            return _Grant((), problem=f"{kind}.{GROUP} {gotext.quote(name)} not found")
        subject = next(text for subject, text in binding.subjects if subject in who)
        own = binding.key[1]
        what = f'RoleBinding "{own}/{binding.key[0]}"' if binding.key[0] else f'ClusterRoleBinding "{own}"'
        return _Grant(rules, f"{what} of {binding.reference.get('kind')} {gotext.quote(name)} to {subject}")


def _role_key(reference: Manifest, namespace: str) -> Key:
    return (namespace if reference.get("kind") == "Role" else "", str(reference.get("name") or ""))


def _read(key: Key, obj: Manifest) -> _Binding:
    reference = obj.get("roleRef") or {}
    subjects = tuple(s for item in obj.get("subjects") or () if (s := _subject(item, key[0])) is not None)
    return _Binding(key, _role_key(reference, key[0]), reference, subjects)


def _subject(item: dict[str, Any], namespace: str) -> tuple[tuple[str, str], str] | None:
    kind, name = item.get("kind"), str(item.get("name") or "")
    if kind in ("User", "Group"):
        return (kind, name), f"{kind} {gotext.quote(name)}"
    home = item.get("namespace") or namespace
    if kind != "ServiceAccount" or not home:
        return None
    return ("User", f"system:serviceaccount:{home}:{name}"), f"ServiceAccount {gotext.quote(f'{name}/{home}')}"

"""What is asked of an authorizer, and what it answers.

In: user, verb, resource or path. Out: the words of a refusal. Never: a decision of its own, but for the authorizer that allows everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from holdfast.kube.refs import Manifest
from holdfast.sandbox import gotext, status
from holdfast.sandbox.identity import User


@dataclass(frozen=True, slots=True)
class Attributes:
    """One question. ``path`` is given for requests that are about no resource."""

    user: User
    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""

    @property
    def combined(self) -> str:
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


@dataclass(frozen=True, slots=True)
class Decision:
    allowed: bool
    reason: str = ""


class Authorizer(Protocol):
    def authorize(self, asked: Attributes) -> Decision: ...

    def rules_for(self, user: User, namespace: str) -> tuple[list[Manifest], str]:
        """The rules of the user there, and what went wrong on the way."""
        ...

    def referenced(self, reference: Manifest, namespace: str) -> list[Manifest] | None:
        """The rules of the role that a binding in that namespace names; None when it is not there."""
        ...


class AlwaysAllow:
    """``--authorization AlwaysAllow``."""

    def authorize(self, asked: Attributes) -> Decision:
        del asked
        return Decision(True)

    def rules_for(self, user: User, namespace: str) -> tuple[list[Manifest], str]:
        del user, namespace
        return [dict(rule) for rule in EVERYTHING], ""

    def referenced(self, reference: Manifest, namespace: str) -> list[Manifest] | None:
        del reference, namespace
        return []


EVERYTHING: tuple[Manifest, ...] = (
    {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]},
    {"verbs": ["*"], "nonResourceURLs": ["*"]},
)


def refusal(asked: Attributes, reason: str) -> status.StatusError:
    """The Forbidden status of a request; what would look like HTML is escaped."""
    text = _sanitized(_cannot(asked))
    if reason:
        text += f": {reason}"
    error = status.forbidden(asked.resource, asked.group, asked.name, text)
    if asked.path:
        error.details = {}
    return error


def _cannot(asked: Attributes) -> str:
    who = f"User {gotext.quote(asked.user.name)} cannot {asked.verb}"
    if asked.path:
        return f"{who} path {gotext.quote(asked.path)}"
    what = f"resource {gotext.quote(asked.combined)} in API group {gotext.quote(asked.group)}"
    where = f"in the namespace {gotext.quote(asked.namespace)}" if asked.namespace else "at the cluster scope"
    return f"{who} {what} {where}"


def _sanitized(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def plain_texts(errors: Iterator[str]) -> str:
    """Several errors as Go's aggregate prints them: each once, brackets around more than one."""
    found = list(dict.fromkeys(errors))
    return "" if not found else found[0] if len(found) == 1 else "[" + ", ".join(found) + "]"

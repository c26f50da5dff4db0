"""Acting as somebody else: the Impersonate headers, and whether the caller may.

In: a request's headers, the caller, the question it asks. Out: the user to act as. Refusals are ``StatusError``. Never: anything of the body.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import unquote

from holdfast.sandbox import gotext, status
from holdfast.sandbox.auth.attributes import Attributes, Authorizer, refusal
from holdfast.sandbox.httpd import Request
from holdfast.sandbox.identity import AUTHENTICATED, User

_EXTRA = "impersonate-extra-"
_UNAUTHENTICATED = "system:unauthenticated"
_ANONYMOUS = "system:anonymous"
_AUTHENTICATION = "authentication.k8s.io"
_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_ACCOUNT = re.compile(rf"system:serviceaccount:({_LABEL}):({_LABEL}(?:\.{_LABEL})*)")


def wanted(request: Request) -> User | None:
    """Whom the headers name; None when they name nobody."""
    if not any(name.startswith("impersonate-") for name in request.headers):
        return None
    name, uid = _first(request, "impersonate-user"), _first(request, "impersonate-uid")
    groups = tuple(request.values("impersonate-group"))
    extra: dict[str, list[str]] = {}
    for header, value in request.repeated:
        if header.startswith(_EXTRA):
            extra.setdefault(unquote(header.removeprefix(_EXTRA)), []).append(value)
    if name:
        return User(name, groups, uid, extra)
    if uid or groups or extra:
        raise status.bad_request(f"requested {_go(uid, groups, extra)} without impersonating a user name")
    return None


def _first(request: Request, name: str) -> str:
    return next(iter(request.values(name)), "")


def _go(uid: str, groups: tuple[str, ...], extra: dict[str, list[str]]) -> str:
    def strings(values: tuple[str, ...] | list[str]) -> str:
        return "[]string{" + ", ".join(gotext.quote(v) for v in values) + "}" if values else "[]string(nil)"

    more = ", ".join(f"{gotext.quote(k)}:{strings(v)}" for k, v in sorted(extra.items()))
    shown = "map[string][]string{" + more + "}" if extra else "map[string][]string(nil)"
    return f'&user.DefaultInfo{{Name:"", UID:{gotext.quote(uid)}, Groups:{strings(groups)}, Extra:{shown}}}'


def act_as(authorizer: Authorizer, asked: Attributes, wish: User) -> User:
    """The user that the caller of ``asked`` becomes. A constrained way is tried first; its refusal is the one told."""
    if asked.user.is_admin():
        return _become(wish, constrained=False)
    refused = _constrained(authorizer, asked, wish)
    if refused is None:
        return _become(wish, constrained=True)
    if _denied(authorizer, _questions(asked.user, "impersonate", wish, "")) is None:
        return _become(wish, constrained=False)
    raise refused


def _constrained(authorizer: Authorizer, asked: Attributes, wish: User) -> status.StatusError | None:
    mode = _mode(wish)
    if not mode:
        return _denied(authorizer, _questions(asked.user, "impersonate", wish, ""))
    on = replace(asked, verb=f"impersonate-on:{mode}:{asked.verb}")
    questions = list(_questions(asked.user, f"impersonate:{mode}", wish, _AUTHENTICATION))
    refused = _denied(authorizer, iter([on]))
    if refused is not None:
        return refused
    if "system:masters" in wish.groups:
        group = Attributes(asked.user, f"impersonate:{mode}", _AUTHENTICATION, "groups", name="system:masters")
        return refusal(group, "impersonating the system:masters group is not allowed")
    return _denied(authorizer, iter(questions))


def _mode(wish: User) -> str:
    """Which constrained way fits; nodes and service accounts are named and nothing else."""
    alone = not (wish.groups or wish.uid or wish.extra)
    if wish.name.startswith("system:node:"):
        return "arbitrary-node" if alone else ""
    if _ACCOUNT.fullmatch(wish.name):
        return "serviceaccount" if alone else ""
    return "user-info"


def _questions(caller: User, verb: str, wish: User, group: str) -> Iterator[Attributes]:
    account = _ACCOUNT.fullmatch(wish.name)
    if account:
        yield Attributes(caller, verb, group, "serviceaccounts", namespace=account[1], name=account[2])
    elif group and wish.name.startswith("system:node:"):
        yield Attributes(caller, verb, group, "nodes", name=wish.name.removeprefix("system:node:"))
    else:
        yield Attributes(caller, verb, group, "users", name=wish.name)
    if wish.uid:
        yield Attributes(caller, verb, _AUTHENTICATION, "uids", name=wish.uid)
    for name in wish.groups:
        yield Attributes(caller, verb, group, "groups", name=name)
    for key, values in wish.extra.items():
        for value in values:
            yield Attributes(caller, verb, _AUTHENTICATION, "userextras", key, name=value)


def _denied(authorizer: Authorizer, questions: Iterator[Attributes]) -> status.StatusError | None:
    for question in questions:
        decision = authorizer.authorize(question)
        if not decision.allowed:
            return refusal(question, decision.reason)
    return None


def _become(wish: User, *, constrained: bool) -> User:
    groups = wish.groups
    account = _ACCOUNT.fullmatch(wish.name)
    if account and not groups:
        groups = ("system:serviceaccounts", f"system:serviceaccounts:{account[1]}")
    elif constrained and wish.name.startswith("system:node:"):
        groups = ("system:nodes",)
    if wish.name == _ANONYMOUS:
        extra = _UNAUTHENTICATED
    else:
        extra = "" if _UNAUTHENTICATED in groups else AUTHENTICATED
    if extra and extra not in groups:
        groups = (*groups, extra)
    return User(wish.name, groups, wish.uid, wish.extra)

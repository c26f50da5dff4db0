"""The gate that every request passes: impersonation, then authorization.

In: an exchange. Out: the user to act as. Refusals are ``StatusError``. Never: what the request does.
"""

from __future__ import annotations

from dataclasses import replace

from holdfast.sandbox import selectors, status
from holdfast.sandbox.auth import impersonation
from holdfast.sandbox.auth.attributes import Attributes, Authorizer, refusal
from holdfast.sandbox.exchange import Exchange
from holdfast.sandbox.identity import User
from holdfast.sandbox.options import Query
from holdfast.sandbox.route import Route

_VERBS = {"GET": "get", "HEAD": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


class Gate:
    def __init__(self, authorizer: Authorizer) -> None:
        self._authorizer = authorizer

    def admit(self, exchange: Exchange) -> User:
        asked = attributes(exchange)
        wish = impersonation.wanted(exchange.request)
        if wish is not None:
            asked = replace(asked, user=impersonation.act_as(self._authorizer, asked, wish))
        decision = self._authorizer.authorize(asked)
        if not decision.allowed:
            raise refusal(asked, decision.reason)
        return asked.user


def attributes(exchange: Exchange) -> Attributes:
    where, method = exchange.route, exchange.request.method
    if not where.resource:
        return Attributes(exchange.user, method.lower(), path=exchange.request.path or "/")
    name, verb = where.name, _VERBS.get(method, "")
    if where.legacy_watch:
        verb = "watch"
    if not name and verb == "get":
        verb = "watch" if exchange.query.flag("watch") else "list"
        name = _selected(exchange.query)
    elif not name and verb == "delete":
        verb = "deletecollection"
    return _of(exchange.user, verb, where, name)


def _of(user: User, verb: str, where: Route, name: str) -> Attributes:
    return Attributes(user, verb, where.group, where.resource, where.subresource, where.namespace, name)


def _selected(query: Query) -> str:
    """The one name that a field selector asks for; a selector that cannot be read is refused later."""
    text = query.text("fieldSelector")
    if "metadata.name" not in text:
        return ""
    try:
        terms = selectors.fields(text)
    except status.StatusError:
        return ""
    name = next((value for field, equal, value in terms if field == "metadata.name" and equal), "")
    return "" if "/" in name or "%" in name or name in (".", "..") else name

"""Requests about identity: TokenRequest, TokenReview, SelfSubjectReview."""

from __future__ import annotations

import datetime
from typing import Any

from holdfast.kube.refs import GroupVersionKind, Manifest
from holdfast.sandbox import bodies, options, reader, status
from holdfast.sandbox.context import timestamp
from holdfast.sandbox.exchange import Exchange, key_of, show, single_form
from holdfast.sandbox.httpd import Response
from holdfast.sandbox.identity import User
from holdfast.sandbox.registry import Registry
from holdfast.sandbox.resources import Resource
from holdfast.sandbox.tokens import ISSUER, TokenIssuer, account_user

TOKEN_REQUEST = GroupVersionKind("authentication.k8s.io", "v1", "TokenRequest")
_SHORTEST, _LONGEST, _USUAL = 600, 1 << 32, 3600


def request_token(registry: Registry, exchange: Exchange, resource: Resource, issuer: TokenIssuer) -> Response:
    """``serviceaccounts/token``."""
    form = single_form(exchange)
    exchange.configure(options.write_options(exchange.query, "CreateOptions"))
    asked = _read(exchange)
    key = key_of(exchange, resource)
    given = asked["metadata"].get("name")
    if given and given != key[1]:
        raise status.bad_request(f"the name of the object ({given}) does not match the name on the URL ({key[1]})")
    account = registry.get(resource, key)
    spec: dict[str, Any] = asked.setdefault("spec", {})
    _check(spec)
    bound = _bound(registry, key[0], spec.get("boundObjectRef"))
    seconds, audiences = int(spec["expirationSeconds"]), spec["audiences"]
    now = exchange.call.now
    token = issuer.issue(account, audiences, seconds, now, bound)
    asked["metadata"] |= {"name": key[1], "namespace": key[0], "creationTimestamp": exchange.call.stamp}
    asked["status"] = {"token": token, "expirationTimestamp": timestamp(now + datetime.timedelta(seconds=seconds))}
    return show(exchange, resource, asked, form, 201)


def _read(exchange: Exchange) -> Manifest:
    body = bodies.read_object(exchange.request)
    obj = bodies.as_object(body.value)
    version, kind = obj.get("apiVersion") or TOKEN_REQUEST.api_version, obj.get("kind") or "TokenRequest"
    if (version, kind) != (TOKEN_REQUEST.api_version, "TokenRequest"):
        raise status.bad_request(reader.unregistered(version, kind))
    return reader.decode_kind(exchange, TOKEN_REQUEST, obj, body.raw)


def _check(spec: Manifest) -> None:
    if spec.get("expirationSeconds") is None:
        spec["expirationSeconds"] = _USUAL
    if not spec.get("audiences"):
        spec["audiences"] = [ISSUER]
    seconds = spec["expirationSeconds"]
    errors = []
    if seconds < _SHORTEST:
        errors.append(
            status.invalid_value("spec.expirationSeconds", seconds, "may not specify a duration less than 10 minutes")
        )
    if seconds > _LONGEST:
        text = "may not specify a duration larger than 2^32 seconds"
        errors.append(status.invalid_value("spec.expirationSeconds", seconds, text))
    if errors:
        raise status.invalid("TokenRequest", "authentication.k8s.io", "", errors)


_BINDABLE = {("v1", "Pod"): "pods", ("v1", "Secret"): "secrets", ("v1", "Node"): "nodes"}


def _bound(registry: Registry, namespace: str, reference: Manifest | None) -> Manifest | None:
    if not reference:
        return None
    kind = (str(reference.get("apiVersion") or ""), str(reference.get("kind") or ""))
    if kind not in _BINDABLE:
        text = f"cannot bind token for serviceaccount to object of type {kind[0]}, Kind={kind[1]}"
        raise status.bad_request(text)
    resource = registry.catalog.lookup("", "v1", _BINDABLE[kind])
    assert resource is not None
    place = namespace if resource.namespaced else ""
    found = registry.get(resource, (place, str(reference.get("name") or "")))
    uid = reference.get("uid")
    if uid and uid != found["metadata"]["uid"]:
        why = f"the UID in the bound object reference ({uid}) does not match the UID in record. The object might have been deleted and then recreated"
        raise status.conflict(resource.plural, "", found["metadata"]["name"], why)
    return {"kind": kind[1], "name": found["metadata"]["name"], "uid": found["metadata"]["uid"]}


def account_of(registry: Registry, issuer: TokenIssuer, token: str, now: datetime.datetime) -> User | None:
    """The user behind a token, as long as the account it was issued for is still there."""
    claims = issuer.read(token, now)
    resource = registry.catalog.lookup("", "v1", "serviceaccounts")
    if claims is None or resource is None:
        return None
    record = registry.find(resource, (claims.namespace, claims.account))
    if record is None or record.uid != claims.uid:
        return None
    user = account_user(claims.namespace, claims.account, claims.uid)
    return User(
        user.name, user.groups, user.uid, {"authentication.kubernetes.io/credential-id": [f"JTI={claims.identity}"]}
    )


def user_info(user: User) -> Manifest:
    found: Manifest = {"username": user.name, "uid": user.uid, "groups": list(user.groups), "extra": dict(user.extra)}
    return {k: v for k, v in found.items() if v}


def review_token(obj: Manifest, user: User | None) -> None:
    """Fills a TokenReview's status."""
    if user is None:
        obj["status"] = {"user": {}, "error": "invalid bearer token"}
    else:
        audiences = (obj.get("spec") or {}).get("audiences") or [ISSUER]
        obj["status"] = {"authenticated": True, "user": user_info(user), "audiences": audiences}


def who_am_i(obj: Manifest, user: User, stamp: str) -> None:
    obj["metadata"]["creationTimestamp"] = stamp
    obj["status"] = {"userInfo": user_info(user)}

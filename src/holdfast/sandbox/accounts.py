"""Requests about identity: TokenRequest, TokenReview, SelfSubjectReview."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from holdfast.kube.refs import GroupVersionKind, Manifest
from holdfast.sandbox import options, reader, seams, status
from holdfast.sandbox.apply import track_update
from holdfast.sandbox.context import timestamp
from holdfast.sandbox.exchange import Exchange, any_form, key_of, show
from holdfast.sandbox.httpd import Response
from holdfast.sandbox.identity import User
from holdfast.sandbox.registry import Registry
from holdfast.sandbox.resources import Resource
from holdfast.sandbox.tokens import ISSUER, Claims, TokenIssuer, account_user

TOKEN_REQUEST = GroupVersionKind("authentication.k8s.io", "v1", "TokenRequest")
_SHORTEST, _LONGEST, _USUAL = 600, 1 << 32, 3600


def request_token(registry: Registry, exchange: Exchange, resource: Resource, issuer: TokenIssuer) -> Response:
    """``serviceaccounts/token``."""
    form = any_form(exchange)
    exchange.configure(options.write_options(exchange.query, "CreateOptions"))
    asked = reader.read_kind(exchange, TOKEN_REQUEST)
    key = key_of(exchange, resource)
    _check_place(asked["metadata"], key)
    account = registry.get(resource, key)
    spec: dict[str, Any] = asked.setdefault("spec", {})
    if spec.get("expirationSeconds") is None:
        spec["expirationSeconds"] = _USUAL
    asked = _owned(exchange, asked)
    spec = asked["spec"]
    spec.setdefault("boundObjectRef", None)
    if not spec.get("audiences"):
        spec["audiences"] = [ISSUER]
    _identify(asked["metadata"], account["metadata"], exchange.call.stamp)
    _check(spec)
    bound = _bound(registry, key, spec["boundObjectRef"])
    seconds, now = int(spec["expirationSeconds"]), exchange.call.now
    token = issuer.issue(account, spec["audiences"], seconds, now, bound)
    asked["status"] = {"token": token, "expirationTimestamp": timestamp(now + datetime.timedelta(seconds=seconds))}
    return show(exchange, resource, asked, form, 201)


def _check_place(meta: Manifest, key: tuple[str, str]) -> None:
    for field, wanted in (("name", key[1]), ("namespace", key[0])):
        if meta.get(field) and meta[field] != wanted:
            text = f"must match the service account {field} if specified"
            error = status.invalid_value(f"metadata.{field}", meta[field], text)
            raise status.invalid("TokenRequest", TOKEN_REQUEST.group, key[1], [error])


def _identify(meta: Manifest, account: Manifest, stamp: str) -> None:
    if meta.get("uid") and meta["uid"] != account["uid"]:
        why = f"the UID in the token request ({meta['uid']}) does not match the UID of the service account ({account['uid']})"
        raise status.conflict("TokenRequest", TOKEN_REQUEST.group, account["name"], why)
    meta |= {key: account[key] for key in ("name", "namespace", "uid")}
    meta["creationTimestamp"] = stamp


def _owned(exchange: Exchange, asked: Manifest) -> Manifest:
    """With the managedFields that a request has as if it were stored."""
    return track_update(
        None,
        asked,
        manager=exchange.call.manager,
        schema=seams.builtin_schema(TOKEN_REQUEST),
        api_version=TOKEN_REQUEST.api_version,
        subresource="token",
        now=exchange.call.stamp,
    )


def _check(spec: Manifest) -> None:
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


_BINDABLE = {"Pod": "pods", "Secret": "secrets", "Node": "nodes"}


def _bound(registry: Registry, key: tuple[str, str], reference: Manifest | None) -> list[Manifest]:
    """What the token is bound to; for a pod its node, too."""
    if not reference:
        return []
    version, kind = str(reference.get("apiVersion") or ""), str(reference.get("kind") or "")
    group, _, version = version.rpartition("/")
    plural = _BINDABLE.get(kind) if not group else None
    if plural is None:
        raise status.bad_request(f"cannot bind token to object of type {group}/{version}, Kind={kind}")
    name = str(reference.get("name") or "")
    found = _object(registry, plural, "" if kind == "Node" else key[0], name)
    if found is None:
        raise status.not_found(plural, "", name)
    uid = reference.get("uid")
    if uid and uid != found["metadata"]["uid"]:
        why = f"the UID in the bound object reference ({uid}) does not match the UID in record. The object might have been deleted and then recreated"
        raise status.conflict(kind, "", name, why)
    return [{"kind": kind, "name": name, "uid": found["metadata"]["uid"]}, *_node_of(registry, key[1], kind, found)]


def _node_of(registry: Registry, account: str, kind: str, found: Manifest) -> list[Manifest]:
    if kind != "Pod":
        return []
    spec = found.get("spec") or {}
    if spec.get("serviceAccountName") != account:
        raise status.bad_request(
            f'cannot bind token for serviceaccount "{account}" to pod running with different serviceaccount name.'
        )
    if not spec.get("nodeName"):
        return []
    node = _object(registry, "nodes", "", spec["nodeName"])
    return [{"kind": "Node", "name": spec["nodeName"], "uid": node["metadata"]["uid"] if node else ""}]


def _object(registry: Registry, plural: str, namespace: str, name: str) -> Manifest | None:
    resource = registry.catalog.lookup("", "v1", plural)
    assert resource is not None
    record = registry.find(resource, (namespace, name))
    return registry.show(resource, record) if record else None


def account_of(
    registry: Registry, issuer: TokenIssuer, token: str, now: datetime.datetime, audiences: Sequence[str] = (ISSUER,)
) -> User | None:
    """The user behind a token, as long as it is meant for one of the audiences and what it was issued for is still there."""
    claims = issuer.read(token, now)
    if claims is None or not set(audiences) & set(claims.audiences):
        return None
    account = _object(registry, "serviceaccounts", claims.namespace, claims.account)
    if account is None or account["metadata"]["uid"] != claims.uid:
        return None
    extra = {"authentication.kubernetes.io/credential-id": [f"JTI={claims.identity}"]}
    for kind, name, uid in claims.bound:
        if not _alive(registry, claims, kind, name, uid):
            return None
        if kind != "secret":
            extra[f"authentication.kubernetes.io/{kind}-name"] = [name]
            extra |= {f"authentication.kubernetes.io/{kind}-uid": [uid]} if uid else {}
    user = account_user(claims.namespace, claims.account, claims.uid)
    return User(user.name, user.groups, user.uid, extra)


def _alive(registry: Registry, claims: Claims, kind: str, name: str, uid: str) -> bool:
    """The node of a pod is told and not asked for."""
    if kind == "node" and len(claims.bound) > 1:
        return True
    found = _object(registry, f"{kind}s", "" if kind == "node" else claims.namespace, name)
    return found is not None and found["metadata"]["uid"] == uid


def user_info(user: User) -> Manifest:
    found: Manifest = {"username": user.name, "uid": user.uid, "groups": list(user.groups), "extra": dict(user.extra)}
    return {k: v for k, v in found.items() if v}


def review_token(
    registry: Registry, obj: Manifest, found: User | None, now: datetime.datetime, issuer: TokenIssuer
) -> None:
    """Fills a TokenReview's status. ``found`` is whom the token stands for as a credential of this server."""
    spec = obj.get("spec") or {}
    token, audiences = str(spec.get("token") or ""), spec.get("audiences") or [ISSUER]
    if not token:
        raise status.bad_request("token is required for TokenReview in authentication")
    claims = issuer.read(token, now)
    user = account_of(registry, issuer, token, now, audiences) if claims else found
    if user is not None:
        meant = [a for a in audiences if a in claims.audiences] if claims else audiences
        obj["status"] = {"authenticated": True, "user": user_info(user), "audiences": meant}
        return
    error = "invalid bearer token"
    if claims and not set(audiences) & set(claims.audiences):
        shown = [" ".join(f'"{a}"' for a in group) for group in (claims.audiences, audiences)]
        error = f"[{error}, token audiences [{shown[0]}] is invalid for the target audiences [{shown[1]}]]"
    obj["status"] = {"user": {}, "error": error}


def who_am_i(obj: Manifest, user: User, stamp: str) -> None:
    obj["metadata"]["creationTimestamp"] = stamp
    obj["status"] = {"userInfo": user_info(user)}

"""Request bodies as objects of a resource's kind: decoded, checked against the endpoint, defaulted."""

from __future__ import annotations

import copy

from holdfast.kube.refs import GroupVersionKind, Manifest
from holdfast.sandbox import bodies, crds, gotext, owners, seams, status
from holdfast.sandbox.exchange import Exchange
from holdfast.sandbox.negotiate import JSON, PROTOBUF, YAML, body_media
from holdfast.sandbox.resources import Resource


def read(exchange: Exchange, resource: Resource) -> Manifest:
    if resource.crd and body_media(exchange.request.header("content-type")) == PROTOBUF:
        raise status.unsupported_media_type((JSON, YAML))
    request = exchange.request
    body = bodies.read_object(request, resource.kind)
    obj = bodies.as_object(body, request.body, resource.kind)
    _check_identifiable(resource, obj, request.body)
    warn_repeated(exchange, resource.gvk, body)
    check_kind(exchange, resource, obj, body.raw)
    obj = decode(exchange, resource, obj, body.raw)
    owners.deduplicate(obj, exchange.call.warn, after_admission=False)
    return obj


def _check_identifiable(resource: Resource, obj: Manifest, text: bytes) -> None:
    """Built-in kinds are filled in from the endpoint; custom ones have to say what they are."""
    if resource.crd and not obj.get("kind"):
        why = f"Object 'Kind' is missing in '{text.decode('utf-8', 'replace')}'"
        raise bodies.unreadable(resource.kind, why, text)


def warn_repeated(exchange: Exchange, kind: GroupVersionKind, body: bodies.Body) -> None:
    """Keys that a YAML body sets twice."""
    mode = exchange.call.validation
    if not body.repeated or mode == "Ignore":
        return
    if mode == "Strict":
        lines = "\n  ".join(("strict decoding error: yaml: unmarshal errors:", *body.repeated))
        raise status.bad_request(
            f"{kind.kind} in version {gotext.quote(kind.version)} cannot be handled as a {kind.kind}: {lines}"
        )
    for text in body.repeated:
        exchange.call.warn(text)


def check_kind(exchange: Exchange, resource: Resource, obj: Manifest, raw: bytes | None) -> None:
    """Missing identity is filled in from the endpoint; another one is refused."""
    version, kind = obj.get("apiVersion") or resource.api_version, obj.get("kind") or resource.kind
    if not resource.crd and (version, kind) != (resource.api_version, resource.kind):
        check_convertible(resource.gvk, GroupVersionKind.parse(version, kind))
    if version != resource.api_version:
        _warn_sibling(exchange, GroupVersionKind.parse(version, kind), obj, raw)
        raise status.bad_request(
            f"the API version in the data ({version}) does not match the expected API version ({resource.api_version})"
        )
    if kind != resource.kind:
        wrong = status.invalid_value("kind", kind, f"must be {resource.kind}")
        raise status.invalid(str(kind), resource.group, str((obj.get("metadata") or {}).get("name") or ""), [wrong])
    obj["apiVersion"], obj["kind"] = version, kind


_LEGACY = {
    ("apps", "v1beta1"),
    ("apps", "v1beta2"),
    ("extensions", "v1beta1"),
    ("batch", "v1beta1"),
    ("policy", "v1beta1"),
}


def check_convertible(wanted: GroupVersionKind, given: GroupVersionKind) -> None:
    """A body of another kind is refused."""
    legacy = (given.group, given.version) in _LEGACY
    sibling = given.kind == wanted.kind and (given.group == wanted.group or legacy)
    if sibling and (legacy or seams.builtin_schema(given) is not None):
        return
    internal = wanted.group.partition(".")[0] or "core"
    raise status.bad_request(
        f"{given.kind} in version {gotext.quote(given.version)} cannot be handled as a {wanted.kind}: "
        f"{inconvertible(given, internal, wanted.kind)}"
    )


_EVERYWHERE = ("Status", "APIVersions", "APIGroupList", "APIGroup", "APIResourceList")
"""Kinds that every group version knows, always as v1."""


def inconvertible(given: GroupVersionKind, package: str, kind: str) -> str:
    """In the words of the converter, or of the scheme that does not know the kind given."""
    version = "v1" if given.kind in _EVERYWHERE else given.version
    known = given.kind in _EVERYWHERE or (given.api_version, given.kind) == ("v1", "List")
    if known or seams.builtin_schema(given) is not None:
        return f"converting ({version}.{given.kind}) to ({package}.{kind}): unknown conversion"
    return unregistered(given.api_version, given.kind)


def _warn_sibling(exchange: Exchange, kind: GroupVersionKind, obj: Manifest, raw: bytes | None) -> None:
    """A body of another version is decoded as what it is before it is refused: its unknown fields are told."""
    try:
        found = seams.decode(kind, copy.deepcopy(obj), exchange.call.validation, raw)
    except seams.DecodeFailure:
        return
    for text in found if exchange.call.validation == "Warn" else ():
        exchange.call.warn(text)


def unregistered(version: str, kind: str) -> str:
    return f'no kind "{kind}" is registered for version "{version}" in scheme "pkg/runtime/scheme.go:111"'


def decode(
    exchange: Exchange, resource: Resource, obj: Manifest, raw: bytes | None, *, merged: bool = False
) -> Manifest:
    """Canonical form and defaults, in place; unknown fields become warnings or a refusal.

    ``merged``: the object is the outcome of an apply rather than a body.
    """
    mode = exchange.call.validation
    metadata = obj.get("metadata")
    entries = metadata.get("managedFields") if isinstance(metadata, dict) else None
    if not resource.crd:
        for text in seams.decode(resource.gvk, obj, mode, raw):
            if mode == "Warn":
                exchange.call.warn(text)
    else:
        for text in seams.decode_custom(resource, obj, mode, raw, merged=merged):
            if mode == "Warn":
                exchange.call.warn(text)
    obj.setdefault("metadata", {})
    if entries is not None:
        # An empty list gives up field management, so it must not be lost as an empty optional field.
        obj["metadata"]["managedFields"] = entries
    if not resource.crd:
        seams.default(resource.gvk, obj)
        if crds.is_definition(resource):
            crds.default(obj)
    return obj


def read_kind(exchange: Exchange, kind: GroupVersionKind) -> Manifest:
    """A body whose kind is not its resource's: a Scale, a Binding, an Eviction."""
    body = bodies.read_object(exchange.request, kind.kind)
    obj = bodies.as_object(body, exchange.request.body, kind.kind)
    given = GroupVersionKind.parse(obj.get("apiVersion") or kind.api_version, obj.get("kind") or kind.kind)
    if given != kind:
        check_convertible(kind, given)
    return decode_kind(exchange, kind, obj, body.raw)


_DELETE_OPTIONS = GroupVersionKind("", "v1", "DeleteOptions")


def read_delete_options(exchange: Exchange) -> Manifest | None:
    """The DeleteOptions of a body; None where there is none."""
    bodies.check_size(exchange.request)
    if not exchange.request.body:
        return None
    body = bodies.read_object(exchange.request)
    obj = bodies.as_object(body, exchange.request.body)
    given = GroupVersionKind.parse(obj.get("apiVersion") or "v1", obj.get("kind") or _DELETE_OPTIONS.kind)
    if given.kind != _DELETE_OPTIONS.kind:
        # Options are looked for among the kinds of their own package only.
        here = given.kind in _EVERYWHERE
        why = inconvertible(given, "v1", _DELETE_OPTIONS.kind) if here else unregistered(given.api_version, given.kind)
        raise status.bad_request(why)
    try:
        seams.decode(_DELETE_OPTIONS, obj, "Ignore", body.raw)
    except seams.DecodeFailure as failure:
        raise status.bad_request(failure.why) from None
    return obj


def decode_kind(exchange: Exchange, kind: GroupVersionKind, obj: Manifest, raw: bytes | None) -> Manifest:
    """The same of a body that is read already."""
    obj["apiVersion"], obj["kind"] = kind.api_version, kind.kind
    for text in seams.decode(kind, obj, exchange.call.validation, raw):
        if exchange.call.validation == "Warn":
            exchange.call.warn(text)
    obj.setdefault("metadata", {})
    return obj

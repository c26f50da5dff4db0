"""Request bodies as objects of a resource's kind: decoded, checked against the endpoint, defaulted."""

from __future__ import annotations

from holdfast.kube.refs import Manifest
from holdfast.sandbox import bodies, crds, seams, status
from holdfast.sandbox.exchange import Exchange
from holdfast.sandbox.resources import Resource


def read(exchange: Exchange, resource: Resource) -> Manifest:
    value, raw, yaml = bodies.read_object(exchange.request)
    obj = bodies.as_object(value)
    check_kind(resource, obj)
    return decode(exchange, resource, obj, None if yaml else raw)


def check_kind(resource: Resource, obj: Manifest) -> None:
    """Missing identity is filled in from the endpoint; another one is refused."""
    version, kind = obj.get("apiVersion") or resource.api_version, obj.get("kind") or resource.kind
    if version != resource.api_version:
        raise status.bad_request(
            f"the API version in the data ({version}) does not match the expected API version ({resource.api_version})"
        )
    if kind != resource.kind:
        raise status.bad_request(unregistered(version, kind))
    obj["apiVersion"], obj["kind"] = version, kind


def unregistered(version: str, kind: str) -> str:
    return f'no kind "{kind}" is registered for version "{version}" in scheme "pkg/runtime/scheme.go:111"'


def decode(exchange: Exchange, resource: Resource, obj: Manifest, raw: bytes | None) -> Manifest:
    """Canonical form and defaults, in place; unknown fields become warnings or a refusal."""
    mode = exchange.call.validation
    metadata = obj.get("metadata")
    entries = metadata.get("managedFields") if isinstance(metadata, dict) else None
    if not resource.crd:
        for text in seams.decode(resource.gvk, obj, mode, raw):
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

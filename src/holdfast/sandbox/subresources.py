"""The subresources: which module answers which."""

from __future__ import annotations

from holdfast.sandbox import accounts, options, patches, podsubs, reader, scaling, status
from holdfast.sandbox.exchange import Exchange, any_form, check_name, key_of, show
from holdfast.sandbox.getting import get
from holdfast.sandbox.httpd import Response
from holdfast.sandbox.registry import Registry
from holdfast.sandbox.resources import Resource
from holdfast.sandbox.tokens import TokenIssuer

_OBJECT_LIKE = ("status", "approval", "ephemeralcontainers", "resize", "finalize")


def serve(registry: Registry, exchange: Exchange, resource: Resource, issuer: TokenIssuer) -> Response:
    where = exchange.route
    sub = resource.subresource(where.subresource)
    if sub is None:
        if resource.crd:
            raise status.not_found(resource.plural, resource.group, where.name)
        raise status.no_resource()
    if exchange.verb not in sub.verbs:
        if resource.crd and exchange.verb:
            raise status.method_not_supported(resource.plural, resource.group, exchange.verb)
        raise status.method_not_allowed()
    if sub.name in _OBJECT_LIKE:
        return _object(registry, exchange, resource)
    if sub.name == "token":
        return accounts.request_token(registry, exchange, resource, issuer)
    handler = _OTHERS.get(sub.name)
    if handler is None:
        registry.get(resource, key_of(exchange, resource))
        raise status.untyped(f"{resource.plural}/{sub.name} is not served by the sandbox", 501)
    return handler(registry, exchange, resource)


_OTHERS = {
    "scale": scaling.serve,
    "binding": podsubs.bind,
    "eviction": podsubs.evict,
    "log": podsubs.log,
    "exec": podsubs.stream,
    "attach": podsubs.stream,
    "portforward": podsubs.stream,
}


def _object(registry: Registry, exchange: Exchange, resource: Resource) -> Response:
    sub = exchange.route.subresource
    if exchange.verb == "get":
        return get(registry, exchange, resource)
    if exchange.verb == "patch":
        return patches.serve(registry, exchange, resource, sub)
    form = any_form(exchange)
    exchange.configure(options.write_options(exchange.query, "UpdateOptions"))
    obj = reader.read(exchange, resource)
    check_name(exchange, resource, obj)
    key = key_of(exchange, resource)
    updated, _ = registry.update(exchange.call, resource, key, lambda old: obj, subresource=sub)
    return show(exchange, resource, updated, form)

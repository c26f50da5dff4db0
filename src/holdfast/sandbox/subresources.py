"""The subresources: status, scale, eviction, binding, log, token and the rest."""

from __future__ import annotations

from holdfast.sandbox import options, patches, reader, status
from holdfast.sandbox.exchange import Exchange, check_name, key_of, show, single_form
from holdfast.sandbox.getting import get
from holdfast.sandbox.httpd import Response
from holdfast.sandbox.registry import Registry
from holdfast.sandbox.resources import Resource

_OBJECT_LIKE = ("status", "approval", "ephemeralcontainers", "resize", "finalize")


async def serve(registry: Registry, exchange: Exchange, resource: Resource) -> Response:
    where = exchange.route
    sub = resource.subresource(where.subresource)
    if sub is None:
        if resource.crd:
            raise status.not_found(resource.plural, resource.group, where.name)
        raise status.no_resource()
    if exchange.verb not in sub.verbs:
        raise status.method_not_allowed()
    if sub.name in _OBJECT_LIKE:
        return _object(registry, exchange, resource)
    raise status.untyped(f"{resource.plural}/{sub.name} is not served by the sandbox", 501)


def _object(registry: Registry, exchange: Exchange, resource: Resource) -> Response:
    sub = exchange.route.subresource
    if exchange.verb == "get":
        return get(registry, exchange, resource)
    if exchange.verb == "patch":
        return patches.serve(registry, exchange, resource, sub)
    form = single_form(exchange)
    exchange.configure(options.write_options(exchange.query, "UpdateOptions"))
    obj = reader.read(exchange, resource)
    check_name(exchange, resource, obj)
    updated, _ = registry.update(exchange.call, resource, key_of(exchange, resource), lambda old: obj, subresource=sub)
    return show(exchange, resource, updated, form)

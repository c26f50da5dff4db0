"""The subresources: status, scale, eviction, binding, log, token and the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.sandbox import options, patches, status
from holdfast.sandbox.httpd import Response
from holdfast.sandbox.resources import Resource

if TYPE_CHECKING:
    from holdfast.sandbox.endpoints import Endpoints, Exchange

_OBJECT_LIKE = ("status", "approval", "ephemeralcontainers", "resize", "finalize")


async def serve(endpoints: Endpoints, exchange: Exchange, resource: Resource) -> Response:
    where = exchange.route
    sub = resource.subresource(where.subresource)
    if sub is None:
        if resource.crd:
            raise status.not_found(resource.plural, resource.group, where.name)
        raise status.no_resource()
    if exchange.verb not in sub.verbs:
        raise status.method_not_allowed()
    if sub.name in _OBJECT_LIKE:
        return _object(endpoints, exchange, resource)
    raise status.untyped(f"{resource.plural}/{sub.name} is not served by the sandbox", 501)


def _object(endpoints: Endpoints, exchange: Exchange, resource: Resource) -> Response:
    from holdfast.sandbox.endpoints import check_name, key_of

    sub = exchange.route.subresource
    if exchange.verb == "get":
        return endpoints._get(exchange, resource)
    if exchange.verb == "patch":
        return patches.serve(endpoints, exchange, resource, sub)
    form = endpoints.form(exchange)
    exchange.configure(options.write_options(exchange.query, "UpdateOptions"))
    obj = endpoints.read(exchange, resource)
    check_name(exchange, resource, obj)
    updated, _ = endpoints.registry.update(
        exchange.call, resource, key_of(exchange, resource), lambda old: obj, subresource=sub
    )
    return endpoints.show(exchange, resource, updated, form)

"""GET of one object."""

from __future__ import annotations

from holdfast.sandbox import encode, gotext, negotiate, reading, status
from holdfast.sandbox.exchange import Exchange, answer, any_form, key_of, show
from holdfast.sandbox.httpd import Response
from holdfast.sandbox.registry import Registry
from holdfast.sandbox.resources import Resource


def get(registry: Registry, exchange: Exchange, resource: Resource) -> Response:
    form = any_form(exchange)
    if exchange.query.flag("export"):
        raise status.bad_request("the export parameter, deprecated since v1.14, is no longer supported")
    revision = exchange.query.text("resourceVersion")
    if revision:
        if not revision.isascii() or not revision.isdecimal():
            raise status.untyped(f"strconv.ParseUint: parsing {gotext.quote(revision)}: invalid syntax")
        reading.check_future(registry, int(revision))
    record = registry.find(resource, key_of(exchange, resource))
    if record is None:
        raise status.not_found(resource.plural, resource.group, exchange.route.name)
    if form == negotiate.PLAIN:
        return answer(exchange, encode.object_bytes(resource, record) + b"\n", form)
    return show(exchange, resource, registry.show(resource, record), form)

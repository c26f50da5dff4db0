"""The verbs as HTTP offers them: options and bodies in, operations of the registry, answers out."""

from __future__ import annotations

from holdfast.sandbox import (
    deletion,
    encode,
    gotext,
    options,
    patches,
    reader,
    reading,
    status,
    strategy,
    subresources,
    virtual,
)
from holdfast.sandbox.exchange import (
    Exchange,
    answer,
    any_form,
    check_name,
    check_namespace,
    key_of,
    show,
    show_page,
    success,
)
from holdfast.sandbox.getting import get
from holdfast.sandbox.httpd import Response
from holdfast.sandbox.identity import Authenticator
from holdfast.sandbox.negotiate import PROTOBUF
from holdfast.sandbox.registry import Registry
from holdfast.sandbox.resources import Resource
from holdfast.sandbox.watching import Watch


def serve(registry: Registry, exchange: Exchange, resource: Resource, authenticator: Authenticator) -> Response:
    if exchange.route.subresource:
        return subresources.serve(registry, exchange, resource, registry.issuer)
    verb = exchange.verb or _custom_verb(exchange, resource)
    if not verb or exchange.request.method == "HEAD" or verb not in resource.verbs:
        raise _not_allowed(exchange, resource)
    if virtual.is_virtual(resource):
        return virtual.serve(registry, exchange, resource, authenticator)
    return _VERBS[verb](registry, exchange, resource)


def _custom_verb(exchange: Exchange, resource: Resource) -> str:
    """Custom resources are not routed by path: a POST creates wherever it goes, and a PUT or PATCH misses the name."""
    method = exchange.request.method
    if not resource.crd or method not in ("POST", "PUT", "PATCH"):
        return ""
    if method == "POST":
        return "create"
    if method == "PATCH":
        patches.media_of(exchange, resource)
    raise status.bad_request("name must be provided")


def _not_allowed(exchange: Exchange, resource: Resource) -> status.StatusError:
    if resource.crd:
        return status.method_not_supported(
            resource.plural, resource.group, exchange.verb or exchange.request.method.lower()
        )
    if exchange.route.name and set(resource.verbs) == {"create"}:
        # Reviews and bindings are only ever posted; there is no path for one of them.
        return status.no_resource()
    return status.method_not_allowed()


# --- reading ---


def _list(registry: Registry, exchange: Exchange, resource: Resource) -> Response:
    form = any_form(exchange)
    found = options.list_options(exchange.query)
    wanted = _selection(registry, exchange, resource, found)
    page = reading.page(registry, resource, wanted, found)
    return show_page(exchange, resource, page, form)


def _selection(
    registry: Registry, exchange: Exchange, resource: Resource, found: options.ListOptions
) -> reading.Selection:
    namespace = exchange.route.namespace if resource.namespaced else ""
    return reading.selection(resource, namespace, found, lambda r: registry.show(resource, r))


def _watch(registry: Registry, exchange: Exchange, resource: Resource) -> Response:
    form = any_form(exchange)
    found = options.list_options(exchange.query, force_watch=True)
    wanted = _selection(registry, exchange, resource, found)
    if exchange.route.legacy_watch and exchange.route.name:
        wanted.name = exchange.route.name
    revision = found.resource_version
    if revision and not (revision.isascii() and revision.isdecimal()):
        raise status.untyped(f"strconv.ParseUint: parsing {gotext.quote(revision)}: invalid syntax")
    watch = Watch(registry, resource, wanted, found, form)
    response = answer(exchange, b"", form)
    if form.media == PROTOBUF:
        response.content_type = f"{PROTOBUF};stream=watch"
    response.stream = watch.open()
    return response


# --- writing ---


def _create(registry: Registry, exchange: Exchange, resource: Resource) -> Response:
    form = any_form(exchange)
    exchange.configure(options.write_options(exchange.query, "CreateOptions"))
    obj = reader.read(exchange, resource)
    namespace = check_namespace(exchange, resource, obj)
    return show(exchange, resource, registry.create(exchange.call, resource, namespace, obj), form, 201)


def _update(registry: Registry, exchange: Exchange, resource: Resource) -> Response:
    form = any_form(exchange)
    exchange.configure(options.write_options(exchange.query, "UpdateOptions"))
    obj = reader.read(exchange, resource)
    check_name(exchange, resource, obj)
    may_create = strategy.created_by_put(resource)
    updated, created = registry.update(
        exchange.call, resource, key_of(exchange, resource), lambda old: obj, create=may_create
    )
    return show(exchange, resource, updated, form, 201 if created else 200)


def _patch(registry: Registry, exchange: Exchange, resource: Resource) -> Response:
    return patches.serve(registry, exchange, resource, "")


def _delete(registry: Registry, exchange: Exchange, resource: Resource) -> Response:
    form = any_form(exchange)
    how = options.delete_options(exchange.query, reader.read_delete_options(exchange))
    exchange.call.dry_run = how.dry_run
    key = key_of(exchange, resource)
    obj, gone = deletion.delete(registry, exchange.call, resource, key, how)
    if not gone or strategy.delete_answers_object(resource):
        return show(exchange, resource, obj, form)
    details = {"name": key[1], "group": resource.group, "kind": resource.plural, "uid": obj["metadata"]["uid"]}
    body = success({k: v for k, v in details.items() if v})
    return answer(exchange, encode.body(body, form), form)


def _delete_collection(registry: Registry, exchange: Exchange, resource: Resource) -> Response:
    if resource.namespaced and not exchange.route.namespace:
        raise status.method_not_allowed()
    form = any_form(exchange)
    found = options.list_options(exchange.query)
    how = options.delete_options(exchange.query, reader.read_delete_options(exchange))
    exchange.call.dry_run = how.dry_run
    page = reading.page(registry, resource, _selection(registry, exchange, resource, found), found)
    for record in page.records:
        deletion.delete(registry, exchange.call, resource, record.key, how)
    return show_page(exchange, resource, page, form)


_VERBS = {
    "get": get,
    "list": _list,
    "watch": _watch,
    "create": _create,
    "update": _update,
    "patch": _patch,
    "delete": _delete,
    "deletecollection": _delete_collection,
}

"""Resources that are only ever created: reviews, and bindings. Nothing of them is stored."""

from __future__ import annotations

from holdfast.kube.refs import Manifest
from holdfast.sandbox import accounts, encode, options, podsubs, reader
from holdfast.sandbox.exchange import Exchange, answer, any_form, check_namespace, show, success
from holdfast.sandbox.httpd import Response
from holdfast.sandbox.identity import Authenticator
from holdfast.sandbox.registry import Registry
from holdfast.sandbox.resources import Resource


def is_virtual(resource: Resource) -> bool:
    return resource.verbs == ("create",)


def serve(registry: Registry, exchange: Exchange, resource: Resource, authenticator: Authenticator) -> Response:
    form = any_form(exchange)
    exchange.configure(options.write_options(exchange.query, "CreateOptions"))
    obj = reader.read(exchange, resource)
    check_namespace(exchange, resource, obj)
    if resource.kind == "Binding":
        return _bind(registry, exchange, obj)
    if resource.kind == "TokenReview":
        obj = registry.track(exchange.call, resource, None, obj, "")
        now = exchange.call.now
        found = authenticator.of_token(str((obj.get("spec") or {}).get("token") or ""), now)
        accounts.review_token(registry, obj, found, now, registry.issuer)
    elif resource.kind == "SelfSubjectReview":
        accounts.who_am_i(obj, exchange.user, exchange.call.stamp)
    else:
        obj = _review(registry, exchange, resource, obj)
    return show(exchange, resource, obj, form, 201)


def _bind(registry: Registry, exchange: Exchange, obj: Manifest) -> Response:
    pods = registry.catalog.lookup("", "v1", "pods")
    assert pods is not None
    form = any_form(exchange)
    podsubs.assign(registry, exchange, pods, (exchange.route.namespace, str(obj["metadata"].get("name") or "")), obj)
    return answer(exchange, encode.body(success(code=201), form), form, 201)


def _review(registry: Registry, exchange: Exchange, resource: Resource, obj: Manifest) -> Manifest:
    """The SubjectAccessReview family, imported when first asked for."""
    from holdfast.sandbox.auth import reviews

    return reviews.review(registry, exchange.call, resource, obj)

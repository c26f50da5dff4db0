"""One HTTP request on its way through the server, and how answers to it are written."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.sandbox import encode, gotext, negotiate, options, status
from holdfast.sandbox.context import Call
from holdfast.sandbox.httpd import Request, Response
from holdfast.sandbox.identity import User
from holdfast.sandbox.negotiate import Form
from holdfast.sandbox.options import Query
from holdfast.sandbox.reading import Page
from holdfast.sandbox.resources import Resource
from holdfast.sandbox.route import Route


class Exchange:
    """One HTTP request on its way through the server."""

    def __init__(
        self, request: Request, query: Query, where: Route, verb: str, user: User, now: datetime.datetime
    ) -> None:
        self.request = request
        self.query = query
        self.route = where
        self.verb = verb
        self.user = user
        self.call = Call(now, user, manager=user_agent_manager(request.header("user-agent")), verb=verb)
        self.resource: Resource | None = None

    def has_binary_form(self) -> bool:
        """Whether what is asked for can be written as protobuf."""
        from holdfast.sandbox import protowrite

        found = self.resource
        return found is not None and not found.crd and protowrite.can_write(found.gvk)

    def configure(self, found: options.WriteOptions) -> None:
        self.call.user = self.user
        self.call.dry_run = found.dry_run
        self.call.validation = found.validation
        if found.manager:
            self.call.manager = found.manager


def user_agent_manager(agent: str) -> str:
    """The default field manager: the user agent up to its first slash, printable characters only, 128 bytes."""
    name = "".join(c for c in agent.partition("/")[0] if c.isprintable())
    return name.encode()[:128].decode("utf-8", "ignore") or "unknown"


def any_form(exchange: Exchange) -> Form:
    form = negotiate.choose(exchange.request.header("accept"), binary=exchange.has_binary_form)
    if form.target != "Table":
        return form
    include = exchange.query.text("includeObject") or "Metadata"
    if include not in ("None", "Metadata", "Object"):
        raise status.bad_request(
            f"Unable to convert to Table as requested: includeObject: Invalid value: {gotext.quote(include)}: "
            "must be 'Metadata', 'Object', 'None', or empty"
        )
    return dataclasses.replace(form, include=include)


def _wrong_number(target: str, what: str, kind: str) -> status.StatusError:
    return status.StatusError(406, "NotAcceptable", f"you requested {target}, but the requested object {what} ({kind})")


def go_type(resource: Resource, kind: str) -> str:
    """The type of the real server's object, which some refusals name. ``kind`` may be another than the resource's."""
    if resource.crd and kind != "Scale":
        return "*unstructured.Unstructured" + kind.removeprefix(resource.kind)
    package = _PACKAGES.get(resource.group, resource.group.partition(".")[0])
    return f"*{_OWN_PACKAGES.get(kind, package)}.{kind}"


_PACKAGES = {"": "core", "rbac.authorization.k8s.io": "rbac", "events.k8s.io": "core"}
_OWN_PACKAGES = {"Scale": "autoscaling", "TokenRequest": "authentication"}


def warning_headers(warnings: list[str]) -> list[tuple[str, str]]:
    return [("Warning", "299 - " + gotext.quote(w)) for w in warnings]


def answer(exchange: Exchange, body: bytes, form: Form, code: int = 200) -> Response:
    return Response(code, body, form.media, warning_headers(exchange.call.warnings))


def show(exchange: Exchange, resource: Resource, obj: Manifest, form: Form, code: int = 200) -> Response:
    """One object in the form asked for. What cannot be shown in that form was done all the same."""
    if form.target == "PartialObjectMetadataList":
        raise _wrong_number(form.target, "is not a list", go_type(resource, str(obj.get("kind") or resource.kind)))
    value = encode.printed(resource, obj, form, exchange.call.now)
    return answer(exchange, encode.body(value, form), form, code)


def show_page(exchange: Exchange, resource: Resource, page: Page, form: Form) -> Response:
    """The objects of a list in the form asked for."""
    if form.target == "PartialObjectMetadata":
        raise _wrong_number(form.target, "is a list", go_type(resource, resource.list_kind))
    return answer(exchange, encode.page_bytes(resource, page, form, exchange.call.now), form)


def success(details: dict[str, Any] | None = None, code: int | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
    if details:
        found["details"] = details
    if code:
        found["code"] = code
    return found


def key_of(exchange: Exchange, resource: Resource) -> tuple[str, str]:
    return (exchange.route.namespace if resource.namespaced else "", exchange.route.name)


def check_namespace(exchange: Exchange, resource: Resource, obj: Manifest) -> str:
    """A namespaced object takes the URL's namespace; another one in the body is refused."""
    meta = obj["metadata"]
    if not resource.namespaced:
        meta.pop("namespace", None)
        return ""
    given = meta.get("namespace") or exchange.route.namespace
    if given != exchange.route.namespace:
        raise status.bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    meta["namespace"] = exchange.route.namespace
    return exchange.route.namespace


def check_name(exchange: Exchange, resource: Resource, obj: Manifest) -> None:
    meta = obj["metadata"]
    name = exchange.route.name
    if not meta.get("name"):
        raise status.bad_request(
            f"the name of the object ({name} based on URL) was undeterminable: name must be provided"
        )
    if meta["name"] != name:
        raise status.bad_request(f"the name of the object ({meta['name']}) does not match the name on the URL ({name})")
    check_namespace(exchange, resource, obj)

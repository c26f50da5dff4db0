"""The verbs as HTTP offers them: options and bodies in, operations of the registry, answers out."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.sandbox import bodies, deletion, encode, negotiate, options, patches, reading, seams, status, strategy
from holdfast.sandbox.context import Call
from holdfast.sandbox.httpd import Request, Response
from holdfast.sandbox.identity import User
from holdfast.sandbox.negotiate import Form
from holdfast.sandbox.options import Query
from holdfast.sandbox.registry import Registry
from holdfast.sandbox.resources import Resource
from holdfast.sandbox.route import Route
from holdfast.sandbox.watching import Watch


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


Authorize = Callable[[Exchange], User]


class Endpoints:
    def __init__(self, registry: Registry, authorize: Authorize) -> None:
        self.registry = registry
        self.authorize = authorize
        self.watches: set[Watch] = set()

    async def serve(self, exchange: Exchange, resource: Resource) -> Response:
        where, method = exchange.route, exchange.request.method
        if where.subresource:
            return await self._subresource(exchange, resource)
        verb = exchange.verb
        if not verb or method == "HEAD" or verb not in resource.verbs:
            raise self._not_allowed(exchange, resource)
        handler = {
            "get": self._get,
            "list": self._list,
            "watch": self._watch,
            "create": self._create,
            "update": self._update,
            "patch": self._patch,
            "delete": self._delete,
            "deletecollection": self._delete_collection,
        }[verb]
        return handler(exchange, resource)

    def _not_allowed(self, exchange: Exchange, resource: Resource) -> status.StatusError:
        if resource.crd:
            return status.method_not_supported(
                resource.plural, resource.group, exchange.verb or exchange.request.method.lower()
            )
        return status.method_not_allowed()

    async def _subresource(self, exchange: Exchange, resource: Resource) -> Response:
        from holdfast.sandbox import subresources

        return await subresources.serve(self, exchange, resource)

    # --- reading ---

    def _get(self, exchange: Exchange, resource: Resource) -> Response:
        form = self.form(exchange)
        _single(form)
        revision = exchange.query.text("resourceVersion")
        if revision:
            if not revision.isascii() or not revision.isdecimal():
                raise status.untyped(f"strconv.ParseUint: parsing {status.gotext.quote(revision)}: invalid syntax")
            reading.check_future(self.registry, int(revision))
        record = self.registry.find(resource, key_of(exchange, resource))
        if record is None:
            raise status.not_found(resource.plural, resource.group, exchange.route.name)
        if form.media == negotiate.JSON and not form.target:
            return self.answer(exchange, encode.object_bytes(resource, record) + b"\n", form)
        return self.show(exchange, resource, self.registry.show(resource, record), form)

    def _list(self, exchange: Exchange, resource: Resource) -> Response:
        form = self.form(exchange)
        if form.target == "PartialObjectMetadata":
            raise status.not_acceptable(negotiate.ACCEPTED)
        found = options.list_options(exchange.query)
        wanted = self._selection(exchange, resource, found)
        page = reading.page(self.registry, resource, wanted, found)
        return self.answer(
            exchange, encode.page_bytes(resource, page, form, exchange.query.text("includeObject")), form
        )

    def _selection(self, exchange: Exchange, resource: Resource, found: options.ListOptions) -> reading.Selection:
        namespace = exchange.route.namespace if resource.namespaced else ""
        return reading.selection(resource, namespace, found, lambda r: self.registry.show(resource, r))

    def _watch(self, exchange: Exchange, resource: Resource) -> Response:
        form = self.form(exchange)
        found = options.list_options(exchange.query, force_watch=True)
        wanted = self._selection(exchange, resource, found)
        if exchange.route.legacy_watch and exchange.route.name:
            wanted.name = exchange.route.name
        revision = found.resource_version
        if revision and not (revision.isascii() and revision.isdecimal()):
            raise status.untyped(f"strconv.ParseUint: parsing {status.gotext.quote(revision)}: invalid syntax")
        watch = Watch(self.registry, resource, wanted, found, form, exchange.query.text("includeObject"))
        response = self.answer(exchange, b"", form)
        response.stream = watch.open()
        return response

    # --- writing ---

    def read(self, exchange: Exchange, resource: Resource) -> Manifest:
        """The body as an object of the resource's kind, decoded and defaulted."""
        value, raw, yaml = bodies.read_object(exchange.request)
        obj = bodies.as_object(value)
        self._check_kind(resource, obj)
        return self.decode(exchange, resource, obj, None if yaml else raw)

    def _check_kind(self, resource: Resource, obj: Manifest) -> None:
        given = (obj.get("apiVersion") or resource.api_version, obj.get("kind") or resource.kind)
        if given[0] != resource.api_version:
            raise status.bad_request(
                f"the API version in the data ({given[0]}) does not match the expected API version ({resource.api_version})"
            )
        if given[1] != resource.kind:
            raise status.bad_request(
                f'no kind "{given[1]}" is registered for version "{given[0]}" in scheme "pkg/runtime/scheme.go:111"'
            )
        obj["apiVersion"], obj["kind"] = given

    def decode(self, exchange: Exchange, resource: Resource, obj: Manifest, raw: bytes | None) -> Manifest:
        for text in seams.decode(resource.gvk, obj, exchange.call.validation, raw) if not resource.crd else ():
            if exchange.call.validation == "Warn":
                exchange.call.warn(text)
        obj.setdefault("metadata", {})
        seams.default(resource.gvk, obj)
        return obj

    def _create(self, exchange: Exchange, resource: Resource) -> Response:
        form = self.form(exchange)
        _single(form)
        exchange.configure(options.write_options(exchange.query, "CreateOptions"))
        obj = self.read(exchange, resource)
        namespace = _check_namespace(exchange, resource, obj)
        created = self.registry.create(exchange.call, resource, namespace, obj)
        return self.show(exchange, resource, created, form, 201)

    def _update(self, exchange: Exchange, resource: Resource) -> Response:
        form = self.form(exchange)
        _single(form)
        exchange.configure(options.write_options(exchange.query, "UpdateOptions"))
        obj = self.read(exchange, resource)
        check_name(exchange, resource, obj)
        created_ok = strategy.created_by_put(resource)
        updated, created = self.registry.update(
            exchange.call, resource, key_of(exchange, resource), lambda old: obj, create=created_ok
        )
        return self.show(exchange, resource, updated, form, 201 if created else 200)

    def _patch(self, exchange: Exchange, resource: Resource) -> Response:
        return patches.serve(self, exchange, resource, "")

    def _delete(self, exchange: Exchange, resource: Resource) -> Response:
        form = self.form(exchange)
        found = self._delete_options(exchange)
        exchange.call.dry_run = found.dry_run
        key = key_of(exchange, resource)
        obj, gone = deletion.delete(self.registry, exchange.call, resource, key, found)
        if not gone or strategy.delete_answers_object(resource):
            return self.show(exchange, resource, obj, form)
        details = {"name": key[1], "group": resource.group, "kind": resource.plural, "uid": obj["metadata"]["uid"]}
        return self.answer(exchange, encode.body(success({k: v for k, v in details.items() if v}), form), form)

    def _delete_options(self, exchange: Exchange) -> options.DeleteOptions:
        bodies.check_size(exchange.request)
        if not exchange.request.body:
            return options.delete_options(exchange.query, None)
        value, _, _ = bodies.read_object(exchange.request)
        body = bodies.as_object(value)
        kind = body.get("kind")
        if kind not in (None, "", "DeleteOptions"):
            version = body.get("apiVersion") or "v1"
            raise status.bad_request(
                f'no kind "{kind}" is registered for version "{version}" in scheme "pkg/runtime/scheme.go:111"'
            )
        return options.delete_options(exchange.query, body)

    def _delete_collection(self, exchange: Exchange, resource: Resource) -> Response:
        if resource.namespaced and not exchange.route.namespace:
            raise status.method_not_allowed()
        form = self.form(exchange)
        found = options.list_options(exchange.query)
        how = self._delete_options(exchange)
        exchange.call.dry_run = how.dry_run
        page = reading.page(self.registry, resource, self._selection(exchange, resource, found), found)
        for record in page.records:
            deletion.delete(self.registry, exchange.call, resource, record.key, how)
        return self.answer(
            exchange, encode.page_bytes(resource, page, form, exchange.query.text("includeObject")), form
        )

    # --- answering ---

    def form(self, exchange: Exchange) -> Form:
        return negotiate.choose(exchange.request.header("accept"))

    def show(self, exchange: Exchange, resource: Resource, obj: Manifest, form: Form, code: int = 200) -> Response:
        value = encode.printed(resource, obj, form, exchange.query.text("includeObject"))
        return self.answer(exchange, encode.body(value, form), form, code)

    def answer(self, exchange: Exchange, body: bytes, form: Form, code: int = 200) -> Response:
        from holdfast.sandbox.server import warning_headers

        return Response(code, body, form.media, warning_headers(exchange.call.warnings))


def success(details: dict[str, Any] | None = None, code: int | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
    if details:
        found["details"] = details
    if code:
        found["code"] = code
    return found


def key_of(exchange: Exchange, resource: Resource) -> tuple[str, str]:
    return (exchange.route.namespace if resource.namespaced else "", exchange.route.name)


def _single(form: Form) -> None:
    if form.target == "PartialObjectMetadataList":
        raise status.not_acceptable(negotiate.ACCEPTED)


def _check_namespace(exchange: Exchange, resource: Resource, obj: Manifest) -> str:
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
    _check_namespace(exchange, resource, obj)

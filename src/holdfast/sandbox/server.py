"""The API server: a request in, the right operation, its answer out.

Knows HTTP and the order of checks (who, may they, what, how); the operations themselves are in ``endpoints``.
"""

from __future__ import annotations

import gzip
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from holdfast.sandbox import discovery, encode, endpoints, negotiate, route, snapshot, status
from holdfast.sandbox.context import Clock
from holdfast.sandbox.crds import NEWER
from holdfast.sandbox.exchange import Exchange, warning_headers
from holdfast.sandbox.httpd import Request, Response
from holdfast.sandbox.identity import Authenticator, User
from holdfast.sandbox.metrics import Metrics
from holdfast.sandbox.options import Query
from holdfast.sandbox.registry import Registry
from holdfast.sandbox.resources import Resource

if TYPE_CHECKING:
    from holdfast.sandbox.openapi.serve import OpenApi

Authorize = Callable[[Exchange], User]
"""Refuses by raising; answers the user to act as (impersonation changes it)."""

log = logging.getLogger(__name__)
_TEXT = "text/plain; charset=utf-8"
NOT_FOUND = Response(404, b"404 page not found\n", _TEXT, [("X-Content-Type-Options", "nosniff")])
VERSION = {
    "major": "1",
    "minor": "36",
    "emulationMajor": "1",
    "emulationMinor": "36",
    "minCompatibilityMajor": "1",
    "minCompatibilityMinor": "35",
    "gitVersion": "v1.36.3",
    "gitCommit": "",
    "gitTreeState": "clean",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "",
    "compiler": "",
    "platform": "",
}


class ApiServer:
    def __init__(self, registry: Registry, authenticator: Authenticator, clock: Clock, authorize: Authorize) -> None:
        self.registry = registry
        self.authenticator = authenticator
        self.clock = clock
        self.authorize = authorize
        self.metrics = Metrics()
        self._openapi: OpenApi | None = None

    async def handle(self, request: Request) -> Response:
        try:
            return compressed(request, await self._handle(request))
        except status.StatusError as error:
            return refusal(request, error)
        except Exception:
            log.exception("%s %s", request.method, request.path)
            return refusal(request, status.internal_error("the sandbox met a defect of its own; its log says more"))

    async def _handle(self, request: Request) -> Response:
        user = self.authenticator.identify(request, self.clock())
        if user is None:
            raise status.unauthorized()
        where = route.parse(request.path)
        query = Query(request.query)
        verb = route.verb(where, request.method, watch=bool(query.flag("watch")))
        exchange = Exchange(request, query, where, verb, user, self.clock())
        exchange.user = exchange.call.user = self.authorize(exchange)
        if where.resource:
            return await self._resource(exchange)
        return self._other(exchange)

    async def _resource(self, exchange: Exchange) -> Response:
        where = exchange.route
        resource = exchange.resource = self.registry.catalog.lookup(where.group, where.version, where.resource)
        try:
            if resource is None:
                return self._unknown(where)
            problem = _misplaced(resource, where, exchange.request.method)
            if problem is not None:
                return problem
            known = not where.subresource or resource.subresource(where.subresource) is not None
            exchange.call.warnings += deprecation(resource) if known and exchange.verb in resource.verbs else []
            response = endpoints.serve(self.registry, exchange, resource, self.authenticator)
        except status.StatusError as error:
            response = refusal(exchange.request, error, exchange.call.warnings)
        self.metrics.count(exchange, response.code)
        return response

    def _unknown(self, where: route.Route) -> Response:
        catalog = self.registry.catalog
        known = where.prefix == "api" if not where.group else catalog.group(where.group) is not None
        if not known or (where.group and catalog.is_custom_group(where.group)):
            return NOT_FOUND
        raise status.no_resource()

    def _other(self, exchange: Exchange) -> Response:
        request = exchange.request
        parts = [unquote(p) for p in request.path.strip("/").split("/")]
        if parts[0] in ("api", "apis") and parts != ["apis"] and request.method not in ("GET", "HEAD"):
            raise status.method_not_allowed()
        if parts[0] == "api" and len(parts) <= 2:
            return self._core_discovery(exchange, parts)
        if parts[0] == "apis" and len(parts) <= 3:
            return self._group_discovery(exchange, parts)
        if parts[0] == "openapi":
            return self._openapi_document(request, parts[1:])
        return self._plain(exchange, parts)

    def _openapi_document(self, request: Request, parts: list[str]) -> Response:
        if self._openapi is None:
            # Imported when first asked for: most sandboxes never are, and the start must be quick.
            from holdfast.sandbox.openapi.serve import OpenApi

            self._openapi = OpenApi(self.registry.catalog)
        return self._openapi.serve(request, parts) or NOT_FOUND

    def _core_discovery(self, exchange: Exchange, parts: list[str]) -> Response:
        if len(parts) == 1:
            return self._root(exchange, discovery.api_versions(), core=True)
        found = discovery.resource_list(self.registry.catalog, "", parts[1])
        if found is None:
            raise status.no_resource()
        return _document(exchange, found)

    def _group_discovery(self, exchange: Exchange, parts: list[str]) -> Response:
        catalog = self.registry.catalog
        if len(parts) == 1:
            return self._root(exchange, discovery.group_list(catalog), core=False)
        if catalog.group(parts[1]) is None:
            return NOT_FOUND
        if len(parts) == 2:
            return _document(exchange, discovery.group(catalog, parts[1]))
        found = discovery.resource_list(catalog, parts[1], parts[2])
        if found is None and catalog.is_custom_group(parts[1]):
            return NOT_FOUND
        if found is None:
            raise status.no_resource()
        return _document(exchange, found)

    def _root(self, exchange: Exchange, plain: dict[str, Any], *, core: bool) -> Response:
        aggregated = discovery.wants_aggregated(exchange.request.header("accept"))
        if aggregated is None:
            raise status.not_acceptable(negotiate.ACCEPTED)
        if not aggregated:
            return _document(exchange, plain)
        body = encode.body(discovery.aggregated(self.registry.catalog, core=core), negotiate.PLAIN)
        return Response(
            200, body, "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList", [("Vary", "Accept")]
        )

    def _plain(self, exchange: Exchange, parts: list[str]) -> Response:
        path = exchange.request.path.rstrip("/") or "/"
        if path == "/version":
            return Response(200, encode.body(VERSION, negotiate.PLAIN))
        if parts[0] in ("healthz", "livez", "readyz") and len(parts) <= 2:
            return _health(exchange, parts)
        if path == "/metrics":
            return Response(200, self.metrics.text().encode(), "text/plain; version=0.0.4; charset=utf-8")
        if path == snapshot.PATH and exchange.request.method == "GET":
            # Collected here, in one step; written while others go on.
            return Response(
                200, content_type=snapshot.MEDIA, stream=_streamed(snapshot.lines(snapshot.take(self.registry.store)))
            )
        if path == "/":
            return Response(200, encode.body({"paths": self._paths()}, negotiate.PLAIN))
        return NOT_FOUND

    def _paths(self) -> list[str]:
        found = [
            "/api",
            "/api/v1",
            "/apis",
            "/healthz",
            snapshot.PATH,
            "/livez",
            "/metrics",
            "/openapi/v2",
            "/openapi/v3",
            "/readyz",
            "/version",
        ]
        for group in self.registry.catalog.groups():
            found += [f"/apis/{group.name}", *(f"/apis/{group.name}/{v}" for v in group.versions)]
        return sorted(found)


_CHECKS = ("ping", "log", "etcd")


def _health(exchange: Exchange, parts: list[str]) -> Response:
    """One check, or all of them; told one by one to who asks for it."""
    if len(parts) == 2 and parts[1] not in _CHECKS:
        return NOT_FOUND
    if len(parts) == 1 and "verbose" in exchange.request.query:
        told = "".join(f"[+]{name} ok\n" for name in _CHECKS)
        return Response(200, f"{told}{parts[0]} check passed\n".encode(), _TEXT)
    return Response(200, b"ok", _TEXT)


async def _streamed(lines: Iterable[bytes]) -> AsyncIterator[bytes]:
    for line in lines:
        yield line


_WORTH_COMPRESSING = 128 * 1024


def compressed(request: Request, response: Response) -> Response:
    """Large answers are compressed for clients that take it."""
    accepted = {c.partition(";")[0].strip() for c in request.header("accept-encoding").split(",")}
    if "gzip" in accepted and response.stream is None and len(response.body) > _WORTH_COMPRESSING:
        # The quickest level: clients are near, and it is their time that is spent.
        response.body = gzip.compress(response.body, compresslevel=1, mtime=0)
        response.headers.append(("Content-Encoding", "gzip"))
    return response


def _document(exchange: Exchange, value: Any) -> Response:
    form = negotiate.choose(exchange.request.header("accept"), transforms=False)
    return Response(200, encode.body(value, form), form.media)


def _misplaced(resource: Resource, where: route.Route, method: str) -> Response | None:
    """A cluster-scoped kind inside a namespace, a namespaced one outside, more below a subresource: such paths do not exist."""
    if where.rest and where.subresource != "proxy" and not resource.crd:
        raise status.no_resource()
    inside = bool(where.namespace) and not (resource.kind == "Namespace" and not resource.group)
    outside = resource.namespaced and not inside and (where.name or method not in ("GET", "HEAD"))
    if (inside and not resource.namespaced) or (outside and where.name):
        if resource.crd:
            return NOT_FOUND
        raise status.no_resource()
    if outside and resource.crd:
        return NOT_FOUND
    if outside and not where.legacy_watch:
        raise status.method_not_allowed()
    return None


_DEPRECATED = {
    ("", "Endpoints"): "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
    ("", "ComponentStatus"): "v1 ComponentStatus is deprecated in v1.19+",
}


def deprecation(resource: Resource) -> list[str]:
    """The warning that goes with every answer about a deprecated resource."""
    if not resource.crd:
        text = _DEPRECATED.get((resource.group, resource.kind))
    elif resource.spec.get("deprecated"):
        newer = resource.spec.get(NEWER)
        use = f"; use {resource.group}/{newer} {resource.kind}" if newer else ""
        text = resource.spec.get("deprecationWarning") or f"{resource.api_version} {resource.kind} is deprecated{use}"
    else:
        text = None
    return [text] if text else []


def refusal(request: Request, error: status.StatusError, warnings: list[str] | None = None) -> Response:
    try:
        form = negotiate.choose(request.header("accept"), binary=lambda: True)
    except status.StatusError:
        form = negotiate.PLAIN
    binary_part = form.media == negotiate.PROTOBUF and form.target
    form = negotiate.PLAIN if binary_part else negotiate.Form(form.media)
    headers = [*error.headers.items(), *warning_headers(warnings or [])]
    return Response(error.code, encode.body(error.status, form), form.media, headers)

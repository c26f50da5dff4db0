"""Counters in Prometheus' text form, with the names and labels of the real API server."""

from __future__ import annotations

from collections import Counter

from holdfast.sandbox.exchange import Exchange

_VERBS = {
    "get": "GET",
    "list": "LIST",
    "watch": "WATCH",
    "create": "POST",
    "update": "PUT",
    "patch": "PATCH",
    "delete": "DELETE",
    "deletecollection": "DELETE",
}


class Metrics:
    def __init__(self) -> None:
        self._requests: Counter[tuple[str, ...]] = Counter()

    def count(self, exchange: Exchange, code: int) -> None:
        where = exchange.route
        verb = _VERBS.get(exchange.verb, exchange.request.method)
        if verb == "PATCH" and "apply-patch" in exchange.request.header("content-type"):
            verb = "APPLY"
        scope = "resource" if where.name or exchange.verb == "create" else "namespace" if where.namespace else "cluster"
        dry_run = "All" if exchange.query.has("dryRun") else ""
        self._requests[
            (verb, where.group, where.version, where.resource, where.subresource, scope, dry_run, str(code))
        ] += 1

    def text(self) -> str:
        lines = [
            "# HELP apiserver_request_total [STABLE] Requests by verb, resource and code.",
            "# TYPE apiserver_request_total counter",
        ]
        for (verb, group, version, resource, sub, scope, dry_run, code), n in sorted(self._requests.items()):
            lines.append(
                f'apiserver_request_total{{code="{code}",component="apiserver",dry_run="{dry_run}",group="{group}",'
                f'resource="{resource}",scope="{scope}",subresource="{sub}",verb="{verb}",version="{version}"}} {n}'
            )
        return "\n".join(lines) + "\n"

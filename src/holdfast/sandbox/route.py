"""A path read as the API server reads it: which resource, which object, which verb."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

_NAMESPACE_SUBS: Final = ("status", "finalize")


@dataclass(frozen=True, slots=True)
class Route:
    """``resource`` empty: not a resource request. ``rest`` is what follows the subresource (proxy paths)."""

    path: str
    prefix: str = ""
    group: str = ""
    version: str = ""
    namespace: str = ""
    resource: str = ""
    name: str = ""
    subresource: str = ""
    rest: str = ""
    legacy_watch: bool = False

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version


def parse(path: str) -> Route:
    parts = [unquote(p) for p in path.strip("/").split("/")]
    if parts[0] == "api" and len(parts) > 2:
        return _resource(path, "api", "", parts[1], parts[2:])
    if parts[0] == "apis" and len(parts) > 3:
        return _resource(path, "apis", parts[1], parts[2], parts[3:])
    return Route(path)


def _resource(path: str, prefix: str, group: str, version: str, parts: list[str]) -> Route:
    watch = parts[0] == "watch" and len(parts) > 1
    if watch:
        parts = parts[1:]
    namespace = ""
    if parts[0] == "namespaces" and len(parts) > 1:
        # /namespaces/NAME and its own subresources are about the Namespace; anything longer is inside it.
        inside = len(parts) > 2 and not (parts[2] in _NAMESPACE_SUBS and len(parts) == 3)
        namespace = parts[1]
        if inside:
            parts = parts[2:]
    parts = [*parts, "", "", ""]
    rest = "/".join(p for p in parts[3:] if p)
    return Route(path, prefix, group, version, namespace, parts[0], parts[1], parts[2], rest, watch)


_COLLECTION: Final = {"GET": "list", "POST": "create", "DELETE": "deletecollection"}
_OBJECT: Final = {"GET": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_SUBRESOURCE: Final = {"GET": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


def verb(route: Route, method: str, *, watch: bool) -> str:
    """The verb as authorisation and metrics name it; empty when the method means nothing there."""
    if route.subresource:
        return _SUBRESOURCE.get(method, "")
    found = (_OBJECT if route.name else _COLLECTION).get(method, "")
    if found in ("list", "get") and (route.legacy_watch or (found == "list" and watch)):
        return "watch"
    return found

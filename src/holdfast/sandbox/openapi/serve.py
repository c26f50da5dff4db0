"""``/openapi/v2`` and ``/openapi/v3``: which document in which form, with ETags."""

from __future__ import annotations

import hashlib
from typing import Any, Final

import orjson

from holdfast.sandbox.httpd import Request, Response
from holdfast.sandbox.negotiate import clauses
from holdfast.sandbox.openapi import schemas, v2, v3
from holdfast.sandbox.resources import Catalog

_PROTO: Final = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
_PROTO_TYPES: Final = (_PROTO, "application/com.github.proto-openapi.spec.v2.v1.0+protobuf")


class OpenApi:
    """Documents kept as bytes until the catalogue changes. The schemas themselves are read again for each document:
    they are large and rarely wanted."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._documents: dict[str, bytes] = {}
        self._generation = catalog.generation

    def serve(self, request: Request, parts: list[str]) -> Response | None:
        """The answer below ``/openapi``; None where there is no such document."""
        if self._generation != self._catalog.generation:
            self._forget()
        if parts[:1] == ["v2"] and len(parts) == 1:
            return self._v2(request)
        if parts[:1] != ["v3"]:
            return None
        if len(parts) == 1:
            # The real server says text/plain here, and clients read it as JSON all the same.
            return Response(200, orjson.dumps({"paths": self._index()}), "text/plain; charset=utf-8")
        return self._v3(request, "/".join(parts[1:]))

    def _forget(self) -> None:
        """Drops what may have changed: the v2 document and the groups of custom resources."""
        self._generation = self._catalog.generation
        kept = {k for k in self._documents if k not in ("v2", "v2proto") and not self._is_custom(k)}
        self._documents = {k: v for k, v in self._documents.items() if k in kept}

    def _is_custom(self, place: str) -> bool:
        group, version = _split(place)
        return not any(r.group == group and r.version == version and not r.crd for r in self._catalog)

    def _definitions(self) -> dict[str, Any]:
        return {**schemas.builtin(), **schemas.custom(r for r in self._catalog if r.crd)}

    def _index(self) -> dict[str, Any]:
        places = ["api/v1", *(f"apis/{g.name}/{v}" for g in self._catalog.groups() for v in g.versions)]
        return {
            place: {"serverRelativeURL": f"/openapi/v3/{place}?hash={self._hash(place)}"} for place in sorted(places)
        }

    def _hash(self, place: str) -> str:
        """Names the content without making it: the built-in part never changes, a custom one with the definitions."""
        group, version = _split(place)
        seed: list[Any] = [place, "1.36.3"]
        seed += [[r.crd, r.kind, r.spec] for r in self._catalog.of_version(group, version) if r.crd]
        return hashlib.sha256(orjson.dumps(seed)).hexdigest()[:32].upper()

    def _v2(self, request: Request) -> Response:
        proto = any(media in _PROTO_TYPES for media, _ in clauses(request.header("accept")))
        key = "v2proto" if proto else "v2"
        body = self._documents.get(key)
        if body is None:
            doc = v2.document(self._definitions(), self._catalog)
            body = self._documents[key] = v2.protobuf(doc) if proto else orjson.dumps(doc)
        return _answer(
            request, body, _PROTO_TYPES[1] if proto else "application/json", hashlib.sha256(body).hexdigest().upper()
        )

    def _v3(self, request: Request, place: str) -> Response:
        group, version = _split(place)
        resources = self._catalog.of_version(group, version)
        if not resources:
            return Response(404, b"", "")
        body = self._documents.get(place)
        if body is None:
            body = self._documents[place] = orjson.dumps(v3.document(self._definitions(), group, version, resources))
        return _answer(request, body, "application/json", self._hash(place))


def _split(place: str) -> tuple[str, str]:
    parts = place.split("/")
    if parts[0] == "apis" and len(parts) == 3:
        return parts[1], parts[2]
    return ("", parts[1]) if parts[0] == "api" and len(parts) == 2 else ("", "")


def _answer(request: Request, body: bytes, media: str, tag: str) -> Response:
    headers = [("Etag", f'"{tag}"'), ("Vary", "Accept"), ("Cache-Control", "no-cache, private")]
    if request.header("if-none-match") == f'"{tag}"':
        return Response(304, b"", "", headers)
    return Response(200, body, media, headers)

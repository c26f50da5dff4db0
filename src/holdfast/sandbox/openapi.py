"""OpenAPI v2 and v3, built from the schemas of the built-in kinds and of the definitions."""

from __future__ import annotations

from holdfast.sandbox.httpd import Request, Response
from holdfast.sandbox.registry import Registry


def serve(registry: Registry, request: Request, parts: list[str]) -> Response | None:
    """The answer below ``/openapi``; None where there is no such document."""
    del registry, request, parts
    return None

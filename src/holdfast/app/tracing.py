"""Whether runs are traced: as the standard variables of OpenTelemetry say."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping

from holdfast.controller.tracing import NoTracing, Spans, Tracing

log = logging.getLogger(__name__)
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")


def tracing(environment: Mapping[str, str] = os.environ) -> Tracing:
    """Spans where an endpoint is named, ``OTEL_SDK_DISABLED`` does not forbid it and the libraries are there."""
    wanted = any(environment.get(name) for name in _ENDPOINTS)
    if not wanted or environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return NoTracing()
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        log.warning("traces are asked for, but not installed: pip install 'holdfast[otel]'")
        return NoTracing()
    provider = TracerProvider(
        resource=Resource.create({"service.name": environment.get("OTEL_SERVICE_NAME", "holdfast")})
    )
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return Spans(provider)

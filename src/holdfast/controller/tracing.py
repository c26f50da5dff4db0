"""One trace per commit: what each unit did with it, step by step, as OpenTelemetry spans.

In: outcomes of runs. Out: spans to wherever the standard ``OTEL_*`` variables say. All units of a source's revision share a trace, so that a
trace reads as the way of a commit: rendered, applied, ready, unit after unit. Nothing is imported and nothing costs anything unless
an exporter is configured.
"""

from __future__ import annotations

import hashlib
from typing import Any, Protocol

from holdfast.model.delivery import UnitKey
from holdfast.model.outcome import Outcome, Verdict

_NANO = 1_000_000_000
_NAMES = {
    "Fetching manifests": "fetch",
    "Building manifests": "render",
    "Detecting drift": "apply",
    "Running health checks": "wait",
}


class Tracing(Protocol):
    def reconciled(
        self, unit: UnitKey, source: UnitKey, revision: str, outcome: Outcome, started: float, ended: float
    ) -> None:
        """A run is over. Times are seconds since the epoch."""
        ...

    def close(self) -> None:
        """Sends what is still held back."""
        ...


class NoTracing:
    def reconciled(
        self, unit: UnitKey, source: UnitKey, revision: str, outcome: Outcome, started: float, ended: float
    ) -> None:
        return None

    def close(self) -> None:
        return None


class Spans:
    """``provider`` is an SDK's TracerProvider."""

    def __init__(self, provider: Any) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("holdfast")

    def reconciled(
        self, unit: UnitKey, source: UnitKey, revision: str, outcome: Outcome, started: float, ended: float
    ) -> None:
        from opentelemetry.trace import Status, StatusCode, set_span_in_context

        attributes = {
            "holdfast.unit": str(unit),
            "holdfast.source": str(source),
            "holdfast.revision": revision,
            "holdfast.verdict": outcome.verdict.value,
            "holdfast.reason": outcome.reason,
        }
        context = _trace_of(source, revision)
        span = self._tracer.start_span(
            f"reconcile {unit}", context=context, start_time=_nano(started), attributes=attributes
        )
        if outcome.verdict in (Verdict.FAILED, Verdict.STALLED):
            span.set_status(Status(StatusCode.ERROR, outcome.reason))
        inside = set_span_in_context(span, context)
        ends = [*(at for _, at in outcome.steps[1:]), ended]
        for (what, at), end in zip(outcome.steps, ends, strict=True):
            step = self._tracer.start_span(_NAMES.get(what, what), context=inside, start_time=_nano(at))
            step.end(end_time=_nano(max(at, end)))
        span.end(end_time=_nano(ended))

    def close(self) -> None:
        self._provider.shutdown()


def _nano(seconds: float) -> int:
    return int(seconds * _NANO)


def _trace_of(source: UnitKey, revision: str) -> Any:
    """A context whose trace id every unit, and every replica, derives alike from the revision."""
    from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

    name = hashlib.sha256(f"{source} {revision}".encode()).digest()
    parent = SpanContext(
        trace_id=int.from_bytes(name[:16], "big"),
        span_id=int.from_bytes(name[16:24], "big"),
        is_remote=True,
        trace_flags=TraceFlags(TraceFlags.SAMPLED),
    )
    return set_span_in_context(NonRecordingSpan(parent))

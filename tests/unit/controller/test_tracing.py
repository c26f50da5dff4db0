"""A commit's way as a trace."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.app.tracing import tracing
from holdfast.controller.tracing import NoTracing, Spans
from holdfast.model.delivery import UnitKey
from holdfast.model.outcome import Outcome, Verdict

SDK = pytest.importorskip("opentelemetry.sdk.trace", reason="the extra otel is not installed")
UNIT, OTHER = UnitKey("Kustomization", "n", "one"), UnitKey("Kustomization", "n", "two")
SOURCE = UnitKey("GitRepository", "n", "fleet")
STEPS = (
    ("Fetching manifests", 10.0),
    ("Building manifests", 10.5),
    ("Detecting drift", 11.0),
    ("Running health checks", 12.0),
)


def spans(*runs: tuple[UnitKey, str, Verdict]) -> list[Any]:
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter, provider = InMemorySpanExporter(), SDK.TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    found = Spans(provider)
    for unit, revision, verdict in runs:
        found.reconciled(unit, SOURCE, revision, Outcome(verdict, "Reason", "words", steps=STEPS), 9.0, 15.0)
    return list(exporter.get_finished_spans())


def test_a_run_is_a_span_with_its_steps_inside() -> None:
    *steps, whole = spans((UNIT, "main@sha1:1", Verdict.READY))
    assert [(s.name, s.start_time, s.end_time) for s in steps] == [
        ("fetch", 10_000_000_000, 10_500_000_000),
        ("render", 10_500_000_000, 11_000_000_000),
        ("apply", 11_000_000_000, 12_000_000_000),
        ("wait", 12_000_000_000, 15_000_000_000),
    ]
    assert {s.parent.span_id for s in steps} == {whole.context.span_id}
    assert whole.attributes["holdfast.revision"] == "main@sha1:1"


def test_units_of_one_revision_share_a_trace_and_another_revision_is_another() -> None:
    found = spans(*((u, r, Verdict.READY) for u, r in ((UNIT, "a"), (OTHER, "a"), (UNIT, "b"))))
    ids = [s.context.trace_id for s in found if s.name.startswith("reconcile")]
    assert ids[0] == ids[1] != ids[2]


def test_a_failed_run_is_marked() -> None:
    whole = spans((UNIT, "a", Verdict.FAILED))[-1]
    assert not whole.status.is_ok


def test_nothing_is_traced_unless_an_endpoint_is_named() -> None:
    assert isinstance(tracing({}), NoTracing)
    assert isinstance(
        tracing({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_SDK_DISABLED": "true"}), NoTracing
    )

"""Counters and durations in Prometheus' text format, under the names that Flux's dashboards know.

In: what happened. Out: text for ``/metrics``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from holdfast.kube.refs import ObjectRef

_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0)
Labels = tuple[tuple[str, str], ...]
Sample = tuple[Labels, float]


class Metrics:
    def __init__(self) -> None:
        self._durations: dict[ObjectRef, tuple[list[int], float, int]] = {}
        self._results: Counter[tuple[str, str]] = Counter()
        self._gauges: dict[str, tuple[str, str, Callable[[], Iterable[Sample]]]] = {}

    def reconciled(self, ref: ObjectRef, seconds: float, result: str) -> None:
        counts, total, number = self._durations.get(ref, ([0] * len(_BUCKETS), 0.0, 0))
        for i, limit in enumerate(_BUCKETS):
            if seconds <= limit:
                counts[i] += 1
        self._durations[ref] = (counts, total + seconds, number + 1)
        self._results[ref.kind.lower(), result] += 1

    def forget(self, ref: ObjectRef) -> None:
        self._durations.pop(ref, None)

    def gauge(self, name: str, help: str, samples: Callable[[], Iterable[Sample]], *, type: str = "gauge") -> None:
        """A value that is asked for when somebody reads the metrics."""
        self._gauges[name] = (help, type, samples)

    def text(self) -> str:
        lines = [
            "# HELP gotk_reconcile_duration_seconds The duration in seconds of a GitOps Toolkit resource reconciliation.",
            "# TYPE gotk_reconcile_duration_seconds histogram",
        ]
        for ref, (counts, total, number) in sorted(self._durations.items()):
            labels: Labels = (("kind", ref.kind), ("name", ref.name), ("namespace", ref.namespace))
            for limit, count in zip(_BUCKETS, counts, strict=True):
                lines.append(_line("gotk_reconcile_duration_seconds_bucket", (*labels, ("le", f"{limit:g}")), count))
            lines.append(_line("gotk_reconcile_duration_seconds_bucket", (*labels, ("le", "+Inf")), number))
            lines.append(_line("gotk_reconcile_duration_seconds_sum", labels, total))
            lines.append(_line("gotk_reconcile_duration_seconds_count", labels, number))
        lines += [
            "# HELP controller_runtime_reconcile_total Total number of reconciliations per controller.",
            "# TYPE controller_runtime_reconcile_total counter",
        ]
        for (kind, result), count in sorted(self._results.items()):
            labels = (("controller", kind), ("result", result))
            lines.append(_line("controller_runtime_reconcile_total", labels, count))
        for name, (help, kind, samples) in sorted(self._gauges.items()):
            lines += [f"# HELP {name} {help}", f"# TYPE {name} {kind}"]
            lines += [_line(name, labels, value) for labels, value in samples()]
        return "\n".join(lines) + "\n"


def requests_of(codes: Mapping[tuple[str, str], int], host: str) -> Iterable[Sample]:
    """Samples of ``rest_client_requests_total`` from a client's answers by method and code."""
    for (method, code), count in sorted(codes.items()):
        yield (("code", code), ("host", host), ("method", method)), float(count)


def _line(name: str, labels: Labels, value: float) -> str:
    quoted = ",".join(f'{k}="{_escape(v)}"' for k, v in labels)
    return f"{name}{{{quoted}}} {value:g}"


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")

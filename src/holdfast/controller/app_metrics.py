"""What dashboards of Argo CD read: the applications with their states, their syncs, and how often sources were rendered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from holdfast.cluster.informer import Informer
from holdfast.controller.metrics import Metrics, Sample
from holdfast.dialects.argo import application as dialect
from holdfast.kube.refs import Manifest
from holdfast.render.tools import SourceMemo


def expose(
    metrics: Metrics, objects: Informer[Manifest], memo: SourceMemo, syncs: Counter[tuple[str, str, str]]
) -> None:
    """``syncs`` counts ended operations by name, namespace and phase."""
    metrics.gauge("argocd_app_info", "Information about application.", lambda: _info(objects))
    metrics.gauge("argocd_app_sync_total", "Number of application syncs.", lambda: _syncs(syncs), type="counter")
    metrics.gauge(
        "holdfast_app_source_renders_total",
        "Number of application sources that were really rendered.",
        lambda: [((), float(memo.renders))],
        type="counter",
    )


def _info(objects: Informer[Manifest]) -> Iterable[Sample]:
    for ref, obj in objects.items():
        app = dialect.read(obj)
        labels = {
            "name": ref.name,
            "namespace": ref.namespace,
            "project": app.spec.project,
            "repo": app.spec.sources[0].url,
            "dest_server": app.spec.destination.server,
            "dest_namespace": app.spec.destination.namespace,
            "sync_status": str(app.status.sync.code or "Unknown"),
            "health_status": str(app.status.health or "Unknown"),
            "autosync_enabled": "true" if app.spec.automated is not None else "false",
        }
        yield tuple(labels.items()), 1.0


def _syncs(syncs: Counter[tuple[str, str, str]]) -> Iterable[Sample]:
    for (name, namespace, phase), count in syncs.items():
        yield (("name", name), ("namespace", namespace), ("phase", phase)), float(count)

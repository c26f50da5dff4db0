"""Wiring of everything about Helm: imported when there is something of its kinds (see `part`)."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

from holdfast.controller.artifacts import ArtifactStore
from holdfast.controller.events import EventRecorder
from holdfast.controller.helm_charts import HelmCharts
from holdfast.controller.helm_sources import HelmRepositories
from holdfast.controller.manager import Manager
from holdfast.controller.release_office import ReleaseSettings
from holdfast.controller.releases import HelmReleases


def start(
    manager: Manager,
    artifacts: ArtifactStore,
    sources: EventRecorder,
    helm: EventRecorder,
    stack: AsyncExitStack,
    **chosen: Any,
) -> HelmReleases:
    """Added to the manager and listening, until the stack is closed. ``chosen`` are fields of `ReleaseSettings`."""
    settings = ReleaseSettings(**chosen)
    for kind in (HelmRepositories, HelmCharts):
        source = kind(
            manager.client,
            manager.mine(kind.gvk),
            artifacts,
            sources,
            manager.clock,
            requeue_dependency=settings.requeue,
        )
        if isinstance(source, HelmCharts):
            source.follow(manager)
        manager.add(source)
    releases = HelmReleases(manager, artifacts, helm, settings=settings)
    stack.push_async_callback(releases.close)
    releases.start()
    return releases

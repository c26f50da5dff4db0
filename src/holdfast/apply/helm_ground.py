"""What an action on a release stands on: its objects, its storage, and how its chart is rendered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from holdfast.apply.errors import HelmActionError
from holdfast.apply.helm_objects import Objects, Resource, foreign, owned
from holdfast.apply.helm_storage import FAILED, Storage, Stored
from holdfast.base.errors import HoldfastError
from holdfast.base.timestamps import rfc3339_nano
from holdfast.helm.chart.model import Chart
from holdfast.helm.engine import ReleaseOptions
from holdfast.helm.manifests import Hook
from holdfast.helm.release import Record, chart_data, hook_data
from holdfast.model.release import Release, Steps


class Rendered(Protocol):
    @property
    def manifest(self) -> str: ...
    @property
    def hooks(self) -> Sequence[Hook]: ...
    @property
    def notes(self) -> str: ...
    @property
    def chart(self) -> Chart: ...


Render = Callable[[Chart, Mapping[str, Any], ReleaseOptions, bool], Awaitable[Rendered]]
"""(chart, values, options, whether the values are checked against the chart's schema)."""


Identity = tuple[str, str, str, str]
"""Of a `Resource`: group, kind, namespace, name."""


class Guard(Protocol):
    """Asked before objects of a release are deleted; both answer with those that stay."""

    async def dropped(self, resources: Sequence[Resource], *, had: int, wanted: int, chart: str) -> frozenset[Identity]:
        """An upgrade has no use for these any more. Raises `HelmActionError` where they are too many."""
        ...

    async def ending(self, resources: Sequence[Resource]) -> frozenset[Identity]:
        """The release comes to its end."""
        ...


@dataclass(slots=True)
class Ground:
    """``chart`` and ``values`` are those to be released; an uninstall needs neither. Without a ``guard`` Helm's rules are
    all there is."""

    release: Release
    objects: Objects
    storage: Storage
    render: Render | None = None
    chart: Chart | None = None
    values: Mapping[str, Any] | None = None
    guard: Guard | None = None

    def now(self) -> str:
        return rfc3339_nano(self.objects.clock.time())

    async def wanted(self, manifest: str) -> list[Resource]:
        """The objects of a manifest, marked as the release's own."""
        found = await self.objects.build(manifest)
        return [owned(r, self.release.name, self.release.namespace) for r in found]

    async def existing(self, resources: Sequence[Resource], *, take: bool) -> list[Resource]:
        """Those that are there already. ``take``: whoever they belong to; otherwise another's is an error."""
        found: list[Resource] = []
        for resource in resources:
            try:
                live = await self.objects.live(resource)
            except HoldfastError as error:
                raise HelmActionError(
                    f"could not get information about the resource {resource.quoted}: {error.message}"
                ) from error
            if live is None:
                continue
            problem = "" if take else foreign(live, self.release.name, self.release.namespace)
            if problem:
                raise HelmActionError(
                    f"{resource.quoted} exists and cannot be imported into the current release: {problem}"
                )
            found.append(resource)
        return found

    async def wait(self, resources: Sequence[Resource], steps: Steps) -> None:
        if steps.wait:
            await self.objects.near.ready(resources, steps.timeout, jobs=steps.jobs)


def new_record(
    ground: Ground, rendered: Rendered, values: Mapping[str, Any], *, version: int, server_side: bool, first: str = ""
) -> Record:
    """A record of the release before anything happened."""
    now = ground.now()
    info = {"first_deployed": first or now, "last_deployed": now, "status": "unknown", "notes": rendered.notes}
    return {
        "name": ground.release.name,
        "info": {k: v for k, v in info.items() if v},
        "chart": chart_data(rendered.chart),
        "config": dict(values),
        "manifest": rendered.manifest,
        "hooks": [hook_data(h) for h in rendered.hooks],
        "version": version,
        "namespace": ground.release.namespace,
        "apply_method": "ssa" if server_side else "csa",
    }


async def fail(storage: Storage, stored: Stored, description: str) -> None:
    """Records a failure; that this does not succeed is not worth hiding the failure itself."""
    stored.set_status(FAILED, description)
    try:
        await storage.update(stored)
    except HoldfastError:
        return

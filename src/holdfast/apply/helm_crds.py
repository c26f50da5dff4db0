"""The definitions in a chart's crds/ directories: applied before the release, never deleted with it."""

from __future__ import annotations

from typing import Any

from holdfast.apply.errors import HelmActionError
from holdfast.apply.helm_ground import Ground
from holdfast.apply.helm_objects import Mode, Resource
from holdfast.base.errors import HoldfastError
from holdfast.cluster.errors import AlreadyExists
from holdfast.helm.chart.dependencies import process_dependencies
from holdfast.helm.go.types import from_bytes
from holdfast.kube.refs import Manifest
from holdfast.model.release import Change

_SECONDS = 60.0
SKIP, REPLACE = "Skip", "CreateReplace"


async def apply_crds(ground: Ground, change: Change, *, server_side: bool) -> None:
    """As the policy says: Create does not touch what exists unless it applies server-side; CreateReplace always does."""
    if ground.chart is None or change.crds == SKIP or not ground.chart.crds():
        return
    try:
        await _apply(ground, change, server_side)
    except HoldfastError as error:
        raise HelmActionError(f"failed to apply CustomResourceDefinitions: {error.message}") from error


async def _apply(ground: Ground, change: Change, server_side: bool) -> None:
    objects = ground.objects
    definitions = await _definitions(ground)
    objects.log.say(f"applying CustomResourceDefinition(s) with policy {change.crds}")
    mode = Mode(server_side=server_side, force=server_side, replace=change.crds == REPLACE and not server_side)
    done: list[Resource] = []
    if change.crds == REPLACE:
        try:
            written = await objects.update(definitions, definitions, mode)
        except HoldfastError as error:
            raise HelmActionError(f"failed to update CustomResourceDefinition(s): {error.message}") from error
        done = [*written.created, *written.updated]
    else:
        for definition in definitions:
            if await _create(ground, definition, mode):
                done.append(definition)
    if done and change.steps.wait:
        try:
            await objects.near.ready(done, _SECONDS, jobs=False)
        except HoldfastError as error:
            raise HelmActionError(f"failed to wait for CustomResourceDefinition(s): {error.message}") from error
    objects.client.discovery.forget()


async def _create(ground: Ground, definition: Resource, mode: Mode) -> bool:
    """False where it was there and stays as it is."""
    objects, name = ground.objects, definition.ref.name
    try:
        if mode.server_side:
            await objects.create([definition], mode)
        else:
            await objects.client.create(definition.manifest)
    except AlreadyExists:
        objects.log.say(f"CustomResourceDefinition {name} is already present. Skipping.")
        return False
    except HoldfastError as error:
        raise HelmActionError(f"failed to create CustomResourceDefinition {name}: {error.message}") from error
    return True


def definition_files(ground: Ground) -> list[tuple[str, str]]:
    """(path, text) of the chart and of those of its dependencies that are switched on."""
    if ground.chart is None or not ground.chart.crds():
        return []
    family = ground.chart.private()
    process_dependencies(family, dict(ground.values or {}), [])
    return [(path, from_bytes(data)) for path, data in family.crds()]


async def _definitions(ground: Ground) -> list[Resource]:
    """Whatever else lies in crds/ is left out."""
    found: list[Resource] = []
    for path, text in definition_files(ground):
        try:
            resources = await ground.objects.build(text)
        except HoldfastError as error:
            raise HelmActionError(f"failed to parse CustomResourceDefinitions from {path}: {error.message}") from error
        found += [_labelled(r, ground) for r in resources if r.gvk.kind == "CustomResourceDefinition"]
    return found


def _labelled(resource: Resource, ground: Ground) -> Resource:
    metadata: dict[str, Any] = dict(resource.manifest.get("metadata") or {})
    metadata["labels"] = {**(metadata.get("labels") or {}), **ground.release.post.owner_labels}
    manifest: Manifest = {**resource.manifest, "metadata": metadata}
    return Resource(manifest, resource.gvk, resource.ref)

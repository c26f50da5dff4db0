"""Install and upgrade, step by step as Helm 4 does them.

In: the ground a release stands on. Out: a stored revision, deployed or failed. An error before anything is stored leaves the
running release as it was; every error after that is also the description of the stored revision.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from holdfast.apply.errors import HelmActionError
from holdfast.apply.helm_crds import apply_crds
from holdfast.apply.helm_ground import Ground, Rendered, fail, new_record
from holdfast.apply.helm_hooks import Hooks, record
from holdfast.apply.helm_objects import Mode, Objects, Resource, Written, kept_by_policy
from holdfast.apply.helm_storage import DEPLOYED, FAILED, SUPERSEDED, UNINSTALLED, Stored
from holdfast.base.errors import HoldfastError
from holdfast.cluster.errors import AlreadyExists
from holdfast.helm.chart.coalesce import coalesce_values
from holdfast.helm.chart.load import merge_maps
from holdfast.helm.chart.model import Chart, Metadata
from holdfast.helm.engine import ReleaseOptions, check_release_name
from holdfast.model.release import Change, Steps

_NO_CHART = "no chart provided"


# --- install


async def install(ground: Ground) -> None:
    """Raises HoldfastError; what was stored by then says so too."""
    release, change = ground.release, ground.release.install
    server_side = change.server_side == "true"
    await apply_crds(ground, change, server_side=server_side)
    last = await _free_name(ground)
    options = ReleaseOptions(release.name, release.namespace, 1, is_upgrade=False, is_install=True)
    rendered, values = await _render(ground, ground.values or {}, options, change)
    resources = await _resources(ground, rendered, "unable to build kubernetes objects from release manifest")
    try:
        adopted = await ground.existing(resources, take=change.take_ownership)
    except HoldfastError as error:
        raise HelmActionError(f"unable to continue with install: {error.message}") from error
    if change.create_namespace:
        await _create_namespace(ground.objects, release.namespace, server_side=server_side)
    stored = Stored(new_record(ground, rendered, values, version=1, server_side=server_side))
    stored.set_status("pending-install", "Initial install underway")
    await _replace(ground, stored, last)
    await ground.storage.create(stored)
    try:
        await _perform_install(ground, stored, adopted, resources)
    except HoldfastError as error:
        await fail(ground.storage, stored, f'Release "{release.name}" failed: {error.message}')
        raise


async def _free_name(ground: Ground) -> Stored | None:
    """The last revision of a release that is replaced."""
    name = ground.release.name
    try:
        check_release_name(name)
    except HoldfastError as error:
        raise HelmActionError(f"release name check failed: {error.message}") from error
    last = await ground.storage.last(name)
    if last is None or (ground.release.install.replace and last.status in (UNINSTALLED, FAILED)):
        return last
    ground.objects.log.say('error: release name check failed: {"error":"cannot reuse a name that is still in use"}')
    raise HelmActionError("release name check failed: cannot reuse a name that is still in use")


async def _replace(ground: Ground, stored: Stored, last: Stored | None) -> None:
    if last is None:
        return
    stored.record["version"] = last.version + 1
    if last.status != FAILED:
        last.set_status(SUPERSEDED, "superseded by new release")
        await ground.storage.update(last)


async def _create_namespace(objects: Objects, name: str, *, server_side: bool) -> None:
    namespace = await objects.resource(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {"name": name}}}
    )
    if server_side:
        await objects.create([namespace], Mode(server_side=True))
        return
    try:
        await objects.client.create(namespace.manifest)
    except AlreadyExists:
        return


async def _perform_install(ground: Ground, stored: Stored, adopted: list[Resource], resources: list[Resource]) -> None:
    change, server_side = ground.release.install, stored.server_side
    hooks = hooks_of(ground, change.steps, server_side=server_side)
    if change.steps.hooks:
        await _hooks(hooks, stored, "pre-install", "failed pre-install")
    if adopted:
        three_way = change.take_ownership and not server_side
        mode = Mode(server_side=server_side, force=server_side, three_way=three_way, adopt_fields=True)
        await ground.objects.update(adopted, resources, mode)
    else:
        await ground.objects.create(resources, Mode(server_side=server_side))
    await ground.wait(resources, change.steps)
    if change.steps.hooks:
        await _hooks(hooks, stored, "post-install", "failed post-install")
    stored.set_status(DEPLOYED, "Install complete")
    await ground.storage.update(stored)


# --- upgrade


async def upgrade(ground: Ground) -> None:
    release, change = ground.release, ground.release.upgrade
    last = await ground.storage.last(release.name)
    if last is None:
        raise HelmActionError(f'"{release.name}" has no deployed releases')
    server_side = last.server_side if change.server_side == "auto" else change.server_side == "true"
    await apply_crds(ground, change, server_side=server_side)
    ground.objects.log.say(f'preparing upgrade: {{"name":"{release.name}"}}')
    current = await _current(ground, last)
    options = ReleaseOptions(
        release.name, str(current.record.get("namespace") or ""), last.version + 1, is_upgrade=True, is_install=False
    )
    rendered, values = await _render(_reusing(ground, current), _values(ground, current), options, change)
    first = str((current.record.get("info") or {}).get("first_deployed") or "")
    new = new_record(ground, rendered, values, version=last.version + 1, server_side=server_side, first=first)
    stored = Stored(new, last.labels)
    stored.set_status("pending-upgrade", "Preparing upgrade")
    target = await _resources(ground, rendered, "")
    originals, adopted = await _originals(ground, current, target)
    originals = await _spared(ground, rendered, originals, target)
    ground.objects.log.say(f'creating upgraded release: {{"name":"{release.name}"}}')
    await ground.storage.create(stored, release.max_history)
    written = Written()
    try:
        await _perform_upgrade(ground, current, stored, [*originals, *adopted], target, written)
    except HoldfastError as error:
        await _fail_upgrade(ground, stored, written, error)
        raise
    await record(ground.storage, current)
    stored.set_status(DEPLOYED, "Upgrade complete")
    await ground.storage.update(stored)


async def _current(ground: Ground, last: Stored) -> Stored:
    """The revision that runs: the last one where it is deployed, else the newest deployed one, else the last failed one."""
    if last.is_pending:
        raise HelmActionError("another operation (install/upgrade/rollback) is in progress")
    if last.status == DEPLOYED:
        return last
    deployed = await ground.storage.deployed(ground.release.name)
    if deployed:
        return deployed[-1]
    if last.status in (FAILED, SUPERSEDED):
        return last
    raise HelmActionError(f'"{ground.release.name}" has no deployed releases')


def _values(ground: Ground, current: Stored) -> Mapping[str, Any]:
    values = ground.values or {}
    if not ground.release.upgrade.keep_values:
        return values
    return merge_maps(copy.deepcopy(current.record.get("config") or {}), dict(values))


def _reusing(ground: Ground, current: Stored) -> Ground:
    """With preserveValues the chart's own values are those of before, as the release had them."""
    if not ground.release.upgrade.keep_values or ground.chart is None:
        return ground
    before = current.record.get("chart") or {}
    shell = Chart(Metadata(name=str((before.get("metadata") or {}).get("name") or "")))
    shell.values = copy.deepcopy(before.get("values") or {})
    chart = ground.chart.private()
    chart.values = coalesce_values(shell, copy.deepcopy(current.record.get("config") or {}), [])
    chart.digest = f"{chart.digest}+{current.record.get('name')}.v{current.version}"
    return replace(ground, chart=chart)


async def _originals(ground: Ground, current: Stored, target: list[Resource]) -> tuple[list[Resource], list[Resource]]:
    """The running objects, and those that exist but are new to the release."""
    try:
        originals = await ground.objects.build(str(current.record.get("manifest") or ""))
    except HoldfastError as error:
        raise HelmActionError(
            f"unable to build kubernetes objects from current release manifest: {error.message}"
        ) from error
    known = {(r.gvk, r.ref) for r in originals}
    new = [r for r in target if (r.gvk, r.ref) not in known]
    try:
        return originals, await ground.existing(new, take=ground.release.upgrade.take_ownership)
    except HoldfastError as error:
        raise HelmActionError(f"unable to continue with update: {error.message}") from error


async def _spared(
    ground: Ground, rendered: Rendered, originals: list[Resource], target: list[Resource]
) -> list[Resource]:
    """Without what is not wanted any more and has to stay all the same: it is forgotten, not deleted."""
    wanted = {r.identity for r in target}
    dropped = [r for r in originals if r.identity not in wanted and not kept_by_policy(r)]
    if ground.guard is None or not dropped:
        return originals
    metadata = rendered.chart.metadata
    chart = f"{metadata.name}-{metadata.version}"
    stays = await ground.guard.dropped(dropped, had=len(originals), wanted=len(target), chart=chart)
    return [r for r in originals if r.identity not in stays]


async def _perform_upgrade(
    ground: Ground,
    current: Stored,
    stored: Stored,
    originals: list[Resource],
    target: list[Resource],
    written: Written,
) -> None:
    change, server_side = ground.release.upgrade, stored.server_side
    hooks = hooks_of(ground, change.steps, server_side=server_side)
    if change.steps.hooks:
        await _hooks(hooks, stored, "pre-upgrade", "pre-upgrade hooks failed")
    mode = Mode(
        server_side=server_side,
        force=server_side,
        replace=change.force and not server_side,
        adopt_fields=server_side and not current.server_side,
    )
    try:
        await ground.objects.update(originals, target, mode, written)
        await ground.wait(target, change.steps)
    except HoldfastError:
        await record(ground.storage, current)
        raise
    if change.steps.hooks:
        await _hooks(hooks, stored, "post-upgrade", "post-upgrade hooks failed")
    current.record["info"]["status"] = SUPERSEDED


async def _fail_upgrade(ground: Ground, stored: Stored, written: Written, error: HoldfastError) -> None:
    ground.objects.log.say(f'warning: upgrade failed: {{"name":"{ground.release.name}","error":"{error.message}"}}')
    await fail(ground.storage, stored, f'Upgrade "{ground.release.name}" failed: {error.message}')
    if ground.release.upgrade.cleanup and written.created:
        errors = await ground.objects.delete(written.created)
        if errors:
            raise HelmActionError(
                "an error occurred while cleaning up resources. original upgrade error: "
                f"{error.message}: unable to cleanup resources: {', '.join(errors)}"
            ) from error


# --- what both do


async def _render(
    ground: Ground, values: Mapping[str, Any], options: ReleaseOptions, change: Change
) -> tuple[Rendered, Mapping[str, Any]]:
    if ground.render is None or ground.chart is None:
        raise HelmActionError(_NO_CHART)
    return await ground.render(ground.chart, values, options, change.check_schema), values


async def _resources(ground: Ground, rendered: Rendered, prefix: str) -> list[Resource]:
    try:
        return await ground.wanted(rendered.manifest)
    except HoldfastError as error:
        raise HelmActionError(f"{prefix}: {error.message}" if prefix else error.message) from error


def hooks_of(ground: Ground, steps: Steps, *, server_side: bool) -> Hooks:
    return Hooks(ground.objects, ground.storage, steps.timeout, wait=steps.wait, server_side=server_side)


async def _hooks(hooks: Hooks, stored: Stored, event: str, prefix: str) -> None:
    try:
        await hooks.run(stored, event)
    except HoldfastError as error:
        raise HelmActionError(f"{prefix}: {error.message}") from error

"""Rollback, uninstall and test, step by step as Helm 4 does them."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from holdfast.apply.errors import HelmActionError
from holdfast.apply.helm_actions import hooks_of
from holdfast.apply.helm_ground import Ground, fail
from holdfast.apply.helm_hooks import Hooks, record
from holdfast.apply.helm_objects import Mode, Resource, Written, foreign, kept_by_policy
from holdfast.apply.helm_storage import (
    DEPLOYED,
    SUPERSEDED,
    UNINSTALLED,
    ReleaseNotFound,
    Stored,
)
from holdfast.base.errors import HoldfastError
from holdfast.helm.manifests import INSTALL_ORDER

# --- rollback


async def rollback(ground: Ground, version: int) -> None:
    """Makes a new revision with the manifest of ``version``."""
    release, storage = ground.release, ground.storage
    ground.objects.log.say(f'preparing rollback: {{"name":"{release.name}"}}')
    current = await storage.last(release.name)
    if current is None:
        raise ReleaseNotFound
    previous = await storage.get(release.name, version)
    if previous is None:
        raise HelmActionError(f"release has no {version} version")
    stored = _target(ground, current, previous, version)
    ground.objects.log.say(f'creating rolled back release: {{"name":"{release.name}"}}')
    await storage.create(stored, release.max_history)
    await _perform_rollback(ground, current, stored)
    for deployed in await storage.deployed(release.name):
        deployed.record["info"]["status"] = SUPERSEDED
        await record(storage, deployed)
    stored.record["info"]["status"] = DEPLOYED
    await storage.update(stored)


def _target(ground: Ground, current: Stored, previous: Stored, version: int) -> Stored:
    wanted = ground.release.rollback.server_side
    server_side = previous.server_side if wanted == "auto" else wanted == "true"
    info: dict[str, Any] = {
        "first_deployed": (current.record.get("info") or {}).get("first_deployed"),
        "last_deployed": ground.now(),
        "description": f"Rollback to {version}",
        "status": "pending-rollback",
        "rollback_revision": version,
        "notes": (previous.record.get("info") or {}).get("notes"),
    }
    kept: dict[str, Any] = {
        k: copy.deepcopy(previous.record[k]) for k in ("chart", "config", "manifest", "hooks") if k in previous.record
    }
    new: dict[str, Any] = {
        "name": ground.release.name,
        "info": {k: v for k, v in info.items() if v},
        **kept,
        "version": current.version + 1,
        "namespace": current.record.get("namespace"),
        "apply_method": "ssa" if server_side else "csa",
    }
    return Stored(new, previous.labels)


async def _perform_rollback(ground: Ground, current: Stored, stored: Stored) -> None:
    plan, objects, server_side = ground.release.rollback, ground.objects, stored.server_side
    originals = await _built(ground, current, "current")
    target = await _built(ground, stored, "new", own=True)
    hooks = hooks_of(ground, plan.steps, server_side=server_side)
    if plan.steps.hooks:
        await hooks.run(stored, "pre-rollback")
    mode = Mode(server_side=server_side, force=server_side, replace=plan.force and not server_side, adopt_fields=True)
    written = Written()
    try:
        await objects.update(originals, target, mode, written)
    except HoldfastError as error:
        current.record["info"]["status"] = SUPERSEDED
        await record(ground.storage, current)
        await fail(ground.storage, stored, f'Rollback "{ground.release.name}" failed: {error.message}')
        if plan.cleanup:
            await objects.delete(written.created)
        raise
    try:
        await ground.wait(target, plan.steps)
    except HoldfastError as error:
        await record(ground.storage, current)
        await fail(ground.storage, stored, f'Release "{ground.release.name}" failed: {error.message}')
        raise HelmActionError(f"release {ground.release.name} failed: {error.message}") from error
    if plan.steps.hooks:
        await hooks.run(stored, "post-rollback")


async def _built(ground: Ground, stored: Stored, which: str, *, own: bool = False) -> list[Resource]:
    text = str(stored.record.get("manifest") or "")
    try:
        return await (ground.wanted(text) if own else ground.objects.build(text))
    except HoldfastError as error:
        raise HelmActionError(
            f"unable to build kubernetes objects from {which} release manifest: {error.message}"
        ) from error


# --- uninstall

_ALREADY = "is already deleted"


async def uninstall(ground: Ground, name: str) -> Stored:
    """Returns the revision that was uninstalled. Objects that are kept by policy or belong to others stay."""
    plan, storage = ground.release.uninstall, ground.storage
    history = await storage.history(name)
    if not history:
        raise ReleaseNotFound
    stored = history[-1]
    if stored.status == UNINSTALLED:
        if plan.keep_history:
            raise HelmActionError(f'the release named "{name}" {_ALREADY}')
        await _purge(ground, history)
        return stored
    ground.objects.log.say(f'uninstall: deleting release: {{"name":"{name}"}}')
    stored.set_status("uninstalling", "Deletion in progress (or silently failed)")
    stored.record["info"]["deleted"] = ground.now()
    errors = await _remove(ground, stored)
    stored.set_status(UNINSTALLED, "Uninstallation complete")
    try:
        await (record(storage, stored) if plan.keep_history else _purge(ground, history))
    except HoldfastError as error:
        errors.append(f"uninstall: Failed to purge the release: {error.message}")
    if errors:
        raise HelmActionError(f"uninstallation completed with {len(errors)} error(s): {'; '.join(errors)}")
    return stored


def was_deleted_before(error: HoldfastError) -> bool:
    return _ALREADY in error.message


async def _remove(ground: Ground, stored: Stored) -> list[str]:
    """Hooks, objects, hooks. Returns what went wrong after the objects were deleted."""
    plan = ground.release.uninstall
    hooks = hooks_of(ground, plan.steps, server_side=True)
    if plan.steps.hooks:
        await hooks.run(stored, "pre-delete")
    await record(ground.storage, stored)
    try:
        deleted = await _delete(ground, stored)
    except HoldfastError as error:
        ground.objects.log.say(f'uninstall: Failed to delete release: {{"error":"{error.message}"}}')
        raise HelmActionError(f"failed to delete release: {stored.record.get('name')}") from error
    errors: list[str] = []
    if plan.steps.wait:
        try:
            await ground.objects.near.gone(deleted, plan.steps.timeout)
        except HoldfastError as error:
            errors.append(error.message)
    if plan.steps.hooks:
        try:
            await hooks.run(stored, "post-delete")
        except HoldfastError as error:
            errors.append(error.message)
    return errors


async def _delete(ground: Ground, stored: Stored) -> list[Resource]:
    resources = await ground.objects.build(str(stored.record.get("manifest") or ""))
    ours = [r for r in in_uninstall_order(resources) if not kept_by_policy(r) and await _is_ours(ground, stored, r)]
    if ground.guard is not None:
        stays = await ground.guard.ending(ours)
        ours = [r for r in ours if r.identity not in stays]
    errors = await ground.objects.delete(ours, ground.release.uninstall.propagation)
    if errors:
        raise HelmActionError("; ".join(errors))
    return ours


async def _is_ours(ground: Ground, stored: Stored, resource: Resource) -> bool:
    try:
        live = await ground.objects.live(resource)
    except HoldfastError as error:
        ground.objects.log.say(
            f"skipping delete of resource because ownership could not be verified: {resource}: {error.message}"
        )
        return False
    if live is None:
        return False
    name, namespace = str(stored.record.get("name")), str(stored.record.get("namespace"))
    if foreign(live, name, namespace):
        ground.objects.log.say(f"skipping delete of resource not owned by this release: {resource}")
        return False
    return True


def in_uninstall_order(resources: Sequence[Resource]) -> list[Resource]:
    """Against the order of installing, but Services go right after what leads to them; unknown kinds go last."""
    order = [k for k in reversed(INSTALL_ORDER) if k != "Service"]
    order.insert(order.index("IngressClass") + 1, "Service")
    rank = {kind: i for i, kind in enumerate(order)}
    return sorted(resources, key=lambda r: (rank.get(r.gvk.kind, len(rank)), "" if r.gvk.kind in rank else r.gvk.kind))


async def _purge(ground: Ground, history: Sequence[Stored]) -> None:
    for stored in history:
        await ground.storage.delete(str(stored.record["name"]), stored.version)


# --- test


async def test(ground: Ground) -> Stored:
    """Runs the test hooks that are selected. Raises with the first failure; the record is stored all the same."""
    plan, storage = ground.release.test, ground.storage
    stored = await storage.last(ground.release.name)
    if stored is None:
        raise ReleaseNotFound
    hooks = stored.record.get("hooks") or []
    skipped = [h for h in hooks if not plan.selects(str(h.get("name") or ""))]
    stored.record["hooks"] = [h for h in hooks if h not in skipped]
    runner = Hooks(ground.objects, storage, plan.timeout, wait=True, server_side=stored.server_side)
    finish, error = await runner.start(stored, "test")
    stored.record["hooks"] = [*skipped, *stored.record["hooks"]]
    await storage.update(stored)
    await finish()
    if error is not None:
        raise error
    return stored

"""Snapshots of a sandbox into files, and of any other cluster into the same form, read only.

In: a kubeconfig or a context. Out: a file of ``sandbox.snapshot``'s lines, readable by its owner alone, and what was left out and why.
Never writes to a cluster.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import orjson

from holdfast.base.errors import HoldfastError, Stop
from holdfast.cluster.client import Client
from holdfast.cluster.config import ClusterConfig
from holdfast.cluster.discovery import ApiResource
from holdfast.kube.refs import Manifest
from holdfast.sandbox import builtin, snapshot
from holdfast.sandbox.crds import resources_of
from holdfast.sandbox.resources import Resource
from holdfast.sandbox.store import Record, record

SKIPPED = {
    ("", "Pod"): "the sandbox makes its own",
    ("", "Event"): "of the moment",
    ("events.k8s.io", "Event"): "of the moment",
    ("coordination.k8s.io", "Lease"): "held by processes that are not copied",
    ("discovery.k8s.io", "EndpointSlice"): "made from pods",
    ("", "Endpoints"): "made from pods",
    ("", "Node"): "machines are not copied",
    ("storage.k8s.io", "CSINode"): "machines are not copied",
    ("storage.k8s.io", "VolumeAttachment"): "machines are not copied",
    ("apiregistration.k8s.io", "APIService"): "the sandbox has its own",
    ("", "ComponentStatus"): "stored nowhere",
    ("networking.k8s.io", "IPAddress"): "given by the sandbox itself",
    ("networking.k8s.io", "ServiceCIDR"): "given by the sandbox itself",
}
_CRD = ("apiextensions.k8s.io", "CustomResourceDefinition")


def save(config: ClusterConfig, target: Path) -> int:
    """Writes a running sandbox's snapshot; answers how many objects it holds."""
    return asyncio.run(_save(config, target))


async def _save(config: ClusterConfig, target: Path) -> int:
    # The last line tells how many there are; without it the answer was cut short, and the file is not kept.
    last = b""
    async with Client(config) as client, client.lines(snapshot.PATH, accept="*/*") as lines:
        with private(target) as file:
            async for line in lines:
                file.write(line + b"\n")
                last = line
            count = orjson.loads(last or b"{}").get("count")
            if count is None:
                raise Stop("the sandbox ended before its snapshot was whole", hint="try again")
    return int(count)


@contextmanager
def private(target: Path) -> Iterator[IO[bytes]]:
    """A file that takes its place only when it is whole, and that nobody else may read."""
    draft = target.with_name(target.name + ".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def load(file: Path) -> snapshot.Contents:
    try:
        with file.open("rb") as lines:
            return snapshot.read(lines, str(file))
    except OSError as error:
        raise Stop(f"{file}: {error.strerror or error}") from None


# --- from another cluster ------------------------------------------------------------


@dataclass(slots=True)
class Copied:
    """What came along, and what did not: each with its reason and how many objects of it there are."""

    kinds: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)


def copy(config: ClusterConfig, target: Path) -> Copied:
    """Writes what a cluster holds as a snapshot."""
    return asyncio.run(_copy(config, target))


async def _copy(config: ClusterConfig, target: Path) -> Copied:
    told, records = Copied(), []
    async with Client(config) as client:
        definitions = {r.plural + "." + r.group: r async for r in _custom(client, told)}
        for served in await client.discovery.all():
            async for table, made in _of_kind(client, served, definitions, told):
                records.append((table, made))
    revision = len(records) + 1
    numbered = [(table, _numbered(made, index)) for index, (table, made) in enumerate(records, 2)]
    with private(target) as file:
        file.writelines(snapshot.lines(snapshot.Contents(revision, numbered)))
    return told


async def _custom(client: Client, told: Copied) -> AsyncIterator[Resource]:
    """Custom resources in the version in which they are stored, or the first that is served."""
    listed = next((r for r in await client.discovery.all() if (r.group, r.kind) == _CRD), None)
    if listed is None:
        return
    for crd in (await client.list_resource(listed)).items:
        served = resources_of(crd)
        if served:
            yield next((r for r in served if r.version == r.storage_version), served[0])
        else:
            told.left_out[f"{crd['metadata']['name']}: no version of it is served"] += 1


async def _of_kind(
    client: Client, served: ApiResource, definitions: dict[str, Resource], told: Copied
) -> AsyncIterator[tuple[str, Record]]:
    resource = _stored(served, definitions)
    name = f"{served.plural}.{served.group}".rstrip(".")
    if "list" not in served.verbs or (resource is not None and resource.version != served.version):
        return
    try:
        items = (await client.list_resource(served)).items
    except HoldfastError as error:
        told.left_out[f"{name}: {error}"] += 1
        return
    why = SKIPPED.get((served.group, served.kind), "" if resource else "served by another server")
    if why or resource is None:
        told.left_out[f"{name}: {why}"] += len(items)
        return
    for obj in items:
        owner = _skipped_owner(obj)
        if owner:
            told.left_out[f"{name}: belongs to a {owner}"] += 1
            continue
        told.kinds[name] += 1
        yield resource.storage, _record(resource, obj)


def _stored(served: ApiResource, definitions: dict[str, Resource]) -> Resource | None:
    found = definitions.get(f"{served.plural}.{served.group}")
    if found is not None:
        return found
    own = builtin.catalog().lookup(served.group, served.version, served.plural)
    if own is None or not own.storage_version:
        return own
    return builtin.catalog().lookup(own.storage_group or own.group, own.storage_version, own.plural) or own


def _skipped_owner(obj: Manifest) -> str:
    for owner in obj["metadata"].get("ownerReferences") or ():
        group = str(owner.get("apiVersion") or "").rpartition("/")[0]
        if (group, owner.get("kind")) in SKIPPED:
            return str(owner["kind"])
    return ""


def _record(resource: Resource, obj: Manifest) -> Record:
    meta = obj["metadata"]
    key = (str(meta.get("namespace") or ""), str(meta["name"]))
    return record(key, 1, obj, resource.version)


def _numbered(made: Record, revision: int) -> Record:
    obj = made.load()
    return record(made.key, revision, obj, made.version)

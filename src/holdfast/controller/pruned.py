"""What was pruned last, kept for ``holdfast undo``: one record for each unit, in the controller's own namespace.

In: objects as they stand right before they are deleted. Out: a Secret, because what objects hold may be confidential, in the
namespace where the keys of delivery lie anyway. Of Secrets only the identity is recorded: somebody who takes one out of Git
wants its value to be gone.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from holdfast.cluster.client import Client
from holdfast.cluster.errors import ApiError
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef
from holdfast.model.delivery import Ownership, UnitKey
from holdfast.plan.hashing import project, union

log = logging.getLogger(__name__)

TYPE = "holdfast.dev/pruned"
LABEL = "holdfast.dev/pruned"
SECRETS = GroupVersionKind("", "v1", "Secret")
_LARGEST = 700_000  # bytes of a record; what is larger than that together is left out, largest first


@dataclass(frozen=True, slots=True)
class Record:
    """``objects`` can be applied again; ``named`` were deleted too, but only Git has what was in them."""

    unit: str
    revision: str
    at: str
    objects: tuple[Manifest, ...]
    named: tuple[str, ...]


async def keep(
    client: Client, home: str, owner: Ownership, unit: UnitKey, revision: str, doomed: Sequence[Manifest], *, now: float
) -> None:
    """Replaces the unit's record. A record that cannot be written is no reason to keep what nobody wants."""
    record = make(owner, unit, revision, doomed, now=now)
    body = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": record_name(unit), "namespace": home, "labels": {LABEL: "true"}},
        "type": TYPE,
        "data": {"record": encode(record)},
    }
    try:
        await client.apply(body, manager="holdfast", force=True)
    except ApiError as error:
        log.warning("%s: what is pruned now cannot be undone: %s", unit, error)


def record_name(unit: UnitKey) -> str:
    return f"pruned-{hashlib.sha256(str(unit).encode()).hexdigest()[:16]}"


def make(owner: Ownership, unit: UnitKey, revision: str, doomed: Iterable[Manifest], *, now: float) -> Record:
    objects: list[Manifest] = []
    named: list[str] = []
    for obj in doomed:
        if obj.get("kind") == "Secret" and obj.get("apiVersion") == "v1":
            named.append(str(ObjectRef.of(obj)))
        else:
            objects.append(as_applied(obj, owner.manager))
    objects.sort(key=lambda o: len(orjson.dumps(o)), reverse=True)
    while sum(len(orjson.dumps(o)) for o in objects) > _LARGEST * 4 or _size(objects) > _LARGEST:
        named.append(str(ObjectRef.of(objects.pop(0))))
    at = datetime.fromtimestamp(int(now), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Record(str(unit), revision, at, tuple(objects), tuple(sorted(named)))


def as_applied(live: Mapping[str, Any], manager: str) -> Manifest:
    """The part of a live object that the manager had applied; all that a user wrote where that is not known."""
    fields: dict[str, Any] = {}
    for entry in live["metadata"].get("managedFields") or ():
        if entry.get("manager") == manager and entry.get("operation") == "Apply" and not entry.get("subresource"):
            fields = union(fields, entry.get("fieldsV1") or {})
    found = project(live, fields) if fields else {k: v for k, v in live.items() if k != "status"}
    kept = ("labels", "annotations") if not fields else tuple(found.get("metadata") or ())
    meta = {k: v for k, v in (found.get("metadata") or {}).items() if k in kept}
    names = {k: live["metadata"][k] for k in ("name", "namespace") if live["metadata"].get(k)}
    return {**found, "apiVersion": live["apiVersion"], "kind": live["kind"], "metadata": {**meta, **names}}


def encode(record: Record) -> str:
    content = {
        "unit": record.unit,
        "revision": record.revision,
        "at": record.at,
        "objects": record.objects,
        "named": record.named,
    }
    return base64.b64encode(gzip.compress(orjson.dumps(content), mtime=0)).decode()


def decode(secret: Mapping[str, Any]) -> Record:
    """Raises ValueError or KeyError for what is no record."""
    content = orjson.loads(gzip.decompress(base64.b64decode(secret["data"]["record"])))
    return Record(
        str(content["unit"]),
        str(content["revision"]),
        str(content["at"]),
        tuple(content["objects"]),
        tuple(content["named"]),
    )


def _size(objects: Sequence[Manifest]) -> int:
    return len(gzip.compress(orjson.dumps(objects))) * 4 // 3 if objects else 0

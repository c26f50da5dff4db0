"""Release records in Secrets, as Helm keeps them: one for each revision, the oldest going first.

In: a client and a namespace. Out: records with the user's labels, and errors in the words of Helm's storage driver.
``observe`` hears of every record that was written or deleted. Never decides what a record says.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from holdfast.apply.errors import HelmActionError
from holdfast.base.clock import Clock
from holdfast.base.errors import HoldfastError
from holdfast.cluster.client import Client, Selectors
from holdfast.cluster.errors import AlreadyExists, NotFound
from holdfast.helm.errors import HelmError
from holdfast.helm.release import Record, from_secret, secret_name, to_secret
from holdfast.kube.refs import GroupVersionKind, ObjectRef

_SECRET = GroupVersionKind("", "v1", "Secret")
_TIMES = ("createdAt", "modifiedAt")
DEPLOYED, SUPERSEDED, FAILED, UNINSTALLED = "deployed", "superseded", "failed", "uninstalled"
Observe = Callable[[Record], None]


@dataclass(slots=True)
class Stored:
    """One revision. ``record`` may be changed and written again; ``labels`` are the user's own."""

    record: Record
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def version(self) -> int:
        return int(self.record.get("version") or 0)

    @property
    def status(self) -> str:
        return str((self.record.get("info") or {}).get("status") or "unknown")

    @property
    def is_pending(self) -> bool:
        return self.status.startswith("pending-")

    @property
    def server_side(self) -> bool:
        return self.record.get("apply_method") == "ssa"

    def set_status(self, status: str, description: str) -> None:
        self.record["info"].update(status=status, description=description)


class ReleaseNotFound(HelmActionError):
    def __init__(self) -> None:
        super().__init__("release: not found")


class Storage:
    """The records of one namespace."""

    def __init__(self, client: Client, namespace: str, clock: Clock, manager: str) -> None:
        self._client = client
        self._clock = clock
        self._manager = manager
        self.namespace = namespace
        self.observers: list[Observe] = []

    async def history(self, name: str, status: str = "") -> list[Stored]:
        """All revisions, oldest first; those that cannot be read are left out, as Helm does."""
        labels = f"name={name},owner=helm" + (f",status={status}" if status else "")
        try:
            found = await self._client.list(_SECRET, self.namespace, Selectors(labels=labels))
        except HoldfastError as error:
            error.message = f"query: failed to query with labels: {error.message}"
            raise
        readable = (_read(s) for s in found.items)
        return sorted((r for r in readable if r is not None), key=lambda r: r.version)

    async def last(self, name: str) -> Stored | None:
        found = await self.history(name)
        return found[-1] if found else None

    async def deployed(self, name: str) -> list[Stored]:
        return await self.history(name, DEPLOYED)

    async def get(self, name: str, version: int) -> Stored | None:
        key = secret_name(name, version)
        try:
            found = await self._client.get(self._ref(key), version="v1")
        except NotFound:
            return None
        except HoldfastError as error:
            error.message = f'get: failed to get "{key}": {error.message}'
            raise
        return _read(found)

    async def create(self, stored: Stored, limit: int = 0) -> None:
        """``limit`` is how many revisions are kept with this one; 0 means all."""
        if limit > 0:
            await self._make_room(str(stored.record["name"]), limit - 1)
        try:
            await self._client.create(self._secret(stored, "createdAt"), manager=self._manager)
        except AlreadyExists:
            raise HelmActionError("release: already exists") from None
        except HoldfastError as error:
            error.message = f"create: failed to create: {error.message}"
            raise
        self._tell(stored.record)

    async def update(self, stored: Stored) -> None:
        try:
            await self._client.update(self._secret(stored, "modifiedAt"), manager=self._manager)
        except HoldfastError as error:
            error.message = f"update: failed to update: {error.message}"
            raise
        self._tell(stored.record)

    async def delete(self, name: str, version: int) -> None:
        found = await self.get(name, version)
        if found is None:
            raise ReleaseNotFound
        await self._client.delete(self._ref(secret_name(name, version)), version="v1")
        self._tell(found.record)

    async def _make_room(self, name: str, limit: int) -> None:
        """The newest deployed revision stays, whatever its age."""
        found = await self.history(name)
        deployed = max((r.version for r in found if r.status == DEPLOYED), default=0)
        for stored in [r for r in found if r.version != deployed][: max(0, len(found) - limit)]:
            await self.delete(name, stored.version)

    def _tell(self, record: Record) -> None:
        for observe in self.observers:
            observe(copy.deepcopy(record))

    def _ref(self, key: str) -> ObjectRef:
        return ObjectRef("", "Secret", self.namespace, key)

    def _secret(self, stored: Stored, time: str) -> dict[str, Any]:
        labels = {k: v for k, v in stored.labels.items() if k not in _TIMES}
        secret = to_secret(stored.record, {**labels, time: str(int(self._clock.time()))})
        secret["metadata"]["namespace"] = self.namespace
        return secret


def _read(secret: Mapping[str, Any]) -> Stored | None:
    try:
        record, labels = from_secret(secret)
    except HelmError:
        return None
    record.setdefault("info", {})
    return Stored(record, labels)

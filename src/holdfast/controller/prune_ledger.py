"""What commits have taken from the units of a source: one ConfigMap for all replicas, which outlives each of them.

In: a source, a revision, a number of objects that are about to be deleted. Out: whether the budget allows them; if so they are
booked. Changed by compare-and-swap. Where the ConfigMap cannot be had, the count goes on in memory: no budget is lost by it,
only shared by nobody.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from dataclasses import dataclass

import orjson

from holdfast.base.clock import Clock
from holdfast.cluster.client import Client, PatchType
from holdfast.cluster.errors import AlreadyExists, ApiError, Conflict, NotFound
from holdfast.kube.refs import Manifest, ObjectRef
from holdfast.model.safety import Budget

log = logging.getLogger(__name__)

NAME = "holdfast-prune-ledger"
_KEY = "ledger.json"
_COMMITS = 256  # revisions whose deletions are remembered
_QUIET_SECONDS = 600.0  # after so long without a deletion, units that are deleted without a commit are counted anew
_TRIES = 20


@dataclass(frozen=True, slots=True)
class Spent:
    """``objects`` of ``total`` are gone; ``at`` is the time of the last."""

    objects: int
    total: int
    at: float


_Book = OrderedDict[str, Spent]


class PruneLedger:
    """``home`` is the namespace of the ConfigMap."""

    def __init__(self, client: Client, home: str, budget: Budget, clock: Clock) -> None:
        self._client = client
        self._ref = ObjectRef("", "ConfigMap", home, NAME)
        self._budget = budget
        self._clock = clock
        self._version = ""
        self._book: _Book = OrderedDict()

    async def spend(self, source: str, revision: str, objects: int, *, total: int) -> tuple[int, int] | None:
        """Books the objects. None when that is all right, else how many were taken already, of how many."""
        for _ in range(_TRIES):
            spent = self._spent(source, revision, total)
            if not self._budget.allows(spent.objects + objects, spent.total):
                # Another replica may have begun a new count.
                if not await self._stale():
                    return spent.objects, spent.total
                continue
            after = OrderedDict(self._book)
            after[f"{source} {revision}"] = Spent(spent.objects + objects, spent.total, self._clock.time())
            after.move_to_end(f"{source} {revision}")
            while len(after) > _COMMITS:
                after.popitem(last=False)
            if await self._kept(after):
                return None
        raise Conflict(f"{self._ref} is changed by others all the time", code=409)

    def _spent(self, source: str, revision: str, total: int) -> Spent:
        found = self._book.get(f"{source} {revision}")
        if found is None or (not revision and self._clock.time() - found.at > _QUIET_SECONDS):
            return Spent(0, total, 0.0)
        return found

    async def _stale(self) -> bool:
        """Reads the book again; whether it was another one."""
        before = self._version
        try:
            self._remember(await self._client.get(self._ref))
        except ApiError:
            return False
        return self._version != before

    async def _kept(self, book: _Book) -> bool:
        """False when somebody else was quicker: then theirs is read."""
        try:
            self._remember(await self._written(dump(book)))
        except (Conflict, AlreadyExists):
            self._remember(await self._client.get(self._ref))
            return False
        except ApiError as error:
            log.warning("%s: deletions are counted in memory: %s", self._ref, error)
            self._book = book
        return True

    async def _written(self, text: str) -> Manifest:
        data = {_KEY: text}
        if self._version:
            try:
                body = {"metadata": {"resourceVersion": self._version}, "data": data}
                return await self._client.patch(self._ref, body, PatchType.MERGE, manager="holdfast")
            except NotFound:
                self._version = ""
        meta = {"name": self._ref.name, "namespace": self._ref.namespace}
        return await self._client.create(
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data}, manager="holdfast"
        )

    def _remember(self, obj: Manifest) -> None:
        self._version = str(obj["metadata"].get("resourceVersion") or "")
        self._book = parse(str((obj.get("data") or {}).get(_KEY) or ""))


def dump(book: _Book) -> str:
    return orjson.dumps([[k, s.objects, s.total, int(s.at)] for k, s in book.items()]).decode()


def parse(text: str) -> _Book:
    """What cannot be read counts for nothing."""
    try:
        return OrderedDict((str(k), Spent(int(o), int(t), float(at))) for k, o, t, at in orjson.loads(text or "[]"))
    except (ValueError, TypeError):
        return OrderedDict()

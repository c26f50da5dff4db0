"""Which replica works on which object: a fixed number of shards, placed on the live replicas by rendezvous hashing.

In: names of members, and who holds which shard. Out: who should, and the next step towards it. Pure, so that every
interleaving of members can be tried: who may hold what follows from the table alone, and the table changes by
compare-and-swap.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import orjson

from holdfast.kube.refs import ObjectRef

SHARDS = 256
_WIDTH = SHARDS // 4


@lru_cache(maxsize=65536)
def shard_of(ref: ObjectRef) -> int:
    """The same on every replica and after every restart; the API version of an object does not matter."""
    text = f"{ref.group}/{ref.kind}/{ref.namespace}/{ref.name}"
    return hashlib.sha256(text.encode()).digest()[0]


def placed(members: Collection[str]) -> Sequence[str]:
    """The member that should hold each shard; empty names where there is no member. Whoever joins or leaves moves only
    the shards that it gains or loses."""
    return _placed(tuple(sorted(members)))


@lru_cache(maxsize=64)
def _placed(members: tuple[str, ...]) -> tuple[str, ...]:
    def weight(shard: int, member: str) -> bytes:
        return hashlib.sha256(f"{shard}/{member}".encode()).digest()

    return tuple(max(members, key=lambda m: weight(shard, m)) if members else "" for shard in range(SHARDS))


@dataclass(frozen=True, slots=True)
class Table:
    """Who holds each shard now; an empty name where nobody does."""

    holders: tuple[str, ...] = ("",) * SHARDS

    def of(self, member: str) -> frozenset[int]:
        return frozenset(i for i, h in enumerate(self.holders) if h == member)

    def given(self, shards: Iterable[int], to: Mapping[int, str]) -> Table:
        changed = list(self.holders)
        for shard in shards:
            changed[shard] = to[shard]
        return Table(tuple(changed))


def next_table(table: Table, me: str, members: Collection[str], busy: Collection[int] = ()) -> Table:
    """What ``me`` may change: it takes what nobody holds or a member that is no more, and gives up what should be another's
    and is not ``busy`` here. The shards of other members are never touched."""
    wanted = placed(members)
    changed = list(table.holders)
    for shard, holder in enumerate(table.holders):
        free = holder not in members
        if (free and wanted[shard] == me) or (holder == me and shard not in busy):
            changed[shard] = wanted[shard]
    return Table(tuple(changed))


def leaving(table: Table, me: str, members: Collection[str]) -> frozenset[int]:
    """Those of my shards that should be another's."""
    wanted = placed(members)
    return frozenset(s for s in table.of(me) if wanted[s] != me)


def predecessors(before: Table, after: Table, me: str) -> frozenset[str]:
    """The members from which ``me`` takes shards."""
    taken = after.of(me) - before.of(me)
    return frozenset(before.holders[s] for s in taken) - {""}


def dump(table: Table) -> str:
    """Each member with its shards as a bit mask in hexadecimal digits."""
    members = sorted(set(table.holders) - {""})
    masks = {m: f"{sum(1 << s for s in table.of(m)):0{_WIDTH}x}" for m in members}
    return orjson.dumps(masks).decode()


def parse(text: str) -> Table:
    """What cannot be read counts as held by nobody; a shard with two holders is the first one's."""
    try:
        found = orjson.loads(text or "{}")
        masks = {str(m): int(str(mask), 16) for m, mask in found.items()}
    except (ValueError, AttributeError):
        return Table()
    holders = [""] * SHARDS
    for member, mask in sorted(masks.items()):
        for shard in range(SHARDS):
            if mask >> shard & 1 and not holders[shard]:
                holders[shard] = member
    return Table(tuple(holders))

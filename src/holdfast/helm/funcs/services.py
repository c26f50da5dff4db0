"""What functions may ask of the outside while a render runs: the clock, randomness, the cluster, DNS."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from holdfast.helm.go.times import Time, local_zone

# (apiVersion, kind, namespace, name) -> the object, a list object when the name is "", or {} when there is none.
Lookup = Callable[[str, str, str, str], Mapping[str, Any]]


def _now() -> int:
    return time.time_ns()


@dataclass
class Services:
    """``clock`` gives nanoseconds since 1970, ``random`` so many random bytes. ``lint`` makes required and fail quiet."""

    clock: Callable[[], int] = _now
    random: Callable[[int], bytes] = os.urandom
    lookup: Lookup | None = None
    resolve: Callable[[str], str] | None = None
    lint: bool = False
    notices: list[str] | None = None

    def now(self) -> Time:
        seconds, nanos = divmod(self.clock(), 1_000_000_000)
        return Time(seconds, nanos, local_zone())

    def below(self, bound: int) -> int:
        """A random integer of 0 .. bound - 1, all equally likely."""
        size = (bound.bit_length() + 7) // 8 or 1
        limit = (1 << (8 * size)) - (1 << (8 * size)) % bound
        while True:
            found = int.from_bytes(self.random(size), "big")
            if found < limit:
                return found % bound

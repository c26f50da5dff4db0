"""Two controllers that undo each other: who corrects too often waits longer each time.

A few corrections in a row are normal (somebody tries again); after that the wait doubles up to a minute. Some quiet seconds
more than the wait end a fight, so an object that drifts now and then is always put right at once.
"""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.kube.refs import ObjectRef

FREE = 5  # corrections in a row that cost nothing
QUIET_SECONDS = 5.0
LONGEST_SECONDS = 60.0


@dataclass(slots=True)
class _Record:
    count: int
    last: float

    @property
    def wait(self) -> float:
        return 0.0 if self.count < FREE else min(LONGEST_SECONDS, 2.0 ** (self.count - FREE))

    def is_over(self, now: float) -> bool:
        return now - self.last > self.wait + QUIET_SECONDS


class Fights:
    """Times are seconds of any clock that never goes backwards."""

    def __init__(self) -> None:
        self._records: dict[ObjectRef, _Record] = {}

    def hold(self, ref: ObjectRef, now: float) -> float:
        """How many seconds a correction of this object has to wait still; 0 for at once."""
        record = self._records.get(ref)
        if record is None or record.is_over(now):
            self._records.pop(ref, None)
            return 0.0
        return max(0.0, record.last + record.wait - now)

    def begins(self, ref: ObjectRef) -> bool:
        """Whether the next correction is the one that makes it a fight."""
        record = self._records.get(ref)
        return record is not None and record.count == FREE - 1

    def corrected(self, ref: ObjectRef, now: float) -> None:
        record = self._records.get(ref)
        if record is None or record.is_over(now):
            record = self._records[ref] = _Record(0, now)
        record.count, record.last = record.count + 1, now

    def forget(self, ref: ObjectRef) -> None:
        self._records.pop(ref, None)

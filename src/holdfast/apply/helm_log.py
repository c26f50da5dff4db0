"""The last lines of what an action did, for the event of its failure."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime

from holdfast.base.clock import Clock

_LINES = 10


class HelmLog:
    """Keeps the last ten lines; the same line again is counted, not repeated."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lines: deque[tuple[str, str]] = deque(maxlen=_LINES)

    def say(self, line: str) -> None:
        if not self._lines or self._lines[-1][1] != line:
            now = datetime.fromtimestamp(self._clock.time(), UTC).isoformat().replace("+00:00", "Z")
            self._lines.append((now, line))

    @property
    def empty(self) -> bool:
        return not self._lines

    def __str__(self) -> str:
        return "\n".join(f"{time}: {line}" for time, line in self._lines)

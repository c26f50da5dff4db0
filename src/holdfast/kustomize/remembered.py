"""What texts mean, remembered: the overlays of a repository read the same bases again and again.

Comes in: a text and what it was parsed to. Goes out: the same data again, each time as a copy of its own. A text is kept when it
is met for the second time, so that a build that reads everything once pays for a hash and no more. It is kept marshalled, from
which a copy is made five times faster than by parsing. Nothing depends on it but time: faults are never remembered, and of what is
kept there is never more than a few megabytes.
"""

from __future__ import annotations

import marshal
from typing import Any

LARGEST, BUDGET, MOST_MET = 1 << 16, 4 << 20, 1 << 16


class Remembered:
    """One for each way to read a text."""

    def __init__(self) -> None:
        self._met: set[int] = set()
        self._known: dict[bytes, bytes] = {}
        self._size = 0

    def get(self, text: bytes) -> Any:
        """The data, or None where it is not known."""
        kept = self._known.get(text)
        return None if kept is None else marshal.loads(kept)

    def note(self, text: bytes, data: Any) -> None:
        """A text was parsed to this. Data that is no JSON is not kept."""
        if len(text) > LARGEST:
            return
        mark = hash(text)
        if mark not in self._met:
            if len(self._met) >= MOST_MET:
                self._met.clear()
            self._met.add(mark)
            return
        try:
            kept = marshal.dumps(data)
        except ValueError:
            return
        self._size += len(text) + len(kept)
        if self._size > BUDGET:
            self._known.clear()
            self._size = len(text) + len(kept)
        self._known[text] = kept

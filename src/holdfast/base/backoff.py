"""Waiting longer after each failure, with jitter where many would otherwise come back at the same moment."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """``initial * factor**failures`` seconds, at most ``limit``, stretched by up to ``jitter`` of itself."""

    initial: float = 0.75
    factor: float = 2.0
    limit: float = 900.0
    jitter: float = 0.0

    def delay(self, failures: int) -> float:
        """The wait before the next attempt after ``failures`` earlier failures (0 for the first)."""
        exponent = min(failures, 63)
        base = min(self.limit, self.initial * self.factor**exponent)
        return base * (1 + self.jitter * random.random()) if self.jitter else base

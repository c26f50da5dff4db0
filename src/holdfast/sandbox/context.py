"""What one operation carries along: who, when, how; and what it wants told (warnings)."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass, field

from holdfast.sandbox.identity import LOOPBACK, User

Clock = Callable[[], datetime.datetime]


def timestamp(moment: datetime.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(slots=True)
class Call:
    """One operation on one resource; ``warnings`` are filled on the way."""

    now: datetime.datetime
    user: User = LOOPBACK
    manager: str = "unknown"
    validation: str = "Warn"
    dry_run: bool = False
    warnings: list[str] = field(default_factory=list)
    verb: str = ""

    @property
    def stamp(self) -> str:
        return timestamp(self.now)

    def warn(self, text: str) -> None:
        if text not in self.warnings:
            self.warnings.append(text)

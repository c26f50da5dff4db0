"""What readiness can be, for one object."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from holdfast.kube.refs import ObjectRef


class HealthStatus(Enum):
    """kstatus's words, which Flux writes into conditions."""

    IN_PROGRESS = "InProgress"
    FAILED = "Failed"
    CURRENT = "Current"
    TERMINATING = "Terminating"
    NOT_FOUND = "NotFound"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Health:
    """The readiness of one object; ``message`` says what it waits for or what broke."""

    ref: ObjectRef
    status: HealthStatus
    message: str = ""

"""What is known of live objects: small facts per object, never the object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from holdfast.kube.refs import ObjectRef
from holdfast.model.health import HealthStatus


@dataclass(frozen=True, slots=True)
class LiveObject:
    """``owned`` is a hash of the fields that our manager owns, values included; ``foreign`` tells that managers which Flux
    cleans up (kubectl and the like) own fields too. ``switches`` holds the lower-cased annotations or labels that carry
    behaviour, by their name without the group (``prune``, ``reconcile``, ``ssa``, ``force``).
    ``writer`` is the manager beside ours that wrote last (statuses left out), and when."""

    uid: str
    resource_version: str
    owned: str = ""
    foreign: bool = False
    owner: tuple[str, str] = ("", "")  # name, namespace
    switches: Mapping[str, frozenset[str]] = field(default_factory=dict)
    health: HealthStatus = HealthStatus.UNKNOWN
    message: str = ""
    deleting: bool = False
    writer: tuple[str, str] = ("", "")


class LiveView(Protocol):
    """What a plan may ask of a cluster's state."""

    def get(self, ref: ObjectRef) -> LiveObject | None:
        """None: not in the cluster, or not known to be."""
        ...

    def knows(self, ref: ObjectRef) -> bool:
        """Whether None from `get` means that there is no such object of ours."""
        ...

    def synced(self, ref: ObjectRef) -> tuple[str, str] | None:
        """(desired hash, owned hash) as they were right after the last apply or comparison, if any."""
        ...

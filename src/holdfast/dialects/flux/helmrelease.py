"""``HelmRelease`` (helm.toolkit.fluxcd.io): for now only what its status says while nothing reconciles it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from holdfast.dialects.flux.conditions import READY, Conditions
from holdfast.kube.refs import GroupVersionKind

GROUP = "helm.toolkit.fluxcd.io"
KIND = "HelmRelease"
GVK = GroupVersionKind(GROUP, "v2", KIND)
MANAGER = "helm-controller"
NOT_SUPPORTED = "NotSupported"
_MESSAGE = "HelmRelease is not supported by Holdfast yet: nothing is installed, upgraded or removed"


def unsupported_status(obj: Mapping[str, Any], now: str) -> dict[str, Any]:
    """The status of an object that nothing is done for; what another controller recorded stays."""
    status = dict(obj.get("status") or {})
    generation = int((obj.get("metadata") or {}).get("generation") or 1)
    conditions = Conditions(status.get("conditions") or (), generation, now)
    conditions.stalled(NOT_SUPPORTED, _MESSAGE)
    conditions.false(READY, NOT_SUPPORTED, _MESSAGE)
    return {**status, "conditions": conditions.as_list()}

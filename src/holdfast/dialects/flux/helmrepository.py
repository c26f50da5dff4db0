"""``HelmRepository`` (source.toolkit.fluxcd.io): where charts are, and how to log in there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from holdfast.base.duration import parse_duration
from holdfast.dialects.flux.gitrepository import GROUP
from holdfast.kube.refs import GroupVersionKind

KIND = "HelmRepository"
GVK = GroupVersionKind(GROUP, "v1", KIND)


@dataclass(frozen=True, slots=True)
class HelmRepository:
    """``oci``: the address is that of a registry, which has no index to fetch. Seconds for times."""

    url: str
    interval: float
    timeout: float
    oci: bool = False
    suspend: bool = False
    insecure: bool = False
    pass_credentials: bool = False
    secret: str = ""
    cert_secret: str = ""
    provider: str = "generic"


def read(obj: Mapping[str, Any]) -> HelmRepository:
    """``obj`` has passed the API server's validation."""
    spec = obj.get("spec") or {}
    return HelmRepository(
        url=str(spec.get("url") or ""),
        interval=parse_duration(spec.get("interval") or "1m"),
        timeout=parse_duration(spec.get("timeout") or "1m"),
        oci=spec.get("type") == "oci",
        suspend=bool(spec.get("suspend")),
        insecure=bool(spec.get("insecure")),
        pass_credentials=bool(spec.get("passCredentials")),
        secret=str((spec.get("secretRef") or {}).get("name") or ""),
        cert_secret=str((spec.get("certSecretRef") or {}).get("name") or ""),
        provider=str(spec.get("provider") or "generic"),
    )

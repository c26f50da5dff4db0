"""``OCIRepository`` (source.toolkit.fluxcd.io): what to pull from a registry, and what its status and events say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from holdfast.base.duration import parse_duration
from holdfast.dialects.flux.gitrepository import GROUP
from holdfast.kube.refs import GroupVersionKind

KIND = "OCIRepository"
GVK = GroupVersionKind(GROUP, "v1", KIND)
ORIGIN_SOURCE = "org.opencontainers.image.source"
ORIGIN_REVISION = "org.opencontainers.image.revision"


@dataclass(frozen=True, slots=True)
class OCIRepository:
    """The first set of digest, semver, tag wins; none means ``latest``. Seconds for times."""

    url: str
    interval: float
    timeout: float
    suspend: bool = False
    insecure: bool = False
    digest: str = ""
    semver: str = ""
    semver_filter: str = ""
    tag: str = ""
    ignore: str | None = None
    layer_selector: Mapping[str, Any] | None = None
    secret: str = ""
    cert_secret: str = ""
    proxy_secret: str = ""
    service_account: str = ""
    provider: str = "generic"
    verified_by: str = ""

    @property
    def media_type(self) -> str:
        return str((self.layer_selector or {}).get("mediaType") or "")

    @property
    def copies(self) -> bool:
        return (self.layer_selector or {}).get("operation") == "copy"


def read(obj: Mapping[str, Any]) -> OCIRepository:
    """``obj`` has passed the API server's validation."""
    spec = obj.get("spec") or {}
    ref = spec.get("ref") or {}
    return OCIRepository(
        url=str(spec.get("url") or ""),
        interval=parse_duration(spec.get("interval") or "0"),
        timeout=parse_duration(spec.get("timeout") or "60s"),
        suspend=bool(spec.get("suspend")),
        insecure=bool(spec.get("insecure")),
        digest=str(ref.get("digest") or ""),
        semver=str(ref.get("semver") or ""),
        semver_filter=str(ref.get("semverFilter") or ""),
        tag=str(ref.get("tag") or ""),
        ignore=spec.get("ignore"),
        layer_selector=spec.get("layerSelector"),
        service_account=str(spec.get("serviceAccountName") or ""),
        provider=str(spec.get("provider") or "generic"),
        verified_by=str((spec.get("verify") or {}).get("provider") or ""),
        secret=_name(spec, "secretRef"),
        cert_secret=_name(spec, "certSecretRef"),
        proxy_secret=_name(spec, "proxySecretRef"),
    )


def _name(spec: Mapping[str, Any], key: str) -> str:
    return str((spec.get(key) or {}).get("name") or "")


def content_changed(source: OCIRepository, status: Mapping[str, Any]) -> bool:
    """Whether the artifact was made with other settings than those declared now."""
    if source.ignore != status.get("observedIgnore"):
        return True
    selector, observed = source.layer_selector or {}, status.get("observedLayerSelector") or {}
    keys = ("mediaType", "operation")
    return [selector.get(k) for k in keys] != [observed.get(k) for k in keys]


def observations(source: OCIRepository) -> dict[str, Any]:
    """What the status says about the artifact just made; None takes a field away."""
    selector = source.layer_selector
    return {"observedIgnore": source.ignore, "observedLayerSelector": dict(selector) if selector else None}


def stored_text(url: str, artifact: Mapping[str, Any]) -> str:
    """The event of a new artifact."""
    text = f"stored artifact with revision '{artifact.get('revision')}' from '{url}'"
    metadata = artifact.get("metadata") or {}
    origin, revision = metadata.get(ORIGIN_SOURCE), metadata.get(ORIGIN_REVISION)
    return f"{text}, origin source '{origin}', origin revision '{revision}'" if origin and revision else text

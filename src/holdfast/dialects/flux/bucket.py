"""``Bucket`` (source.toolkit.fluxcd.io): what to fetch from an object store, and the revision of what was found there."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from holdfast.base.duration import parse_duration
from holdfast.dialects.flux.gitrepository import GROUP
from holdfast.kube.refs import GroupVersionKind

KIND = "Bucket"
GVK = GroupVersionKind(GROUP, "v1", KIND)


@dataclass(frozen=True, slots=True)
class Bucket:
    """Seconds for times; empty texts for what is not said."""

    name: str
    endpoint: str
    interval: float
    timeout: float
    insecure: bool = False
    region: str = ""
    prefix: str = ""
    ignore: str | None = None
    provider: str = "generic"
    secret: str = ""
    cert_secret: str = ""
    proxy_secret: str = ""
    service_account: str = ""
    sts: bool = False

    @property
    def not_built(self) -> str:
        """The first field that asks for what Holdfast does not do; empty where all is well."""
        if self.sts:
            return "spec.sts"
        if self.service_account:
            return "spec.serviceAccountName"
        if self.provider == "aws" and not self.secret:
            return "spec.provider 'aws' without spec.secretRef"
        return "" if self.provider in ("generic", "aws") else f"spec.provider '{self.provider}'"


def read(obj: Mapping[str, Any]) -> Bucket:
    """``obj`` has passed the API server's validation."""
    spec = obj.get("spec") or {}
    return Bucket(
        name=str(spec.get("bucketName") or ""),
        endpoint=str(spec.get("endpoint") or ""),
        interval=parse_duration(spec.get("interval") or "0"),
        timeout=parse_duration(spec.get("timeout") or "60s"),
        insecure=bool(spec.get("insecure")),
        region=str(spec.get("region") or ""),
        prefix=str(spec.get("prefix") or ""),
        ignore=spec.get("ignore"),
        provider=str(spec.get("provider") or "generic"),
        secret=_name(spec, "secretRef"),
        cert_secret=_name(spec, "certSecretRef"),
        proxy_secret=_name(spec, "proxySecretRef"),
        service_account=str(spec.get("serviceAccountName") or ""),
        sts=bool(spec.get("sts")),
    )


def _name(spec: Mapping[str, Any], key: str) -> str:
    return str((spec.get(key) or {}).get("name") or "")


def revision(index: Mapping[str, str]) -> str:
    """The digest of keys and their ETags."""
    lines = (f"{key} {index[key]}\n" for key in sorted(index))
    return "sha256:" + hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def stored_text(name: str, files: int) -> str:
    """The event of a new artifact."""
    return f"stored artifact with {files} fetched files from '{name}' bucket"

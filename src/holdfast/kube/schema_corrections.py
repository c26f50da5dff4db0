"""Where the published schema says less than the API server's own typed schema: each line with its reason.

In goes a definition, out comes the definition that field management and patches need. Never changes what a field is called or
which type it has. Everything else (list types, merge keys, atomic maps) was compared with the server's typed schema of 1.37
and agrees.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_PROPERTIES: Final[Mapping[str, Mapping[str, Mapping[str, Any]]]] = {
    # Version 2 of OpenAPI has no defaults, yet this one is part of the list's key: 80 and 80/TCP are the same port.
    "io.k8s.api.core.v1.ContainerPort": {"protocol": {"default": "TCP"}},
    "io.k8s.api.core.v1.ServicePort": {"protocol": {"default": "TCP"}},
    # A keyword beside a $ref is lost on publication: the reference is granular here although its type is atomic.
    "io.k8s.api.core.v1.PersistentVolumeSpec": {"claimRef": {"x-kubernetes-map-type": "granular"}},
}


def corrections(name: str, raw: Mapping[str, Any]) -> dict[str, Any]:
    """``raw`` of the definition ``name`` with what is known to be missing."""
    found = _PROPERTIES.get(name)
    out = dict(raw)
    if found:
        properties = dict(raw.get("properties") or {})
        for key, more in found.items():
            if key in properties:
                properties[key] = {**properties[key], **more}
        out["properties"] = properties
    return out

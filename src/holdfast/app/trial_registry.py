"""What a trial answers in place of the network: registries, chart repositories and single files, out of memory.

In: archives and the addresses that they are wanted under. Out: answers as a registry (OCI distribution) or a web server gives
them. Asks nobody; an address that is not known is left to the network, or refused where that is forbidden.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import Any
from urllib.parse import urlsplit

from holdfast.kube import yaml
from holdfast.source.helm_repository import index_url
from holdfast.source.http import Answer, RequestFailed
from holdfast.source.oci import HELM_LAYER, Address

FILES = "application/vnd.cncf.flux.content.v1.tar+gzip"
_CONFIGS = {
    HELM_LAYER: "application/vnd.cncf.helm.config.v1+json",
    FILES: "application/vnd.cncf.flux.config.v1+json",
}
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_ASKED = re.compile(r"/v2/(?P<name>.+)/(?P<what>tags/list|manifests|blobs)(?:/(?P<reference>[^/]+))?")


@dataclass(slots=True)
class _Repository:
    """``manifests`` by tag and by digest, ``blobs`` by digest."""

    tags: set[str] = field(default_factory=set)
    manifests: dict[str, bytes] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)


class Answers:
    """Implements ``source.http.StandIn``."""

    def __init__(self, *, forbidden: bool = False) -> None:
        self._forbidden = forbidden
        self._files: dict[str, bytes] = {}
        self._repositories: dict[tuple[str, str], _Repository] = {}
        self._hosts: set[str] = set()

    def __call__(self, method: str, url: str) -> Answer | None:
        if url in self._files:
            return _answer(200, self._files[url], "application/octet-stream")
        parts = urlsplit(url)
        if parts.netloc in self._hosts and parts.path == "/v2/":
            return _answer(200, b"{}", "application/json")
        asked = _ASKED.fullmatch(parts.path)
        repository = self._repositories.get((parts.netloc, asked["name"])) if asked else None
        if asked and repository is not None:
            return _from(repository, asked["name"], asked["what"], asked["reference"] or "")
        if self._forbidden and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
            raise RequestFailed(f'{method.title()} "{url}": the network is forbidden (--offline)')
        return None

    # -- what there is ------------------------------------------------------------------------------------------------

    def file(self, url: str, data: bytes) -> None:
        self._files[url] = data

    def image(self, url: str, data: bytes, tags: Iterable[str], media_type: str) -> None:
        """One layer under several tags. Raises InvalidAddress."""
        address, config = Address.parse(url), b"{}"
        layer, about = _described(media_type, data), _described(_CONFIGS.get(media_type, _CONFIGS[FILES]), config)
        manifest = {"schemaVersion": 2, "mediaType": _MANIFEST, "config": about, "layers": [layer]}
        text = json.dumps(manifest, sort_keys=True).encode()
        repository = _Repository()
        for host in {address.host, address.api_host}:
            self._hosts.add(host)
            repository = self._repositories.setdefault((host, address.repository), repository)
        repository.blobs |= {layer["digest"]: data, about["digest"]: config}
        repository.tags |= set(tags)
        repository.manifests |= dict.fromkeys((*tags, _digest(text)), text)

    def chart_repository(self, url: str, charts: Mapping[str, Mapping[str, bytes]]) -> None:
        """``charts`` are archives by name and version."""
        entries: dict[str, list[dict[str, Any]]] = {}
        for name, versions in charts.items():
            for version, data in versions.items():
                address = f"{url.rstrip('/')}/{name}-{version}.tgz"
                self._files[address] = data
                entries.setdefault(name, []).append(
                    {
                        "apiVersion": "v2",
                        "name": name,
                        "version": version,
                        "urls": [address],
                        "digest": _digest(data).removeprefix("sha256:"),
                    }
                )
        index = {"apiVersion": "v1", "entries": entries, "generated": "1970-01-01T00:00:00Z"}
        self._files[index_url(url)] = yaml.dump(index).encode()


def _from(repository: _Repository, name: str, what: str, reference: str) -> Answer:
    if what == "tags/list":
        content = {"name": name, "tags": sorted(repository.tags)}
        return _answer(200, json.dumps(content).encode(), "application/json")
    data = (repository.manifests if what == "manifests" else repository.blobs).get(reference)
    if data is None:
        fault = {"code": "MANIFEST_UNKNOWN", "message": f"a trial has no {reference} of {name}"}
        return _answer(404, json.dumps({"errors": [fault]}).encode(), "application/json")
    return _answer(200, data, _MANIFEST if what == "manifests" else "application/octet-stream")


def _answer(status: int, body: bytes, media_type: str) -> Answer:
    headers = Message()
    headers["Content-Type"] = media_type
    headers["Content-Length"] = str(len(body))
    if media_type == _MANIFEST:
        headers["Docker-Content-Digest"] = _digest(body)
    return Answer(status, headers, body, "OK" if status == 200 else "Not Found")


def _described(media_type: str, data: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": _digest(data), "size": len(data)}


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"

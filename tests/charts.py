"""Servers of charts for tests: a repository of charts over HTTP and an OCI registry, both in this process."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from holdfast.helm.chart.archive import write_archive
from holdfast.kube import yaml

CONFIG = "application/vnd.cncf.helm.config.v1+json"
LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
TEMPLATE = """apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-{{ .Chart.Name }}
data:
  version: {{ .Chart.Version | quote }}
  color: {{ .Values.color | quote }}
"""


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def chart(name: str, version: str, files: Mapping[str, str] | None = None, **metadata: Any) -> bytes:
    """The archive of a small chart."""
    head = {"apiVersion": "v2", "name": name, "version": version, "description": f"about {name}", **metadata}
    texts = {
        "Chart.yaml": yaml.dump(head),
        "values.yaml": "color: blue\n",
        "README.md": f"# {name}\n",
        "templates/cm.yaml": TEMPLATE,
        **(files or {}),
    }
    return write_archive(name, {path: text.encode() for path, text in texts.items()})


class Site:
    """A chart repository. ``asked`` are the paths of requests, ``answered`` what was there; ``login`` guards everything; ``files`` can be changed."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.entries: dict[str, list[dict[str, Any]]] = {}
        self.asked: list[str] = []
        self.answered: list[tuple[str, int]] = []
        self.login = ""
        self.etags = False
        self.url = ""

    def add(self, name: str, version: str, data: bytes | None = None, *, at: str = "", **more: Any) -> bytes:
        data = data or chart(name, version)
        file = f"{name}-{version}.tgz"
        self.files[f"/{file}"] = data
        row = {"apiVersion": "v2", "name": name, "version": version, "urls": [at or file], "digest": sha256(data)}
        self.entries.setdefault(name, []).append({**row, "created": "2026-01-01T00:00:00Z", **more})
        self.index()
        return data

    def index(self) -> None:
        document = {"apiVersion": "v1", "entries": self.entries, "generated": "2026-01-01T00:00:00Z"}
        self.files["/index.yaml"] = yaml.dump(document).encode()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        path = handler.path.partition("?")[0]
        self.asked.append(path)
        wanted = "Basic " + base64.b64encode(self.login.encode()).decode()
        if self.login and handler.headers.get("Authorization") != wanted:
            return _send(handler, 401, b"", {"WWW-Authenticate": 'Basic realm="charts"'})
        data = self.files.get(path)
        if data is None:
            return _send(handler, 404, b"no such file")
        etag = f'"{sha256(data)}"' if self.etags else ""
        current = bool(etag) and handler.headers.get("If-None-Match") == etag
        self.answered.append((path, 304 if current else 200))
        if current:
            return _send(handler, 304, b"")
        return _send(handler, 200, data, {"ETag": etag} if etag else {})


class Registry:
    """An OCI registry that is only read. ``login`` guards it, by a token where ``tokens``, else with basic authentication."""

    def __init__(self) -> None:
        self.manifests: dict[tuple[str, str], bytes] = {}
        self.blobs: dict[str, bytes] = {}
        self.login = ""
        self.tokens = False
        self.asked: list[str] = []
        self.host = ""

    def blob(self, data: bytes, media_type: str) -> dict[str, Any]:
        digest = f"sha256:{sha256(data)}"
        self.blobs[digest] = data
        return {"mediaType": media_type, "digest": digest, "size": len(data)}

    def push(self, repository: str, tag: str, manifest: Mapping[str, Any]) -> str:
        data = json.dumps(manifest).encode()
        digest = f"sha256:{sha256(data)}"
        self.manifests[repository, tag] = self.manifests[repository, digest] = data
        return digest

    def add(self, repository: str, version: str, data: bytes | None = None) -> str:
        """A chart under ``repository``, whose last part is its name."""
        name = repository.rpartition("/")[2]
        data = data or chart(name, version)
        head = json.dumps({"name": name, "version": version, "apiVersion": "v2"}).encode()
        manifest = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": self.blob(head, CONFIG),
            "layers": [self.blob(data, LAYER)],
        }
        return self.push(repository, version.replace("+", "_"), manifest)

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        path = handler.path.partition("?")[0]
        self.asked.append(path)
        given = handler.headers.get("Authorization") or ""
        basic = "Basic " + base64.b64encode(self.login.encode()).decode()
        if path == "/token":
            return _send(handler, 200 if given == basic else 401, b'{"token": "t"}' if given == basic else b"{}")
        if self.login and given != ("Bearer t" if self.tokens else basic):
            realm = f'Bearer realm="http://{self.host}/token",service="here"' if self.tokens else 'Basic realm="here"'
            return _send(handler, 401, _fault("UNAUTHORIZED", "authentication required"), {"WWW-Authenticate": realm})
        return self._serve(handler, path.removeprefix("/v2/"))

    def _serve(self, handler: BaseHTTPRequestHandler, path: str) -> None:
        if not path:
            return _send(handler, 200, b"{}")
        repository, kind, last = path.rsplit("/", 2)
        if kind == "tags":
            tags = [t for r, t in self.manifests if r == repository and not t.startswith("sha256:")]
            if not tags:
                return _send(handler, 404, _fault("NAME_UNKNOWN", "repository name not known to registry"))
            return _send(handler, 200, json.dumps({"name": repository, "tags": tags}).encode())
        data = self.blobs.get(last) if kind == "blobs" else self.manifests.get((repository, last))
        if data is None:
            return _send(handler, 404, _fault("MANIFEST_UNKNOWN", "manifest unknown"))
        if kind == "blobs":
            return _send(handler, 200, data)
        media_type = json.loads(data).get("mediaType", "application/vnd.oci.image.manifest.v1+json")
        return _send(
            handler, 200, data, {"Docker-Content-Digest": f"sha256:{sha256(data)}", "Content-Type": media_type}
        )


def _fault(code: str, message: str) -> bytes:
    return json.dumps({"errors": [{"code": code, "message": message}]}).encode()


def _send(handler: BaseHTTPRequestHandler, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
    handler.send_response(status)
    length = {} if status == 304 else {"Content-Length": str(len(body))}
    for key, value in {**(headers or {}), **length}.items():
        handler.send_header(key, value)
    handler.end_headers()
    if handler.command != "HEAD" and status != 304:
        handler.wfile.write(body)


@contextmanager
def served(what: Site | Registry) -> Iterator[str]:
    """HOST:PORT of a server of this."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            what.answer(self)

        do_HEAD = do_GET

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    host = f"127.0.0.1:{server.server_port}"
    if isinstance(what, Registry):
        what.host = host
    else:
        what.url = f"http://{host}"
    try:
        yield host
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

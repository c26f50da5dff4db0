"""A server of buckets for tests: the part of S3's API that readers use, with signatures checked."""

from __future__ import annotations

import hashlib
import hmac
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, quote, unquote
from xml.sax.saxutils import escape

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"


class Store:
    """``buckets`` can be changed; ``keys`` (access to secret) guard everything; pages have ``page`` objects."""

    def __init__(self) -> None:
        self.buckets: dict[str, dict[str, bytes]] = {}
        self.keys: dict[str, str] = {}
        self.region = "us-east-1"
        self.page = 1000
        self.asked: list[tuple[str, str]] = []
        self.vanish: set[str] = set()
        """Objects that are listed and then gone."""
        self.host = ""

    def got(self) -> list[str]:
        """The objects that were asked for."""
        return [path for method, path in self.asked if method == "GET" and not path.endswith("/")]

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        raw, _, query = handler.path.partition("?")
        self.asked.append((handler.command, unquote(raw)))
        problem = self._problem(handler, raw, query)
        if problem:
            return _fault(handler, 403, *problem)
        bucket, _, key = unquote(raw).lstrip("/").partition("/")
        objects = self.buckets.get(bucket)
        if objects is None:
            return _fault(handler, 404, "NoSuchBucket", "The specified bucket does not exist")
        if not key:
            return self._about(handler, objects, dict(parse_qsl(query, keep_blank_values=True)))
        if key not in objects or key in self.vanish:
            return _fault(handler, 404, "NoSuchKey", "The specified key does not exist.")
        return _send(handler, 200, objects[key], etag(objects[key]))

    def _about(self, handler: BaseHTTPRequestHandler, objects: dict[str, bytes], query: dict[str, str]) -> None:
        if "location" in query:
            text = f'<LocationConstraint xmlns="{NAMESPACE}">{self.region}</LocationConstraint>'
            return _send(handler, 200, text.encode())
        if query.get("list-type") != "2":
            return _send(handler, 200, b"")
        keys = sorted(k for k in objects if k.startswith(query.get("prefix", "")))
        start = int(query.get("continuation-token") or 0)
        shown, more = keys[start : start + self.page], start + self.page < len(keys)
        text = "".join(
            f"<Contents><Key>{escape(quote(k, safe='/').replace('%20', '+'))}</Key>"
            f"<ETag>&quot;{etag(objects[k])}&quot;</ETag></Contents>"
            for k in shown
        )
        token = f"<NextContinuationToken>{start + self.page}</NextContinuationToken>" if more else ""
        head = f"<EncodingType>url</EncodingType><IsTruncated>{str(more).lower()}</IsTruncated>"
        whole = f'<?xml version="1.0"?><ListBucketResult xmlns="{NAMESPACE}">{head}{token}{text}</ListBucketResult>'
        return _send(handler, 200, whole.encode())

    def _problem(self, handler: BaseHTTPRequestHandler, path: str, query: str) -> tuple[str, str] | None:
        if not self.keys:
            return None
        given = handler.headers.get("Authorization") or ""
        if not given:
            return "AccessDenied", "Access Denied."
        parts = dict(p.strip().split("=", 1) for p in given.partition(" ")[2].split(","))
        access, day, region, service, _ = parts["Credential"].split("/")
        if access not in self.keys:
            return "InvalidAccessKeyId", "The Access Key Id you provided does not exist in our records."
        key = f"AWS4{self.keys[access]}".encode()
        for step in (day, region, service, "aws4_request"):
            key = hmac.digest(key, step.encode(), "sha256")
        names = parts["SignedHeaders"].split(";")
        lines = [f"{n}:{handler.headers[n]}\n" for n in names]
        sorted_query = "&".join(sorted(p if "=" in p else p + "=" for p in query.split("&") if p))
        body = handler.headers["x-amz-content-sha256"]
        canonical = f"{handler.command}\n{path}\n{sorted_query}\n{''.join(lines)}\n{';'.join(names)}\n{body}"
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        scope = f"{day}/{region}/{service}/aws4_request"
        to_sign = f"AWS4-HMAC-SHA256\n{handler.headers['x-amz-date']}\n{scope}\n{digest}"
        if hmac.digest(key, to_sign.encode(), "sha256").hex() != parts["Signature"]:
            return "SignatureDoesNotMatch", "The request signature we calculated does not match."
        asks_location = query == "location="
        if region != self.region and not asks_location:
            return "AuthorizationHeaderMalformed", f"the region '{region}' is wrong; expecting '{self.region}'"
        return None


def etag(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _fault(handler: BaseHTTPRequestHandler, status: int, code: str, message: str) -> None:
    text = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    _send(handler, status, text.encode())


def _send(handler: BaseHTTPRequestHandler, status: int, body: bytes, tag: str = "") -> None:
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body)))
    if tag:
        handler.send_header("ETag", f'"{tag}"')
    handler.end_headers()
    if handler.command != "HEAD":
        handler.wfile.write(body)


@contextmanager
def served(store: Store, tls: ssl.SSLContext | None = None) -> Iterator[Store]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            store.answer(self)

        do_HEAD = do_GET

    class Server(ThreadingHTTPServer):
        request_queue_size = 64

        def handle_error(self, *args: object) -> None:
            """A client that does not trust us goes away."""

    server = Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    store.host = f"127.0.0.1:{server.server_port}"
    try:
        yield store
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

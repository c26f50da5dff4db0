"""OCI registries: tags, manifests and layers of one repository, over the distribution protocol.

In: an ``oci://`` address, a reference, logins. Out: tags, digests, manifests, the bytes of layers, each checked against its
digest. Anonymous, basic and token logins, plain HTTP where it is allowed or the registry is on this host. Errors are
worded as Flux's (go-containerregistry's). Never writes anything; works in the calling thread.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlencode, urljoin

from holdfast.base.errors import RetryLater, Stop
from holdfast.base.semver import Constraint, InvalidConstraint, InvalidVersion, Version
from holdfast.source.http import Answer, RequestFailed, WayOut, request
from holdfast.source.oci_login import Challenge
from holdfast.source.oci_login import Login as Login
from holdfast.source.oci_login import Logins as Logins
from holdfast.source.oci_login import logins as logins

HELM_LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
_MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
_HOST = re.compile(r"[a-z0-9A-Z.\-]+(:\d+)?|\[[0-9a-fA-F:]+\](:\d+)?")
_PATH_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789_-./"
_PATH = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_MAX_TAG_PAGES = 1000
_PAGE = 1000
MAX_LAYER = 512 << 20
# What is chosen from an image index: the platform that Flux's client assumes.
PLATFORM = ("linux", "amd64")
_MAX_MANIFEST = 8 << 20


class RegistryError(RetryLater):
    """The registry said no, or nothing."""


class NotFound(RegistryError):
    """The registry does not have it."""


class InvalidAddress(Stop):
    """Not the address of a repository."""


@dataclass(frozen=True, slots=True)
class Layer:
    media_type: str
    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class Artifact:
    """What a manifest lists."""

    digest: str
    layers: tuple[Layer, ...]
    annotations: Mapping[str, str]
    config: Layer | None = None
    document: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Address:
    """``oci://host/repository``, with Docker Hub's short names written out."""

    host: str
    repository: str

    @classmethod
    def parse(cls, url: str) -> Address:
        if not url.startswith("oci://"):
            raise InvalidAddress("URL must be in format 'oci://<domain>/<org>/<repo>'")
        host, _, path = url.removeprefix("oci://").partition("/")
        _check_path(path)
        if not _HOST.fullmatch(host) or not _PATH.fullmatch(path):
            raise InvalidAddress(f"could not parse reference: {url.removeprefix('oci://')}")
        if host == "docker.io":
            host = "index.docker.io"
        if host == "index.docker.io" and "/" not in path:
            path = f"library/{path}"
        return cls(host, path)

    @property
    def api_host(self) -> str:
        """Who answers for a host's name."""
        return "registry-1.docker.io" if self.host == "index.docker.io" else self.host

    @property
    def is_local(self) -> bool:
        name = self.host.rpartition(":")[0] if ":" in self.host else self.host
        return name in ("localhost", "[::1]") or name.startswith("127.") or name.endswith(".localhost")


def _check_path(path: str) -> None:
    if not 2 <= len(path) <= 255:
        raise InvalidAddress(f"repository must be between 2 and 255 characters in length: {path}")
    if not set(path) <= set(_PATH_LETTERS):
        raise InvalidAddress(f"repository can only contain the characters `{_PATH_LETTERS}`: {path}")


class Words(Protocol):
    """How a registry's refusal is told."""

    def __call__(self, method: str, url: str, answer: Answer, /) -> str: ...


class Repository:
    """One repository of one registry.

    ``insecure`` allows plain HTTP beside TLS, ``plain`` is plain HTTP only. ``probe`` asks first what the registry speaks and
    how it wants us to log in, as Flux does; without it the first request goes out at once, as Helm's does.
    """

    def __init__(
        self,
        address: Address,
        login: Login | None = None,
        *,
        insecure: bool = False,
        plain: bool = False,
        probe: bool = True,
        way: WayOut | None = None,
        words: Words | None = None,
    ) -> None:
        self.address = address
        self._login = login or Login()
        self._schemes = _schemes(address, insecure=insecure, plain=plain, probe=probe)
        self._way = way or WayOut()
        self._words: Words = words or refusal
        self._base = "" if probe else f"{self._schemes[0]}://{address.api_host}"
        self._paging = f"?n={_PAGE}" if probe else ""
        self._authorization = ""

    def tags(self) -> list[str]:
        """Raises RegistryError."""
        found: list[str] = []
        path = f"/v2/{self.address.repository}/tags/list" + self._paging
        for _ in range(_MAX_TAG_PAGES):
            answer = self._get(path)
            found += [str(t) for t in _json(answer, self._url(path)).get("tags") or ()]
            following = re.match(r"\s*<([^>]+)>", answer.headers.get("Link") or "")
            if following is None:
                break
            path = urljoin(self._url(path), following[1]).removeprefix(self._base)
        return found

    def ping(self) -> None:
        """Whether the registry takes the login. Raises RegistryError."""
        self._connect()
        answer = self._ask("GET", "/v2/", _MAX_MANIFEST)
        if answer.status != 200:
            raise RegistryError(self._words("GET", self._url("/v2/"), answer))

    def digest(self, reference: str) -> str:
        """The digest behind a tag. Raises RegistryError."""
        path = self._manifest_path(reference)
        self._connect()
        head = self._send("HEAD", path)
        told = head.headers.get("Docker-Content-Digest") or ""
        if head.status == 200 and told:
            return told
        return _sha256(self._get(path).body)

    def artifact(self, reference: str, *, platform: tuple[str, str] = PLATFORM) -> Artifact:
        """The manifest behind a tag or digest; of an index, that of the platform (OS, architecture). Raises RegistryError."""
        top = self.manifest(reference)
        if "manifests" not in top.document:
            return top
        child = _child(top.document, platform)
        if child is None:
            at = "@" if ":" in reference else ":"
            shown = f"{self.address.host}/{self.address.repository}{at}{reference}"
            raise RegistryError(f"no child with platform {'/'.join(platform)} in index {shown}")
        return self.manifest(child)

    def manifest(self, reference: str) -> Artifact:
        """A manifest or an index as it is, checked against the digest that was asked for or told. Raises RegistryError."""
        path = self._manifest_path(reference)
        answer = self._get(path, _MAX_MANIFEST)
        digest, told = _sha256(answer.body), answer.headers.get("Docker-Content-Digest") or ""
        if reference.startswith("sha256:") and digest != reference:
            raise RegistryError(f"manifest digest: {digest!r} does not match requested digest: {reference!r}")
        if told.startswith("sha256:") and told != digest:
            raise RegistryError(f"manifest digest: {digest!r} does not match Docker-Content-Digest: {told!r}")
        return _artifact(digest, _json(answer, self._url(path)))

    def blob(self, layer: Layer, limit: int = MAX_LAYER) -> bytes:
        """The bytes of a layer, checked. Raises RegistryError."""
        if layer.size > limit:
            raise RegistryError(f"layer {layer.digest} has {layer.size} bytes, which is more than {limit}")
        path = f"/v2/{self.address.repository}/blobs/{layer.digest}"
        body = self._get(path, min(layer.size, limit) if layer.size else limit).body
        if layer.size and len(body) != layer.size:
            raise RegistryError(f"error verifying size; got {len(body)}, want {layer.size}")
        if _sha256(body) != layer.digest:
            raise RegistryError(f"error verifying sha256 checksum; got {_sha256(body)}, want {layer.digest}")
        return body

    # -- the protocol -------------------------------------------------------------------------------------------------

    def _manifest_path(self, reference: str) -> str:
        return f"/v2/{self.address.repository}/manifests/{reference}"

    def _url(self, path: str) -> str:
        return f"{self._base}{path}"

    def _get(self, path: str, limit: int = MAX_LAYER) -> Answer:
        self._connect()
        answer = self._send("GET", path, limit)
        if answer.status != 200:
            error = NotFound if answer.status == 404 else RegistryError
            raise error(self._words("GET", self._url(path), answer))
        return answer

    def _send(self, method: str, path: str, limit: int = MAX_LAYER) -> Answer:
        """A registry may want a login for the first request, and another token when one has run out."""
        answer = self._ask(method, path, limit)
        if answer.status == 401 and not self._login.token:
            was, self._authorization = self._authorization, self._authorize(answer)
            if self._authorization != was:
                return self._ask(method, path, limit)
        return answer

    def _ask(self, method: str, path: str, limit: int) -> Answer:
        headers = {"Accept": ", ".join(_MANIFESTS)} if "/manifests/" in path else {}
        url = self._url(path)
        try:
            return request(
                url, headers=headers, authorization=self._authorization, way=self._way, method=method, limit=limit
            )
        except RequestFailed as error:
            raise RegistryError(error.message) from error

    def _connect(self) -> None:
        """Finds the scheme that the registry speaks, and logs in as it asks."""
        if self._base:
            return
        faults: list[str] = []
        for scheme in self._schemes:
            base = f"{scheme}://{self.address.host}"
            try:
                answer = request(f"{base}/v2/", way=self._way, limit=_MAX_MANIFEST)
            except RequestFailed as error:
                faults.append(error.message)
                continue
            if answer.status not in (200, 401):
                faults.append(self._words("GET", f"{base}/v2/", answer))
                continue
            self._authorization = self._authorize(answer)
            self._base = base
            return
        raise RegistryError("; ".join(faults))

    def _authorize(self, answer: Answer) -> str:
        challenge = Challenge.parse(answer.headers.get("WWW-Authenticate") or "")
        if answer.status == 200 or challenge.scheme != "bearer" or self._login.token:
            return self._login.header
        found = self._token(challenge)
        token = _json(found, challenge.realm)
        return f"Bearer {token.get('token') or token.get('access_token') or ''}"

    def _token(self, challenge: Challenge) -> Answer:
        if self._base.startswith("https:") and not challenge.realm.startswith("https:"):
            raise RegistryError(
                f"bearer realm {json.dumps(challenge.realm)} uses http but registry was contacted over https"
            )
        # For one repository and for reading, whatever wider scope the registry names.
        scope = f"repository:{self.address.repository}:pull" if self.address.repository else ""
        wanted = {"scope": scope, "service": challenge.service} if scope else {"service": challenge.service}
        url, data = challenge.realm, None
        if self._login.refresh:
            form = {**wanted, "grant_type": "refresh_token", "refresh_token": self._login.refresh}
            data = urlencode({**form, "client_id": "holdfast"}).encode()
        else:
            url += f"{'&' if '?' in url else '?'}{urlencode(wanted)}"
        method = "POST" if data else "GET"
        header = "" if data else self._login.header
        try:
            found = request(url, authorization=header, way=self._way, limit=_MAX_MANIFEST, method=method, data=data)
        except RequestFailed as error:
            raise RegistryError(error.message) from error
        if found.status != 200:
            raise RegistryError(self._words(method, url, found))
        return found


def _schemes(address: Address, *, insecure: bool, plain: bool, probe: bool) -> tuple[str, ...]:
    if plain:
        return ("http",)
    if not probe:
        return ("https",)
    if address.is_local:
        return ("http", "https")
    return ("https", "http") if insecure else ("https",)


def _child(index: Mapping[str, Any], platform: tuple[str, str]) -> str | None:
    """The digest of the first manifest for a platform; one that names none is for the default."""
    for row in index.get("manifests") or ():
        told = row.get("platform")
        has = (str(told.get("os") or ""), str(told.get("architecture") or "")) if told else PLATFORM
        if has == platform:
            return str(row.get("digest"))
    return None


def _artifact(digest: str, manifest: Mapping[str, Any]) -> Artifact:
    annotations = {str(k): str(v) for k, v in (manifest.get("annotations") or {}).items()}
    config = _layer(manifest["config"]) if isinstance(manifest.get("config"), Mapping) else None
    return Artifact(digest, tuple(map(_layer, manifest.get("layers") or ())), annotations, config, manifest)


def _layer(row: Mapping[str, Any]) -> Layer:
    return Layer(str(row.get("mediaType") or ""), str(row.get("digest") or ""), int(row.get("size") or 0))


def refusal(method: str, url: str, answer: Answer) -> str:
    """What a registry's error comes down to: its codes and messages, or the status."""
    try:
        rows = json.loads(answer.body or b"{}").get("errors") or ()
        said = [_diagnosis(row) for row in rows]
    except (ValueError, AttributeError):
        said = []
    if not said:
        body = answer.body.decode("utf-8", "replace")
        text = f"unexpected status code {answer.status} {_reason(answer.status)}"
        return f"{method} {url}: {text}" + (f": {body}" if body else "")
    return f"{method} {url}: {said[0] if len(said) == 1 else 'multiple errors returned: ' + '; '.join(said)}"


def _diagnosis(row: Mapping[str, Any]) -> str:
    from holdfast.helm.go.format import sprintf

    text = f"{row.get('code')}: {row.get('message')}"
    return text if row.get("detail") is None else f"{text}; {sprintf('%v', row['detail'])}"


def _reason(status: int) -> str:
    from http import HTTPStatus

    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _sha256(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _json(answer: Answer, url: str) -> dict[str, Any]:
    try:
        found = json.loads(answer.body)
    except ValueError as error:
        raise RegistryError(f"GET {url}: {error}") from error
    if not isinstance(found, dict):
        raise RegistryError(f"GET {url}: not a JSON object")
    return found


def highest_tag(tags: Iterable[str], range_: str, *, pattern: str = "", chart: bool = False) -> str:
    """The tag with the highest version in the range. ``pattern`` keeps tags that contain a match; ``chart``: Helm writes
    the plus of a version as an underscore. Raises Stop."""
    kept = _filtered(tags, pattern)
    try:
        constraint = Constraint(range_)
    except InvalidConstraint as error:
        raise Stop(f"semver '{range_}' parse error: {error}") from error
    found = _matching(kept, constraint, chart)
    if not found:
        raise Stop(f"no match found for semver: {range_}")
    return max(found, key=lambda item: item[0])[1]


def _filtered(tags: Iterable[str], pattern: str) -> list[str]:
    if not pattern:
        return list(tags)
    from holdfast.helm.go.errors import GoError  # with its engine, only for who filters
    from holdfast.helm.go.regexp import compile_pattern

    try:
        found = compile_pattern(pattern)
    except GoError as error:
        raise Stop(error.text) from error
    return [t for t in tags if found.search(t.encode()) is not None]


def _matching(tags: Sequence[str], constraint: Constraint, chart: bool) -> list[tuple[Version, str]]:
    found = []
    for tag in tags:
        try:
            version = Version.parse(tag.replace("_", "+") if chart else tag)
        except InvalidVersion:
            continue
        if constraint.check(version):
            found.append((version, tag))
    return found

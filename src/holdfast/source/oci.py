"""OCI registries: tags, manifests and layers of one repository, over the distribution protocol.

In: an ``oci://`` address, a reference, logins. Out: tags, digests, manifests, the bytes of layers, each checked against its
digest. Anonymous, basic and token logins, plain HTTP where it is allowed or the registry is on this host. Errors are
worded as Flux's (go-containerregistry's). Never writes anything; works in the calling thread.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from holdfast.base.errors import RetryLater, Stop
from holdfast.base.semver import Constraint, InvalidConstraint, InvalidVersion, Version
from holdfast.source.http import Answer, RequestFailed, WayOut, basic, request

HELM_LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
_MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
_HOST = re.compile(r"[a-z0-9A-Z.\-]+(:\d+)?|\[[0-9a-fA-F:]+\](:\d+)?")
_PATH = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')
_MAX_TAG_PAGES = 1000
_MAX_MANIFEST = 8 << 20


class RegistryError(RetryLater):
    """The registry said no, or nothing."""


class InvalidAddress(Stop):
    """Not the address of a repository."""


@dataclass(frozen=True, slots=True)
class Login:
    username: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)

    @property
    def header(self) -> str:
        if self.token:
            return f"Bearer {self.token}"
        return basic(self.username, self.password) if self.username or self.password else ""


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
        if ":" in path:
            raise InvalidAddress(f"URL must not contain a tag; remove ':{path.partition(':')[2]}'")
        if not _HOST.fullmatch(host) or not _PATH.fullmatch(path):
            raise InvalidAddress(f"could not parse reference: {url.removeprefix('oci://')}")
        if host == "docker.io":
            host = "index.docker.io"
        if host == "index.docker.io" and "/" not in path:
            path = f"library/{path}"
        return cls(host, path)

    @property
    def is_local(self) -> bool:
        name = self.host.rpartition(":")[0] if ":" in self.host else self.host
        return name in ("localhost", "[::1]") or name.startswith("127.") or name.endswith(".localhost")


def logins(docker_config: bytes) -> dict[str, Login]:
    """Host -> login, from the JSON of a docker config. Raises Stop."""
    try:
        found = json.loads(docker_config or b"{}").get("auths") or {}
        return {_host_of(str(host)): _login(entry or {}) for host, entry in found.items()}
    except (ValueError, AttributeError) as error:
        raise Stop(f"unable to parse docker config: {error}") from error


def _host_of(key: str) -> str:
    host = urlsplit(key).netloc if "://" in key else key.partition("/")[0]
    return "index.docker.io" if host in ("docker.io", "registry-1.docker.io") else host


def _login(entry: Mapping[str, Any]) -> Login:
    if entry.get("registrytoken"):
        return Login(token=str(entry["registrytoken"]))
    username, password = str(entry.get("username") or ""), str(entry.get("password") or "")
    if not username and entry.get("auth"):
        username, _, password = base64.b64decode(str(entry["auth"])).decode("utf-8", "replace").partition(":")
    return Login(username, password)


class Repository:
    """One repository of one registry. ``insecure`` allows plain HTTP."""

    def __init__(
        self, address: Address, login: Login | None = None, *, insecure: bool = False, way: WayOut | None = None
    ) -> None:
        self.address = address
        self._login = login or Login()
        self._insecure = insecure
        self._way = way or WayOut()
        self._base = ""
        self._authorization = ""

    def tags(self) -> list[str]:
        """Raises RegistryError."""
        found: list[str] = []
        path = f"/v2/{self.address.repository}/tags/list?n=1000"
        for _ in range(_MAX_TAG_PAGES):
            answer = self._get(path)
            found += [str(t) for t in _json(answer, self._url(path)).get("tags") or ()]
            following = re.match(r"\s*<([^>]+)>", answer.headers.get("Link") or "")
            if following is None:
                break
            path = urljoin(self._url(path), following[1]).removeprefix(self._base)
        return found

    def digest(self, reference: str) -> str:
        """The digest behind a tag. Raises RegistryError."""
        path = self._manifest_path(reference)
        self._connect()
        head = self._send("HEAD", path)
        told = head.headers.get("Docker-Content-Digest") or ""
        if head.status == 200 and told:
            return told
        return _sha256(self._get(path).body)

    def artifact(self, reference: str) -> Artifact:
        """The manifest behind a tag or digest; of an index, the first that it lists. Raises RegistryError."""
        path = self._manifest_path(reference)
        answer = self._get(path)
        digest = _sha256(answer.body)
        if reference.startswith("sha256:") and digest != reference:
            raise RegistryError(f"manifest digest: {digest!r} does not match requested digest: {reference!r}")
        manifest = _json(answer, self._url(path))
        if manifest.get("manifests"):
            return self.artifact(str(manifest["manifests"][0].get("digest")))
        layers = tuple(
            Layer(str(x.get("mediaType") or ""), str(x.get("digest") or ""), int(x.get("size") or 0))
            for x in manifest.get("layers") or ()
        )
        return Artifact(digest, layers, {str(k): str(v) for k, v in (manifest.get("annotations") or {}).items()})

    def blob(self, layer: Layer) -> bytes:
        """The bytes of a layer, checked. Raises RegistryError."""
        answer = self._get(f"/v2/{self.address.repository}/blobs/{layer.digest}")
        if _sha256(answer.body) != layer.digest:
            raise RegistryError(f"error verifying sha256 checksum; got {_sha256(answer.body)}, want {layer.digest}")
        return answer.body

    # -- the protocol -------------------------------------------------------------------------------------------------

    def _manifest_path(self, reference: str) -> str:
        return f"/v2/{self.address.repository}/manifests/{reference}"

    def _url(self, path: str) -> str:
        return f"{self._base}{path}"

    def _get(self, path: str) -> Answer:
        self._connect()
        answer = self._send("GET", path)
        if answer.status != 200:
            raise RegistryError(refusal("GET", self._url(path), answer))
        return answer

    def _send(self, method: str, path: str) -> Answer:
        headers = {"Accept": ", ".join(_MANIFESTS)} if "/manifests/" in path else {}
        try:
            return request(
                self._url(path), headers=headers, authorization=self._authorization, way=self._way, method=method
            )
        except RequestFailed as error:
            raise RegistryError(error.message) from error

    def _connect(self) -> None:
        """Finds the scheme that the registry speaks, and logs in as it asks."""
        if self._base:
            return
        faults: list[str] = []
        for scheme in self._schemes():
            base = f"{scheme}://{self.address.host}"
            try:
                answer = request(f"{base}/v2/", way=self._way, limit=_MAX_MANIFEST)
            except RequestFailed as error:
                faults.append(error.message)
                continue
            if answer.status not in (200, 401):
                faults.append(refusal("GET", f"{base}/v2/", answer))
                continue
            self._authorization = self._authorize(answer)
            self._base = base
            return
        raise RegistryError("; ".join(faults))

    def _schemes(self) -> tuple[str, ...]:
        if self.address.is_local:
            return ("http", "https")
        return ("https", "http") if self._insecure else ("https",)

    def _authorize(self, answer: Answer) -> str:
        challenge = answer.headers.get("WWW-Authenticate") or ""
        if answer.status == 200 or not challenge.lower().startswith("bearer") or self._login.token:
            return self._login.header
        asked = dict(_CHALLENGE.findall(challenge))
        query = urlencode({"scope": f"repository:{self.address.repository}:pull", "service": asked.get("service", "")})
        realm = asked.get("realm", "")
        url = f"{realm}{'&' if '?' in realm else '?'}{query}"
        try:
            found = request(url, authorization=self._login.header, way=self._way, limit=_MAX_MANIFEST)
        except RequestFailed as error:
            raise RegistryError(error.message) from error
        if found.status != 200:
            raise RegistryError(refusal("GET", url, found))
        token = _json(found, url)
        return f"Bearer {token.get('token') or token.get('access_token') or ''}"


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
    try:
        kept = [t for t in tags if re.search(pattern, t)] if pattern else list(tags)
    except re.error as error:
        raise Stop(f"invalid semver filter {pattern!r}: {error}") from error
    try:
        constraint = Constraint(range_)
    except InvalidConstraint as error:
        raise Stop(f"semver '{range_}' parse error: {error}") from error
    found = _matching(kept, constraint, chart)
    if not found:
        raise Stop(f"no match found for semver: {range_}")
    return max(found, key=lambda item: item[0])[1]


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

"""Charts in OCI registries as Helm names, resolves and pulls them.

In: ``oci://`` references, versions and ranges, logins. Out: the archive of a chart with its digests, or an error in the words of
Helm and of the client it uses (oras). The protocol is in ``oci``.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cmp_to_key
from http import HTTPStatus

from holdfast.base.errors import Stop
from holdfast.helm.go.errors import GoError
from holdfast.helm.go.format import sprintf
from holdfast.helm.go.semver import Version, parse_constraints, parse_version
from holdfast.source.http import Answer, WayOut
from holdfast.source.oci import HELM_LAYER, Address, Artifact, Layer, NotFound, RegistryError, Repository, Words
from holdfast.source.oci_login import Login, Logins

SCHEME = "oci://"
CONFIG = "application/vnd.cncf.helm.config.v1+json"
LEGACY_LAYER = "application/tar+gzip"
MAX_CHART = 100 << 20
_INVALID = "invalid reference: "
_HOST = re.compile(r"[^/?#@\s]+")
_NAME = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_STRICT = re.compile(r"(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*)){2}(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?", re.ASCII)
_UNDERSCORE = """
OCI artifact references (e.g. tags) do not support the plus sign (+). To support
storing semantic versions, Helm adopts the convention of changing plus (+) to
an underscore (_) in chart version tags when pushing to a registry and back to
a plus (+) when pulling from a registry.
"""


def is_oci(reference: str) -> bool:
    return reference.startswith(SCHEME)


@dataclass(frozen=True, slots=True)
class Reference:
    """``host/name:tag`` or ``host/name@digest``."""

    host: str
    name: str
    tag: str = ""
    digest: str = ""

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Raises Stop."""
        rest, at, digest = text.removeprefix(SCHEME).rpartition("@")
        rest = rest if at else digest
        digest = digest if at else ""
        host, slash, path = rest.partition("/")
        if not slash:
            raise Stop(f"{_INVALID}missing registry or repository")
        name, _, tag = path.partition(":")
        tag = tag.replace("+", "_")
        if not _HOST.fullmatch(host):
            raise Stop(f'{_INVALID}invalid registry "{host}"')
        if not _NAME.fullmatch(name):
            raise Stop(f'{_INVALID}invalid repository "{name}"')
        if tag and not _TAG.fullmatch(tag):
            raise Stop(f'{_INVALID}invalid tag "{tag}"')
        return cls(host, name, tag, digest)

    def __str__(self) -> str:
        place = f"{self.host}/{self.name}"
        return f"{place}:{self.tag}" if self.tag else f"{place}@{self.digest}" if self.digest else place


@dataclass(frozen=True, slots=True)
class Pulled:
    """``file`` is the name that Helm gives the archive; ``told`` what it says about the pull."""

    file: str
    data: bytes
    told: str


@dataclass(frozen=True, slots=True)
class Registry:
    """How to reach registries: ``login`` was given for this command, ``logins`` are known."""

    login: Login | None = None
    logins: Logins | None = None
    plain: bool = False
    way: WayOut | None = None

    def repository(self, reference: Reference) -> Repository:
        known = self.logins.of(reference.host, reference.name) if self.logins else None
        login = self.login or known
        words = words_of(login)
        hub = "index.docker.io" if reference.host == "docker.io" else reference.host
        address = Address(hub, reference.name)
        return Repository(address, login, plain=self.plain, probe=False, way=self.way, words=words)

    def versions(self, reference: Reference) -> list[str]:
        """The tags that are versions, the newest first, with a plus where registries have an underscore. Raises RegistryError."""
        found: list[Version] = []
        for tag in self.repository(reference).tags():
            text = tag.replace("_", "+")
            if _STRICT.fullmatch(text):
                try:
                    found.append(parse_version(text))
                except GoError:
                    continue
        return [str(v.go_string()) for v in _newest_first(found)]

    def resolve(self, reference: str, version: str) -> Reference:
        """The one tag or digest that a reference with a version or range means. Raises HoldfastError."""
        parsed = Reference.parse(reference)
        if not version:
            version = parsed.tag
        elif parsed.tag and parsed.tag != version:
            raise Stop(f"chart reference and version mismatch: {version} is not {parsed.tag}")
        if parsed.digest:
            return self._pinned(parsed, version)
        if _is_version(version):
            return Reference(parsed.host, parsed.name, version)
        tags = self.versions(parsed)
        if not tags:
            raise Stop(f"unable to locate any tags in provided repository: {reference}")
        return Reference(parsed.host, parsed.name, matching(tags, version))

    def _pinned(self, parsed: Reference, version: str) -> Reference:
        """A tag beside a digest has to be the same thing, if there is such a tag."""
        pinned = Reference(parsed.host, parsed.name, "", parsed.digest)
        if not version:
            return pinned
        try:
            found = self.repository(parsed).digest(version.replace("+", "_"))
        except RegistryError:
            return pinned
        if found != parsed.digest:
            raise Stop(f"chart reference digest mismatch: {found} is not {parsed.digest}")
        return pinned

    def pull(self, reference: Reference) -> Pulled:
        """Raises RegistryError."""
        sent = Reference(reference.host, reference.name, reference.tag.replace("+", "_"), reference.digest)
        repository = self.repository(sent)
        try:
            artifact = repository.artifact(sent.tag or sent.digest)
        except NotFound:
            raise RegistryError(f'failed to perform "FetchReference" on source: {sent}: not found') from None
        except RegistryError as error:
            raise RegistryError(f'failed to perform "FetchReference" on source: {error.message}') from error
        layer, warning = _chart_layer(artifact)
        data = repository.blob(layer, MAX_CHART)
        told = f"{warning}Pulled: {sent}\nDigest: {artifact.digest}\n"
        if "_" in str(sent):
            told += f"{sent} contains an underscore.\n{_UNDERSCORE}"
        base = reference.name.rpartition("/")[2]
        place = f"{base}-{reference.tag}" if reference.tag else f"{base}@{reference.digest.replace(':', '-', 1)}"
        return Pulled(f"{place}.tgz", data, told)


def _chart_layer(artifact: Artifact) -> tuple[Layer, str]:
    """The archive among a manifest's layers, and a warning about the type it has."""
    if artifact.config is None or artifact.config.media_type != CONFIG:
        known = {CONFIG, HELM_LAYER, LEGACY_LAYER}
        parts = [x for x in (artifact.config, *artifact.layers) if x is not None and x.media_type in known]
        if len(parts) < 1:
            text = "manifest does not contain minimum number of descriptors (2), descriptors found: 1"
            raise RegistryError(text)
        raise RegistryError(f"could not load config with mediatype {CONFIG}")
    for media_type in (HELM_LAYER, LEGACY_LAYER):
        layer = next((x for x in artifact.layers if x.media_type == media_type), None)
        if layer is not None:
            old = f"Warning: chart media type {LEGACY_LAYER} is deprecated\n" if media_type == LEGACY_LAYER else ""
            return layer, old
    raise RegistryError(f"manifest does not contain a layer with mediatype {HELM_LAYER}")


def matching(tags: list[str], wanted: str) -> str:
    """Of tags, the newest first, the one that is wanted or the first in the range. Raises Stop."""
    if wanted and wanted in tags:
        return wanted
    try:
        constraint = parse_constraints(wanted or "*")
    except GoError as error:
        raise Stop(error.text) from None
    for tag in tags:
        if constraint.check(parse_version(tag)):
            return tag
    raise Stop(f"could not locate a version matching provided version string {wanted}")


def _newest_first(versions: list[Version]) -> list[Version]:
    def order(a: Version, b: Version) -> int:
        return b.compare(a)

    return sorted(versions, key=cmp_to_key(order))


def _is_version(text: str) -> bool:
    try:
        parse_version(text)
    except GoError:
        return False
    return True


def words_of(login: Login | None) -> Words:
    """How Helm's client tells of a refusal: it says so where a login is asked for and there is none."""
    return _refusal if login else _refusal_without_login


def _refusal_without_login(method: str, url: str, answer: Answer) -> str:
    if answer.status == 401 and (answer.headers.get("WWW-Authenticate") or "").lower().startswith("basic"):
        return f'{method} "{url}": basic credential not found'
    return _refusal(method, url, answer)


def _refusal(method: str, url: str, answer: Answer) -> str:
    try:
        rows = json.loads(answer.body or b"{}").get("errors") or ()
        said = "; ".join(_diagnosis(row) for row in rows)
    except (ValueError, AttributeError):
        said = ""
    if not said:
        try:
            said = HTTPStatus(answer.status).phrase
        except ValueError:
            said = ""
    return f'{method} "{url.partition("?")[0]}": response status code {answer.status}: {said}'


def _diagnosis(row: dict[str, object]) -> str:
    code = str(row.get("code") or "").replace("_", " ").lower()
    if not row.get("message"):
        return code
    text = f"{code}: {row['message']}"
    return text if row.get("detail") is None else f"{text}: {sprintf('%v', row['detail'])}"

"""``GitRepository`` (source.toolkit.fluxcd.io): a declared object in, what to fetch and how to check it out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from holdfast.base.duration import parse_duration
from holdfast.dialects.flux.secret_data import CredentialsInvalid
from holdfast.kube.refs import GroupVersionKind
from holdfast.model.source import Credentials, GitRef, GitSpec

GROUP = "source.toolkit.fluxcd.io"
KIND = "GitRepository"
GVK = GroupVersionKind(GROUP, "v1", KIND)
FINALIZER = "finalizers.fluxcd.io"
MANAGER = "source-controller"


@dataclass(frozen=True, slots=True)
class Include:
    """Another GitRepository of the namespace whose files under ``from_path`` are put at ``to_path``."""

    name: str
    from_path: str
    to_path: str


@dataclass(frozen=True, slots=True)
class Verify:
    """``mode`` is HEAD, Tag or TagAndHEAD."""

    mode: str
    secret: str

    @property
    def head(self) -> bool:
        return self.mode in ("HEAD", "TagAndHEAD")

    @property
    def tag(self) -> bool:
        return self.mode in ("Tag", "TagAndHEAD")


@dataclass(frozen=True, slots=True)
class GitRepository:
    """Seconds for times; names of Secrets are of the object's own namespace."""

    git: GitSpec
    interval: float
    suspend: bool = False
    include: tuple[Include, ...] = ()
    verify: Verify | None = None
    secret: str = ""
    proxy_secret: str = ""
    provider: str = "generic"
    raw_include: Sequence[Mapping[str, Any]] = field(default=(), repr=False)


def read(obj: Mapping[str, Any]) -> GitRepository:
    """``obj`` has passed the API server's validation."""
    spec = obj.get("spec") or {}
    ref = spec.get("ref") or {}
    return GitRepository(
        git=GitSpec(
            url=str(spec.get("url") or ""),
            ref=GitRef(**{k: str(ref.get(k) or "") for k in ("branch", "tag", "semver", "name", "commit")}),
            ignore=spec.get("ignore"),
            sparse=tuple(spec.get("sparseCheckout") or ()),
            recurse_submodules=bool(spec.get("recurseSubmodules")),
            timeout=parse_duration(spec.get("timeout") or "60s"),
        ),
        interval=parse_duration(spec.get("interval") or "0"),
        suspend=bool(spec.get("suspend")),
        include=tuple(_include(i) for i in spec.get("include") or ()),
        verify=_verify(spec.get("verify")),
        secret=str((spec.get("secretRef") or {}).get("name") or ""),
        proxy_secret=str((spec.get("proxySecretRef") or {}).get("name") or ""),
        provider=str(spec.get("provider") or "generic"),
        raw_include=tuple(spec.get("include") or ()),
    )


def _include(item: Mapping[str, Any]) -> Include:
    name = str((item.get("repository") or {}).get("name") or "")
    return Include(name, str(item.get("fromPath") or ""), str(item.get("toPath") or name))


def _verify(spec: Mapping[str, Any] | None) -> Verify | None:
    if not spec:
        return None
    mode = str(spec.get("mode") or "HEAD")
    return Verify("HEAD" if mode == "head" else mode, str((spec.get("secretRef") or {}).get("name") or ""))


def credentials(url: str, data: Mapping[str, bytes], proxy: str = "") -> Credentials:
    """From a Secret's data. Raises CredentialsInvalid in the words of Flux."""
    parts = urlsplit(url)
    text = {k: v.decode("utf-8", "replace") for k, v in data.items()}
    ca = text.get("ca.crt") or text.get("caFile") or ""
    if parts.scheme == "ssh":
        for key in ("identity", "known_hosts"):
            if not text.get(key):
                raise CredentialsInvalid(f"invalid 'ssh' auth option: '{key}' is required")
        return Credentials(
            username=unquote(parts.username or "git"),
            identity=text["identity"],
            identity_password=text.get("password", ""),
            known_hosts=text["known_hosts"],
            ca=ca,
            proxy=proxy,
        )
    username = text.get("username") or unquote(parts.username or "")
    password = text.get("password") or unquote(parts.password or "")
    if password and not username:
        raise CredentialsInvalid(f"invalid '{parts.scheme}' auth option: 'password' requires 'username' to be set")
    # A Secret with all three keys authenticates with the user name: the real controller does, whatever its API text says.
    bearer = "" if username and password else text.get("bearerToken", "")
    return Credentials(username=username, password=password, bearer_token=bearer, ca=ca, proxy=proxy)


def content_changed(source: GitRepository, status: Mapping[str, Any], included: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the artifact was made with other settings than those declared now, or has to be verified anew."""
    if source.git.ignore != status.get("observedIgnore"):
        return True
    if source.git.recurse_submodules != bool(status.get("observedRecurseSubmodules")):
        return True
    if list(source.git.sparse) != list(status.get("observedSparseCheckout") or ()):
        return True
    if _requires_verification(source.verify, status.get("sourceVerificationMode")):
        return True
    if [dict(i) for i in source.raw_include] != [dict(i) for i in status.get("observedInclude") or ()]:
        return True
    observed = status.get("includedArtifacts") or ()
    keys = ("revision", "digest")
    return [[i.get(k) for k in keys] for i in included] != [[i.get(k) for k in keys] for i in observed]


def includes_differ(included: Sequence[Mapping[str, Any]], status: Mapping[str, Any]) -> bool:
    """Whether other revisions are included than those that the artifact was made with."""
    observed = status.get("includedArtifacts") or ()
    known = {a.get("revision") for a in observed}
    return len(included) != len(observed) or any(i.get("revision") not in known for i in included)


def _requires_verification(verify: Verify | None, observed: str | None) -> bool:
    if verify is None:
        return False
    if observed is None:
        return True
    return (observed == "Tag" and verify.head) or (observed == "HEAD" and verify.tag)


def observations(source: GitRepository, included: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the status says about the artifact just made; None takes a field away."""
    return {
        "observedIgnore": source.git.ignore,
        "observedRecurseSubmodules": source.git.recurse_submodules or None,
        "observedInclude": [dict(i) for i in source.raw_include] or None,
        "observedSparseCheckout": list(source.git.sparse) or None,
        "includedArtifacts": [dict(i) for i in included] or None,
    }


def subject(message: str) -> str:
    """The first line of a commit message, at most fifty characters of it."""
    first = message.split("\n", 1)[0]
    return first if len(first) <= 50 else first[:50] + "..."

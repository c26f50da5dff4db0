"""``.Capabilities`` and ``.Files``: what a template may ask about the cluster and the chart's other files."""

from __future__ import annotations

import base64
import re
from typing import Any, ClassVar

from holdfast.helm.errors import HelmError
from holdfast.helm.go.errors import GoError
from holdfast.helm.go.glob import matches
from holdfast.helm.go.strconv import quote
from holdfast.helm.go.types import GoMap, GoSlice, GoStruct, Method, StringMap, from_bytes, method, strings
from holdfast.helm.go.yaml import to_yaml

HELM_VERSION = "v4.3"
_GENERIC = re.compile(r"\s*v?([0-9]+(?:\.[0-9]+)*)([^\s]*)\s*\Z")


class KubeVersion(GoStruct):
    """``version`` is the full text; ``normal`` is without what follows the numbers."""

    go_type: ClassVar[str] = "common.KubeVersion"
    fields: ClassVar[dict[str, tuple[str, str]]] = {
        "Version": ("version", "string"), "Major": ("major", "string"), "Minor": ("minor", "string"),
    }  # fmt: skip
    methods: ClassVar[dict[str, Method]] = {}
    stringer: ClassVar[bool] = True
    __slots__ = ("major", "minor", "normal", "version")

    def __init__(self, version: str, normal: str, major: str, minor: str) -> None:
        self.version = version
        self.normal = normal
        self.major = major
        self.minor = minor

    def go_string(self) -> str:
        return self.normal

    def shown(self) -> list[tuple[str, object]]:
        fields = (
            ("Version", self.version),
            ("normalizedVersion", self.normal),
            ("Major", self.major),
            ("Minor", self.minor),
        )
        return list(fields)


KubeVersion.methods = {
    "String": method("String", "", lambda v: v.normal),
    "GitVersion": method("GitVersion", "", lambda v: v.version),
}


def parse_kube_version(text: str) -> KubeVersion:
    """Raises HelmError as ``helm template --kube-version`` does."""
    match = _GENERIC.match(text)
    if match is None:
        raise HelmError(f"invalid kube version '{text}': could not parse {quote(text)} as version")
    parts = match[1].split(".")
    if len(parts) < 2:
        raise HelmError(f"invalid kube version '{text}': illegal version string {quote(text)}")
    if any(len(p) > 1 and p[0] == "0" for p in parts):
        bad = next(p for p in parts if len(p) > 1 and p[0] == "0")
        raise HelmError(
            f"invalid kube version '{text}': illegal zero-prefixed version component {quote(bad)} in {quote(text)}"
        )
    git = text if text.startswith("v") else f"v{text}"
    return KubeVersion(git, "v" + ".".join(parts), str(int(parts[0])), str(int(parts[1])))


class VersionSet(GoSlice):
    """The API versions, "group/version" and "group/version/Kind"."""

    methods: ClassVar[dict[str, Method]] = {}
    __slots__ = ()

    def __init__(self, versions: Any = ()) -> None:
        super().__init__(versions, "string", named="common.VersionSet")


VersionSet.methods = {"Has": method("Has", "string", lambda versions, wanted: wanted in versions)}


class BuildInfo(GoStruct):
    go_type: ClassVar[str] = "version.BuildInfo"
    fields: ClassVar[dict[str, tuple[str, str]]] = {
        "Version": ("version", "string"), "GitCommit": ("commit", "string"), "GitTreeState": ("state", "string"),
        "GoVersion": ("go", "string"), "KubeClientVersion": ("client", "string"),
    }  # fmt: skip
    __slots__ = ("client", "commit", "go", "state", "version")

    def __init__(self) -> None:
        self.version, self.commit, self.state, self.go, self.client = HELM_VERSION, "", "", "go1.26.8", "v1.37"

    def json_value(self) -> dict[str, Any]:
        return {"version": self.version, "go_version": self.go, "kube_client_version": self.client}


class Capabilities(GoStruct):
    go_type: ClassVar[str] = "*common.Capabilities"
    fields: ClassVar[dict[str, tuple[str, str]]] = {
        "KubeVersion": ("kube_version", "common.KubeVersion"), "APIVersions": ("api_versions", "common.VersionSet"),
        "HelmVersion": ("helm_version", "version.BuildInfo"),
    }  # fmt: skip
    methods: ClassVar[dict[str, Method]] = {}
    pointer: ClassVar[bool] = True
    __slots__ = ("api_versions", "helm_version", "kube_version")

    def __init__(self, kube_version: KubeVersion, api_versions: Any = ()) -> None:
        self.kube_version = kube_version
        self.api_versions = VersionSet(api_versions)
        self.helm_version = BuildInfo()

    def key(self) -> tuple[str, tuple[str, ...]]:
        """What tells these capabilities from others."""
        return self.kube_version.version, tuple(self.api_versions)


Capabilities.methods = {"Copy": method("Copy", "", lambda c: Capabilities(c.kube_version, c.api_versions))}

# The groups and versions that a Kubernetes client of 1.37 knows, in its order.
_KNOWN = """v1 admissionregistration.k8s.io/v1 admissionregistration.k8s.io/v1alpha1 admissionregistration.k8s.io/v1beta1
internal.apiserver.k8s.io/v1alpha1 apps/v1 apps/v1beta1 apps/v1beta2 authentication.k8s.io/v1 authentication.k8s.io/v1alpha1
authentication.k8s.io/v1beta1 authorization.k8s.io/v1 authorization.k8s.io/v1beta1 autoscaling/v1 autoscaling/v2 batch/v1 batch/v1beta1
certificates.k8s.io/v1 certificates.k8s.io/v1beta1 certificates.k8s.io/v1alpha1 coordination.k8s.io/v1alpha2 coordination.k8s.io/v1beta1
coordination.k8s.io/v1 discovery.k8s.io/v1 discovery.k8s.io/v1beta1 events.k8s.io/v1 events.k8s.io/v1beta1 extensions/v1beta1
flowcontrol.apiserver.k8s.io/v1 flowcontrol.apiserver.k8s.io/v1beta1 flowcontrol.apiserver.k8s.io/v1beta2
flowcontrol.apiserver.k8s.io/v1beta3 lifecycle.k8s.io/v1alpha1 networking.k8s.io/v1 networking.k8s.io/v1beta1 node.k8s.io/v1
node.k8s.io/v1alpha1 node.k8s.io/v1beta1 policy/v1 policy/v1beta1 rbac.authorization.k8s.io/v1 rbac.authorization.k8s.io/v1beta1
rbac.authorization.k8s.io/v1alpha1 resource.k8s.io/v1 resource.k8s.io/v1beta2 resource.k8s.io/v1beta1 resource.k8s.io/v1alpha3
scheduling.k8s.io/v1alpha3 scheduling.k8s.io/v1beta1 scheduling.k8s.io/v1 storage.k8s.io/v1beta1 storage.k8s.io/v1
storage.k8s.io/v1alpha1 storagemigration.k8s.io/v1 storagemigration.k8s.io/v1beta1 apiextensions.k8s.io/v1beta1
apiextensions.k8s.io/v1"""


def default_capabilities(kube_version: str = "", api_versions: tuple[str, ...] = ()) -> Capabilities:
    """What ``helm template`` assumes without a cluster."""
    version = parse_kube_version(kube_version) if kube_version else KubeVersion("v1.37.0", "v1.37.0", "1", "37")
    return Capabilities(version, [*_KNOWN.split(), *api_versions])


class Files(GoMap):
    """engine.files: path -> bytes."""

    go_type: ClassVar[str] = "engine.files"
    elem: ClassVar[str] = "[]uint8"
    methods: ClassVar[dict[str, Method]] = {}
    __slots__ = ()

    def zero(self) -> Any:
        return GoSlice((), "uint8", nil=True)


def _glob(files: Files, pattern: str) -> Files:
    try:
        return Files({n: d for n, d in files.items() if matches(pattern, n)})
    except GoError:
        return Files(files)


def _get(files: Files, name: str) -> str:
    return from_bytes(files.get(name, b""))


def _as_config(files: Files) -> str:
    return _map_yaml({n.rpartition("/")[2]: from_bytes(files[n]) for n in sorted(files)})


def _as_secrets(files: Files) -> str:
    return _map_yaml({n.rpartition("/")[2]: base64.b64encode(files[n]).decode() for n in sorted(files)})


def _map_yaml(values: dict[str, str]) -> str:
    try:
        return to_yaml(StringMap(values)).removesuffix("\n")
    except GoError:
        return ""


def _lines(files: Files, name: str) -> GoSlice:
    text = _get(files, name)
    return strings(text.removesuffix("\n").split("\n") if text else ())


Files.methods = {
    "Get": method("Get", "string", _get),
    "GetBytes": method("GetBytes", "string", lambda files, name: files.get(name, b"")),
    "Glob": method("Glob", "string", _glob),
    "AsConfig": method("AsConfig", "", _as_config),
    "AsSecrets": method("AsSecrets", "", _as_secrets),
    "Lines": method("Lines", "string", _lines),
}

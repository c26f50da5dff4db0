"""What rendering one source needs and gives."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from holdfast.base.errors import Stop
from holdfast.base.tree import Tree
from holdfast.kube.refs import Manifest
from holdfast.kustomize.options import Fetched
from holdfast.model.app import AppSource, Raw, SourceType

ROOT = "<path to cached source>"
"""Where files seem to lie in messages: their place on disk is nobody's business, and here they have none."""
_VARIABLE = re.compile(r"\$(?:\$|\{([^}]*)\}|([A-Za-z0-9_]+))")


class SourceError(Stop):
    """A source that cannot be rendered. ``code`` is the class of failure that is told with it."""

    def __init__(self, message: str, *, code: str = "Unknown") -> None:
        super().__init__(message, reason="SourceError")
        self.code = code


class NoObjectError(SourceError):
    """A source gave something without a kind."""

    def __init__(self, found: Manifest) -> None:
        super().__init__(without_kind(found))
        self.found = found


def without_kind(found: Manifest) -> str:
    return f"Object 'Kind' is missing in '{json.dumps(found, separators=(',', ':'), sort_keys=True)}'"


@dataclass(frozen=True, slots=True)
class ToolSettings:
    """What the operator chose. ``kustomize_options`` are flags of ``kustomize build``; ``value_schemes`` the URL schemes
    that value files may have."""

    kustomize_options: str = ""
    value_schemes: tuple[str, ...] = ("http", "https")
    enabled: frozenset[SourceType] = frozenset(SourceType)
    kustomize_versions: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Referenced:
    """A source that others take files from. ``problem`` is why it cannot be had."""

    tree: Tree | None = field(repr=False, compare=False)
    identity: str
    is_chart: bool = False
    problem: str = ""


def _no_file(url: str) -> bytes:
    raise SourceError(f"failed to fetch {url}: there is no way out")


def _no_chart(repository: str, name: str, version: str) -> bytes:
    raise SourceError(f"could not download {name}-{version} from {repository}: there is no way out")


@dataclass(frozen=True, slots=True)
class Doors:
    """Ways out: a file behind a URL, the archive of a chart, a remote base and a remote file of a kustomization."""

    file: Callable[[str], bytes] = _no_file
    chart: Callable[[str, str, str], bytes] = _no_chart
    base: Callable[[str], Fetched] | None = None
    resource: Callable[[str], bytes] | None = None
    refused: Callable[[str], bool] = lambda url: False


class Environment:
    """The build environment; remembers which variables were used."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self.used: dict[str, str] = {}

    def expand(self, text: str) -> str:
        """As Go's os.Expand: ``$NAME``, ``${NAME}``; ``$$`` is a dollar; an unknown name is empty."""

        def one(match: re.Match[str]) -> str:
            if match[0] == "$$":
                return "$"
            name = match[1] if match[1] is not None else match[2]
            self.used[name] = self._values.get(name, "")
            return self.used[name]

        return _VARIABLE.sub(one, text) if "$" in text else text


@dataclass(frozen=True, slots=True)
class SourceRequest:
    """``refs`` are keyed by ``$name``; ``override_files`` name files beside the manifests that change the source, all but its
    ``fixed_fields``: ``fault`` says what is wrong in one ("" where nothing is), ``reread`` understands the whole; a file with
    ``skip_marker`` in it is no manifest."""

    name: str
    namespace: str
    source: AppSource
    tree: Tree = field(repr=False, compare=False)
    tree_identity: str
    reread: Callable[[Raw], AppSource] = field(repr=False, compare=False)
    fault: Callable[[Any], str] = field(repr=False, compare=False)
    environment: Mapping[str, str] = field(default_factory=dict)
    refs: Mapping[str, Referenced] = field(default_factory=dict)
    several: bool = False
    kube_version: str = ""
    api_versions: tuple[str, ...] = ()
    settings: ToolSettings = ToolSettings()
    override_files: tuple[str, ...] = ()
    fixed_fields: tuple[str, ...] = ()
    skip_marker: bytes = b""
    doors: Doors = field(default_factory=Doors, repr=False, compare=False)

    def digest(self) -> str:
        """Of all but the trees, the environment and the cluster's versions, which count as far as they were used."""
        parts = (self.name, self.namespace, self.source.raw, self.several, self.settings, self.override_files)
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    @property
    def cluster(self) -> tuple[str, tuple[str, ...]]:
        return self.kube_version, self.api_versions


@dataclass(frozen=True, slots=True)
class RenderedSource:
    """``reads`` are those of each tree, "" for the source's own; ``volatile`` tells that something else was read too."""

    objects: tuple[Manifest, ...]
    type: SourceType
    reads: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)
    used: Mapping[str, str] = field(default_factory=dict, repr=False)
    cluster: tuple[str, tuple[str, ...]] | None = None
    volatile: bool = False

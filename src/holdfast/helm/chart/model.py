"""A chart as it was loaded: metadata, files by their use, dependencies."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

from holdfast.helm.go.types import StringMap


@dataclass(slots=True)
class Dependency:
    name: str = ""
    version: str = ""
    repository: str = ""
    condition: str = ""
    tags: list[str] = field(default_factory=list)
    enabled: bool = False
    import_values: list[Any] = field(default_factory=list)
    alias: str = ""


@dataclass(slots=True)
class Maintainer:
    name: str = ""
    email: str = ""
    url: str = ""


@dataclass(slots=True)
class Metadata:
    name: str = ""
    home: str = ""
    sources: list[str] = field(default_factory=list)
    version: str = ""
    description: str = ""
    keywords: list[str] = field(default_factory=list)
    maintainers: list[Maintainer] = field(default_factory=list)
    icon: str = ""
    api_version: str = ""
    condition: str = ""
    tags: str = ""
    app_version: str = ""
    deprecated: bool = False
    annotations: dict[str, str] | None = None
    kube_version: str = ""
    dependencies: list[Dependency] = field(default_factory=list)
    type: str = ""

    def copied(self) -> Metadata:
        found = copy.copy(self)
        found.dependencies = [copy.copy(d) for d in self.dependencies]
        return found


@dataclass(slots=True)
class Lock:
    """Chart.lock: what was resolved, and the digest of what was asked for."""

    digest: str = ""
    generated: str = ""
    dependencies: list[Dependency] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Chart:
    """``templates`` and ``files`` map paths to bytes in the order of loading. ``digest`` tells the content apart."""

    metadata: Metadata
    lock: Lock | None = None
    templates: dict[str, bytes] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    schema: bytes | None = None
    files: dict[str, bytes] = field(default_factory=dict)
    raw: dict[str, bytes] = field(default_factory=dict)
    dependencies: list[Chart] = field(default_factory=list)
    parent: Chart | None = None
    digest: str = ""
    warnings: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.metadata.name

    def set_dependencies(self, charts: list[Chart]) -> None:
        self.dependencies = list(charts)
        for chart in charts:
            chart.parent = self

    @property
    def full_path(self) -> str:
        return f"{self.parent.full_path}/charts/{self.name}" if self.parent is not None else self.name

    def is_library(self) -> bool:
        return self.metadata.type.lower() == "library"

    def crds(self) -> list[tuple[str, bytes]]:
        """(path, content) of what is in crds/, this chart's first."""
        found = [
            (f"{self.full_path}/{n}", d) for n, d in self.files.items() if n.startswith("crds/") and _is_manifest(n)
        ]
        for chart in self.dependencies:
            found += chart.crds()
        return found

    def private(self) -> Chart:
        """A copy of the family whose dependencies and metadata may be changed; values and files stay shared."""
        found = copy.copy(self)
        found.metadata = self.metadata.copied()
        found.parent = None
        found.set_dependencies([d.private() for d in self.dependencies])
        return found


def _is_manifest(name: str) -> bool:
    return name.rpartition(".")[2].lower() in ("yaml", "yml", "json") and "." in name.rpartition("/")[2]


def metadata_map(metadata: Metadata) -> dict[str, Any]:
    """``.Chart``: the struct's fields by their Go names."""
    m = metadata
    return {
        "Name": m.name, "Home": m.home, "Sources": list(m.sources), "Version": m.version, "Description": m.description,
        "Keywords": list(m.keywords), "Maintainers": [{"Name": x.name, "Email": x.email, "URL": x.url} for x in m.maintainers],
        "Icon": m.icon, "APIVersion": m.api_version, "Condition": m.condition, "Tags": m.tags, "AppVersion": m.app_version,
        "Deprecated": m.deprecated, "Annotations": StringMap(m.annotations or {}),
        "KubeVersion": m.kube_version, "Dependencies": [_dependency_map(d) for d in m.dependencies], "Type": m.type,
    }  # fmt: skip


def _dependency_map(d: Dependency) -> dict[str, Any]:
    return {
        "Name": d.name, "Version": d.version, "Repository": d.repository, "Condition": d.condition, "Tags": list(d.tags),
        "Enabled": d.enabled, "ImportValues": list(d.import_values), "Alias": d.alias,
    }  # fmt: skip

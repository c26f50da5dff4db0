"""What a build is given besides the tree, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from holdfast.base.record import Record
from holdfast.base.tree import Tree

if TYPE_CHECKING:
    from holdfast.kube.refs import Manifest
    from holdfast.kustomize.resource import Resource


class ChartRequest(Record):
    """One chart to inflate: the entry of ``helmCharts`` with kustomize's defaults filled in.

    ``tree`` and ``root`` are the tree and directory of the kustomization; ``values`` are the values after ``valuesMerge``;
    ``values_files`` are paths in the tree of further values, merged before them by the inflater, later files over earlier ones.
    """

    tree: Tree
    root: str
    chart: Mapping[str, Any]
    chart_home: str
    values: Mapping[str, Any] | None
    values_files: tuple[str, ...] = ()


class FunctionRequest(Record):
    """One run of a KRM function: the executable's path, the function's own config and the resources it may change."""

    tree: Tree
    root: str
    path: str
    config: Manifest
    items: tuple[Manifest, ...]


class Fetched(Record):
    """A remote repository at hand: its tree and the directory in it that the URL names."""

    tree: Tree
    path: str


class Step(Record):
    """A step of a build: what ran, in the kustomization of which file, as the how-manieth of its kind there.

    ``kind`` is "resources" where files were read, "generators", a transformer's kind, or "finish" for hashes and references.
    """

    kind: str
    file: str = ""
    position: int = 0

    @property
    def reads(self) -> bool:
        return self.kind == "resources"


class BuildOptions(Record):
    """How to build.

    ``load_restrictions``: "root" refuses files outside of the kustomization's directory (kustomize's default), "none" allows
    them. ``reorder``: None sorts as kustomize does by default, unless the kustomization has ``sortOptions``; "legacy" and
    "none" are kustomize's ``--reorder``. ``display_root`` is put before paths in error texts, so that they read like paths on
    disk. ``helm`` inflates a chart into YAML text, ``fetch`` brings a remote repository, ``fetch_file`` a file behind an HTTP
    URL, ``function`` runs an executable; each of them is refused with kustomize's wording when absent or not enabled.
    ``whole_disk`` says that the tree is a disk, where ``..`` above the root is the root.
    ``observe`` is called after each step with the resources, for those who want to know who changed what (``trace``).
    """

    load_restrictions: Literal["root", "none"] = "root"
    reorder: Literal["legacy", "none"] | None = None
    enable_helm: bool = False
    enable_plugins: bool = False
    enable_exec: bool = False
    managed_by_label: bool = False
    display_root: str = ""
    helm: Callable[[ChartRequest], str] | None = None
    helm_kube_version: str = ""
    helm_api_versions: tuple[str, ...] = ()
    fetch: Callable[[str], Fetched] | None = None
    fetch_file: Callable[[str], bytes] | None = None
    function: Callable[[FunctionRequest], str] | None = None
    observe: Callable[[Step, Sequence[Resource]], None] | None = None
    whole_disk: bool = False


class BuildResult:
    """``reads`` maps every path looked at to its content id, "" where nothing was; ``warnings`` are lines for stderr."""

    __slots__ = ("reads", "resources", "warnings")

    def __init__(
        self, resources: list[Resource], reads: dict[str, str] | None = None, warnings: list[str] | None = None
    ) -> None:
        self.resources = resources
        self.reads = reads if reads is not None else {}
        self.warnings = warnings if warnings is not None else []

    @property
    def manifests(self) -> list[Manifest]:
        return [r.manifest for r in self.resources]

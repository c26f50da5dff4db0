"""What discovery speaks of: units and what became of them, one cluster's survey, and the world that units are rendered in."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from holdfast.base.errors import Place
from holdfast.base.tree import Tree
from holdfast.kube.refs import Manifest, ObjectRef
from holdfast.kustomize.options import Fetched
from holdfast.model.delivery import Delivery, UnitKey
from holdfast.model.rendered import Rendered, RenderRequest
from holdfast.offline.documents import Document, Unreadable
from holdfast.offline.placeholders import Placeholders
from holdfast.render.render import Engine

SOURCE_KINDS = ("GitRepository", "OCIRepository", "Bucket", "HelmRepository", "HelmChart", "ExternalArtifact")
MADE_ELSEWHERE = {
    "SealedSecret": "Secret",
    "ExternalSecret": "Secret",
    "Certificate": "Secret",
    "VaultStaticSecret": "Secret",
    "OnePasswordItem": "Secret",
    "InfisicalSecret": "Secret",
    "BitwardenSecret": "Secret",
    "ClusterExternalSecret": "Secret",
    "PushSecret": "",
}
"""Kinds from which an operator makes a Secret, most often of the same name."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit and what became of it. Exactly one of ``rendered`` and ``problem`` is set, unless ``skipped``; ``external``
    problems are no mistakes of the repository but sources that are not at hand."""

    key: UnitKey
    place: Place
    object: Manifest
    delivery: Delivery | None = None
    parent: UnitKey | None = None
    rendered: Rendered | None = None
    problem: str = ""
    problem_place: Place | None = None
    external: bool = False
    missing_values: tuple[str, ...] = ()
    source: UnitKey | None = None
    depends_on: tuple[UnitKey, ...] = ()
    rule: str = ""
    """The rule that a problem breaks, where it is a more particular one than that the unit is invalid."""
    skipped: bool = False
    loose: bool = False
    """Found as a document that no unit renders, in a directory that somebody's kustomization may change: what surrounds it
    is not known."""
    facts: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    """What else a dialect found out and a rule may ask for: the chart, the values."""

    @property
    def spec(self) -> Mapping[str, Any]:
        found = self.object.get("spec")
        return found if isinstance(found, dict) else {}

    @property
    def suspended(self) -> bool:
        return bool(self.spec.get("suspend"))


Refuses = Callable[[Manifest], Sequence[tuple[tuple[str | int, ...], str]]]
"""What an API server has against an object: fields and words."""


@dataclass(slots=True)
class Survey:
    """One cluster's view of a repository. ``units`` in the order they were reached; ``documents`` is every object written
    in a file that concerns the cluster; ``cluster`` is its directory, empty where the repository has one only."""

    tree: Tree
    cluster: str = ""
    units: dict[UnitKey, Unit] = field(default_factory=dict)
    documents: list[Document] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    kube_version: str = ""
    refuses: Refuses | None = field(default=None, repr=False)
    read_anywhere: frozenset[str] = frozenset()
    """Files that some unit of any cluster took in."""
    index: Any = field(default=None, repr=False)
    """What the rules look things up in, made when the first one asks."""

    def objects(self) -> Iterable[tuple[Unit, Manifest]]:
        """Everything that is rendered, unit by unit."""
        for unit in self.units.values():
            for obj in unit.rendered.objects if unit.rendered else ():
                yield unit, obj


@dataclass(frozen=True, slots=True)
class ChartWanted:
    """A chart outside of the repository. ``url`` is the chart repository's, or ``oci://`` with the chart's whole path;
    ``version`` an exact one, a range, or a digest."""

    url: str
    name: str
    version: str

    def __str__(self) -> str:
        return f"chart {self.name} {self.version or '(any version)'} from {self.url}"


class Charts(Protocol):
    """Where charts come from that are not in the repository."""

    def find(self, wanted: ChartWanted) -> bytes | Tree:
        """An archive or a directory. Raises ChartAbsent (a HoldfastError) with the reason."""
        ...


class Remotes(Protocol):
    """Where bases and files come from that kustomizations name by URL. Both raise HoldfastError."""

    def fetch(self, url: str) -> Fetched: ...

    def fetch_file(self, url: str) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Options:
    """``strict`` as Flux's default. ``wanted`` says which units are rendered; the others are found and left ``skipped``.
    ``charts`` None: only charts that stand in the repository are rendered."""

    strict: bool = True
    engine: Engine = field(default_factory=lambda: Engine(decryptor=Placeholders()))
    reuse: Callable[[RenderRequest], Rendered | None] = lambda request: None
    charts: Charts | None = None
    remotes: Remotes | None = None
    kube_version: str = ""
    api_versions: tuple[str, ...] = ()
    wanted: Callable[[UnitKey, Manifest], bool] = lambda key, obj: True
    loose: bool = True
    implied: bool = False
    """Whether a repository that declares no units has one for each of its overlays."""
    refuses: Refuses | None = None


@dataclass(slots=True)
class World:
    """What is known while units are rendered: sources, and the ConfigMaps and Secrets that values may come from."""

    survey: Survey
    options: Options
    sources: dict[UnitKey, Manifest] = field(default_factory=dict)
    values: dict[ObjectRef, Manifest] = field(default_factory=dict)
    generators: list[Manifest] = field(default_factory=list)
    local: set[UnitKey] = field(default_factory=set)
    trees: dict[UnitKey, Tree] = field(default_factory=dict)
    """The repository as a source delivers it."""
    places: dict[tuple[str, str], str | None] = field(default_factory=dict)
    """Where paths of units lead, by the kind of their source."""
    operated: set[tuple[str, str]] = field(default_factory=set)
    """(namespace, name) of Secrets that an operator makes in the cluster."""

    def is_operated(self, namespace: str, name: str) -> bool:
        return bool({(namespace, name), ("*", name)} & self.operated)

    def learn(self, obj: Manifest) -> None:
        """Takes in an object that others may refer to."""
        kind = obj.get("kind")
        if has_values(obj):
            self.values[ObjectRef.of(obj)] = obj
        elif kind in SOURCE_KINDS:
            self.sources[key_of(obj)] = obj
        elif kind == "ArtifactGenerator":
            self.generators.append(obj)
        elif kind in MADE_ELSEWHERE:
            self.operated |= secret_names(obj)


class Dialect(Protocol):
    """One way of declaring units. A dialect of ``late`` units has them rendered when all others are."""

    late: bool

    def claims(self, obj: Manifest) -> bool: ...

    def covers(self, obj: Manifest, world: World) -> str | None:
        """The directory whose files the unit renders; None for a unit that renders no files of the repository."""
        ...

    def rendered(self, key: UnitKey, obj: Manifest, place: Place, parent: UnitKey | None, world: World) -> Unit:
        """Never raises for what is wrong in the repository."""
        ...


def key_of(obj: Manifest) -> UnitKey:
    meta = obj["metadata"]
    return UnitKey(str(obj["kind"]), str(meta.get("namespace") or ""), str(meta["name"]))


def has_values(obj: Manifest) -> bool:
    return obj.get("kind") in ("ConfigMap", "Secret") and obj.get("apiVersion") == "v1"


def secret_names(obj: Manifest) -> set[tuple[str, str]]:
    """The Secrets that an operator makes of an object: its own name, and the one its spec names."""
    meta, spec = obj.get("metadata") or {}, obj.get("spec") if isinstance(obj.get("spec"), dict) else {}
    target = spec.get("target") if isinstance(spec, dict) else None
    if obj.get("kind") == "ClusterExternalSecret":
        inner = (spec or {}).get("externalSecretSpec") or {}
        made = (spec or {}).get("externalSecretName") or (inner.get("target") or {}).get("name") or meta.get("name")
        return {("*", str(made)), ("*", str((inner.get("target") or {}).get("name") or made))}
    names = {meta.get("name"), (spec or {}).get("secretName")}
    names.add(target.get("name") if isinstance(target, dict) else None)
    return {(str(meta.get("namespace") or ""), str(n)) for n in names if n}


def values_of(obj: Manifest) -> Mapping[str, str]:
    """A ConfigMap's or Secret's entries as text; of a Secret only what is written plainly."""
    found = {k: str(v) for k, v in (obj.get("stringData") or {}).items()}
    data = obj.get("data") or {}
    if obj["kind"] == "ConfigMap":
        return {**found, **{k: str(v) for k, v in data.items()}}
    for name, value in data.items():
        try:
            found.setdefault(name, base64.b64decode(str(value)).decode())
        except (binascii.Error, ValueError):
            continue
    return found

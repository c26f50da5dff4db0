"""One resource on its way through a build: the manifest and what kustomize remembers about it.

Upstream keeps its memory (previous names, prefixes, generator behaviour, origin) in annotations of the object; here they are
attributes, and the few places where the annotations would have shown are emulated where they matter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from holdfast.base.record import Record
from holdfast.kustomize.ids import CLUSTER_SCOPED, NOT_A_NAMESPACE, Key, Kinds, id_go, id_text
from holdfast.kustomize.scalars import copy_json, new_key, text_of

if TYPE_CHECKING:
    from holdfast.kube.refs import Manifest


ORIGIN = "config.kubernetes.io/origin"


class Source(Record):
    """Where the text of a resource is: file, document in it, and the way to it inside of a List."""

    path: str
    text: bytes = b""
    document: int = 0
    within: tuple[str | int, ...] = ()


class Origin(Record):
    """What kustomize writes with ``buildMetadata: [originAnnotations]``."""

    path: str = ""
    repo: str = ""
    ref: str = ""
    configured_in: str = ""
    configured_by: tuple[str, str, str, str] = ("", "", "", "")
    """apiVersion, kind, name, namespace of the generator or transformer."""


class Previous(Record):
    """An identity the resource had before a transformer changed it."""

    namespace: str
    name: str
    kind: str


class Resource:
    """``scopes`` are the kinds known to be cluster-scoped, which decide about the identity."""

    __slots__ = (
        "_first",
        "_shared",
        "_untyped",
        "allow_kind_change",
        "allow_name_change",
        "behavior",
        "from_helm",
        "has_gaps",
        "manifest",
        "misfits",
        "needs_hash",
        "odd_keys",
        "origin",
        "patched_from",
        "prefixes",
        "previous",
        "scopes",
        "source",
        "suffixes",
        "transformations",
        "var_names",
    )

    def __init__(
        self,
        manifest: Manifest,
        source: Source | None = None,
        scopes: Kinds = CLUSTER_SCOPED,
        *,
        behavior: str = "",
        needs_hash: bool = False,
    ) -> None:
        self.manifest = manifest
        self.source = source
        self.scopes = scopes
        self.previous: list[Previous] = []
        self.prefixes: list[str] = []
        self.suffixes: list[str] = []
        self.behavior = behavior
        self.needs_hash = needs_hash
        self.allow_name_change = False
        self.allow_kind_change = False
        self.from_helm = False
        self.odd_keys = False
        """Whether there may be keys that are no strings."""
        self.misfits = False
        """Whether there may be texts in the place of numbers."""
        self.has_gaps = False
        """Whether nothing may stand between brackets, as in ``{a: }``."""
        self.var_names: list[str] = []
        self.origin: Origin | None = None
        self.transformations: list[Origin] = []
        self.patched_from: list[Source] = []
        self._shared: list[tuple[str, list[dict[str, Any]]]] = []
        self._first: dict[tuple[int, Any], tuple[Any, Any]] = {}
        self._untyped: dict[tuple[int, Any], Any] = {}

    def share(self, key: str, holders: list[dict[str, Any]]) -> None:
        """Let one scalar stand in several mappings.

        When upstream adds a label to several places of an object it puts the very same node there, so whoever changes one
        of them later changes all: a patch of ``metadata.labels`` reaches the selector as well.
        """
        self._shared.append((key, holders))

    def assign(self, holder: Any, key: Any, value: Any) -> None:
        """Change a scalar, and with it all that are the same one; or add it."""
        self._untyped.pop((id(holder), key), None)
        if type(holder) is dict and key not in holder:
            self._first.pop((id(holder), key), None)
            holder[key] = value
            return
        self._put(holder, key, value)
        for name, holders in reversed(self._shared):
            if name == key and any(h is holder for h in holders):
                for other in (h for h in holders if key in h):
                    self._put(other, key, value)
                return

    def _put(self, holder: Any, key: Any, value: Any) -> None:
        if type(value) is str and holder[key] != value:
            self._first.setdefault((id(holder), key), (holder, holder[key]))
        holder[key] = value

    def assign_untyped(self, holder: Any, key: Any, value: Any) -> None:
        """Change a scalar that is there to one without a type of its own, as upstream writes names and images.

        A text that a replacement puts there later may therefore become a number.
        """
        self._put(holder, key, value)
        self._untyped[id(holder), key] = holder

    def is_untyped(self, holder: Any, key: Any) -> bool:
        return (id(holder), key) in self._untyped

    def first_value(self, holder: Any, key: Any) -> Any:
        """What a field was before texts took its place: upstream, they are written the way this was, in quotes or not."""
        found = self._first.get((id(holder), key))
        return found[1] if found is not None else holder[key]

    def unshare_annotations(self) -> None:
        """The object's annotations were written anew, as upstream does to keep a note among them."""
        meta = self.manifest.get("metadata") if self._shared else None
        own = meta.get("annotations") if type(meta) is dict else None
        if own is not None:
            self._shared = [(key, [h for h in holders if h is not own]) for key, holders in self._shared]

    def unshare(self) -> None:
        """The object was written and read again: every scalar is its own, and how it was written is forgotten."""
        self._shared = []
        self._first = {}
        self._untyped = {}
        self.source = None
        self.patched_from = []

    def copy(self) -> Resource:
        """A deep copy, with all that is remembered."""
        other = Resource(
            copy_json(self.manifest), self.source, self.scopes, behavior=self.behavior, needs_hash=self.needs_hash
        )
        other.odd_keys, other.misfits, other.has_gaps = self.odd_keys, self.misfits, self.has_gaps
        other.previous = list(self.previous)
        other.prefixes, other.suffixes = list(self.prefixes), list(self.suffixes)
        other.allow_name_change, other.allow_kind_change = self.allow_name_change, self.allow_kind_change
        other.from_helm = self.from_helm
        other.var_names = list(self.var_names)
        other.origin, other.transformations = self.origin, list(self.transformations)
        return other

    @property
    def gone(self) -> bool:
        """A patch deleted it; it is dropped after the transformer."""
        return not self.manifest

    def type_meta(self) -> tuple[str, str]:
        """apiVersion and kind."""
        manifest = self.manifest
        try:
            api_version, kind = manifest["apiVersion"], manifest["kind"]
        except KeyError:
            return self.api_version, self.kind
        if type(api_version) is type(kind) is str:
            return api_version, kind
        return self.api_version, self.kind

    @property
    def api_version(self) -> str:
        value = self.manifest.get("apiVersion", "")
        return value if type(value) is str else text_of(value)

    @property
    def kind(self) -> str:
        value = self.manifest.get("kind", "")
        return value if type(value) is str else text_of(value)

    @property
    def name(self) -> str:
        return self._meta("name")

    @property
    def namespace(self) -> str:
        return self._meta("namespace")

    def _meta(self, field_name: str) -> str:
        meta = self.manifest.get("metadata")
        if type(meta) is not dict:
            return ""
        value = meta.get(field_name)
        if type(value) is str:
            return value
        return "" if value is None else text_of(value)

    @property
    def cluster_scoped(self) -> bool:
        return self.type_meta() in self.scopes

    @property
    def effective_namespace(self) -> str:
        if self.type_meta() in self.scopes:
            return NOT_A_NAMESPACE
        return self._meta("namespace") or "default"

    def key(self) -> Key:
        """The current identity."""
        return Key(*self.ident())

    def ident(self) -> tuple[str, str, str, str]:
        """The parts of the key, which are equal to it and quicker to make."""
        # Asked for several times per resource and build, hence without the properties.
        manifest = self.manifest
        try:
            api_version, kind, meta = manifest["apiVersion"], manifest["kind"], manifest["metadata"]
            name, namespace = meta["name"], meta.get("namespace", "")
        except (KeyError, TypeError, AttributeError):
            return self._odd_ident()
        if not type(api_version) is type(kind) is type(namespace) is type(name) is str:
            return self._odd_ident()
        if (api_version, kind) in self.scopes:
            namespace = NOT_A_NAMESPACE
        return api_version, kind, namespace or "default", name

    def _odd_ident(self) -> tuple[str, str, str, str]:
        meta = self.manifest.get("metadata")
        if type(meta) is not dict:
            meta = {}
        parts = self.manifest.get("apiVersion"), self.manifest.get("kind"), meta.get("namespace", ""), meta.get("name")
        api_version, kind, namespace, name = ["" if p is None else text_of(p) for p in parts]
        if (api_version, kind) in self.scopes:
            namespace = NOT_A_NAMESPACE
        return api_version, kind, namespace or "default", name

    def previous_keys(self) -> list[Key]:
        """All earlier identities, oldest first; the apiVersion is always the current one."""
        api_version = self.api_version
        return [Key(api_version, p.kind, p.namespace or "default", p.name) for p in self.previous]

    def original_key(self) -> Key:
        return self.previous_keys()[0] if self.previous else self.key()

    def id_text(self) -> str:
        return id_text(self.api_version, self.kind, self.name, self.namespace)

    def original_id_text(self) -> str:
        if not self.previous:
            return self.id_text()
        first = self.previous[0]
        return id_text(self.api_version, first.kind, first.name, first.namespace)

    def id_go(self) -> str:
        return id_go(self.api_version, self.kind, self.name, self.namespace, self.cluster_scoped)

    def store_previous(self) -> None:
        """Remember the current identity before it changes."""
        _, kind, namespace, name = self.ident()
        self.previous.append(Previous(namespace, name, kind))

    def has_internal_annotations(self) -> bool:
        """Whether upstream would have annotations on the object at this moment, whatever the user wrote."""
        return bool(
            self.previous
            or self.prefixes
            or self.suffixes
            or self.behavior
            or self.needs_hash
            or self.origin
            or self.var_names
        )

    def forget(self) -> None:
        """Lose what upstream keeps in annotations."""
        self.previous, self.prefixes, self.suffixes = [], [], []
        self.behavior, self.needs_hash = "", False
        self.origin, self.transformations, self.var_names = None, [], []

    def metadata(self) -> dict[str, Any]:
        """The ``metadata`` mapping, made where it is missing."""
        meta = self.manifest.get("metadata")
        if type(meta) is not dict:
            meta = self.manifest["metadata"] = {}
        return meta

    def set_name(self, name: str) -> None:
        if self.name != name:
            self.metadata()["name"] = name

    def set_namespace(self, namespace: str) -> None:
        if namespace:
            if self.namespace != namespace:
                self.metadata()["namespace"] = namespace
        elif isinstance(meta := self.manifest.get("metadata"), dict):
            meta.pop("namespace", None)

    def set_kind(self, kind: str) -> None:
        if self.kind != kind:
            self.manifest["kind"] = kind

    def labels(self) -> dict[str, str]:
        return self._texts("labels")

    def annotations(self) -> dict[str, str]:
        return self._texts("annotations")

    def _texts(self, field_name: str) -> dict[str, str]:
        meta = self.manifest.get("metadata")
        found = meta.get(field_name) if type(meta) is dict else None
        return {k: text_of(v) for k, v in found.items()} if type(found) is dict else {}

    def set_texts(self, field_name: str, values: dict[str, str]) -> None:
        """Write labels or annotations; an empty mapping removes the field."""
        meta = self.metadata()
        meta.pop(field_name, None)
        if values:
            meta[field_name] = self.with_new_keys(values)

    def with_new_keys(self, values: dict[str, str]) -> dict[str, str]:
        """A mapping written anew: quotes of its keys are lost, and with them that `1` was a text."""
        out = {new_key(name): values[name] for name in sorted(values)}
        self.odd_keys = self.odd_keys or any(type(name) is not str for name in out)
        return out

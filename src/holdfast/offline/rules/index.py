"""What the rules look things up in: every rendered object by its names, where it was written, and what is not known.

Made once for a survey, by the first rule that asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from holdfast.base.errors import Place
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef
from holdfast.kube.schema import DEFAULT_VERSION, Schema, Schemas, builtin, custom_resource
from holdfast.model.delivery import UnitKey
from holdfast.model.rendered import Rendered
from holdfast.offline.documents import Document
from holdfast.offline.findings import Finding
from holdfast.offline.lines import Key, Lines
from holdfast.offline.unit import MADE_ELSEWHERE, SOURCE_KINDS, Survey, Unit, key_of, secret_names

PODS = {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "CronJob", "Pod"}
_KUSTOMIZATION = ("kustomization.yaml", "kustomization.yml", "Kustomization")


class Index:
    def __init__(self, survey: Survey) -> None:
        self.survey = survey
        self.lines = Lines(survey.tree)
        self.objects: list[tuple[Unit, Manifest]] = [*survey.objects(), *_beside_roots(survey)]
        self.known: dict[tuple[str, str, str], list[tuple[Unit, Manifest]]] = {}
        """(kind, namespace, name); the group is left out, for references mostly do."""
        for unit, obj in self.objects:
            self.known.setdefault((str(obj["kind"]), namespace_of(obj), name_of(obj)), []).append((unit, obj))

    @classmethod
    def of(cls, survey: Survey) -> Index:
        if not isinstance(survey.index, cls):
            survey.index = cls(survey)
        assert isinstance(survey.index, cls)
        return survey.index

    # -- objects ------------------------------------------------------------------------------------------------------

    def each(self, *kinds: str) -> Iterator[tuple[Unit, Manifest]]:
        for unit, obj in self.objects:
            if obj["kind"] in kinds:
                yield unit, obj

    def get(self, kind: str, namespace: str, name: str) -> Manifest | None:
        found = self.known.get((kind, namespace, name))
        return found[0][1] if found else None

    def names(self, kind: str, namespace: str | None = None) -> list[str]:
        return sorted(n for k, ns, n in self.known if k == kind and namespace in (None, ns))

    @cached_property
    def written(self) -> dict[tuple[str, str], list[Document]]:
        """Documents by (kind, name)."""
        found: dict[tuple[str, str], list[Document]] = {}
        for document in self.survey.documents:
            found.setdefault((document.object["kind"], document.object["metadata"]["name"]), []).append(document)
        return found

    @cached_property
    def written_by_key(self) -> set[tuple[str, str, str]]:
        """(kind, namespace, name) as written in any file, rendered or not."""
        return {(d.object["kind"], namespace_of(d.object), name_of(d.object)) for d in self.survey.documents}

    # -- what is not known ----------------------------------------------------------------------------------------------

    @cached_property
    def _unknown(self) -> set[str]:
        """Namespaces into which units deliver that are not rendered; ``*`` for anywhere."""
        found = set()
        for unit in self.survey.units.values():
            if unit.rendered is None and (unit.external or unit.key.kind == "HelmRelease"):
                target = unit.spec.get("targetNamespace")
                found.add(str(target or (unit.key.namespace if unit.key.kind == "HelmRelease" else "*")))
            if unit.facts.get("remote"):
                found.add("*")  # a base that is not at hand may have made anything
        return found

    @property
    def incomplete(self) -> bool:
        """Whether anything could not be rendered: then definitions and objects of the cluster may be elsewhere."""
        return bool(self._unknown) or self.broken

    @cached_property
    def broken(self) -> bool:
        """Whether a unit of this repository could not be rendered."""
        return any(u.rendered is None and not u.external for u in self.survey.units.values())

    @property
    def hidden(self) -> bool:
        """Whether a unit's files are elsewhere: then any unit, source or object may come from there."""
        return "*" in self._unknown

    def unknown(self, namespace: str) -> bool:
        """Whether objects of a namespace may come from a unit that is not rendered here."""
        return self.hidden or namespace in self._unknown

    def exists(self, kind: str, namespace: str, name: str) -> bool:
        """Whether an object is rendered; where a unit is broken, whether one like it is written anywhere."""
        if (kind, namespace, name) in self.known:
            return True
        return self.broken and (kind, name) in self.written

    def secret(self, namespace: str, name: str) -> bool:
        """Whether a Secret is there or is made in the cluster, as far as can be told."""
        made = bool({(namespace, name), ("*", name)} & self.made_secrets)
        return made or self.exists("Secret", namespace, name) or self.unknown(namespace)

    def operated(self, namespace: str, *names: str) -> bool:
        """Whether an operator may have made what has one of the names, or is labelled so: somebody's custom resource in the
        namespace has a name like it, or names it."""
        return any(_relates(maker, name) for maker in self._operated.get(namespace, ()) for name in names)

    @cached_property
    def _operated(self) -> dict[str, list[tuple[str, str]]]:
        """(name, text) of custom resources by namespace."""
        found: dict[str, list[tuple[str, str]]] = {}
        for _, obj in self.objects:
            if _is_foreign(obj):
                found.setdefault(namespace_of(obj), []).append((name_of(obj), repr(obj)))
        return found

    @cached_property
    def made_secrets(self) -> set[tuple[str, str]]:
        """(namespace, name) of Secrets that something in the cluster makes."""
        found: set[tuple[str, str]] = set()
        for _, obj in self.objects:
            if obj["kind"] in MADE_ELSEWHERE:
                found |= secret_names(obj)
            elif obj["kind"] == "Ingress" and any("cert-manager.io" in a for a in annotations_of(obj)):
                tls = (obj.get("spec") or {}).get("tls") or ()
                found |= {(namespace_of(obj), str(t.get("secretName"))) for t in tls if isinstance(t, dict)}
        return found

    # -- schemas ------------------------------------------------------------------------------------------------------

    @cached_property
    def builtin(self) -> Schemas:
        return builtin(self.version)

    @cached_property
    def version(self) -> str:
        """The assumed Kubernetes release as ``1.34``, the nearest that schemas are known of."""
        from holdfast.kube.schema import versions

        wanted = ".".join(self.survey.kube_version.lstrip("v").split(".")[:2]) or DEFAULT_VERSION
        known = versions()
        if wanted in known:
            return wanted
        number = int(wanted.partition(".")[2] or 0) if wanted.startswith("1.") else 0
        return known[0] if number < int(known[0].partition(".")[2]) else known[-1]

    @cached_property
    def definitions(self) -> dict[tuple[str, str], Manifest]:
        """CustomResourceDefinitions by (group, kind): those of the repository and its charts, and Flux's own."""
        from holdfast.dialects.argo.crds import all_crds as argo_crds
        from holdfast.dialects.flux.crds import all_crds

        found: dict[tuple[str, str], Manifest] = {}
        for obj in [
            *all_crds(),
            *argo_crds(),
            *(d.object for d in self.survey.documents),
            *(o for _, o in self.objects),
        ]:
            spec = obj.get("spec")
            if obj.get("kind") == "CustomResourceDefinition" and isinstance(spec, dict):
                found[str(spec.get("group")), str((spec.get("names") or {}).get("kind"))] = obj
        return found

    def schema(self, gvk: GroupVersionKind) -> Schema | None:
        if gvk not in self._schemas:
            self._schemas[gvk] = self.builtin.lookup(gvk) or self._custom(gvk)
        return self._schemas[gvk]

    @cached_property
    def _schemas(self) -> dict[GroupVersionKind, Schema | None]:
        return {}

    def _custom(self, gvk: GroupVersionKind) -> Schema | None:
        definition = self.definitions.get((gvk.group, gvk.kind)) if "." in gvk.group else None
        for version in (definition or {}).get("spec", {}).get("versions") or ():
            if isinstance(version, dict) and version.get("name") == gvk.version:
                openapi = (version.get("schema") or {}).get("openAPIV3Schema")
                return custom_resource(openapi) if isinstance(openapi, dict) else None
        return None

    # -- places -------------------------------------------------------------------------------------------------------

    def place(self, unit: Unit, obj: Manifest, *path: Key) -> Place:
        """Where an object, or a field of it, is written; the unit's own place for what a chart made."""
        if unit.key.kind == "HelmRelease" or unit.rendered is None:
            return unit.place
        document = self._document(unit, obj)
        if document is not None:
            return self.lines.at(document.place, path)
        return self._generator(unit, obj) or unit.place

    def own(self, unit: Unit, field: str) -> bool:
        """Whether a field of a unit's spec stands in its own document, and was not put there by a parent."""
        for document in self.written.get((unit.key.kind, unit.key.name), ()):
            if document.place == unit.place:
                return field in spec_of(document.object)
        return True

    def field(self, unit: Unit, *path: Key) -> Place:
        """Where a field of the unit's own object is written."""
        return self.lines.at(unit.place, path)

    def _document(self, unit: Unit, obj: Manifest) -> Document | None:
        reads = unit.rendered.reads if unit.rendered else {}
        kind, name, namespace = str(obj["kind"]), name_of(obj), namespace_of(obj)
        named = [d for d in self.written.get((kind, name), ()) if d.place.path in reads]
        named = named or [d for d in self._like(kind, name) if d.place.path in reads]
        if not named:
            return None
        # Of a document and its patches the one with the most in it; the right namespace first.
        return max(named, key=lambda d: (namespace_of(d.object) == namespace, len(str(d.object))))

    def _like(self, kind: str, name: str) -> Iterator[Document]:
        """Documents whose name a prefix, a suffix or a hash made longer, or that a variable is part of."""
        for document in self._by_kind.get(kind, ()):
            other = name_of(document.object)
            if (len(other) > 2 and other in name) or "${" in other:
                yield document

    @cached_property
    def _by_kind(self) -> dict[str, list[Document]]:
        found: dict[str, list[Document]] = {}
        for document in self.survey.documents:
            found.setdefault(document.object["kind"], []).append(document)
        return found

    def _generator(self, unit: Unit, obj: Manifest) -> Place | None:
        """The entry of a generator in one of the kustomizations that a unit read."""
        field = {"ConfigMap": "configMapGenerator", "Secret": "secretGenerator"}.get(str(obj["kind"]))
        for path, content in self.kustomizations(unit) if field else ():
            entries = content.get(str(field))
            for number, entry in enumerate(entries if isinstance(entries, list) else ()):
                if isinstance(entry, dict) and entry.get("name") and str(entry["name"]) in name_of(obj):
                    return self.lines.at(Place(path, 1), (str(field), number))
        return None

    def kustomizations(self, unit: Unit) -> list[tuple[str, Mapping[str, Any]]]:
        """(path, content) of every kustomization file that a unit's build read."""
        reads = unit.rendered.reads if unit.rendered else {}
        paths = [p for p, seen in reads.items() if seen and p.rpartition("/")[2] in _KUSTOMIZATION]
        return [(p, found) for p in paths if (found := self._content(p)) is not None]

    def _content(self, path: str) -> Mapping[str, Any] | None:
        if path not in self._contents:
            self._contents[path] = self._loaded(path)
        return self._contents[path]

    @cached_property
    def _contents(self) -> dict[str, Mapping[str, Any] | None]:
        return {}

    def _loaded(self, path: str) -> Mapping[str, Any] | None:
        from holdfast.base.errors import HoldfastError
        from holdfast.kube import yaml

        try:
            found = yaml.load(self.survey.tree.read(path), source=path)
        except (HoldfastError, OSError):
            return None
        return found if isinstance(found, dict) else None

    # -- findings -----------------------------------------------------------------------------------------------------

    def finding(self, rule: str, unit: Unit, obj: Manifest, message: str, *path: Key, hint: str = "") -> Finding:
        """About an object; the message starts with its name."""
        text = f"{ObjectRef.of(obj)} {message}"
        return Finding.at(rule, self.place(unit, obj, *path), text, unit=str(unit.key), hint=hint)

    def about(self, rule: str, unit: Unit, message: str, *path: Key, hint: str = "") -> Finding:
        """About a unit itself."""
        return Finding.at(rule, self.field(unit, *path), message, unit=str(unit.key), hint=hint)


def _beside_roots(survey: Survey) -> list[tuple[Unit, Manifest]]:
    """Flux's objects that stand beside a unit of the top and that nothing renders: somebody applies them together."""
    read = {p for u in survey.units.values() if u.rendered for p, seen in u.rendered.reads.items() if seen}
    tops = {u.place.path.rpartition("/")[0] for u in survey.units.values() if u.parent is None and not u.loose}
    tops = {t for t in tops if not any(survey.tree.lookup(f"{t}/{n}".strip("/")) for n in _KUSTOMIZATION)}
    found: dict[str, list[Document]] = {}
    for document in survey.documents:
        directory = document.place.path.rpartition("/")[0]
        if document.place.path in read or directory not in tops or key_of(document.object) in survey.units:
            continue
        if GroupVersionKind.of(document.object).group.endswith("toolkit.fluxcd.io"):
            found.setdefault(directory, []).append(document)
    return [(_by_hand(directory, docs), d.object) for directory, docs in found.items() for d in docs]


def _by_hand(directory: str, documents: list[Document]) -> Unit:
    reads = {d.place.path: "-" for d in documents}
    rendered = Rendered(tuple(d.object for d in documents), "", reads)
    return Unit(UnitKey("Directory", "", directory), documents[0].place, {}, rendered=rendered)


_QUIET = (
    *("k8s.io", "toolkit.fluxcd.io", "cert-manager.io", "external-secrets.io", "bitnami.com", "monitoring.coreos.com"),
    *("cilium.io", "kyverno.io", "crd.projectcalico.org", "monitoring.grafana.com", "externaldns.k8s.io"),
)
"""Groups whose objects bring no pods, Services or claims along (but Prometheus and the like, told apart by kind)."""


def _relates(maker: tuple[str, str], name: str) -> bool:
    own, text = maker
    return f"-{own}-" in f"-{name}-" or f"'{name}'" in text


def _is_foreign(obj: Manifest) -> bool:
    gvk = GroupVersionKind.of(obj)
    if obj["kind"] in ("Prometheus", "Alertmanager", "ThanosRuler"):
        return True
    return "." in gvk.group and not gvk.group.endswith(_QUIET)


def name_of(obj: Manifest) -> str:
    return str((obj.get("metadata") or {}).get("name") or "")


def namespace_of(obj: Manifest) -> str:
    return str((obj.get("metadata") or {}).get("namespace") or "")


def annotations_of(obj: Manifest) -> dict[str, Any]:
    found = (obj.get("metadata") or {}).get("annotations")
    return found if isinstance(found, dict) else {}


def spec_of(obj: Manifest) -> dict[str, Any]:
    found = obj.get("spec")
    return found if isinstance(found, dict) else {}


def values_in(selector: Mapping[str, Any]) -> list[str]:
    """What a selector asks labels to be, of either form."""
    exact = selector.get("matchLabels") if "matchLabels" in selector or "matchExpressions" in selector else selector
    found = list(mapping(exact).values())
    for _, expression in mappings(selector.get("matchExpressions")):
        found += expression.get("values") or ()
    return [str(v) for v in found]


def mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def mappings(value: Any) -> list[tuple[int, dict[str, Any]]]:
    """(index, item) of a list's items that are mappings."""
    return [(i, v) for i, v in enumerate(value) if isinstance(v, dict)] if isinstance(value, list) else []


def template_path(obj: Manifest) -> tuple[Key, ...] | None:
    """Where a workload keeps the pod it makes; None for other kinds."""
    if obj["kind"] not in PODS:
        return None
    if obj["kind"] == "Pod":
        return ()
    return ("spec", "jobTemplate", "spec", "template") if obj["kind"] == "CronJob" else ("spec", "template")


def pod_template(obj: Manifest) -> dict[str, Any]:
    """The pod (metadata and spec) that a workload makes; empty for other kinds."""
    path = template_path(obj)
    if path is None:
        return {}
    found: Any = obj
    for key in path:
        found = mapping(found).get(str(key))
    return mapping(found)


def pod_spec(obj: Manifest) -> dict[str, Any]:
    return mapping(pod_template(obj).get("spec"))


def containers(obj: Manifest) -> Iterator[tuple[tuple[Key, ...], dict[str, Any]]]:
    """(path, container) of a workload's containers, those that initialise first."""
    path, spec = template_path(obj), pod_spec(obj)
    for field in ("initContainers", "containers"):
        for number, container in mappings(spec.get(field)):
            yield (*(path or ()), "spec", field, number), container


def labels_of_pods(obj: Manifest) -> dict[str, Any] | None:
    """The labels that a workload's pods get; None where it makes none."""
    if template_path(obj) is None:
        return None
    return mapping(mapping(pod_template(obj).get("metadata")).get("labels"))


def selects(selector: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
    """A LabelSelector over labels. An expression that cannot be judged is taken to match."""
    wanted = mapping(selector.get("matchLabels"))
    if any(labels.get(k) != v for k, v in wanted.items()):
        return False
    return all(_expression(e, labels) for _, e in mappings(selector.get("matchExpressions")))


def _expression(expression: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
    key, values = str(expression.get("key")), expression.get("values") or ()
    return {
        "In": labels.get(key) in values,
        "NotIn": labels.get(key) not in values,
        "Exists": key in labels,
        "DoesNotExist": key not in labels,
    }.get(str(expression.get("operator")), True)


def near(name: str, others: Iterable[str]) -> str:
    """``did you mean ...?`` where something is spelt almost like it."""
    from difflib import get_close_matches

    found = get_close_matches(name, list(others), n=1, cutoff=0.75)
    return f"did you mean {found[0]}?" if found else ""


def source_key(ref: Mapping[str, Any], namespace: str) -> UnitKey:
    return UnitKey(str(ref.get("kind")), str(ref.get("namespace") or namespace), str(ref.get("name")))


__all__ = ["SOURCE_KINDS", "Index", "Key"]

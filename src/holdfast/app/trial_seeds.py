"""What is put into a trial's sandbox by hand, as a bootstrap does: namespaces, sources, the units of the top, Secrets.

In: a survey. Out: objects in the order in which they are applied. What nobody has here (a login, a key) is made empty.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from holdfast.app.controller import NAMESPACE
from holdfast.app.trial_sources import Served, guesses, world_of
from holdfast.dialects.argo.defaults import NAMESPACE as ARGO_NAMESPACE
from holdfast.kube.refs import Manifest
from holdfast.model.delivery import UnitKey
from holdfast.offline.argo_places import asked, is_here, stands
from holdfast.offline.implied import IMPLIED
from holdfast.offline.placeholders import Placeholders
from holdfast.offline.survey import Options, Survey
from holdfast.offline.unit import MADE_ELSEWHERE, SOURCE_KINDS, Unit, has_values, key_of, secret_names
from holdfast.render.generate import KUSTOMIZATION_NAMES

FLUX = ("Kustomization", "HelmRelease")
ARGO = ("Application", "ApplicationSet")


WORKING_TREE_URL = "https://working-tree.invalid/repository"
_GENERATORS = "source.extensions.fluxcd.io"
_SECRET_TYPE = "argocd.argoproj.io/secret-type"


def roots(found: Survey) -> list[Unit]:
    """Units that no other unit makes; what an operator makes of a FluxInstance counts as of the top."""
    made = {k for k in found.units if k.kind == "FluxInstance"}
    mine = [u for u in found.units.values() if u.key.kind in (*FLUX, *ARGO) and not u.loose]
    return [u for u in mine if u.parent in (None, u.key) or u.parent in made or u.parent not in found.units]


def seeds(found: Survey, served: Served) -> list[Manifest]:
    """Namespaces, sources and units of the top, and Secrets with nothing in them for those that a bootstrap would make."""
    tops = roots(found)
    objects = [*_sources(found, tops), *_argo_furniture(found, tops), *(_top(u) for u in tops)]
    objects += [_stand_in(key) for key in served.statuses if key.kind == "ExternalArtifact"]
    everything = [*objects, *(d.object for d in found.documents), *(o for _, o in found.objects())]
    secrets = _secrets(found, everything)
    names = sorted({NAMESPACE, *(str(o["metadata"].get("namespace") or "default") for o in [*objects, *secrets])})
    objects = [*_accounts(found, tops), *_beside(found, tops), *objects]
    definitions = [_generators()] if any(o["kind"] == "ArtifactGenerator" for o in everything) else []
    return [*(_namespace(n) for n in names), *definitions, *secrets, *objects]


def _beside(found: Survey, tops: list[Unit]) -> list[Manifest]:
    """Plain objects in the directories of units of the top that nothing renders: whoever applies those applies these."""
    directories = {u.place.path.rpartition("/")[0] for u in tops if u.key.kind in FLUX}
    directories = {
        d for d in directories if not any(found.tree.lookup(f"{d}/{n}".strip("/")) for n in KUSTOMIZATION_NAMES)
    }
    read = {p for u in found.units.values() if u.rendered for p in u.rendered.reads}
    hidden = Placeholders()
    return [
        _without_status(hidden.decrypt(d.object) or d.object)
        for d in found.documents
        if d.place.path.rpartition("/")[0] in directories and d.place.path not in read and has_values(d.object)
    ]


def _accounts(found: Survey, tops: list[Unit]) -> list[Manifest]:
    """The accounts of Flux's controllers, which units of tenants are told apart from."""
    made = {key_of(o) for _, o in found.objects()}
    names = ("kustomize-controller", "helm-controller") if any(u.key.kind in FLUX for u in tops) else ()
    accounts = [UnitKey("ServiceAccount", NAMESPACE, n) for n in names]
    subjects = [{"kind": k.kind, "namespace": k.namespace, "name": k.name} for k in accounts]
    admin = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
    objects: list[Manifest] = [
        {"apiVersion": "v1", "kind": k.kind, "metadata": {"name": k.name, "namespace": k.namespace}}
        for k in accounts
        if k not in made
    ]
    return objects and [
        *objects,
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "cluster-reconciler-flux-system"},
            "roleRef": admin,
            "subjects": subjects,
        },
    ]


def _sources(found: Survey, tops: list[Unit]) -> list[Manifest]:
    """Those that stand beside units of the top, or that they are built from."""
    directories = {u.place.path.rpartition("/")[0] for u in tops}
    wanted = {u.source for u in tops}
    sources = {
        key_of(d.object): d.object
        for d in found.documents
        if d.object["kind"] in SOURCE_KINDS
        and (d.place.path.rpartition("/")[0] in directories or key_of(d.object) in wanted)
    }
    for unit in found.units.values():
        if unit.key.kind == "FluxInstance" and unit.rendered is not None:
            sources |= {key_of(o): o for o in unit.rendered.objects if o["kind"] in SOURCE_KINDS}
    for key in wanted:
        if key is not None and key.kind == "GitRepository" and key not in sources:
            sources[key] = _bootstrapped(key)
    return list(sources.values())


def _argo_furniture(found: Survey, tops: list[Unit]) -> list[Manifest]:
    """Projects, settings and the clusters' and repositories' Secrets that no unit delivers."""
    if not any(u.key.kind in ARGO for u in tops):
        return []
    made = {key_of(o) for _, o in found.objects()}
    wanted = [d.object for d in found.documents if _is_furniture(d.object) and key_of(d.object) not in made]
    return [_without_status(_in_argo(o)) for o in wanted]


def _is_furniture(obj: Manifest) -> bool:
    labels = obj["metadata"].get("labels") or {}
    named = obj["kind"] == "ConfigMap" and obj["metadata"]["name"] == "argocd-cm"
    return obj["kind"] == "AppProject" or named or (obj["kind"] == "Secret" and _SECRET_TYPE in labels)


def _top(unit: Unit) -> Manifest:
    meta = {**unit.object["metadata"], "namespace": placed(unit.key).namespace}
    obj = _without_status({**unit.object, "metadata": meta})
    return {**obj, "spec": {**obj["spec"], "targetNamespace": "default"}} if _names_no_namespace(unit) else obj


def _names_no_namespace(unit: Unit) -> bool:
    """Whether an overlay that stands for a unit leaves its namespace to whoever delivers it."""
    if IMPLIED not in (unit.object["metadata"].get("annotations") or {}) or unit.rendered is None:
        return False
    return not any(o["metadata"].get("namespace") or o["kind"] == "Namespace" for o in unit.rendered.objects)


def placed(key: UnitKey) -> UnitKey:
    """A unit of the top that names no namespace is put where its controller lives."""
    home = ARGO_NAMESPACE if key.kind in ARGO else NAMESPACE
    return replace(key, namespace=home) if key.kind in (*ARGO, *FLUX) and not key.namespace else key


def _in_argo(obj: Manifest) -> Manifest:
    return {**obj, "metadata": {"namespace": ARGO_NAMESPACE, **obj["metadata"]}}


def _stand_in(key: UnitKey) -> Manifest:
    """An artifact that another controller would make of a generator."""
    meta = {"name": key.name, "namespace": key.namespace}
    return {"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": key.kind, "metadata": meta, "spec": {}}


def _generators() -> Manifest:
    """The definition of ArtifactGenerators, which units of a repository apply and nobody here reconciles."""
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"artifactgenerators.{_GENERATORS}"},
        "spec": {
            "group": _GENERATORS,
            "scope": "Namespaced",
            "names": {"kind": "ArtifactGenerator", "plural": "artifactgenerators"},
            "versions": [{"name": "v1beta1", "served": True, "storage": True, "schema": schema}],
        },
    }


def _without_status(obj: Manifest) -> Manifest:
    meta = {k: v for k, v in obj["metadata"].items() if k in ("name", "namespace", "labels", "annotations")}
    return {**{k: v for k, v in obj.items() if k != "status"}, "metadata": meta}


def _namespace(name: str) -> Manifest:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def _bootstrapped(key: UnitKey) -> Manifest:
    return {
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "GitRepository",
        "metadata": {"name": key.name, "namespace": key.namespace},
        "spec": {"interval": "1m", "url": WORKING_TREE_URL, "ref": {"branch": "main"}},
    }


_LOGINS: dict[str, dict[str, str]] = {
    "GitRepository": {"username": "nobody", "password": "nothing", "identity": "nothing", "known_hosts": "nothing"},
    "HelmRepository": {"username": "nobody", "password": "nothing"},
    "OCIRepository": {".dockerconfigjson": '{"auths":{}}'},
}
"""What stands for a login that nobody has here, by the kind of source."""


def _secrets(found: Survey, objects: list[Manifest]) -> list[Manifest]:
    """The Secrets of sources that are answered here, and of keys that nobody has here; not those that the repository makes."""
    present = {(o["metadata"].get("namespace"), o["metadata"]["name"]) for o in objects if o["kind"] == "Secret"}
    made = set().union(*(secret_names(o) for o in objects if o["kind"] in MADE_ELSEWHERE))
    wanted: dict[tuple[str, str], dict[str, str]] = {}
    for obj in objects:
        spec = obj.get("spec")
        ref = spec.get("secretRef") if isinstance(spec, dict) and obj["kind"] in _LOGINS else None
        if isinstance(ref, dict) and ref.get("name"):
            place = (str(obj["metadata"].get("namespace") or ""), str(ref["name"]))
            wanted.setdefault(place, _LOGINS[obj["kind"]])
    for unit in found.units.values():
        key = unit.delivery.policy.decryption if unit.delivery else None
        if key is not None and key.secret_name:
            wanted.setdefault((unit.key.namespace, key.secret_name), {})
    return [
        _secret(ns, name, data)
        for (ns, name), data in sorted(wanted.items())
        if ns and (ns, name) not in present | made
    ]


def _secret(namespace: str, name: str, data: dict[str, str]) -> Manifest:
    kind = "kubernetes.io/dockerconfigjson" if ".dockerconfigjson" in data else "Opaque"
    meta = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Secret", "type": kind, "metadata": meta, "stringData": data}


def local_urls(found: Survey, options: Options) -> set[str]:
    """The addresses of Git repositories from which units of this repository are built."""
    mine = {u.source for u in found.units.values() if not u.external and u.source is not None}
    documents = [d.object for d in found.documents] + [o for _, o in found.objects()]
    urls = {
        str((o.get("spec") or {}).get("url") or "")
        for o in documents
        if o["kind"] == "GitRepository" and key_of(o) in mine
    }
    world = world_of(found, options)
    urls |= {url for o in documents for url, path in asked(o) if stands(found.tree, path) or is_here(url, world)}
    return {u for u in urls if u} | {WORKING_TREE_URL}


def revisions(found: Survey) -> set[str]:
    """Names of branches and tags that Argo CD's units of this repository ask for, or that fit a range they give."""
    names: set[str] = set()
    for obj in (*(d.object for d in found.documents), *(o for _, o in found.objects())):
        if obj["kind"] in ARGO:
            names |= {n for revision in _revisions(obj.get("spec")) for n in (revision, *guesses({"semver": revision}))}
    return {n for n in names if n and not set(n) & set(" ~^:?*[\\{<>=,|")}


def _revisions(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key in ("targetRevision", "revision") and isinstance(item, str):
                yield item
            else:
                yield from _revisions(item)
    elif isinstance(value, list):
        for item in value:
            yield from _revisions(item)

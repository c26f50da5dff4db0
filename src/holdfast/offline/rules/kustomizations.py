"""Rules about kustomization files and what stands beside them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from holdfast.base.errors import HoldfastError, Place
from holdfast.kube import yaml
from holdfast.kube.refs import GroupVersionKind, Manifest
from holdfast.kustomize.kustfile import KUSTOMIZATION
from holdfast.offline.findings import Finding
from holdfast.offline.rules.index import Index, Key, annotations_of, containers, mapping, mappings, name_of, near
from holdfast.offline.unit import Survey, Unit

_FILES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_OLD = {
    "bases": "resources",
    "patchesStrategicMerge": "patches",
    "patchesJson6902": "patches",
    "imageTags": "images",
    "vars": "replacements",
}


def each_kustomization(survey: Survey) -> Iterator[tuple[Unit, str, Mapping[str, Any]]]:
    """Every kustomization file that some unit read, once."""
    index, told = Index.of(survey), set()
    for unit in survey.units.values():
        for path, content in index.kustomizations(unit):
            if path not in told:
                told.add(path)
                yield unit, path, content


def _at(survey: Survey, path: str, *field: Key) -> Place:
    return Index.of(survey).lines.at(Place(path, 1), field)


def unknown_fields(survey: Survey) -> Iterator[Finding]:
    """Flux rewrites a unit's kustomization.yaml and thereby drops what it does not know: the unit renders without it."""
    known = KUSTOMIZATION.fields
    for unit, path, content in each_kustomization(survey):
        for name in content:
            if name not in known:
                text = f"{name} is no field of a kustomization: it is dropped, and what it should have added is missing"
                place = _at(survey, path, str(name))
                yield Finding.at(
                    "kustomization-unknown-field", place, text, unit=str(unit.key), hint=near(str(name), known)
                )


def deprecated_fields(survey: Survey) -> Iterator[Finding]:
    for unit, path, content in each_kustomization(survey):
        for name, instead in _OLD.items():
            if content.get(name):
                text = f"{name} is deprecated in kustomize: use {instead}"
                yield Finding.at("kustomization-deprecated-field", _at(survey, path, name), text, unit=str(unit.key))


def common_labels(survey: Survey) -> Iterator[Finding]:
    """commonLabels go into selectors, which cannot be changed once an object is there."""
    for unit, path, content in each_kustomization(survey):
        if content.get("commonLabels"):
            text = "commonLabels are put into selectors, which are immutable: a change of one recreates workloads"
            place = _at(survey, path, "commonLabels")
            yield Finding.at(
                "common-labels", place, text, unit=str(unit.key), hint="use labels with includeSelectors: false"
            )


def misnamed(survey: Survey) -> Iterator[Finding]:
    for document in survey.documents + _nameless(survey):
        gvk, path = GroupVersionKind.of(document.object), document.place.path
        if gvk.group == "kustomize.config.k8s.io" and gvk.kind == "Kustomization":
            name = path.rpartition("/")[2]
            if name not in _FILES and not name.startswith("kustomizeconfig"):
                yield Finding.at(
                    "kustomization-misnamed",
                    document.place,
                    f"a kustomization has to be called kustomization.yaml: as {name} it is never used",
                )


def _nameless(survey: Survey) -> list[Any]:
    """Kustomizations need no name, so they are no documents: those in files with another name are looked for here."""
    from holdfast.offline.documents import Document, yaml_files

    found = []
    for path in yaml_files(survey.tree):
        name = path.rpartition("/")[2]
        if name in _FILES or not name.lower().startswith("kustomi"):
            continue
        try:
            content = yaml.load(survey.tree.read(path), source=path)
        except (HoldfastError, OSError):
            continue
        if isinstance(content, dict) and (content.get("resources") or content.get("kind") == "Kustomization"):
            head = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "metadata": {}}
            if not str(content.get("apiVersion", "")).startswith("kustomize.toolkit"):
                found.append(Document({**head}, Place(path, 1)))
    return [f for f in found if not any(d.place.path == f.place.path for d in survey.documents)]


# -- what nothing lists ------------------------------------------------------------------------------------------------


def orphans(survey: Survey) -> Iterator[Finding]:
    """Files beside a kustomization that a unit reads, which that kustomization does not name: they are never applied."""
    read = survey.read_anywhere
    named: dict[str, str] = {p.rpartition("/")[0]: c for _, p, _ in each_kustomization(survey) for c in [p]}
    failed = [u for u in survey.units.values() if u.rendered is None and u.key.kind == "Kustomization"]
    if any(not u.external for u in failed):
        return  # what a broken unit would have read is not known
    told: set[str] = set()
    for document in survey.documents:
        path = document.place.path
        directory, _, file = path.rpartition("/")
        if path in read or path in told or file in _FILES or not _of_interest(document.object):
            continue
        if directory in named:
            told.add(path)
            kind, name = document.object["kind"], name_of(document.object)
            text = f"{kind} {name} is in no unit: {named[directory]} does not list {file}"
            yield Finding.at("object-orphan", document.place, text, hint="add it to resources, or remove the file")
    yield from _forgotten_directories(survey, read)


_SPARED = re.compile(
    r"(^|/)(tests?|examples?|samples?|templates?|docs?|hack|scripts?|bootstrap|terraform|talos|ansible|archived?|disabled|old|"
    r"backups?|ci|charts|\.[^/]+)(/|$)"
)


def _forgotten_directories(survey: Survey, read: frozenset[str]) -> Iterator[Finding]:
    """Directories with objects, beside directories that units read, in which nobody reads anything."""
    builders = [u for u in survey.units.values() if u.key.kind != "HelmRelease"]
    if any(u.external or (u.source and u.source.kind == "ExternalArtifact") for u in builders):
        return  # what those read is somewhere else
    used = {"/".join(p.split("/")[: i + 1]) for p in read for i in range(p.count("/"))}
    covered = [str(u.spec.get("path") or "").strip("./") for u in survey.units.values() if not u.loose]
    told: set[str] = set()
    for document in survey.documents:
        parts = document.place.path.split("/")[:-1]
        top = next(("/".join(parts[: i + 1]) for i in range(len(parts)) if "/".join(parts[: i + 1]) not in used), "")
        above = top.rpartition("/")[0]
        if not above or above not in used or top in told or _SPARED.search(document.place.path):
            continue
        if any(c == top or c.startswith(f"{top}/") for c in covered) or not _of_interest(document.object):
            continue
        if any(u.place.path.startswith(f"{top}/") for u in survey.units.values() if not u.loose):
            continue
        told.add(top)
        text = f"{document.object['kind']} {name_of(document.object)} is in no unit: nothing reads {top}"
        yield Finding.at("object-orphan", document.place, text, hint="list it in a kustomization, or remove it")


def _of_interest(obj: Manifest) -> bool:
    group = GroupVersionKind.of(obj).group
    return group not in (
        "kustomize.config.k8s.io",
        "config.kubernetes.io",
        "builtin",
        "backstage.io",
    ) and not group.startswith(("kind.", "k3d.", "talos."))


# -- patches and images that do nothing ----------------------------------------------------------------------------------


def idle_patches(survey: Survey) -> Iterator[Finding]:
    for unit, path, content in each_kustomization(survey):
        if unit.facts.get("remote"):
            continue  # what is not at hand may be what they patch
        for number, patch in mappings(content.get("patches")):
            target = patch.get("target")
            if isinstance(target, dict) and not _matched(target, _candidates(survey, path)):
                place = _at(survey, path, "patches", number, "target")
                yield Finding.at("patch-without-target", place, _words(target), unit=str(unit.key))
    yield from _idle_in_units(survey)


def _idle_in_units(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit in survey.units.values():
        if unit.rendered is None:
            continue
        if not index.own(unit, "patches") and not unit.spec.get("postRenderers"):
            continue  # a parent gives such patches to all of its children, whether they have such objects or not
        mine = [*unit.rendered.objects, *_written(survey, unit)]
        patches: list[tuple[tuple[Key, ...], dict[str, Any]]] = [
            (("spec", "patches", n), p) for n, p in mappings(unit.spec.get("patches"))
        ]
        for number, renderer in mappings(unit.spec.get("postRenderers")):
            kustomize = mapping(renderer.get("kustomize"))
            head: tuple[Key, ...] = ("spec", "postRenderers", number, "kustomize", "patches")
            patches += [((*head, n), p) for n, p in mappings(kustomize.get("patches"))]
        for field, patch in patches:
            target = patch.get("target")
            if isinstance(target, dict) and not _blanket(target) and not _matched(target, mine):
                yield index.about("patch-without-target", unit, _words(target), *field, "target")


def _blanket(target: Mapping[str, Any]) -> bool:
    """Defaults for whatever units there may be."""
    return set(target) <= {"group", "version", "kind"} and target.get("kind") in ("HelmRelease", "Kustomization")


def _words(target: Mapping[str, Any]) -> str:
    text = ", ".join(f"{k} {v}" for k, v in target.items())
    return f"a patch's target ({text}) matches nothing: the patch is silently left out"


def _candidates(survey: Survey, path: str) -> list[Manifest]:
    """What a patch in this file might mean: everything that units reading the file render, or take in."""
    users = [u for u in survey.units.values() if u.rendered is not None and path in u.rendered.reads]
    return [o for u in users for o in (*(u.rendered.objects if u.rendered else ()), *_written(survey, u))]


def _written(survey: Survey, unit: Unit) -> list[Manifest]:
    reads = unit.rendered.reads if unit.rendered else {}
    return [d.object for d in survey.documents if d.place.path in reads]


def _matched(target: Mapping[str, Any], objects: Iterable[Manifest]) -> bool:
    return any(matches(target, o) for o in objects)


def matches(target: Mapping[str, Any], obj: Manifest) -> bool:
    gvk, meta = GroupVersionKind.of(obj), obj.get("metadata") or {}
    pairs = (
        ("group", gvk.group),
        ("version", gvk.version),
        ("kind", gvk.kind),
        ("name", str(meta.get("name") or "")),
    )
    for key, value in pairs:
        wanted = target.get(key)
        if wanted and "${" not in str(wanted) and not _anchored(str(wanted), value):
            return False
    return True


def _anchored(pattern: str, text: str) -> bool:
    try:
        return re.fullmatch(pattern, text) is not None or "${" in text
    except re.error:
        return True


def idle_images(survey: Survey) -> Iterator[Finding]:
    for unit, path, content in each_kustomization(survey):
        if unit.facts.get("remote"):
            continue
        for number, entry in mappings(content.get("images")):
            if entry.get("name") and not _image_used(str(entry["name"]), entry, _candidates(survey, path)):
                place = _at(survey, path, "images", number)
                text = f"images names {entry['name']}, which no object here uses: nothing is replaced"
                yield Finding.at(
                    "image-unmatched", place, text, unit=str(unit.key), hint=_like(entry, _candidates(survey, path))
                )
    index = Index.of(survey)
    for unit in survey.units.values():
        everything = [*(unit.rendered.objects if unit.rendered else ()), *_written(survey, unit)]
        for number, entry in mappings(unit.spec.get("images")):
            if unit.rendered and entry.get("name") and not _image_used(str(entry["name"]), entry, everything):
                text = f"spec.images names {entry['name']}, which no object here uses: nothing is replaced"
                yield index.about("image-unmatched", unit, text, "spec", "images", number)


def _image_used(name: str, entry: Mapping[str, Any], objects: Iterable[Manifest]) -> bool:
    wanted = {name, str(entry.get("newName") or name)}
    return any(i in wanted or _globbed(name, i) for o in objects for i in _images(o))


def _globbed(name: str, image: str) -> bool:
    return "*" in name and re.fullmatch(re.escape(name).replace(r"\*", ".*"), image) is not None


def _like(entry: Mapping[str, Any], objects: Iterable[Manifest]) -> str:
    return near(str(entry["name"]), {i for o in objects for i in _images(o)})


def _images(value: Any) -> Iterator[str]:
    """Every ``image`` field, without tag and digest."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "image" and isinstance(item, str):
                yield bare_image(item)
            elif key == "repository" and isinstance(item, str):
                yield item
            else:
                yield from _images(item)
    elif isinstance(value, list):
        for item in value:
            yield from _images(item)


def bare_image(image: str) -> str:
    head, slash, tail = image.partition("@")[0].rpartition("/")
    return head + slash + tail.partition(":")[0]


# -- configuration that changes unseen -----------------------------------------------------------------------------------


def without_hash(survey: Survey) -> Iterator[Finding]:
    """Generators whose hash is switched off, and pods that read the result once, at their start."""
    index = Index.of(survey)
    for unit, path, content in each_kustomization(survey):
        whole = bool(mapping(content.get("generatorOptions")).get("disableNameSuffixHash"))
        for field, kind in (("configMapGenerator", "ConfigMap"), ("secretGenerator", "Secret")):
            for number, entry in mappings(content.get(field)):
                off = mapping(entry.get("options")).get("disableNameSuffixHash", whole)
                user = _reader(index, kind, str(entry.get("name"))) if off and entry.get("name") else ""
                if user:
                    text = f"{kind} {entry['name']} has no hash in its name, so {user} does not restart when it changes"
                    place = _at(survey, path, field, number)
                    yield Finding.at(
                        "config-without-hash", place, text, unit=str(unit.key), hint="let the generator add its hash"
                    )


_RELOADERS = ("reloader.stakater.com", "checksum", "configmap.reloader", "wave.pusher.com")


def _reader(index: Index, kind: str, name: str) -> str:
    for _, obj in index.each("Deployment", "StatefulSet", "DaemonSet"):
        noted = {**annotations_of(obj), **annotations_of(mapping(mapping(obj.get("spec")).get("template")))}
        if any(mark in key for key in noted for mark in _RELOADERS):
            continue
        if any(_reads(c, kind, name) for _, c in containers(obj)):
            return f"{obj['kind']} {name_of(obj)}"
    return ""


def _reads(container: Mapping[str, Any], kind: str, name: str) -> bool:
    """Whether a container takes its environment from an object: that is read once."""
    prefix = "configMap" if kind == "ConfigMap" else "secret"
    whole = [mapping(e.get(f"{prefix}Ref")) for _, e in mappings(container.get("envFrom"))]
    parts = [mapping(mapping(e.get("valueFrom")).get(f"{prefix}KeyRef")) for _, e in mappings(container.get("env"))]
    return any(r.get("name") == name for r in [*whole, *parts])

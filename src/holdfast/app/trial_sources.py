"""What a trial serves beside Git: every source of a repository that can be made out of its files or of charts at hand.

In: a survey, the files, the charts that the survey found. Out: the answers of registries and chart repositories, and the
statuses of those sources that the controller leaves to others (Bucket, ExternalArtifact).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from holdfast.app.trial_charts import Kept
from holdfast.app.trial_registry import FILES, Answers
from holdfast.base.errors import HoldfastError
from holdfast.base.tree import Tree
from holdfast.kube.refs import Manifest
from holdfast.model.delivery import UnitKey
from holdfast.offline.artifacts import artifact_tree
from holdfast.offline.charts import Below
from holdfast.offline.kustomizations import placed, tops
from holdfast.offline.unit import Options, Survey, Unit, World
from holdfast.source.artifact import digest, tarball
from holdfast.source.oci import HELM_LAYER

_FILES_URL = "https://working-tree.invalid/artifacts"
_NUMBER = re.compile(r"\d+(?:\.\d+){0,2}")
_EPOCH = "1970-01-01T00:00:00Z"


@dataclass(slots=True)
class Served:
    """``statuses`` are of objects that nobody else reconciles; ``refused`` are sources that cannot be stood in for, with the
    reason."""

    answers: Answers
    reaches_out: bool = True
    statuses: dict[UnitKey, Manifest] = field(default_factory=dict)
    refused: dict[UnitKey, str] = field(default_factory=dict)


def serve(found: Survey, options: Options, tree: Tree, charts: Kept, *, offline: bool) -> Served:
    served = Served(Answers(forbidden=offline), not offline)
    _charts(served.answers, charts)
    world = world_of(found, options)
    for source, unit in _wanted(found):
        if source.kind == "OCIRepository":
            _image(served, world, tree, source, unit)
        elif source.kind in ("Bucket", "ExternalArtifact"):
            files = _files(world, tree, source, unit)
            if files is not None:
                served.statuses[source] = _artifact(served.answers, source, tarball(files))
    return served


def world_of(found: Survey, options: Options) -> World:
    """Everything that was written and rendered, as the survey knew it in the end."""
    world = World(found, options)
    for obj in (*(d.object for d in found.documents), *(o for _, o in found.objects())):
        world.learn(obj)
    return world


def _charts(answers: Answers, charts: Kept) -> None:
    repositories: dict[str, dict[str, dict[str, bytes]]] = {}
    for (url, name), chart in charts.found.items():
        if not url.startswith("oci://"):
            repositories.setdefault(url, {})[name] = chart.archives
            continue
        for version, archive in chart.archives.items():
            answers.image(url, archive, chart.tags[version], HELM_LAYER)
    for url, entries in repositories.items():
        answers.chart_repository(url, entries)


def _wanted(found: Survey) -> Iterator[tuple[UnitKey, Unit]]:
    """Sources of files of this repository, with one of the units that are built from them."""
    for unit in found.units.values():
        if unit.source is None or unit.external or unit.loose:
            continue
        if unit.key.kind == "Kustomization" or (unit.key.kind == "HelmRelease" and unit.source.kind == "Bucket"):
            yield unit.source, unit


def _image(served: Served, world: World, tree: Tree, source: UnitKey, unit: Unit) -> None:
    spec = world.sources.get(source, {}).get("spec") or {}
    ref, selector = spec.get("ref") or {}, spec.get("layerSelector") or {}
    if ref.get("digest"):
        served.refused[source] = f"{source} is pinned to a digest, which only its registry can answer"
        return
    files = _files(world, tree, source, unit)
    try:
        if files is not None:
            media_type = str(selector.get("mediaType") or FILES)
            served.answers.image(str(spec.get("url") or ""), tarball(files), guesses(ref), media_type)
    except HoldfastError as error:
        served.refused[source] = error.message


def guesses(ref: dict[str, Any]) -> list[str]:
    """Tags of which one fits what a reference asks for."""
    if not ref.get("semver"):
        return [str(ref.get("tag") or "latest")]
    found = {"0.1.0", "1.0.0", "999.0.0"}
    for number in _NUMBER.findall(str(ref["semver"])):
        major, minor, patch = ([int(n) for n in number.split(".")] + [0, 0])[:3]
        found |= {f"{major}.{minor}.{patch}", f"{major}.{minor}.{patch + 1}", f"{major}.{minor + 1}.0"}
        found |= {f"{major}.{minor}.{max(patch - 1, 0)}", f"{major}.{max(minor - 1, 0)}.0", f"{max(major - 1, 0)}.0.0"}
    return sorted(found)


def _files(world: World, tree: Tree, source: UnitKey, unit: Unit) -> Tree | None:
    """The tree of a source: the repository, or the directory of it in which the unit's path starts."""
    if source.kind == "ExternalArtifact":
        made = (artifact_tree(tree, g, source.name, tops(tree)) for g in world.generators)
        return next((m for m in made if m is not None), None)
    path = str(unit.spec.get("path") or "").removeprefix("./").strip("/")
    place = placed(world, source.kind, path) if unit.key.kind == "Kustomization" else path
    top = place.removesuffix(path).strip("/") if path and place != path else ""
    return Below(tree, top) if top else tree


def _artifact(answers: Answers, source: UnitKey, data: bytes) -> Manifest:
    """The status that whoever reconciles the object would write."""
    sha = digest(data)
    name = f"{source.kind.lower()}/{source.namespace}/{source.name}/{sha.removeprefix('sha256:')}.tar.gz"
    url = f"{_FILES_URL}/{name}"
    answers.file(url, data)
    artifact = {
        "path": name,
        "url": url,
        "revision": f"latest@{sha}",
        "digest": sha,
        "lastUpdateTime": _EPOCH,
        "size": len(data),
    }
    return {"artifact": artifact}

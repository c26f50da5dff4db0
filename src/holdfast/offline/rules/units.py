"""Rules about units themselves: reading, rendering, dependencies, sources, ownership."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from holdfast.base.errors import HoldfastError, Place
from holdfast.kube import yaml
from holdfast.kube.refs import Manifest, ObjectRef
from holdfast.kustomize.kustfile import KUSTOMIZATION
from holdfast.model.delivery import UnitKey
from holdfast.offline.findings import Finding
from holdfast.offline.survey import SOURCE_KINDS, Survey, Unit


def unreadable(survey: Survey) -> Iterator[Finding]:
    for bad in survey.unreadable:
        yield Finding.at("yaml-invalid", bad.place, bad.message)


def not_rendered(survey: Survey) -> Iterator[Finding]:
    for unit in survey.units.values():
        if unit.problem and not unit.external:
            yield Finding.at("unit-invalid", unit.problem_place or unit.place, unit.problem, unit=str(unit.key))


_KUSTOMIZATION_FILES = ("kustomization.yaml", "kustomization.yml", "Kustomization")


def unknown_fields(survey: Survey) -> Iterator[Finding]:
    """Flux rewrites a unit's kustomization.yaml and thereby drops what it does not know: the unit renders without it."""
    for unit in survey.units.values():
        for path, seen in unit.rendered.reads.items() if unit.rendered else ():
            if seen and path.rpartition("/")[2] in _KUSTOMIZATION_FILES:
                yield from _unknown_in(survey, unit, path)


def _unknown_in(survey: Survey, unit: Unit, path: str) -> Iterator[Finding]:
    try:
        data = survey.tree.read(path)
        content = yaml.load(data, source=path)
    except (HoldfastError, OSError):
        return  # the build says what is wrong with it
    known = KUSTOMIZATION.fields
    for name in content if isinstance(content, dict) else ():
        if name in known:
            continue
        lines = data.decode("utf-8", "replace").splitlines()
        line = next((n for n, text in enumerate(lines, 1) if text.startswith(f"{name}:")), 0)
        near = get_close_matches(str(name), known, n=1)
        yield Finding.at(
            "kustomization-unknown-field",
            Place(path, line),
            f"{name} is no field of a kustomization: it is dropped, and what it should have added is missing",
            unit=str(unit.key),
            hint=f"did you mean {near[0]}?" if near else "",
        )


def cycles(survey: Survey) -> Iterator[Finding]:
    edges = {
        key: [d.key for d in unit.delivery.policy.depends_on] if unit.delivery else []
        for key, unit in survey.units.items()
    }
    told: set[frozenset[UnitKey]] = set()
    for start in edges:
        path = _circle(start, edges)
        if path and frozenset(path) not in told:
            told.add(frozenset(path))
            text = " → ".join(k.name for k in [*path, path[0]])
            yield Finding.at(
                "dependency-cycle",
                survey.units[start].place,
                f"these units wait for each other: {text}",
                unit=str(start),
            )


def _circle(start: UnitKey, edges: dict[UnitKey, list[UnitKey]]) -> list[UnitKey]:
    """A way from a unit back to itself, if there is one."""
    stack = [(start, [start])]
    seen = set()
    while stack:
        node, path = stack.pop()
        for following in edges.get(node, ()):
            if following == start:
                return path
            if following not in seen:
                seen.add(following)
                stack.append((following, [*path, following]))
    return []


def missing_dependencies(survey: Survey) -> Iterator[Finding]:
    for unit in survey.units.values():
        for dependency in unit.delivery.policy.depends_on if unit.delivery else ():
            if dependency.key not in survey.units:
                near = _similar(dependency.key, survey)
                yield Finding.at(
                    "dependency-missing",
                    unit.place,
                    f"dependsOn names {dependency.key}, which is not in this repository",
                    unit=str(unit.key),
                    hint=f"did you mean {near}?" if near else "",
                )


def _similar(key: UnitKey, survey: Survey) -> str:
    for other in survey.units:
        if other.name == key.name:
            return str(other)
    return ""


def missing_sources(survey: Survey) -> Iterator[Finding]:
    known = {_ref(d.object) for d in survey.documents} | {_ref(o) for _, o in survey.objects()}
    made = _generated(survey)
    for unit in survey.units.values():
        if unit.delivery is None or unit.delivery.source.kind not in SOURCE_KINDS or unit.delivery.source.name in made:
            continue
        source = unit.delivery.source
        # A bootstrap makes flux-system's source outside of the repository's manifests in some set-ups.
        if source.name != "flux-system" and (source.kind, source.namespace, source.name) not in known:
            yield Finding.at(
                "source-missing",
                unit.place,
                f"sourceRef names {source}, which is not in this repository",
                unit=str(unit.key),
            )


def _generated(survey: Survey) -> set[str]:
    """Names of the artifacts that ArtifactGenerators make."""
    generators = [d.object for d in survey.documents if d.object["kind"] == "ArtifactGenerator"]
    return {str(a.get("name")) for g in generators for a in (g.get("spec") or {}).get("artifacts") or ()}


def _ref(obj: Manifest) -> tuple[str, str, str]:
    meta = obj["metadata"]
    return str(obj["kind"]), str(meta.get("namespace") or ""), str(meta["name"])


def owned_twice(survey: Survey) -> Iterator[Finding]:
    owners: dict[ObjectRef, list[Unit]] = {}
    for unit, obj in survey.objects():
        owners.setdefault(ObjectRef.of(obj), []).append(unit)
    for ref, units in owners.items():
        names = sorted({str(u.key) for u in units})
        if len(names) > 1:
            yield Finding.at(
                "object-owned-twice",
                units[-1].place,
                f"{ref} is applied by {' and '.join(names)}: they would take it from each other for ever",
                unit=names[-1],
            )


def prune_off(survey: Survey) -> Iterator[Finding]:
    for unit in survey.units.values():
        if unit.delivery is not None and not unit.delivery.policy.prune:
            yield Finding.at(
                "prune-off",
                unit.place,
                "spec.prune is false: what is removed from Git stays in the cluster",
                unit=str(unit.key),
            )

"""Rules about Argo CD's applications: their project, what it permits, where they go, and the annotations that order a sync."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from holdfast.dialects.argo import project as projects
from holdfast.dialects.argo.defaults import NAMESPACE
from holdfast.dialects.argo.project import Cluster, Project
from holdfast.kube.refs import Manifest
from holdfast.offline.findings import Finding
from holdfast.offline.rules.index import Index, annotations_of, mapping, name_of, near
from holdfast.offline.unit import Survey, Unit

_IN_CLUSTER = Cluster("https://kubernetes.default.svc", "in-cluster")
_HOOKS = {"PreSync", "Sync", "PostSync", "SyncFail", "PreDelete", "PostDelete", "Skip"}
_HOLE = re.compile(r"{{|<[A-Z_]+>")
"""What a template leaves for somebody to fill in."""
_HOOK, _WAVE = "argocd.argoproj.io/hook", "argocd.argoproj.io/sync-wave"


def _applications(survey: Survey) -> Iterator[Unit]:
    for unit in survey.units.values():
        if unit.key.kind == "Application" and not unit.loose:
            yield unit


def _known(survey: Survey) -> dict[str, Manifest]:
    """Projects that are written or rendered anywhere."""
    everything = (*(d.object for d in survey.documents), *(o for _, o in survey.objects()))
    return {name_of(o): o for o in everything if o["kind"] == "AppProject" and isinstance(o.get("spec"), dict)}


def missing_projects(survey: Survey) -> Iterator[Finding]:
    """Where the repository keeps projects at all."""
    index, known = Index.of(survey), _known(survey)
    if not known or index.hidden:
        return
    for unit in _applications(survey):
        name = str(unit.spec.get("project") or projects.DEFAULT)
        if name not in {*known, projects.DEFAULT} and "{{" not in name:
            text = f"is of project {name}, which is not in this repository"
            yield index.about("project-missing", unit, text, "spec", "project", hint=near(name, known))


def forbidden(survey: Survey) -> Iterator[Finding]:
    """What the project of an application does not permit, in Argo CD's words."""
    index, known = Index.of(survey), _known(survey)
    for unit in _applications(survey):
        obj = known.get(str(unit.spec.get("project") or projects.DEFAULT))
        project = _read(obj) if obj is not None else None
        if project is None or _HOLE.search(str(unit.spec)):
            continue
        for problem in projects.source_refusals(unit.spec, project):
            yield index.about("project-forbids", unit, problem, "spec", "source")
        problem = projects.destination_refusal(unit.spec, project, _cluster(unit))
        if problem and mapping(unit.spec.get("destination")):
            yield index.about("project-forbids", unit, problem, "spec", "destination")
        home = unit.key.namespace or NAMESPACE
        if not project.permits_namespace_of_application(home, project.namespace or NAMESPACE):
            text = projects.foreign_namespace(unit.key.name, home, project.name)
            yield index.about("project-forbids", unit, text, "metadata", "namespace")


def _read(obj: Manifest) -> Project | None:
    """None for one of which fields have the wrong type: its schema says so."""
    try:
        return projects.read(obj)
    except (AttributeError, TypeError, ValueError):
        return None


def _cluster(unit: Unit) -> Cluster:
    """A cluster by the half of it that the application names; of this one both are known."""
    target = mapping(unit.spec.get("destination"))
    server, name = str(target.get("server") or "").rstrip("/"), str(target.get("name") or "")
    return _IN_CLUSTER if _IN_CLUSTER.server == server or _IN_CLUSTER.name == name else Cluster(server, name)


def invalid(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit in _applications(survey):
        target = mapping(unit.spec.get("destination"))
        if not target.get("server") and not target.get("name"):
            yield index.about(
                "application-invalid", unit, "spec.destination needs a server or a name", "spec", "destination"
            )
        elif target.get("server") and target.get("name"):
            text = "spec.destination has both a server and a name"
            yield index.about("application-invalid", unit, text, "spec", "destination")
    for unit, obj in index.objects:
        if unit.key.kind == "Application":
            for key, problem in _annotated(annotations_of(obj)):
                yield index.finding("application-invalid", unit, obj, problem, "metadata", "annotations", key)


def _annotated(annotations: dict[str, Any]) -> Iterator[tuple[str, str]]:
    hooks = {h.strip() for h in str(annotations.get(_HOOK) or "").split(",") if h.strip()}
    wrong = sorted(hooks - _HOOKS)
    if wrong:
        yield _HOOK, f"has hook {wrong[0]}, which is none: no phase of a sync takes the object"
    wave = annotations.get(_WAVE)
    if wave is not None and not re.fullmatch(r"[+-]?\d+", str(wave)):
        yield _WAVE, f"has sync wave {wave!r}, which is no number: it counts as 0"

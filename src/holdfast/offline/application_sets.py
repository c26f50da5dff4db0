"""Argo CD ApplicationSets as units: what they render are Applications.

Generators are evaluated on this repository: lists, its directories and files, the clusters whose Secrets stand in it, and
combinations of them. A set whose generators ask for anything else is not rendered and says so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from holdfast.base.errors import HoldfastError, Place
from holdfast.base.tree import RecordingTree
from holdfast.dialects.argo.appset import spec
from holdfast.dialects.argo.appset.facts import Facts, GitTree, Pending, Question
from holdfast.dialects.argo.appset.generate import generate
from holdfast.dialects.argo.appset.params import FUNCTIONS
from holdfast.dialects.argo.defaults import NAMESPACE
from holdfast.helm.text import TextTemplates
from holdfast.kube import yaml
from holdfast.kube.refs import GroupVersionKind, Manifest
from holdfast.model.delivery import UnitKey
from holdfast.model.rendered import Rendered
from holdfast.offline.argo_places import is_here
from holdfast.offline.unit import Unit, World, values_of

_LABEL = "argocd.argoproj.io/secret-type"
_ENGINE = TextTemplates(FUNCTIONS)
_ROUNDS = 50


class ApplicationSets:
    """Implements ``Dialect``."""

    late = False

    def claims(self, obj: Manifest) -> bool:
        gvk, body = GroupVersionKind.of(obj), obj.get("spec")
        return gvk.group == spec.GROUP and gvk.kind == spec.KIND and isinstance(body, dict) and "generators" in body

    def covers(self, obj: Manifest, world: World) -> str | None:
        del obj, world
        return None

    def rendered(self, key: UnitKey, obj: Manifest, place: Place, parent: UnitKey | None, world: World) -> Unit:
        if not world.options.wanted(key, obj):
            return Unit(key, place, obj, parent=parent, skipped=True)
        tree = RecordingTree(world.survey.tree)
        try:
            apps, unknown = _applications(obj, world, tree)
        except HoldfastError as error:
            return Unit(key, place, obj, parent=parent, problem=error.message, problem_place=place)
        except (ValueError, TypeError, AttributeError, KeyError):
            text = "invalid ApplicationSet: a field has a value of the wrong type"
            return Unit(key, place, obj, parent=parent, problem=text, problem_place=place)
        if unknown is not None:
            text = f"its generators need {_shown(unknown)}, which is not in this repository"
            return Unit(key, place, obj, parent=parent, problem=text, problem_place=place, external=True)
        digest = hashlib.sha256(yaml.dump_all(apps).encode()).hexdigest()
        reads = {p: i for p, i in tree.reads.items() if not p.endswith("/")}
        return Unit(key, place, obj, parent=parent, rendered=Rendered(tuple(apps), f"sha256:{digest}", reads))


def _applications(obj: Manifest, world: World, tree: RecordingTree) -> tuple[list[Manifest], Question | None]:
    """The applications, or the first question that cannot be answered here."""
    wanted, known = spec.read(obj), dict[Question, Any]()
    for _ in range(_ROUNDS):
        facts = Facts(_clusters(world), None, known)
        try:
            return _written(generate(wanted, facts, _ENGINE, NAMESPACE)), None
        except Pending:
            for question in facts.wanted:
                if not isinstance(question, GitTree) or not is_here(question.url, world):
                    return [], question
                known[question] = tree
    return [], None


def _written(apps: list[Manifest]) -> list[Manifest]:
    """A set without a namespace makes applications without one."""
    for app in apps:
        if not app["metadata"].get("namespace"):
            app["metadata"].pop("namespace", None)
    return apps


def _clusters(world: World) -> list[Manifest]:
    found = []
    for obj in world.values.values():
        labels = (obj.get("metadata") or {}).get("labels") or {}
        if obj.get("kind") == "Secret" and labels.get(_LABEL) == "cluster":
            found.append({"metadata": obj["metadata"], "data": dict(values_of(obj))})
    return found


def _shown(question: Question) -> str:
    if isinstance(question, GitTree):
        return f"the repository {question.url}"
    described: Mapping[str, str] = {
        "ConfigMap": "a ConfigMap of the cluster",
        "Secret": "a Secret of the cluster",
        "Objects": "objects of the cluster",
        "Http": "answers of another system",
    }
    return described.get(type(question).__name__, "more")

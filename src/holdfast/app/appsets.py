"""Wiring of ApplicationSets: their controller with its sources, its HTTP client and its events."""

from __future__ import annotations

from holdfast.base.clock import Clock
from holdfast.controller.appset_facts import Finder
from holdfast.controller.appset_trees import GitTrees
from holdfast.controller.appsets import ApplicationSets
from holdfast.controller.argo_metrics import ArgoMetrics
from holdfast.controller.events import EventRecorder
from holdfast.controller.manager import Manager
from holdfast.plan.sync.ignoring import without_path
from holdfast.source.git import GitStore
from holdfast.source.manifests import ManifestSource

HOME = "argocd"


def application_sets(manager: Manager, git: GitStore, events: EventRecorder, clock: Clock) -> ApplicationSets:
    """Added to the manager and listening."""
    trees = GitTrees(ManifestSource(git), manager.watches, HOME)
    sets = ApplicationSets(manager, Finder(manager.client, trees), events, clock, delete=without_path, home=HOME)
    sets.start()
    manager.add(sets)
    ArgoMetrics(manager)
    return sets

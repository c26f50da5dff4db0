"""Wiring of Applications: their controller with its sources and events."""

from __future__ import annotations

from holdfast.controller.applications import Applications
from holdfast.controller.events import EventRecorder
from holdfast.controller.manager import Manager
from holdfast.dialects.argo.defaults import NAMESPACE
from holdfast.source.git import GitStore
from holdfast.source.manifests import ManifestSource

APP_COMPONENT = "argocd-application-controller"


def applications(manager: Manager, git: GitStore, events: EventRecorder) -> Applications:
    """Added to the manager and listening."""
    found = Applications(manager, ManifestSource(git), events, home=NAMESPACE)
    found.start()
    return found

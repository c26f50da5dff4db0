"""Wiring of Applications: their controller with its sources and events, and what Git hosts tell them."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import Protocol

from holdfast.cluster.client import Client
from holdfast.cluster.errors import ApiError
from holdfast.controller.app_metrics import expose
from holdfast.controller.app_projects import Projects
from holdfast.controller.applications import Applications
from holdfast.controller.events import EventRecorder
from holdfast.controller.manager import Manager
from holdfast.controller.remote import RemoteBases
from holdfast.dialects.argo.defaults import NAMESPACE
from holdfast.dialects.argo.settings import SECRET
from holdfast.dialects.argo.webhook import BadSignature, place, pushed
from holdfast.kube.refs import ObjectRef
from holdfast.source.git import GitStore
from holdfast.source.manifests import ManifestSource


def applications(
    manager: Manager, git: GitStore, events: EventRecorder, *, bases: RemoteBases | None = None
) -> Applications:
    """Added to the manager and listening."""
    found = Applications(manager, ManifestSource(git), events, bases=bases, home=NAMESPACE)
    found.start()
    expose(manager.metrics, manager.objects(found.gvk), found.targets.memo, found.syncs)
    manager.add(Projects(manager))
    return found


class Listener(Protocol):
    """Who has to know of a push."""

    async def repository_changed(self, same: Callable[[str], bool]) -> None: ...


async def pushed_to(client: Client, listeners: Sequence[Listener], body: bytes, headers: dict[str, str]) -> int:
    """What a Git host tells is checked against the installation's secrets and passed on as an address. The answer's code."""
    try:
        secret = await client.get(ObjectRef("", "Secret", NAMESPACE, SECRET), version="v1")
    except ApiError:
        secret = {}
    secrets = {k: base64.b64decode(v).decode("utf-8", "replace") for k, v in (secret.get("data") or {}).items()}
    try:
        places = pushed(headers, body, secrets)
    except (BadSignature, ValueError):
        return 400
    for listener in listeners:
        await listener.repository_changed(lambda url: place(url) in places)
    return 200

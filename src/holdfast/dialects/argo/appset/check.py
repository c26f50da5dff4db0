"""Which of the generated applications may be made at all.

An invalid one is left out, and the others are still made: the messages are the set's to show.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from holdfast.base.errors import HoldfastError
from holdfast.kube.refs import Manifest

Resolve = Callable[[Mapping[str, Any]], object]
"""Finds the cluster of a destination; raises a HoldfastError in Argo CD's words."""


def problems(
    apps: Sequence[Manifest], set_name: str, projects: Collection[str] | None, resolve: Resolve
) -> dict[str, str]:
    """What is wrong, by application name. ``projects`` None: which there are is not known."""
    found: dict[str, str] = {}
    seen: set[str] = set()
    for app in apps:
        name, spec = app["metadata"]["name"], app["spec"]
        if name in seen:
            found[name] = f"ApplicationSet {set_name} contains applications with duplicate name: {name}"
            continue
        seen.add(name)
        project = str(spec.get("project") or "")
        if projects is not None and project not in projects:
            found[name] = f"application references project {project} which does not exist"
            continue
        try:
            resolve(spec.get("destination") or {})
        except HoldfastError as error:
            found[name] = f"application destination spec is invalid: {error.message}"
    return found


def summary(found: Mapping[str, str]) -> str:
    """One message for the status: the last one by name, and how many more there are."""
    message = found[max(found)]
    return f"{message} (and {len(found) - 1} more)" if len(found) > 1 else message

"""What a generator is given besides its specification."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from holdfast.dialects.argo.appset.facts import Facts, GeneratorError
from holdfast.dialects.argo.appset.params import Params
from holdfast.dialects.argo.appset.spec import ApplicationSet
from holdfast.dialects.argo.appset.templating import Renderer
from holdfast.kube.refs import Manifest

EMPTY = "ApplicationSet is empty"
LOCAL_NAME, LOCAL_SERVER = "in-cluster", "https://kubernetes.default.svc"


@dataclass(frozen=True, slots=True)
class Context:
    """``home`` is the namespace of Argo CD's own objects."""

    set: ApplicationSet
    facts: Facts
    renderer: Renderer
    home: str

    @property
    def go(self) -> bool:
        return self.set.go_template


Generator = Callable[[Mapping[str, Any], Context], list[Params]]
Children = Callable[[Mapping[str, Any], Mapping[str, Any] | None], list[Params]]
"""Evaluates a nested generator, with another's parameters filled in where there are some."""


def wrapped(prefix: str, error: GeneratorError) -> GeneratorError:
    """The error with what was being done before it; what kind of error it is stays known."""
    return type(error)(f"{prefix}: {error.message}")


def secret_text(obj: Manifest, key: str) -> str:
    """A value of a Secret whose data were decoded, or were given as texts."""
    value = (obj.get("data") or {}).get(key)
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")


def known_clusters(secrets: Sequence[Manifest]) -> list[tuple[str, str]]:
    """(name, server) of the registered clusters, and of the one that we are in."""
    found = [(secret_text(s, "name"), secret_text(s, "server")) for s in secrets]
    if not any(server == LOCAL_SERVER for _, server in found):
        found.append((LOCAL_NAME, LOCAL_SERVER))
    return found

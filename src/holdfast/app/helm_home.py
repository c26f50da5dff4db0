"""Where Helm's files are on this machine, as Helm finds them: its own variables, then XDG's, then the platform's places."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from holdfast.source.helm_home import Home


def helm_home(flags: Mapping[str, str] | None = None) -> Home:
    """``flags`` are those of the command line by Helm's names (``repository-config`` ...); empty ones count for nothing."""
    given = flags or {}

    def setting(name: str, default: Path) -> str:
        return given.get(name) or os.environ.get(f"HELM_{name.upper().replace('-', '_')}") or str(default)

    config = _base("CONFIG", ".config", "Library/Preferences")
    cache = _base("CACHE", ".cache", "Library/Caches")
    docker = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    return Home(
        setting("registry-config", config / "registry" / "config.json"),
        setting("repository-config", config / "repositories.yaml"),
        setting("repository-cache", cache / "repository"),
        setting("content-cache", cache / "content"),
        (str(docker / "config.json"),),
    )


def _base(kind: str, home: str, mac_home: str) -> Path:
    own, xdg = os.environ.get(f"HELM_{kind}_HOME"), os.environ.get(f"XDG_{kind}_HOME")
    if own:
        return Path(own)
    if xdg:
        return Path(xdg) / "helm"
    return Path.home() / (mac_home if sys.platform == "darwin" else home) / "helm"

"""What is known about a sandbox: what it was asked to be, where it lives on disk, whether it runs.

One folder per name under the user's state folder holds its state, certificates, kubeconfig and log.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from holdfast.base.errors import Stop

CONTROLLERS = ("namespace", "gc", "serviceaccount", "quota", "aggregation", "workloads")


@dataclass(frozen=True, slots=True)
class Settings:
    """``port`` 0 takes the last one used under this name if it is free, else any."""

    name: str = "default"
    port: int = 0
    kubeconfig: Path | None = None
    data: Path | None = None
    controllers: tuple[str, ...] = CONTROLLERS
    authorization: str = "RBAC"
    restore: Path | None = None
    """A snapshot to start from."""


@dataclass(frozen=True, slots=True)
class State:
    """A sandbox that runs, or ran."""

    name: str
    pid: int
    server: str
    kubeconfig: str
    data: str
    controllers: list[str]
    authorization: str


def parse_controllers(text: str) -> tuple[str, ...]:
    """``all``, ``none`` or names separated by commas."""
    if text == "all":
        return CONTROLLERS
    if text in ("none", ""):
        return ()
    names = tuple(n.strip() for n in text.split(",") if n.strip())
    unknown = [n for n in names if n not in CONTROLLERS]
    if unknown:
        raise Stop(
            f"unknown controller {unknown[0]}", hint=f"one or more of: {', '.join(CONTROLLERS)}, or all, or none"
        )
    return names


def folder(name: str) -> Path:
    if not name or "/" in name or name.startswith("."):
        raise Stop(f"{name!r} cannot be the name of a sandbox", hint="use letters, digits and dashes")
    named = os.environ.get("HOLDFAST_STATE_DIR")
    if named:
        return Path(named) / "sandbox" / name
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "holdfast" / "sandbox" / name


def load(name: str) -> State | None:
    try:
        return State(**json.loads((folder(name) / "state.json").read_text()))
    except (OSError, ValueError, TypeError):
        return None


def save(state: State) -> None:
    place = folder(state.name)
    draft = place / "state.json.new"
    draft.write_text(json.dumps(asdict(state), indent=1) + "\n")
    draft.replace(place / "state.json")


def names() -> list[str]:
    parent = folder("x").parent
    return sorted(p.name for p in parent.iterdir() if (p / "state.json").exists()) if parent.is_dir() else []


def alive(state: State) -> bool:
    """Whether the process is there and is ours (a process id may have been given to somebody else since)."""
    try:
        os.kill(state.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return False
    with contextlib.suppress(OSError):
        return b"sandbox" in Path(f"/proc/{state.pid}/cmdline").read_bytes()
    return True

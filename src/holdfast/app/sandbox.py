"""The sandbox as a process: start in the background, tell when it is ready, stop, remember.

Everything a running sandbox needs to be found again is in one folder per name under the user's state folder: its state,
its certificates, its kubeconfig and its log. Never serves requests itself (``app.sandbox_server`` does).
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from holdfast.base.errors import RetryLater, Stop

CONTROLLERS = ("namespace", "gc", "serviceaccount", "quota", "aggregation", "workloads")
START_SECONDS = 30.0
STOP_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Settings:
    """``port`` 0 takes the last one used under this name if it is free, else any."""

    name: str = "default"
    port: int = 0
    kubeconfig: Path | None = None
    data: Path | None = None
    controllers: tuple[str, ...] = CONTROLLERS
    authorization: str = "RBAC"


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


def start(settings: Settings, *, foreground: bool) -> State | None:
    """Starts a sandbox. In the background: returns its state once it is ready. In the foreground: returns when it ended."""
    running = load(settings.name)
    if running is not None and alive(running):
        raise Stop(
            f"sandbox {settings.name} runs already at {running.server}",
            hint=f"stop it with: holdfast sandbox stop --name {settings.name}",
        )
    place = folder(settings.name)
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    if foreground:
        from holdfast.app.sandbox_server import run

        run(settings, on_ready=None)
        return None
    _background(settings, place)
    return load(settings.name)


def _background(settings: Settings, place: Path) -> None:
    ready, tell = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ready)
        _serve(settings, place, tell)
    os.close(tell)
    os.waitpid(child, 0)
    with os.fdopen(ready, "rb") as pipe:
        answer = pipe.read()
    if answer != b"ready":
        why = answer.decode("utf-8", "replace").strip() or "it ended before it was ready"
        raise RetryLater(f"sandbox {settings.name} did not start: {why}", hint=f"its log: {place / 'log'}")


def _serve(settings: Settings, place: Path, tell: int) -> None:
    """In the first child: a second one goes on in a session of its own, so that the terminal does not hold it."""
    if os.fork():
        os._exit(0)
    os.setsid()
    code = 1
    try:
        _redirect(place / "log")
        from holdfast.app.sandbox_server import run

        run(settings, on_ready=lambda: _say(tell, b"ready"))
        code = 0
    except BaseException as error:
        _say(tell, str(error).encode() or type(error).__name__.encode())
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _redirect(log: Path) -> None:
    with open(os.devnull, "rb") as nothing, open(log, "ab", buffering=0) as file:
        os.dup2(nothing.fileno(), 0)
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)


def _say(pipe: int, word: bytes) -> None:
    with contextlib.suppress(OSError):
        os.write(pipe, word)
        os.close(pipe)


def stop(name: str) -> bool:
    """Stops a sandbox; False when none runs under this name."""
    state = load(name)
    if state is None or not alive(state):
        return False
    os.kill(state.pid, signal.SIGTERM)
    end = time.monotonic() + STOP_SECONDS
    while alive(state):
        if time.monotonic() > end:
            os.kill(state.pid, signal.SIGKILL)
            break
        time.sleep(0.02)
    return True


def kubeconfig(name: str) -> str:
    state = load(name)
    if state is None:
        raise Stop(f"there is no sandbox {name}", hint=f"start it with: holdfast sandbox start --name {name}")
    return Path(state.kubeconfig).read_text()

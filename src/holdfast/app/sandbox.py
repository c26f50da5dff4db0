"""The sandbox as a process: start in the background, tell when it is ready, stop, remember.

Never serves requests itself (``app.sandbox_server`` does).
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from pathlib import Path

from holdfast.app.sandbox_state import Settings, State, alive, folder, load, names, parse_controllers
from holdfast.base.errors import RetryLater, Stop

STOP_SECONDS = 10.0


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
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it is, the waiting parent has to be told
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


def running(name: str) -> State:
    """Raises where none runs under this name."""
    state = load(name)
    if state is None or not alive(state):
        raise Stop(f"sandbox {name} is not running", hint=f"start it with: holdfast sandbox start --name {name}")
    return state


def kubeconfig(name: str) -> str:
    state = load(name)
    if state is None:
        raise Stop(f"there is no sandbox {name}", hint=f"start it with: holdfast sandbox start --name {name}")
    return Path(state.kubeconfig).read_text()


__all__ = ["Settings", "State", "alive", "kubeconfig", "load", "names", "parse_controllers", "running", "start", "stop"]

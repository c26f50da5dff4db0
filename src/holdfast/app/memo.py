"""Which memory of renderings a controller has, by the word of its flag."""

from __future__ import annotations

import hashlib
from pathlib import Path

from holdfast.base.clock import Clock
from holdfast.base.errors import Stop
from holdfast.controller.memo_stores import FileStore, RedisStore
from holdfast.render.memo import RenderMemo, Store

_ROOMS = ("base", "kube", "kustomize", "render")


def memo_of(word: str, state: Path, clock: Clock) -> tuple[RenderMemo, Store | None]:
    """``word`` is "file", "none" or the URL of a Redis. Raises `Stop` for anything else."""
    if word == "none":
        return RenderMemo(), None
    if word == "file":
        store: FileStore | RedisStore = FileStore(state / "renderings.sqlite")
    elif word.startswith(("redis://", "rediss://", "unix://")):
        store = RedisStore(word, clock)
    else:
        raise Stop(f"--memo {word} is not known", hint="file, none, or the URL of a Redis: redis://host:6379/0")
    return RenderMemo(store=store, code=code_in_use()), store


def code_in_use() -> str:
    """Changes whenever the code that renders may have: an upgrade renders anew."""
    home = Path(__file__).parent.parent
    found = hashlib.sha256()
    for room in _ROOMS:
        for file in sorted((home / room).rglob("*.py")):
            about = file.stat()
            found.update(f"{file.relative_to(home)}\0{about.st_size}\0{about.st_mtime_ns}\n".encode())
    return found.hexdigest()[:16]

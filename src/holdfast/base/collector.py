"""Python's cycle collector, kept out of work that makes many objects and drops few: it would look through all of them again and again."""

from __future__ import annotations

import gc


class Paused:
    """Within the block no cycles are looked for. Blocks may be nested, and may run in several threads: who turned it off turns it on."""

    __slots__ = ("_was_on",)

    def __enter__(self) -> None:
        self._was_on = gc.isenabled()
        gc.disable()

    def __exit__(self, *_: object) -> None:
        if self._was_on:
            gc.enable()

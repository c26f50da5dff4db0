"""A parser that takes words and flags in any order, as kubectl, flux and helm do: ``reconcile ks -n apps web``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any


class InterleavedParser(argparse.ArgumentParser):
    """Python's own takes all words of a verb from one run of them; those that come after a flag are left over."""

    _within = False

    def parse_known_args(  # type: ignore[override]  # the stubs spell the namespace as three overloads
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        found, left = super().parse_known_args(args, namespace)
        if self._within or self._subparsers is not None or all(word.startswith("-") for word in left):
            return found, left
        return self._interleaved(args)

    def _interleaved(self, args: Sequence[str] | None) -> tuple[Any, list[str]]:
        """The flags first and then the words. Python hides the words from the usage meanwhile, so it is written before."""
        usage, self.usage = self.usage, self.format_usage().removeprefix("usage: ").replace("%", "%%")
        self._within = True
        try:
            return self.parse_known_intermixed_args(args)
        finally:
            self.usage, self._within = usage, False

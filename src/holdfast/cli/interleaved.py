"""A parser that takes words and flags in any order, as kubectl, flux and helm do: ``reconcile ks -n apps web``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any


class InterleavedParser(argparse.ArgumentParser):
    """Python's own takes all words of a verb from one run of them, and refuses those that come after a flag."""

    _within = False

    def parse_known_args(  # type: ignore[override]  # the stubs spell the namespace as three overloads
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        if self._subparsers is not None or self._within:
            return super().parse_known_args(args, namespace)
        # Some versions of Python come back here for each of their two rounds.
        self._within = True
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._within = False

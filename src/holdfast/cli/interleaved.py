"""A parser that takes words and flags in any order, as kubectl, flux and helm do: ``reconcile ks -n apps web``.

Switches may have their value behind them, as in Go: ``--force=true``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from typing import Any

_TRUE = frozenset(("1", "t", "T", "true", "TRUE", "True"))
_FALSE = frozenset(("0", "f", "F", "false", "FALSE", "False"))


class InterleavedParser(argparse.ArgumentParser):
    """Python's own takes all words of a verb from one run of them; those that come after a flag are left over."""

    _within = False

    def parse_known_args(  # type: ignore[override]  # the stubs spell the namespace as three overloads
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        args = list(self._switched(sys.argv[1:] if args is None else args))
        found, left = super().parse_known_args(args, namespace)
        if self._within or self._subparsers is not None or all(word.startswith("-") for word in left):
            return found, left
        return self._interleaved(args)

    def _switched(self, args: Sequence[str]) -> Iterator[str]:
        """``--switch=true`` as ``--switch``, and nothing for ``--switch=false``."""
        words = iter(args)
        for word in words:
            name, equals, value = word.partition("=")
            switch = equals and isinstance(self._option_string_actions.get(name), argparse._StoreTrueAction)
            if not switch or value not in _TRUE | _FALSE:
                yield word
            elif value in _TRUE:
                yield name
            if word == "--":
                yield from words

    def _interleaved(self, args: Sequence[str] | None) -> tuple[Any, list[str]]:
        """The flags first and then the words. Python hides the words from the usage meanwhile, so it is written before."""
        usage, self.usage = self.usage, self.format_usage().removeprefix("usage: ").replace("%", "%%")
        self._within = True
        try:
            return self.parse_known_intermixed_args(args)
        finally:
            self.usage, self._within = usage, False

"""Flags as a table, for commands that scripts run by the thousand.

Comes in: the words of a command line. Goes out: the values, where the words are whole names of known flags and at most one
operand. Everything else (help, shortened names, mistakes) is None and left to argparse, which is made from the same table: it
takes as long to import and set up as a small build takes altogether.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from holdfast.base.record import Record

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    Arguments = Namespace | SimpleNamespace


class Flag(Record):
    """``metavar`` is "" for a switch; ``many`` collects the values of a flag that may stand several times; no help hides it."""

    name: str
    help: str = ""
    metavar: str = ""
    default: str | None = ""
    short: str = ""
    many: bool = False

    @property
    def field(self) -> str:
        return self.name[2:].replace("-", "_")

    def initial(self) -> Any:
        return [] if self.many else self.default if self.metavar else False


def read(words: Sequence[str], flags: Iterable[Flag], operands: str) -> SimpleNamespace | None:
    """What argparse would read, the operands under the name ``operands``; None where argparse has to judge."""
    flags = tuple(flags)
    values: dict[str, Any] = {flag.field: flag.initial() for flag in flags}
    named = {name: flag for flag in flags for name in (flag.name, flag.short) if name}
    found: list[str] = []
    rest = iter(words)
    for word in rest:
        if word == "-" or not word.startswith("-"):
            found.append(word)
        elif not _take(word, rest, named, values):
            return None
    values[operands] = found
    return SimpleNamespace(**values) if len(found) <= 1 else None


def _take(word: str, rest: Iterable[str], named: dict[str, Flag], values: dict[str, Any]) -> bool:
    name, equals, value = word.partition("=") if word.startswith("--") else (word, "", "")
    flag = named.get(name)
    if flag is None or (equals and not flag.metavar):
        return False
    if not flag.metavar:
        values[flag.field] = True
        return True
    if not equals:
        value = next(iter(rest), "-")
        if value.startswith("-"):
            return False
    if flag.many:
        values[flag.field].append(value)
    else:
        values[flag.field] = value
    return True


def add(parser: ArgumentParser, flags: Iterable[Flag]) -> None:
    """The same flags for argparse."""
    from argparse import SUPPRESS

    for flag in flags:
        names = (flag.short, flag.name) if flag.short else (flag.name,)
        text = flag.help or SUPPRESS
        if not flag.metavar:
            parser.add_argument(*names, action="store_true", help=text)
        else:
            action = "append" if flag.many else "store"
            parser.add_argument(*names, action=action, default=flag.initial(), metavar=flag.metavar, help=text)

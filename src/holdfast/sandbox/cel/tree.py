"""The syntax tree of an expression: nodes with the place they stand at. Nodes are compared by identity."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


class Unreadable(ValueError):
    """Not an expression that the reader knows; ``problem`` is what it can say of it."""

    def __init__(self, what: str, problem: tuple[int, str] | None = None) -> None:
        super().__init__(what)
        self.problem = problem


@dataclass(slots=True, eq=False)
class Expr:
    at: int
    """Where the checker says the expression is: its operator, dot or opening bracket."""


@dataclass(slots=True, eq=False)
class Const(Expr):
    kind: str
    """``string``, ``bytes``, ``int``, ``uint``, ``double``, ``bool`` or ``null``."""
    value: Any


@dataclass(slots=True, eq=False)
class Ident(Expr):
    name: str


@dataclass(slots=True, eq=False)
class Select(Expr):
    operand: Expr
    name: str
    test: bool = False
    """Whether only the presence is asked for."""


@dataclass(slots=True, eq=False)
class Call(Expr):
    name: str
    target: Expr | None
    args: list[Expr]


@dataclass(slots=True, eq=False)
class ListOf(Expr):
    items: list[Expr]
    optional: set[int] = field(default_factory=set)


@dataclass(slots=True, eq=False)
class Entry:
    key: Expr
    value: Expr
    optional: bool = False


@dataclass(slots=True, eq=False)
class MapOf(Expr):
    entries: list[Entry]


@dataclass(slots=True, eq=False)
class Member:
    """One field of a message; ``at`` is its colon."""

    at: int
    name: str
    value: Expr
    optional: bool = False


@dataclass(slots=True, eq=False)
class Message(Expr):
    name: str
    members: list[Member]

    @property
    def values(self) -> list[Expr]:
        return [member.value for member in self.members]


@dataclass(slots=True, eq=False)
class Fold(Expr):
    """A comprehension: ``step`` is repeated for all of ``over``."""

    over: Expr
    key: str
    value: str
    """The second variable; empty where there is one only."""
    result_name: str
    start: Expr
    condition: Expr
    step: Expr
    result: Expr

    @property
    def binds(self) -> bool:
        """Whether it names a value only, as optMap does."""
        return isinstance(self.over, ListOf) and not self.over.items and self.result_name != RESULT


RESULT = "@result"
"""The variable in which comprehensions gather."""


def path_of(expr: Expr) -> str:
    """``a.b.c`` where the expression is such a path, else nothing."""
    if isinstance(expr, Ident):
        return expr.name
    if isinstance(expr, Select) and not expr.test:
        head = path_of(expr.operand)
        return f"{head}.{expr.name}" if head else ""
    return ""

"""What calls of functions cost at most: a table by overload and by name.

In: a call whose operands' sizes are known. Out: a `Price`, or nothing where the ordinary price of 1 applies. Never: walking the tree.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from holdfast.sandbox.cel.sizes import MOST, ONE, UNKNOWN, Range, exactly
from holdfast.sandbox.cel.tree import Const, Expr
from holdfast.sandbox.cel.types import Type

STRING: Final = 0.1
"""Of a character that is looked at."""
REGEX: Final = 0.25
_FORMAT_REGEX: Final = 128
LIST: Final = 10
MAP: Final = 30
MESSAGE: Final = 40


@dataclass(frozen=True, slots=True)
class Operand:
    expr: Expr
    kind: Type
    size: Range | None
    """Unknown where nothing bounds it."""
    item: Range | None = None
    """Of a list, the size of its items where the schema bounds them."""

    @property
    def sized(self) -> Range:
        return self.size if self.size is not None else UNKNOWN


@dataclass(frozen=True, slots=True)
class Price:
    cost: Range
    size: Range | None = None
    """Of the result."""


Rule = Callable[[Operand | None, list[Operand], str], Price | None]


def price(name: str, overload: str, target: Operand | None, arguments: list[Operand]) -> Price | None:
    """Without what the arguments cost."""
    rule = _BY_OVERLOAD.get(overload) or _BY_NAME.get(name)
    if rule is None and overload.startswith("list_") and overload.endswith(("_sort", "_sortByAssociatedKeys")):
        rule = _sorted
    return rule(target, arguments, overload) if rule is not None else None


def _fixed(cost: Range) -> Rule:
    return lambda target, arguments, overload: Price(cost)


def _first(factor: float, keeps: bool = False) -> Rule:
    """The first argument is read from end to end."""

    def rule(target: Operand | None, arguments: list[Operand], overload: str) -> Price | None:
        if not arguments:
            return None
        size = arguments[0].sized
        return Price(size.scaled(factor), size if keeps else None)

    return rule


def _itself(factor: float) -> Rule:
    """What it is called on is read, and the result is no longer."""

    def rule(target: Operand | None, arguments: list[Operand], overload: str) -> Price | None:
        return Price(target.sized.scaled(factor), target.sized) if target is not None else None

    return rule


def _ip(target: Operand | None, arguments: list[Operand], overload: str) -> Price | None:
    return Price(ONE) if overload == "cidr_ip" else _first(STRING)(target, arguments, overload)


def _items(target: Operand | None, arguments: list[Operand], overload: str) -> Price | None:
    """Every item of a list, or every character of a text, is compared."""
    if target is None:
        return None
    if target.kind[0] not in ("list", "map"):
        return Price(target.sized.scaled(STRING))
    each = ONE
    if target.kind[1][0] in ("string", "bytes"):
        each = each + (target.item if target.item is not None else UNKNOWN).scaled(STRING)
    return Price(target.sized * each)


def _replace(target: Operand | None, arguments: list[Operand], overload: str) -> Price | None:
    if target is None or len(arguments) < 2:
        return None
    size, out, new = target.sized, arguments[0].sized, arguments[1].sized
    most, kept_most = _replaced_most(size, out, new)
    least, kept_least = _replaced_least(size, out, new)
    result = Range(least, most) * new + Range(kept_least, kept_most)
    return Price(size.scaled(2 * STRING), result)


def _replaced_most(size: Range, out: Range, new: Range) -> tuple[int, int]:
    """How often at most, and what is left of the text then."""
    if out.least == 0:
        return min(MOST, size.most + 1), size.most
    if new.most <= out.least:
        return 0, size.most
    return math.ceil(size.most / out.least), 0


def _replaced_least(size: Range, out: Range, new: Range) -> tuple[int, int]:
    if out.most == 0:
        return min(MOST, size.least + 1), size.least
    if out.most <= new.least:
        return 0, size.least
    return math.ceil(size.least / out.most), 0


def _split(target: Operand | None, arguments: list[Operand], overload: str) -> Price | None:
    if target is None:
        return None
    size = target.sized
    most = size.most
    if len(arguments) > 1:
        limit = _literal(arguments[1], most)
        most = limit
    return Price(size.scaled(2 * STRING), Range(0, most))


def _join(target: Operand | None, arguments: list[Operand], overload: str) -> Price | None:
    if target is None:
        return None
    count = target.sized
    size = count * (target.item if target.item is not None else UNKNOWN)
    if arguments:
        size = size + arguments[0].sized * Range(max(0, count.least - 1), max(0, count.most - 1))
    return Price(size.scaled(STRING), size)


def _find(target: Operand | None, arguments: list[Operand], overload: str) -> Price | None:
    if target is None or not arguments:
        return None
    return Price(_regex(target, arguments), Range(0, target.sized.most))


def _regex(target: Operand, arguments: list[Operand]) -> Range:
    return (target.sized + ONE).scaled(STRING) * arguments[0].sized.scaled(REGEX)


def _matches(target: Operand | None, arguments: list[Operand], overload: str) -> Price | None:
    return Price(_regex(target, arguments)) if target is not None else None


def _contains(target: Operand | None, arguments: list[Operand], overload: str) -> Price | None:
    return Price(target.sized.scaled(STRING) * arguments[0].sized.scaled(STRING)) if target is not None else None


_ADDRESS: Final = Range(4, 16)


def _within(target: Operand | None, arguments: list[Operand], overload: str) -> Price | None:
    """An address or a network is looked for in a network."""
    cost = (_ADDRESS + _ADDRESS).scaled(STRING)
    if "contains_cidr" in overload:
        cost = cost + _ADDRESS.scaled(STRING) + ONE
    if overload.endswith("_string"):
        cost = cost + arguments[0].sized.scaled(STRING)
    return Price(cost)


def _format(target: Operand | None, arguments: list[Operand], overload: str) -> Price | None:
    return Price(arguments[0].sized.scaled(STRING).scaled(_FORMAT_REGEX * REGEX))


def _selector(target: Operand | None, arguments: list[Operand], overload: str) -> Price | None:
    size = arguments[0].sized
    return Price(exactly(LIST) + size.scaled(STRING) + size.scaled(0.5).scaled(LIST + MESSAGE))


def _in_list(target: Operand | None, arguments: list[Operand], overload: str) -> Price | None:
    return Price(arguments[1].sized)


def _text_format(target: Operand | None, arguments: list[Operand], overload: str) -> Price | None:
    return Price(target.sized.scaled(STRING)) if target is not None else None


def _to_bytes(target: Operand | None, arguments: list[Operand], overload: str) -> Price | None:
    size = arguments[0].sized
    return Price(size.scaled(STRING), Range(size.least, size.most * 4 & MOST))


def _to_text(target: Operand | None, arguments: list[Operand], overload: str) -> Price | None:
    size = arguments[0].sized
    return Price(size.scaled(STRING), Range(size.least // 4, size.most))


def _quote(target: Operand | None, arguments: list[Operand], overload: str) -> Price | None:
    size = arguments[0].sized
    return Price(size.scaled(STRING), Range(size.least + 2, size.most * 2 + 2 & MOST))


def _affix(target: Operand | None, arguments: list[Operand], overload: str) -> Price | None:
    return Price(arguments[0].sized.scaled(STRING))


def _sets(factor: float) -> Rule:
    def rule(target: Operand | None, arguments: list[Operand], overload: str) -> Price | None:
        return Price((arguments[0].sized * arguments[1].sized).scaled(factor) + ONE)

    return rule


# --- lists that are made anew ---


def _made(factor: float, size: Range) -> Price:
    return Price(size.scaled(factor) + ONE + exactly(LIST), size)


def _literal(operand: Operand, otherwise: int) -> int:
    found = operand.expr
    if not isinstance(found, Const) or found.kind != "int":
        return otherwise
    return max(0, int(found.value))


def _slice(target: Operand | None, arguments: list[Operand], overload: str) -> Price | None:
    if target is None:
        return None
    start, end = _literal(arguments[0], 0), _literal(arguments[1], target.sized.most)
    return _made(1, exactly(end - start & MOST))


def _range(target: Operand | None, arguments: list[Operand], overload: str) -> Price | None:
    return _made(1, exactly(_literal(arguments[0], MOST)))


def _reverse(target: Operand | None, arguments: list[Operand], overload: str) -> Price | None:
    return _made(1, target.sized) if target is not None else None


def _flatten(target: Operand | None, arguments: list[Operand], overload: str) -> Price | None:
    depth = _literal(arguments[0], MOST) if arguments else 1
    return _made(float(depth), target.sized) if target is not None else None


def _distinct(target: Operand | None, arguments: list[Operand], overload: str) -> Price | None:
    return _made(2, target.sized * target.sized) if target is not None else None


def _sorted(target: Operand | None, arguments: list[Operand], overload: str) -> Price | None:
    by = arguments[0] if arguments else target
    if by is None:
        return None
    texts = overload.startswith(("list_string_", "list_bytes_"))
    return _made(2 + STRING if texts else 2, by.sized * by.sized)


# --- tables ---


def _table(*rows: tuple[str, Rule]) -> dict[str, Rule]:
    return {name: rule for names, rule in rows for name in names.split()}


_BY_NAME: Final = _table(
    ("check", _fixed(exactly(350_000))),
    ("serviceAccount path group resource subresource namespace name allowed reason error errored format.named", _fixed(ONE)),
    ("masked prefixLength family isUnspecified isLoopback isLinkLocalMulticast isLinkLocalUnicast isGlobalUnicast", _fixed(ONE)),
    ("sign asInteger isInteger asApproximateFloat isGreaterThan isLessThan compareTo add sub major minor patch", _fixed(ONE)),
    ("getScheme getHostname getHost getPort getEscapedPath getQuery", _fixed(ONE)),
    ("isSorted sum max min indexOf lastIndexOf", _items),
    ("url jsonpatch.escapeKey", _first(STRING, keeps=True)),
    ("lowerAscii upperAscii substring trim", _itself(STRING)),
    ("cidr isIP isCIDR quantity isQuantity semver isSemver", _first(STRING)),
    ("ip.isCanonical", _first(2 * STRING)),
    ("fieldSelector labelSelector", _selector),
    ("containsIP containsCIDR", _within),
    ("replace", _replace), ("split", _split), ("join", _join), ("find findAll", _find), ("ip", _ip), ("validate", _format),
)  # fmt: skip
_BY_OVERLOAD: Final = _table(
    ("string_format", _text_format), ("string_to_bytes", _to_bytes), ("bytes_to_string", _to_text), ("strings_quote", _quote),
    ("starts_with_string ends_with_string", _affix), ("in_list", _in_list), ("matches_string", _matches), ("contains_string", _contains),
    ("list_sets_contains_list list_sets_intersects_list", _sets(1)), ("list_sets_equivalent_list", _sets(2)),
    ("list_slice", _slice), ("lists_range", _range), ("list_reverse", _reverse), ("list_flatten list_flatten_int", _flatten),
    ("list_distinct", _distinct),
)  # fmt: skip

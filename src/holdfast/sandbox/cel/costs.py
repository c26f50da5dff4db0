"""What an expression costs at most, by the sizes that its schema allows.

In: a checked expression and a function that knows the size of what a path leads to. Out: a range of cost units. The estimate decides whether
a rule may be written, so it is that of the real server to the last unit. Never: running anything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from holdfast.sandbox.cel import prices
from holdfast.sandbox.cel.checker import Checked
from holdfast.sandbox.cel.prices import Operand, Price
from holdfast.sandbox.cel.schemas import Decl
from holdfast.sandbox.cel.sizes import MOST, ONE, UNKNOWN, ZERO, Range, exactly
from holdfast.sandbox.cel.tree import RESULT, Call, Const, Expr, Fold, Ident, ListOf, MapOf, Message, Select
from holdfast.sandbox.cel.types import Type, unwrapped

Path = tuple[str, ...]
Sizes = Callable[[Path], Range | None]
_SCALARS: Final = ("bool", "double", "duration", "int", "timestamp", "uint")
_COMPARING: Final = (
    "equals",
    "not_equals",
    *(
        f"{word}_{kind}"
        for word in ("less", "less_equals", "greater", "greater_equals")
        for kind in ("string", "bytes")
    ),
)
_ADDING: Final = ("add_string", "add_bytes", "add_list")
_PLAIN_STRUCTS: Final = frozenset(
    [
        "kubernetes.Quantity",
        "kubernetes.Semver",
        *(
            f"kubernetes.authorization.{n}"
            for n in ("Authorizer", "PathCheck", "GroupCheck", "ResourceCheck", "Decision")
        ),
    ]
)
_FORMAT_SIZE: Final = 64


def estimate(checked: Checked, root: Decl | None) -> Range:
    """``root`` is what the first name of every path stands for."""
    return _Coster(checked, lambda path: _size_at(root, path)).cost(checked.tree)


def _size_at(root: Decl | None, path: Path) -> Range | None:
    here = root
    for step in path[1:]:
        if here is None:
            return None
        if step in ("@items", "@values"):
            here = here.item
        elif step == "@keys":
            here = Decl("string", 2) if here.kind == "map" else None
        else:
            here = (here.fields or {}).get(step)
    return Range(0, here.most) if here is not None and path else None


@dataclass(frozen=True, slots=True)
class _Entries:
    """The sizes of what a list or map that is written in the expression holds."""

    kind: str
    key: Range
    value: Range

    def or_(self, other: _Entries | None) -> _Entries | None:
        if other is None:
            return None
        return _Entries(self.kind, self.key.or_(other.key), self.value.or_(other.value))


@dataclass(frozen=True, slots=True)
class _Local:
    path: Path
    size: Range | None
    entries: _Entries | None = None


class _Coster:
    def __init__(self, checked: Checked, sizes: Sizes) -> None:
        self._types = checked.types
        self._overloads = checked.overloads
        self._sizes = sizes
        self._paths: dict[Expr, Path] = {}
        self._known: dict[Expr, Range] = {}
        self._entries: dict[Expr, _Entries] = {}
        self._locals: dict[str, list[_Local]] = {}

    def cost(self, expr: Expr) -> Range:
        return _RULES[type(expr)](self, expr)

    # --- what is known about a node ---

    def _type(self, expr: Expr) -> Type:
        return self._types[expr]

    def _local(self, name: str) -> _Local | None:
        stack = self._locals.get(name)
        return stack[-1] if stack else None

    def _path(self, expr: Expr) -> Path:
        if isinstance(expr, Ident):
            local = self._local(expr.name)
            if local is not None:
                return local.path
        return self._paths.get(expr, ())

    def _size(self, expr: Expr) -> Range | None:
        found = self._known.get(expr)
        if found is None:
            found = _literal_size(expr)
        if found is None:
            path = self._path(expr)
            found = self._sizes(path) if path else None
            if found is not None:
                self._known[expr] = found
        if found is None and _scalar(self._type(expr)):
            found = ONE
        if found is None and isinstance(expr, Ident):
            local = self._local(expr.name)
            found = local.size if local is not None else None
        return found

    def _sized(self, expr: Expr) -> Range:
        found = self._size(expr)
        return found if found is not None else UNKNOWN

    def _set_size(self, expr: Expr, size: Range | None) -> None:
        if size is not None:
            self._known[expr] = size

    def _entries_of(self, expr: Expr) -> _Entries | None:
        found = self._entries.get(expr)
        if found is None and isinstance(expr, Ident):
            local = self._local(expr.name)
            found = local.entries if local is not None else None
        return found

    def _set_entries(self, expr: Expr, entries: _Entries | None) -> None:
        if entries is not None:
            self._entries[expr] = entries

    def _operand(self, expr: Expr) -> Operand:
        path = self._path(expr)
        if path and path[0] == RESULT:
            path = ()
        kind = self._type(expr)
        item = None
        if kind[0] in ("list", "map") and path:
            item = self._sizes((*path, "@items"))
        return Operand(expr, kind, self._size(expr), item)

    # --- one rule for each sort of node ---

    def _const(self, expr: Expr) -> Range:
        return ZERO

    def _ident(self, expr: Expr) -> Range:
        assert isinstance(expr, Ident)
        local = self._local(expr.name)
        self._paths[expr] = local.path if local is not None else (expr.name,)
        return ONE

    def _select(self, expr: Expr) -> Range:
        assert isinstance(expr, Select)
        cost = self.cost(expr.operand)
        if expr.test:
            return cost
        self._paths[expr] = (*self._path(expr.operand), expr.name)
        return cost + ONE if self._type(expr.operand)[0] in ("map", "struct", "var") else cost

    def _list(self, expr: Expr) -> Range:
        assert isinstance(expr, ListOf)
        cost, size = ZERO, Range(MOST if expr.items else 0, 0)
        for item in expr.items:
            cost = cost + self.cost(item)
            size = size.or_(self._sized(item))
        self._entries[expr] = _Entries("list", ONE, size)
        return cost + exactly(prices.LIST)

    def _map(self, expr: Expr) -> Range:
        assert isinstance(expr, MapOf)
        cost = ZERO
        keys = values = Range(MOST if expr.entries else 0, 0)
        for entry in expr.entries:
            cost = cost + self.cost(entry.key) + self.cost(entry.value)
            keys = keys.or_(self._sized(entry.key))
            values = values.or_(self._sized(entry.value))
        self._entries[expr] = _Entries("map", keys, values)
        return cost + exactly(prices.MAP)

    def _message(self, expr: Expr) -> Range:
        assert isinstance(expr, Message)
        cost = exactly(prices.MESSAGE)
        for value in expr.values:
            cost = cost + self.cost(value)
        return cost

    def _fold(self, expr: Expr) -> Range:
        assert isinstance(expr, Fold)
        cost = self.cost(expr.over) + self.cost(expr.start)
        self._push(
            expr.result_name, _Local(self._path(expr.start), self._size(expr.start), self._entries_of(expr.start))
        )
        if expr.binds:
            cost = cost + self.cost(expr.result)
            self._locals[expr.result_name].pop()
            self._same_size(expr, expr.result)
            return cost
        names = self._push_items(expr)
        each = self.cost(expr.condition)
        each = self.cost(expr.step) + each
        for name in names:
            self._locals[name].pop()
        cost = cost + self.cost(expr.result)
        self._locals[expr.result_name].pop()
        count = self._sized(expr.over)
        self._fold_size(expr, count)
        return cost + count * each

    def _fold_size(self, expr: Fold, count: Range) -> None:
        if isinstance(expr.start, Const):
            self._set_size(expr, self._size(expr.start))
        elif isinstance(expr.start, (ListOf, MapOf)):
            self._set_size(expr, count)
            self._set_entries(expr, self._entries_of(expr.step))

    def _push(self, name: str, local: _Local) -> None:
        self._locals.setdefault(name, []).append(local)

    def _push_items(self, expr: Fold) -> list[str]:
        entries = self._entries_of(expr.over)
        path = self._path(expr.over)
        listed = (entries.kind if entries is not None else self._type(expr.over)[0]) == "list"
        key = _Local((*path, "@indices" if listed else "@keys"), entries.key if entries is not None else None)
        value = _Local((*path, "@items" if listed else "@values"), entries.value if entries is not None else None)
        if expr.value:
            self._push(expr.key, key)
            self._push(expr.value, value)
            return [expr.key, expr.value]
        self._push(expr.key, value if listed else key)
        return [expr.key]

    def _same_size(self, expr: Expr, other: Expr) -> None:
        self._set_size(expr, self._size(other))
        self._set_entries(expr, self._entries_of(other))

    # --- calls ---

    def _call(self, expr: Expr) -> Range:
        assert isinstance(expr, Call)
        if expr.name == "dyn":
            cost = ONE + self.cost(expr.args[0])
            self._same_size(expr, expr.args[0])
            return cost
        costs, operands = [], []
        for argument in expr.args:
            costs.append(self.cost(argument))
            operands.append(self._operand(argument))
        overloads = self._overloads.get(expr)
        if not overloads:
            return ZERO
        cost, target = ZERO, None
        if expr.target is not None:
            cost = self.cost(expr.target)
            target = self._operand(expr.target)
        return cost + self._dearest(expr, overloads, target, operands, costs)

    def _dearest(
        self, expr: Call, overloads: list[str], target: Operand | None, operands: list[Operand], costs: list[Range]
    ) -> Range:
        cost, size = Range(MOST, 0), None
        for overload in overloads:
            found = self._price(expr, overload, target, operands, costs)
            cost = cost.or_(found.cost)
            if found.size is not None:
                size = found.size if size is None else size.or_(found.size)
            if overload in ("index_list", "index_map"):
                entries = self._entries_of(expr.args[0])
                size = entries.value if entries is not None else None
                self._paths[expr] = (*self._path(expr.args[0]), "@items" if overload == "index_list" else "@values")
            if size is None:
                size = self._size(expr)
        self._set_size(expr, size)
        return cost

    def _price(
        self, expr: Call, overload: str, target: Operand | None, operands: list[Operand], costs: list[Range]
    ) -> Price:
        total = ZERO
        for cost in costs:
            total = total + cost
        found = prices.price(expr.name, overload, target, operands)
        if found is not None:
            return Price(found.cost + total, found.size)
        if overload in ("logical_and", "logical_or"):
            return Price(Range(costs[0].least, total.most))
        if overload == "conditional":
            return self._conditional(expr, operands, costs)
        if overload in _ADDING:
            return self._added(expr, overload, operands, total)
        if overload in _COMPARING:
            return Price(_compared(expr.name, operands) + total)
        return Price(ONE + total)

    def _conditional(self, expr: Call, operands: list[Operand], costs: list[Range]) -> Price:
        then, other = expr.args[1], expr.args[2]
        entries = self._entries_of(then)
        self._set_entries(expr, entries.or_(self._entries_of(other)) if entries is not None else None)
        return Price(costs[0] + costs[1].or_(costs[2]), operands[1].sized.or_(operands[2].sized))

    def _added(self, expr: Call, overload: str, operands: list[Operand], total: Range) -> Price:
        size = operands[0].sized + operands[1].sized
        entries = self._entries_of(expr.args[0])
        if entries is not None:
            self._set_entries(expr, entries.or_(self._entries_of(expr.args[1])))
        cost = ONE if overload == "add_list" else size.scaled(prices.STRING)
        return Price(cost + total, size)


def _compared(name: str, operands: list[Operand]) -> Range:
    special = _equality(operands[0].kind, operands[1].kind) if name == "_==_" else None
    if special is not None:
        return special
    most = min(operands[0].sized.most, operands[1].sized.most)
    return Range(1 if most else 0, most).scaled(prices.STRING)


def _equality(left: Type, right: Type) -> Range | None:
    """Types of the API server's own that compare at a price of their own."""
    if left != right or left[0] not in ("opaque", "struct"):
        return None
    if left[1] in ("net.IP", "net.CIDR") or left[1] in _PLAIN_STRUCTS:
        return ONE
    if left[1] == "kubernetes.NamedFormat":
        return Range(1, _FORMAT_SIZE).scaled(prices.STRING)
    return ONE.scaled(prices.STRING) if left[1] == "kubernetes.URL" else None


def _literal_size(expr: Expr) -> Range | None:
    if isinstance(expr, Const):
        return exactly(len(expr.value) if expr.kind in ("string", "bytes") else 1)
    if isinstance(expr, ListOf):
        return exactly(len(expr.items))
    return exactly(len(expr.entries)) if isinstance(expr, MapOf) else None


def _scalar(kind: Type) -> bool:
    inner, is_optional = unwrapped(kind)
    return _scalar(inner) if is_optional else kind[0] in _SCALARS


_RULES: Final[dict[type[Expr], Callable[[_Coster, Expr], Range]]] = {
    Const: _Coster._const, Ident: _Coster._ident, Select: _Coster._select, ListOf: _Coster._list, MapOf: _Coster._map, Message: _Coster._message,
    Fold: _Coster._fold, Call: _Coster._call,
}  # fmt: skip

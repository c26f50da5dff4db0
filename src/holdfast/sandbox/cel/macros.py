"""Macros written out as comprehensions: all, exists, map, filter and their kin, has, optMap, sortBy."""

from __future__ import annotations

from collections.abc import Callable

from holdfast.sandbox.cel.tree import RESULT, Call, Const, Expr, Fold, Ident, ListOf, MapOf, Select, Unreadable

_Build = Callable[[int, Expr, list[Expr], str, str], Expr]
"""Place, what it runs over, the arguments after the variables, and the variables (the second may be empty)."""


def expand(at: int, name: str, target: Expr | None, args: list[Expr]) -> Expr | None:
    """The macro's tree; None where the call is none."""
    shape = name, len(args)
    if target is None:
        return _has(at, args[0]) if shape == ("has", 1) else None
    if shape in _ONE:
        problem = "argument is not an identifier" if name in ("map", "filter") else "argument must be a simple name"
        return _ONE[shape](at, target, args[1:], _name(args[0], problem), "")
    if shape in _TWO:
        return _TWO[shape](at, target, args[2:], _name(args[0]), _name(args[1]))
    if name in _OPTIONAL and len(args) == 2:
        problem = f"{name}() variable name must be a simple identifier"
        return _optional(at, target, _name(args[0], problem), args[1], name == "optMap")
    return _sort_by(at, target, args) if shape == ("sortBy", 2) else None


def _name(expr: Expr, problem: str = "argument must be a simple name") -> str:
    if not isinstance(expr, Ident):
        raise Unreadable(problem, (expr.at, problem))
    return expr.name


def _has(at: int, expr: Expr) -> Expr:
    if not isinstance(expr, Select):
        problem = "invalid argument to has() macro"
        raise Unreadable(problem, (expr.at, problem))
    return Select(at, expr.operand, expr.name, True)


_OPTIONAL = ("optMap", "optFlatMap")


def _call(at: int, name: str, *args: Expr) -> Call:
    return Call(at, name, None, list(args))


def _accu(at: int) -> Ident:
    return Ident(at, RESULT)


def _fold(at: int, over: Expr, names: tuple[str, str], start: Expr, condition: Expr, step: Expr) -> Fold:
    return Fold(at, over, *names, RESULT, start, condition, step, _accu(at))


def _all(at: int, over: Expr, rest: list[Expr], key: str, value: str) -> Expr:
    condition = _call(at, "@not_strictly_false", _accu(at))
    step = _call(at, "_&&_", _accu(at), rest[0])
    return _fold(at, over, (key, value), Const(at, "bool", True), condition, step)


def _exists(at: int, over: Expr, rest: list[Expr], key: str, value: str) -> Expr:
    condition = _call(at, "@not_strictly_false", _call(at, "!_", _accu(at)))
    step = _call(at, "_||_", _accu(at), rest[0])
    return _fold(at, over, (key, value), Const(at, "bool", False), condition, step)


def _exists_one(at: int, over: Expr, rest: list[Expr], key: str, value: str) -> Expr:
    one_more = _call(at, "_+_", _accu(at), Const(at, "int", 1))
    step = _call(at, "_?_:_", rest[0], one_more, _accu(at))
    found = _fold(at, over, (key, value), Const(at, "int", 0), Const(at, "bool", True), step)
    found.result = _call(at, "_==_", _accu(at), Const(at, "int", 1))
    return found


def _gather(at: int, over: Expr, names: tuple[str, str], start: Expr, step: Expr, wanted: Expr | None) -> Expr:
    if wanted is not None:
        step = _call(at, "_?_:_", wanted, step, _accu(at))
    return _fold(at, over, names, start, Const(at, "bool", True), step)


def _map(at: int, over: Expr, rest: list[Expr], key: str, value: str) -> Expr:
    step = _call(at, "_+_", _accu(at), ListOf(at, [rest[-1]]))
    return _gather(at, over, (key, value), ListOf(at, []), step, rest[0] if len(rest) == 2 else None)


def _filter(at: int, over: Expr, rest: list[Expr], key: str, value: str) -> Expr:
    step = _call(at, "_+_", _accu(at), ListOf(at, [Ident(at, key)]))
    return _gather(at, over, (key, value), ListOf(at, []), step, rest[0])


def _to_map(at: int, over: Expr, rest: list[Expr], key: str, value: str) -> Expr:
    step = _call(at, "cel.@mapInsert", _accu(at), Ident(at, key), rest[-1])
    return _gather(at, over, (key, value), MapOf(at, []), step, rest[0] if len(rest) == 2 else None)


def _to_entries(at: int, over: Expr, rest: list[Expr], key: str, value: str) -> Expr:
    step = _call(at, "cel.@mapInsert", _accu(at), rest[-1])
    return _gather(at, over, (key, value), MapOf(at, []), step, rest[0] if len(rest) == 2 else None)


_ONE: dict[tuple[str, int], _Build] = {
    ("all", 2): _all, ("exists", 2): _exists, ("exists_one", 2): _exists_one, ("existsOne", 2): _exists_one,
    ("map", 2): _map, ("map", 3): _map, ("filter", 2): _filter,
}  # fmt: skip
_TWO: dict[tuple[str, int], _Build] = {
    ("all", 3): _all, ("exists", 3): _exists, ("exists_one", 3): _exists_one, ("existsOne", 3): _exists_one,
    ("transformList", 3): _map, ("transformList", 4): _map, ("transformMap", 3): _to_map, ("transformMap", 4): _to_map,
    ("transformMapEntry", 3): _to_entries, ("transformMapEntry", 4): _to_entries,
}  # fmt: skip


def _bound(at: int, name: str, value: Expr, inner: Expr) -> Expr:
    """``inner`` with ``name`` for ``value``."""
    return Fold(at, ListOf(at, []), "#unused", "", name, value, Const(at, "bool", False), Ident(at, name), inner)


def _optional(at: int, target: Expr, name: str, inner: Expr, wrap: bool) -> Expr:
    bound = _bound(at, name, Call(at, "value", target, []), inner)
    present = _call(at, "optional.of", bound) if wrap else bound
    return _call(at, "_?_:_", Call(at, "hasValue", target, []), present, _call(at, "optional.none"))


def _sort_by(at: int, target: Expr, args: list[Expr]) -> Expr:
    name = "@__sortBy_input__"
    keys = _map(at, Ident(at, name), args[1:], _name(args[0], "argument is not an identifier"), "")
    return _bound(at, name, target, Call(at, "@sortByAssociatedKeys", Ident(at, name), [keys]))

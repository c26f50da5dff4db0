"""Types of all parts of an expression, and what is wrong with them.

In: a tree and the types of its variables and objects. Out: a `Checked`: the type of each node, the overloads of each call, complaints with their
places. The rules of inference are those of the language's reference checker. Never: costs, evaluation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from holdfast.sandbox.cel import functions, types
from holdfast.sandbox.cel.functions import Overload
from holdfast.sandbox.cel.schemas import RESERVED
from holdfast.sandbox.cel.tree import (
    Call,
    Const,
    Expr,
    Fold,
    Ident,
    ListOf,
    MapOf,
    Message,
    Select,
    path_of,
)
from holdfast.sandbox.cel.types import BOOL, DYN, ERROR, INT, STRING, Bindings, Type

Fields = Mapping[str, Mapping[str, Type]]
"""Names of objects, and the types of their fields."""

_NAMED: Final = ("bool", "bytes", "double", "dyn", "int", "string", "uint")
_OTHER_NAMES: Final = {
    "list": types.list_of(DYN), "map": types.map_of(DYN, DYN), "null_type": types.NULL, "google.protobuf.Duration": ("duration",),
    "google.protobuf.Timestamp": ("timestamp",), "kubernetes.Quantity": ("struct", "kubernetes.Quantity"), "kubernetes.URL": ("struct", "kubernetes.URL"),
    "kubernetes.Semver": ("struct", "kubernetes.Semver"), "net.IP": ("opaque", "net.IP"), "net.CIDR": ("opaque", "net.CIDR"),
    "optional_type": types.optional(DYN),
}  # fmt: skip

_MESSAGES: Final = {
    "google.protobuf.Duration": ("duration",), "google.protobuf.Timestamp": ("timestamp",), "google.protobuf.Value": DYN,
    "google.protobuf.ListValue": types.list_of(DYN), "google.protobuf.Struct": types.map_of(STRING, DYN),
}  # fmt: skip

_PATCH: Final = {"op": STRING, "path": STRING, "from": STRING, "value": DYN}


class Checked:
    """What is known about an expression."""

    def __init__(self, tree: Expr) -> None:
        self.tree = tree
        self.types: dict[Expr, Type] = {}
        self.overloads: dict[Expr, list[str]] = {}
        self.names: set[str] = set()
        """The variables it reads."""
        self.problems: list[tuple[int, str]] = []

    @property
    def kind(self) -> Type:
        return self.types[self.tree]


def check(tree: Expr, variables: Mapping[str, Type], fields: Fields, *, constructs: bool = False) -> Checked:
    """``constructs``: whether ``Object`` and ``JSONPatch`` may be made, as mutations do."""
    checker = _Checker(tree, variables, fields, constructs)
    checker.run()
    return checker.found


class _Checker:
    def __init__(self, tree: Expr, variables: Mapping[str, Type], fields: Fields, constructs: bool) -> None:
        self.found = Checked(tree)
        self._constructs = constructs
        self._scopes: list[dict[str, Type]] = [dict(variables)]
        self._fields = fields
        self._bound: Bindings = {}
        self._count = 0
        self._table = functions.table(constructs)

    def run(self) -> None:
        self._check(self.found.tree)
        for expr, kind in self.found.types.items():
            self.found.types[expr] = types.resolved(self._bound, kind, True)

    # --- helpers ---

    def _check(self, expr: Expr) -> Type:
        kind = _RULES[type(expr)](self, expr)
        self.found.types[expr] = kind
        return kind

    def _told(self, expr: Expr, text: str) -> None:
        self.found.problems.append((expr.at, text))

    def _mismatch(self, expr: Expr, wanted: Type, got: Type) -> None:
        self._told(expr, f"expected type '{types.shown(wanted)}' but found '{types.shown(got)}'")

    def _undeclared(self, expr: Expr, name: str) -> Type:
        self._told(expr, f"undeclared reference to '{name}' (in container '')")
        return ERROR

    def _fresh(self) -> Type:
        self._count += 1
        return ("var", f"_var{self._count - 1}")

    def _assign(self, left: Type, right: Type) -> bool:
        found = types.assignable(self._bound, left, right)
        if found is not None:
            self._bound = found
        return found is not None

    def _lookup(self, name: str) -> Type | None:
        for scope in reversed(self._scopes):
            if name in scope:
                self.found.names.add(name)
                return scope[name]
        if name in _NAMED:
            return ("type", (name,))
        return ("type", _OTHER_NAMES[name]) if name in _OTHER_NAMES else None

    # --- one rule for each sort of node ---

    def _const(self, expr: Expr) -> Type:
        assert isinstance(expr, Const)
        return (expr.kind,)

    def _ident(self, expr: Expr) -> Type:
        assert isinstance(expr, Ident)
        kind = self._lookup(expr.name)
        return kind if kind is not None else self._undeclared(expr, expr.name)

    def _select(self, expr: Expr) -> Type:
        assert isinstance(expr, Select)
        path = path_of(expr)
        if path:
            kind = self._lookup(path)
            if kind is not None:
                return kind
        kind = self._field(expr, expr.operand, expr.name, False)
        return BOOL if expr.test else types.resolved(self._bound, kind)

    def _field(self, expr: Expr, operand: Expr, name: str, optional: bool) -> Type:
        kind, was_optional = types.unwrapped(types.resolved(self._bound, self._check(operand)))
        if kind[0] == "map":
            found = kind[2]
        elif kind[0] == "struct":
            found = self._declared(expr, str(kind[1]), name)
        else:
            if kind[0] == "var":
                self._assign(DYN, kind)
            elif not types.wild(kind):
                self._told(expr, f"type '{types.shown(kind)}' does not support field selection")
            found = DYN
        return types.optional(found) if optional or was_optional else found

    def _declared(self, expr: Expr, struct: str, name: str) -> Type:
        known = self._fields.get(struct)
        if known is None:
            self._told(expr, f"unexpected failed resolution of '{struct}'")
            return ERROR
        for spelling in (name, f"__{name}__"):
            if spelling in known and (spelling == name or name in RESERVED):
                return known[spelling]
        self._told(expr, f"undefined field '{name}'")
        return ERROR

    def _list(self, expr: Expr) -> Type:
        assert isinstance(expr, ListOf)
        joined: Type | None = None
        for index, item in enumerate(expr.items):
            kind = self._entry(item, index in expr.optional)
            joined = self._join(joined, kind)
        return types.list_of(joined if joined is not None else self._fresh())

    def _entry(self, expr: Expr, optional: bool) -> Type:
        kind = self._check(expr)
        if not optional:
            return kind
        inner, is_optional = types.unwrapped(kind)
        if not is_optional and kind[0] != "dyn":
            self._mismatch(expr, types.optional(kind), kind)
        return inner

    def _map(self, expr: Expr) -> Type:
        assert isinstance(expr, MapOf)
        keys: Type | None = None
        values: Type | None = None
        for entry in expr.entries:
            keys = self._join(keys, self._check(entry.key))
            values = self._join(values, self._entry(entry.value, entry.optional))
        if keys is None or values is None:
            return types.map_of(self._fresh(), self._fresh())
        return types.map_of(keys, values)

    def _join(self, before: Type | None, kind: Type) -> Type:
        if before is None:
            return kind
        if self._assign(before, kind):
            return types.general(before, kind)
        return DYN

    def _message(self, expr: Expr) -> Type:
        assert isinstance(expr, Message)
        for value in expr.values:
            self._check(value)
        known = _MESSAGES.get(expr.name)
        if known is None and self._constructs and expr.name.partition(".")[0] in ("Object", "JSONPatch"):
            return self._constructed(expr)
        return known if known is not None else self._undeclared(expr, expr.name)

    def _constructed(self, expr: Message) -> Type:
        """An object takes any fields, a patch its own."""
        for member in expr.members if expr.name == "JSONPatch" else ():
            kind = self.found.types[member.value]
            wanted = _PATCH.get(member.name)
            if wanted is None or not self._assign(wanted, kind):
                shown = types.shown(wanted) if wanted is not None else ""
                text = f"expected type of field '{member.name}' is '{shown}' but provided type is '{types.shown(kind)}'"
                self.found.problems.append((member.at, text))
        return ("struct", expr.name)

    def _fold(self, expr: Expr) -> Type:
        assert isinstance(expr, Fold)
        over = types.resolved(self._bound, self._check(expr.over))
        gathered = self._check(expr.start)
        self._scopes.append({expr.result_name: gathered})
        first, second = self._range(expr, over)
        self._scopes.append({expr.key: first} | ({expr.value: second} if expr.value else {}))
        self._expect(expr.condition, BOOL)
        self._expect(expr.step, gathered)
        self._scopes.pop()
        result = self._check(expr.result)
        self._scopes.pop()
        return types.resolved(self._bound, result)

    def _range(self, expr: Fold, over: Type) -> tuple[Type, Type]:
        if over[0] == "list":
            return (INT, over[1]) if expr.value else (over[1], ERROR)
        if over[0] == "map":
            return over[1], over[2]
        if over[0] in ("dyn", "error", "var"):
            self._assign(DYN, over)
            return DYN, DYN
        text = f"expression of type '{types.shown(over)}' cannot be range of a comprehension (must be list, map, or dynamic)"
        self._told(expr.over, text)
        return ERROR, ERROR

    def _expect(self, expr: Expr, wanted: Type) -> None:
        kind = self._check(expr)
        if not self._assign(wanted, kind):
            self._mismatch(expr, wanted, kind)

    # --- calls ---

    def _call(self, expr: Expr) -> Type:
        assert isinstance(expr, Call)
        if expr.name == "_?._":
            field = expr.args[1]
            assert isinstance(field, Const)
            self.found.types[field] = STRING
            self.found.overloads[expr] = ["select_optional_field"]
            return types.resolved(self._bound, self._field(expr, expr.args[0], str(field.value), True))
        for argument in expr.args:
            self._check(argument)
        if expr.target is not None and not self._qualified(expr):
            self._check(expr.target)
        overloads = self._table.get(expr.name)
        if overloads is None:
            return self._undeclared(expr, expr.name)
        return self._resolve(expr, overloads)

    def _qualified(self, call: Call) -> bool:
        """``sets.contains(a, b)`` is a call of the function of that whole name."""
        assert call.target is not None
        path = path_of(call.target)
        if not path or f"{path}.{call.name}" not in self._table:
            return False
        call.name, call.target = f"{path}.{call.name}", None
        return True

    def _resolve(self, expr: Call, overloads: tuple[Overload, ...]) -> Type:
        arguments = [self.found.types[a] for a in (*([expr.target] if expr.target else []), *expr.args)]
        if expr.name in ("_&&_", "_||_"):
            return self._logical(expr, overloads[0], arguments)
        result: Type | None = None
        keys: list[str] = []
        for overload in overloads:
            if overload.member != (expr.target is not None):
                continue
            found = self._matched(overload, arguments)
            if found is None:
                continue
            keys.append(overload.key)
            if result is None:
                result = found
            elif result != DYN and found != result:
                result = DYN
        if result is None:
            shown = types.signature([types.resolved(self._bound, a, True) for a in arguments], expr.target is not None)
            self._told(expr, f"found no matching overload for '{expr.name}' applied to '{shown}'")
            return ERROR
        self.found.overloads[expr] = keys
        return result

    def _matched(self, overload: Overload, arguments: list[Type]) -> Type | None:
        fresh: Bindings = {variable: self._fresh() for variable in overload.variables}
        wanted = [types.resolved(fresh, kind) for kind in overload.arguments]
        found = types.assignable_all(self._bound, arguments, wanted)
        if found is None:
            return None
        self._bound = found
        return types.resolved(self._bound, types.resolved(fresh, overload.result))

    def _logical(self, expr: Call, overload: Overload, arguments: list[Type]) -> Type:
        good = True
        for argument, kind in zip(expr.args, arguments, strict=True):
            if not self._assign(kind, BOOL):
                self._mismatch(argument, BOOL, kind)
                good = False
        if not good:
            return ERROR
        self.found.overloads[expr] = [overload.key]
        return BOOL


_RULES: Final[dict[type[Expr], Callable[[_Checker, Expr], Type]]] = {
    Const: _Checker._const, Ident: _Checker._ident, Select: _Checker._select, ListOf: _Checker._list, MapOf: _Checker._map, Message: _Checker._message,
    Fold: _Checker._fold, Call: _Checker._call,
}  # fmt: skip


def report(source: str, problems: list[tuple[int, str]]) -> str:
    """All complaints as the reference checker prints them, in the order of their places."""
    lines = source.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    found: list[tuple[int, int, str]] = []
    for at, text in problems:
        row = next(i for i in range(len(lines)) if at < starts[i + 1])
        found.append((row, at - starts[row], text))
    found.sort(key=lambda f: f[:2])
    return "\n".join(_one(lines[row], row, column, text) for row, column, text in found)


def _one(line: str, row: int, column: int, text: str) -> str:
    shown = line.replace("\t", " ")
    dots = "".join("．" if ord(c) > 127 else "." for c in shown[:column])
    mark = "\uff3e" if column < len(shown) and ord(shown[column]) > 127 else "^"
    return f"ERROR: <input>:{row + 1}:{column + 1}: {text}\n | {shown}\n | {dots}{mark}"

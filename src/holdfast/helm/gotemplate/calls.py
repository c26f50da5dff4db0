"""Function calls: arguments checked against Go's types, results and errors handed on as Go does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from holdfast.helm.go.errors import GoError
from holdfast.helm.go.types import INVALID, GoSlice, Method, SizedInt, type_name
from holdfast.helm.go.values import Values
from holdfast.helm.gotemplate.bounds import COSTS, LARGE, SIZED, WALKERS, size_steps, text_steps, weight_steps
from holdfast.helm.gotemplate.nodes import BoolNode, NilNode, Node, NumberNode, StringNode
from holdfast.helm.gotemplate.runtime import Eval, Frame, Site

_SHOWN = {"any": "interface {}", "rv": "reflect.Value"}
_NILABLE = ("any", "rv", "error")
_EXACT: dict[str, type] = {"string": str, "int": int, "float64": float, "bool": bool}
_SMALL = frozenset((str, int, bool, float, type(None)))
_INTEGERS = frozenset(("int", "int64", "int32", "time.Duration", "time.Month"))
_UNSIGNED = frozenset(("uint32", "uint64", "uint8"))


def shown(typ: str) -> str:
    return _SHOWN.get(typ, typ)


def can_be_nil(typ: str) -> bool:
    return typ in _NILABLE or typ.startswith(("map[", "[]", "*"))


def assignable(value: Any, typ: str) -> bool:
    exact = _EXACT.get(typ)
    if exact is not None:
        return type(value) is exact
    if typ == "map[string]interface {}":
        return type(value) is dict or type_name(value) in ("map[string]interface {}", Values.go_type)
    if typ == "[]interface {}":
        return type(value) is list or (isinstance(value, GoSlice) and value.elem == "interface {}")
    if typ == "[]string":
        return isinstance(value, GoSlice) and value.elem == "string"
    return type_name(value) == typ


def convert(value: Any, typ: str, site: Site, dug: bool) -> Any:
    """Go's validateType. ``dug``: the value came out of a pipeline, where nil has become the invalid value."""
    if value is INVALID or (value is None and dug):
        if can_be_nil(typ):
            return None
        site.fail(f"invalid value; expected {shown(typ)}")
    if assignable(value, typ):
        return value
    got = "interface {}" if value is None else type_name(value)
    return site.fail(f"wrong type for value; expected {shown(typ)}; got {got}")


def checked(get: Eval, typ: str, site: Site, dug: bool) -> Eval:
    """An argument of type ``typ``; ``site`` is the node that was evaluated last."""
    if typ == "rv":
        return get
    if typ == "any":

        def run_any(f: Frame, dot: Any) -> Any:
            value = get(f, dot)
            return None if value is INVALID else value

        return run_any
    exact = _EXACT.get(typ, dict if typ.startswith("map[string]interface") else None)

    def run(f: Frame, dot: Any) -> Any:
        value = get(f, dot)
        return value if type(value) is exact else convert(value, typ, site, dug)

    return run


def ideal_constant(node: NumberNode, site: Site) -> Any:
    """A number without a wanted type: complex, float64 or int."""
    text = node.text
    if node.as_complex is not None:
        return node.as_complex
    hexadecimal = text[:2] in ("0x", "0X") and "p" not in text and "P" not in text
    if node.as_float is not None and not hexadecimal and text[0] != "'" and any(c in text for c in ".eEpP"):
        return node.as_float
    if node.as_int is not None:
        return node.as_int
    return site.fail(f"{text} overflows int")


def literal(node: Node, typ: str, site: Site) -> Any:
    """A literal as an argument of a type."""
    if isinstance(node, NilNode):
        if can_be_nil(typ):
            return INVALID if typ == "rv" else None
        site.fail(f"cannot assign nil to {shown(typ)}")
    if typ in ("any", "rv"):
        return _free_literal(node, site)
    if typ == "string":
        return node.text if isinstance(node, StringNode) else site.fail(f"expected string; found {node}")
    if typ == "bool":
        return node.value if isinstance(node, BoolNode) else site.fail(f"expected bool; found {node}")
    return _number_literal(node, typ, site)


def _free_literal(node: Node, site: Site) -> Any:
    if isinstance(node, BoolNode):
        return node.value
    if isinstance(node, StringNode):
        return node.text
    assert isinstance(node, NumberNode)
    return ideal_constant(node, site)


def _number_literal(node: Node, typ: str, site: Site) -> Any:
    number = node if isinstance(node, NumberNode) else None
    if typ in _INTEGERS:
        if number is None or number.as_int is None:
            site.fail(f"expected integer; found {node}")
        return _sized(number.as_int, typ)
    if typ in _UNSIGNED:
        if number is None or number.as_uint is None:
            site.fail(f"expected unsigned integer; found {node}")
        return _sized(number.as_uint, typ)
    if typ == "float64":
        if number is None or number.as_float is None:
            site.fail(f"expected float; found {node}")
        return number.as_float
    return site.fail(f"can't handle {node} for arg of type {shown(typ)}")


def _sized(value: int, typ: str) -> int:
    found = next((cls for cls in SizedInt.__subclasses__() if cls.go_type == typ), None)
    return found(value) if found is not None else value


def check_count(found: Method, given: int, piped: int, site: Site) -> None:
    """``given`` arguments and perhaps one from the pipe."""
    wanted = len(found.params)
    if found.variadic:
        if given + piped < wanted - 1:
            site.fail(f"wrong number of args for {found.name}: want at least {wanted - 1} got {given}")
    elif given + piped != wanted:
        site.fail(f"wrong number of args for {found.name}: want {wanted} got {given + piped}")


def param_type(found: Method, index: int) -> str:
    return found.params[min(index, len(found.params) - 1)]


def protect(found: Method, site: Site, *args: Any) -> Any:
    """Call it; an error becomes ``error calling NAME``, at the site."""
    try:
        return found.call(*args)
    except GoError as fault:
        error_calling(found.name, site, fault)


def error_calling(name: str, site: Site, fault: GoError) -> Any:
    site.fail(f"error calling {name}: {fault.text}", fault)


def call(found: Method, args: list[Eval], site: Site) -> Eval:
    """Call a function with evaluated arguments; ``site`` is the whole command."""
    if found.frame:
        return _with_frame(found, args, site)
    if found.name in WALKERS or found.name in COSTS:
        return _call_costly(found, args, site)
    by_count: dict[int, Callable[[Method, list[Eval], Site], Eval]] = {0: _call0, 1: _call1, 2: _call2, 3: _call3}
    return by_count.get(len(args), _call_many)(found, args, site)


def _with_frame(found: Method, args: list[Eval], site: Site) -> Eval:
    function, name, cost = found.call, found.name, COSTS.get(found.name, 0)
    if len(args) != 2 or cost:
        walks = name in WALKERS

        def run_many(f: Frame, dot: Any) -> Any:
            values = [a(f, dot) for a in args]
            try:
                f.rt.spend(cost + (weight_steps(values) if walks else 0))
                if walks and type(values[0]) is str:
                    f.rt.spend(text_steps(name, values[0]))
                made = function(f, *values)
                if type(made) in SIZED and len(made) > LARGE:
                    f.rt.spend(size_steps(made))
                return made
            except GoError as fault:
                error_calling(name, site, fault)

        return run_many
    first, second = args

    # include and tpl come here: called without unpacking, so that deep recursion stays off the C stack.
    def run(f: Frame, dot: Any) -> Any:
        x = first(f, dot)
        y = second(f, dot)
        try:
            made = function(f, x, y)
            if type(made) in SIZED and len(made) > LARGE:
                f.rt.spend(size_steps(made))
            return made
        except GoError as fault:
            error_calling(name, site, fault)

    return run


def _call_costly(found: Method, args: list[Eval], site: Site) -> Eval:
    """A function that takes long, or as long as its arguments are large."""
    function, name, cost = found.call, found.name, COSTS.get(found.name, 0)

    def run(f: Frame, dot: Any) -> Any:
        values = [a(f, dot) for a in args]
        try:
            for value in values:
                if type(value) not in _SMALL or (type(value) is str and len(value) > LARGE):
                    f.rt.spend(weight_steps(value))
                    if type(value) is str:
                        f.rt.spend(text_steps(name, value))
            if cost:
                f.rt.spend(cost)
            made = function(*values)
            if type(made) in SIZED and len(made) > LARGE:
                f.rt.spend(size_steps(made))
            return made
        except GoError as fault:
            error_calling(name, site, fault)

    return run


def _call0(found: Method, args: list[Eval], site: Site) -> Eval:
    function, name = found.call, found.name

    def run(f: Frame, dot: Any) -> Any:
        try:
            made = function()
            if type(made) in SIZED and len(made) > LARGE:
                f.rt.spend(size_steps(made))
            return made
        except GoError as fault:
            error_calling(name, site, fault)

    return run


def _call1(found: Method, args: list[Eval], site: Site) -> Eval:
    function, name, first = found.call, found.name, args[0]

    def run(f: Frame, dot: Any) -> Any:
        x = first(f, dot)
        try:
            made = function(x)
            if type(made) in SIZED and len(made) > LARGE:
                f.rt.spend(size_steps(made))
            return made
        except GoError as fault:
            error_calling(name, site, fault)

    return run


def _call2(found: Method, args: list[Eval], site: Site) -> Eval:
    function, name = found.call, found.name
    first, second = args

    def run(f: Frame, dot: Any) -> Any:
        x = first(f, dot)
        y = second(f, dot)
        try:
            made = function(x, y)
            if type(made) in SIZED and len(made) > LARGE:
                f.rt.spend(size_steps(made))
            return made
        except GoError as fault:
            error_calling(name, site, fault)

    return run


def _call3(found: Method, args: list[Eval], site: Site) -> Eval:
    function, name = found.call, found.name
    first, second, third = args

    def run(f: Frame, dot: Any) -> Any:
        x = first(f, dot)
        y = second(f, dot)
        z = third(f, dot)
        try:
            made = function(x, y, z)
            if type(made) in SIZED and len(made) > LARGE:
                f.rt.spend(size_steps(made))
            return made
        except GoError as fault:
            error_calling(name, site, fault)

    return run


def _call_many(found: Method, args: list[Eval], site: Site) -> Eval:
    function, name = found.call, found.name

    def run(f: Frame, dot: Any) -> Any:
        values = [a(f, dot) for a in args]
        try:
            made = function(*values)
            if type(made) in SIZED and len(made) > LARGE:
                f.rt.spend(size_steps(made))
            return made
        except GoError as fault:
            error_calling(name, site, fault)

    return run

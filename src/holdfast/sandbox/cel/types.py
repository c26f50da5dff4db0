"""Types of expressions, and how they unify.

A type is a tuple: its kind, then a name or its parameters. ``("list", ("int",))``, ``("struct", "kubernetes.URL")``, ``("opaque", "net.IP")``,
``("var", "_var3")``. Never: expressions.
"""

from __future__ import annotations

from typing import Any

Type = tuple[Any, ...]
Bindings = dict[Type, Type]

DYN: Type = ("dyn",)
ERROR: Type = ("error",)
BOOL: Type = ("bool",)
INT: Type = ("int",)
STRING: Type = ("string",)
NULL: Type = ("null",)
_NULLABLE = ("opaque", "struct", "duration", "timestamp")


def list_of(item: Type) -> Type:
    return ("list", item)


def map_of(key: Type, value: Type) -> Type:
    return ("map", key, value)


def optional(inner: Type) -> Type:
    return ("opaque", "optional_type", inner)


def unwrapped(kind: Type) -> tuple[Type, bool]:
    """What an optional holds, and whether it is one."""
    return (kind[2], True) if kind[:2] == ("opaque", "optional_type") else (kind, False)


def parameters(kind: Type) -> Type:
    if kind[0] in ("list", "map", "type"):
        return kind[1:]
    return kind[2:] if kind[0] == "opaque" else ()


def shown(kind: Type) -> str:
    """The checker's name for a type."""
    if kind[0] == "error":
        return "!error!"
    if kind[0] in ("struct", "var"):
        return str(kind[1])
    name = kind[1] if kind[0] == "opaque" else kind[0]
    inner = parameters(kind)
    return f"{name}({', '.join(map(shown, inner))})" if inner else str(name)


def signature(arguments: list[Type], member: bool) -> str:
    """``string.(int, int)``"""
    head = f"{shown(arguments[0])}." if member else ""
    return f"{head}({', '.join(map(shown, arguments[1:] if member else arguments))})"


def wild(kind: Type) -> bool:
    return kind[0] in ("dyn", "error")


# --- unification ---------------------------------------------------------------


def assignable(bound: Bindings, left: Type, right: Type) -> Bindings | None:
    """The bindings under which ``left`` may stand for ``right``; None where there are none."""
    found = dict(bound)
    return found if _fits(found, left, right) else None


def assignable_all(bound: Bindings, left: list[Type], right: list[Type]) -> Bindings | None:
    found = dict(bound)
    return found if _fit_all(found, left, right) else None


def _fit_all(bound: Bindings, left: Any, right: Any) -> bool:
    return len(left) == len(right) and all(_fits(bound, a, b) for a, b in zip(left, right, strict=True))


def _fits(bound: Bindings, left: Type, right: Type) -> bool:
    if right[0] == "var":
        valid, known = _substitutes(bound, left, right)
        if valid or known:
            return valid
    if left[0] == "var":
        return _substitutes(bound, right, left)[0]
    if wild(left) or wild(right):
        return True
    if "null" in (left[0], right[0]):
        other = right if left[0] == "null" else left
        return bool(other[0] == "null" or other[0] in _NULLABLE)
    if left[0] == "type":
        return bool(right[0] == "type")
    if left[0] in ("opaque", "list", "map"):
        same = left[0] == right[0] and (left[0] != "opaque" or left[1] == right[1])
        return same and _fit_all(bound, parameters(left), parameters(right))
    return left == right


def _substitutes(bound: Bindings, kind: Type, variable: Type) -> tuple[bool, bool]:
    """Whether ``variable`` may stand for ``kind``, and whether it is bound."""
    if kind == variable:
        return True, True
    before = bound.get(variable)
    if before is not None:
        if kind == before:
            return True, True
        if _fits(bound, kind, before):
            wider = general(kind, before)
            if _absent(bound, variable, wider):
                bound[variable] = wider
            return True, True
        return False, True
    if _absent(bound, variable, kind):
        bound[variable] = kind
        return True, False
    return False, False


def _absent(bound: Bindings, variable: Type, within: Type) -> bool:
    """Whether a variable does not occur in a type."""
    if variable == within:
        return False
    if within[0] == "var":
        inner = bound.get(within)
        return inner is None or _absent(bound, variable, inner)
    return all(_absent(bound, variable, part) for part in parameters(within))


def general(left: Type, right: Type) -> Type:
    """The less specific of two types that unify."""
    return left if _covers(left, right) else right


def _covers(left: Type, right: Type) -> bool:
    if left[0] in ("dyn", "var"):
        return True
    if right[0] in ("dyn", "var") or left[0] != right[0]:
        return False
    if left[0] == "opaque" and (left[1] != right[1] or len(left) != len(right)):
        return False
    if left[0] in ("opaque", "list", "map"):
        return all(_covers(a, b) for a, b in zip(parameters(left), parameters(right), strict=True))
    return left[0] == "type" or left == right


def resolved(bound: Bindings, kind: Type, final: bool = False) -> Type:
    """A type with its variables replaced; what is free is ``dyn`` when ``final``."""
    found = bound.get(kind)
    if found is not None:
        return resolved(bound, found, final)
    if kind[0] == "var":
        return DYN if final else kind
    inner = parameters(kind)
    if not inner:
        return kind
    head = kind[: len(kind) - len(inner)]
    return (*head, *(resolved(bound, part, final) for part in inner))

"""Fields and methods: ``.a.b``, ``$x.a``, ``(pipeline).a``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from holdfast.helm.go.types import INVALID, GoMap, GoStruct, Method, type_name
from holdfast.helm.go.values import VALUES_METHODS, Values
from holdfast.helm.gotemplate.calls import check_count, protect
from holdfast.helm.gotemplate.runtime import Eval, Frame, Site

# Calls a method of a receiver with the arguments of the expression: (frame, dot, receiver, method) -> value.
Invoke = Callable[[Frame, Any, Any, Method], Any]


def chain(start: Eval, names: list[str], site: Site, static: str) -> Eval:
    """Fields without arguments. ``static`` is the Go type of the start where it is an interface, else ""."""
    invoke = _no_arguments(site)
    wanted = tuple(names)
    plain = not VALUES_METHODS.intersection(names)

    def run(f: Frame, dot: Any) -> Any:
        v = first = start(f, dot)
        for name in wanted:
            kind = type(v)
            if kind is dict or (kind is Values and plain):
                v = v.get(name)
            else:
                return walk(f, dot, first, static, wanted, site, invoke, False)
        return v

    return run


def dot_chain(names: list[str], site: Site, static: str) -> Eval:
    """As ``chain`` from the dot itself: by far the most frequent expression of all."""
    invoke = _no_arguments(site)
    wanted = tuple(names)
    plain = not VALUES_METHODS.intersection(names)

    def run(f: Frame, dot: Any) -> Any:
        v = dot
        for name in wanted:
            kind = type(v)
            if kind is dict or (kind is Values and plain):
                v = v.get(name)
            else:
                return walk(f, dot, dot, static, wanted, site, invoke, False)
        return v

    return run


def chain_call(start: Eval, names: list[str], site: Site, static: str, invoke: Invoke) -> Eval:
    """Fields whose last one is given arguments: it has to be a method."""
    wanted = tuple(names)

    def run(f: Frame, dot: Any) -> Any:
        return walk(f, dot, start(f, dot), static, wanted, site, invoke, True)

    return run


def _no_arguments(site: Site) -> Invoke:
    def invoke(f: Frame, dot: Any, receiver: Any, found: Method) -> Any:
        check_count(found, 0, 0, site)
        return protect(found, site, receiver)

    return invoke


def walk(
    f: Frame, dot: Any, value: Any, static: str, names: tuple[str, ...], site: Site, invoke: Invoke, has_args: bool
) -> Any:
    """The chain step by step, with Go's types for Go's errors."""
    plain = _no_arguments(site)
    last = len(names) - 1
    for i, name in enumerate(names):
        value, static = _step(f, dot, value, static, name, site, invoke if i == last else plain, has_args and i == last)
    return value


def _step(
    f: Frame, dot: Any, value: Any, static: str, name: str, site: Site, invoke: Invoke, has_args: bool
) -> tuple[Any, str]:
    if value is INVALID:
        return INVALID, ""
    shown = static or type_name(value)
    if value is None:
        site.fail(f"nil pointer evaluating {static or 'interface {}'}.{name}")
    methods: dict[str, Method] | None = getattr(type(value), "methods", None)
    if methods is not None and name in methods:
        return invoke(f, dot, value, methods[name]), ""
    if isinstance(value, dict):
        if has_args:
            site.fail(f"{name} is not a method but has arguments")
        return _map_value(value, name, site)
    if isinstance(value, GoStruct) and name in value.fields:
        if has_args:
            site.fail(f"{name} has arguments but cannot be invoked as function")
        attribute, kind = value.fields[name]
        return getattr(value, attribute), kind if kind == "interface {}" else ""
    return site.fail(f"can't evaluate field {name} in type {shown}")


def _map_value(value: dict[str, Any], name: str, site: Site) -> tuple[Any, str]:
    absent = getattr(value, "absent", None)
    if absent is not None and name not in value:
        return absent(name, site), ""
    if isinstance(value, GoMap):
        return (value[name] if name in value else value.zero()), ""
    return value.get(name), "interface {}"

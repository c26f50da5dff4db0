"""Sprig's arithmetic: casts as spf13/cast makes them, 64-bit integers, decimal floats."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from holdfast.helm.go.errors import GoError
from holdfast.helm.go.format import to_string
from holdfast.helm.go.strconv import parse_float, parse_int
from holdfast.helm.go.types import INVALID, GoSlice, Int64, wrap64

# Decimals of shopspring/decimal have no bound; its division stops after 16 places.
_EXACT = Context(prec=800)
_PLACES = Decimal(1).scaleb(-16)
_MAX_LIST = 5_000_000


def _to_integer(value: Any) -> int:
    kind = type(value)
    if kind is int or kind is Int64:
        return int(value)
    if kind is float:
        return _float_to_int(value)
    if kind is str:
        return _text_to_int(value)
    if value is None or value is INVALID:
        return 0
    return int(value) if isinstance(value, int) else 0


def _float_to_int(value: float) -> int:
    """Go's conversion on amd64: what does not fit is the smallest integer."""
    if math.isnan(value) or not -9.223372036854776e18 <= value < 9.223372036854776e18:
        return -(1 << 63)
    return int(value)


def _text_to_int(text: str) -> int:
    try:
        return parse_int(_trim_zero_decimal(text))
    except GoError:
        return 0


def _trim_zero_decimal(text: str) -> str:
    """ "5.00" -> "5"; "5." and "5.01" stay."""
    found_zero = False
    for i in range(len(text) - 1, -1, -1):
        if text[i] == ".":
            if found_zero:
                return text[:i]
        elif text[i] == "0":
            found_zero = True
        else:
            return text
    return text


def to_int(value: Any) -> int:
    return _to_integer(value)


def to_int64(value: Any) -> Int64:
    return Int64(_to_integer(value))


def to_float(value: Any) -> float:
    kind = type(value)
    if kind is float:
        return float(value)
    if kind is str:
        try:
            return parse_float(value)
        except GoError:
            return 0.0
    if isinstance(value, int):
        return float(value)
    return 0.0


def _add(*values: Any) -> Int64:
    return Int64(wrap64(sum(map(_to_integer, values))))


def _add1(value: Any) -> Int64:
    return Int64(wrap64(_to_integer(value) + 1))


def _sub(a: Any, b: Any) -> Int64:
    return Int64(wrap64(_to_integer(a) - _to_integer(b)))


def _quotient(a: int, b: int) -> int:
    if b == 0:
        raise GoError("runtime error: integer divide by zero")
    found = abs(a) // abs(b)
    return found if (a < 0) == (b < 0) else -found


def _div(a: Any, b: Any) -> Int64:
    return Int64(wrap64(_quotient(_to_integer(a), _to_integer(b))))


def _mod(a: Any, b: Any) -> Int64:
    x, y = _to_integer(a), _to_integer(b)
    return Int64(x - y * _quotient(x, y))


def _mul(first: Any, *values: Any) -> Int64:
    found = _to_integer(first)
    for value in values:
        found = wrap64(found * _to_integer(value))
    return Int64(found)


def _decimal(value: Any) -> Decimal:
    found = to_float(value)
    if math.isnan(found) or math.isinf(found):
        shown = "NaN" if math.isnan(found) else "+Inf" if found > 0 else "-Inf"
        raise GoError(f"Cannot create a Decimal from {shown}")
    return Decimal(repr(found))


def _decimals(first: Any, values: tuple[Any, ...], how: Callable[[Decimal, Decimal], Decimal]) -> float:
    found = _decimal(first)
    for value in values:
        found = how(found, _decimal(value))
    return float(found)


def _divide(a: Decimal, b: Decimal) -> Decimal:
    if not b:
        raise GoError("decimal division by 0")
    exact = _EXACT.divide(a, b)
    return exact.quantize(_PLACES, rounding=ROUND_HALF_UP, context=_EXACT)


def _addf(*values: Any) -> float:
    return _decimals(0.0, values, _EXACT.add)


def _add1f(value: Any) -> float:
    return _decimals(value, (1,), _EXACT.add)


def _subf(first: Any, *values: Any) -> float:
    return _decimals(first, values, _EXACT.subtract)


def _mulf(first: Any, *values: Any) -> float:
    return _decimals(first, values, _EXACT.multiply)


def _divf(first: Any, *values: Any) -> float:
    return _decimals(first, values, _divide)


def _max(first: Any, *values: Any) -> Int64:
    return Int64(max(_to_integer(first), *map(_to_integer, values)) if values else _to_integer(first))


def _min(first: Any, *values: Any) -> Int64:
    return Int64(min(_to_integer(first), *map(_to_integer, values)) if values else _to_integer(first))


def _extreme(values: list[float], pick: Callable[[list[float]], float]) -> float:
    return math.nan if any(map(math.isnan, values)) else pick(values)


def _maxf(*values: Any) -> float:
    return _extreme([to_float(v) for v in values], max)


def _minf(*values: Any) -> float:
    return _extreme([to_float(v) for v in values], min)


def _whole(value: float, how: Callable[[float], int]) -> float:
    if math.isnan(value) or math.isinf(value):
        return value
    return math.copysign(float(how(value)), value) if value else value


def _floor(value: Any) -> float:
    return _whole(to_float(value), math.floor)


def _ceil(value: Any) -> float:
    return _whole(to_float(value), math.ceil)


def _round(value: Any, places: int, *options: float) -> float:
    on = options[0] if options else 0.5
    try:
        power = math.pow(10, places)
    except OverflowError:
        power = math.inf
    digit = power * to_float(value)
    if math.isnan(digit) or math.isinf(digit) or not power:
        return digit / power if power else math.nan
    fraction = math.modf(digit)[0]
    return _whole(digit, math.ceil if fraction >= on else math.floor) / power


def _until(count: int) -> GoSlice:
    return _until_step(0, count, -1 if count < 0 else 1)


def _until_step(start: int, stop: int, step: int) -> GoSlice:
    if (stop < start and step >= 0) or (stop >= start and step <= 0):
        return GoSlice((), "int")
    found = range(start, stop, step)
    if abs(stop - start) // abs(step) > _MAX_LIST:
        raise GoError(f"a list of more than {_MAX_LIST} numbers")
    return GoSlice(found, "int")


def _seq(*params: int) -> str:
    if not params or len(params) > 3:
        return ""
    start, step, end = 1, 0, params[-1]
    if len(params) > 1:
        start = params[0]
    down = end < start
    if len(params) == 3:
        step = params[1]
        if down and step > 0:
            return ""
        return _spaced(_until_step(start, end + (-1 if down else 1), step))
    step = -1 if down else 1
    return _spaced(_until_step(start, end + step, step))


def _spaced(numbers: GoSlice) -> str:
    return " ".join(map(str, numbers))


def _to_decimal(value: Any) -> Int64:
    """Reads octal digits; a number too big gives 0 like every other fault."""
    try:
        return Int64(parse_int(to_string(value), 8))
    except GoError:
        return Int64(0)


TABLE: tuple[tuple[str, str, Callable[..., Any]], ...] = (
    ("int", "any", to_int),
    ("int64", "any", to_int64),
    ("float64", "any", to_float),
    ("toDecimal", "any", _to_decimal),
    ("add", "...any", _add),
    ("add1", "any", _add1),
    ("sub", "any, any", _sub),
    ("div", "any, any", _div),
    ("mod", "any, any", _mod),
    ("mul", "any, ...any", _mul),
    ("addf", "...any", _addf),
    ("add1f", "any", _add1f),
    ("subf", "any, ...any", _subf),
    ("mulf", "any, ...any", _mulf),
    ("divf", "any, ...any", _divf),
    ("max", "any, ...any", _max),
    ("biggest", "any, ...any", _max),
    ("min", "any, ...any", _min),
    ("maxf", "any, ...any", _maxf),
    ("minf", "any, ...any", _minf),
    ("floor", "any", _floor),
    ("ceil", "any", _ceil),
    ("round", "any, int, ...float64", _round),
    ("until", "int", _until),
    ("untilStep", "int, int, int", _until_step),
    ("seq", "...int", _seq),
)

"""Quantities as the API server reads and prints them.

In: a string or number from JSON. Out: a `Quantity` with its exact value and canonical text. Never: arithmetic of resources (callers use `value`).
Source: the documented serialisation rules of resource.Quantity.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_UP, Context, Decimal
from functools import lru_cache

_FORMAT = re.compile(r"^([+-]?)(\d*)(\.?)(\d*)([eEinumkKMGTP]*[-+]?[0-9]*)$")
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL_NAMES = {exponent: name for name, exponent in _DECIMAL.items()}
_BINARY_NAMES = {exponent: name for name, exponent in _BINARY.items()}
_MAX = Decimal(2**63 - 1)
_FAST_DIGITS = 18
_WIDE = Context(prec=60)
WRONG_FORMAT = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
WRONG_SUFFIX = "unable to parse quantity's suffix"


class QuantityError(ValueError):
    """The text of the refusal, as the server words it."""


@dataclass(frozen=True, slots=True)
class Quantity:
    value: Decimal
    form: str
    text: str

    def rounded_up(self, scale: int) -> Quantity:
        """Never finer than 10**scale."""
        step = Decimal(1).scaleb(scale)
        if self.value == self.value.quantize(step, context=_WIDE):
            return self
        value = self.value.quantize(step, rounding=ROUND_UP, context=_WIDE)
        return Quantity(value, self.form, printed(value, self.form))


@lru_cache(maxsize=4096)
def parse(text: str) -> Quantity:
    """Raise QuantityError for what is no quantity."""
    text = text.strip()
    match = _FORMAT.match(text)
    if match is None or not (match[2] or match[4] or match[3]):
        raise QuantityError(WRONG_FORMAT)
    sign, whole, _, fraction, suffix = match.groups()
    base, exponent, form = _suffix(suffix)
    number = _WIDE.create_decimal(f"{sign}{whole or '0'}.{fraction or '0'}")
    value = number.scaleb(exponent, context=_WIDE) if base == 10 else number * (1 << exponent)
    value = _bounded(value, form)
    if form == "binary" and 0 < abs(value) < 1:
        form = "decimal"
    if text == "0" or _is_canonical(whole.lstrip("0"), fraction, exponent, form):
        return Quantity(value, form, text)
    return Quantity(value, form, printed(value, form))


@lru_cache(maxsize=4096)
def canonical(text: str) -> str:
    """The text a read gives back for a resource list entry: canonical, no finer than a thousandth."""
    return parse(text).rounded_up(-3).text


def _suffix(suffix: str) -> tuple[int, int, str]:
    if suffix in _DECIMAL:
        return 10, _DECIMAL[suffix], "decimal"
    if suffix in _BINARY:
        return 2, _BINARY[suffix], "binary"
    if len(suffix) > 1 and suffix[0] in "eE":
        try:
            return 10, int(suffix[1:]), "exponent"
        except ValueError:
            pass
    raise QuantityError(WRONG_SUFFIX)


def _bounded(value: Decimal, form: str) -> Decimal:
    if abs(value.as_tuple().exponent or 0) > 9 and value != value.quantize(Decimal("1e-9"), context=_WIDE):  # type: ignore[arg-type]
        value = value.quantize(Decimal("1e-9"), rounding=ROUND_UP, context=_WIDE)
    if form == "binary" and abs(value) > _MAX:
        return _MAX.copy_sign(value)
    return value


def _is_canonical(whole: str, fraction: str, exponent: int, form: str) -> bool:
    """The server keeps such texts as they were written (sign and capital E included)."""
    digits = whole + fraction
    if not digits or len(digits) > _FAST_DIGITS:
        return False
    if form == "binary":
        precise = 15 - len(whole) - int(exponent * 3 / 10) - 1 >= 0
        return precise and not fraction and exponent % 10 == 0 and int(digits) & 7 != 0
    scale = exponent - len(fraction)
    return scale >= -9 and scale % 3 == 0 and not digits.endswith("000") and digits[0] != "0"


def printed(value: Decimal, form: str) -> str:
    if value == 0:
        return "0"
    if form == "binary" and abs(value) >= 1024 and value == value.to_integral_value():
        number, power = int(value), 0
        while number % 1024 == 0 and power < 60:
            number, power = number // 1024, power + 10
        return f"{number}{_BINARY_NAMES.get(power, '')}"
    value = value.normalize(_WIDE)
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    power = exponent - exponent % 3
    number = int("".join(map(str, digits))) * 10 ** (exponent - power)
    if form != "exponent" and power > 18:
        number, power = number * 10 ** (power - 18), 18
    suffix = _DECIMAL_NAMES.get(power, "") if form != "exponent" else (f"e{power}" if power else "")
    return f"{'-' if sign else ''}{number}{suffix}"


def whole(quantity: Quantity) -> int:
    """The value rounded up to an integer."""
    return int(quantity.value.to_integral_value(rounding=ROUND_CEILING))


def fractional(text: str) -> bool:
    """Whether a number of bytes is not whole."""
    value = parse(text).value
    return value != value.to_integral_value()

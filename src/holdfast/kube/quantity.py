"""``resource.Quantity``: parse, compare, add, subtract, print, exactly as ``k8s.io/apimachinery/pkg/api/resource``.

A quantity is a whole number of 10^-9; what is written more finely is rounded away from zero when read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import total_ordering

from holdfast.base.errors import Stop

NANO = 10**9
LARGEST = (1 << 63) - 1
BINARY, DECIMAL, EXPONENT = "BinarySI", "DecimalSI", "DecimalExponent"
DECIMAL_SUFFIXES = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
BINARY_SUFFIXES = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
DECIMAL_NAMES = {exponent: name for name, exponent in DECIMAL_SUFFIXES.items()}
BINARY_NAMES = {exponent: name for name, exponent in BINARY_SUFFIXES.items()} | {0: ""}
FORM = re.compile(
    r"(?P<sign>[+-]?)(?P<whole>[0-9]*)(?:(?P<dot>\.)(?P<part>[0-9]*))?(?P<suffix>[eEinumkKMGTP]*[-+]?[0-9]*)"
)
POWER = re.compile(r"[eE](?P<power>[-+]?[0-9]+)")
PRECISE_DIGITS = 18
# Beyond this no clock, memory or money is counted; Go would go on to compute with the exponent as it stands.
LARGEST_POWER = 4096


class QuantityError(Stop):
    """The text is no quantity."""

    def __init__(self, message: str) -> None:
        super().__init__(message, reason="InvalidQuantity")


FORMAT_WRONG = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
NOT_NUMERIC = "unable to parse numeric part of quantity"
BAD_SUFFIX = "unable to parse quantity's suffix"


@total_ordering
@dataclass(frozen=True, slots=True, eq=False)
class Quantity:
    """``nanos`` is the value in units of 10^-9, ``style`` how it prints, ``text`` how it was written where that is kept."""

    nanos: int
    style: str = DECIMAL
    text: str = ""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Quantity) and self.nanos == other.nanos

    def __lt__(self, other: Quantity) -> bool:
        return self.nanos < other.nanos

    def __hash__(self) -> int:
        return hash(self.nanos)

    def __add__(self, other: Quantity) -> Quantity:
        return Quantity(self.nanos + other.nanos, self.style if self.nanos else other.style)

    def __sub__(self, other: Quantity) -> Quantity:
        return Quantity(self.nanos - other.nanos, self.style if self.nanos else other.style)

    def __neg__(self) -> Quantity:
        return Quantity(-self.nanos, self.style)

    def __str__(self) -> str:
        return self.text or canonical(self.nanos, self.style)

    @property
    def value(self) -> int:
        """Whole units, rounded away from zero."""
        return _away(self.nanos, NANO)

    @property
    def milli_value(self) -> int:
        """Thousandths, rounded away from zero."""
        return _away(self.nanos, NANO // 1000)


def parse(text: str) -> Quantity:
    """The quantity that ``text`` names."""
    match = FORM.fullmatch(text)
    if not text or not match:
        raise QuantityError(FORMAT_WRONG)
    whole, part = match["whole"].lstrip("0"), match["part"] or ""
    if match["whole"] and not whole and not match["dot"] and not match["suffix"]:
        return Quantity(0, DECIMAL, "0" if text == "0" else "")
    style, exponent = _suffix(match["suffix"])
    digits = (whole or "0") + part
    minus = match["sign"] == "-"
    quick = _quick(digits, len(part), style, exponent)
    if quick is not None:
        number, kept = quick
        return Quantity(-number if minus else number, style, text if kept else "")
    if not match["whole"] and not part:
        raise QuantityError(NOT_NUMERIC)
    return _slow(int(digits), len(part), style, exponent, minus)


def _suffix(suffix: str) -> tuple[str, int]:
    if suffix in DECIMAL_SUFFIXES:
        return DECIMAL, DECIMAL_SUFFIXES[suffix]
    if suffix in BINARY_SUFFIXES:
        return BINARY, BINARY_SUFFIXES[suffix]
    match = POWER.fullmatch(suffix)
    if not match or abs(int(match["power"])) > LARGEST_POWER:
        raise QuantityError(BAD_SUFFIX)
    return EXPONENT, int(match["power"])


def _quick(digits: str, places: int, style: str, exponent: int) -> tuple[int, bool] | None:
    """Nanos and whether the text is kept as the printed form, where Go's 64-bit path takes the number; else None."""
    multiplier, scale = 1, exponent
    if style == BINARY:
        if places:
            return None
        multiplier, scale = 1 << exponent, 0
        precision = 15 - len(digits) - exponent * 3 // 10 - 1
    else:
        precision = PRECISE_DIGITS - len(digits)
    scale -= places
    number = int(digits)
    if precision < 0 or scale < -9 or number * multiplier > LARGEST:
        return None
    if style == BINARY:
        kept = number & 7 != 0
    else:
        kept = scale % 3 == 0 and not digits.endswith("000") and digits[0] != "0"
    return number * multiplier * 10 ** (scale + 9), kept


def _slow(number: int, places: int, style: str, exponent: int, minus: bool) -> Quantity:
    if style == BINARY:
        nanos = _scaled(number << exponent, 9 - places)
        nanos = min(nanos, LARGEST * NANO)
        style = DECIMAL if 0 < nanos < NANO else style
    else:
        nanos = _scaled(number, exponent + 9 - places)
    return Quantity(-nanos if minus else nanos, style)


def _scaled(number: int, power: int) -> int:
    return number * 10**power if power >= 0 else _away(number, 10**-power)


def _away(number: int, unit: int) -> int:
    return -(-number // unit) if number > 0 else number // unit


def canonical(nanos: int, style: str) -> str:
    """The form that Kubernetes prints: no fraction, the largest suffix that keeps the value exact."""
    if not nanos:
        return "0"
    if style == BINARY and abs(nanos) >= 1024 * NANO and nanos % NANO == 0:
        return _binary(nanos // NANO)
    exponent = -9
    while nanos % 1000 == 0:
        nanos //= 1000
        exponent += 3
    if style == EXPONENT:
        return f"{nanos}e{exponent}" if exponent else str(nanos)
    # Above exa there is no suffix; Go then prints none.
    return f"{nanos}{DECIMAL_NAMES.get(exponent, '')}"


def _binary(number: int) -> str:
    exponent = 0
    while number % 1024 == 0:
        number //= 1024
        exponent += 10
    return f"{number}{BINARY_NAMES.get(exponent, '')}"

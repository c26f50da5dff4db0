"""Ranges of sizes and costs: a least and a most, which never grow beyond 64 bits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

MOST: Final = 2**64 - 1


def add(left: int, right: int) -> int:
    return min(MOST, left + right)


def times(left: int, right: int) -> int:
    return min(MOST, left * right)


def scaled(value: int, factor: float) -> int:
    """Rounded up, in the floating point of the real server."""
    number = float(value)
    if number > 0 and factor > 0 and number > MOST / factor:
        return MOST
    product = math.ceil(number * factor)
    return MOST if product >= 2**64 else product


@dataclass(frozen=True, slots=True)
class Range:
    least: int
    most: int

    def __add__(self, other: Range) -> Range:
        return Range(add(self.least, other.least), add(self.most, other.most))

    def __mul__(self, other: Range) -> Range:
        return Range(times(self.least, other.least), times(self.most, other.most))

    def scaled(self, factor: float) -> Range:
        return Range(scaled(self.least, factor), scaled(self.most, factor))

    def or_(self, other: Range) -> Range:
        """Either of the two."""
        return Range(min(self.least, other.least), max(self.most, other.most))


def exactly(value: int) -> Range:
    return Range(value, value)


ZERO: Final = Range(0, 0)
ONE: Final = Range(1, 1)
UNKNOWN: Final = Range(0, MOST)

"""The order in which go-yaml prints the keys of a map: natural, numbers inside a key compared as numbers.

Source of the rule: ``sorter.go`` of go.yaml.in/yaml v2.
"""

from __future__ import annotations

from functools import cmp_to_key, lru_cache


# Objects of one kind share their key sets, so a few thousand of them cover a cluster.
@lru_cache(maxsize=8192)
def ordered(keys: tuple[str, ...]) -> tuple[str, ...]:
    """``keys`` as go-yaml sorts them."""
    if all(map(str.isalpha, keys)):
        return tuple(sorted(keys))
    return tuple(sorted(keys, key=cmp_to_key(_compare)))


def _compare(a: str, b: str) -> int:
    return -1 if _less(a, b) else 1 if _less(b, a) else 0


def _less(a: str, b: str) -> bool:
    for at, (left, right) in enumerate(zip(a, b, strict=False)):
        if left != right:
            return _less_at(a, b, at)
    return len(a) < len(b)


def _less_at(a: str, b: str, at: int) -> bool:
    left, right = a[at], b[at]
    a_letter, b_letter = left.isalpha(), right.isalpha()
    if a_letter and b_letter:
        return left < right
    if a_letter or b_letter:
        return b_letter
    # A zero inside a number is not a leading zero: both numbers then start with the digits they share.
    start = 1 if "0" in (left, right) and _inside_number(a, at) else 0
    a_number, a_end = _number(a, at, start)
    b_number, b_end = _number(b, at, start)
    if a_number != b_number:
        return a_number < b_number
    if a_end != b_end:
        return a_end < b_end
    return left < right


def _inside_number(text: str, at: int) -> bool:
    for char in reversed(text[:at]):
        if not char.isdecimal():
            return False
        if char != "0":
            return True
    return False


def _number(text: str, at: int, value: int) -> tuple[int, int]:
    end = at
    while end < len(text) and text[end].isdecimal():
        value = value * 10 + ord(text[end]) - 48
        end += 1
    # Go's int64 wraps around.
    return (value + (1 << 63)) % (1 << 64) - (1 << 63), end

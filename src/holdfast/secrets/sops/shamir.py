"""Shamir's secret sharing over GF(2^8), as HashiCorp's Vault and SOPS cut a key: a share is its y bytes and one x byte."""

from __future__ import annotations

from collections.abc import Sequence

from holdfast.secrets.errors import DecryptionError

_EXP = [0] * 510
_LOG = [0] * 256


def _fill() -> None:
    x = 1
    for i in range(255):
        _EXP[i] = _EXP[i + 255] = x
        _LOG[x] = i
        # Multiplying by the generator 3 in the AES field.
        x ^= (x << 1) ^ (0x11B if x & 0x80 else 0)


_fill()


def _multiply(a: int, b: int) -> int:
    return _EXP[_LOG[a] + _LOG[b]] if a and b else 0


def _divide(a: int, b: int) -> int:
    return _EXP[_LOG[a] - _LOG[b] + 255] if a else 0


def combine(shares: Sequence[bytes]) -> bytes:
    """The secret from enough shares."""
    if len(shares) < 2 or len({len(s) for s in shares}) != 1:
        raise DecryptionError("the shares of the sops data key do not fit together")
    points = [s[-1] for s in shares]
    if len(set(points)) != len(points) or 0 in points:
        raise DecryptionError("the shares of the sops data key do not fit together")
    return bytes(_at_zero(points, [s[i] for s in shares]) for i in range(len(shares[0]) - 1))


def _at_zero(xs: Sequence[int], ys: Sequence[int]) -> int:
    """Lagrange's interpolation at zero."""
    total = 0
    for i, (x, y) in enumerate(zip(xs, ys, strict=True)):
        basis = 1
        for j, other in enumerate(xs):
            if j != i:
                basis = _multiply(basis, _divide(other, x ^ other))
        total ^= _multiply(y, basis)
    return total

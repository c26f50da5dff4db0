"""JSON bytes with numbers spelled as Go spells them.

In: what the encoder wrote. Out: the same, where whole numbers from 2**64 up to 1e21 have all their digits instead of an exponent.
Never: anything within strings.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

import orjson

_TOKEN: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?e\+?(?:19|20)(?=[,\]}\s]|$)')


def dumps(value: object) -> bytes:
    """``value`` as JSON."""
    return spelled(orjson.dumps(value))


def spelled(text: bytes) -> bytes:
    """Almost every text has none of these exponents, and is given back after two quick looks."""
    if b"e+20" not in text and b"e+19" not in text:
        return text
    return _TOKEN.sub(_digits, text)


def _digits(match: re.Match[bytes]) -> bytes:
    token = match[0]
    return token if token.startswith(b'"') else str(int(Decimal(token.decode()))).encode()

"""Values that are kept for long and looked at seldom, made small.

In: any plain value. Out: bytes, and the value again, made anew at each look. The bytes are for this process: they are never
written anywhere, nor taken from anybody.
"""

from __future__ import annotations

import pickle
import zlib
from typing import Any


def pack(value: object) -> bytes:
    return zlib.compress(pickle.dumps(value, pickle.HIGHEST_PROTOCOL), 1)


def unpack(packed: bytes) -> Any:
    return pickle.loads(zlib.decompress(packed))

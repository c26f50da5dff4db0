"""Generated names: the alphabet, template hashes and suffixes that Kubernetes' controllers use."""

from __future__ import annotations

import hashlib
import random
from typing import Any

import orjson

_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


def suffix(length: int = 5) -> str:
    return "".join(random.choices(_ALPHABET, k=length))


def template_hash(template: Any, collisions: int = 0) -> str:
    """A stable short hash of a pod template, in the alphabet of generated names."""
    data = orjson.dumps(template, option=orjson.OPT_SORT_KEYS) + str(collisions or "").encode()
    number = int.from_bytes(hashlib.sha256(data).digest()[:4], "big")
    return "".join(_ALPHABET[int(c) % len(_ALPHABET)] for c in str(number))

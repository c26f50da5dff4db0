"""How a process that lives for months holds memory: what it gave back goes to the system, not onto a list for later.

For glibc, whose allocator keeps an arena for each thread and never returns what lies below something that is still used, and
for the allocator inside the YAML parser (mimalloc), which fills huge pages. Elsewhere nothing happens.
"""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Final

_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3
_ARENA_MAX: Final = -8
_BLOCK: Final = 64 * 1024


def frugal() -> bool:
    """To be called before there are threads and parsers. False where the C library has no such settings."""
    os.environ.setdefault("MIMALLOC_ALLOW_THP", "0")
    if sys.platform != "linux":
        return False
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is None:
        return False
    # Buffers of connections are large, and mostly empty: as mappings of their own they cost what is really in them.
    wanted = {_ARENA_MAX: 1, _MMAP_THRESHOLD: _BLOCK, _TRIM_THRESHOLD: _BLOCK}
    return all(set_option(option, value) == 1 for option, value in wanted.items())

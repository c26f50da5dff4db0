"""The compiled reader and printer of ordinary documents, where they were built; None where they were not, and Python does it all.

``HOLDFAST_NATIVE=off`` leaves them unused, to tell whether a doubt is theirs.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

read: Callable[[bytes], Any] | None = None
dump: Callable[[Any, tuple[Any, ...]], Any] | None = None

if os.environ.get("HOLDFAST_NATIVE") != "off":
    try:
        from holdfast.kube.yaml import _native
    except ImportError:
        pass
    else:
        read, dump = _native.read, _native.dump

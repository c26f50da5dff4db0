"""What is done millions of times, compiled, where it was built; None where it was not, and Python does it all.

``HOLDFAST_NATIVE=off`` leaves it unused, to tell whether a doubt is its own.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

read: Callable[[bytes], Any] | None = None
dump: Callable[[Any, tuple[Any, ...]], Any] | None = None
reach: Callable[..., Any] | None = None
lists_named: Callable[[Any, tuple[str, ...]], Any] | None = None

if os.environ.get("HOLDFAST_NATIVE") != "off":
    try:
        from holdfast.kube.native import _native
    except ImportError:
        pass
    else:
        read, dump, reach, lists_named = _native.read, _native.dump, _native.reach, _native.lists_named

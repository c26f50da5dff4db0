"""gobwas/glob with the separator "/": what ``.Files.Glob`` and dependency patterns match with."""

from __future__ import annotations

import re

from holdfast.base import globs
from holdfast.helm.go.errors import GoError


def compile_glob(pattern: str) -> re.Pattern[str]:
    """Raises GoError for a pattern that is none."""
    try:
        return globs.compile_glob(pattern, "/")
    except globs.BadPattern as error:
        raise GoError(str(error)) from None


def matches(pattern: str, name: str) -> bool:
    return compile_glob(pattern).match(name) is not None

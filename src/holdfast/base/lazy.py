"""Things that are made when they are first used, because a short command may never need them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, AnyStr, cast

if TYPE_CHECKING:
    import re


def pattern(source: AnyStr) -> re.Pattern[AnyStr]:
    """A regular expression that is compiled at its first match; until then it costs nothing."""
    return cast("re.Pattern[AnyStr]", _Pattern(source))


class _Pattern:
    def __init__(self, source: str | bytes) -> None:
        self._source = source

    def __getattr__(self, name: str) -> Any:
        # Only asked for what is not there yet: afterwards the compiled pattern's own methods are attributes.
        import re

        compiled = re.compile(self._source)
        for method in ("match", "fullmatch", "search", "finditer", "findall", "sub", "split", "pattern"):
            setattr(self, method, getattr(compiled, method))
        return getattr(compiled, name)

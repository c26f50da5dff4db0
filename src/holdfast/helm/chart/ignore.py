""".helmignore: which files of a chart directory are not part of the chart."""

from __future__ import annotations

import re

from holdfast.helm.errors import ChartError


class _Pattern:
    """One line. ``/x`` and ``a/b`` match the whole path, anything else the name."""

    def __init__(self, line: str) -> None:
        self.negate = line.startswith("!")
        line = line.removeprefix("!")
        self.directory_only = line.endswith("/")
        line = line.removesuffix("/")
        self.whole = "/" in line
        self.match = compile_match(line.removeprefix("/"))

    def matches(self, path: str) -> bool:
        return self.match.match(path if self.whole else path.rpartition("/")[2]) is not None


class IgnoreRules:
    def __init__(self, text: str = "") -> None:
        self.patterns: list[_Pattern] = []
        for line in text.removeprefix("\ufeff").splitlines():
            self._add(line.strip())
        self._add("templates/.?*")

    def _add(self, line: str) -> None:
        if not line or line.startswith("#"):
            return
        if "**" in line:
            raise ChartError("double-star (**) syntax is not supported")
        self.patterns.append(_Pattern(line))

    def ignores(self, path: str, directory: bool) -> bool:
        for pattern in self.patterns:
            if pattern.negate:
                # As Helm does: a negated line ignores all that does not match it.
                if (pattern.directory_only and not directory) or not pattern.matches(path):
                    return True
            elif (directory or not pattern.directory_only) and pattern.matches(path):
                return True
        return False


def compile_match(pattern: str) -> re.Pattern[str]:
    """filepath.Match as a regular expression."""
    out: list[str] = []
    i = 0
    while i < len(pattern):
        c = pattern[i]
        i += 1
        if c == "*":
            out.append("[^/]*")
        elif c == "?":
            out.append("[^/]")
        elif c == "\\" and i < len(pattern):
            out.append(re.escape(pattern[i]))
            i += 1
        elif c == "[":
            i = _bracket(pattern, i, out)
        else:
            out.append(re.escape(c))
    return re.compile("".join(out) + r"\Z", re.DOTALL)


def _bracket(pattern: str, i: int, out: list[str]) -> int:
    end = pattern.find("]", i + 1)
    if end < 0:
        raise ChartError("syntax error in pattern")
    body = pattern[i:end]
    negate = body.startswith("^")
    inner = re.sub(r"([\\\[\]&~|])", r"\\\1", body.removeprefix("^"))
    out.append(f"[{'^' if negate else ''}{inner}]")
    return end + 1

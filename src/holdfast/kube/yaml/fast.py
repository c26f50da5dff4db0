"""The fast paths: one ordinary document at a time through a compiled parser, and only where that cannot change the meaning.

Where it was built that is our own reader (``kube/native``), which gives up on all that it does not know for sure. Elsewhere
it is yaml-rs, which reads YAML 1.2. `parsed` first looks over the bytes for anything that it and go-yaml read differently, or
that is seldom enough not to be worth the proof: old booleans, numbers that are not plain integers, keys that are not strings, anchors,
tags, merge keys, tabs, control characters. Such a document, and any that the parser refuses, is `UNSURE` and goes the exact way; so does
everything where the parser is not installed. A needless "unsure" costs time, a missing one would cost truth: the pattern errs on that side,
and a test holds both paths against each other.
"""

from __future__ import annotations

import sys
from importlib.machinery import ExtensionFileLoader, PathFinder
from typing import Any

from holdfast.kube import native

UNSURE = object()
# Fewer brackets and shallower lines than these cannot nest as deep as `MAX_DEPTH`, so nothing needs counting.
MANY_BRACKETS = 150
DEEP_LINE = b"\n" + b" " * 100
DEEP = 300

# Where a scalar may start: a line, behind a dash, a colon, a comma or an opening bracket.
START = r"(?:^ *(?:- +)*|[:-] +|[,\[{] *)"
# Where one may end; too many places rather than too few.
END = r" *(?:[,\]}:]| #|$)"
OLD_WORD = r"(?:[yY]|[yY]es|YES|[nN]|[nN]o|NO|[oO]n|ON|[oO]ff|OFF)"
WORD = r"(?:~|[nN]ull|NULL|[tT]rue|TRUE|[fF]alse|FALSE)"
RISKY_STARTS = (
    r"[&*!%@`]",
    r"\?(?: |$)",
    r"[|>](?:[^+\-\n]|[+-][^\n])",
    r">",
    r"-$",
    r":(?: |$)",
    r"<<",
    r"[-+.]+[.+](?:[^/.]|$)",
    r"\+[0-9]",
    r"\.[0-9]",
    # Whole numbers of other bases only: a digest may begin with a nought.
    r"-?0[xX][0-9a-fA-F_]*" + END,
    r"-?0[oObB][-+]?[0-9_]*" + END,
    r"-?0[0-9_][0-9_.]*" + END,
    r"[-+]?[0-9.]*_",
    r"-?[0-9]+\.0*" + END,
    r"-?[0-9]{15,}",
    r"-?[0-9][0-9.]*[eE][-+]?[0-9_]*" + END,
    r"[0-9]{4}-[0-9]",
    r"-0" + END,
    r"-?[0-9.]+ *:(?: |$)",
    r"[-+]?\.(?:inf|Inf|INF|nan|NaN|NAN)",
    OLD_WORD + END,
    WORD + r" *:",
)
RISKY_ANYWHERE = (
    r"[\x00-\x09\x0b-\x1f\x7f]",
    r"\xc2[\x80-\x9f]",
    r"\xe2\x80[\xa8\xa9]",
    r"\xef\xbb\xbf",
    r"\xef\xbf[\xbe\xbf]",
    r"^(?:---|\.\.\.|%)",
    r"(?:- ){12}",
    r"\|[+-]?\n *(?:\n|\z)",
    r"\\[uUxNLP_e/0abvf]",
    r"[\[{] *[\[{]",
    r"[\]}]\s*:(?:\s|\z)",
    r"[\[{,] *[^\"'\s:,]+:[^ \n/]",
)
RISKY = f"(?m){START}(?:{'|'.join(RISKY_STARTS)})|{'|'.join(RISKY_ANYWHERE)}"


def _compiled_parser() -> Any:
    """yaml-rs' ``loads``, from its compiled module alone where that can be had.

    The package around it imports pathlib, and with it what takes a tenth of the time of a small build.
    """
    package = PathFinder.find_spec("yaml_rs")
    within = package.submodule_search_locations if package is not None and "yaml_rs" not in sys.modules else None
    spec = PathFinder.find_spec("yaml_rs._yaml_rs", within) if within else None
    if spec is not None and isinstance(spec.loader, ExtensionFileLoader):
        module = spec.loader.create_module(spec)
        spec.loader.exec_module(module)
        # Whoever imports the package later has to meet the same module.
        sys.modules[spec.name] = module
        if hasattr(module, "_loads"):
            return module._loads
    from yaml_rs import loads

    return loads


class _Parser:
    """The compiled parser and scanner, imported at first need: a command that reads no YAML does not pay for them."""

    def __init__(self) -> None:
        self.loads: Any = None
        self.risky: Any = None
        self.tried = False

    def ready(self) -> bool:
        if not self.tried:
            self.tried = True
            try:
                import re2

                loads = _compiled_parser()
            except ImportError:
                return False
            options = re2.Options()
            options.encoding = re2.Options.Encoding.LATIN1
            options.max_mem = 64 << 20
            self.risky = re2.compile(RISKY.encode("latin-1"), options).search
            self.loads = loads
        return self.loads is not None


_parser = _Parser()


def prepare() -> None:
    """Loads yaml-rs now, where it will be used. Who reads YAML in threads calls this in the main one first: yaml-rs (0.1.6) crashes the
    process over the first malformed text where it was loaded in a thread that has ended since."""
    if native.read is None:
        _parser.ready()


def read(chunk: bytes) -> Any:
    """The value of a document, the same under every dialect, or `UNSURE`."""
    if native.read is None:
        return parsed(chunk)
    value = native.read(chunk)
    return UNSURE if value is NotImplemented else value


def parsed(chunk: bytes) -> Any:
    """The value of a document through yaml-rs, or `UNSURE`."""
    if not _parser.ready():
        return UNSURE
    if chunk.startswith(b"---\n"):
        chunk = chunk[4:]
    # A literal block that the end of the file cuts off before its line break keeps none.
    if _parser.risky(chunk) or DEEP_LINE in chunk or (chunk[-1:] != b"\n" and b"|" in chunk):
        return UNSURE
    try:
        value = _parser.loads(chunk.decode(), parse_datetime=False)
    except Exception:  # noqa: BLE001  the exact path finds the fault again and tells it in go-yaml's words
        return UNSURE
    if type(value) is not dict or (chunk.count(b"{") + chunk.count(b"[") > MANY_BRACKETS and _depth(value) > DEEP):
        return UNSURE
    return value


def _depth(value: Any) -> int:
    level, layer = 0, [value]
    while layer:
        level += 1
        layer = [
            item
            for node in layer
            if type(node) in (dict, list)
            for item in (node.values() if type(node) is dict else node)
        ]
    return level

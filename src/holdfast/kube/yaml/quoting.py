"""How go-yaml's emitter writes one string: plain, 'single', "double", or as a literal block.

Source of the rules: ``stringv`` in ``encode.go`` and ``emitterc.go`` of go.yaml.in/yaml v2. Two differences are meant, where
go-yaml's output does not read back: the separators U+2028 and U+2029 become escapes, and a key ``<<`` is quoted.
"""

from __future__ import annotations

import re
from functools import cache

from holdfast.base.lazy import pattern
from holdfast.kube.yaml.scalars import FIXED, Dialect, plain, timestamp

# go-yaml counts as printable: line feed, ASCII, and the basic plane without C1 controls, surrogates, BOM and non-characters.
PRINTABLE = "\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd"
# At the start an indicator, a marker or a blank; anywhere ": ", " #", a colon or a blank at the end.
UNPLAIN = pattern(r"(?s)[#,\[\]{}&*!|>'\"%@` ]|[?:-](?:[ \t]|\Z)|---|\.\.\.|.*(?:: |:\Z|[ \t]#| \Z)")
BASE60 = pattern(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
# Text that starts with a letter, maybe behind dashes, and has none of the characters that need thought: plain unless it is a word.
SAFE = pattern(r"(?:-{1,2}[A-Za-z]|[A-Za-z_/$(])[A-Za-z0-9_./()$+=,@-]*(?:[: ][A-Za-z0-9_./()$+=,@-]+)*")
NAMED = {
    "\0": "0", "\a": "a", "\b": "b", "\t": "t", "\n": "n", "\v": "v", "\f": "f", "\r": "r", "\x1b": "e",
    '"': '"', "\\": "\\", "\x85": "N", "\xa0": "_", "\u2028": "L", "\u2029": "P",
}  # fmt: skip
BREAKS = frozenset("\n\r\x85\u2028\u2029")
LONGEST_SIMPLE_KEY = 128
OPEN_BLOCK = ""
WIDTH = 80
BACKSLASH = "\\"
WORDS = frozenset(FIXED[Dialect.OBJECT])


@cache
def _special() -> re.Pattern[str]:
    # Compiled at first need: a class of this size takes milliseconds, and most texts are plain ASCII.
    return re.compile(f"[^{PRINTABLE}]")


@cache
def _escaped() -> re.Pattern[str]:
    return re.compile(f'[^{PRINTABLE}]|[\\n"\\\\]')


def is_special(text: str) -> bool:
    """Whether ``text`` holds something that only an escape can write; a line feed does not count."""
    if text.isascii() and (text.isprintable() or text.replace("\n", "").isprintable()):
        return False
    return _special().search(text) is not None


def inline(text: str) -> str:
    """``text`` as it stands after ``key: `` on one line; `OPEN_BLOCK` when it is written as a block below instead."""
    if SAFE.fullmatch(text):
        return double(text) if text in WORDS else text
    special = is_special(text)
    if "\n" in text:
        return double(text) if special or text[-1] == " " or " \n" in text else OPEN_BLOCK
    if special or means_other(text):
        return double(text)
    return single(text) if UNPLAIN.match(text) else text


def key(text: str) -> str:
    """``text`` as a key on one line; `OPEN_BLOCK` when go-yaml writes it after a question mark."""
    if len(text.encode("utf-8", "replace")) > LONGEST_SIMPLE_KEY or not BREAKS.isdisjoint(text):
        return OPEN_BLOCK
    # go-yaml leaves << bare, which then merges when it is read again.
    return '"<<"' if text == "<<" else inline(text)


def means_other(text: str) -> bool:
    """Whether ``text`` without quotes would be read as something else than a string (base 60 included, for others' sake)."""
    if SAFE.fullmatch(text):
        return text in WORDS
    value = plain(text, Dialect.OBJECT)
    return not isinstance(value, str) or BASE60.fullmatch(text) is not None or bool(timestamp(text))


def single(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def double(text: str) -> str:
    if text[:1] == "\ufeff":
        # go-yaml takes every character of a string that starts with a byte order mark for one.
        return '"' + "".join(_escape(char) for char in text) + '"'
    return '"' + _escaped().sub(lambda match: _escape(match[0]), text) + '"'


def _escape(char: str) -> str:
    if char in NAMED:
        return "\\" + NAMED[char]
    code = ord(char)
    if 0xD800 <= code <= 0xDFFF:
        return "\ufffd"
    if code <= 0xFF:
        return f"\\x{code:02X}"
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"


def fold(token: str, column: int, indent: str) -> str:
    """``token``, as `inline` made it, broken into lines at the blanks after column 80; it starts at ``column``."""
    out: list[str] = []
    start, quote = 0, token[0] if token[0] in "'\"" and len(token) > 1 else ""
    # A blank right behind the opening quote or before the closing one stays.
    at, last = token.find(" ", 2 if quote else 0), len(token) - (2 if quote else 0)
    while 0 <= at < last:
        nested = token[at + 1 : at + 2] == " "
        if column + at - start > WIDTH and token[at - 1] != " " and (quote == '"' or not nested):
            # Only "double" can break before another blank, which a backslash then keeps.
            out.append(f"{token[start:at]}\n{indent}{BACKSLASH if nested else ''}")
            start, column = at + 1, len(indent) + nested
        at = token.find(" ", at + 1)
    out.append(token[start:])
    return "".join(out)


def block(text: str, indent: str) -> str:
    """``text`` as a literal block from its ``|`` on, each line behind ``indent``, a line break at the end."""
    hint = "2" if text[0] in " \n" else ""
    if text[-1] != "\n":
        chomp, tail = "-", "\n"
    else:
        chomp, tail = "+" if text == "\n" or text[-2] == "\n" else "", ""
    lines = [indent + line if line else "" for line in text.split("\n")]
    return f"|{hint}{chomp}\n" + "\n".join(lines) + tail

"""Letters and words: the cases, wrapping and abbreviating of the libraries below Sprig (goutils, xstrings)."""

from __future__ import annotations

import unicodedata

from holdfast.helm.go.errors import GoError
from holdfast.helm.go.strconv import normal
from holdfast.helm.go.types import from_bytes, to_bytes

_SPACES = frozenset(" \t\n\v\f\r\x85\xa0")


def _is_space(c: str) -> bool:
    return c in _SPACES or (not c.isascii() and unicodedata.category(c) in ("Zs", "Zl", "Zp"))


def title_char(c: str) -> str:
    found = c.title()
    return found if len(found) == 1 else c


def _up(c: str) -> str:
    found = c.upper()
    return found if len(found) == 1 else c


def _down(c: str) -> str:
    found = c.lower()
    return found if len(found) == 1 else c


def untitle(text: str) -> str:
    out: list[str] = []
    start = True
    for c in text:
        if _is_space(c):
            start = True
        elif start:
            c, start = _down(c), False
        out.append(c)
    return "".join(out)


def swapcase(text: str) -> str:
    out: list[str] = []
    space = True
    for c in text:
        if c.isupper() or c.istitle():
            c, space = _down(c), False
        elif c.islower():
            c, space = (title_char(c) if space else _up(c)), False
        else:
            space = _is_space(c)
        out.append(c)
    return "".join(out)


def nospace(text: str) -> str:
    """Byte by byte, so a letter of several bytes is written as several letters wherever something was removed."""
    latin = to_bytes(text).decode("latin-1")
    kept = "".join(c for c in latin if c not in _SPACES)
    return text if len(kept) == len(latin) else kept


def initials(text: str) -> str:
    out: list[str] = []
    gap = True
    for c in to_bytes(text).decode("latin-1"):
        if c in _SPACES:
            gap = True
        elif gap:
            out.append(c)
            gap = False
    return "".join(out)


def _cut(data: bytes, start: int, end: int) -> bytes:
    if start < 0 or start > end or end > len(data):
        raise GoError(f"runtime error: slice bounds out of range [{start}:{end}]")
    return data[start:end]


def abbrev(width: int, text: str) -> str:
    return text if width < 4 else _abbreviate(text, 0, width)


def abbrevboth(left: int, right: int, text: str) -> str:
    if right < 4 or (left > 0 and right < 7):
        return text
    return _abbreviate(text, left, right)


def _abbreviate(text: str, offset: int, width: int) -> str:
    data = to_bytes(text)
    if width < 4:
        return ""
    if len(data) <= width:
        return text
    offset = min(offset, len(data))
    if len(data) - offset < width - 3:
        offset = len(data) - (width - 3)
    if offset <= 4:
        return from_bytes(_cut(data, 0, width - 3)) + "..."
    if width < 7:
        return ""
    if offset + width - 3 < len(data):
        return "..." + _abbreviate(from_bytes(data[offset:]), 0, width - 3)
    return "..." + from_bytes(data[len(data) - (width - 3) :])


def wrap(width: int, text: str) -> str:
    return _wrap(text, width, "\n", False)


def wrap_with(width: int, mark: str, text: str) -> str:
    return _wrap(text, width, mark or "\n", True)


def _wrap(text: str, width: int, mark: str, long_words: bool) -> str:
    data, sep = to_bytes(text), to_bytes(mark)
    width = max(width, 1)
    out: list[bytes] = []
    at = 0
    while len(data) - at > width:
        if data[at] == 32:
            at += 1
            continue
        space = data.rfind(b" ", at, at + width + 1)
        if space >= at:
            out += (data[at:space], sep)
            at = space + 1
        elif long_words:
            out += (data[at : at + width], sep)
            at += width
        else:
            space = data.find(b" ", at + width)
            if space < 0:
                out.append(data[at:])
                at = len(data)
            else:
                out += (data[at:space], sep)
                at = space + 1
    out.append(data[at:])
    return from_bytes(b"".join(out))


def _connector(c: str) -> bool:
    return c in "-_" or _is_space(c)


def camelcase(text: str) -> str:
    """xstrings.ToPascalCase."""
    chars = list(normal(text))
    out: list[str] = []
    i = 0
    while i < len(chars) and _connector(chars[i]):
        out.append(chars[i])
        i += 1
    if i >= len(chars):
        return "".join(out)
    upper = chars[i].isupper()
    current = _up(chars[i])
    for c in chars[i + 1 :]:
        previous, current = current, c
        if _connector(current) and _connector(previous):
            out.append(previous)
        elif _connector(previous):
            upper = current.isupper()
            current = _up(current)
        else:
            if upper:
                if current.isupper():
                    current = _down(current)
                else:
                    upper = False
            out.append(previous)
    out.append(current)
    return "".join(out)


_NUMBER, _UPPER, _LETTERS, _CONNECTOR, _PUNCT, _OTHER = "number", "upper", "letters", "connector", "punct", "other"


def _kind(c: str) -> str:
    if _connector(c):
        return _CONNECTOR
    category = unicodedata.category(c)
    if category[0] == "P":
        return _PUNCT
    if category == "Lu":
        return _UPPER
    if _alphabet(c):
        return _LETTERS
    return _NUMBER if category[0] == "N" else _OTHER


def _alphabet(c: str) -> bool:
    """A letter with cases or not, but no ideograph: xstrings takes those for other signs."""
    if not c.isalpha():
        return False
    n = ord(c)
    return not (0x4E00 <= n <= 0x9FCC or 0x3400 <= n <= 0x4D85 or 0x20000 <= n <= 0x2B81D)


def _next_word(text: str) -> tuple[str, str, str]:
    """(kind, word, rest)."""
    if not text:
        return "", "", ""
    kind = _kind(text[0])
    if kind == _UPPER:
        return (_UPPER, *_upper_word(text))
    end = 1
    while end < len(text) and (
        _kind(text[end]) == kind or (kind == _LETTERS and _alphabet(text[end]) and not text[end].isupper())
    ):
        end += 1
    return kind, text[:end], text[end:]


def _upper_word(text: str) -> tuple[str, str]:
    """Abc, or ABC up to before the last capital when a small letter follows (ABCd -> AB)."""
    end = 1
    if end < len(text) and text[end].isupper():
        while end < len(text) and text[end].isupper():
            end += 1
        if end < len(text) and _alphabet(text[end]):
            end -= 1
    elif end < len(text) and _alphabet(text[end]):
        while end < len(text) and _alphabet(text[end]) and not text[end].isupper():
            end += 1
    return text[:end], text[end:]


class _Caser:
    """xstrings' conversion of CamelCase to words with a connector."""

    def __init__(self, text: str, connector: str) -> None:
        self.out: list[str] = []
        self.connector = connector
        self.kind, self.word, self.rest = _next_word(text)

    def put(self, kind: str, word: str) -> None:
        if kind not in (_UPPER, _CONNECTOR):
            self.out.append(word)
            return
        self.out += (self.connector if _connector(c) else _down(c) if c.isupper() else c for c in word)

    def advance(self) -> None:
        self.kind, self.word, self.rest = _next_word(self.rest)

    def separate(self) -> None:
        if self.kind not in (_CONNECTOR, _PUNCT):
            self.out.append(self.connector)

    def separate_if_any(self) -> None:
        if self.kind:
            self.separate()

    def absorb(self) -> None:
        while self.kind in (_LETTERS, _NUMBER):
            self.put(self.kind, self.word)
            self.advance()

    def run(self) -> str:
        while self.rest:
            if self.kind != _CONNECTOR:
                self.put(self.kind, self.word)
            previous, last = self.kind, self.word
            self.advance()
            if previous == _NUMBER:
                self.absorb()
                self.separate_if_any()
            elif previous == _CONNECTOR:
                self.put(previous, last)
            elif previous != _PUNCT:
                self.after_word()
        self.put(self.kind, self.word)
        return "".join(self.out)

    def after_word(self) -> None:
        if self.kind != _NUMBER:
            self.separate()
            return
        if not self.rest:
            return
        last = self.word
        self.advance()
        if self.kind != _LETTERS:
            self.put(_NUMBER, last)
            self.separate()
            return
        self.out.append(self.connector)
        self.put(_NUMBER, last)
        self.absorb()
        self.separate_if_any()


def snakecase(text: str) -> str:
    return _Caser(normal(text), "_").run()


def kebabcase(text: str) -> str:
    return _Caser(normal(text), "-").run()

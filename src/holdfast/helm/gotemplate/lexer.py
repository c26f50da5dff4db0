"""Text of a template to tokens, as Go's lexer cuts it.

A fault becomes one ERROR token, the last of the list: the parser may find another fault before it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from holdfast.helm.go.strconv import is_print, quote

ERROR, BOOL, CHAR, CHAR_CONSTANT, COMPLEX, ASSIGN, DECLARE, EOF, FIELD, IDENTIFIER = range(10)
LEFT_DELIM, LEFT_PAREN, NUMBER, PIPE, RAW_STRING, RIGHT_DELIM, RIGHT_PAREN, SPACE, STRING, TEXT, VARIABLE = range(
    10, 21
)
KEYWORD = 30  # only marks where the keywords begin
BLOCK, BREAK, CONTINUE, DOT, DEFINE, ELSE, END, IF, NIL, RANGE, TEMPLATE, WITH = range(31, 43)

_KEYWORDS = {
    ".": DOT, "block": BLOCK, "break": BREAK, "continue": CONTINUE, "define": DEFINE, "else": ELSE, "end": END,
    "if": IF, "range": RANGE, "nil": NIL, "template": TEMPLATE, "with": WITH,
}  # fmt: skip

_SPACES = " \t\r\n"
_ASCII_WORD = re.compile(r"[A-Za-z0-9_]+")
_WHOLE_STRING = re.compile(r'"(?:[^"\\\n]|\\[^\n])*"')
_SPACE_RUN = re.compile(r"[ \t\r\n]+")
_NUMBER = re.compile(
    r"[+-]?(?:0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?|0[oO][0-7_]*(?:\.[0-7_]*)?"
    r"|0[bB][01_]*(?:\.[01_]*)?|[0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]*)?)i?"
)


@dataclass(slots=True)
class Token:
    kind: int
    pos: int
    text: str
    line: int

    def __str__(self) -> str:
        if self.kind == EOF:
            return "EOF"
        if self.kind == ERROR:
            return self.text
        if self.kind > KEYWORD:
            return f"<{self.text}>"
        if len(self.text.encode("utf-8", "surrogateescape")) > 10:
            return quote(self.text[:10]) + "..."
        return quote(self.text)


class _LexError(Exception):
    pass


def is_word_char(char: str) -> bool:
    return char == "_" or char.isalpha() or char.isdigit()


class Lexer:
    def __init__(self, text: str) -> None:
        self.text = text
        self.pos = 0
        self.start = 0
        self.line = 1
        self.start_line = 1
        self.tokens: list[Token] = []

    def run(self) -> list[Token]:
        try:
            while self._text():
                self._action()
        except _LexError as fault:
            self.tokens.append(Token(ERROR, self.start, str(fault), self.start_line))
            self.tokens.append(Token(EOF, 0, "", self.start_line))
        return self.tokens

    def _emit(self, kind: int) -> None:
        self.tokens.append(Token(kind, self.start, self.text[self.start : self.pos], self.start_line))
        self.start = self.pos
        self.start_line = self.line

    def _skip_to(self, pos: int) -> None:
        self.line += self.text.count("\n", self.pos, pos)
        self.pos = self.start = pos
        self.start_line = self.line

    def _text(self) -> bool:
        """Plain text up to the next action; False at the end."""
        while True:
            found = self.text.find("{{", self.pos)
            if found < 0:
                self._last_text()
                return False
            end = found
            if self._left_trim(found + 2):
                end = self.pos + len(self.text[self.pos : found].rstrip(_SPACES))
            if end > self.pos:
                line = self.line
                self.tokens.append(Token(TEXT, self.pos, self.text[self.pos : end], line))
            self._skip_to(found)
            if not self._comment():
                return True

    def _last_text(self) -> None:
        if self.pos < len(self.text):
            self.line += self.text.count("\n", self.pos)
            self.pos = len(self.text)
            self._emit(TEXT)
        self.tokens.append(Token(EOF, self.pos, "", self.start_line))

    def _left_trim(self, at: int) -> bool:
        return self.text[at : at + 1] == "-" and self.text[at + 1 : at + 2] in tuple(_SPACES)

    def _right_delim(self, at: int) -> tuple[bool, bool]:
        """(at a right delimiter, it trims)."""
        if self.text[at : at + 1] in tuple(_SPACES) and self.text.startswith("-}}", at + 1):
            return True, True
        return self.text.startswith("}}", at), False

    def _comment(self) -> bool:
        at = self.pos + 2
        if self._left_trim(at):
            at += 2
        if not self.text.startswith("/*", at):
            return False
        self._skip_to(at)
        end = self.text.find("*/", at + 2)
        if end < 0:
            raise _LexError("unclosed comment")
        delim, trim = self._right_delim(end + 2)
        if not delim:
            raise _LexError("comment ends before closing delimiter")
        self._close(end + 2, trim)
        return True

    def _close(self, at: int, trim: bool) -> None:
        """Past a right delimiter at ``at`` and the space that it trims."""
        at += 4 if trim else 2
        while trim and at < len(self.text) and self.text[at] in _SPACES:
            at += 1
        self._skip_to(at)

    def _action(self) -> None:
        self.pos += 2
        self._emit(LEFT_DELIM)
        if self._left_trim(self.pos):
            self._skip_to(self.pos + 2)
        depth = 0
        while True:
            delim, trim = self._right_delim(self.pos)
            if delim:
                if depth:
                    raise _LexError("unclosed left paren")
                self._right(trim)
                return
            depth = self._inside(depth)

    def _right(self, trim: bool) -> None:
        if trim:
            self._skip_to(self.pos + 2)
        self.pos += 2
        self._emit(RIGHT_DELIM)
        if trim:
            at = self.pos
            while at < len(self.text) and self.text[at] in _SPACES:
                at += 1
            self._skip_to(at)

    def _inside(self, depth: int) -> int:
        text = self.text
        if self.pos >= len(text):
            raise _LexError("unclosed action")
        char = text[self.pos]
        if char in _SPACES:
            self._space()
        elif char == "." and self.pos + 1 < len(text) and not "0" <= text[self.pos + 1] <= "9":
            self.pos += 1
            self._field(FIELD)
        elif char in "+-." or "0" <= char <= "9":
            self._number()
        elif char in _SINGLE:
            self.pos += 1
            self._emit(_SINGLE[char])
            return depth + (char == "(") - self._closes(char, depth)
        elif char in "\"`'":
            self._quoted(char)
        else:
            self._other(char)
        return depth

    def _closes(self, char: str, depth: int) -> int:
        if char == ")" and depth == 0:
            token = self.tokens.pop()
            self.start, self.start_line = token.pos, token.line
            raise _LexError("unexpected right paren")
        return char == ")"

    def _other(self, char: str) -> None:
        if is_word_char(char):
            self._identifier()
        elif char == "$":
            self.pos += 1
            self._field(VARIABLE)
        elif char == ":":
            if self.text[self.pos + 1 : self.pos + 2] != "=":
                raise _LexError("expected :=")
            self.pos += 2
            self._emit(DECLARE)
        elif char.isascii() and is_print(char):
            self.pos += 1
            self._emit(CHAR)
        else:
            shown = f"U+{ord(char):04X}" + (f" '{char}'" if is_print(char) else "")
            raise _LexError(f"unrecognized character in action: {shown}")

    def _space(self) -> None:
        match = _SPACE_RUN.match(self.text, self.pos)
        end = match.end() if match else self.pos + 1
        # The last blank may belong to " -}}", the trimming delimiter.
        if self.text.startswith("-}}", end):
            end -= 1
        self.line += self.text.count("\n", self.pos, end)
        self.pos = end
        self._emit(SPACE)

    def _field(self, kind: int) -> None:
        if self._terminated():
            self._emit(DOT if kind == FIELD else VARIABLE)
            return
        self.pos = self._word_end(self.pos)
        if not self._terminated():
            raise _LexError(f"bad character {self._shown()}")
        self._emit(kind)

    def _word_end(self, at: int) -> int:
        text, end = self.text, len(self.text)
        match = _ASCII_WORD.match(text, at)
        if match is not None:
            at = match.end()
            if at >= end or text[at] < "\x80":
                return at
        while at < end and is_word_char(text[at]):
            at += 1
        return at

    def _shown(self) -> str:
        char = self.text[self.pos]
        return f"U+{ord(char):04X}" + (f" '{char}'" if is_print(char) else "")

    def _terminated(self) -> bool:
        if self.pos >= len(self.text):
            return True
        return self.text[self.pos] in " \t\r\n.,|:)(" or self.text.startswith("}}", self.pos)

    def _identifier(self) -> None:
        self.pos = self._word_end(self.pos)
        if not self._terminated():
            raise _LexError(f"bad character {self._shown()}")
        word = self.text[self.start : self.pos]
        self._emit(_KEYWORDS.get(word) or (BOOL if word in ("true", "false") else IDENTIFIER))

    def _number(self) -> None:
        match = _NUMBER.match(self.text, self.pos)
        self.pos = match.end() if match else self.pos
        kind = NUMBER
        if not self._bad_number() and self.text[self.pos : self.pos + 1] in ("+", "-"):
            match = _NUMBER.match(self.text, self.pos)
            self.pos = match.end() if match else self.pos
            bad = self._bad_number()
            if bad or self.text[self.pos - 1] != "i":
                raise _LexError(f"bad number syntax: {quote(self.text[self.start : self.pos + bad])}")
            kind = COMPLEX
        if self._bad_number():
            raise _LexError(f"bad number syntax: {quote(self.text[self.start : self.pos + 1])}")
        self._emit(kind)

    def _bad_number(self) -> bool:
        return self.pos < len(self.text) and is_word_char(self.text[self.pos])

    def _quoted(self, mark: str) -> None:
        match = _WHOLE_STRING.match(self.text, self.pos) if mark == '"' else None
        if match is not None:
            self.pos = match.end()
            self._emit(STRING)
            return
        at, text = self.pos + 1, self.text
        names = {
            '"': "unterminated quoted string",
            "'": "unterminated character constant",
            "`": "unterminated raw quoted string",
        }
        while True:
            if at >= len(text) or (text[at] == "\n" and mark != "`"):
                raise _LexError(names[mark])
            if text[at] == mark:
                break
            if text[at] == "\\" and mark != "`":
                at += 1
                if at >= len(text) or text[at] == "\n":
                    raise _LexError(names[mark])
            at += 1
        self.line += text.count("\n", self.pos, at)
        self.pos = at + 1
        self._emit({'"': STRING, "'": CHAR_CONSTANT, "`": RAW_STRING}[mark])


_SINGLE = {"=": ASSIGN, "|": PIPE, "(": LEFT_PAREN, ")": RIGHT_PAREN}


def lex(text: str) -> list[Token]:
    return Lexer(text).run()

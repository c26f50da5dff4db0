"""Go's fmt: Sprintf, Sprint and Sprintln over values as ``types`` models them."""

from __future__ import annotations

from typing import Any

from holdfast.helm.go.strconv import format_float, is_print, normal, quote
from holdfast.helm.go.types import INVALID, GoSlice, GoStruct, Method, SizedInt, from_bytes, to_bytes, type_name

_MAX_WIDTH = 1_000_000


def to_string(value: Any) -> str:
    """%v."""
    kind = type(value)
    if kind is str:
        return value  # type: ignore[no-any-return]
    if kind is int:
        return str(value)
    if kind is bool:
        return "true" if value else "false"
    if kind is float:
        return format_float(value)
    if value is None or value is INVALID:
        return "<nil>"
    return _composite(value)


def _composite(value: Any) -> str:
    if isinstance(value, dict):
        return "map[" + " ".join(f"{k}:{to_string(v)}" for k, v in sorted(value.items(), key=_sort_key)) + "]"
    if isinstance(value, list):
        return "[" + " ".join(to_string(v) for v in value) + "]"
    if isinstance(value, bytes):
        return "[" + " ".join(str(b) for b in value) + "]"
    return _object(value)


def _object(value: Any) -> str:
    if isinstance(value, SizedInt):
        return value.go_string() if hasattr(value, "go_string") else str(int(value))
    if isinstance(value, GoStruct):
        return value.go_string() if value.stringer else _struct(value, plus=False)
    if isinstance(value, Method):
        return "0x0"
    if isinstance(value, complex):
        sign = "" if format_float(value.imag).startswith("-") else "+"
        return f"({format_float(value.real)}{sign}{format_float(value.imag)}i)"
    return str(value)


def _struct(value: GoStruct, *, plus: bool) -> str:
    parts = ((f"{n}:" if plus else "") + to_string(getattr(value, a)) for n, (a, _) in value.fields.items())
    return ("&" if value.pointer else "") + "{" + " ".join(parts) + "}"


def _sort_key(item: tuple[str, Any]) -> str:
    return item[0]


def sprint(args: tuple[Any, ...] | list[Any]) -> str:
    """Spaces between operands when neither is a string."""
    out: list[str] = []
    previous_string = True
    for i, arg in enumerate(args):
        is_string = isinstance(arg, str)
        if i and not is_string and not previous_string:
            out.append(" ")
        out.append(to_string(arg))
        previous_string = is_string
    return "".join(out)


def sprintln(args: tuple[Any, ...] | list[Any]) -> str:
    return " ".join(to_string(a) for a in args) + "\n"


class _Spec:
    """The flags, width and precision of one verb."""

    __slots__ = ("minus", "plus", "plus_v", "precision", "sharp", "sharp_v", "space", "width", "zero")

    def __init__(self) -> None:
        self.minus = self.plus = self.sharp = self.space = self.zero = self.plus_v = self.sharp_v = False
        self.width: int | None = None
        self.precision: int | None = None

    def pad(self, text: str) -> str:
        missing = (self.width or 0) - len(text)
        if missing <= 0:
            return text
        if self.minus:
            return text + " " * missing
        return ("0" if self.zero else " ") * missing + text


class _Printer:
    def __init__(self, form: str, args: tuple[Any, ...]) -> None:
        self.form = form
        self.args = args
        self.next = 0
        self.at = 0
        self.reordered = False
        self.good_index = True
        self.out: list[str] = []

    def run(self) -> str:
        form, end = self.form, len(self.form)
        while self.at < end:
            percent = form.find("%", self.at)
            if percent < 0:
                self.out.append(form[self.at :])
                break
            self.out.append(form[self.at : percent])
            self.at = percent + 1
            self._directive()
        if not self.reordered and self.next < len(self.args):
            self._extra()
        return normal("".join(self.out))

    def _extra(self) -> None:
        left = (
            ("<nil>" if a is None or a is INVALID else f"{type_name(a)}={to_string(a)}") for a in self.args[self.next :]
        )
        self.out.append("%!(EXTRA " + ", ".join(left) + ")")

    def _directive(self) -> None:
        spec = _Spec()
        self.good_index = True
        after_index = False
        self._flags(spec)
        after_index = self._index(after_index)
        after_index = self._width(spec, after_index)
        after_index = self._precision(spec, after_index)
        if not after_index:
            self._index(after_index)
        if self.at >= len(self.form):
            self.out.append("%!(NOVERB)")
            return
        verb = self.form[self.at]
        self.at += 1
        self._verb(verb, spec)

    def _flags(self, spec: _Spec) -> None:
        names = {"#": "sharp", "0": "zero", "+": "plus", "-": "minus", " ": "space"}
        while self.at < len(self.form) and self.form[self.at] in names:
            setattr(spec, names[self.form[self.at]], True)
            self.at += 1
        if spec.minus:
            spec.zero = False

    def _index(self, already: bool) -> bool:
        """An argument index such as [2]; tells whether one was there."""
        if self.at >= len(self.form) or self.form[self.at] != "[":
            return already
        self.reordered = True
        end = self.form.find("]", self.at)
        if end < 0:
            self.good_index = False
            self.at += 1
            return False
        digits = self.form[self.at + 1 : end]
        self.at = end + 1
        if not digits.isdigit() or not 1 <= int(digits) <= len(self.args):
            self.good_index = False
            return True
        self.next = int(digits) - 1
        return True

    def _star(self) -> int | None:
        if self.next < len(self.args):
            value = self.args[self.next]
            self.next += 1
            if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _MAX_WIDTH:
                return int(value)
        return None

    def _number(self) -> int | None:
        start = self.at
        while self.at < len(self.form) and self.form[self.at].isdigit() and self.form[self.at].isascii():
            self.at += 1
        if start == self.at:
            return None
        value = int(self.form[start : self.at])
        return value if value <= _MAX_WIDTH else None

    def _width(self, spec: _Spec, after_index: bool) -> bool:
        if self.form[self.at : self.at + 1] == "*":
            self.at += 1
            spec.width = self._star()
            if spec.width is None:
                self.out.append("%!(BADWIDTH)")
            elif spec.width < 0:
                spec.width, spec.minus, spec.zero = -spec.width, True, False
            return False
        spec.width = self._number()
        if after_index and spec.width is not None:
            self.good_index = False
        return after_index

    def _precision(self, spec: _Spec, after_index: bool) -> bool:
        if self.form[self.at : self.at + 1] != ".":
            return after_index
        self.at += 1
        if after_index:
            self.good_index = False
        after_index = self._index(False)
        if self.form[self.at : self.at + 1] == "*":
            self.at += 1
            spec.precision = self._star()
            if spec.precision is not None and spec.precision < 0:
                spec.precision = None
            if spec.precision is None:
                self.out.append("%!(BADPREC)")
            return False
        spec.precision = self._number() or 0
        return after_index

    def _verb(self, verb: str, spec: _Spec) -> None:
        if verb == "%":
            self.out.append("%")
        elif not self.good_index:
            self.out.append(f"%!{verb}(BADINDEX)")
        elif self.next >= len(self.args):
            self.out.append(f"%!{verb}(MISSING)")
        else:
            arg = self.args[self.next]
            self.next += 1
            if verb == "w":
                self.out.append(_bad_verb(verb, arg, spec))
                return
            if verb == "v":
                spec.sharp_v, spec.sharp = spec.sharp, False
                spec.plus_v, spec.plus = spec.plus, False
            self.out.append(_format(arg, verb, spec, 0))


def sprintf(form: str, *args: Any) -> str:
    if "%" not in form and not args:
        return form
    return _Printer(form, args).run()


def _bad_verb(verb: str, arg: Any, spec: _Spec) -> str:
    """A verb that does not fit; the value is shown with the flags of the verb."""
    if arg is None or arg is INVALID:
        return f"%!{verb}(<nil>)"
    return f"%!{verb}({type_name(arg)}={_format(arg, 'v', spec, 0)})"


def _format(arg: Any, verb: str, spec: _Spec, depth: int) -> str:
    if arg is None or arg is INVALID:
        if depth:
            return "<nil>"
        return spec.pad("<nil>") if verb in "Tv" else _bad_verb(verb, arg, spec)
    if verb == "T":
        return _fmt_string(type_name(arg), "s", spec)
    if verb == "p":
        return _pointer(arg, spec)
    if isinstance(arg, bool):
        return _fmt_bool(arg, verb, spec)
    if isinstance(arg, float):
        return _fmt_float(arg, verb, spec)
    if isinstance(arg, SizedInt):
        return _fmt_sized(arg, verb, spec)
    if isinstance(arg, int):
        return _fmt_int(arg, verb, spec)
    if isinstance(arg, str):
        return _fmt_text(arg, verb, spec)
    return _fmt_composite(arg, verb, spec, depth)


def _pointer(arg: Any, spec: _Spec) -> str:
    return "0xc000012345" if isinstance(arg, (dict, list, bytes, GoStruct)) else _bad_verb("p", arg, spec)


def _fmt_bool(arg: bool, verb: str, spec: _Spec) -> str:
    if verb not in "tv":
        return _bad_verb(verb, arg, spec)
    return spec.pad("true" if arg else "false")


def _fmt_sized(arg: Any, verb: str, spec: _Spec) -> str:
    if hasattr(arg, "go_string") and verb in "vsxXq" and not spec.sharp_v:
        return _fmt_text(arg.go_string(), verb, spec)
    if verb == "v" and spec.sharp_v and arg.go_type.startswith("uint"):
        return _integer(int(arg), 16, "0x", spec)
    return _fmt_int(arg, verb, spec)


def _fmt_int(arg: int, verb: str, spec: _Spec) -> str:
    value = int(arg)
    if verb in "dv":
        return _integer(value, 10, "", spec)
    if verb in "bo":
        return _integer(value, 2 if verb == "b" else 8, ("0b" if verb == "b" else "0") if spec.sharp else "", spec)
    if verb == "O":
        return _integer(value, 8, "0o", spec)
    if verb in "xX":
        return _integer(value, 16, "0" + verb if spec.sharp else "", spec, upper=verb == "X")
    if verb == "c":
        return spec.pad(_rune(value))
    if verb == "q":
        return spec.pad(quote(_rune(value), "'", ascii_only=spec.plus))
    if verb == "U":
        text = f"U+{value & 0xFFFFFFFFFFFFFFFF:04X}"
        if spec.sharp and 0 <= value <= 0x10FFFF and is_print(chr(value)):
            text += f" '{chr(value)}'"
        return _Spec.pad(_without_zero(spec), text)
    return _bad_verb(verb, arg, spec)


def _without_zero(spec: _Spec) -> _Spec:
    spec.zero = False
    return spec


def _rune(value: int) -> str:
    return chr(value) if 0 <= value <= 0x10FFFF and not 0xD800 <= value <= 0xDFFF else "�"


def _integer(value: int, base: int, prefix: str, spec: _Spec, *, upper: bool = False) -> str:
    letters = {2: "b", 8: "o", 10: "d", 16: "X" if upper else "x"}[base]
    digits = format(abs(value), letters)
    sign = "-" if value < 0 else "+" if spec.plus else " " if spec.space else ""
    if spec.precision is not None:
        if spec.precision == 0 and value == 0:
            return " " * (spec.width or 0)
        digits = digits.rjust(spec.precision, "0")
        spec = _without_zero(spec)
    elif spec.zero and spec.width is not None and not spec.minus:
        digits = digits.rjust(spec.width - len(sign), "0")
    if prefix == "0" and digits.startswith("0"):
        prefix = ""
    return _Spec.pad(_without_zero(spec), sign + prefix + digits)


def _fmt_float(arg: float, verb: str, spec: _Spec) -> str:
    if verb not in "veEfFgGxXb":
        return _bad_verb(verb, arg, spec)
    if verb == "b":
        return spec.pad(_binary_float(arg))
    precision = spec.precision
    if precision is None:
        precision = 6 if verb in "eEfF" else -1
    text = format_float(arg, "g" if verb == "v" else "f" if verb == "F" else verb, precision)
    if text[0] not in "+-":
        text = "+" + text
    if spec.space and not spec.plus and text[0] == "+":
        text = " " + text[1:]
    zero = spec.zero and "Inf" not in text and "NaN" not in text
    if "Inf" in text or "NaN" in text:
        spec = _without_zero(spec)
    if spec.sharp and verb != "b":
        text = _sharp_float(text, verb, spec)
    if text[0] == "+" and not spec.plus:
        text = text[1:]
    if zero and text[:1] in ("+", "-", " ") and (spec.width or 0) > len(text):
        return text[0] + text[1:].rjust((spec.width or 0) - 1, "0")
    return spec.pad(text)


def _binary_float(value: float) -> str:
    import math

    mantissa, exponent = math.frexp(value)
    return f"{int(mantissa * (1 << 53))}p{exponent - 53:+d}"


def _sharp_float(text: str, verb: str, spec: _Spec) -> str:
    """%#g keeps the decimal point and trailing zeros."""
    sign, body = text[0], text[1:]
    mark = "p" if verb in "xX" else "e"
    head, found, tail = body.lower().partition(mark)
    digits = spec.precision if spec.precision is not None else 6
    if "." not in head:
        head += "."
    if verb in "gGv":
        significant = len(head.replace(".", "").lstrip("0")) or 1
        head += "0" * max(digits - significant, 0)
    return sign + head + (found + tail if found else "")


def _fmt_text(arg: str, verb: str, spec: _Spec) -> str:
    if verb == "v":
        return _fmt_string(quote(arg), "s", spec) if spec.sharp_v else _fmt_string(arg, "s", spec)
    if verb in "sqxX":
        return _fmt_string(arg, verb, spec)
    return _bad_verb(verb, arg, spec)


def _fmt_string(text: str, verb: str, spec: _Spec) -> str:
    text = normal(text)
    if verb in "xX":
        return _hex_text(to_bytes(text), verb, spec)
    if spec.precision is not None:
        text = text[: spec.precision]
    if verb == "q":
        if spec.sharp and "`" not in text and all(c == "\t" or (c >= " " and c != "\x7f") for c in text):
            text = f"`{text}`"
        else:
            text = quote(text, ascii_only=spec.plus)
    return spec.pad(text)


def _hex_text(data: bytes, verb: str, spec: _Spec) -> str:
    if spec.precision is not None:
        data = data[: spec.precision]
    pairs = [f"{b:02X}" if verb == "X" else f"{b:02x}" for b in data]
    prefix = ("0" + verb) if spec.sharp and pairs else ""
    if spec.space:
        text = " ".join(prefix + p for p in pairs)
    else:
        text = prefix + "".join(pairs)
    return spec.pad(text)


def _fmt_composite(arg: Any, verb: str, spec: _Spec, depth: int) -> str:
    if isinstance(arg, dict):
        return _fmt_map(arg, verb, spec, depth)
    if isinstance(arg, bytes):
        return _fmt_bytes(arg, verb, spec)
    if isinstance(arg, list):
        return _fmt_list(arg, verb, spec, depth)
    if isinstance(arg, GoStruct):
        if arg.stringer and verb in "vsxXq" and not spec.sharp_v:
            return _fmt_text(arg.go_string(), verb, spec)
        named = spec.plus_v or spec.sharp_v
        parts = [f"{n}:" * named + _format(v, verb, _again(spec), depth + 1) for n, v in arg.shown()]
        name = arg.go_type.removeprefix("*") if spec.sharp_v else ""
        return ("&" if arg.pointer else "") + name + "{" + (", " if spec.sharp_v else " ").join(parts) + "}"
    return spec.pad(to_string(arg))


def _again(spec: _Spec) -> _Spec:
    copy = _Spec()
    for name in _Spec.__slots__:
        setattr(copy, name, getattr(spec, name))
    return copy


def _fmt_map(arg: dict[str, Any], verb: str, spec: _Spec, depth: int) -> str:
    items = sorted(arg.items(), key=_sort_key)
    pairs = (
        f"{_format(k, verb, _again(spec), depth + 1)}:{_format(v, verb, _again(spec), depth + 1)}" for k, v in items
    )
    if spec.sharp_v:
        return f"{type_name(arg)}{{" + ", ".join(pairs) + "}"
    return "map[" + " ".join(pairs) + "]"


def _fmt_list(arg: list[Any], verb: str, spec: _Spec, depth: int) -> str:
    parts = [_format(v, verb, _again(spec), depth + 1) for v in arg]
    if spec.sharp_v:
        if isinstance(arg, GoSlice) and arg.nil:
            return f"{type_name(arg)}(nil)"
        parts = ["interface {}(nil)" if v is None else p for v, p in zip(arg, parts, strict=True)]
        return f"{type_name(arg)}{{" + ", ".join(parts) + "}"
    return "[" + " ".join(parts) + "]"


def _fmt_bytes(arg: bytes, verb: str, spec: _Spec) -> str:
    if verb in "sqxX":
        return _fmt_string(from_bytes(arg), verb, spec) if verb in "sq" else _hex_text(arg, verb, spec)
    if spec.sharp_v:
        return "[]byte{" + ", ".join(f"0x{b:x}" for b in arg) + "}"
    return "[" + " ".join(_fmt_int(b, "d" if verb == "v" else verb, _again(spec)) for b in arg) + "]"

"""Go values as Python values.

===========================  ==========================================
Go                           here
===========================  ==========================================
nil (interface)              ``None``
zero reflect.Value           ``INVALID``
bool, string                 ``bool``, ``str`` (bytes that are no UTF-8 as surrogates)
int                          ``int`` itself
int64, uint64, uint8 ...     the subclasses of ``SizedInt``
float64                      ``float``
[]interface {}               ``list``
[]string, []int ...          ``GoSlice`` with its element type; ``nil`` tells a nil slice
map[string]interface {}      ``dict``
map[string]string ...        subclasses of ``GoMap``; ``common.Values`` is ``Values``
structs and pointers         subclasses of ``GoStruct`` that name their fields and methods
===========================  ==========================================
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar


class _Invalid:
    __slots__ = ()

    def __repr__(self) -> str:
        return "<invalid Value>"

    def __bool__(self) -> bool:
        return False


INVALID = _Invalid()


class SizedInt(int):
    """An integer of a Go type other than int."""

    go_type: ClassVar[str] = "int"
    bits: ClassVar[int] = 64
    signed: ClassVar[bool] = True
    __slots__ = ()


class Int64(SizedInt):
    go_type = "int64"
    __slots__ = ()


class Int32(SizedInt):
    go_type = "int32"
    bits = 32
    __slots__ = ()


class Uint64(SizedInt):
    go_type = "uint64"
    signed = False
    __slots__ = ()


class Uint8(SizedInt):
    go_type = "uint8"
    bits = 8
    signed = False
    __slots__ = ()


class GoSlice(list[Any]):
    """A slice whose elements are not ``interface {}``, or a nil slice of any element type."""

    __slots__ = ("elem", "named", "nil")

    def __init__(
        self, items: Iterable[Any] = (), elem: str = "interface {}", *, nil: bool = False, named: str = ""
    ) -> None:
        super().__init__(items)
        self.elem = elem
        self.nil = nil
        self.named = named

    @property
    def go_type(self) -> str:
        return self.named or f"[]{self.elem}"


def strings(items: Iterable[str]) -> GoSlice:
    return GoSlice(items, "string")


class GoMap(dict[str, Any]):
    """A map with string keys whose values are not ``interface {}``."""

    go_type: ClassVar[str] = "map[string]string"
    elem: ClassVar[str] = "string"
    methods: ClassVar[dict[str, Method]] = {}
    __slots__ = ()

    def zero(self) -> Any:
        """What a missing key gives."""
        return ""


class StringMap(GoMap):
    __slots__ = ()


class NilMap(dict[str, Any]):
    """A nil map[string]interface {}."""

    go_type: ClassVar[str] = "map[string]interface {}"
    nil: ClassVar[bool] = True
    __slots__ = ()


class GoStruct:
    """A struct or a pointer to one: fields by Go name, methods with their signatures."""

    go_type: ClassVar[str] = "struct {}"
    fields: ClassVar[dict[str, tuple[str, str]]] = {}  # Go name -> (attribute, Go type)
    methods: ClassVar[dict[str, Method]] = {}
    pointer: ClassVar[bool] = False
    stringer: ClassVar[bool] = False
    __slots__ = ()

    def shown(self) -> list[tuple[str, Any]]:
        """All fields, private ones too, as %v shows them."""
        return [(name, getattr(self, attribute)) for name, (attribute, _) in self.fields.items()]

    def go_string(self) -> str:
        """What String() gives, where ``stringer``."""
        raise NotImplementedError


class Method:
    """A Go function or method: how many and what it takes, and the Python function that does it.

    ``params`` are Go types; the last one repeats when ``variadic``. ``raw`` functions get values as they are (the
    reflect.Value of Go's builtins), so they can tell INVALID from nil.
    """

    __slots__ = ("call", "frame", "name", "params", "variadic")

    def __init__(
        self,
        name: str,
        params: tuple[str, ...],
        call: Callable[..., Any],
        *,
        variadic: bool = False,
        frame: bool = False,
    ) -> None:
        self.name = name
        self.params = params
        self.call = call
        self.variadic = variadic
        self.frame = frame


def method(name: str, params: str, call: Callable[..., Any]) -> Method:
    """``params`` as in Go: "string, int" or "...any"."""
    parts = tuple(p.strip() for p in params.split(",") if p.strip())
    variadic = bool(parts) and parts[-1].startswith("...")
    if variadic:
        parts = (*parts[:-1], parts[-1][3:])
    return Method(name, parts, call, variadic=variadic)


_PLAIN = {
    bool: "bool",
    int: "int",
    float: "float64",
    str: "string",
    list: "[]interface {}",
    dict: "map[string]interface {}",
    bytes: "[]uint8",
}


def type_name(value: Any) -> str:
    """reflect.TypeOf(v).String(); ``<nil>`` for nil, as %T prints it."""
    name = _PLAIN.get(type(value))
    if name is not None:
        return name
    if value is None or value is INVALID:
        return "<nil>"
    return getattr(value, "go_type", type(value).__name__)


def kind_name(value: Any) -> str:
    """reflect.ValueOf(v).Kind().String()."""
    if value is None or value is INVALID:
        return "invalid"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return _int_kind(value)
    if isinstance(value, float):
        return "float64"
    if isinstance(value, str):
        return "string"
    if isinstance(value, (list, bytes)):
        return "slice"
    if isinstance(value, dict):
        return "map"
    if isinstance(value, GoStruct):
        return "ptr" if value.pointer else "struct"
    return "func"


def _int_kind(value: int) -> str:
    if isinstance(value, SizedInt):
        sign = "" if value.signed else "u"
        return f"{sign}int" if value.go_type == "int" else f"{sign}int{value.bits}"
    return "int"


def truth(value: Any) -> bool:
    """Go's isTrue; structs and pointers are true."""
    if isinstance(value, (GoStruct, Method)):
        return True
    if value is None or value is INVALID:
        return False
    return bool(value)


def is_nil(value: Any) -> bool:
    return value is None or value is INVALID or (isinstance(value, (GoSlice, NilMap)) and value.nil)


def wrap64(n: int) -> int:
    """Two's complement in 64 bits, as Go's integers overflow."""
    if -0x8000000000000000 <= n <= 0x7FFFFFFFFFFFFFFF:
        return n
    n &= 0xFFFFFFFFFFFFFFFF
    return n - 0x10000000000000000 if n & 0x8000000000000000 else n


def to_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def from_bytes(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")

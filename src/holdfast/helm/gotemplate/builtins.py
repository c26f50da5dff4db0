"""The functions that text/template brings along: comparison, index, len, print and escaping."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from holdfast.helm.go.errors import GoError
from holdfast.helm.go.format import sprint, sprintf, sprintln, to_string
from holdfast.helm.go.strconv import is_print, normal
from holdfast.helm.go.types import (
    INVALID,
    GoMap,
    Method,
    SizedInt,
    Uint8,
    is_nil,
    kind_name,
    method,
    to_bytes,
    type_name,
)

_BAD_TYPE = "invalid type for comparison"


def _basic(value: Any) -> str:
    """Go's basicKind; "" for what cannot be compared in order."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, SizedInt):
        return "int" if value.signed else "uint"
    if isinstance(value, int):
        return "int"
    if isinstance(value, float):
        return "float"
    if isinstance(value, str):
        return "string"
    return "complex" if isinstance(value, complex) else ""


def equal(first: Any, *others: Any) -> bool:
    if not others:
        raise GoError("missing argument for comparison")
    return any(_equal(first, other) for other in others)


def _equal(a: Any, b: Any) -> bool:
    ka, kb = _basic(a), _basic(b)
    if ka == kb:
        return bool(a == b) if ka else _equal_composite(a, b)
    if {ka, kb} == {"int", "uint"}:
        return bool(int(a) == int(b))
    if a is None or a is INVALID or b is None or b is INVALID:
        return False
    raise GoError(f"incompatible types for comparison: {type_name(a)} and {type_name(b)}")


def _equal_composite(a: Any, b: Any) -> bool:
    ka, kb = kind_name(a), kind_name(b)
    if ka != kb and "invalid" not in (ka, kb):
        raise GoError(f"non-comparable types {sprintf('%s', a)}: {type_name(a)}, {type_name(b)}: {to_string(b)}")
    if is_nil(a) or is_nil(b):
        return is_nil(a) == is_nil(b)
    if isinstance(b, (list, dict, bytes)):
        raise GoError(f"non-comparable type {sprintf('%s', b)}: {type_name(b)}")
    return bool(a == b)


def not_equal(a: Any, b: Any) -> bool:
    return not equal(a, b)


def less(a: Any, b: Any) -> bool:
    ka, kb = _basic(a), _basic(b)
    if not ka or not kb:
        raise GoError(_BAD_TYPE)
    if ka != kb:
        if {ka, kb} == {"int", "uint"}:
            return bool(int(a) < int(b))
        raise GoError(f"incompatible types for comparison: {type_name(a)} and {type_name(b)}")
    if ka in ("bool", "complex"):
        raise GoError(_BAD_TYPE)
    if ka == "string":
        return bool(a < b) if a.isascii() and b.isascii() else to_bytes(a) < to_bytes(b)
    return bool(a < b)


def less_or_equal(a: Any, b: Any) -> bool:
    return less(a, b) or equal(a, b)


def greater(a: Any, b: Any) -> bool:
    return not less_or_equal(a, b)


def greater_or_equal(a: Any, b: Any) -> bool:
    return not less(a, b)


def negate(value: Any) -> bool:
    return not value


def length(value: Any) -> int:
    if isinstance(value, str):
        return len(value) if value.isascii() else len(to_bytes(value))
    if isinstance(value, (list, dict, bytes)):
        return len(value)
    if value is None:
        raise GoError("len of nil pointer")
    if value is INVALID:
        raise GoError("reflect: call of reflect.Value.Type on zero Value")
    raise GoError(f"len of type {type_name(value)}")


def index(item: Any, *indexes: Any) -> Any:
    if item is None or item is INVALID:
        raise GoError("index of untyped nil")
    for key in indexes:
        if item is None or item is INVALID:
            raise GoError("index of nil pointer")
        item = _index_one(item, INVALID if key is None else key)
    return item


def _index_one(item: Any, key: Any) -> Any:
    if isinstance(item, dict):
        return _index_map(item, key)
    if isinstance(item, (list, bytes)):
        at = index_position(key, len(item))
        if at >= len(item):
            raise GoError("reflect: slice index out of range")
        return Uint8(item[at]) if isinstance(item, bytes) else item[at]
    if isinstance(item, str):
        data = to_bytes(item)
        at = index_position(key, len(data))
        if at >= len(data):
            raise GoError("reflect: string index out of range")
        return Uint8(data[at])
    raise GoError(f"can't index item of type {type_name(item)}")


def _index_map(item: dict[str, Any], key: Any) -> Any:
    if key is INVALID:
        raise GoError("value is nil; should be of type string")
    if not isinstance(key, str):
        raise GoError(f"value has type {type_name(key)}; should be string")
    if key in item:
        return item[key]
    return item.zero() if isinstance(item, GoMap) else None


def index_position(key: Any, size: int) -> int:
    if key is INVALID:
        raise GoError("cannot index slice/array with nil")
    if isinstance(key, bool) or not isinstance(key, int):
        raise GoError(f"cannot index slice/array with type {type_name(key)}")
    if key < 0 or key > size:
        raise GoError(f"index out of range: {int(key)}")
    return int(key)


def call_function(name: str, function: Any, *args: Any) -> Any:
    """No value of a chart is a function, so this can only fail. The compiler adds the name."""
    if function is None or function is INVALID:
        raise GoError("call of nil")
    raise GoError(f"non-function {name} of type {type_name(function)}")


_HTML = str.maketrans({'"': "&#34;", "'": "&#39;", "&": "&amp;", "<": "&lt;", ">": "&gt;", "\0": "�"})
_JS = {"\\": "\\\\", "'": "\\'", '"': '\\"', "<": "\\u003C", ">": "\\u003E", "&": "\\u0026", "=": "\\u003D"}


def _joined(args: tuple[Any, ...]) -> str:
    if len(args) == 1 and isinstance(args[0], str):
        return args[0]
    return sprint(["<no value>" if a is None else a for a in args])


def html(*args: Any) -> str:
    return _joined(args).translate(_HTML)


def js(*args: Any) -> str:
    return "".join(_js_char(c) for c in normal(_joined(args)))


def _js_char(c: str) -> str:
    if c in _JS:
        return _JS[c]
    n = ord(c)
    if n < 32:
        return f"\\u00{n:02X}"
    if n < 128 or is_print(c):
        return c
    return f"\\u{0xFFFD if 0xDC80 <= n <= 0xDCFF else n:04X}"


def urlquery(*args: Any) -> str:
    from urllib.parse import quote_plus

    return quote_plus(to_bytes(_joined(args)), safe="~")


def _print(*args: Any) -> str:
    return sprint(args)


def _println(*args: Any) -> str:
    return sprintln(args)


def _logic_placeholder(*args: Any) -> Any:
    raise AssertionError("compiled in place")


_TABLE: tuple[tuple[str, str, Callable[..., Any]], ...] = (
    ("and", "rv, ...rv", _logic_placeholder),
    ("or", "rv, ...rv", _logic_placeholder),
    ("not", "rv", negate),
    ("eq", "rv, ...rv", equal),
    ("ne", "rv, rv", not_equal),
    ("lt", "rv, rv", less),
    ("le", "rv, rv", less_or_equal),
    ("gt", "rv, rv", greater),
    ("ge", "rv, rv", greater_or_equal),
    ("len", "rv", length),
    ("index", "rv, ...rv", index),
    ("call", "rv, ...rv", call_function),
    ("print", "...any", _print),
    ("println", "...any", _println),
    ("printf", "string, ...any", sprintf),
    ("html", "...any", html),
    ("js", "...any", js),
    ("urlquery", "...any", urlquery),
)

BUILTINS: dict[str, Method] = {name: method(name, params, call) for name, params, call in _TABLE}

"""JSON patch and JSON merge patch: patches that need no schema.

In go JSON data and a patch, out comes new data; inputs are left alone. ``PatchError`` says what is wrong with the code that
the API server gives it.

JSON patch follows RFC 6902 with the leniencies of the library that the API server uses (evanphx/json-patch v4): ``replace`` of
an absent map key adds it, negative array indexes count from the end, the text before the first ``/`` of a path is ignored.
"""

from __future__ import annotations

import re
from typing import Any, Final

from holdfast.base.errors import Stop

_INDEX: Final = re.compile(r"[+-]?[0-9]+", re.ASCII)
_ABSENT: Final = object()


class PatchError(Stop):
    """A patch that cannot be carried out. ``code`` is the HTTP status of the API server's answer."""

    def __init__(self, message: str, *, code: int) -> None:
        super().__init__(message, reason="Invalid")
        self.code = code


# --- JSON patch -------------------------------------------------------------------------------------------------------


def json_patch(obj: Any, operations: Any) -> Any:
    """``obj`` after all operations, or PatchError (422) for the first that cannot be carried out. None has none."""
    if operations is None:
        return obj
    if not isinstance(operations, list):
        raise PatchError("a JSON patch is a list of operations", code=400)
    root = _copy(obj)
    for operation in operations:
        if not isinstance(operation, dict):
            raise PatchError("a JSON patch operation is an object", code=400)
        root = _carry_out(root, operation)
    return root


def _carry_out(root: Any, operation: dict[str, Any]) -> Any:
    kind = operation.get("op")
    value = operation.get("value")
    path = _text(operation, "path")
    if kind == "add":
        _add(*_find(root, path), _copy(value))
    elif kind == "remove":
        _remove(*_find(root, path))
    elif kind == "replace":
        return _replace(root, path, _copy(value))
    elif kind == "move":
        source = _find(root, _text(operation, "from"))
        moved = _get(*source)
        _remove(*source)
        _add(*_find(root, path), None if moved is _ABSENT else moved)
    elif kind == "copy":
        found = _get(*_find(root, _text(operation, "from")))
        _add(*_find(root, path), None if found is _ABSENT else _copy(found))
    elif kind == "test":
        _test(root, path, value)
    else:
        raise _failed(f"unexpected kind: {kind}")
    return root


def _failed(why: str) -> PatchError:
    return PatchError(why, code=422)


def _text(operation: dict[str, Any], member: str) -> str:
    value = operation.get(member)
    if not isinstance(value, str):
        raise _failed(f"the operation has no {member}")
    return value


def _find(root: Any, path: str) -> tuple[Any, str]:
    """The container that the last element of the path names a member of."""
    parts = path.split("/")
    if len(parts) < 2:
        raise _failed(f'missing path: "{path}"')
    here = root
    for part in parts[1:-1]:
        here = _get(here, _unescape(part))
        if not isinstance(here, (dict, list)):
            raise _failed(f'missing path: "{path}"')
    return here, _unescape(parts[-1])


def _unescape(text: str) -> str:
    return re.sub("~[01]", lambda found: "/" if found[0] == "~1" else "~", text)


def _get(container: Any, key: str) -> Any:
    if isinstance(container, dict):
        return container.get(key, _ABSENT)
    return container[_position(key, len(container), len(container) - 1)]


def _position(key: str, size: int, last: int) -> int:
    if not _INDEX.fullmatch(key):
        raise _failed(f'"{key}" is no array index')
    index = int(key)
    if index < 0:
        index += size
    if not 0 <= index <= last:
        raise _failed(f"unable to access invalid index: {key}")
    return index


def _add(container: Any, key: str, value: Any) -> None:
    if isinstance(container, dict):
        container[key] = value
    elif key == "-":
        container.append(value)
    else:
        size = len(container)
        container.insert(_position(key, size + 1, size), value)


def _remove(container: Any, key: str) -> None:
    if _get(container, key) is _ABSENT:
        raise _failed(f"unable to remove nonexistent key: {key}")
    del container[key if isinstance(container, dict) else _position(key, len(container), len(container) - 1)]


def _replace(root: Any, path: str, value: Any) -> Any:
    if not path:
        if not isinstance(value, (dict, list)):
            raise _failed("replace operation value must be object or array")
        return value
    container, key = _find(root, path)
    if isinstance(container, dict):
        container[key] = value
    else:
        container[_position(key, len(container), len(container) - 1)] = value
    return root


def _test(root: Any, path: str, value: Any) -> None:
    found = root if not path else _get(*_find(root, path))
    if not _same(None if found is _ABSENT else found, value):
        raise _failed(f"testing value {path} failed")


def _same(a: Any, b: Any) -> bool:
    """Equal as written: 1 is neither 1.0 nor true."""
    if a.__class__ is not b.__class__:
        return False
    if isinstance(a, dict):
        return len(a) == len(b) and all(key in b and _same(value, b[key]) for key, value in a.items())
    if isinstance(a, list):
        return len(a) == len(b) and all(map(_same, a, b))
    return bool(a == b)


def _copy(value: Any) -> Any:
    if value.__class__ is dict:
        return {key: _copy(item) for key, item in value.items()}
    return [_copy(item) for item in value] if value.__class__ is list else value


# --- JSON merge patch -------------------------------------------------------------------------------------------------


def merge_patch(obj: Any, patch: Any) -> Any:
    """RFC 7386, except that nulls inside new lists' objects are dropped too. ``patch`` None changes nothing."""
    if patch is None:
        return obj
    if isinstance(patch, list):
        return _without_nulls(patch)
    if not isinstance(patch, dict):
        raise PatchError("Invalid JSON Patch", code=400)
    return _merge(obj if isinstance(obj, dict) else {}, patch)


def _merge(current: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    out = dict(current)
    for key, value in patch.items():
        known = out.get(key)
        if value is None:
            out.pop(key, None)
        elif isinstance(known, dict):
            out[key] = _merge(known, value) if isinstance(value, dict) else value
        else:
            out[key] = _without_nulls(value)
    return out


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value

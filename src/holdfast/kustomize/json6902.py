"""JSON patches as kustomize applies them (evanphx/json-patch v4): lenient where RFC 6902 is strict.

``replace`` adds a missing key, negative indices count from the end, the way through null or a scalar is "missing". Texts of
errors are the library's. The kube room's JSON patch is the API server's, which is another library version.
"""

from __future__ import annotations

from typing import Any

from holdfast.kube import yaml
from holdfast.kustomize.errors import KustomizeError
from holdfast.kustomize.scalars import copy_json

Operation = dict[str, Any]

_NO_PATH = "missing value"


def decode(text: str) -> list[Operation] | None:
    """The operations in a patch's text; None for ``null``. Raises KustomizeError where it is no list of mappings."""
    if not text:
        raise KustomizeError("empty json patch operations")
    try:
        data = _load_json(text) if text[0] == "[" else _load_yaml(text)
    except yaml.YAMLError as err:
        raise KustomizeError(f"error converting YAML to JSON: {err.message}") from None
    if data is None:
        return None
    if type(data) is not list:
        raise KustomizeError(f"json: cannot unmarshal {_json_kind(data)} into Go value of type jsonpatch.Patch")
    for item in data:
        if item is not None and type(item) is not dict:
            raise KustomizeError(f"json: cannot unmarshal {_json_kind(item)} into Go value of type jsonpatch.Operation")
    return [item or {} for item in data]


def _load_json(text: str) -> Any:
    import json

    try:
        return json.loads(text)
    except json.JSONDecodeError as err:
        raise KustomizeError(f"invalid JSON: {err.msg}") from None


def _load_yaml(text: str) -> Any:
    if text.startswith("- "):
        # Under a key, a list takes the YAML room's fast path, which only documents that are mappings have.
        try:
            return yaml.load("operations:\n" + text)["operations"]
        except yaml.YAMLError:
            pass
    return yaml.load(text)


def _json_kind(value: Any) -> str:
    if type(value) is dict:
        return "object"
    if type(value) is list:
        return "array"
    if type(value) is bool:
        return "bool"
    return "string" if type(value) is str else "number"


def apply(document: Any, operations: list[Operation]) -> Any:
    """The patched document; the given one may be changed in place."""
    for operation in operations:
        kind = operation.get("op")
        step = _STEPS.get(kind) if isinstance(kind, str) else None
        if step is None:
            raise KustomizeError(f"Unexpected kind: {kind if isinstance(kind, str) else 'unknown'}")
        document = step(document, operation)
    return document


def _path(operation: Operation, field: str = "path") -> str:
    value = operation.get(field)
    if isinstance(value, str):
        return value
    what = operation.get("op")
    missing = "operation missing path field" if field == "path" else "operation, missing from field"
    raise KustomizeError(f"{what} operation failed to decode {field}: {missing}: {_NO_PATH}")


def _unescape(part: str) -> str:
    return part.replace("~1", "/").replace("~0", "~") if "~" in part else part


def _find(document: Any, path: str) -> tuple[Any, str]:
    """The container a path ends in, None where the way is missing, and the last key."""
    parts = path.split("/")
    if len(parts) < 2:
        return None, ""
    node = document
    for part in parts[1:-1]:
        try:
            node = _get(node, _unescape(part))
        except KustomizeError:
            return None, ""
        if type(node) is not dict and type(node) is not list:
            return None, ""
    return node, _unescape(parts[-1])


def _index(key: str) -> int:
    try:
        return int(key) if key.lstrip("+-").isdigit() else int("x")
    except ValueError:
        raise KustomizeError(f'strconv.Atoi: parsing "{key}": invalid syntax') from None


def _checked(index: int, size: int) -> int:
    if index >= size or index < -size:
        raise KustomizeError(f"Unable to access invalid index: {index}: invalid index referenced")
    return index + size if index < 0 else index


def _get(node: Any, key: str) -> Any:
    if type(node) is dict:
        return node.get(key)
    return node[_checked(_index(key), len(node))]


def _put(node: Any, key: str, value: Any) -> None:
    """``add``: set a key, insert into a list."""
    if type(node) is dict:
        node[key] = value
    elif key == "-":
        node.append(value)
    else:
        try:
            index = _index(key)
        except KustomizeError as err:
            raise err.within(f"value was not a proper array index: '{key}'") from None
        node.insert(_checked(index, len(node) + 1), value)


def _drop(node: Any, key: str) -> None:
    if type(node) is list:
        del node[_checked(_index(key), len(node))]
    elif key in node:
        del node[key]
    else:
        raise KustomizeError(f"Unable to remove nonexistent key: {key}: {_NO_PATH}")


def _add(document: Any, operation: Operation) -> Any:
    path = _path(operation)
    node, key = _find(document, path)
    if node is None:
        raise KustomizeError(f'add operation does not apply: doc is missing path: "{path}": {_NO_PATH}')
    try:
        _put(node, key, copy_json(operation.get("value")))
    except KustomizeError as err:
        raise err.within(f"error in add for path: '{path}'") from None
    return document


def _remove(document: Any, operation: Operation) -> Any:
    path = _path(operation)
    node, key = _find(document, path)
    if node is None:
        raise KustomizeError(f'remove operation does not apply: doc is missing path: "{path}": {_NO_PATH}')
    try:
        _drop(node, key)
    except KustomizeError as err:
        raise err.within(f"error in remove for path: '{path}'") from None
    return document


def _replace(document: Any, operation: Operation) -> Any:
    path, value = _path(operation), copy_json(operation.get("value"))
    if path == "":
        if type(value) not in (dict, list):
            raise KustomizeError("replace operation value must be object or array: %!w(<nil>)")
        return value
    node, key = _find(document, path)
    if node is None:
        raise KustomizeError(f"replace operation does not apply: doc is missing path: {path}: {_NO_PATH}")
    try:
        _get(node, key)
    except KustomizeError:
        raise KustomizeError(f"replace operation does not apply: doc is missing key: {path}: {_NO_PATH}") from None
    if type(node) is dict:
        node[key] = value
    else:
        node[_checked(_index(key), len(node))] = value
    return document


def _source(document: Any, operation: Operation) -> tuple[Any, str, str]:
    source = _path(operation, "from")
    node, key = _find(document, source)
    if node is None:
        what = operation["op"]
        raise KustomizeError(f"{what} operation does not apply: doc is missing from path: {source}: {_NO_PATH}")
    return node, key, source


def _destination(document: Any, operation: Operation) -> tuple[Any, str, str]:
    path = _path(operation)
    node, key = _find(document, path)
    if node is None:
        what = operation["op"]
        raise KustomizeError(f"{what} operation does not apply: doc is missing destination path: {path}: {_NO_PATH}")
    return node, key, path


def _move(document: Any, operation: Operation) -> Any:
    node, key, _ = _source(document, operation)
    try:
        value = _get(node, key)
        _drop(node, key)
    except KustomizeError as err:
        raise err.within(f"error in move for path: '{key}'") from None
    node, key, path = _destination(document, operation)
    try:
        _put(node, key, value)
    except KustomizeError as err:
        raise err.within(f"error in move for path: '{path}'") from None
    return document


def _copy(document: Any, operation: Operation) -> Any:
    node, key, source = _source(document, operation)
    try:
        value = copy_json(_get(node, key))
    except KustomizeError as err:
        raise err.within(f"error in copy for from: '{source}'") from None
    node, key, _ = _destination(document, operation)
    try:
        _put(node, key, value)
    except KustomizeError as err:
        raise err.within("error while adding value during copy") from None
    return document


def _test(document: Any, operation: Operation) -> Any:
    path = _path(operation)
    value = document
    if path != "":
        node, key = _find(document, path)
        if node is None:
            raise KustomizeError(f"test operation does not apply: is missing path: {path}: {_NO_PATH}")
        try:
            value = _get(node, key)
        except KustomizeError as err:
            raise err.within(f"error in test for path: '{path}'") from None
    if not _same(value, operation.get("value")):
        raise KustomizeError(f"testing value {path} failed: test failed")
    return document


def _same(left: Any, right: Any) -> bool:
    if type(left) is not type(right):
        return False
    if type(left) is dict:
        return left.keys() == right.keys() and all(_same(v, right[k]) for k, v in left.items())
    if type(left) is list:
        return len(left) == len(right) and all(map(_same, left, right))
    return bool(left == right)


_STEPS = {"add": _add, "remove": _remove, "replace": _replace, "move": _move, "copy": _copy, "test": _test}

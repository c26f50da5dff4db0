"""Strategic merge as kyaml does it (``merge2`` over ``walk``): a patch onto an object, both JSON data.

Mappings merge, lists without merge keys are replaced, null removes. ``$patch`` says delete, replace or merge in a mapping or
in an element of its own in a list. What is merged is walked even where the patch has nothing to say, which also removes
doubles from merging lists and written that were written as nothing. New list elements come first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from holdfast.kube.yaml.scalars import DOUBLED
from holdfast.kustomize.errors import KustomizeError
from holdfast.kustomize.fieldspec import kind_of, wrong_kind
from holdfast.kustomize.mergekeys import Shape
from holdfast.kustomize.openapi import Schemas
from holdfast.kustomize.scalars import copy_json, text_of
from holdfast.kustomize.written import EMPTY

DIRECTIVE = "$patch"


class Missing:
    """Nothing there; unlike null."""

    __slots__ = ()


MISSING = Missing()
KEEP_NULL = Missing()
"""A null of the object that the patch does not touch and that was written out."""


Assign = Callable[[Any, Any, Any], None]


def _assign(holder: Any, key: Any, value: Any) -> None:
    holder[key] = value


def as_it_is(holder: Any, key: str, value: Any) -> Any:
    """What becomes of a number or boolean that is patched over a text."""
    del holder, key
    return value


def merge(
    patch: Any,
    target: Any,
    schemas: Schemas,
    assign: Assign = _assign,
    over_text: Callable[[Any, str, Any], Any] = as_it_is,
) -> Any:
    """The patched object, or None where the patch deletes it. ``target`` may be changed in place; the patch is not.

    ``assign(holder, key, value)`` is how a scalar is changed or added; ``over_text(holder, key, value)`` says what a
    number or boolean becomes that takes the place of a text.
    """
    result = _Merge(schemas, assign, over_text).walk(target, copy_json(patch), None)
    if result is MISSING or result is None:
        return None
    # A patch that says at its top that it replaces the object makes an object of its own, which upstream forgets.
    return target


def _absent(node: Any) -> bool:
    return node is MISSING or node is None or node is EMPTY


class _Merge:
    def __init__(self, schemas: Schemas, assign: Assign, over_text: Callable[[Any, str, Any], Any]) -> None:
        self._schemas = schemas
        self._assign = assign
        self._over_text = over_text

    def walk(self, dest: Any, src: Any, shape: Shape | None) -> Any:
        """The merged node, ``MISSING`` or None where it goes away, ``KEEP_NULL`` where a null stays."""
        first = src if _absent(dest) else dest
        if shape is None:
            shape = self._own_shape(dest) or self._own_shape(src)
        if type(first) is dict:
            self._check(dict, dest, src)
            return self._map(dest, src, shape)
        if type(first) is list:
            self._check(list, dest, src)
            if shape is not None and shape.merges:
                return self._merging_list(dest, src, shape)
            return dest if src is MISSING else src
        if _absent(first):
            return _nulls(dest, src)
        self._check_scalars(dest, src)
        return dest if src is MISSING else src

    def _own_shape(self, node: Any) -> Shape | None:
        if type(node) is not dict or "kind" not in node or "apiVersion" not in node:
            return None
        return self._schemas.of(text_of(node["apiVersion"]), text_of(node["kind"]))

    def _check(self, expected: type, *nodes: Any) -> None:
        for node in nodes:
            if not _absent(node) and type(node) is not expected:
                raise wrong_kind("MappingNode" if expected is dict else "SequenceNode", node)

    def _check_scalars(self, *nodes: Any) -> None:
        for node in nodes:
            if not _absent(node) and kind_of(node) != "ScalarNode":
                raise wrong_kind("ScalarNode", node)

    # Mappings

    def _map(self, dest: Any, src: Any, shape: Shape | None) -> Any:
        if _absent(dest):
            if _directive_of_map(src, lenient=True) == "delete":
                return MISSING
            dest = src
        elif src is None or src is EMPTY:
            return MISSING
        else:
            directive = "merge" if src is MISSING else _directive_of_map(src)
            if directive == "delete":
                return MISSING
            if directive == "replace":
                dest = src
            elif src is not MISSING:
                src.pop(DOUBLED, None)
        self._fields(dest, src, shape)
        return dest

    def _fields(self, dest: dict[str, Any], src: Any, shape: Shape | None) -> None:
        names = sorted(dest) if src is MISSING or src is dest else sorted({*dest, *src})
        for name in names:
            old = dest.get(name, MISSING)
            new = MISSING if src is MISSING else src.get(name, MISSING)
            below = shape.child(name) if shape is not None else None
            if (
                new is MISSING
                and type(old) is not dict
                and type(old) is not list
                and old is not None
                and old is not EMPTY
            ):
                continue
            value = self.walk(old, new, below)
            if value is KEEP_NULL:
                dest[name] = None
            elif _absent(value):
                dest.pop(name, None)
            elif type(value) is dict or type(value) is list:
                dest[name] = value
            else:
                if type(old) is str and type(value) is not str:
                    value = self._over_text(dest, name, value)
                self._assign(dest, name, value)

    # Lists that merge

    def _merging_list(self, dest: Any, src: Any, shape: Shape) -> Any:
        if _absent(dest):
            dest = src
        elif src is None or src is EMPTY:
            return MISSING
        elif src is not MISSING:
            directive = _directive_of_list(src)
            if directive == "delete":
                return MISSING
            if directive == "replace":
                dest = src
        sources = (dest, src)
        if shape.keys:
            values = _key_values(sources, shape.keys)
            return self._elements(values, list(shape.keys), sources, dest, shape)
        return self._elements(_plain_values(sources), [""], sources, dest, shape)

    def _elements(
        self, wanted: list[list[str]], keys: list[str], sources: tuple[Any, Any], dest: list[Any], shape: Shape
    ) -> Any:
        if not wanted:
            return dest
        if len(keys) > 1:
            _complete(wanted)
        added: list[Any] = []
        valid_keys = keys
        for values in wanted:
            if not values:
                continue
            valid_keys, valid_values = _valid(wanted, values, keys)
            element = self.walk(*self._pair(sources, valid_keys, valid_values), shape.items)
            if element is KEEP_NULL or _absent(element) or element == {}:
                _set_element(dest, MISSING, valid_keys, valid_values)
                continue
            if type(element) is dict:
                for key, value in zip(valid_keys, valid_values, strict=True):
                    if value and key not in element:
                        element[key] = value
            _set_element(added, element, valid_keys, valid_values)
        _append_elements(added, dest, valid_keys)
        dest[:] = added
        return dest

    def _pair(self, sources: tuple[Any, Any], keys: list[str], values: list[str]) -> tuple[Any, Any]:
        keys, values = _valid([values], values, keys)
        found = [_find(s, keys, values) if type(s) is list else MISSING for s in sources]
        return found[0], found[1]


def _nulls(dest: Any, src: Any) -> Any:
    if src is MISSING:
        return KEEP_NULL if dest is None else MISSING
    return None


def _directive_of_map(node: Any, lenient: bool = False) -> str:
    if type(node) is not dict or DIRECTIVE not in node:
        return "merge"
    value = text_of(node[DIRECTIVE])
    if value not in ("delete", "replace", "merge"):
        if lenient:
            return "merge"
        raise KustomizeError(f"unknown patch strategy '{value}'")
    del node[DIRECTIVE]
    return value


def _directive_of_list(items: list[Any]) -> str:
    holder = next((e for e in items if type(e) is dict and DIRECTIVE in e), None)
    if holder is None or len(holder) > 1:
        return "merge"
    value = text_of(holder[DIRECTIVE])
    if value not in ("delete", "replace", "merge"):
        raise KustomizeError(f"unknown patch strategy '{value}'")
    _set_element(items, MISSING, [DIRECTIVE], [value])
    return value


def _field_text(element: Any, key: str) -> str:
    value = element.get(key) if type(element) is dict else None
    return "" if value is None or value is EMPTY or value in ({}, []) else text_of(value)


def _key_values(sources: tuple[Any, Any], keys: tuple[str, ...]) -> list[list[str]]:
    """The key values of all elements, the patch's first, each once."""
    seen: set[tuple[str, ...]] = set()
    out: list[list[str]] = []
    for source in (sources[1], sources[0]):
        for element in source if type(source) is list else ():
            values = tuple(_field_text(element, k) for k in keys)
            if values not in seen:
                seen.add(values)
                out.append(list(values))
    return out


def _plain_values(sources: tuple[Any, Any]) -> list[list[str]]:
    ordered = [text_of(e) for s in (sources[1], sources[0]) if type(s) is list for e in s]
    return [[v] for v in dict.fromkeys(ordered)]


def _complete(wanted: list[list[str]]) -> None:
    """Let elements that agree as far as both have keys share all of them."""
    for i in range(len(wanted)):
        left = wanted[i]
        for j in range(len(wanted)):
            shared = _agree(left, wanted[j])
            if shared is not None:
                wanted[i] = shared
                wanted[j] = shared


def _agree(left: list[str], right: list[str]) -> list[str] | None:
    if len(left) != len(right):
        return None
    common, out = False, []
    for a, b in zip(left, right, strict=True):
        if a == b:
            common = True
        elif a and b:
            return None
        out.append(a or b)
    return out if common else None


def _valid(wanted: list[list[str]], values: list[str], keys: list[str]) -> tuple[list[str], list[str]]:
    """The keys that any element has, and their values here."""
    used = {keys[i] for each in wanted for i, v in enumerate(each) if v}
    if not used:
        return keys, values
    valid_keys = [k for k in keys if k in used]
    return valid_keys, [v for i, v in enumerate(values) if v or keys[i] in used]


def _find(items: list[Any], keys: list[str], values: list[str]) -> Any:
    """The first element with these key values."""
    if not keys or not keys[0]:
        return next((e for e in items if text_of(e) == values[0]), MISSING)
    for element in items:
        if type(element) is dict and all(
            k in element and text_of(element[k]) == v for k, v in zip(keys, values, strict=True)
        ):
            return element
    return MISSING


def _set_element(items: list[Any], element: Any, keys: list[str], values: list[str]) -> None:
    """Replace the elements that match by ``element``, or add it; ``MISSING`` removes them. Empty elements go away."""
    by_field = bool(keys and keys[0] and values and values[0])
    out: list[Any] = []
    matched = False
    for item in items:
        if item is None or item is EMPTY or item == {}:
            continue
        if by_field and type(item) is not dict:
            out.append(item)
        elif not _matches(item, keys, values):
            if values:
                out.append(item)
        else:
            matched = True
            if element is not MISSING:
                out.append(element)
    if element is not MISSING and element is not None and not matched:
        out.append(element)
    items[:] = out


def _matches(item: Any, keys: list[str], values: list[str]) -> bool:
    found = False
    for index, key in enumerate(keys):
        if index < len(values):
            found = _field_matches(item, key, values[index])
        if not found:
            return False
    return True


def _field_matches(item: Any, key: str, value: str) -> bool:
    if not key:
        if kind_of(item) != "ScalarNode":
            raise wrong_kind("ScalarNode", item)
        return text_of(item) == value
    if type(item) is not dict:
        raise wrong_kind("MappingNode", item)
    return key in item and (not value or text_of(item[key]) == value)


def _append_elements(added: list[Any], old: list[Any], keys: list[str]) -> None:
    """Bring the object's own elements behind the new ones; those already there stay where they are."""
    for element in list(old):
        if keys[0] == "":
            _set_element(added, element, [""], [text_of(element)])
            continue
        values: list[str] = []
        for key in keys:
            if element is not None and type(element) is not dict:
                raise wrong_kind("MappingNode", element)
            if element is None or key not in element:
                added.append(element)
                continue
            values.append(text_of(element[key]))
        if len(keys) > 1:
            _set_element(added, MISSING, keys, values)
        _set_element(added, element, keys, values)

"""``ignoreDifferences``: the fields that are taken out of both sides before they are compared.

By JSON pointer, by jq path expression, or by the manager that owns them in the live object. A rule that does not fit an
object changes nothing. jq programs end: words that could make one run on, or look outside of its input, are refused.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import jq

from holdfast.base.errors import Stop
from holdfast.base.globs import glob
from holdfast.kube import fieldset, ssa_values
from holdfast.kube.refs import Manifest, ObjectRef
from holdfast.kube.schema import Schema
from holdfast.kube.ssa_types import Type, type_of
from holdfast.model.sync import DiffRule

_REFUSED: Final = frozenset(
    {"def", "repeat", "while", "until", "range", "recurse", "reduce", "foreach", "infinite", "combinations", "input", "inputs",
     "include", "import", "env", "debug", "stderr", "halt", "halt_error", "input_filename", "modulemeta", "get_search_list"}
)  # fmt: skip
_WORD: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[.$]?[A-Za-z_][A-Za-z0-9_]*')
_LONGEST: Final = 4096


class BadPathError(Stop):
    """A jq path expression that cannot be used."""


def rules_for(obj: Mapping[str, Any], rules: Iterable[DiffRule]) -> tuple[DiffRule, ...]:
    ref = ObjectRef.of(obj)
    return tuple(r for r in rules if _fits(r, ref))


def _fits(rule: DiffRule, ref: ObjectRef) -> bool:
    kinds = glob(rule.group, ref.group) and glob(rule.kind, ref.kind)
    return kinds and rule.name in ("", ref.name) and rule.namespace in ("", ref.namespace)


def ignored(obj: Manifest, rules: Sequence[DiffRule]) -> Manifest:
    """A copy without what pointers and path expressions point to. Raises BadPathError."""
    found = obj
    for rule in rules_for(obj, rules):
        for pointer in rule.json_pointers:
            found = without_pointer(found, pointer)
        for path in rule.jq_paths:
            found = without_path(found, path)
    return found


# --- JSON pointers ----------------------------------------------------------------------------------------------------


def without_pointer(obj: Any, pointer: str) -> Any:
    keys = [k.replace("~1", "/").replace("~0", "~") for k in pointer.removeprefix("/").split("/")]
    return _removed(obj, keys) if pointer.startswith("/") else obj


def _removed(value: Any, keys: Sequence[str]) -> Any:
    head, rest = keys[0], keys[1:]
    if isinstance(value, dict) and head in value:
        if not rest:
            return {k: v for k, v in value.items() if k != head}
        return {**value, head: _removed(value[head], rest)}
    if isinstance(value, list) and head.isdigit() and int(head) < len(value):
        place = int(head)
        middle = [_removed(value[place], rest)] if rest else []
        return [*value[:place], *middle, *value[place + 1 :]]
    return value


# --- jq ---------------------------------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=512)
def program(path: str) -> Any:
    """A compiled ``del(path)``. Raises BadPathError."""
    if len(path) > _LONGEST:
        raise BadPathError(f"the jq path expression is longer than {_LONGEST} characters")
    for word in (*_WORD.findall(path), *(["\\("] if "\\(" in path else [])):
        if word in _REFUSED or word in ("$ENV", "\\("):
            raise BadPathError(f'the jq path expression "{path}" may not use {word}')
    try:
        return jq.compile(f"del({path})")
    except ValueError as error:
        raise BadPathError(_told(f"del({path})", str(error))) from error


def _told(text: str, reason: str) -> str:
    """A refusal of the jq library in the words of the one that Argo CD has."""
    if found := re.search(r"(\S+/\d+) is not defined", reason):
        return f"function not defined: {found[1]}"
    place = re.search(r"syntax error.* line 1, column (\d+)", reason)
    if place is None:
        return reason.splitlines()[0] if reason else "the jq path expression cannot be read"
    token = re.match(r"\w+|\S", text[int(place[1]) - 1 :])
    return f'unexpected token "{token[0]}"' if token is not None else "unexpected EOF"


def check_rules(rules: Iterable[DiffRule]) -> None:
    """A slip in a path expression is told at once, not when an object turns up that it is for. Raises BadPathError."""
    for path in (path for rule in rules for path in rule.jq_paths):
        try:
            program(path)
        except BadPathError as error:
            raise BadPathError(f"failed to create diff normalizer: {error.message}") from error


def without_path(obj: Manifest, path: str) -> Manifest:
    """An expression that does not fit the object (a list where it wants a map) leaves it alone."""
    compiled = program(path)
    try:
        found = compiled.input_value(obj).first()
    except (ValueError, StopIteration):
        return obj
    return found if isinstance(found, dict) else obj


# --- managers ---------------------------------------------------------------------------------------------------------


def owned_paths(live: Mapping[str, Any], managers: Iterable[str]) -> list[fieldset.Path]:
    """Every field that one of the managers owns in a live object."""
    wanted = set(managers)
    found: list[fieldset.Path] = []
    for entry in (live.get("metadata") or {}).get("managedFields") or ():
        if isinstance(entry, Mapping) and entry.get("manager") in wanted:
            try:
                found += fieldset.paths(fieldset.leaves(fieldset.decode(entry.get("fieldsV1") or {})))
            except fieldset.BadFieldsError:
                continue
    return found


def without_owned(obj: Manifest, paths: Iterable[fieldset.Path], schema: Schema | None) -> Manifest:
    kind = type_of(schema)
    found: Any = obj
    for path in paths:
        if path[0] not in ("f:apiVersion", "f:kind"):
            found = _cut(found, path, kind)
    return found if isinstance(found, dict) else obj


def _cut(value: Any, path: fieldset.Path, kind: Type) -> Any:
    head, rest = path[0], path[1:]
    if head.startswith("f:"):
        key = head[2:]
        if not isinstance(value, dict) or key not in value:
            return value
        if not rest:
            return {k: v for k, v in value.items() if k != key}
        return {**value, key: _cut(value[key], rest, kind.field(key) or kind)}
    if not isinstance(value, list):
        return value
    if not rest:
        if head.startswith("v:"):
            return [v for v in value if ssa_values.element_of(kind, v) != head]
        return value  # the item itself stays: others may own fields of it
    return [_cut(v, rest, kind.items) if _is(kind, v, head) else v for v in value]


def _is(kind: Type, item: Any, element: str) -> bool:
    return ssa_values.element_of(kind, item) == element


def trusted(obj: Mapping[str, Any], rules: Iterable[DiffRule]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(m for r in rules_for(obj, rules) for m in r.managers))

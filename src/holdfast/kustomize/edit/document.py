"""A kustomization file that is being edited: its bytes, its fields as commands see them, and its bytes afterwards.

Commands see what kustomize sees: fields under their own names, and what is deprecated where it belongs today. The file keeps its
own spelling and its deprecated fields wherever nothing has to change. What was written is read again: where it does not mean what
was asked for, the fields are written anew as kustomize does. Nothing is read from or written to a disk here.
"""

from __future__ import annotations

import codecs
import copy
from typing import Any

from holdfast.kube import yaml
from holdfast.kustomize.edit.fields import FIELD_ORDER, rewritten
from holdfast.kustomize.edit.text import rename, update
from holdfast.kustomize.errors import KustomizeError
from holdfast.kustomize.kustfile import fix, parse
from holdfast.kustomize.scalars import identity_text

Data = dict[str, Any]
_FORMER = {"resources": "bases", "images": "imageTags", "patches": "patchesJson6902"}
_ENCODINGS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


class Document:
    """``fields`` is there to be changed; `saved` is the file that says so. Raises KustomizeError for what is no kustomization."""

    def __init__(self, text: bytes, path: str) -> None:
        self._path = path
        self._mark, self._encoding = next(((m, e) for m, e in _ENCODINGS if text.startswith(m)), (b"", "utf-8"))
        decoded = parse(text, path)
        self._text = text[len(self._mark) :].decode(self._encoding)
        self._raw: Data = yaml.load(text) or {}
        self._unfixed = copy.deepcopy(decoded)
        self.fields: Data = copy.deepcopy(decoded)
        fix(self.fields)
        self._before = copy.deepcopy(self.fields)

    def saved(self, migrate: bool = False) -> bytes:
        """The file with the fields as they are now. With ``migrate``, nothing stays deprecated and nothing is left to be assumed."""
        before = self._unfixed if migrate else self._before
        wanted = _without_nothing(self.fields)
        text = self._smallest(before, wanted)
        return self._mark + text.encode(self._encoding)

    def _smallest(self, before: Data, wanted: Data) -> str:
        try:
            text, raw = self._renamed(before, wanted)
            text = update(text, _written(raw, before, wanted), FIELD_ORDER)
            if self._means(text, wanted):
                return text
        except KustomizeError:
            pass
        text = rewritten(self._text, wanted)
        if self._means(text, wanted):
            return text
        raise KustomizeError("the file cannot be edited; bring it into block style and try again")

    def _renamed(self, before: Data, wanted: Data) -> tuple[str, Data]:
        """The file with a deprecated field under the name of the one it becomes, where that one has to change and is not there."""
        text, raw = self._text, self._raw
        for field, former in _FORMER.items():
            old = _spelled(raw, former)
            if old in raw and _spelled(raw, field) not in raw and before.get(field) != wanted.get(field):
                text = rename(text, old, field)
                raw = {field if name == old else name: value for name, value in raw.items()}
        return text, raw

    def _means(self, text: str, wanted: Data) -> bool:
        try:
            found = parse(text.encode(), self._path)
        except KustomizeError:
            return False
        fix(found)
        return identity_text(_without_nothing(found)) == identity_text(_without_nothing(wanted))


def _without_nothing(fields: Data) -> Data:
    return {field: value for field, value in fields.items() if value not in ("", [], {})}


def _written(raw: Data, before: Data, wanted: Data) -> Data:
    """The file's own data with what changed between ``before`` and ``wanted``."""
    out = dict(raw)
    for field in {**before, **wanted}:
        if (before.get(field) or None) == (wanted.get(field) or None):
            continue
        name = _spelled(raw, field)
        known = raw.get(name)
        former = _spelled(raw, _FORMER.get(field, ""))
        if former in raw and wanted.get(_FORMER[field]) is None:
            known = [*(known or []), *(raw[former] or [])]
            out.pop(former, None)
        if field in wanted:
            out[name] = _restored(known, before.get(field), wanted[field])
        else:
            out.pop(name, None)
    return out


def _spelled(raw: Data, field: str) -> str:
    """A field as the file spells it: Go reads names in any case."""
    if field in raw:
        return field
    return next((name for name in raw if name.lower() == field.lower()), field)


def _restored(raw: Any, before: Any, wanted: Any) -> Any:
    """``wanted`` in the file's own words where it says the same as ``before``."""
    if identity_text(before) == identity_text(wanted):
        return raw
    if type(raw) is dict and type(before) is dict and type(wanted) is dict:
        names = {field: _spelled(raw, field) for field in wanted}
        return {names[f]: _restored(raw.get(names[f]), before.get(f), value) for f, value in wanted.items()}
    if type(raw) is list and type(before) is list and type(wanted) is list and len(raw) == len(before):
        return _restored_items(raw, before, wanted)
    return wanted


def _restored_items(raw: list[Any], before: list[Any], wanted: list[Any]) -> list[Any]:
    same = {identity_text(item): index for index, item in reversed(list(enumerate(before)))}
    named = {_name(item): index for index, item in reversed(list(enumerate(before))) if _name(item)}
    out = []
    for item in wanted:
        index = same.get(identity_text(item), named.get(_name(item)))
        out.append(item if index is None else _restored(raw[index], before[index], item))
    return out


def _name(item: Any) -> str:
    return f"{item['name']} {item.get('namespace', '')}" if type(item) is dict and item.get("name") else ""

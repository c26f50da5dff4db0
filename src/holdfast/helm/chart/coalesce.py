"""Values of a chart family: what the user says over what the charts say, as Helm's CoalesceValues and MergeValues."""

from __future__ import annotations

import copy
from typing import Any

from holdfast.helm.chart.model import Chart
from holdfast.helm.errors import ValuesError
from holdfast.helm.go.format import sprintf, to_string
from holdfast.helm.go.strconv import quote

Map = dict[str, Any]
GLOBAL = "global"


class _Coalescer:
    """``merge`` keeps nulls for a later round instead of letting them delete. Notes collect Helm's warnings."""

    def __init__(self, merge: bool) -> None:
        self.merge = merge
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(f"level=INFO msg={quote(text)}")

    def chart(self, chart: Chart, dest: Map, prefix: str) -> Map:
        self.values(chart, dest, prefix)
        for sub in chart.dependencies:
            table = dest.setdefault(sub.name, {})
            if type(table) is not dict:
                raise ValuesError(f"type mismatch on {sub.name}: {sprintf('%t', table)}")
            inner = _joined(prefix, chart.name)
            self.globals(table, dest, inner)
            dest[sub.name] = self.chart(sub, table, inner)
        return dest

    def globals(self, dest: Map, src: Map, prefix: str) -> None:
        mine, theirs = dest.get(GLOBAL, {}), src.get(GLOBAL, {})
        for side, table in (("destination", mine), ("source", theirs)):
            if type(table) is not dict:
                self.note(f"warning: skipping globals because {side} {GLOBAL} is not a table.")
                return
        for key, value in theirs.items():
            self._global(mine, key, value, prefix)
        dest[GLOBAL] = mine

    def _global(self, mine: Map, key: str, value: Any, prefix: str) -> None:
        if type(value) is dict:
            table = dict(value)
            if key in mine:
                if type(mine[key]) is not dict:
                    self.note(f"Conflict: cannot merge map onto non-map for {quote(key)}. Skipping.")
                    return
                self.tables(table, mine[key], _joined(prefix, key), True)
            mine[key] = table
        elif type(mine.get(key)) is dict:
            self.note(f"key {key} is table. Skipping")
        else:
            mine[key] = value

    def values(self, chart: Chart, dest: Map, prefix: str) -> None:
        """The chart's own values below the destination's."""
        inner = _joined(prefix, chart.name)
        children = {c.name for c in chart.dependencies}
        for key, value in copy.deepcopy(chart.values).items():
            if key not in dest:
                self._new(dest, key, value)
                continue
            mine = dest[key]
            if mine is None and not self.merge:
                del dest[key]
            elif type(mine) is dict:
                self._table(mine, key, value, inner, self.merge or key in children)

    def _new(self, dest: Map, key: str, value: Any) -> None:
        if not self.merge:
            if value is None:
                return
            if type(value) is dict:
                _drop_nulls(value)
        dest[key] = value

    def _table(self, mine: Map, key: str, value: Any, prefix: str, merge: bool) -> None:
        if type(value) is not dict:
            if value is not None:
                self.note(f"warning: skipped value for {prefix}.{key}: Not a table.")
            return
        if not merge:
            _drop_nulls(value)
        self.tables(mine, value, _joined(prefix, key), merge)

    def tables(self, dest: Map, src: Map, prefix: str, merge: bool) -> Map:
        deletable = {k for k, v in src.items() if v is not None}
        for key in [k for k, v in dest.items() if v is None]:
            src[key] = None
        for key, value in src.items():
            full = _joined(prefix, key)
            if key not in dest:
                dest[key] = value
                continue
            mine = dest[key]
            if not merge and mine is None and key in deletable:
                del dest[key]
            elif type(value) is dict:
                if type(mine) is dict:
                    self.tables(mine, value, full, merge)
                else:
                    self.note(f"warning: cannot overwrite table with non table for {full} ({to_string(value)})")
            elif type(mine) is dict and value is not None:
                self.note(f"warning: destination for {full} is a table. Ignoring non-table value ({to_string(value)})")
        return dest


def _joined(prefix: str, key: str) -> str:
    return f"{prefix}.{key}" if prefix else key


def _drop_nulls(values: Map) -> None:
    for key in list(values):
        if values[key] is None:
            del values[key]
        elif type(values[key]) is dict:
            _drop_nulls(values[key])


def coalesce_values(chart: Chart, values: Map, notes: list[str] | None = None) -> Map:
    """Nulls delete. The values given are not changed."""
    work = _Coalescer(merge=False)
    found = work.chart(chart, copy.deepcopy(values), "")
    if notes is not None:
        notes += work.notes
    return found


def merge_values(chart: Chart, values: Map, notes: list[str] | None = None) -> Map:
    """Nulls stay."""
    work = _Coalescer(merge=True)
    found = work.chart(chart, copy.deepcopy(values), "")
    if notes is not None:
        notes += work.notes
    return found


def merge_tables(dest: Map, src: Map, notes: list[str] | None = None) -> Map:
    work = _Coalescer(merge=True)
    found = work.tables(dest, src, "", True)
    if notes is not None:
        notes += work.notes
    return found


def coalesce_tables(dest: Map, src: Map) -> Map:
    return _Coalescer(merge=False).tables(dest, src, "", False)

"""Which subcharts take part: versions, aliases, tags, conditions; and the values that a parent imports."""

from __future__ import annotations

import copy
from typing import Any

from holdfast.helm.chart.coalesce import coalesce_values, merge_tables, merge_values
from holdfast.helm.chart.model import Chart, Dependency
from holdfast.helm.go.errors import GoError
from holdfast.helm.go.format import to_string
from holdfast.helm.go.semver import parse_constraints, parse_version
from holdfast.helm.go.values import path_value, table

Map = dict[str, Any]


def compatible(constraint: str, version: str) -> bool:
    try:
        return parse_constraints(constraint).check(parse_version(version))
    except GoError:
        return False


def process_dependencies(chart: Chart, values: Map, notes: list[str]) -> None:
    """Changes the chart: disabled subcharts go, aliases get their names, imported values are merged in."""
    _enable(chart, values, "", notes)
    _import(chart, notes)


def missing_dependencies(chart: Chart) -> list[str]:
    """Names in Chart.yaml that charts/ does not have."""
    present = {c.name for c in chart.dependencies}
    return [d.name for d in chart.metadata.dependencies if d.name not in present]


def _enable(chart: Chart, values: Map, path: str, notes: list[str]) -> None:
    wanted = chart.metadata.dependencies
    if not wanted:
        return
    chart.set_dependencies(_family(chart, wanted))
    for dependency in wanted:
        dependency.name = dependency.alias or dependency.name
        dependency.enabled = True
    merged = coalesce_values(chart, values, notes)
    _by_tags(wanted, merged, notes)
    _by_conditions(wanted, merged, path, notes)
    gone = {d.name for d in wanted if not d.enabled}
    kept = [c for c in chart.dependencies if c.name not in gone]
    for child in kept:
        _enable(child, merged, f"{path}{child.name}.", notes)
    chart.metadata.dependencies = [d for d in wanted if d.name not in gone]
    chart.set_dependencies(kept)


def _family(chart: Chart, wanted: list[Dependency]) -> list[Chart]:
    """Subcharts that Chart.yaml does not speak of, then one for each dependency that has a chart."""
    named = [c for c in chart.dependencies if not any(_is_for(c, d) for d in wanted)]
    for dependency in wanted:
        found = next((c for c in chart.dependencies if _is_for(c, dependency)), None)
        if found is not None:
            named.append(_aliased(found, dependency.alias))
    return named


def _is_for(chart: Chart, dependency: Dependency) -> bool:
    return chart.name == dependency.name and compatible(dependency.version, chart.metadata.version)


def _aliased(chart: Chart, alias: str) -> Chart:
    found = chart.private()
    found.metadata.name = alias or found.metadata.name
    return found


def _by_tags(wanted: list[Dependency], values: Map, notes: list[str]) -> None:
    tags = values.get("tags")
    if not isinstance(tags, dict):
        return
    for dependency in wanted:
        said = [tags[t] for t in dependency.tags if t in tags]
        for tag in dependency.tags:
            if tag in tags and not isinstance(tags[tag], bool):
                notes.append(f'level=WARN msg="returned non-bool value" tag={tag} chart={dependency.name}')
        dependency.enabled = any(v is True for v in said) or not any(v is False for v in said)


def _by_conditions(wanted: list[Dependency], values: Map, path: str, notes: list[str]) -> None:
    for dependency in wanted:
        for condition in dependency.condition.strip().split(","):
            if not condition:
                continue
            try:
                value = path_value(values, path + condition)
            except GoError:
                continue
            if isinstance(value, bool):
                dependency.enabled = value
                break
            notes.append(f'level=WARN msg="returned non-bool value" path={condition} chart={dependency.name}')


def _import(chart: Chart, notes: list[str]) -> None:
    for child in chart.dependencies:
        _import(child, notes)
    if not chart.metadata.dependencies:
        return
    merged = merge_values(chart, {}, notes)
    imported: Map = {}
    for dependency in chart.metadata.dependencies:
        for wish in dependency.import_values:
            found = _imported(merged, dependency, wish, notes)
            if found is not None:
                imported = merge_tables(imported, found, notes)
        dependency.import_values = [w for w in map(_as_pair, dependency.import_values) if w is not None]
    chart.values = merge_tables(copy.deepcopy(merged), imported, notes)


def _as_pair(wish: Any) -> Map | None:
    if isinstance(wish, dict):
        return {"child": to_string(wish.get("child")), "parent": to_string(wish.get("parent"))}
    return {"child": f"exports.{wish}", "parent": "."} if isinstance(wish, str) else None


def _imported(values: Map, dependency: Dependency, wish: Any, notes: list[str]) -> Map | None:
    pair = _as_pair(wish)
    if pair is None:
        return None
    try:
        found: Map = table(values, f"{dependency.name}.{pair['child']}")
    except GoError as fault:
        notes.append(f'level=WARN msg="ImportValues missing table" chart={dependency.name} error="{fault.text}"')
        return None
    found = dict(found)
    if pair["parent"] == ".":
        return found
    for key in reversed(pair["parent"].split(".")):
        found = {key: found}
    return found

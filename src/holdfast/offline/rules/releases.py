"""Rules about HelmReleases: the chart, its values, names, and what the release does to others."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from holdfast.base.semver import Constraint, InvalidConstraint
from holdfast.dialects.flux.helmrelease import GROUP
from holdfast.helm.engine import check_release_name
from holdfast.helm.errors import HelmError
from holdfast.kube.refs import GroupVersionKind
from holdfast.model.release import Release
from holdfast.offline.charts import Found
from holdfast.offline.findings import Finding
from holdfast.offline.releases import Values
from holdfast.offline.rules.index import Index, Key, mapping, mappings, near
from holdfast.offline.unit import Survey, Unit


def _releases(survey: Survey) -> Iterator[Unit]:
    for unit in survey.units.values():
        if unit.key.kind == "HelmRelease":
            yield unit


def invalid(survey: Survey) -> Iterator[Finding]:
    """Releases that can never be installed, whatever the chart is."""
    index = Index.of(survey)
    for unit, obj in index.each("HelmRelease"):
        spec = obj.get("spec")
        if GroupVersionKind.of(obj).group != GROUP or not isinstance(spec, dict):
            continue
        if not spec.get("chart") and not spec.get("chartRef"):
            yield index.finding("release-invalid", unit, obj, "has neither chart nor chartRef", "spec")
        elif spec.get("chart") and spec.get("chartRef"):
            yield index.finding("release-invalid", unit, obj, "has both chart and chartRef", "spec", "chartRef")


def names(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit in _releases(survey):
        release = unit.facts.get("release")
        if not isinstance(release, Release):
            continue
        name = str(unit.spec.get("releaseName") or release.name)
        try:
            check_release_name(name)
        except HelmError as error:
            path = ("spec", "releaseName") if unit.spec.get("releaseName") else ("metadata", "name")
            hint = f"it has {len(name)} characters, Helm allows 53" if len(name) > 53 else ""
            yield index.about("release-name-invalid", unit, error.message, *path, hint=hint)


def clashes(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    seen: dict[tuple[str, str, str], Unit] = {}
    for unit in _releases(survey):
        release = unit.facts.get("release")
        if not isinstance(release, Release):
            continue
        home = (release.storage_namespace, release.namespace, release.name)
        other = seen.setdefault(home, unit)
        if other is not unit:
            text = f"installs release {home[2]} into namespace {home[1]}, and so does {other.key}"
            yield index.about("release-clash", unit, text, "spec", "releaseName")


def invalid_versions(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit in _releases(survey):
        template = mapping(mapping(unit.spec.get("chart")).get("spec"))
        version = str(template.get("version") or "")
        if not version or "${" in version:
            continue
        try:
            Constraint(version)
        except InvalidConstraint:
            text = f"chart version {version} is neither a version nor a range of versions"
            yield index.about("chart-version-invalid", unit, text, "spec", "chart", "spec", "version")


def floating_charts(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit in _releases(survey):
        template = mapping(mapping(unit.spec.get("chart")).get("spec"))
        ref = mapping(template.get("sourceRef"))
        version = str(template.get("version") or "*").strip()
        if ref.get("kind") == "HelmRepository" and version in ("*", "x", ">0", ">=0", ">0.0.0", ">=0.0.0"):
            text = f"any version of chart {template.get('chart')} is taken: an upgrade comes without a commit"
            yield index.about(
                "chart-floating",
                unit,
                text,
                "spec",
                "chart",
                "spec",
                *(("version",) if template.get("version") else ()),
            )


def deprecated_charts(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit in _releases(survey):
        found = unit.facts.get("chart")
        if isinstance(found, Found) and found.chart.metadata.deprecated:
            text = f"chart {found.chart.name} {found.chart.metadata.version} is deprecated by its authors"
            yield index.about("chart-deprecated", unit, text, "spec", "chart")


# -- values ------------------------------------------------------------------------------------------------------------


def missing_values(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit in _releases(survey):
        namespace = unit.key.namespace
        if unit.loose:
            continue
        for number, reference in mappings(unit.spec.get("valuesFrom")):
            ref = f"{reference.get('kind')}/{namespace}/{reference.get('name')}"
            operated = reference.get("kind") == "Secret" and index.operated(namespace, str(reference.get("name")))
            if ref in unit.missing_values and not index.hidden and not operated:
                yield index.about(
                    "values-from-missing",
                    unit,
                    f"valuesFrom names {ref}, which is not in this repository",
                    *("spec", "valuesFrom", number),
                    hint=_elsewhere(index, reference) or "mark it optional: true if it may be absent",
                )


def _elsewhere(index: Index, reference: Mapping[str, Any]) -> str:
    kind, name = str(reference.get("kind")), str(reference.get("name"))
    for other, namespace, found in index.known:
        if other == kind and (found == name or found.startswith(name + "-")):
            return f"there is {kind} {found} in namespace {namespace}"
    return near(name, index.names(kind))


def wrong_references(survey: Survey) -> Iterator[Finding]:
    """Keys that are not there, texts that are no values, paths that lead nowhere."""
    index = Index.of(survey)
    for unit in _releases(survey):
        values = unit.facts.get("values")
        faults = dict(values.faults) if isinstance(values, Values) else {}
        for number, fault in faults.items():
            yield index.about("values-from-invalid", unit, fault, "spec", "valuesFrom", number)
        for number, reference in mappings(unit.spec.get("valuesFrom")):
            path = str(reference.get("targetPath") or "")
            if number not in faults and path and not re.fullmatch(r"([a-zA-Z0-9_\-.\\/]|\[[0-9]{1,5}\])+", path):
                text = f"targetPath {path} is no path: write it as a.b[0].c"
                yield index.about("values-from-invalid", unit, text, "spec", "valuesFrom", number, "targetPath")


def unknown_values(survey: Survey) -> Iterator[Finding]:
    """Values that differ by a letter from one the chart has: nearly always a slip. Others may be meant."""
    index = Index.of(survey)
    for unit in _releases(survey):
        found = unit.facts.get("chart")
        inline = unit.spec.get("values")
        if isinstance(found, Found) and isinstance(inline, dict) and found.chart.values:
            names = _mentioned(found)
            idle = [((k,), "") for k in inline if _does_nothing(str(k), found, names)]
            for path, hint in [*_slips(inline, found.chart.values, names, ()), *idle]:
                text = f"the chart has no value {'.'.join(map(str, path))}: it does nothing"
                yield index.about("value-unknown", unit, text, "spec", "values", *path, hint=hint)


_WHOLE = re.compile(rb"\.Values(?![.\w])|\$\.Values(?![.\w])|index\s+\.|tpl\s")


def _does_nothing(name: str, found: Found, words: set[str]) -> bool:
    """Whether a value can reach no template: they name theirs one by one, and nothing near it was meant."""
    chart = found.chart
    if name in chart.values or name in words or name == "global" or chart.dependencies:
        return False
    whole = any(_WHOLE.search(text) for text in chart.templates.values())
    return not whole and not near(name, [str(k) for k in chart.values])


def _mentioned(found: Found) -> set[str]:
    """Every word of the chart's templates, for values that the defaults do not name."""
    text = b"\n".join(found.chart.templates.values()).decode("utf-8", "replace")
    return set(re.findall(r"[A-Za-z_][A-Za-z0-9_]*", text)) | {d.name for d in found.chart.dependencies}


def _slips(
    given: Mapping[str, Any], known: Mapping[str, Any], words: set[str], path: tuple[Key, ...]
) -> Iterator[tuple[tuple[Key, ...], str]]:
    for name, value in given.items():
        if name in known:
            if isinstance(value, dict) and isinstance(known[name], dict) and known[name]:
                yield from _slips(value, known[name], words, (*path, name))
        elif str(name) not in words and str(name) != "global":
            hint = near(str(name), [str(k) for k in known if k not in given])
            if hint:
                yield (*path, name), hint

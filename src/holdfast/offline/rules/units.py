"""Rules about units themselves: reading, rendering, dependencies, ownership, waiting, pruning."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from holdfast.base.duration import parse_duration
from holdfast.base.errors import Place
from holdfast.kube.refs import Manifest, ObjectRef
from holdfast.model.delivery import UnitKey
from holdfast.offline.documents import kustomization_files
from holdfast.offline.findings import Finding
from holdfast.offline.rules.index import Index, Key, annotations_of, mapping, mappings, near
from holdfast.offline.unit import Survey, Unit

_SHORT_SECONDS = 30.0


def unreadable(survey: Survey) -> Iterator[Finding]:
    for bad in survey.unreadable:
        yield Finding.at("yaml-invalid", bad.place, bad.message)


def not_rendered(survey: Survey) -> Iterator[Finding]:
    for unit in survey.units.values():
        if unit.problem and not unit.external and not unit.rule and not unit.loose:
            told = ("kustomization path not found", "variable not set", "time: invalid duration")
            if not any(t in unit.problem for t in told):
                place = _listed(survey, unit) or unit.problem_place or unit.place
                yield Finding.at("unit-invalid", place, unit.problem, unit=str(unit.key))


_TOKEN = re.compile(r"'([^'\s]+)'|\[([^\]\s]+)\]|\"([^\"\s]+)\"|path: (\S+)|kind: (\S+)$")
_PLACE = re.compile(r"/tmp/kustomization-[^/]+/")


def _listed(survey: Survey, unit: Unit) -> Place | None:
    """The line that names what a build stumbled over, where the build did not say: first in the kustomizations."""
    if unit.problem_place is not None and unit.problem_place != unit.place:
        return None
    found = [_PLACE.sub("", next(t for t in m if t)) for m in _TOKEN.findall(unit.problem)]
    tokens = [t.rstrip(":").rpartition("/")[2] if "/" in t else t.rstrip(":") for t in found[::-1]]
    top = str(unit.spec.get("path") or "").strip("./")
    files = [p for p in kustomization_files(survey.tree) if p.startswith(f"{top}/" if top else "")]
    files += sorted({d.place.path for d in survey.documents if d.place.path.startswith(f"{top}/" if top else "")})
    for token in tokens:
        if len(token) < 3 or token.lower() in ("kustomization.yaml", "kustomization", "deployment"):
            continue
        pattern = re.compile(r"(?<![\w-])" + re.escape(token) + r"(?![\w-])")
        for path in files:
            for number, line in enumerate(survey.tree.read(path).decode("utf-8", "replace").splitlines(), 1):
                if pattern.search(line):
                    return Place(path, number)
    return None


def broken(rule: str) -> Callable[[Survey], Iterator[Finding]]:
    """The check of a rule that a dialect found broken when it rendered."""

    def check(survey: Survey) -> Iterator[Finding]:
        for unit in survey.units.values():
            if unit.rule != rule:
                continue
            elsewhere = unit.problem_place if unit.problem_place != unit.place else None
            place = elsewhere or Index.of(survey).field(unit, *_culprit(unit, rule))
            field = re.search(r"chart\.metadata\.(\w+)", unit.problem)
            if field is not None and not place.line:
                place = Index.of(survey).lines.at(Place(place.path, 1), (field[1],))
            yield Finding.at(rule, place, unit.problem, unit=str(unit.key))

    return check


_AT: dict[str, tuple[Key, ...]] = {
    "chart-missing": ("spec", "chart", "spec", "chart"),
    "chart-version-unknown": ("spec", "chart", "spec", "version"),
    "values-file-missing": ("spec", "chart", "spec", "valuesFiles"),
    "values-invalid": ("spec", "values"),
}


def _culprit(unit: Unit, rule: str) -> tuple[Key, ...]:
    """The field of a release that a problem is about."""
    path = _AT.get(rule, ())
    value = re.search(r"at '/([^']*)'", unit.problem) if rule == "values-invalid" else None
    if value is not None:
        return (*path, *(int(p) if p.isdigit() else p for p in value[1].split("/") if p))
    named = re.search(r"at path '([^']+)'", unit.problem) if rule == "values-file-missing" else None
    files = mapping(mapping(unit.spec.get("chart")).get("spec")).get("valuesFiles") or []
    return (*path, files.index(named[1])) if named is not None and named[1] in files else path


def missing_paths(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit in survey.units.values():
        if unit.problem.startswith("kustomization path not found") and not unit.loose:
            path = str(unit.spec.get("path") or "")
            hint = near(path.strip("./"), _directories(survey))
            yield index.about(
                "path-missing", unit, f"spec.path {path} is no directory of this repository", "spec", "path", hint=hint
            )


def _directories(survey: Survey) -> list[str]:
    found = set()
    for document in survey.documents:
        parts = document.place.path.split("/")[:-1]
        found |= {"/".join(parts[: i + 1]) for i in range(len(parts))}
    return sorted(found)


# -- dependencies ------------------------------------------------------------------------------------------------------


def cycles(survey: Survey) -> Iterator[Finding]:
    edges = {key: list(unit.depends_on) for key, unit in survey.units.items()}
    told: set[frozenset[UnitKey]] = set()
    for start in edges:
        path = _circle(start, edges)
        if path and frozenset(path) not in told:
            told.add(frozenset(path))
            text = " → ".join(k.name for k in [*path, path[0]])
            unit = survey.units[start]
            yield Index.of(survey).about(
                "dependency-cycle", unit, f"these units wait for each other: {text}", "spec", "dependsOn"
            )


def _circle(start: UnitKey, edges: dict[UnitKey, list[UnitKey]]) -> list[UnitKey]:
    """A way from a unit back to itself, if there is one."""
    stack = [(start, [start])]
    seen = set()
    while stack:
        node, path = stack.pop()
        for following in edges.get(node, ()):
            if following == start:
                return path
            if following not in seen:
                seen.add(following)
                stack.append((following, [*path, following]))
    return []


def missing_dependencies(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit in survey.units.values():
        for number, key in enumerate(unit.depends_on):
            if key in survey.units or index.hidden or unit.loose:
                continue
            yield index.about(
                "dependency-missing",
                unit,
                f"dependsOn names {key}, which is not in this repository",
                "spec",
                "dependsOn",
                number,
                hint=_similar(key, survey),
            )


def _similar(key: UnitKey, survey: Survey) -> str:
    for other in survey.units:
        if other.name == key.name and other.kind == key.kind:
            return f"{other} is in namespace {other.namespace}: say so in dependsOn"
    for other in survey.units:
        if other.name == key.name:
            return f"{other.name} is a {other.kind}: dependsOn names units of the same kind only"
    return near(key.name, (o.name for o in survey.units if o.kind == key.kind))


def deadlocks(survey: Survey) -> Iterator[Finding]:
    """A parent that waits for its children, one of which waits for the parent (or for what waits for it)."""
    index = Index.of(survey)
    for unit in survey.units.values():
        waits = _all_dependencies(unit, survey)
        for ancestor in _ancestors(unit, survey):
            parent = survey.units[ancestor]
            if parent.key in waits and _waits_for_children(parent, unit):
                yield index.about(
                    "dependency-deadlock",
                    unit,
                    f"depends on {parent.key}, which renders it and waits for it to be ready: neither ever is",
                    "spec",
                    "dependsOn",
                    hint="take the dependency away, or do not let the parent wait",
                )
                break


def _waits_for_children(parent: Unit, child: Unit) -> bool:
    if parent.spec.get("wait"):
        return True
    checks = mappings(parent.spec.get("healthChecks"))
    return any(c.get("kind") == child.key.kind and c.get("name") == child.key.name for _, c in checks)


def _ancestors(unit: Unit, survey: Survey) -> Iterator[UnitKey]:
    seen: set[UnitKey] = set()
    key = unit.parent
    while key is not None and key not in seen and key in survey.units:
        seen.add(key)
        yield key
        key = survey.units[key].parent


def _all_dependencies(unit: Unit, survey: Survey) -> set[UnitKey]:
    found: set[UnitKey] = set()
    todo = list(unit.depends_on)
    while todo:
        key = todo.pop()
        if key not in found:
            found.add(key)
            todo += survey.units[key].depends_on if key in survey.units else ()
    return found


def suspended_dependencies(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit in survey.units.values():
        for number, key in enumerate(unit.depends_on):
            other = survey.units.get(key)
            if other is not None and other.suspended and not unit.suspended:
                yield index.about(
                    "dependency-suspended",
                    unit,
                    f"dependsOn names {key}, which is suspended",
                    "spec",
                    "dependsOn",
                    number,
                )


def definition_order(survey: Survey) -> Iterator[Finding]:
    """Custom resources beside nothing that makes their definition come first."""
    index = Index.of(survey)
    homes: dict[tuple[str, str], set[UnitKey]] = {}
    for unit, obj in index.each("CustomResourceDefinition"):
        spec = mapping(obj.get("spec"))
        homes.setdefault((str(spec.get("group")), str(mapping(spec.get("names")).get("kind"))), set()).add(unit.key)
    told = set()
    for unit, obj in index.objects:
        ref = ObjectRef.of(obj)
        makers = homes.get((ref.group, ref.kind), set())
        if ref.group.endswith("toolkit.fluxcd.io"):
            continue  # a bootstrap installs those before everything
        if not makers or unit.key in makers or (unit.key, ref.group) in told or unit.key.kind != "Kustomization":
            continue
        first = set(_ancestors(unit, survey)) | _all_dependencies(unit, survey)
        first |= {c for c in survey.units if survey.units[c].parent in first and _settled(survey, c)}
        if not makers & first:
            told.add((unit.key, ref.group))
            home = str(sorted(makers)[0])
            yield index.finding(
                "definition-order",
                unit,
                obj,
                f"needs the definition that {home} installs, which {unit.key} does not wait for",
                hint="name that unit, or the one that renders it, in dependsOn",
            )


def _settled(survey: Survey, child: UnitKey) -> bool:
    parent = survey.units[child].parent
    return parent is not None and bool(survey.units[parent].spec.get("wait"))


# -- ownership ---------------------------------------------------------------------------------------------------------


def owned_twice(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    owners: dict[tuple[str, ObjectRef], list[tuple[Unit, Manifest]]] = {}
    for unit, obj in index.objects:
        if not {"helm.sh/hook", "kustomize.toolkit.fluxcd.io/ssa"} & annotations_of(obj).keys():
            owners.setdefault((_destination(unit), ObjectRef.of(obj)), []).append((unit, obj))
    for (_, ref), found in owners.items():
        names = sorted({str(u.key) for u, _ in found})
        if len(names) > 1 and not _same_everywhere(ref, found) and not _twins(survey, found):
            unit, obj = found[-1]
            yield Finding.at(
                "object-owned-twice",
                index.place(unit, obj),
                f"{ref} is applied by {' and '.join(names)}: they would take it from each other for ever",
                unit=names[-1],
            )


def _twins(survey: Survey, found: list[tuple[Unit, Manifest]]) -> bool:
    """Whether the units come from entry points that stand side by side, a directory for each cluster or environment."""
    tops = [_top(survey, unit).place.path.split("/") for unit, _ in found]
    first = tops[0]
    return all(
        len(t) == len(first) and sum(a != b for a, b in zip(t, first, strict=True)) == 1 for t in tops[1:]
    ) and all(t[-1] == first[-1] for t in tops)


def _top(survey: Survey, unit: Unit) -> Unit:
    seen = {unit.key}
    while unit.parent is not None and unit.parent in survey.units and unit.parent not in seen:
        seen.add(unit.parent)
        unit = survey.units[unit.parent]
    return unit


def _destination(unit: Unit) -> str:
    """What tells the clusters apart that units deliver to; "" is the cluster they are declared in."""
    target = mapping(unit.spec.get("destination"))
    named = str(target.get("name") or target.get("server") or "")
    if named in ("in-cluster", "https://kubernetes.default.svc"):
        return ""
    kubeconfig = mapping(unit.spec.get("kubeConfig"))
    return named or str(mapping(kubeconfig.get("secretRef")).get("name") or "")


def _same_everywhere(ref: ObjectRef, found: list[tuple[Unit, Manifest]]) -> bool:
    """A chart's definitions, or a bare namespace, that several releases bring along: no fight about content."""
    return ref.kind == "CustomResourceDefinition" and all(u.key.kind == "HelmRelease" for u, _ in found)


def prune_off(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit in survey.units.values():
        if unit.delivery is not None and not unit.delivery.policy.prune:
            said = "spec.prune is false" if "prune" in unit.spec else "spec.prune is not set"
            path = ("spec", "prune") if "prune" in unit.spec else ("spec",)
            yield index.about("prune-off", unit, f"{said}: what is removed from Git stays in the cluster", *path)


# -- waiting -----------------------------------------------------------------------------------------------------------


def waits_without_timeout(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit in survey.units.values():
        field = next((f for f in ("wait", "healthChecks") if unit.spec.get(f)), "")
        if unit.key.kind == "Kustomization" and field and not unit.spec.get("timeout"):
            yield index.about(
                "wait-without-timeout",
                unit,
                f"spec.{field} waits without spec.timeout: a failure is told only after the interval ({unit.spec.get('interval')})",
                "spec",
                field,
            )


def ignored_health_checks(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit in survey.units.values():
        if unit.key.kind == "Kustomization" and unit.spec.get("wait") and unit.spec.get("healthChecks"):
            text = "spec.healthChecks is not looked at where spec.wait is true"
            yield index.about("health-checks-ignored", unit, text, "spec", "healthChecks")


def missing_health_checks(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit in survey.units.values():
        for number, check in mappings(unit.spec.get("healthChecks")):
            kind, namespace, name = (str(check.get(k) or "") for k in ("kind", "namespace", "name"))
            if index.exists(kind, namespace, name) or index.unknown(namespace) or index.operated(namespace, name):
                continue
            if not namespace and index.incomplete:
                continue
            yield index.about(
                "health-check-missing",
                unit,
                f"healthChecks names {kind}/{namespace}/{name}, which no unit of this repository makes",
                "spec",
                "healthChecks",
                number,
                hint=near(name, index.names(kind)),
            )


_DURATIONS = ("interval", "retryInterval", "timeout", "requeueInterval")
_UNITS = {"d": "h, for example 24h for a day", "w": "h", "min": "m", "sec": "s", "hour": "h"}


def durations(survey: Survey) -> Iterator[Finding]:
    """Fields that are durations, of units and of sources, as they are written."""
    from holdfast.offline.lines import Lines

    lines = Lines(survey.tree)
    for document in survey.documents:
        if not str(document.object["apiVersion"]).partition("/")[0].endswith("toolkit.fluxcd.io"):
            continue
        spec = mapping(document.object.get("spec"))
        for field in _DURATIONS:
            value = spec.get(field)
            problem = _duration_problem(field, value) if value is not None else ""
            if problem:
                ref = ObjectRef.of(document.object)
                place = lines.at(document.place, ("spec", field))
                yield Finding.at("duration-invalid", place, f"{ref}: spec.{field} {value} {problem}")


def _duration_problem(field: str, value: object) -> str:
    text = str(value)
    if "${" in text:
        return ""
    try:
        seconds = parse_duration(text)
    except ValueError:
        unit = next((f": write it in {w}" for u, w in _UNITS.items() if text.rstrip("s").endswith(u)), "")
        return f"is no duration{unit or ', such as 5m or 1h30m'}"
    if seconds <= 0:
        return "has to be more than nothing"
    if field == "interval" and seconds < _SHORT_SECONDS:
        return "is shorter than 30s: it only costs"
    return ""

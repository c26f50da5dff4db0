"""Rules about post-build substitution: what is eaten, what is missing, what is empty."""

from __future__ import annotations

import re
from collections.abc import Iterator

from holdfast.base.errors import Place
from holdfast.model.delivery import Substitution
from holdfast.offline.findings import Finding
from holdfast.offline.rules.index import Index, annotations_of, containers, mappings, name_of, near
from holdfast.offline.unit import Survey, Unit

_ANY = re.compile(rb"(?<!\$)\$\{([a-zA-Z_][a-zA-Z0-9_]*)([^}a-zA-Z0-9_][^}]*)?\}")
_UNSET = re.compile(r'variable not set \(strict mode\): "?([A-Za-z_]\w*)')
_SKIPPED = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_HINT = "write $${{{name}}} to keep it as it is, or annotate the object with kustomize.toolkit.fluxcd.io/substitute: disabled"


def missing_sources(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit in survey.units.values():
        references = mappings((unit.spec.get("postBuild") or {}).get("substituteFrom")) if unit.delivery else ()
        for number, reference in references:
            name = f"{reference.get('kind')}/{unit.key.namespace}/{reference.get('name')}"
            if name in unit.missing_values and not _made(index, unit, reference):
                yield index.about(
                    "substitute-from-missing",
                    unit,
                    f"postBuild.substituteFrom names {name}, which is not in this repository",
                    *("spec", "postBuild", "substituteFrom", number),
                    hint=near(str(reference.get("name")), index.names(str(reference.get("kind"))))
                    or "mark it optional: true if it may be absent",
                )


def _made(index: Index, unit: Unit, reference: dict[str, object]) -> bool:
    name = str(reference.get("name"))
    return reference.get("kind") == "Secret" and bool({(unit.key.namespace, name), ("*", name)} & index.made_secrets)


def _active(substitution: Substitution | None) -> bool:
    return substitution is not None and bool(substitution.inline or substitution.references or substitution.always)


def _texts(survey: Survey, unit: Unit) -> Iterator[tuple[str, bytes]]:
    for path, seen in unit.rendered.reads.items() if unit.rendered else ():
        if seen and not path.endswith(("/", *_SKIPPED)):
            try:
                data = survey.tree.read(path)
            except OSError:
                continue
            if b"${" in data:
                yield path, data


def eaten(survey: Survey) -> Iterator[Finding]:
    """Shell scripts whose ${VARIABLE} would be replaced before the pod ever sees it."""
    for unit in survey.units.values():
        substitution = unit.delivery.build.substitution if unit.delivery else None
        if substitution is None or not _active(substitution):
            continue
        for path, data in _texts(survey, unit):
            script = b"#!/" in data or path.endswith((".sh", ".bash"))
            if not script or path.rpartition("/")[2] in _kept(unit):
                continue
            for match in _ANY.finditer(data):
                name = match[1].decode()
                if name not in substitution.inline and not _disabled(data, match.start()):
                    place = Place(path, data.count(b"\n", 0, match.start()) + 1)
                    text = f"${{{name}}} in a script would be substituted by {unit.key.name}"
                    hint = _HINT.format(name=name)
                    yield Finding.at("substitution-eaten", place, text, unit=str(unit.key), hint=hint)


def _kept(unit: Unit) -> set[str]:
    """Keys of objects that switch substitution off: files that generators took in under their own names."""
    found: set[str] = set()
    for obj in unit.rendered.objects if unit.rendered else ():
        if annotations_of(obj).get("kustomize.toolkit.fluxcd.io/substitute") == "disabled":
            found |= {str(k) for k in obj.get("data") or ()}
    return found


def _disabled(data: bytes, position: int) -> bool:
    """Whether the document around a position switches substitution off."""
    start = data.rfind(b"\n---", 0, position) + 1
    end = data.find(b"\n---", position)
    return re.search(rb"substitute['\"]?:\s*['\"]?disabled", data[start : end if end > 0 else None]) is not None


def unset(survey: Survey) -> Iterator[Finding]:
    """A variable without a value stops the unit: told where it stands, for the controller only names the object."""
    index = Index.of(survey)
    for unit in survey.units.values():
        if unit.loose:
            continue
        match = _UNSET.search(unit.problem)
        if match is None or "variable not set" not in unit.problem:
            if "variable not set" in unit.problem:
                yield index.about("substitution-unset", unit, unit.problem)
            continue
        name = match[1]
        known = sorted((unit.spec.get("postBuild") or {}).get("substitute") or ())
        hint = near(name, known) or _HINT.format(name=name)
        places = list(_occurrences(survey, unit, name)) or [unit.place]
        text = f"${{{name}}} has no value and no default: {unit.key} cannot be built"
        for place in places[:5]:
            yield Finding.at("substitution-unset", place, text, unit=str(unit.key), hint=hint)


def _occurrences(survey: Survey, unit: Unit, name: str) -> Iterator[Place]:
    """Files below the unit's path that use a variable."""
    top = str(unit.spec.get("path") or "").strip("./")
    pattern = re.compile(rb"(?<!\$)\$\{" + name.encode() + rb"\}")
    for path in sorted({d.place.path for d in survey.documents if d.place.path.startswith(f"{top}/" if top else "")}):
        data = survey.tree.read(path)
        for match in pattern.finditer(data):
            yield Place(path, data.count(b"\n", 0, match.start()) + 1)


def empty(survey: Survey) -> Iterator[Finding]:
    """Variables that are used and have an empty value."""
    index = Index.of(survey)
    for unit in survey.units.values():
        substitution = unit.delivery.build.substitution if unit.delivery else None
        blank = {n for n, v in (substitution.inline if substitution else {}).items() if not v.strip()}
        if not blank:
            continue
        used = {m[1].decode() for _, data in _texts(survey, unit) for m in _ANY.finditer(data) if not m[2]}
        for name in sorted(blank & used):
            text = f"variable {name} is empty: ${{{name}}} vanishes from what is applied"
            yield index.about("substitution-empty", unit, text, "spec", "postBuild", "substitute", name)


def unused(survey: Survey) -> Iterator[Finding]:
    """Inline variables of a unit that nothing it reads mentions, but something nearly alike."""
    index = Index.of(survey)
    for unit in survey.units.values():
        substitution = unit.delivery.build.substitution if unit.delivery else None
        if substitution is None or unit.rendered is None or not substitution.inline:
            continue
        used = {m[1].decode() for _, data in _texts(survey, unit) for m in _ANY.finditer(data)}
        for name in substitution.inline:
            hint = near(name, used - set(substitution.inline)) if name not in used else ""
            if hint:
                text = f"variable {name} is used nowhere"
                yield index.about("substitution-unused", unit, text, "spec", "postBuild", "substitute", name, hint=hint)


_LEFT = re.compile(r"(?<!\$)\$\{[A-Za-z_]\w*(:?[-=?+][^}]*)?\}")


def missing_post_build(survey: Survey) -> Iterator[Finding]:
    """Variables that stay as they are because the unit substitutes nothing."""
    index = Index.of(survey)
    for unit, obj in index.objects:
        if unit.delivery is None or _active(unit.delivery.build.substitution):
            continue
        for path, text in _telling(obj):
            if _LEFT.search(text):
                yield index.finding(
                    "substitution-missing",
                    unit,
                    obj,
                    f"has {text} in {'.'.join(map(str, path))}, and its unit substitutes nothing",
                    *path,
                    hint="give the unit a postBuild.substitute or substituteFrom",
                )
                break


def _telling(obj: dict[str, object]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Fields in which no variable can be meant for anybody but Flux."""
    yield ("metadata", "name"), name_of(obj)
    meta, spec = obj.get("metadata"), obj.get("spec")
    if isinstance(meta, dict):
        yield ("metadata", "namespace"), str(meta.get("namespace") or "")
    if not isinstance(spec, dict):
        return
    for field in ("url", "interval", "host", "replicas", "storageClassName"):
        if isinstance(spec.get(field), str):
            yield ("spec", field), str(spec[field])
    for number, rule in mappings(spec.get("rules")):
        if isinstance(rule.get("host"), str):
            yield ("spec", "rules", number, "host"), str(rule["host"])
    for path, container in containers(obj):
        yield (*path, "image"), str(container.get("image") or "")

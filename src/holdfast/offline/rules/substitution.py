"""Rules about post-build substitution."""

from __future__ import annotations

import re
from collections.abc import Iterator

from holdfast.base.errors import Place
from holdfast.model.delivery import Substitution
from holdfast.offline.findings import Finding
from holdfast.offline.survey import Survey, Unit

_SCRIPT = re.compile(rb"(?<!\$)\$\{([a-zA-Z_][a-zA-Z0-9_]*)\}")


def missing_sources(survey: Survey) -> Iterator[Finding]:
    for unit in survey.units.values():
        for name in unit.missing_values:
            yield Finding.at(
                "substitute-from-missing",
                unit.place,
                f"postBuild.substituteFrom names {name}, which is not in this repository",
                unit=str(unit.key),
                hint="mark it optional: true if it may be absent",
            )


def eaten(survey: Survey) -> Iterator[Finding]:
    """Shell scripts in ConfigMaps whose ${VARIABLE} would be replaced before the pod ever sees it."""
    for unit in survey.units.values():
        substitution = unit.delivery.build.substitution if unit.delivery else None
        if substitution is None or unit.rendered is None or not _active(substitution):
            continue
        yield from _scripts(survey, unit, substitution)


def _active(substitution: Substitution) -> bool:
    return bool(substitution.inline or substitution.references or substitution.always)


def _scripts(survey: Survey, unit: Unit, substitution: Substitution) -> Iterator[Finding]:
    assert unit.rendered is not None
    for path, seen in unit.rendered.reads.items():
        if not seen or path.endswith(("/", "kustomization.yaml", "kustomization.yml")):
            continue
        try:
            data = survey.tree.read(path)
        except OSError:
            continue
        if b"#!/" not in data and not path.endswith((".sh", ".bash")):
            continue
        for match in _SCRIPT.finditer(data):
            name = match[1].decode()
            if name not in substitution.inline:
                line = data.count(b"\n", 0, match.start()) + 1
                yield Finding.at(
                    "substitution-eaten",
                    Place(path, line),
                    f"${{{name}}} in a script would be substituted by {unit.key.name}",
                    unit=str(unit.key),
                    hint=f"write $${{{name}}} to keep it, or annotate the object with "
                    "kustomize.toolkit.fluxcd.io/substitute: disabled",
                )

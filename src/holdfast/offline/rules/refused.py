"""What the API server would refuse although the schema allows it: values, combinations, limits.

The judge is handed in with the survey; without one the rule finds nothing. What a more particular rule tells of an object is
not told again (see ``findings.check``).
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.offline.findings import Finding
from holdfast.offline.placeholders import PLACEHOLDER
from holdfast.offline.rules.index import Index
from holdfast.offline.rules.objects import dotted
from holdfast.offline.unit import Survey

_MOST = 5


def refused(survey: Survey) -> Iterator[Finding]:
    index, judge = Index.of(survey), survey.refuses
    for unit, obj in index.objects if judge is not None else ():
        if judge is None or obj["kind"] == "CustomResourceDefinition" or unit.key.kind == "Directory":
            continue
        told = [(p, m) for p, m in judge(obj) if "${" not in m and PLACEHOLDER not in m and "unknown-" not in m]
        for path, message in told[:_MOST]:
            where = f"{dotted(path)}: " if path else ""
            text = f"would be refused by the API server: {where}{message}"
            yield index.finding("api-refused", unit, obj, text, *path)

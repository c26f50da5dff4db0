"""A kustomization written field by field, for files whose lines cannot be changed one by one (flow style, JSON, aliases).

Fields stay in the order of the file, each under the comments that stood above it; new ones follow in kustomize's order.
"""

from __future__ import annotations

from typing import Any

from holdfast.kube import yaml

FIELD_ORDER = (
    "apiVersion",
    "kind",
    "metadata",
    "sortOptions",
    "resources",
    "bases",
    "namePrefix",
    "nameSuffix",
    "namespace",
    "crds",
    "commonLabels",
    "labels",
    "commonAnnotations",
    "patchesStrategicMerge",
    "patchesJson6902",
    "patches",
    "configMapGenerator",
    "secretGenerator",
    "helmCharts",
    "helmChartInflationGenerator",
    "helmGlobals",
    "generatorOptions",
    "vars",
    "images",
    "replacements",
    "replicas",
    "configurations",
    "generators",
    "transformers",
    "validators",
    "components",
    "openapi",
    "buildMetadata",
)
_BY_NAME = {name.lower(): name for name in FIELD_ORDER}


def rewritten(text: str, fields: dict[str, Any]) -> str:
    """``fields`` with the comments of ``text``. Comments within a field come behind it."""
    left = dict(fields)
    out: list[str] = []
    comments: list[str] = []
    behind: list[str] = []
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            (behind if line[:1].isspace() else comments).append(line.strip())
        elif name := _BY_NAME.get(line.partition(":")[0].lower()):
            out += [*behind, *comments]
            out += _lines(name, left)
            comments, behind = [], []
    out += [*behind, *comments]
    for name in sorted(left, key=_rank):
        out += _lines(name, left)
    return "\n".join([*out, ""])


def _rank(name: str) -> int:
    return FIELD_ORDER.index(name) if name in FIELD_ORDER else len(FIELD_ORDER)


def _lines(name: str, left: dict[str, Any]) -> list[str]:
    return yaml.dump({name: left.pop(name)}).splitlines() if name in left else []

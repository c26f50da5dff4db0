"""Charts that a survey found, kept so that a trial can serve them.

In: a place that has charts. Out: the same charts, and every archive by where it comes from, its name and its own version.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from holdfast.base.tree import EntryKind, Tree, walk
from holdfast.helm.chart.archive import read_archive, write_archive
from holdfast.kube import yaml
from holdfast.offline.unit import Charts, ChartWanted

_TAG = re.compile(r"\w[\w.+-]*")


@dataclass(slots=True)
class Chart:
    """Archives by their own version; ``tags`` are the other names that one was asked for by."""

    archives: dict[str, bytes] = field(default_factory=dict)
    tags: dict[str, set[str]] = field(default_factory=dict)


class Kept:
    """Implements ``offline.unit.Charts``. ``found`` is keyed by address and name."""

    def __init__(self, charts: Charts) -> None:
        self._charts = charts
        self.found: dict[tuple[str, str], Chart] = {}

    def find(self, wanted: ChartWanted) -> bytes | Tree:
        held = self._charts.find(wanted)
        archive = held if isinstance(held, bytes) else packed(held, wanted.name)
        version = _version(read_archive(archive))
        chart = self.found.setdefault((wanted.url, wanted.name), Chart())
        chart.archives[version] = archive
        names = {version} | ({wanted.version} if _TAG.fullmatch(wanted.version) else set())
        chart.tags.setdefault(version, set()).update(n.replace("+", "_") for n in names)
        return held


def packed(tree: Tree, name: str) -> bytes:
    """A chart's directory as the archive that Helm makes of it."""
    return write_archive(name, {p: tree.read(p) for p, entry in walk(tree) if entry.kind is EntryKind.FILE})


def _version(files: dict[str, bytes]) -> str:
    content = yaml.load(files.get("Chart.yaml", b"{}"))
    return str(content.get("version") or "") if isinstance(content, dict) else ""

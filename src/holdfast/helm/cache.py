"""Renders remembered by what went into them: same chart digest, values, release and capabilities, no render."""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from holdfast.helm.chart.capabilities import Capabilities, default_capabilities
from holdfast.helm.chart.model import Chart
from holdfast.helm.engine import ReleaseOptions, RenderedChart, render
from holdfast.helm.go import json as gojson

# Functions that give another result every time: the clock, randomness, and the cluster.
_VOLATILE = re.compile(
    rb"\b(?:rand\w+|gen[A-Z]\w+|now|ago|date|dateInZone|date_in_zone|htmlDate|htmlDateInZone|uuidv4|htpasswd|bcrypt|encryptAES|shuffle|lookup|getHostByName)\b"
)


def render_key(chart: Chart, values: Mapping[str, Any], release: ReleaseOptions, capabilities: Capabilities) -> str:
    """The digest of everything that a render depends on (but for lookup)."""
    found = hashlib.sha256(chart.digest.encode())
    found.update(gojson.encode(dict(values)).encode("utf-8", "surrogateescape"))
    found.update(repr((release, capabilities.key())).encode())
    return found.hexdigest()


def is_volatile(chart: Chart) -> bool:
    """Whether a template may give another text for the same input. Says yes more often than is true."""
    return any(map(_VOLATILE.search, chart.templates.values())) or any(map(is_volatile, chart.dependencies))


class RenderCache:
    """Keeps the latest results. ``renders`` counts what was not answered from memory."""

    def __init__(self, size: int = 4096) -> None:
        self.size = size
        self.renders = 0
        self._kept: OrderedDict[str, RenderedChart] = OrderedDict()
        self._volatile: dict[str, bool] = {}

    def render(
        self,
        chart: Chart,
        values: Mapping[str, Any],
        release: ReleaseOptions,
        capabilities: Capabilities | None = None,
        **options: Any,
    ) -> RenderedChart:
        capabilities = capabilities or default_capabilities()
        key = render_key(chart, values, release, capabilities)
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
            return found
        self.renders += 1
        found = render(chart, values, release, capabilities, **options)
        if not self._is_volatile(chart):
            self._keep(key, found)
        return found

    def _is_volatile(self, chart: Chart) -> bool:
        if chart.digest not in self._volatile:
            self._volatile[chart.digest] = is_volatile(chart)
        return self._volatile[chart.digest]

    def _keep(self, key: str, found: RenderedChart) -> None:
        self._kept[key] = found
        while len(self._kept) > self.size:
            self._kept.popitem(last=False)

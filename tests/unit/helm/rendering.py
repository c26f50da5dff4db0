"""One template in a small chart: what it gives, or what Helm would say."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.helm import HelmError, ReleaseOptions, render
from holdfast.helm.chart.load import load_files
from holdfast.helm.go.json import decode

FILES = {
    "Chart.yaml": b"apiVersion: v2\nname: c\nversion: 1.0.0\n",
    "values.yaml": b"a: {b: 1}\n",
    "templates/_t.tpl": b'{{ define "t" }}<{{ .a }}>{{ end }}',
    "templates/a.yaml": b'out: {{ include "c/templates/_case.tpl" . | toJson }}\n',
}


def rendered(template: str, values: dict[str, Any] | None = None) -> str:
    """The text that a template gives. Raises HelmError."""
    chart = load_files({**FILES, "templates/_case.tpl": template.encode()})
    found = render(chart, values or {}, ReleaseOptions("rel"))
    text = decode(found.manifests[0].text.removeprefix("out: "))
    assert isinstance(text, str)
    return text


def fault(template: str) -> str:
    with pytest.raises(HelmError) as caught:
        rendered(template)
    return caught.value.message

"""A small chart out of texts: what ``helm template rel`` prints of it, or what it says."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from holdfast.base.tree import MemoryTree
from holdfast.helm import HelmError, ReleaseOptions, load_chart, render
from holdfast.helm.engine import check_installable

HEAD = "apiVersion: v2\nname: c\nversion: 1.0.0\n"


def printed(files: Mapping[str, str]) -> str:
    """Raises HelmError."""
    chart = load_chart(MemoryTree({p: t.encode() for p, t in {"Chart.yaml": HEAD, **files}.items()}))
    check_installable(chart)
    found = render(chart, {}, ReleaseOptions("rel"))
    text = "".join(f"---\n# Source: {m.source}\n{m.text}\n" for m in (*found.manifests, *found.hooks))
    return text.strip() + "\n"


def fault(files: Mapping[str, str]) -> str:
    with pytest.raises(HelmError) as caught:
        printed(files)
    return caught.value.message.rstrip("\n")

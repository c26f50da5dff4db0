"""Renders answered from memory."""

from __future__ import annotations

from holdfast.base.tree import MemoryTree
from holdfast.helm import ReleaseOptions, load_chart
from holdfast.helm.cache import RenderCache


def chart(template: bytes):  # type: ignore[no-untyped-def]
    return load_chart(
        MemoryTree({"Chart.yaml": b"apiVersion: v2\nname: app\nversion: 1.0.0\n", "templates/a.yaml": template})
    )


def test_the_same_input_is_rendered_once_and_every_change_again() -> None:
    cache, found = RenderCache(), chart(b"a: {{ .Values.updated }}{{ .Release.Name }}")
    for _ in range(3):
        cache.render(found, {"updated": 1.0}, ReleaseOptions("rel"))
    assert cache.renders == 1
    cache.render(found, {"updated": 2.0}, ReleaseOptions("rel"))
    cache.render(found, {"updated": 1.0}, ReleaseOptions("other"))
    cache.render(chart(b"b: 1"), {"updated": 1.0}, ReleaseOptions("rel"))
    assert cache.renders == 4


def test_what_is_random_is_never_remembered() -> None:
    cache, found = RenderCache(), chart(b"a: {{ randAlphaNum 20 }}")
    texts = {cache.render(found, {}, ReleaseOptions("rel")).manifests[0].text for _ in range(2)}
    assert len(texts) == 2


def test_the_oldest_results_make_room() -> None:
    cache, found = RenderCache(size=1), chart(b"a: 1")
    for name in ("a", "b", "a"):
        cache.render(found, {}, ReleaseOptions(name))
    assert cache.renders == 3

"""The lines that errors name."""

from __future__ import annotations

import pytest

from holdfast.base.errors import Place
from holdfast.base.tree import MemoryTree
from holdfast.kustomize import KustomizeError, build
from holdfast.kustomize.places import line_of, line_of_entry

TEXT = b"# head\nresources:\n- a.yaml\n- b.yaml\nimages: &i\n- name: x\n  newTag: 1\nother: *i\n"


@pytest.mark.parametrize(
    ("trail", "line"),
    [(("resources",), 2), (("images", 0, "newTag"), 7), (("other", 0, "name"), 6), (("images", 5), 5), (("gone",), 0)],
)
def test_a_field_has_a_line(trail: tuple[str | int, ...], line: int) -> None:
    assert line_of(TEXT, trail) == line


def test_an_entry_of_a_list_has_a_line() -> None:
    assert [line_of_entry(TEXT, e) for e in ("b.yaml", "gone")] == [4, 0]
    assert line_of_entry(b"[", "a") == line_of(b"[", ("a",)) == line_of(b"", ("a",)) == 0


@pytest.mark.parametrize(
    ("files", "place"),
    [
        ({"kustomization.yaml": TEXT.replace(b" 1", b" a")}, Place("kustomization.yaml", 8)),
        ({"kustomization.yaml": TEXT[: TEXT.index(b"other")]}, Place("kustomization.yaml", 7)),
        ({"kustomization.yaml": TEXT[: TEXT.index(b"images")]}, Place("kustomization.yaml", 3)),
        ({"kustomization.yaml": b"components:\n- gone\n"}, Place("kustomization.yaml", 2)),
        (
            {"kustomization.yaml": b"resources:\n- base\n", "base/kustomization.yml": b"resources:\n\n- c.yaml\n"},
            Place("base/kustomization.yml", 3),
        ),
        ({"kustomization.yaml": b"namePrefix: a\npatches:\n- patch: 'a: ['\n"}, Place("kustomization.yaml")),
    ],
)
def test_a_failed_build_says_where(files: dict[str, bytes], place: Place) -> None:
    with pytest.raises(KustomizeError) as caught:
        build(MemoryTree(files), "")
    assert caught.value.place is not None
    assert (caught.value.place.path, caught.value.place.line) == (place.path, place.line)

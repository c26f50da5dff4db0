"""Manifests by reference, kept small: for who has to remember thousands of them and looks at one now and then.

In: manifests. Out: equal ones, made anew at each look; nothing that was put in is held on to.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence

from holdfast.base.pack import pack, unpack
from holdfast.kube.refs import Manifest, ObjectRef

_BOX = 16  # manifests packed together: they share most of their text, and a look unpacks no more than these


class Shelf:
    """Not to be changed. Of two manifests with one reference the later counts."""

    __slots__ = ("_boxes", "_marks")

    def __init__(self, objects: Sequence[Manifest]) -> None:
        self._marks = array("q", (hash(ObjectRef.of(o)) for o in reversed(objects)))
        self._boxes = tuple(pack(list(objects[i : i + _BOX])) for i in range(0, len(objects), _BOX))

    def __len__(self) -> int:
        return len(self._marks)

    def __iter__(self) -> Iterator[Manifest]:
        for box in self._boxes:
            yield from unpack(box)

    def get(self, ref: ObjectRef) -> Manifest | None:
        mark, start = hash(ref), 0
        while True:
            try:
                at = self._marks.index(mark, start)
            except ValueError:
                return None
            found = self._at(len(self) - 1 - at)
            if ObjectRef.of(found) == ref:
                return found
            start = at + 1

    def _at(self, number: int) -> Manifest:
        found: Manifest = unpack(self._boxes[number // _BOX])[number % _BOX]
        return found

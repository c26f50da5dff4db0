"""``Record`` at run time is what ``typing.NamedTuple`` is."""

from __future__ import annotations

import copy
import pickle
from typing import NamedTuple

import pytest

from holdfast.base.record import Record


class Ours(Record):
    """A point."""

    x: int
    label: str = "none"

    @property
    def double(self) -> int:
        return 2 * self.x

    @classmethod
    def of(cls, text: str) -> Ours:
        return cls(int(text))

    def __str__(self) -> str:
        return f"{self.label} at {self.x}"


class Theirs(NamedTuple):
    x: int
    label: str = "none"


def test_it_is_a_tuple_with_names_and_defaults() -> None:
    assert tuple(Ours(1)) == tuple(Theirs(1)) == (1, "none")
    assert Ours._fields == Theirs._fields and Ours._field_defaults == Theirs._field_defaults
    assert Ours(1)._replace(label="a") == Ours(1, "a")
    assert Ours.__doc__ == "A point." and Ours.__module__ == __name__


def test_its_methods_are_there() -> None:
    assert Ours.of("2").double == 4
    assert str(Ours(1)) == "none at 1" and repr(Ours(1)) == "Ours(x=1, label='none')"


def test_it_cannot_be_changed_and_may_be_copied() -> None:
    with pytest.raises(AttributeError):
        Ours(1).x = 2  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(Ours(1))) == copy.deepcopy(Ours(1)) == Ours(1)


def test_a_missing_field_is_an_error() -> None:
    with pytest.raises(TypeError):
        Ours()  # type: ignore[call-arg]

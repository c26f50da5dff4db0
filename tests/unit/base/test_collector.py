"""The cycle collector, paused."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from holdfast.base.collector import Paused


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    was_on = gc.isenabled()
    yield
    gc.enable() if was_on else gc.disable()


def test_it_goes_on_after_the_block_and_after_a_failure() -> None:
    gc.enable()
    with Paused():
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(ValueError, match="x"), Paused():
        raise ValueError("x")
    assert gc.isenabled()


def test_what_was_off_stays_off() -> None:
    gc.disable()
    with Paused():
        pass
    assert not gc.isenabled()


def test_an_inner_block_does_not_end_the_outer_one() -> None:
    gc.enable()
    with Paused():
        with Paused():
            pass
        assert not gc.isenabled()

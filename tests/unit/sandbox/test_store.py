"""The store: revisions, order, and the past."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.sandbox.store import Expired, Store

_steps = st.lists(
    st.tuples(st.sampled_from(["put", "delete"]), st.sampled_from("abcd"), st.integers(0, 9)), max_size=40
)


def _object(name: str, value: int) -> dict[str, Any]:
    return {"metadata": {"name": name, "uid": name}, "value": value}


def _play(store: Store, steps: list[tuple[str, str, int]]) -> list[dict[str, int]]:
    """Every state, by revision, from the beginning."""
    states: list[dict[str, int]] = [{}]
    for action, name, value in steps:
        state = dict(states[-1])
        if action == "delete":
            if name not in state:
                continue
            store.delete("t", ("", name))
            del state[name]
        else:
            write = store.update if name in state else store.create
            write("t", ("", name), _object(name, value), "v1")
            state[name] = value
        states.append(state)
    return states


@given(_steps)
def test_every_past_revision_can_be_seen_again(steps: list[tuple[str, str, int]]) -> None:
    store = Store()
    start = store.revision
    for number, state in enumerate(_play(store, steps)):
        seen = {r.key[1]: r.load()["value"] for r in store.table("t").at(start + number)}
        assert seen == state


@given(_steps)
def test_a_scan_is_in_key_order_and_complete(steps: list[tuple[str, str, int]]) -> None:
    store = Store()
    last = _play(store, steps)[-1]
    assert [r.key[1] for r in store.table("t").scan()] == sorted(last)


def test_only_so_much_history_is_kept() -> None:
    store = Store(history=2)
    first = store.create("t", ("", "a"), _object("a", 0), "v1").revision
    for value in range(3):
        store.update("t", ("", "a"), _object("a", value), "v1")
    with pytest.raises(Expired):
        store.table("t").since(first)
    assert len(store.table("t").since(first + 1)) == 2


def test_one_namespace_is_scanned_from_behind_a_name() -> None:
    store = Store()
    for namespace in ("n", "nn"):
        for name in ("a", "b"):
            store.create("t", (namespace, name), _object(name, 0), "v1")
    assert [r.key for r in store.table("t").scan("n", after=("n", "a"))] == [("n", "b")]

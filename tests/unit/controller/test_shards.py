"""Who works on what: placement, and the table that every replica may change a part of."""

from __future__ import annotations

import random
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from holdfast.controller.shards import SHARDS, Table, dump, leaving, next_table, parse, placed, predecessors, shard_of
from holdfast.kube.refs import ObjectRef

NAMES = ["a", "b", "c", "d"]
members = st.sets(st.sampled_from(NAMES))
tables = st.integers(0, 1 << 32).map(lambda seed: Table(tuple(random.Random(seed).choices(["", *NAMES], k=SHARDS))))


def ref(number: int) -> ObjectRef:
    return ObjectRef("kustomize.toolkit.fluxcd.io", "Kustomization", "n", f"u{number}")


def test_a_thousand_units_are_spread_evenly_over_four_replicas() -> None:
    where = placed(NAMES)
    count = Counter(where[shard_of(ref(n))] for n in range(1000))
    assert set(count) == set(NAMES)
    assert max(count.values()) < 1.6 * min(count.values())


@given(members, st.sampled_from(NAMES))
def test_who_joins_moves_only_what_it_gains(known: set[str], fresh: str) -> None:
    before, after = placed(known - {fresh}), placed(known | {fresh})
    assert all(now in (was, fresh) for was, now in zip(before, after, strict=True))


def test_who_joins_three_others_moves_about_a_quarter() -> None:
    before, after = placed(NAMES[:3]), placed(NAMES)
    assert 0.15 * SHARDS < sum(x != y for x, y in zip(before, after, strict=True)) < 0.35 * SHARDS


@given(tables)
def test_a_table_is_read_as_it_was_written(table: Table) -> None:
    assert parse(dump(table)) == table


def test_what_is_no_table_holds_nothing() -> None:
    assert parse("") == parse("[1]") == parse("{") == parse('{"a": "zz"}') == Table()


@given(tables, members, st.sampled_from(NAMES))
def test_nobody_takes_what_another_living_member_holds(table: Table, living: set[str], me: str) -> None:
    after = next_table(table, me, living)
    for was, now in zip(table.holders, after.holders, strict=True):
        assert now == was or was == me or was not in living


@given(tables, members, st.sampled_from(NAMES), st.sets(st.integers(0, SHARDS - 1)))
def test_what_is_busy_is_not_given_away(table: Table, living: set[str], me: str, busy: set[int]) -> None:
    after = next_table(table, me, living | {me}, busy)
    assert table.of(me) & busy <= after.of(me)


@given(tables, members.filter(bool))
def test_when_everybody_has_had_a_turn_or_two_all_is_where_it_should_be(table: Table, living: set[str]) -> None:
    for _ in range(2):
        for me in sorted(living):
            table = next_table(table, me, living)
    assert table.holders == tuple(placed(living))
    assert not any(leaving(table, me, living) for me in living)


def test_it_is_known_from_whom_shards_are_taken() -> None:
    before = Table(("dead", "", "a") + ("b",) * (SHARDS - 3))
    assert predecessors(before, Table(("a", "a", "a") + ("b",) * (SHARDS - 3)), "a") == {"dead"}

from __future__ import annotations

from holdfast.kube.refs import ObjectRef
from holdfast.reconcile.fights import FREE, LONGEST_SECONDS, QUIET_SECONDS, Fights

REF = ObjectRef("", "ConfigMap", "n", "a")


def test_a_few_corrections_are_free_and_then_each_waits_twice_as_long() -> None:
    fights, now, waits = Fights(), 0.0, []
    for _ in range(FREE + 8):
        wait = fights.hold(REF, now)
        waits.append(wait)
        now += wait
        fights.corrected(REF, now)
    assert waits == [0.0] * FREE + [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, LONGEST_SECONDS, LONGEST_SECONDS]


def test_the_beginning_of_a_fight_is_told_once() -> None:
    fights = Fights()
    begun = []
    for n in range(FREE + 2):
        begun.append(fights.begins(REF))
        fights.corrected(REF, float(n))
    assert begun.count(True) == 1


def test_quiet_ends_a_fight() -> None:
    fights = Fights()
    for n in range(FREE + 3):
        fights.corrected(REF, float(n))
    assert fights.hold(REF, FREE + 3.0) > 0
    assert fights.hold(REF, FREE + 3 + QUIET_SECONDS + LONGEST_SECONDS) == 0


def test_an_object_that_drifts_now_and_then_is_always_put_right_at_once() -> None:
    fights = Fights()
    for n in range(50):
        assert fights.hold(REF, n * 12.0) == 0
        fights.corrected(REF, n * 12.0)


def test_objects_do_not_share_a_fight() -> None:
    fights = Fights()
    for n in range(FREE + 3):
        fights.corrected(REF, float(n))
    assert fights.hold(ObjectRef("", "ConfigMap", "n", "b"), 0.0) == 0

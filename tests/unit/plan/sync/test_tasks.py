"""The order of a sync."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from holdfast.model.sync import SyncPhase
from holdfast.plan.sync import marks
from holdfast.plan.sync.tasks import PHASES, Task, images, kinds_made, multi_step, ordered, turn_prune_waves


def obj(kind: str, name: str, wave: int = 0, namespace: str = "", version: str = "v1", **more: Any) -> dict[str, Any]:
    meta: dict[str, Any] = {"name": name, "annotations": {marks.WAVE: str(wave), **more.pop("annotations", {})}}
    if namespace:
        meta["namespace"] = namespace
    return {"apiVersion": version, "kind": kind, "metadata": meta, **more}


def task(target: dict[str, Any], phase: SyncPhase = SyncPhase.SYNC) -> Task:
    return Task(phase, target, None)


def prune(live: dict[str, Any]) -> Task:
    return Task(SyncPhase.SYNC, None, live)


def names(tasks: list[Task]) -> list[str]:
    return [t.ref.name for t in tasks]


def test_phase_comes_before_wave_before_kind_before_name() -> None:
    tasks = [
        task(obj("ConfigMap", "post"), SyncPhase.POST_SYNC),
        task(obj("Deployment", "late", 1)),
        task(obj("Deployment", "web")),
        task(obj("ConfigMap", "b")),
        task(obj("ConfigMap", "a")),
        task(obj("Thing", "custom")),
        task(obj("Secret", "early", -1)),
        task(obj("Job", "pre", 5), SyncPhase.PRE_SYNC),
    ]
    assert names(ordered(tasks)) == ["pre", "early", "a", "b", "web", "custom", "late", "post"]


def test_a_namespace_comes_before_what_is_in_it_into_that_wave_and_phase() -> None:
    tasks = [
        task(obj("Namespace", "n", 9)),
        task(obj("ConfigMap", "a", -2, "n")),
        task(obj("Job", "j", 0, "n"), SyncPhase.PRE_SYNC),
    ]
    found = ordered(tasks)
    assert names(found) == ["n", "j", "a"]
    assert (found[0].phase, found[0].wave) == (SyncPhase.PRE_SYNC, 0)


def test_a_definition_comes_before_the_objects_of_its_kind() -> None:
    crd = obj("CustomResourceDefinition", "w", 3, version="apiextensions.k8s.io/v1",
              spec={"group": "example.com", "names": {"kind": "Widget"}})  # fmt: skip
    found = ordered([task(obj("Widget", "x", version="example.com/v1")), task(crd)])
    assert names(found) == ["w", "x"]
    assert kinds_made([crd]) == {"example.com/Widget"}


def test_what_is_pruned_goes_the_other_way_round() -> None:
    tasks = [prune(obj("ConfigMap", n, w)) for n, w in (("a", 1), ("b", 2), ("c", 5))]
    turn_prune_waves(tasks, prune_last=False)
    assert {t.ref.name: t.wave for t in tasks} == {"a": 5, "b": 2, "c": 1}


def test_prune_last_is_after_everything_of_the_sync() -> None:
    last = {marks.SYNC_OPTIONS: "PruneLast=true"}
    for everything, waves in ((False, [2, 8, 7]), (True, [8, 8, 7])):
        tasks = [
            prune(obj("ConfigMap", "a", 1)),
            prune(obj("ConfigMap", "b", 2, annotations=dict(last))),
            task(obj("ConfigMap", "c", 7)),
        ]
        turn_prune_waves(tasks, prune_last=everything)
        assert [t.wave for t in tasks] == waves


TASKS = st.lists(
    st.builds(
        lambda kind, name, wave, phase: task(obj(kind, name, wave), phase),
        st.sampled_from(["ConfigMap", "Deployment", "Thing", "Service"]),
        st.text("abc", min_size=1, max_size=2),
        st.integers(-3, 3),
        st.sampled_from(SyncPhase),
    ),
    max_size=12,
)


@given(TASKS)
def test_the_order_never_depends_on_where_things_stood(tasks: list[Task]) -> None:
    found = ordered(tasks)
    assert [t.obj for t in ordered(list(reversed(tasks)))] == [t.obj for t in found]
    assert [t.obj for t in ordered(found)] == [t.obj for t in found]
    steps = [(PHASES[t.phase], t.wave) for t in found]
    assert steps == sorted(steps)
    assert multi_step(found) is (len(set(steps)) > 1)


@given(st.lists(st.integers(-5, 5), min_size=1))
def test_turning_the_waves_keeps_their_set_and_reverses_their_order(waves: list[int]) -> None:
    tasks = [prune(obj("ConfigMap", str(i), w)) for i, w in enumerate(waves)]
    turn_prune_waves(tasks, prune_last=False)
    turned = [t.wave for t in tasks]
    assert set(turned) == set(waves)
    for one, two, now, then in zip(waves, waves[1:], turned, turned[1:], strict=False):
        assert (one < two) is (now > then)


def test_images_are_those_of_the_pod_template() -> None:
    spec = {"containers": [{"image": "a"}, {"name": "x"}]}
    assert images(obj("Pod", "p", spec=spec)) == ("a",)
    assert images(obj("Deployment", "p", spec={"template": {"spec": spec}})) == ("a",)
    assert images(obj("CronJob", "p", spec={"jobTemplate": {"spec": {"template": {"spec": spec}}}})) == ("a",)
    assert images(obj("ConfigMap", "p")) == ()

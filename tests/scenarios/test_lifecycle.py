"""What a user sees: roll-out, change, removal, drift, rename, a bad commit."""

from __future__ import annotations

from harness import World, status

from holdfast.cluster.client import PatchType, Selectors
from holdfast.kube.refs import GroupVersionKind, Manifest, ObjectRef


def config_map(name: str, value: str = "1") -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  a: '{value}'\n"


def data(obj: Manifest | None) -> object:
    return None if obj is None else obj.get("data")


async def test_a_commit_rolls_out_a_change_follows_and_a_removed_file_is_pruned(here: World) -> None:
    first = await here.commit({"a.yaml": config_map("one"), "b.yaml": config_map("two")})
    await here.declare()
    unit = await here.until_ready(first)
    assert [e["id"] for e in status(unit)["inventory"]["entries"]] == [
        f"{here.namespace}_one__ConfigMap",
        f"{here.namespace}_two__ConfigMap",
    ]
    second = await here.commit({"a.yaml": config_map("one", "2")})
    await here.until_ready(second)
    assert data(await here.config_map("one")) == {"a": "2"}
    assert await here.config_map("two") is None


async def test_drift_is_undone_whoever_made_it(here: World) -> None:
    revision = await here.commit({"a.yaml": config_map("one")})
    await here.declare()
    await here.until_ready(revision)
    ref = ObjectRef("", "ConfigMap", here.namespace, "one")
    for manager, patch in [("somebody", {"data": {"a": "9"}}), ("kubectl-edit", {"data": {"more": "x"}})]:
        await here.client.patch(ref, patch, PatchType.MERGE, manager=manager)
        await here.until(ref, lambda o: data(o) == {"a": "1"})
    before = await here.get(ref)
    await here.client.delete(ref)
    again = await here.until(ref, lambda o: o is not None and o["metadata"]["uid"] != before["metadata"]["uid"])
    assert data(again) == {"a": "1"}


async def test_another_managers_extra_keys_are_no_drift(here: World) -> None:
    revision = await here.commit({"a.yaml": config_map("one")})
    await here.declare()
    await here.until_ready(revision)
    ref = ObjectRef("", "ConfigMap", here.namespace, "one")
    await here.client.patch(ref, {"data": {"theirs": "x"}}, PatchType.MERGE, manager="somebody")
    newer = await here.commit({"a.yaml": config_map("one"), "b.yaml": config_map("two")})
    await here.until_ready(newer)
    assert data(await here.get(ref)) == {"a": "1", "theirs": "x"}


async def test_a_renamed_unit_does_not_delete_what_the_new_one_owns(here: World) -> None:
    revision = await here.commit({"a.yaml": config_map("one")})
    old = await here.declare("old")
    await here.until_ready(revision, "old")
    uid = (await here.config_map("one") or {})["metadata"]["uid"]
    await here.declare("new")
    await here.client.delete(old)
    await here.until_gone(old)
    await here.until_ready(revision, "new")
    live = await here.config_map("one")
    assert live is not None
    assert live["metadata"]["uid"] == uid
    assert live["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/name"] == "new"


async def test_a_bad_commit_leaves_everything_and_the_next_good_one_heals(here: World) -> None:
    good = await here.commit({"a.yaml": config_map("one")})
    await here.declare()
    await here.until_ready(good)
    await here.commit({"a.yaml": "a: b: c\n"})
    await here.until_failed(saying="failed to decode Kubernetes YAML")
    assert data(await here.config_map("one")) == {"a": "1"}
    healed = await here.commit({"a.yaml": config_map("one", "2")})
    await here.until_ready(healed)
    assert data(await here.config_map("one")) == {"a": "2"}


async def test_nothing_of_a_stage_is_applied_when_one_object_is_refused(here: World) -> None:
    service = "apiVersion: v1\nkind: Service\nmetadata:\n  name: s\nspec:\n  ports:\n  - port: 99999\n"
    await here.commit({"a.yaml": config_map("one"), "b.yaml": service})
    await here.declare()
    await here.until_failed(saying=f'Service/{here.namespace}/s dry-run failed (Invalid): Service "s" is invalid')
    assert await here.config_map("one") is None


async def test_an_unchanged_unit_sends_nothing_for_its_objects(here: World) -> None:
    files = {f"{n}.yaml": config_map(f"c{n}") for n in range(10)}
    await here.declare()
    await here.until_ready(await here.commit(files))
    before = here.client.requests.copy()
    await here.until_ready(await here.commit({**files, "README.md": "news"}))
    sent = here.client.requests - before
    assert sent["apply"] == 1  # the harness' own: the source
    assert here.units.memo.renders == 1


async def test_an_installation_costs_little_more_than_one_request_per_object(here: World) -> None:
    warm = {"w/x.yaml": config_map("warm")}
    await here.declare("warm", path="w")
    await here.until_ready(
        await here.commit({**warm, **{f"d/{n}.yaml": config_map(f"c{n}") for n in range(50)}}), "warm"
    )
    before = here.client.requests.copy()
    await here.declare("many", path="d")
    await here.until_ready(here.revisions[-1], "many")
    sent = here.client.requests - before
    assert sum(sent.values()) - sent["watch"] <= 1.2 * 50


async def test_a_deleted_unit_takes_its_objects_with_it_and_no_others(here: World) -> None:
    revision = await here.commit({"a/a.yaml": config_map("one"), "b/b.yaml": config_map("two")})
    one = await here.declare("one", path="a")
    await here.declare("two", path="b")
    await here.until_ready(revision, "one")
    await here.until_ready(revision, "two")
    await here.client.delete(one)
    await here.until_gone(one)
    assert await here.config_map("one") is None
    assert await here.config_map("two") is not None


async def test_a_unit_whose_health_check_failed_notices_that_its_objects_became_ready(here: World) -> None:
    deployment = (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  selector: {matchLabels: {a: b}}\n"
        "  template:\n    metadata: {labels: {a: b}}\n    spec:\n      containers: [{name: c, image: i}]\n"
    )
    revision = await here.commit({"a.yaml": deployment})
    await here.declare(wait=True)
    ref = ObjectRef("apps", "Deployment", here.namespace, "web")
    await here.until(ref, lambda o: o is not None)
    stuck = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
    await here.client.patch(ref, {"status": {"conditions": [stuck]}}, PatchType.MERGE, subresource="status")
    await here.until_failed(saying="failed early due to stalled resources")
    counts = dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), 1)
    ready = [
        {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
        {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable"},
    ]
    body = {"status": {**counts, "observedGeneration": 1, "conditions": ready}}
    await here.client.patch(ref, body, PatchType.MERGE, subresource="status")
    await here.until_ready(revision)


async def test_a_watched_config_map_that_changes_is_substituted_at_once(here: World) -> None:
    values: Manifest = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "v", "namespace": here.namespace, "labels": {"reconcile.fluxcd.io/watch": "Enabled"}},
        "data": {"x": "1"},
    }
    await here.client.apply(values, manager="tests")
    revision = await here.commit({"a.yaml": config_map("one", "v${x}")})
    await here.declare(postBuild={"substituteFrom": [{"kind": "ConfigMap", "name": "v"}]})
    await here.until_ready(revision)
    await here.client.apply({**values, "data": {"x": "2"}}, manager="tests")
    await here.until(ObjectRef("", "ConfigMap", here.namespace, "one"), lambda o: data(o) == {"a": "v2"})


async def test_dependants_follow_as_soon_as_their_dependency_is_ready(here: World) -> None:
    revision = await here.commit({"a/a.yaml": config_map("one"), "b/b.yaml": config_map("two")})
    await here.declare("later", path="b", dependsOn=[{"name": "first"}])
    await here.until_failed("later", saying="dependency")
    await here.declare("first", path="a")
    await here.until_ready(revision, "later")


async def test_a_controller_that_undoes_our_corrections_is_named_and_not_fought_for_ever(here: World) -> None:
    await here.declare()
    await here.until_ready(await here.commit({"a.yaml": config_map("one")}))
    ref = ObjectRef("", "ConfigMap", here.namespace, "one")
    for n in range(5):
        await here.client.patch(ref, {"data": {"a": f"theirs {n}"}}, PatchType.MERGE, manager="rival")
        await here.until(ref, lambda o: data(o) == {"a": "1"})
    resource = await here.client.resource(GroupVersionKind("", "v1", "Event"))
    selectors = Selectors(fields="reason=DriftContested")
    listed = await here.client.list_resource(resource, here.namespace, selectors)
    found = listed.items
    if not found:
        async for event in here.client.watch(
            resource, here.namespace, resource_version=listed.resource_version, selectors=selectors
        ):
            found = [event.object]
            break
    assert "it is also written by rival" in found[0]["message"]

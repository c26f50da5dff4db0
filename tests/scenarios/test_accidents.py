"""Accidents that users of other tools have published: with the guard nothing is lost, without it the accident happens.

Each scenario runs twice. The second run has the guard off, which is Flux's behaviour, and has to lose what was lost: that
proves that the first run was in danger.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from pathlib import Path

import pytest
from harness import UNIT, Sandbox, World, obj_of, status, world

from holdfast.cluster.client import PatchType
from holdfast.kube import yaml
from holdfast.kube.refs import Manifest, ObjectRef
from holdfast.model.safety import ALLOW_PRUNE, KEEP_FOR, Safety

pytestmark = pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "as-flux"])


def maps(directory: str, names: range | list[str], namespace: str = "") -> dict[str, str]:
    """A file with a ConfigMap for each name."""
    place = f", namespace: {namespace}" if namespace else ""
    return {
        f"{directory}/{n}.yaml": f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{n}{place}}}\ndata: {{a: '{n}'}}\n"
        for n in names
    }


def declared(here: World, name: str, path: str, *, suspend: bool = False) -> str:
    """The file of a unit."""
    spec = {
        **({"suspend": True} if suspend else {}),
        "interval": "1h",
        "prune": True,
        "path": path,
        "targetNamespace": here.namespace,
        "sourceRef": {"kind": "GitRepository", "name": "app"},
    }
    return yaml.dump(obj_of(UNIT, here.namespace, name, spec))


def condition(obj: Manifest | None, type: str = "Ready") -> Mapping[str, str]:
    found = (c for c in status(obj).get("conditions") or () if c["type"] == type)
    return next(found, {"status": "", "reason": "", "message": ""})


async def until_held(here: World, name: str = "app") -> str:
    found = await here.until(here.unit(name), lambda o: condition(o)["reason"] == "PruneHeld")
    return condition(found)["message"]


async def uids(here: World, names: range | list[str]) -> list[str]:
    found = [await here.config_map(f"c{n}") for n in names]
    return [o["metadata"]["uid"] for o in found if o is not None and "deletionTimestamp" not in o["metadata"]]


async def agree(here: World, name: str, revision: str) -> None:
    body = {"metadata": {"annotations": {ALLOW_PRUNE: revision}}}
    await here.client.patch(here.unit(name), body, PatchType.MERGE, manager="somebody")


async def answered(here: World) -> Manifest | None:
    """The unit once it has looked again because it was asked to."""
    token = uuid.uuid4().hex
    asked = {"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": token}}}
    await here.client.patch(here.unit(), asked, PatchType.MERGE, manager="somebody")
    return await here.until(here.unit(), lambda o: status(o).get("lastHandledReconcileAt") == token)


def safety(guarded: bool) -> Safety:
    return Safety(guarded=guarded)


async def test_a_directory_that_comes_back_empty_takes_no_unit_with_it(
    sandbox: Sandbox, tmp_path: Path, guarded: bool
) -> None:
    """argo-cd #3473: every application was deleted while the Git service was degraded and listed nothing."""
    async with world(sandbox, tmp_path, safety=safety(guarded)) as here:
        children = {f"clusters/{n}.yaml": declared(here, n, f"apps/{n}") for n in ("one", "two")}
        apps = {**maps("apps/one", ["a", "b"]), **maps("apps/two", ["c", "d"])}
        revision = await here.commit({**children, **apps})
        await here.declare("root", path="clusters", targetNamespace=None)
        for name in ("root", "one", "two"):
            await here.until_ready(revision, name)
        before = await uids(here, ["a", "b", "c", "d"])
        revision = await here.commit({"clusters/README.md": "", **apps})
        if guarded:
            assert "nothing at all is rendered" in await until_held(here, "root")
            assert await uids(here, ["a", "b", "c", "d"]) == before
            await agree(here, "root", revision)
        for name in ("one", "two"):
            await here.until_gone(here.unit(name))
        assert await uids(here, ["a", "b", "c", "d"]) == []


async def test_a_second_unit_of_the_same_name_does_not_delete_the_first_ones_objects(
    sandbox: Sandbox, tmp_path: Path, guarded: bool
) -> None:
    """argo-cd #18201: a new set of the same name replaced the production one, and everything of that was deleted."""
    async with world(sandbox, tmp_path, safety=safety(guarded)) as here:
        revision = await here.commit({**maps("prod", range(12)), **maps("test", ["new"])})
        await here.declare("ingress", path="prod")
        await here.until_ready(revision, "ingress")
        before = await uids(here, range(12))
        await here.declare("ingress", path="test")
        if guarded:
            assert "12 of 12 objects are not in" in await until_held(here, "ingress")
            assert await uids(here, range(12)) == before
            await here.declare("ingress", path="prod")
            await here.until(here.unit("ingress"), lambda o: condition(o)["status"] == "True")
            assert await uids(here, range(12)) == before
        else:
            await here.until(here.unit("ingress"), lambda o: len(status(o)["inventory"]["entries"]) == 1)
            assert await uids(here, range(12)) == []


async def test_a_unit_that_is_deleted_to_be_made_anew_under_another_name_loses_nothing(
    sandbox: Sandbox, tmp_path: Path, guarded: bool
) -> None:
    """flux2 #2421: deleting a Kustomization in order to rename it deleted all that it had applied."""
    async with world(sandbox, tmp_path, safety=safety(guarded)) as here:
        revision = await here.commit(maps("prod", range(12)))
        unit = await here.declare("app", path="prod")
        await here.until_ready(revision)
        before = await uids(here, range(12))
        await here.client.delete(unit)
        if guarded:
            assert "12 of 12 objects would be deleted" in await until_held(here)
            await here.declare("better", path="prod")
        await here.until_gone(unit)
        if guarded:
            await here.until_ready(revision, "better")
        assert await uids(here, range(12)) == (before if guarded else [])


async def test_a_namespace_that_a_build_renamed_is_not_deleted_with_what_others_have_in_it(
    sandbox: Sandbox, tmp_path: Path, guarded: bool
) -> None:
    """flux2 #3949: targetNamespace renamed a Namespace to flux-system; taking the file away deleted flux-system."""
    async with world(sandbox, tmp_path, safety=safety(guarded)) as here:
        shared = f"{here.namespace}-shared"
        await here.client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": shared}})
        foreign = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "foreign", "namespace": shared}}
        await here.client.create(foreign)
        files = {"a/ns.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: develop}\n", **maps("a", ["x"])}
        await here.declare(path="a", targetNamespace=shared)
        await here.until_ready(await here.commit(files))
        revision = await here.commit(maps("a", ["x"]))
        if guarded:
            found = await here.until_ready(revision)
            assert f"Namespace/{shared} is kept: ConfigMap/{shared}/" in condition(found, "PruneHeld")["message"]
            assert await here.get(ObjectRef.of(foreign)) is not None
        else:
            await here.until_gone(ObjectRef.of(foreign))


async def test_a_namespace_that_was_there_before_is_not_deleted_because_a_unit_had_it_for_a_while(
    sandbox: Sandbox, tmp_path: Path, guarded: bool
) -> None:
    """flux2 #1366: a namespace made by hand was added to Git, taken out again, and deleted with all that was in it."""
    async with world(sandbox, tmp_path, safety=safety(guarded)) as here:
        name = f"{here.namespace}-foo"
        await here.client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        by_hand = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "by-hand", "namespace": name}}
        await here.client.create(by_hand)
        await here.declare(path="a", targetNamespace=None)
        added = {"a/ns.yaml": f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}}}\n"}
        plain = maps("a", ["x"], here.namespace)
        await here.until_ready(await here.commit({**added, **plain}))
        revision = await here.commit(plain)
        if guarded:
            found = await here.until_ready(revision)
            assert f"Secret/{name}/by-hand in it" in condition(found, "PruneHeld")["message"]
            again = await here.until_ready(await here.commit({**added, **plain}))
            assert condition(again, "PruneHeld")["message"] == ""
            assert await here.get(ObjectRef.of(by_hand)) is not None
        else:
            await here.until_gone(ObjectRef.of(by_hand))


async def test_a_unit_that_its_parent_renames_hands_its_objects_over(
    sandbox: Sandbox, tmp_path: Path, guarded: bool
) -> None:
    """flux2 #3316: a renamed Kustomization is a new one and a deleted one; what the deleted one had was deleted."""
    async with world(sandbox, tmp_path, safety=safety(guarded)) as here:
        apps = maps("app", range(12))
        await here.declare("root", path="clusters", targetNamespace=None)
        revision = await here.commit({"clusters/old.yaml": declared(here, "old", "app"), **apps})
        for name in ("root", "old"):
            await here.until_ready(revision, name)
        before = await uids(here, range(12))
        # As with Flux, the objects live where the new unit happens to be quicker than the old one's end; so it comes late.
        new = declared(here, "new", "app", suspend=not guarded)
        revision = await here.commit({"clusters/new.yaml": new, **apps})
        await here.until_ready(revision, "root")
        await here.until_gone(here.unit("old"))
        if guarded:
            await here.until_ready(revision, "new")
            assert await uids(here, range(12)) == before
        else:
            assert await uids(here, range(12)) == []


@pytest.mark.parametrize("order", ["giver-first", "taker-first"])
async def test_an_object_that_moves_to_another_unit_is_handed_over_in_any_order(
    sandbox: Sandbox, tmp_path: Path, guarded: bool, order: str
) -> None:
    """Moving a file between the directories of two units deleted the object when the giving one was first."""
    async with world(sandbox, tmp_path, safety=safety(guarded)) as here:
        await here.declare("giver", path="giver")
        await here.declare("taker", path="taker")
        first = await here.commit({**maps("giver", ["a", "moved"]), **maps("taker", ["b"])})
        await here.until_ready(first, "giver")
        await here.until_ready(first, "taker")
        (before,) = await uids(here, ["moved"])
        late, early = ("taker", "giver") if order == "giver-first" else ("giver", "taker")
        suspend = {"spec": {"suspend": True}}
        await here.client.patch(here.unit(late), suspend, PatchType.MERGE, manager="somebody")
        second = await here.commit({**maps("giver", ["a"]), **maps("taker", ["b", "moved"])})
        await here.until_ready(second, early)
        await here.client.patch(here.unit(late), {"spec": {"suspend": False}}, PatchType.MERGE, manager="somebody")
        await here.until_ready(second, late)
        lost = order == "giver-first" and not guarded
        assert (await uids(here, ["moved"]) == [before]) is not lost


async def test_an_object_that_moves_into_a_unit_made_by_the_same_commit_is_handed_over(
    sandbox: Sandbox, tmp_path: Path, guarded: bool
) -> None:
    """kustomize-controller #338: moving objects deeper into a hierarchy deleted them first."""
    async with world(sandbox, tmp_path, safety=safety(guarded)) as here:
        await here.declare("root", path="root", targetNamespace=None)
        plain = maps("root", ["stays", "moved"], here.namespace)
        await here.until_ready(await here.commit(plain), "root")
        (before,) = await uids(here, ["moved"])
        unit = declared(here, "deeper", "deeper", suspend=not guarded)  # without the guard it is a race: let it be lost
        deeper = {"root/unit.yaml": unit, **maps("deeper", ["moved"])}
        revision = await here.commit({**maps("root", ["stays"], here.namespace), **deeper})
        await here.until_ready(revision, "root")
        if guarded:
            await here.until_ready(revision, "deeper")
        assert await uids(here, ["moved"]) == ([before] if guarded else [])


async def test_a_definition_is_not_deleted_with_other_peoples_objects(
    sandbox: Sandbox, tmp_path: Path, guarded: bool
) -> None:
    """Deleting a CustomResourceDefinition deletes every object of its kind in the cluster."""
    async with world(sandbox, tmp_path, safety=safety(guarded)) as here:
        group = f"{here.namespace}.example.com"
        await here.declare(path="a")
        await here.until_ready(await here.commit({"a/crd.yaml": definition(group), **maps("a", ["x"])}))
        gadget = {"apiVersion": f"{group}/v1", "kind": "Gadget", "metadata": {"name": "g", "namespace": here.namespace}}
        await here.client.create(gadget)
        revision = await here.commit(maps("a", ["x"]))
        if guarded:
            found = await here.until_ready(revision)
            assert f"Gadget/{here.namespace}/g of this kind" in condition(found, "PruneHeld")["message"]
            assert await here.get(ObjectRef.of(gadget)) is not None
            await here.client.delete(ObjectRef.of(gadget))
            await agree(here, "app", revision)
        await here.until_gone(ObjectRef("apiextensions.k8s.io", "CustomResourceDefinition", "", f"gadgets.{group}"))


async def test_a_claim_with_data_stays_when_its_file_goes(sandbox: Sandbox, tmp_path: Path, guarded: bool) -> None:
    async with world(sandbox, tmp_path, safety=safety(guarded)) as here:
        claim = (
            "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data}\nspec:\n  volumeName: v1\n"
            "  accessModes: [ReadWriteOnce]\n  resources: {requests: {storage: 1Gi}}\n"
        )
        ref = ObjectRef("", "PersistentVolumeClaim", here.namespace, "data")
        await here.declare(path="a")
        await here.until_ready(await here.commit({"a/claim.yaml": claim, **maps("a", ["x"])}))
        revision = await here.commit(maps("a", ["x"]))
        found = await here.until_ready(revision)
        if guarded:
            assert "bound to the volume v1" in condition(found, "PruneHeld")["message"]
            assert await here.get(ref) is not None
            await agree(here, "app", revision)
        await here.until(ref, lambda o: o is None or "deletionTimestamp" in o["metadata"])


async def test_the_unit_that_delivers_everything_and_its_source_outlive_their_own_files(
    sandbox: Sandbox, tmp_path: Path, guarded: bool
) -> None:
    """A root unit whose file was lost deleted itself, and with itself all that it had applied."""
    async with world(sandbox, tmp_path, safety=safety(guarded)) as here:
        apps = maps("root", ["a", "b"], here.namespace)
        revision = await here.commit({"root/self.yaml": declared(here, "root", "root"), **apps})
        await here.client.apply(yaml.load(declared(here, "root", "root")), manager="tests", force=True)
        await here.until_ready(revision, "root")
        before = await uids(here, ["a", "b"])
        revision = await here.commit(apps)
        if guarded:
            found = await here.until_ready(revision, "root")
            assert "it is the unit itself" in condition(found, "PruneHeld")["message"]
            assert await uids(here, ["a", "b"]) == before
        else:
            await here.until_gone(here.unit("root"))
            assert await uids(here, ["a", "b"]) == []


async def test_a_commit_that_empties_many_units_a_little_is_stopped(
    sandbox: Sandbox, tmp_path: Path, guarded: bool
) -> None:
    """Each unit stays below its own budget, all of them together do not."""
    async with world(sandbox, tmp_path, safety=safety(guarded)) as here:
        units = [f"u{n}" for n in range(5)]
        names = {u: [f"{u}-{n}" for n in range(10)] for u in units}
        revision = await here.commit({k: v for u in units for k, v in maps(u, names[u]).items()})
        for unit in units:
            await here.declare(unit, path=unit)
        for unit in units:
            await here.until_ready(revision, unit)
        revision = await here.commit({k: v for u in units for k, v in maps(u, names[u][:1]).items()})
        done = [
            await here.until(here.unit(u), lambda o: status(o).get("lastAttemptedRevision") == revision and _ended(o))
            for u in units
        ]
        held = [o for o in done if condition(o)["reason"] == "PruneHeld"]
        assert len(held) == (2 if guarded else 0)
        left = await uids(here, [n for u in units for n in names[u]])
        assert len(left) == (5 + 2 * 9 if guarded else 5)


async def test_units_that_are_deleted_together_do_not_take_everything(
    sandbox: Sandbox, tmp_path: Path, guarded: bool
) -> None:
    """argo-cd #6046: deleting the namespace of the units deleted all that they had applied, wherever it was."""
    async with world(sandbox, tmp_path, safety=safety(guarded)) as here:
        units = [f"u{n}" for n in range(6)]
        names = {u: [f"{u}-{n}" for n in range(8)] for u in units}
        revision = await here.commit({k: v for u in units for k, v in maps(u, names[u]).items()})
        for unit in units:
            await here.declare(unit, path=unit)
        for unit in units:
            await here.until_ready(revision, unit)
        for unit in units:
            await here.client.delete(here.unit(unit))
        done = [
            await here.until(here.unit(u), lambda o: o is None or condition(o)["reason"] == "PruneHeld") for u in units
        ]
        held = [o["metadata"]["name"] for o in done if o is not None]
        assert len(held) == (3 if guarded else 0)
        assert len(await uids(here, [n for u in units for n in names[u]])) == 8 * len(held)
        for unit in held:
            keep = {"spec": {"deletionPolicy": "Orphan"}}
            await here.client.patch(here.unit(unit), keep, PatchType.MERGE, manager="somebody")
        for unit in held:
            await here.until_gone(here.unit(unit))
        assert len(await uids(here, [n for u in units for n in names[u]])) == 8 * len(held)


async def test_a_unit_that_is_deleted_by_hand_although_git_declares_it_comes_back_to_its_objects(
    sandbox: Sandbox, tmp_path: Path, guarded: bool
) -> None:
    """Deleting a Kustomization "to make it start over" deleted what it had applied, and made it anew."""
    async with world(sandbox, tmp_path, safety=safety(guarded)) as here:
        await here.declare("root", path="clusters", targetNamespace=None)
        revision = await here.commit({"clusters/app.yaml": declared(here, "app", "app"), **maps("app", ["a", "b"])})
        await here.until_ready(revision, "root")
        await here.until_ready(revision)
        before = await uids(here, ["a", "b"])
        unit = await here.get(here.unit())
        assert unit is not None
        await here.client.delete(here.unit())
        again = await here.until(
            here.unit(), lambda o: o is not None and o["metadata"]["uid"] != unit["metadata"]["uid"]
        )
        assert again is not None
        await here.until_ready(revision)
        assert (await uids(here, ["a", "b"]) == before) is guarded


async def test_a_source_that_lost_its_artifact_deletes_nothing(sandbox: Sandbox, tmp_path: Path, guarded: bool) -> None:
    async with world(sandbox, tmp_path, safety=safety(guarded)) as here:
        await here.declare(path="a")
        await here.until_ready(await here.commit(maps("a", range(3))))
        before = await uids(here, range(3))
        source = ObjectRef("source.toolkit.fluxcd.io", "GitRepository", here.namespace, "app")
        await here.client.delete(source)
        while "not found" not in condition(await answered(here))["message"]:
            pass  # asked again: the watch of units may be ahead of that of sources
        assert await uids(here, range(3)) == before


async def test_the_objects_of_a_deleted_unit_are_kept_for_a_while_where_asked(
    sandbox: Sandbox, tmp_path: Path, guarded: bool
) -> None:
    async with world(sandbox, tmp_path, safety=safety(guarded)) as here:
        revision = await here.commit(maps("a", ["x"]))
        unit = await here.declare(path="a")
        await here.until_ready(revision)
        if guarded:
            asked = {"metadata": {"annotations": {KEEP_FOR: "24h"}}}
            await here.client.patch(unit, asked, PatchType.MERGE, manager="somebody")
        before = await uids(here, ["x"])
        await here.client.delete(unit)
        if guarded:
            assert "are kept for" in await until_held(here)
            assert await uids(here, ["x"]) == before
            enough = {"metadata": {"annotations": {KEEP_FOR: None}}}
            await here.client.patch(unit, enough, PatchType.MERGE, manager="somebody")
        await here.until_gone(unit)
        assert await uids(here, ["x"]) == []


def _ended(obj: Manifest | None) -> bool:
    return condition(obj)["status"] in ("True", "False") and condition(obj, "Reconciling")["reason"] != "Progressing"


def definition(group: str) -> str:
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    return yaml.dump(
        {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": f"gadgets.{group}"},
            "spec": {
                "group": group,
                "names": {"kind": "Gadget", "plural": "gadgets", "singular": "gadget", "listKind": "GadgetList"},
                "scope": "Namespaced",
                "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
            },
        }
    )


async def test_a_small_removal_is_pruned_without_a_word(sandbox: Sandbox, tmp_path: Path, guarded: bool) -> None:
    async with world(sandbox, tmp_path, safety=safety(guarded)) as here:
        await here.declare(path="a")
        await here.until_ready(await here.commit(maps("a", range(4))))
        found = await here.until_ready(await here.commit(maps("a", [0])))
        assert await uids(here, [1, 2, 3]) == []
        assert [c["type"] for c in status(found)["conditions"]] == ["Ready"]
        assert len(status(found)["inventory"]["entries"]) == 1

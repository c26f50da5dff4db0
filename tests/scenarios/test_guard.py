"""The guard's finer points: who consents for whom, what is unknown, and who may switch it off."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness import UNIT, Sandbox, World, obj_of, status, world
from test_accidents import agree, condition, definition, maps, uids, until_held

from holdfast.app.livediff import live_diff
from holdfast.base.tree import MemoryTree
from holdfast.cluster.client import PatchType
from holdfast.kube import yaml
from holdfast.kube.refs import ObjectRef
from holdfast.model.safety import ALLOW_PRUNE, DELETION_SAFETY, PRUNE_BUDGET


def unit_file(here: World, name: str, path: str) -> str:
    spec = {
        "interval": "1h",
        "prune": True,
        "path": path,
        "targetNamespace": here.namespace,
        "sourceRef": {"kind": "GitRepository", "name": "app"},
    }
    return yaml.dump(obj_of(UNIT, here.namespace, name, spec))


async def test_a_parent_whose_budget_allows_it_consents_for_its_child(here: World) -> None:
    """One of three units goes: 13 of 53 objects, although it is all that the child had."""
    apps = {**maps("one", range(12)), **maps("two", range(20, 40)), **maps("three", range(40, 58))}
    files = {f"clusters/{n}.yaml": unit_file(here, n, n) for n in ("one", "two", "three")}
    await here.declare("root", path="clusters", targetNamespace=None)
    revision = await here.commit({**files, **apps})
    for name in ("root", "one", "two", "three"):
        await here.until_ready(revision, name)
    del files["clusters/one.yaml"]
    await here.until_ready(await here.commit({**files, **apps}), "root")
    await here.until_gone(here.unit("one"))
    assert await uids(here, range(12)) == []
    assert len(await uids(here, range(20, 58))) == 38


async def test_a_parent_that_loses_most_of_what_its_units_have_is_held(here: World) -> None:
    apps = {**maps("one", range(12)), **maps("two", ["x"])}
    files = {f"clusters/{n}.yaml": unit_file(here, n, n) for n in ("one", "two")}
    await here.declare("root", path="clusters", targetNamespace=None)
    revision = await here.commit({**files, **apps})
    for name in ("root", "one", "two"):
        await here.until_ready(revision, name)
    del files["clusters/one.yaml"]
    revision = await here.commit({**files, **apps})
    assert "13 (those of 1 units and objects) of 15" in await until_held(here, "root")
    assert len(await uids(here, range(12))) == 12
    await agree(here, "root", revision)
    await here.until_gone(here.unit("one"))


async def test_nothing_goes_while_a_unit_cannot_be_built_to_which_it_may_have_moved(here: World) -> None:
    await here.declare("giver", path="giver")
    await here.declare("taker", path="taker")
    revision = await here.commit({**maps("giver", ["a", "b"]), **maps("taker", ["c"])})
    await here.until_ready(revision, "giver")
    await here.until_ready(revision, "taker")
    (before,) = await uids(here, ["b"])
    await here.commit({**maps("giver", ["a"]), "taker/kustomization.yaml": "resources: [missing.yaml]\n"})
    assert f"until Kustomization/{here.namespace}/taker can be built" in await until_held(here, "giver")
    revision = await here.commit({**maps("giver", ["a"]), **maps("taker", ["b", "c"])})
    await here.until_ready(revision, "giver")
    await here.until_ready(revision, "taker")
    assert await uids(here, ["b"]) == [before]


async def test_a_commit_that_moves_objects_and_changes_the_units_too_loses_nothing(here: World) -> None:
    """The root, the giver and the taker are woken together; whichever is first, the taker's new path is known."""
    await here.declare("root", path="clusters", targetNamespace=None)
    units = {f"clusters/{n}.yaml": unit_file(here, n, n) for n in ("giver", "taker")}
    revision = await here.commit({**units, **maps("giver", ["a", "b"]), **maps("taker", ["c"])})
    for name in ("root", "giver", "taker"):
        await here.until_ready(revision, name)
    before = await uids(here, ["a", "b", "c"])
    # The root waits, so that the giver surely comes first.
    await here.client.patch(here.unit("root"), {"spec": {"suspend": True}}, PatchType.MERGE, manager="somebody")
    units["clusters/taker.yaml"] = unit_file(here, "taker", "elsewhere")
    revision = await here.commit({**units, **maps("giver", ["a"]), **maps("elsewhere", ["b", "c"])})
    await here.until_ready(revision, "giver")
    await here.client.patch(here.unit("root"), {"spec": {"suspend": False}}, PatchType.MERGE, manager="somebody")
    await here.until_ready(revision, "taker")
    assert await uids(here, ["a", "b", "c"]) == before


async def test_a_unit_may_be_switched_to_flux_behaviour_alone(here: World) -> None:
    await here.declare(path="a", annotations={DELETION_SAFETY: "flux"})
    await here.until_ready(await here.commit(maps("a", range(12))))
    found = await here.until_ready(await here.commit({"a/README.md": ""}))
    assert status(found)["inventory"] == {"entries": []}
    assert await uids(here, range(12)) == []


async def test_a_unit_may_have_a_budget_of_its_own(here: World) -> None:
    await here.declare(path="a", annotations={PRUNE_BUDGET: "1"})
    await here.until_ready(await here.commit(maps("a", range(4))))
    await here.until_ready(await here.commit(maps("a", range(3))))
    await here.commit(maps("a", [0]))
    assert "2 of 3 objects" in await until_held(here)
    roomier = {"metadata": {"annotations": {PRUNE_BUDGET: "2"}}}
    await here.client.patch(here.unit(), roomier, PatchType.MERGE, manager="somebody")
    await here.until_ready(here.revisions[-1])
    assert await uids(here, [1, 2]) == []


async def test_consent_for_one_revision_is_none_for_the_next(here: World) -> None:
    await here.declare(path="a")
    await here.until_ready(await here.commit(maps("a", range(12))))
    first = await here.commit(maps("a", ["x"]))
    await until_held(here)
    second = await here.commit(maps("a", ["y"]))
    await here.until(here.unit(), lambda o: second in condition(o)["message"])
    await agree(here, "app", first)
    await agree(here, "app", second[:16])
    await here.client.patch(here.unit(), {"spec": {"interval": "2h"}}, PatchType.MERGE, manager="somebody")
    await here.until(
        here.unit(), lambda o: o is not None and condition(o).get("observedGeneration") == o["metadata"]["generation"]
    )
    assert len(await uids(here, range(12))) == 12
    await agree(here, "app", second)
    await here.until_ready(second)
    assert await uids(here, range(12)) == []


async def test_a_kind_that_is_not_served_for_the_moment_is_not_forgotten(here: World) -> None:
    group = f"{here.namespace}.example.com"
    crd = yaml.load(definition(group))
    await here.client.apply(crd, manager="tests", force=True)
    gadget = f"apiVersion: {group}/v1\nkind: Gadget\nmetadata: {{name: g}}\n"
    await here.declare(path="a", retryInterval="1s")
    await here.until_ready(await here.commit({"a/g.yaml": gadget, **maps("a", ["x"])}))
    ref = ObjectRef(group, "Gadget", here.namespace, "g")
    before = await here.get(ref)
    crd["spec"]["versions"] = [
        {**crd["spec"]["versions"][0], "served": False},
        {**crd["spec"]["versions"][0], "name": "v2", "served": False, "storage": False},
    ]
    await here.client.apply(crd, manager="tests", force=True)
    revision = await here.commit(maps("a", ["x"]))
    failed = await here.until(here.unit(), lambda o: condition(o)["reason"] == "PruneFailed")
    assert any(e["id"].endswith("_Gadget") for e in status(failed)["inventory"]["entries"])
    crd["spec"]["versions"][0]["served"] = True
    await here.client.apply(crd, manager="tests", force=True)
    await here.until_ready(revision)
    here.client.discovery.forget()
    assert before is not None
    assert await here.get(ref) is None


async def test_what_a_deleted_unit_shares_with_another_stays(sandbox: Sandbox, tmp_path: Path) -> None:
    async with world(sandbox, tmp_path) as here:
        revision = await here.commit({**maps("both", ["shared"]), **maps("one", ["own"])})
        one = await here.declare("one", path="./")
        await here.until_ready(revision, "one")
        await here.declare("two", path="both")
        await here.until_ready(revision, "two")
        (before,) = await uids(here, ["shared"])
        await here.client.delete(one)
        await here.until_gone(one)
        await here.until_ready(revision, "two")
        assert await uids(here, ["shared"]) == [before]
        assert await uids(here, ["own"]) == []


async def test_what_a_release_has_installed_counts_with_it(here: World) -> None:
    release = (
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: web}\n"
        "spec: {interval: 1h, chartRef: {kind: OCIRepository, name: web}}\n"
    )
    await here.declare(path="a", retryInterval="1s")
    await here.until_ready(await here.commit({"a/release.yaml": release, **maps("a", ["x"])}))
    ref = ObjectRef("helm.toolkit.fluxcd.io", "HelmRelease", here.namespace, "web")
    entries = [{"id": f"{here.namespace}_o{n}_apps_Deployment", "v": "v1"} for n in range(15)]
    body = {"status": {"inventory": {"entries": entries}}}
    await here.client.patch(ref, body, PatchType.MERGE, version="v2", subresource="status", manager="helm-controller")
    await here.commit(maps("a", ["x"]))
    found = await here.until(
        here.unit(), lambda o: condition(o)["reason"] == "PruneHeld" or not _has_release(status(o))
    )
    assert "16 (those of 1 units and objects) of 17" in condition(found)["message"]
    assert await here.get(ref) is not None


def _has_release(found: dict[str, Any]) -> bool:
    return any(e["id"].endswith("_HelmRelease") for e in (found.get("inventory") or {}).get("entries") or ())


async def test_a_comparison_says_what_the_guard_would_hold(here: World) -> None:
    await here.declare(path="a")
    await here.until_ready(await here.commit(maps("a", range(12))))
    unit = f"Kustomization/{here.namespace}/app"
    most = MemoryTree({p: t.encode() for p, t in maps("a", ["new"]).items()})
    (found,) = await live_diff(here.client.config, most, unit)
    assert found.held.startswith("12 of 12 objects are not in this directory any more")
    little = MemoryTree({p: t.encode() for p, t in maps("a", range(10)).items()})
    (found,) = await live_diff(here.client.config, little, unit)
    assert (len(found.differences), found.held) == (2, "")


async def test_a_consent_by_kubectl_counts_although_the_parent_takes_it_away_again(here: World) -> None:
    await here.declare("root", path="clusters", targetNamespace=None)
    child = {"clusters/child.yaml": unit_file(here, "child", "child")}
    revision = await here.commit({**child, **maps("child", range(12))})
    for name in ("root", "child"):
        await here.until_ready(revision, name)
    revision = await here.commit({**child, **maps("child", ["x"])})
    await until_held(here, "child")
    await here.until_ready(revision, "root")
    consent = {"metadata": {"annotations": {ALLOW_PRUNE: revision}}}
    await here.client.patch(here.unit("child"), consent, PatchType.MERGE, manager="kubectl-annotate")
    await here.until_ready(revision, "child")
    assert await uids(here, range(12)) == []
    await here.until(here.unit("child"), lambda o: ALLOW_PRUNE not in ((o or {})["metadata"].get("annotations") or {}))

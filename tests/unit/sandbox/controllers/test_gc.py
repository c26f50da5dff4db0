"""Owner references and deletion propagation."""

from __future__ import annotations

from tests.unit.sandbox.controllers.cluster import cluster, config_map


async def test_dependents_go_with_their_owner() -> None:
    async with cluster("gc") as c:
        owner = await c.create("configmaps", config_map("owner"))
        child = await c.create("configmaps", config_map("child", owner))
        await c.create("configmaps", config_map("grandchild", child))
        await c.create("configmaps", config_map("stranger"))
        await c.api.delete("configmaps", "default", "owner", propagation="Background")
        await c.until(lambda: c.names("configmaps") == ["stranger"], "only the stranger is left")


async def test_orphans_stay_and_lose_the_reference() -> None:
    async with cluster("gc") as c:
        owner = await c.create("configmaps", config_map("owner"))
        await c.create("configmaps", config_map("child", owner))
        await c.api.delete("configmaps", "default", "owner", propagation="Orphan")
        await c.until(lambda: c.names("configmaps") == ["child"], "the owner is gone")
        child = c.api.get("configmaps", "default", "child")
        assert child is not None and "ownerReferences" not in child["metadata"]


async def test_in_the_foreground_the_owner_goes_last() -> None:
    async with cluster("gc") as c:
        owner = await c.create("configmaps", config_map("owner"))
        child = config_map("child", owner, blockOwnerDeletion=True)
        child["metadata"]["finalizers"] = ["example.com/hold"]
        await c.create("configmaps", child)
        await c.api.delete("configmaps", "default", "owner", propagation="Foreground")

        def child_is_going() -> bool:
            found = c.api.get("configmaps", "default", "child")
            return found is not None and bool(found["metadata"].get("deletionTimestamp"))

        await c.until(child_is_going, "the child is being deleted")
        assert c.names("configmaps") == ["child", "owner"]
        await c.change("configmaps", "default", "child", lambda o: o["metadata"].update(finalizers=[]))
        await c.until(lambda: c.names("configmaps") == [], "both are gone")


async def test_a_dependent_of_an_owner_that_never_was_is_collected() -> None:
    async with cluster("gc") as c:
        owner = {"metadata": {"name": "ghost", "uid": "11111111-2222-3333-4444-555555555555"}}
        await c.create("configmaps", config_map("child", owner))
        await c.until(lambda: c.names("configmaps") == [], "the child is collected")


async def test_one_living_owner_is_enough() -> None:
    async with cluster("gc") as c:
        one = await c.create("configmaps", config_map("one"))
        two = await c.create("configmaps", config_map("two"))
        child = config_map("child", one)
        child["metadata"]["ownerReferences"] += config_map("x", two)["metadata"]["ownerReferences"]
        await c.create("configmaps", child)
        await c.api.delete("configmaps", "default", "one", propagation="Background")

        def owners() -> list[str]:
            found = c.api.get("configmaps", "default", "child")
            return [o["name"] for o in (found or {"metadata": {}})["metadata"].get("ownerReferences", [])]

        await c.until(lambda: owners() == ["two"], "the gone owner is taken off")
